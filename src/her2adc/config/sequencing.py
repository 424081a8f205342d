"""The part of a study file that says how drug exposures become lines of therapy and ADC sequences."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from her2adc.config.parts import Names, Part, Variable

ADC = "ADC"
DrugClass = Literal[
    "ADC",
    "chemotherapy",
    "endocrine",
    "ovarian suppression",
    "CDK4/6 inhibitor",
    "anti-HER2 antibody",
    "HER2 TKI",
    "PARP inhibitor",
    "PI3K/AKT/mTOR inhibitor",
    "immunotherapy",
    "other",
    "bone-modifying",
    "supportive",
]
IGNORED = ("bone-modifying", "supportive")
"""Classes that lines of therapy take no notice of."""
PayloadClass = Literal["Topoisomerase-I inhibitor", "Microtubule inhibitor", "Other"]
TARGETS = ("HER2", "TROP2", "HER3", "Other")
PAYLOAD_CLASSES = ("Topoisomerase-I inhibitor", "Microtubule inhibitor", "Other")
Reason = Literal[
    "progression", "adverse event", "death", "completed", "patient choice", "other", "ongoing"
]
RESPONSES = ("CR", "PR", "SD", "PD", "NE")
NUMBER_OF_ADCS = 3
"""ADCs of a patient that get columns of their own."""
_DATES = ("start", "stop", "progression", "death", "censor")


class Drug(Part):
    """A drug that the dictionary of drugs does not know, or knows otherwise.

    ``target``, ``payload`` and ``payload_class`` are those of an antibody-drug conjugate.
    """

    drug_class: DrugClass = Field(alias="class")
    short: str = ""
    target: str = ""
    payload: str = ""
    payload_class: PayloadClass | None = None

    @model_validator(mode="after")
    def _adc_is_described(self) -> Drug:
        if self.drug_class == ADC and not (self.target and self.payload and self.payload_class):
            raise ValueError("an ADC needs 'target', 'payload' and 'payload_class'")
        return self


class Sequencing(Part):
    """How exposures to drugs become lines of therapy and sequences of antibody-drug conjugates (ADC).

    ``table`` is where they are: ``exposures`` (a row is a drug, or several given together, over a time)
    or ``treatments`` (a row is a line); by default the first that the study has. ``adcs`` are the ADCs
    that arms and sequences name, by their short names; all others are summed up.

    ``agents`` says what a text of the study means: the name of a drug, ``ignore``, or a description of a
    drug that is not known. With ``unknown: stop`` an unknown text is a problem; with ``keep`` it counts
    as a drug of its own, of class other. ``reasons`` says which reason of stopping a text means.

    ``lines: given`` takes the lines as numbered, ``derived`` makes them by the rules below; by default
    they are taken when every row has a number. A line starts with the first drug; drugs that start within
    ``window_days`` (28: one cycle of the longest common schedule) belong to it. After that, a drug that
    is new starts a line, except ovarian suppression; endocrine ``maintenance``, added to a line that goes
    on or after its chemotherapy, without progression; and a drug ``interchangeable`` with one of the line
    (paclitaxel and its other forms, the platinums), before progression. Stopping a drug never starts a
    line. After a pause of more than ``gap_days`` (90: four missed cycles of three weeks) the same drugs
    are a new line; without a number never. A second ADC always starts one.

    ``rechallenge`` says what the same ADC is when it is resumed after such a pause, or after another line:
    ``new``, it counts again (``n_adcs``, ``sequence``); ``same``, different ADCs are counted: resumed in the
    next line it goes on, resumed later it is another line and no other ADC.

    Exposures whose ``setting`` (a column of the table) is one of ``early``, or that start before the date
    in the column ``since`` of ``patients``, belong to early disease and to no line.

    ``death`` and ``last_contact`` are date columns of ``patients``. When an ADC was stopped for
    progression, a PD assessment up to ``assessment_days`` (42: two cycles) after its last dose dates
    the progression, otherwise the last dose does.

    Derived columns of ``patients``, which endpoints, inclusion and variables can name; for each ADC k of
    the first three: ``adc<k>_agent``, ``_line``, ``_start``, ``_stop`` (last dose), ``_reason``,
    ``_partners``, ``_target``, ``_payload``, ``_payload_class``; ``adc<k>_progression`` and
    ``adc<k>_death`` (before the next line), ``adc<k>_censor`` (last assessment before the next line),
    ``next<k>_start`` and ``next<k>_regimen`` (the line after it), ``best_response_adc<k>``. Of all of
    them: ``n_lines``, ``n_adcs``, ``adc_resumed``, ``early_adc``, ``adc1_arm``, ``sequence`` (the first two),
    ``intervening_lines``, ``washout_months``, ``same_target``, ``same_payload``,
    ``same_payload_class``; ``pfs_total_event`` (progression on the second ADC, or death; without a
    second ADC death alone) with ``pfs_total_censor``. Derived tables: ``lines`` and ``courses``.
    """

    table: Literal["exposures", "treatments"] | None = None
    adcs: tuple[str, ...] = Field(default=("T-DXd", "SG"), min_length=1)
    agents: dict[str, str | Drug] = {}
    unknown: Literal["stop", "keep"] = "stop"
    reasons: dict[str, Reason] = {}
    lines: Literal["given", "derived"] | None = None
    window_days: int = Field(default=28, ge=0)
    gap_days: int | None = Field(default=90, ge=0)
    rechallenge: Literal["new", "same"] = "new"
    maintenance: bool = True
    interchangeable: tuple[tuple[str, ...], ...] = (
        ("paclitaxel", "nab-paclitaxel", "liposomal paclitaxel"),
        ("carboplatin", "cisplatin"),
    )
    setting: str = "type"
    early: Names = ("adjuvant", "neoadjuvant", "neo-adjuvant", "(neo)adjuvant", "early")
    since: str | None = None
    assessment_days: int = Field(default=42, ge=0)
    death: str | None = None
    last_contact: str | None = None

    @property
    def patient_dates(self) -> set[str]:
        """Date columns of ``patients`` that are needed."""
        return {c for c in (self.since, self.death, self.last_contact) if c}

    @property
    def derived_dates(self) -> set[str]:
        """Date columns that are derived, and that endpoints can name."""
        numbers = range(1, NUMBER_OF_ADCS + 1)
        own = {f"adc{k}_{d}" for k in numbers for d in _DATES} | {f"next{k}_start" for k in numbers}
        return own | {f"first_response_adc{k}" for k in numbers} | {"pfs_total_event", "pfs_total_censor"}

    @property
    def needs_death(self) -> set[str]:
        """Derived dates that mean nothing without ``death``."""
        return {f"adc{k}_death" for k in range(1, NUMBER_OF_ADCS + 1)} | {"pfs_total_event"}

    @property
    def arms(self) -> tuple[str, ...]:
        """Levels of ``adc1_arm``."""
        return (*(f"{a} first" for a in self.adcs), "Other ADC first")

    @property
    def sequences(self) -> tuple[str, ...]:
        """Levels of ``sequence``: the first two ADCs."""
        found = [
            level
            for a in self.adcs
            for level in (f"{a} only", *(f"{a} → {b}" for b in self.adcs), f"{a} → other ADC")
        ]
        return (*found, "Other ADC first")

    def variables(self, responses: bool) -> dict[str, Variable]:
        """Return the derived variables, with the best responses when there are assessments."""
        levels = {
            "adc1_arm": ("First ADC", self.arms),
            "sequence": ("Sequence of ADCs", self.sequences),
            "adc_resumed": ("An ADC resumed after a pause or another line", ("No", "Yes")),
            "same_target": ("Second ADC with the same target", ("No", "Yes")),
            "same_payload": ("Second ADC with the same payload", ("No", "Yes")),
            "same_payload_class": ("Second ADC with the same payload class", ("No", "Yes")),
        }
        for k in range(1, NUMBER_OF_ADCS + 1):
            levels[f"adc{k}_target"] = (f"Target, ADC {k}", TARGETS)
            levels[f"adc{k}_payload_class"] = (f"Payload class, ADC {k}", PAYLOAD_CLASSES)
            if responses:
                levels[f"best_response_adc{k}"] = (f"Best response, ADC {k}", RESPONSES)
        numbers = {
            "n_lines": ("Lines of therapy", ""),
            "n_adcs": ("ADCs received", ""),
            "intervening_lines": ("Lines between the first and the second ADC", ""),
            "washout_months": ("Time from the last dose of the first ADC to the second", "months"),
            **{f"adc{k}_line": (f"Line of ADC {k}", "") for k in range(1, NUMBER_OF_ADCS + 1)},
        }
        return {
            **{
                n: Variable(name=n, label=label, levels={v: (v,) for v in values})
                for n, (label, values) in levels.items()
            },
            **{n: Variable(name=n, label=label, unit=unit) for n, (label, unit) in numbers.items()},
        }

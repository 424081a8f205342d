"""What a study is: its parts and the whole, as its ``study.yml`` says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from her2adc.config.biomarkers import Biomarkers
from her2adc.config.comparison import SequenceComparison
from her2adc.config.evolution import Evolution
from her2adc.config.parts import (
    CLASSES,
    HER2_VARIABLES,
    NO,
    YES,
    ClassName,
    Data,
    Names,
    Part,
    Variable,
)
from her2adc.config.safety import Safety
from her2adc.config.sequencing import Sequencing


class Her2(Part):
    """How HER2 is classified.

    ``ihc`` and ``ish`` name columns; with several, the first that says something is used.
    ``unknown`` lists texts of these columns that mean that the result is not known, by column
    (``{her2_ish: ["2"]}``); a plain list holds for all of them, and only for texts that no rule reads.
    ``ambiguous`` says how a range such as ``0-1+`` is read: as its lower score, as its upper score, or
    not at all (``exclude``), unless both scores give the same class.
    ``analysed`` lists the classes that enter the analysis.
    """

    edition: Literal[2007, 2013, 2018, 2023] = 2018
    ultralow: bool = False
    table: Literal["patients", "her2_tests"] = "patients"
    specimen: Names = ()
    pick: Literal["latest", "earliest"] = "latest"
    ihc: Names = ("her2_ihc",)
    ish: Names = ("her2_ish",)
    unknown: Names | dict[str, Names] = ()
    ish_ratio: str | None = None
    ish_copies: str | None = None
    ambiguous: Literal["exclude", "lower", "upper"] = "exclude"
    analysed: tuple[ClassName, ...] = CLASSES

    def unknown_in(self, column: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Texts that are unknown in one column, and those that are unknown in all."""
        if isinstance(self.unknown, dict):
            return self.unknown.get(column, ()), ()
        return (), self.unknown


def _one_meaning(*lists: tuple[str, ...]) -> None:
    """Refuse a value that two lists of event values share."""
    every = [v for values in lists for v in dict.fromkeys(values)]
    if double := sorted({v for v in every if every.count(v) > 1}):
        raise ValueError(
            f"the value {double[0]!r} means that the event happened and that it did not; give both "
            "'event_values' and 'no_event_values', each value in one of them"
        )


class Endpoint(Part):
    """A time-to-event endpoint, from dates or from ready-made columns.

    From dates: ``start``, ``events`` (the earliest counts) and ``censor`` (the latest counts).
    From columns: ``time`` with its ``unit``, ``event`` with the values that mean it happened.
    ``horizon_months`` and ``cutoff`` censor administratively. ``clock`` names the time axis.
    ``entry`` is when the patient came under observation, a date or a number as the rest of the
    endpoint: before it, nobody is at risk (delayed entry). ``competing`` names the dates, and
    ``competing_values`` the values of ``event``, of an event that makes this one impossible.
    """

    name: str = ""
    label: str
    definition: str
    start: str | None = None
    events: Names = ()
    censor: Names = ()
    time: str | None = None
    event: str | None = None
    event_values: tuple[str, ...] = YES
    no_event_values: tuple[str, ...] = NO
    unit: Literal["days", "weeks", "months", "years"] = "months"
    entry: str | None = None
    competing: Names = ()
    competing_values: tuple[str, ...] = ()
    horizon_months: float | None = Field(default=None, gt=0)
    cutoff: dt.date | None = None
    event_where: str | None = None
    clock: str = "Time"
    landmarks: tuple[float, ...] = (12,)

    @model_validator(mode="after")
    def _one_way(self) -> Endpoint:
        dates = self.start is not None and bool(self.events) and bool(self.censor)
        ready = self.time is not None and self.event is not None
        if dates == ready:
            raise ValueError(
                "give either 'start', 'events' and 'censor' (dates) "
                "or 'time' and 'event' (ready-made columns)"
            )
        if self.event:
            _one_meaning(self.event_values, self.no_event_values, self.competing_values)
        return self


class Response(Part):
    """Best overall response (RECIST 1.1), from assessments or from a ready-made column."""

    column: str | None = None
    values: dict[Literal["CR", "PR", "SD", "PD", "NE"], tuple[str, ...]] = {}
    start: str | None = None
    confirmed: bool = False
    confirm_weeks: float = Field(default=4, gt=0)
    sd_min_weeks: float = Field(default=6, ge=0)
    cbr_weeks: float = Field(default=24, gt=0)
    clinical_benefit: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Response:
        if (self.column is None) == (self.start is None):
            raise ValueError(
                "give either 'start' (date column; best response is then derived from the "
                "table 'assessments') or 'column' (ready-made best response)"
            )
        return self


class Outcome(Part):
    """An outcome that a patient has or has not, such as pathological complete response (pCR).

    ``column`` names the column of ``patients``; ``event_values`` mean yes, ``no_event_values`` no.
    An empty cell is a missing outcome.
    """

    name: str = ""
    label: str
    definition: str
    column: str
    event_values: tuple[str, ...] = YES
    no_event_values: tuple[str, ...] = NO

    @model_validator(mode="after")
    def _coherent(self) -> Outcome:
        _one_meaning(self.event_values, self.no_event_values)
        return self


class Baseline(Part):
    """Rows of Table 1."""

    variables: tuple[str, ...] = Field(min_length=1)
    tests: bool = False
    percentages_of_all: bool = False


class Step(Part):
    """A step of the inclusion flow: patients for whom ``exclude`` is true leave with a reason."""

    exclude: str
    reason: str


class Population(Part):
    """A named part of the cohort."""

    label: str
    where: str


class Chapter(Part):
    """A page: a notebook with parameters.

    ``page`` is its name in addresses and files: small letters, digits, ``-`` and ``_``. It is that of the
    notebook unless given.
    """

    notebook: str
    page: str = ""
    title: str = ""
    parameters: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _name_page(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"notebook": value}
        if isinstance(value, dict) and "notebook" in value:
            value = {"page": value["notebook"], **value}
        return value


class Study(Part):
    """A study as its ``study.yml`` says.

    ``main_endpoint`` is the first of ``endpoints`` unless named.
    ``reference`` is the group that the others are compared with, the first one otherwise.
    ``conf_type`` is the scale of Kaplan-Meier intervals: ``log-log`` (the book and SAS), ``log``
    (R's default) or ``plain`` (SPSS).
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    short_title: str
    question: str
    design: str
    setting: str = ""
    data_kind: Literal["real", "reconstructed", "simulated"]
    citation: str = ""
    source_note: str = ""
    notes: str | None = None
    data: Data
    inclusion: tuple[Step, ...] = ()
    her2: Her2 | None = None
    group: str = "her2_class"
    reference: str | None = None
    variables: dict[str, Variable] = {}
    baseline: Baseline
    endpoints: dict[str, Endpoint] = {}
    main_endpoint: str | None = None
    conf_type: Literal["log-log", "log", "plain"] = "log-log"
    follow_up: dict[Literal["start", "end"], str] | None = None
    response: Response | None = None
    outcomes: dict[str, Outcome] = {}
    evolution: Evolution | None = None
    sequencing: Sequencing | None = None
    comparison: SequenceComparison | None = None
    biomarkers: Biomarkers | None = None
    subgroups: tuple[str, ...] = ()
    adjustment: tuple[str, ...] = ()
    populations: dict[str, Population] = {}
    safety: Safety = Safety()
    limitations: tuple[str, ...] = ()
    chapters: tuple[Chapter, ...] = Field(min_length=1)
    folder: Path = Path()

    @property
    def pseudo(self) -> bool:
        """True when no patient of the study is real."""
        return self.data_kind != "real"

    @property
    def derived(self) -> dict[str, Variable]:
        """Variables that the book derives: HER2 and its evolution, sequences of ADCs, biomarkers."""
        found = dict(HER2_VARIABLES) if self.her2 else {}
        found |= self.evolution.variables if self.evolution else {}
        if self.sequencing:
            found |= self.sequencing.variables(self.data.assessments is not None)
        if self.biomarkers:
            found |= self.biomarkers.variables(bool(self.her2 and self.data.her2_tests))
        return found

    def variable(self, name: str) -> Variable:
        """Return a variable by name, the derived ones included."""
        return self.derived.get(name) or self.variables[name]

    @model_validator(mode="before")
    @classmethod
    def _main_endpoint(cls, value: Any) -> Any:
        """The main endpoint is the first, when the file does not say."""
        found = value.get("endpoints") if isinstance(value, dict) else None
        if isinstance(found, dict) and found and value.get("main_endpoint") is None:
            return {**value, "main_endpoint": str(next(iter(found)))}
        return value

    @property
    def survival_from_adc(self) -> str | None:
        """Name of the endpoint that is overall survival from the first ADC, None without one."""
        death = {self.sequencing.death} if self.sequencing else set()
        exact = [
            n
            for n, e in self.endpoints.items()
            if e.start == "adc1_start" and set(e.events) == death and not e.event_where
        ]
        ready = [n for n, e in self.endpoints.items() if n == "OS" and e.time]
        return next(iter([*exact, *ready]), None)

    @property
    def level_names(self) -> dict[str, list[str]]:
        """Levels of each variable that has some, whether patients have them or not."""
        found = {n: v.level_names for n, v in {**self.variables, **self.derived}.items()}
        return {n: levels for n, levels in found.items() if levels}

    def label(self, name: str) -> str:
        """Label of a variable or endpoint, or the name itself."""
        if name in self.endpoints:
            return self.endpoints[name].label
        if name in self.outcomes:
            return self.outcomes[name].label
        if name in self.derived or name in self.variables:
            return self.variable(name).label
        return name

    def chapter(self, page: str) -> Chapter:
        """Return the chapter behind a page."""
        return next(c for c in self.chapters if c.page == page)

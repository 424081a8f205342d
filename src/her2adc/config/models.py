"""The parts of a study file: frozen, and no key may be unknown."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from her2adc.errors import nearest

RESULTS = (
    "IHC 0",
    "IHC 1+",
    "IHC 2+, ISH not amplified",
    "IHC 2+, ISH equivocal",
    "IHC 2+, ISH amplified",
    "IHC 3+",
)
"""HER2 results as Table 1 prints them, in order."""
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "#N/A", "None")
ClassName = Literal["HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive"]
CLASSES: tuple[ClassName, ...] = ("HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class Part(BaseModel):
    """Base of all parts of a study file: frozen, and no key may be unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Source(Part):
    """One file of a data table.

    ``columns`` maps names of the data dictionary to the column names of the file; columns not
    listed keep their own names. ``where`` keeps the rows for which a pandas expression is true.
    """

    file: str
    sheet: str | int = 0
    header_row: int = Field(default=1, ge=1)
    extra_header_rows: int = Field(default=0, ge=0)
    delimiter: str | None = None
    encoding: str = "utf-8-sig"
    decimal: Literal[".", ","] = "."
    dates: Literal["iso", "dayfirst", "monthfirst"] = "iso"
    columns: dict[str, str] = {}
    where: str | None = None


class Table(Part):
    """A data table: one file, or several files joined on ``patient_id``."""

    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"sources": [{"file": value}]}
        if isinstance(value, dict) and "file" in value:
            return {"sources": [value]}
        return value


class Data(Part):
    """Where the tables are, and which texts mean that a value is missing."""

    folder: str = "data"
    patients: Table
    her2_tests: Table | None = None
    treatments: Table | None = None
    assessments: Table | None = None
    adverse_events: Table | None = None
    biomarkers: Table | None = None
    missing: tuple[str, ...] = ()

    @property
    def tables(self) -> dict[str, Table]:
        """Tables the study has, by name."""
        names = [n for n in type(self).model_fields if n not in ("folder", "missing")]
        return {n: t for n in names if (t := getattr(self, n)) is not None}


class Variable(Part):
    """A variable of the analysis.

    With ``levels`` or ``cut`` it is categorical, otherwise a number. ``levels`` maps each level, in
    the order of printing, to the values of the file that mean it; ``missing`` lists values that
    count as missing for this variable. ``cut`` divides a number into
    levels, each bound belonging to the level above it.
    """

    name: str = ""
    label: str
    source: str | None = Field(default=None, alias="from")
    unit: str = ""
    levels: dict[str, tuple[str, ...]] = {}
    missing: Names = ()
    cut: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    reference: str | None = None
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        levels = value.get("levels")
        if levels == "yes_no":
            levels = {
                "No": ["no", "No", "NO", "n", "N", "0", "False", "false"],
                "Yes": ["yes", "Yes", "YES", "y", "Y", "1", "True", "true"],
            }
        if isinstance(levels, list):
            levels = {str(v): [v] for v in levels}
        if isinstance(levels, dict):
            levels = {str(k): v if isinstance(v, list | tuple) else [v] for k, v in levels.items()}
            return {**value, "levels": levels}
        return value

    @model_validator(mode="after")
    def _coherent(self) -> Variable:
        if self.levels and self.cut:
            raise ValueError("has both 'levels' and 'cut': keep one of them")
        if self.cut and list(self.cut) != sorted(set(self.cut)):
            raise ValueError("'cut' has to rise: for example [50, 65]")
        if self.labels and len(self.labels) != len(self.cut) + 1:
            raise ValueError(f"'labels' needs {len(self.cut) + 1} names for {len(self.cut)} cuts")
        if self.reference is not None and self.reference not in self.level_names:
            raise ValueError(
                f"'reference' is not a level; {nearest(self.reference, self.level_names)}"
            )
        return self

    @property
    def kind(self) -> Literal["continuous", "categorical"]:
        """``categorical`` when it has levels, else ``continuous``."""
        return "categorical" if self.levels or self.cut else "continuous"

    @property
    def level_names(self) -> list[str]:
        """Names of the levels in the order of printing (empty for a number)."""
        if self.levels:
            return list(self.levels)
        if self.labels:
            return list(self.labels)
        c = [f"{x:g}" for x in self.cut]
        middle = [f"{a} to <{b}" for a, b in pairwise(c)]
        return [f"<{c[0]}", *middle, f"≥{c[-1]}"] if c else []


HER2_VARIABLES = {
    "her2_class": Variable(
        name="her2_class", label="HER2 class", levels={c: (c,) for c in CLASSES}
    ),
    "her2_result": Variable(
        name="her2_result", label="HER2 result", levels={r: (r,) for r in RESULTS}
    ),
}
"""Variables that classification gives to every study with HER2."""


class Her2(Part):
    """How HER2 is classified.

    ``ihc`` and ``ish`` name columns; with several, the first that says something is used.
    ``unknown`` lists texts of these columns that mean that the result is not known.
    ``analysed`` lists the classes that enter the analysis.
    """

    edition: Literal[2013, 2018, 2023] = 2018
    ultralow: bool = False
    table: Literal["patients", "her2_tests"] = "patients"
    specimen: Names = ()
    pick: Literal["latest", "earliest"] = "latest"
    ihc: Names = ("her2_ihc",)
    ish: Names = ("her2_ish",)
    unknown: Names = ()
    ish_ratio: str | None = None
    ish_copies: str | None = None
    analysed: tuple[Literal["HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive"], ...] = (
        CLASSES
    )


class Endpoint(Part):
    """A time-to-event endpoint, from dates or from ready-made columns.

    From dates: ``start``, ``events`` (the earliest counts) and ``censor`` (the latest counts).
    From columns: ``time`` with its ``unit``, ``event`` with the values that mean it happened.
    ``horizon_months`` and ``cutoff`` censor administratively. ``clock`` names the time axis.
    """

    name: str = ""
    label: str
    definition: str
    start: str | None = None
    events: Names = ()
    censor: Names = ()
    time: str | None = None
    event: str | None = None
    event_values: tuple[str, ...] = ("1", "1.0", "True", "true", "yes", "Yes")
    no_event_values: tuple[str, ...] = ("0", "0.0", "False", "false", "no", "No")
    unit: Literal["days", "weeks", "months", "years"] = "months"
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


class Safety(Part):
    """What was collected on adverse events: ``recorded_from`` is the lowest grade a term has."""

    recorded_from: dict[str, Annotated[int, Field(ge=1, le=5)]] = {}
    special_interest: tuple[str, ...] = ()


class Chapter(Part):
    """A page: a notebook with parameters."""

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
    variables: dict[str, Variable] = {}
    baseline: Baseline
    endpoints: dict[str, Endpoint] = {}
    main_endpoint: str | None = None
    conf_type: Literal["log-log", "log", "plain"] = "log-log"
    follow_up: dict[Literal["start", "end"], str] | None = None
    response: Response | None = None
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

    def variable(self, name: str) -> Variable:
        """Return a variable by name, those of HER2 included."""
        if name in HER2_VARIABLES and self.her2 is not None:
            return HER2_VARIABLES[name]
        return self.variables[name]

    def label(self, name: str) -> str:
        """Label of a variable or endpoint, or the name itself."""
        if name in self.endpoints:
            return self.endpoints[name].label
        if name in HER2_VARIABLES or name in self.variables:
            return self.variable(name).label
        return name

    def chapter(self, page: str) -> Chapter:
        """Return the chapter behind a page."""
        return next(c for c in self.chapters if c.page == page)

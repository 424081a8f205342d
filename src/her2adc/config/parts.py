"""The parts of a study file that describe data and variables: frozen, and no key may be unknown."""

from __future__ import annotations

from itertools import pairwise
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

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
NO = ("no", "No", "NO", "n", "N", "0", "False", "false", "FALSE", "否", "无")
YES = ("yes", "Yes", "YES", "y", "Y", "1", "True", "true", "TRUE", "是", "有")
"""Texts that mean no and yes; ``1.0`` is read as ``1``."""
ClassName = Literal["HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive"]
CLASSES: tuple[ClassName, ...] = ("HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive")


def _as_list(value: Any) -> Any:
    """One name as a list of one; empty texts are no names."""
    if isinstance(value, str):
        return [value] if value else []
    return [v for v in value if v != ""] if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class Part(BaseModel):
    """Base of all parts of a study file: frozen, and no key may be unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_text_is_nothing(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        optional = {
            key
            for name, field in cls.model_fields.items()
            if type(None) in get_args(field.annotation)
            for key in (name, field.alias)
        }
        return {k: None if v == "" and k in optional else v for k, v in value.items()}


class Source(Part):
    """One file of a data table.

    ``columns`` maps names of the data dictionary to the column names of the file; columns not
    listed keep their own names. ``where`` keeps the rows for which a condition is true (column
    names with blanks in backticks). ``set`` adds columns that hold one text in every row. Of several
    rows of a patient, ``first_by`` keeps the one with the lowest value of a column.

    ``format: cbioportal`` reads the clinical files of cBioPortal, as exported from the site or as in
    its data sets: lines that start with ``#`` are skipped, and columns may be named by their identifier
    or by their display name.

    ``dates`` is the form of the dates; ``days`` and ``months`` are numbers counted from an origin of
    the patient's own (birth, diagnosis), of which only differences are ever used.

    ``values`` says of a column what its texts mean (``{ki67: {"<1%": 0.5}}``), and ``missing`` which of
    its texts mean that nothing is known (``{death: [none]}``). Both know the columns by the names that
    ``columns`` gives, and are applied before anything else is read from a cell. ``id_prefix`` is put
    before each ``patient_id``, for files in which different patients have the same number.
    """

    file: str
    format: Literal["table", "cbioportal"] = "table"
    sheet: str | int = 0
    header_row: int = Field(default=1, ge=1)
    extra_header_rows: int = Field(default=0, ge=0)
    delimiter: str | None = None
    encoding: str = "utf-8-sig"
    decimal: Literal[".", ","] = "."
    dates: Literal["iso", "dayfirst", "monthfirst", "days", "months"] = "iso"
    columns: dict[str, str] = {}
    set: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    missing: dict[str, Names] = {}
    id_prefix: str = ""
    where: str | None = None
    first_by: str | None = None

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        value = {"\\t": "\t", "tab": "\t"}.get(value or "", value)
        if value is not None and (len(value) != 1 or value in "\"\n\r"):
            raise ValueError("has to be one character, for example ';' or tab")
        return value


Rule = Literal["stop", "first", "last"]


class Table(Part):
    """A data table: one file or several.

    The files of ``patients`` are joined on ``patient_id``; those of every other table are stacked.
    ``combine: stack`` stacks files of ``patients`` too: each has other patients.
    ``values`` and ``missing`` hold for all files of the table; what a file says itself goes first.

    Where joined files have a column in common, a later file fills cells that are empty before it.
    ``when_different`` says what counts where their cells differ: nothing (``stop``, a problem), the
    ``first`` file in the order of ``sources``, or the ``last`` one; for all columns, or by column
    (``{last_seen: last}``).
    """

    sources: tuple[Source, ...] = Field(min_length=1)
    combine: Literal["join", "stack"] | None = None
    when_different: Rule | dict[str, Rule] = "stop"
    values: dict[str, dict[str, str]] = {}
    missing: dict[str, Names] = {}

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
    exposures: Table | None = None
    assessments: Table | None = None
    adverse_events: Table | None = None
    biomarkers: Table | None = None
    missing: Names = ()

    @field_validator("folder")
    @classmethod
    def _inside(cls, value: str) -> str:
        path = PurePosixPath(value.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in value[:3]:
            raise ValueError(
                "has to lie in the folder of the study; data elsewhere are given with DATA=folder "
                "(validate: --data folder)"
            )
        return value

    @model_validator(mode="after")
    def _joined(self) -> Data:
        for name, table in self.tables.items():
            if name != "patients" and (table.combine == "join" or table.when_different != "stop"):
                raise ValueError(f"only files of 'patients' are joined; those of {name!r} are stacked")
        return self

    @property
    def tables(self) -> dict[str, Table]:
        """Tables the study has, by name."""
        names = [n for n in type(self).model_fields if n not in ("folder", "missing")]
        return {n: t for n in names if (t := getattr(self, n)) is not None}

    @property
    def files(self) -> list[str]:
        """Names of all files of the tables."""
        return [source.file for table in self.tables.values() for source in table.sources]


class Variable(Part):
    """A variable of the analysis.

    With ``levels`` or ``cut`` it is categorical, otherwise a number. ``levels`` maps each level, in
    the order of printing, to the values of the file that mean it; ``missing`` lists values that
    count as missing for this variable. ``cut`` divides a number into levels, each bound belonging to
    the level above it. ``expression`` computes a number from number columns of ``patients``
    (``weight / height ** 2``).
    """

    name: str = ""
    label: str
    source: str | None = Field(default=None, alias="from")
    expression: str | None = None
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
            levels = {"No": list(NO), "Yes": list(YES)}
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
        if self.expression and (self.levels or self.source):
            raise ValueError("has 'expression' together with 'levels' or 'from': keep one of them")
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

"""The part of a study file that says which biomarkers were measured, when, and what they are tested for."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from her2adc.config.parts import CLASSES, Names, Part, Variable
from her2adc.errors import nearest

ALTERED, WILD_TYPE, NOT_TESTED = "Altered", "Wild type", "Not tested"
"""What a gene can be at a time point."""
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_ALTERED = ("altered", "mutated", "mutation", "mutant", "amplified", "amplification", "positive",
            "detected", "yes", "1")  # fmt: skip
_WILD_TYPE = ("wild type", "wild-type", "wildtype", "wt", "not altered", "not mutated", "no mutation",
              "not amplified", "negative", "not detected", "no", "0")  # fmt: skip
_NOT_TESTED = ("not tested", "not done", "not evaluable", "failed", "insufficient", "unknown")


def _kinds(value: Any) -> Any:
    """List of texts -> one kind of alteration that they all mean."""
    return {ALTERED: value} if isinstance(value, list | tuple | str) else value


def _by_name(value: Any) -> Any:
    """List of names -> each with the usual settings."""
    if isinstance(value, list | tuple):
        return {str(v): {} for v in value}
    return value


class TimePoint(Part):
    """A time point of the disease, and which measurements belong to it.

    ``names`` are texts of the column ``time_point`` (for HER2 specimens, of ``specimen``). ``until`` and
    ``since`` are date columns of the patients: a measurement dated on or before ``until``, and after
    ``since``, belongs. With both, a patient without ``until`` has an open end. Of several measurements
    of a patient the ``latest`` or the ``earliest`` is taken.
    """

    label: str
    names: Names = ()
    until: str | None = None
    since: str | None = None
    pick: Literal["latest", "earliest"] = "latest"

    @model_validator(mode="after")
    def _is_a_time(self) -> TimePoint:
        if not (self.names or self.until or self.since):
            raise ValueError("give 'names' (texts of time_point), or 'until' or 'since' (date columns)")
        return self


class Marker(Part):
    """A marker that is a number.

    ``from`` lists the texts of the column ``marker`` that mean it, its own name otherwise; ``variable``
    takes a number variable of the study instead, at the time point that is tested. Models take the marker
    after ``transformation`` (of the value plus ``offset``). ``values`` gives texts their number, ``missing``
    lists texts that mean that there is none. ``cut`` are cut-offs laid down before the data were seen
    (each belongs to the level above it), ``cut_source`` says where. A cut-off is also looked for in the
    data, as a warning, unless ``data_driven`` is false.
    """

    label: str
    source: Names = Field(default=(), alias="from")
    variable: str | None = None
    unit: str = ""
    transformation: Literal["none", "log2", "log10", "sqrt"] = "none"
    offset: float = Field(default=0, ge=0)
    values: dict[str, float] = {}
    missing: Names = ()
    minimum: float | None = None
    maximum: float | None = None
    cut: tuple[float, ...] = ()
    cut_source: str = ""
    data_driven: bool = True

    @model_validator(mode="after")
    def _coherent(self) -> Marker:
        if list(self.cut) != sorted(set(self.cut)):
            raise ValueError("'cut' has to rise: for example [100, 200]")
        if self.variable and (self.source or self.values or self.missing):
            raise ValueError("'variable' is read under 'variables': leave out 'from', 'values' and 'missing'")
        return self


class Gene(Part):
    """A gene; ``from`` lists the texts of the column ``marker`` that mean it, its own name otherwise."""

    label: str = ""
    source: Names = Field(default=(), alias="from")


class Biomarkers(Part):
    """Which biomarkers were measured, when, and against what they are tested.

    ``time_points`` come in order of time; a measurement belongs to the first that it fits. ``markers`` are
    numbers, ``genes`` are altered or not: ``altered`` gives the texts that mean an alteration, by its kind,
    ``wild_type`` those that mean none, ``not_tested`` those that mean that nothing is known; capitals
    do not matter. A gene without a row was not tested; where a row of the marker ``panel`` says that a
    panel was done on that day, it is wild type.

    Values at the time point ``tested`` (the first) are tested against ``endpoint`` (the main one), unless
    they were measured more than ``grace_days`` after its clock had started, and against
    ``response``: the name of an outcome, or a column of best responses, whose objective response is
    tested. ``adjustment`` lists the variables of the adjusted models. ``resistance`` is a date column
    (who has a date was resistant) or a variable, by which alterations are counted; progression on the
    first ADC where there are sequences.

    Splines have ``knots`` knots, three with fewer than 30 events; ``permutations``, ``replicates``
    (bootstrap samples) and ``seed`` are those of data-driven cut-offs. ``remark`` says what only the
    authors know.
    """

    time_points: dict[str, TimePoint] = Field(min_length=1)
    markers: dict[str, Marker] = {}
    genes: Annotated[dict[str, Gene], BeforeValidator(_by_name)] = {}
    altered: Annotated[dict[str, Names], BeforeValidator(_kinds)] = {ALTERED: _ALTERED}
    wild_type: Names = _WILD_TYPE
    not_tested: Names = _NOT_TESTED
    panel: Names = ()
    tested: str | None = None
    endpoint: str | None = None
    response: str | None = None
    adjustment: Names = ()
    resistance: str | None = None
    grace_days: int = Field(default=0, ge=0)
    knots: Literal[3, 4, 5] = 4
    permutations: int = Field(default=9999, ge=99)
    replicates: int = Field(default=500, ge=50)
    seed: int = 1
    remark: dict[Literal["specimen", "assay", "blinding", "sample_size", "cut_offs"], str] = {}

    @model_validator(mode="after")
    def _coherent(self) -> Biomarkers:
        if not (self.markers or self.genes):
            raise ValueError("names no marker: add 'markers' (numbers) or 'genes'")
        names = [*self.time_points, *self.markers, *self.genes]
        if odd := [n for n in names if not _KEY.fullmatch(n)]:
            raise ValueError(f"write the name {odd[0]!r} with letters, digits and _, and add a 'label'")
        if both := sorted(set(self.markers) & set(self.genes)):
            raise ValueError(f"{both[0]!r} is a marker and a gene: choose another name for one of them")
        if self.tested is not None and self.tested not in self.time_points:
            raise ValueError(f"'tested' names no time point; {nearest(self.tested, self.time_points)}")
        altered = [text for texts in self.altered.values() for text in texts]
        meanings = [t.lower() for t in (*altered, *self.wild_type, *self.not_tested)]
        if double := sorted({t for t in meanings if meanings.count(t) > 1}):
            raise ValueError(f"{double[0]!r} has two meanings in 'altered', 'wild_type' and 'not_tested'")
        return self

    @property
    def time_point(self) -> str:
        """Time point whose values are tested against outcome."""
        return self.tested or next(iter(self.time_points))

    @property
    def in_table(self) -> dict[str, tuple[str, ...]]:
        """Markers and genes that are read from the table, and the texts that mean them."""
        parts: dict[str, Marker | Gene] = {**self.markers, **self.genes}
        return {
            name: part.source or (name,)
            for name, part in parts.items()
            if isinstance(part, Gene) or part.variable is None
        }

    @property
    def date_columns(self) -> set[str]:
        """Date columns of the patients that time points name."""
        return {c for t in self.time_points.values() for c in (t.since, t.until) if c}

    def label(self, name: str) -> str:
        """Printed name of a marker or a gene."""
        if name in self.markers:
            return self.markers[name].label
        return self.genes[name].label or name

    def column(self, name: str, time_point: str) -> str:
        """Name of the column that holds a marker or a gene at a time point."""
        return f"{name}_{time_point}"

    def her2_column(self, time_point: str) -> str:
        """Name of the column that holds the HER2 class at a time point."""
        return f"her2_at_{time_point}"

    def variables(self, her2: bool) -> dict[str, Variable]:
        """Return the derived variables: each marker and gene at each time point, and HER2 if it is known."""
        found: dict[str, Variable] = {}
        for point, when in self.time_points.items():
            at = f", {when.label[:1].lower()}{when.label[1:]}" if len(self.time_points) > 1 else ""
            for name, marker in self.markers.items():
                column = self.column(name, point)
                found[column] = Variable(name=column, label=f"{marker.label}{at}", unit=marker.unit)
            levels = {v: (v,) for v in (WILD_TYPE, ALTERED)}
            for name in self.genes:
                column = self.column(name, point)
                found[column] = Variable(name=column, label=f"{self.label(name)}{at}", levels=levels)
            if her2:
                column = self.her2_column(point)
                classes = {c: (c,) for c in CLASSES}
                found[column] = Variable(name=column, label=f"HER2{at}", levels=classes)
        return found

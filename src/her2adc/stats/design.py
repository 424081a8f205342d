"""From variables to the columns of a regression: reference levels, dummies, complete cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from her2adc.stats.inputs import Bools, Floats, check_columns, levels_of

__all__ = ["Column", "Design", "design", "is_categorical", "printable"]


def is_categorical(values: pd.Series) -> bool:
    """Tell categories, booleans and text (True) from numbers (False)."""
    return not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)


@dataclass(frozen=True)
class Column:
    """A level of a variable, or a continuous variable.

    Attributes
    ----------
    variable, level : str
        Where it belongs; the level of a continuous variable is empty.
    place : int or None
        Column of the matrix; None for a reference and for a level that cannot be in the model.
    rows : ndarray of bool
        Complete patients whom it describes.
    note : str
        Why it has no column.
    """

    variable: str
    level: str
    place: int | None
    rows: Bools
    note: str = ""


def printable(record: dict[str, Any], column: Column) -> dict[str, Any]:
    """Leave a ratio out, and say why, where that for one unit of the variable is beyond every number."""
    value, low, high = (float(record[name]) for name in ("value", "conf_low", "conf_high"))
    if column.level or not (np.isinf(value) or value == 0 or (low == 0 and np.isinf(high))):
        return record
    why = (
        f"not estimable: the ratio for one unit is too large or small; give {column.variable} in larger units"
    )
    return {**record, "value": np.nan, "conf_low": np.nan, "conf_high": np.nan, "method": why}


@dataclass
class Design:
    """Matrix of a regression.

    Attributes
    ----------
    complete : ndarray of bool
        Rows of the data without a missing covariate.
    columns : list of Column
        Every level and variable, in the order asked for.
    matrix : ndarray
        One row a complete patient.
    products : list of str
        Variable of the products of each interaction, in the order asked for.
    """

    complete: Bools
    columns: list[Column] = field(default_factory=list)
    matrix: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    products: list[str] = field(default_factory=list)

    def places(self, variable: str) -> list[int]:
        """Columns of the matrix that belong to a variable."""
        return [c.place for c in self.columns if c.variable == variable and c.place is not None]


def design(
    data: pd.DataFrame,
    covariates: Sequence[str],
    reference: Mapping[str, str] | None = None,
    interactions: Sequence[tuple[str, str]] = (),
) -> Design:
    """Columns of a regression on the patients with complete covariates.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    covariates : sequence of str
        Variables in order. Numbers are continuous, everything else is categorical.
    reference : mapping, optional
        Reference level of a variable; the first level with patients otherwise.
    interactions : sequence of pairs of str
        Covariates whose products are columns, too; their variable is named ``a:b``, or
        ``a:b (interaction)`` where a variable has that name already.

    Returns
    -------
    Design

    Examples
    --------
    >>> made = design(pd.DataFrame({"er": ["neg", "pos", "pos"], "age": [50, 60, 70]}), ["er"])
    >>> made.matrix.ravel().tolist(), [c.note for c in made.columns]
    ([0.0, 1.0, 1.0], ['reference', ''])
    """
    check_columns(data, covariates)
    if len(set(covariates)) < len(covariates):
        raise ValueError(f"covariates {list(covariates)} has a variable twice; name each once")
    chosen = dict(reference or {})
    unknown = sorted(set(chosen) - set(covariates))
    if unknown:
        raise ValueError(f"reference names {unknown}; the covariates are {list(covariates)}")
    complete = np.ones(len(data), dtype=bool)
    for name in covariates:
        complete &= data[name].notna().to_numpy(dtype=bool)
    out = Design(complete)
    blocks: list[Floats | Bools] = []
    for name in covariates:
        values = data[name] if complete.all() else data.loc[complete, name]
        if is_categorical(values):
            blocks += _categorical(out, name, values, chosen.get(name), len(blocks))
        else:
            blocks += _continuous(out, name, values, len(blocks))
    for first, second in interactions:
        blocks += _products(out, first, second, blocks)
    out.matrix = np.empty((int(complete.sum()), len(blocks)), order="F")
    for place, block in enumerate(blocks):
        out.matrix[:, place] = block
    return out


def _products(out: Design, first: str, second: str, blocks: Sequence[Floats | Bools]) -> list[Floats | Bools]:
    """Products of the columns of two variables."""
    known = list(dict.fromkeys(c.variable for c in out.columns))
    if first == second or not {first, second} <= set(known):
        raise ValueError(f"interaction of {first!r} and {second!r}: name two of the covariates {known}")
    name = f"{first}:{second}"
    while name in (*known, *out.products):
        name += " (interaction)"
    out.products.append(name)
    pairs = [
        (a, b)
        for a in out.columns
        for b in out.columns
        if (a.variable, b.variable) == (first, second) and a.place is not None and b.place is not None
    ]
    made: list[Floats | Bools] = []
    for a, b in pairs:
        level = ":".join(part for part in (a.level, b.level) if part)
        place = len(blocks) + len(made)
        out.columns.append(Column(name, level, place, a.rows & b.rows))
        made.append(np.multiply(blocks[a.place or 0], blocks[b.place or 0]))
    return made


def _continuous(out: Design, name: str, values: pd.Series, place: int) -> list[Floats]:
    """Column of a continuous variable."""
    numbers = values.to_numpy(dtype=np.float64)
    everyone = np.ones(numbers.size, dtype=bool)
    if numbers.size == 0 or np.ptp(numbers) == 0:
        out.columns.append(Column(name, "", None, everyone, "not estimable: one value only"))
        return []
    out.columns.append(Column(name, "", place, everyone))
    return [numbers]


def _categorical(out: Design, name: str, values: pd.Series, reference: str | None, place: int) -> list[Bools]:
    """Dummies of a categorical variable, the reference level first."""
    levels = levels_of(values)
    rows = {str(level): (values == level).to_numpy(dtype=bool) for level in levels}
    if reference is not None and str(reference) not in rows:
        raise ValueError(f"{name} has no level {reference!r} for reference; it has {list(rows)}")
    occurring = [level for level, member in rows.items() if member.any()]
    base = str(reference) if reference is not None else (occurring or [""])[0]
    if reference is not None and base not in occurring and occurring:
        raise ValueError(f"reference {base!r} of {name} has no patients; use one of {occurring}")
    blocks: list[Bools] = []
    for level in sorted(rows, key=lambda label: label != base):
        note = ""
        if not rows[level].any():
            note = "not estimable: no patients"
        elif level == base:
            note = "reference" if len(occurring) > 1 else "not estimable: one level only"
        at = None if note else place + len(blocks)
        out.columns.append(Column(name, level, at, rows[level], note))
        if at is not None:
            blocks.append(rows[level])
    return blocks

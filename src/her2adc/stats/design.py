"""From variables to the columns of a regression: reference levels, dummies, complete cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from her2adc.stats.inputs import Bools, Floats, check_columns, levels_of

__all__ = ["Column", "Design", "design", "is_categorical"]


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
    """

    complete: Bools
    columns: list[Column] = field(default_factory=list)
    matrix: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def places(self, variable: str) -> list[int]:
        """Columns of the matrix that belong to a variable."""
        return [c.place for c in self.columns if c.variable == variable and c.place is not None]


def design(
    data: pd.DataFrame, covariates: Sequence[str], reference: Mapping[str, str] | None = None
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
    complete = data[list(covariates)].notna().all(axis=1).to_numpy(dtype=bool)
    out = Design(complete)
    blocks: list[Floats] = []
    for name in covariates:
        values = data.loc[complete, name]
        if is_categorical(values):
            blocks += _categorical(out, name, values, chosen.get(name), len(blocks))
        else:
            blocks += _continuous(out, name, values, len(blocks))
    out.matrix = np.column_stack(blocks) if blocks else np.zeros((int(complete.sum()), 0))
    return out


def _continuous(out: Design, name: str, values: pd.Series, place: int) -> list[Floats]:
    """Column of a continuous variable."""
    numbers = values.to_numpy(dtype=np.float64)
    everyone = np.ones(numbers.size, dtype=bool)
    if numbers.size == 0 or np.ptp(numbers) == 0:
        out.columns.append(Column(name, "", None, everyone, "not estimable: one value only"))
        return []
    out.columns.append(Column(name, "", place, everyone))
    return [numbers]


def _categorical(
    out: Design, name: str, values: pd.Series, reference: str | None, place: int
) -> list[Floats]:
    """Dummies of a categorical variable, the reference level first."""
    levels = levels_of(values)
    rows = {str(level): (values == level).to_numpy(dtype=bool) for level in levels}
    if reference is not None and str(reference) not in rows:
        raise ValueError(f"{name} has no level {reference!r} for reference; it has {list(rows)}")
    occurring = [level for level, member in rows.items() if member.any()]
    base = str(reference) if reference is not None else (occurring or [""])[0]
    if reference is not None and base not in occurring and occurring:
        raise ValueError(f"reference {base!r} of {name} has no patients; use one of {occurring}")
    blocks: list[Floats] = []
    for level in sorted(rows, key=lambda label: label != base):
        note = ""
        if not rows[level].any():
            note = "not estimable: no patients"
        elif level == base:
            note = "reference" if len(occurring) > 1 else "not estimable: one level only"
        at = None if note else place + len(blocks)
        out.columns.append(Column(name, level, at, rows[level], note))
        if at is not None:
            blocks.append(rows[level].astype(np.float64))
    return blocks

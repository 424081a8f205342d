"""Endpoints with competing events: times, and the cause of each patient's first event.

Such an endpoint has, beside ``<endpoint>_time``, a column ``<endpoint>_cause`` that holds the name
of the first event or ``censored``. A categorical column gives the causes their order, and keeps a
cause that nobody had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2adc.stats.inputs import Floats, check_columns, levels_of, tied, times_of

__all__ = ["CENSORED", "Causes", "Competing", "causes_of", "competing_of"]

Causes = NDArray[np.int64]
"""Cause of each patient's event: 0 for a censored patient, 1, 2, ... for the causes."""
CENSORED = "censored"
"""What the cause column holds for a patient who had none of the events."""


def causes_of(cause: Any) -> Causes:
    """Check causes: whole numbers from 0 (censored), none missing.

    Examples
    --------
    >>> causes_of([0, 1.0, 2]).tolist()
    [0, 1, 2]
    """
    try:
        values = np.asarray(pd.Series(cause).astype("float64"), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"cause is not numeric ({error}); give 0 for censored, 1, 2, ...") from None
    if np.isnan(values).any():
        count = int(np.isnan(values).sum())
        raise ValueError(f"cause is missing in {count} rows that have a time; give 0 for a censored patient")
    if (values < 0).any() or (values != np.round(values)).any():
        raise ValueError("cause has values other than 0, 1, 2, ...; give whole numbers, 0 for censored")
    return values.astype(np.int64)


@dataclass(frozen=True)
class Competing:
    """Patients who have the endpoint.

    Attributes
    ----------
    data : pandas.DataFrame
        Their rows.
    times : ndarray
        Times to the first event or the end of follow-up.
    causes : ndarray of int
        0 for a censored patient, otherwise the place of the cause in ``names``, from 1.
    names : list of str
        Causes in order.
    """

    data: pd.DataFrame
    times: Floats
    causes: Causes
    names: list[str]

    def place(self, cause: str) -> int:
        """Number of a cause."""
        if cause not in self.names:
            raise ValueError(f"no cause {cause!r}; the causes are {self.names}")
        return self.names.index(cause) + 1


def competing_of(
    data: pd.DataFrame, endpoint: str, cause: str | None = None, censored: str = CENSORED
) -> Competing:
    """Select the patients who have an endpoint with competing events.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    endpoint : str
        Name of the endpoint; its times are in ``<endpoint>_time``, missing for a patient who has
        no such endpoint.
    cause : str, optional
        Column of causes, ``<endpoint>_cause`` otherwise.
    censored : str
        Value of that column for a censored patient.

    Returns
    -------
    Competing

    Examples
    --------
    >>> data = pd.DataFrame({"PFS_time": [1.0, 2, 3], "PFS_cause": ["death", "censored", "progression"]})
    >>> found = competing_of(data, "PFS")
    >>> found.names, found.causes.tolist()
    (['death', 'progression'], [1, 0, 2])
    """
    column = cause or f"{endpoint}_cause"
    check_columns(data, [f"{endpoint}_time", column])
    kept = data.loc[data[f"{endpoint}_time"].notna().to_numpy(dtype=bool)]
    times = tied(times_of(kept[f"{endpoint}_time"].to_numpy(), f"{endpoint}_time"))
    missing = int(kept[column].isna().sum())
    if missing:
        raise ValueError(
            f"{column} is missing in {missing} rows that have a time; write {censored!r} or a cause"
        )
    names = [str(level) for level in levels_of(data[column]) if str(level) != censored]
    if not names:
        raise ValueError(f"{column} holds {censored!r} only; name the events in it, at least one")
    codes = {name: place for place, name in enumerate(names, start=1)} | {censored: 0}
    causes = np.array([codes[str(value)] for value in kept[column]], dtype=np.int64)
    return Competing(kept, times, causes, names)

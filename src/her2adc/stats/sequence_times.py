"""From the dates of lines and ADCs to times since the first ADC, paths over lines, and bars to draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from her2adc.endpoints import months

__all__ = ["ARM", "DIED", "FOLLOWED", "STATES", "bars", "line_classes", "marks", "paths", "since_first"]

ARM = "first_adc"
"""Column of the drug that came first, of the two that are compared."""
DIED, FOLLOWED = "Died", "No further line so far"
"""Where a path over lines ends."""
STATES: dict[str, str | None] = {
    "On first ADC": None,
    "Between therapies": "off_time",
    "On another therapy": "other_time",
    "On second ADC": "adc2_time",
    "After second ADC": "off2_time",
}
"""States after the first ADC, and the column of the time at which each is entered."""
_MAIN = (
    "anti-HER2 antibody", "HER2 TKI", "CDK4/6 inhibitor", "PI3K/AKT/mTOR inhibitor", "PARP inhibitor",
    "immunotherapy", "chemotherapy", "endocrine",
)  # fmt: skip
_NAMES = {
    "anti-HER2 antibody": "Anti-HER2",
    "HER2 TKI": "Anti-HER2",
    "CDK4/6 inhibitor": "Endocrine-based",
    "PI3K/AKT/mTOR inhibitor": "Endocrine-based",
    "endocrine": "Endocrine-based",
    "PARP inhibitor": "PARP inhibitor",
    "immunotherapy": "Immunotherapy",
    "chemotherapy": "Chemotherapy",
}
_OTHER = "Other"


def since_first(data: pd.DataFrame, adcs: Sequence[str]) -> pd.DataFrame:
    """Patients whose first ADC is one of two, with times in months since its first dose.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with the columns ``adc<k>_agent``, ``adc<k>_start`` ... that are derived from
        the lines of therapy.
    adcs : sequence of str
        The ADCs by short name; the first two are compared.

    Returns
    -------
    pandas.DataFrame
        The patients, with :data:`ARM` (ordered as ``adcs``), ``other_adc_time`` (first dose of the other
        of the two), ``progression_time`` (on the first ADC), ``off_time`` and ``off2_time`` (last dose of
        the first and of the second ADC), ``adc2_time`` (first dose of any second ADC) and ``other_time``
        (first dose of the next line, when it is not that second ADC). Missing where it did not happen.

    Examples
    --------
    >>> day = pd.Timestamp("2024-01-01")
    >>> data = pd.DataFrame({"adc1_agent": ["A"], "adc2_agent": ["B"], "adc3_agent": [None],
    ...     **{f"adc{k}_{d}": [day + pd.Timedelta(days=61 * k)] for k in (1, 2)
    ...        for d in ("start", "stop", "progression")},
    ...     "adc3_start": [pd.NaT], "next1_start": [day + pd.Timedelta(days=122)]})
    >>> since_first(data, ["A", "B"])[["first_adc", "other_adc_time"]].round(1).values.tolist()
    [['A', 2.0]]
    """
    pair = list(adcs[:2])
    kept = data[data["adc1_agent"].isin(pair)].copy()
    kept[ARM] = pd.Categorical(kept["adc1_agent"], pair, ordered=True)
    begun = kept["adc1_start"]
    other = pd.Series(pd.NaT, index=kept.index, dtype="datetime64[ns]")
    for k in (3, 2):
        mine = kept[f"adc{k}_agent"].isin(pair) & kept[f"adc{k}_agent"].ne(kept["adc1_agent"])
        other = other.mask(mine, kept[f"adc{k}_start"])
    dates = {
        "other_adc_time": other,
        "progression_time": kept["adc1_progression"],
        "off_time": kept["adc1_stop"],
        "off2_time": kept["adc2_stop"],
        "adc2_time": kept["adc2_start"],
        "other_time": kept["next1_start"].mask(kept["next1_start"].eq(kept["adc2_start"])),
    }
    for name, date in dates.items():
        kept[name] = months(begun, date)
    return kept


def line_classes(lines: pd.DataFrame, adcs: Sequence[str]) -> pd.Series:
    """Class of each line of therapy: the ADC by name, otherwise the class of its leading drug.

    Parameters
    ----------
    lines : pandas.DataFrame
        One row a line: ``adc`` (short name or missing) and ``classes`` (joined by " + ").
    adcs : sequence of str
        ADCs that are named; any other is "Other ADC".

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> line_classes(pd.DataFrame({"adc": ["SG", None], "classes": ["ADC", "endocrine"]}), ["SG"]).tolist()
    ['SG', 'Endocrine-based']
    """

    def name(adc: object, classes: object) -> str:
        if isinstance(adc, str):
            return adc if adc in adcs else "Other ADC"
        found = str(classes).split(" + ")
        return next((_NAMES[c] for c in _MAIN if c in found), _OTHER)

    pairs = zip(lines["adc"], lines["classes"], strict=True)
    return pd.Series([name(a, c) for a, c in pairs], index=lines.index, dtype=object)


def paths(data: pd.DataFrame, lines: pd.DataFrame, adcs: Sequence[str], depth: int = 3) -> pd.DataFrame:
    """Paths over the lines from the first ADC on, for an alluvial plot.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient with a first ADC: ``patient_id``, ``adc1_line`` and ``died`` (True = dead).
    lines : pandas.DataFrame
        One row a line: ``patient_id, line, adc, classes``.
    adcs : sequence of str
        ADCs that are named.
    depth : int
        Lines shown, the first ADC included.

    Returns
    -------
    pandas.DataFrame
        ``line_1`` ... ``line_<depth>`` and ``n``. After the last line of a patient stands :data:`DIED` or
        :data:`FOLLOWED`.
    """
    named = lines.assign(class_=line_classes(lines, adcs))
    first = data.set_index("patient_id")["adc1_line"]
    named["step"] = named["line"] - named["patient_id"].map(first) + 1
    wide = named[named["step"].between(1, depth)].pivot_table(
        index="patient_id", columns="step", values="class_", aggfunc="first"
    )
    columns = [f"line_{k}" for k in range(1, depth + 1)]
    wide = wide.reindex(index=first.index, columns=range(1, depth + 1)).set_axis(columns, axis=1)
    end = np.where(data["died"].astype(bool), DIED, FOLLOWED)
    for column in columns[1:]:
        wide[column] = wide[column].where(wide[column].notna(), pd.Series(end, index=first.index))
    return wide.groupby(columns, sort=True).size().rename("n").reset_index()


def bars(data: pd.DataFrame, lines: pd.DataFrame, adcs: Sequence[str], endpoint: str = "OS") -> pd.DataFrame:
    """Segments of a swimmer plot: lines of therapy from the first ADC on, in months since its first dose.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient: ``patient_id``, ``adc1_start``, ``adc1_line``, ``<endpoint>_time``.
    lines : pandas.DataFrame
        One row a line: ``patient_id, line, start, stop, adc, classes``.
    adcs : sequence of str
        ADCs that are named.
    endpoint : str
        Endpoint whose time is the end of follow-up from the first ADC.

    Returns
    -------
    pandas.DataFrame
        ``patient`` (a running number, longest follow-up first; never the identifier), ``agent``,
        ``start`` and ``stop`` in months; an ongoing line ends with follow-up. Time without therapy has
        no segment.
    """
    order = _numbers(data, endpoint)
    patients = data.set_index("patient_id")
    mine = lines[lines["patient_id"].isin(order.index)].copy()
    mine["agent"] = line_classes(mine, adcs)
    begun = mine["patient_id"].map(patients["adc1_start"])
    end = mine["patient_id"].map(patients[f"{endpoint}_time"])
    mine["start_"] = months(begun, mine["start"])
    stop = months(begun, mine["stop"])
    mine["stop_"] = np.minimum(stop.fillna(end), end)
    mine["patient"] = mine["patient_id"].map(order)
    shown = mine[(mine["start_"] >= 0) & (mine["stop_"] >= mine["start_"])]
    named = {"start_": "start", "stop_": "stop"}
    out = shown[["patient", "agent", *named]].rename(columns=named)
    return out.sort_values(["patient", "start"]).reset_index(drop=True)


def marks(data: pd.DataFrame, endpoint: str = "OS") -> pd.DataFrame:
    """Marks of a swimmer plot: first response, progression, death, or follow-up that goes on.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with the derived columns of the ADCs.
    endpoint : str
        Endpoint whose event is death, from the first ADC.

    Returns
    -------
    pandas.DataFrame
        ``patient`` (as in :func:`bars`), ``kind`` (response, progression, death, ongoing) and ``time``.
    """
    order = _numbers(data, endpoint)
    begun = data["adc1_start"]
    parts = []
    for kind, columns in {
        "response": ("first_response_adc1", "first_response_adc2"),
        "progression": ("adc1_progression", "adc2_progression"),
    }.items():
        for column in columns:
            if column in data:
                time = months(begun, data[column])
                parts.append(pd.DataFrame({"patient_id": data["patient_id"], "kind": kind, "time": time}))
    dead = data[f"{endpoint}_event"].astype("boolean").fillna(False).astype(bool)
    last = pd.DataFrame({"patient_id": data["patient_id"], "time": data[f"{endpoint}_time"]})
    parts.append(last.assign(kind=np.where(dead, "death", "ongoing")))
    found = pd.concat(parts, ignore_index=True).dropna(subset=["time"])
    found.insert(0, "patient", found.pop("patient_id").map(order))
    return found.sort_values(["patient", "time", "kind"]).reset_index(drop=True)


def _numbers(data: pd.DataFrame, endpoint: str) -> pd.Series:
    """Running number of each patient, longest follow-up first."""
    known = data.dropna(subset=[f"{endpoint}_time"])
    ordered = known.sort_values([f"{endpoint}_time", "patient_id"], ascending=[False, True])
    return pd.Series(range(1, len(ordered) + 1), index=ordered["patient_id"].to_numpy())

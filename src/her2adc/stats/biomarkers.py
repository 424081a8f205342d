"""Which biomarkers are tested, for what, and in which patients; p-values over all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from her2adc.cells import DAYS_PER_MONTH
from her2adc.config import Biomarkers, Marker, Study
from her2adc.results import concat, frame, row, select
from her2adc.stats.inputs import Floats, check_columns
from her2adc.stats.multiplicity import adjust
from her2adc.stats.response import responders

__all__ = ["PER_SD", "RESPONSE", "SURVIVAL", "Candidates", "candidates", "corrected", "described",
           "transformed", "untransformed"]  # fmt: skip

SURVIVAL, RESPONSE = "survival", "response"
PER_SD = "per SD"
RESPONDED = "objective_response"
"""Column of the objective response."""
_Scale = Callable[[Floats], Floats]
_FORWARD: dict[str, _Scale] = {"none": np.asarray, "log2": np.log2, "log10": np.log10, "sqrt": np.sqrt}
_BACK: dict[str, _Scale] = {"none": np.asarray, "log2": np.exp2, "log10": lambda v: 10**v, "sqrt": np.square}
_NAN = float("nan")


@dataclass(frozen=True)
class Candidates:
    """Patients with the markers of the time point that is tested, and what they are tested for.

    Attributes
    ----------
    data : pandas.DataFrame
        One row a patient; every marker (as measured) and gene under its own name, and every marker
        in standard deviations after its transformation under ``<marker> per SD``.
    rule : Biomarkers
        Which markers there are.
    endpoint, outcome : str or None
        Name of the endpoint, and column of the response.
    late : dict
        By marker, values left out because the specimen is dated after the start of the clock; under an
        empty name, patients with one or more of them.
    months : ndarray
        Months from the last dated measurement of each patient to the start of the clock.
    """

    data: pd.DataFrame
    rule: Biomarkers
    endpoint: str | None
    outcome: str | None
    late: dict[str, int] = field(default_factory=dict)
    months: Floats = field(default_factory=lambda: np.array([]))

    @property
    def names(self) -> list[str]:
        """Markers, then genes."""
        return [*self.rule.markers, *self.rule.genes]

    @property
    def targets(self) -> dict[str, str]:
        """What the markers are tested for: ``survival`` and ``response``, with endpoint and column."""
        both = {SURVIVAL: self.endpoint, RESPONSE: self.outcome}
        return {kind: name for kind, name in both.items() if name}

    def column(self, name: str) -> str:
        """Column of a marker or a gene in a model."""
        return f"{name} {PER_SD}" if name in self.rule.markers else name

    def others(self, name: str) -> list[str]:
        """Variables of the adjusted model of a marker; not the one that the marker itself is."""
        own = self.rule.markers[name].variable if name in self.rule.markers else None
        return [c for c in self.rule.adjustment if c not in (own, name)]


def transformed(values: Any, marker: Marker) -> Floats:
    """Marker on the scale of the models.

    Examples
    --------
    >>> transformed(np.array([0.0, 3.0]), Marker(label="m", transformation="log2", offset=1)).tolist()
    [0.0, 2.0]
    """
    return _FORWARD[marker.transformation](np.asarray(values, dtype=np.float64) + marker.offset)


def untransformed(values: Any, marker: Marker) -> Floats:
    """Marker as measured, of its value on the scale of the models.

    Examples
    --------
    >>> untransformed(np.array([0.0, 2.0]), Marker(label="m", transformation="log2", offset=1)).tolist()
    [0.0, 3.0]
    """
    return _BACK[marker.transformation](np.asarray(values, dtype=np.float64)) - marker.offset


def candidates(study: Study, data: pd.DataFrame, measurements: pd.DataFrame) -> Candidates:
    """Select the markers that are tested, and what they are tested for.

    A value measured after the clock of the endpoint had started (and the days of grace that the study
    gives) is no baseline value: it is left out and counted.

    Parameters
    ----------
    study
        A study with ``biomarkers``.
    data
        One row a patient, with the columns of the markers and of the endpoint.
    measurements
        Table ``measurements`` of the cohort.

    Returns
    -------
    Candidates
    """
    rule = study.biomarkers
    if rule is None:
        raise ValueError("the study has no biomarkers; add 'biomarkers' to study.yml")
    endpoint = rule.endpoint or study.main_endpoint
    start = study.endpoints[endpoint].start if endpoint else None
    own = {name: data[rule.column(name, rule.time_point)] for name in (*rule.markers, *rule.genes)}
    late: dict[str, int] = {}
    months, too_late = np.array([]), pd.Series(False, index=data.index)
    if start and start in data:
        known = measurements[measurements["time_point"].eq(rule.time_point)].dropna(subset="date")
        days = (known["patient_id"].map(data.set_index("patient_id")[start]) - known["date"]).dt.days
        months = days.groupby(known["patient_id"]).min().dropna().to_numpy() / DAYS_PER_MONTH
        for name, ids in known["patient_id"][days < -rule.grace_days].groupby(known["name"]):
            after = data["patient_id"].isin(ids)
            after &= own[str(name)].notna()
            late[str(name)], too_late = int(after.sum()), too_late | after
            own[str(name)] = own[str(name)].mask(after)
        late[""] = int(too_late.sum())
    for name, marker in rule.markers.items():
        scaled = transformed(own[name], marker)
        spread = float(pd.Series(scaled).std())
        own[f"{name} {PER_SD}"] = pd.Series(scaled / spread if spread > 0 else scaled, index=data.index)
    out = _responded(study, data)
    more = {} if out is None or out in data else {out: _objective(rule, data)}
    return Candidates(data.assign(**own, **more), rule, endpoint, out, late, months)


def _responded(study: Study, data: pd.DataFrame) -> str | None:
    """Column of the response: an outcome of the study, or the objective response."""
    rule = study.biomarkers
    assert rule is not None
    if rule.response in study.outcomes:
        return rule.response
    return RESPONDED if (rule.response or "best_response") in data else None


def _objective(rule: Biomarkers, data: pd.DataFrame) -> pd.Series:
    """Objective response of the treated: not evaluable is none; missing is missing."""
    best = rule.response or "best_response"
    check_columns(data, [best])
    found = responders(data, "ORR", "treated", best=best).where(data[best].notna())
    return pd.Series(pd.Categorical(found.map({True: "yes", False: "no"}), ["no", "yes"], ordered=True),
                     index=data.index)  # fmt: skip


def corrected(rows: pd.DataFrame) -> pd.DataFrame:
    """Add to each p-value that of Holm (``p_holm``) and of Benjamini and Hochberg (``p_bh``), over all.

    Examples
    --------
    >>> rows = frame([row("a", "p_value", p, variable=v) for v, p in {"x": 0.01, "y": 0.04}.items()])
    >>> corrected(rows)["value"].tolist()
    [0.01, 0.04, 0.02, 0.04, 0.02, 0.04]
    """
    tests = select(rows, statistic="p_value")
    p, count = tests["value"].to_numpy(dtype=np.float64), int(tests["value"].notna().sum())
    parts = [
        tests.assign(statistic=name, value=adjust(p, method), method=f"{text} over {count} tests")
        for name, method, text in (("p_holm", "holm", "Holm"), ("p_bh", "BH", "Benjamini-Hochberg"))
    ]
    return concat([rows, *parts])


def described(ask: Candidates, data: pd.DataFrame) -> pd.DataFrame:
    """Count what a report of markers has to state: patients, values, events, and what is missing.

    Parameters
    ----------
    ask : Candidates
        Markers and what they are tested for.
    data : pandas.DataFrame
        One row a patient, with the columns of the markers at all time points.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "markers". By marker (variable) and time point (level) ``known`` (n is all
        patients) and, of numbers, ``median``, ``lower_quartile``, ``upper_quartile`` and ``sd`` (after the
        transformation); of the time point that is tested ``late`` by marker and for all (patients),
        ``any_known`` (patients with any marker), ``with_endpoint`` (those of them with the endpoint;
        n_events their events) and the months from specimen to the start of the clock,
        ``months_median``, ``months_min`` and ``months_max``.
    """
    rows: list[dict[str, Any]] = []
    for point in ask.rule.time_points:
        for name in ask.names:
            values = data[ask.rule.column(name, point)].dropna()
            place: dict[str, Any] = {"variable": name, "level": point, "n": len(data)}
            rows.append(row("markers", "known", len(values), **place, n_events=len(values), method="count"))
            if name in ask.rule.markers and len(values):
                found = values.quantile([0.5, 0.25, 0.75])
                names = ("median", "lower_quartile", "upper_quartile")
                place |= {"n": len(values), "method": "quantiles by linear interpolation"}
                rows += [row("markers", s, v, **place) for s, v in zip(names, found, strict=True)]
                spread = pd.Series(transformed(values, ask.rule.markers[name])).std()
                place["method"] = "after the transformation"
                rows.append(row("markers", "sd", float(spread), **place))
    point = ask.rule.time_point
    for name, n in ask.late.items():
        rows.append(row("markers", "late", n, variable=name, level=point, method="count", n=len(data)))
    some = ask.data[ask.names].notna().any(axis=1)
    whole: dict[str, Any] = {"level": point, "n": len(data), "method": "count"}
    rows.append(row("markers", "any_known", int(some.sum()), **whole, n_events=int(some.sum())))
    if ask.endpoint:
        seen = ask.data[some & ask.data[f"{ask.endpoint}_time"].notna()]
        events = int(seen[f"{ask.endpoint}_event"].fillna(False).sum())
        rows.append(row("markers", "with_endpoint", len(seen), **whole, n_events=events))
    if ask.months.size:
        whole |= {"n": ask.months.size, "method": "months from specimen to the start of the clock"}
        of = {"median": np.median(ask.months), "min": ask.months.min(), "max": ask.months.max()}
        rows += [row("markers", f"months_{s}", float(value), **whole) for s, value in of.items()]
    return frame(rows)

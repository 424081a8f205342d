"""Biomarkers against outcome: each marker alone and adjusted, at given cut-offs, and as a curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from her2adc.columns import cut
from her2adc.config import ALTERED, Marker, Variable
from her2adc.results import concat, frame, row, select
from her2adc.stats import cutpoint_rows, regression, splines
from her2adc.stats.biomarkers import PER_SD, SURVIVAL, Candidates, corrected, transformed, untransformed
from her2adc.stats.logistic import logistic

__all__ = ["associations", "curves", "cutpoints", "prespecified"]

_FEW = 10
_NAN = float("nan")


def associations(ask: Candidates, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Test each marker for survival (Cox) and response (logistic), alone and adjusted.

    Parameters
    ----------
    ask : Candidates
        Markers and what they are tested for.
    conf_level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows of analyses "marker_survival", "marker_response" and, with variables to adjust for,
        the same with "_adjusted". Variable is the marker, level "per SD" or "Altered":
        ``hazard_ratio`` or ``odds_ratio``, ``p_value``, ``p_holm`` and ``p_bh`` (over the markers of the
        analysis), ``altered`` (a count, of genes), ``p_proportional`` (test of proportional hazards),
        ``n_missing`` (patients with the outcome and without the marker or a covariate) and
        ``events_per_variable``.
    """
    parts = []
    for kind in ask.targets:
        for suffix in ("", "_adjusted") if ask.rule.adjustment else ("",):
            rows = [_association(ask, name, kind, bool(suffix), conf_level) for name in ask.names]
            parts.append(corrected(concat(rows).assign(analysis=f"marker_{kind}{suffix}")))
    return concat(parts)


def _association(ask: Candidates, name: str, kind: str, adjusted: bool, conf_level: float) -> pd.DataFrame:
    """Ratio, p-value and patients left out of one marker."""
    column = ask.column(name)
    found = _model(ask, kind, [column, *(ask.others(name) if adjusted else [])], conf_level)
    level = PER_SD if name in ask.rule.markers else ALTERED
    return _cleaned(found, column, name, [level]).assign(level=level)


def _model(ask: Candidates, kind: str, covariates: Sequence[str], conf_level: float) -> pd.DataFrame:
    """Rows of a Cox or logistic model; of no patients, none."""
    target = ask.targets[kind]
    known = f"{target}_time" if kind == SURVIVAL else target
    if not ask.data[[known, *covariates]].notna().all(axis=1).any():
        lost = int(ask.data[known].notna().sum())
        return frame([row("", "n_missing", lost, n=0, n_events=0)])
    if kind == SURVIVAL:
        return regression.cox(ask.data, target, covariates, conf_level=conf_level)
    rows = logistic(ask.data, target, covariates, conf_level=conf_level)
    unknown = int(ask.data[target].isna().sum())
    left_out = rows["statistic"].eq("n_missing")
    return rows.assign(value=rows["value"].where(~left_out, rows["value"] - unknown))


def _cleaned(found: pd.DataFrame, column: str, name: str, levels: Iterable[str]) -> pd.DataFrame:
    """Keep the ratio and the p-value of each level; NaN with the reason where there is none."""
    whole = select(found, statistic=["n_missing", "events_per_variable"]).set_index("statistic")
    counts = {c: int(whole[c].loc["n_missing"]) for c in ("n", "n_events")}
    ratio_name = "odds_ratio" if found["statistic"].eq("odds_ratio").any() else "hazard_ratio"
    rows: list[dict[str, Any]] = []
    tests = found["analysis"].str.endswith("ph_test")
    for level in levels:
        mine = found[found["variable"].eq(column) & found["level"].isin(["", level]) & ~tests]
        ratio, p = (mine[mine["statistic"].eq(s)] for s in (ratio_name, "p_value"))
        method = str(ratio["method"].iloc[0]) if len(ratio) else "not estimable: nobody was tested"
        shared: dict[str, Any] = {"analysis": "", "variable": name, "level": level, **counts}
        shared["method"] = method
        cells = ("value", "conf_low", "conf_high", "conf_level")
        limits = {c: ratio[c].iloc[0] for c in cells} if len(ratio) else {"value": _NAN}
        rows.append(row(**shared, statistic=ratio_name, **limits))
        rows.append(row(**shared, statistic="p_value", value=p["value"].iloc[0] if len(p) else _NAN))
    about: dict[str, Any] = {"variable": name, "method": "count", **counts}
    altered = found[found["variable"].eq(column) & found["level"].eq(ALTERED) & ~tests]
    rows += [row("", "altered", k, **about) for k in altered["n"].head(1)]
    rows += [row("", str(s), v, **about) for s, v in whole["value"].items()]
    ph = found[tests & found["variable"].eq(column) & found["statistic"].eq("p_value")]
    about["method"] = "".join(ph["method"].head(1))
    return frame([*rows, *(row("", "p_proportional", v, **about) for v in ph["value"])])


def prespecified(ask: Candidates, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Compare the levels of each marker between the cut-offs laid down before the data were seen.

    Parameters
    ----------
    ask, conf_level
        See :func:`associations`.

    Returns
    -------
    pandas.DataFrame
        Results rows of analyses "marker_cut_survival" and "marker_cut_response": for each level
        ``hazard_ratio`` or ``odds_ratio`` (1 with method "reference" for the lowest) and ``p_value``;
        n and n_events are those of the level.
    """
    parts = [frame([])]
    for kind in ask.targets:
        for name, marker in ask.rule.markers.items():
            if not marker.cut:
                continue
            levels = cut(ask.data[name], Variable(label=marker.label, cut=marker.cut))
            found = _model(replace(ask, data=ask.data.assign(**{name: levels})), kind, [name], conf_level)
            own = found[found["variable"].eq(name) & ~found["statistic"].isin(["p_variable"])]
            own = own[~own["analysis"].str.endswith("ph_test")]
            parts.append(own.assign(analysis=f"marker_cut_{kind}"))
    return concat(parts)


def cutpoints(ask: Candidates) -> pd.DataFrame:
    """Look for the cut-off of each marker in the data, and correct what it claims.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`her2adc.stats.cutpoint_rows.cutpoint`; none without an endpoint, and none where
        patients come under observation late.
    """
    rule, endpoint = ask.rule, ask.endpoint
    if endpoint is None or f"{endpoint}_entry" in ask.data:
        return frame([])
    options: dict[str, Any] = {"permutations": rule.permutations, "replicates": rule.replicates}
    options["seed"] = rule.seed
    names = [n for n, m in rule.markers.items() if m.data_driven]
    return concat([frame([]), *(cutpoint_rows.cutpoint(ask.data, endpoint, n, **options) for n in names)])


def curves(ask: Candidates, kind: str = SURVIVAL) -> dict[str, splines.Spline]:
    """Fit each marker as a restricted cubic spline, adjusted where there are variables to adjust for.

    Parameters
    ----------
    ask : Candidates
        Markers and what they are tested for.
    kind : {"survival", "response"}
        For what.

    Returns
    -------
    dict
        By marker, with values, knots and reference as measured. Three knots where there are fewer than
        ten events for every coefficient of the knots asked for, and no curve with fewer than 20.
    """
    fit, target = (splines.cox_spline if kind == SURVIVAL else splines.logistic_spline), ask.targets[kind]
    found = {}
    for name, marker in ask.rule.markers.items():
        data = ask.data.assign(**{name: transformed(ask.data[name], marker)})
        if kind == SURVIVAL:
            few = int(data.loc[data[name].notna(), f"{target}_event"].fillna(False).sum())
        else:
            few = int(data.loc[data[name].notna(), target].value_counts().reindex(["no", "yes"]).min())
        knots = ask.rule.knots if few >= _FEW * (ask.rule.knots - 1) else 3
        made = fit(data, target, name, ask.others(name), knots=knots, least=2 * _FEW)
        found[name] = splines.Spline(
            made.rows.assign(value=_as_measured(made.rows, marker)),
            made.curve.assign(value=untransformed(made.curve["value"], marker)),
            tuple(float(k) for k in untransformed(made.knots, marker)),
            float(untransformed(made.reference, marker)),
        )
    return found


def _as_measured(rows: pd.DataFrame, marker: Marker) -> pd.Series:
    """Values of the rows, knots as measured."""
    knots = rows["statistic"].eq("knot")
    back = pd.Series(untransformed(rows["value"].where(knots), marker), index=rows.index)
    return rows["value"].mask(knots, back)

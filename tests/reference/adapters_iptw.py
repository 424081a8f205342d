"""Inverse probability of treatment weighting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import select
from her2adc.stats.group_contrasts import _steps_of, survival_at
from her2adc.stats.inputs import outcome_of
from her2adc.stats.kaplan_meier import at_times, quantile
from her2adc.stats.survival import curve
from her2adc.stats.weighting import balance, propensity, weigh

from .adapters_cohort import grouped
from .adapters_cox import cox_values, score_tests
from .adapters_survival import endpoint
from .registry import Entry, adapter

WEIGHTS = {
    "ate": {"kind": "ate", "stabilised": False},
    "ate_stabilized": {"kind": "ate", "stabilised": True},
    "att": {"kind": "att"},
    "overlap": {"kind": "overlap"},
}
BALANCED = "overlap weights balance the means exactly: what is left is rounding error"


@adapter(
    "iptw",
    left_out={
        "ps.coef": "the scores are compared, the model behind them is not reported",
        "*.greenwood_se_weighted": "the standard error of a weighted curve is the robust one",
        "*.rmean": "no restricted mean of a weighted curve",
        "*.svylogrank": "the weighted comparison is the Cox model",
    },
)
def iptw(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args, arm = entry["args"], entry["args"]["treatment"]
    data = endpoint(data, args["time"], args["event"])
    terms = args["ps_formula"].split(" ~ ")[1].split(" + ")
    for term in terms:
        if term.startswith("factor("):
            data[term] = grouped(data, term.removeprefix("factor(").removesuffix(")"))
    score = propensity(data, arm, terms)
    treated = data[arm].to_numpy() == 1
    out: dict[str, Any] = {
        "ps": {
            "min": score.min(),
            "max": score.max(),
            "mean": score.mean(),
            "first10": score.head(10).tolist(),
            "mean_by_arm": score.groupby(data[arm]).mean().tolist(),
        },
    }
    for name, how in WEIGHTS.items():
        weighted = data.assign(w=weigh(score, treated, **how))
        out[name] = _weighted(weighted, arm, args, list(entry["results"][name]["smd_weighted"]))
    found = cox_values(data, [arm])[0]
    out["unweighted_cox"] = {"coef": found["coef"][0], "se": found["se"][0]}
    names = list(entry["results"]["smd_unweighted"])
    rows = balance(data.assign(w=1.0), arm, names, "w")
    out["smd_unweighted"] = dict(zip(names, select(rows, statistic="smd")["value"], strict=True))
    return out


def _weighted(data: pd.DataFrame, arm: str, args: dict[str, Any], variables: list[str]) -> dict[str, Any]:
    """Weights, Cox models, curves and balance of one kind of weights."""
    rows = balance(data, arm, variables, "w")
    by_arm = {s: select(rows, statistic=s)["value"].tolist() for s in ("weight_sum", "effective_n")}
    w = data["w"]
    summary = {"min": w.min(), "max": w.max(), "mean": w.mean(), "sum_by_arm": by_arm["weight_sum"]}
    out: dict[str, Any] = {
        "weights": {**summary, "ess_by_arm": by_arm["effective_n"]},
        "km_times": args["times"],
    }
    for ties in ("efron", "breslow"):
        found, model, fit, _ = cox_values(data, [arm], weights="w", ties=ties)
        naive = np.sqrt(fit.covariance[0, 0])
        values = {"coef": found["coef"][0], "robust_se": found["se"][0], "naive_se": naive}
        if ties == "efron":
            limits = {"hr": found["hr"][0], "lower": found["hr_lower"][0], "upper": found["hr_upper"][0]}
            values |= {**limits, "robust_score": score_tests(model)[1]["stat"]}
            scale = np.sqrt(len(data) / (len(data) - 1))
            out["svycoxph"] = {"coef": values["coef"], "se": values["robust_se"] * scale}
        out[f"coxph_{ties}"] = values
    curves = {str(level): _curve(data[data[arm] == level], args["times"]) for level in (0, 1)}
    out |= {"weighted_km": curves, "svykm_surv": {label: found["surv"] for label, found in curves.items()}}
    distances = zip(variables, select(rows, statistic="smd_weighted")["value"], strict=True)
    out["smd_weighted"] = {name: BALANCED if value < 1e-12 else value for name, value in distances}
    return out


def _curve(data: pd.DataFrame, times: list[float]) -> dict[str, Any]:
    """Weighted Kaplan-Meier estimate at the times."""
    table = curve(data, "T", conf_type="log", weights="w")
    at = at_times(table, times)
    steps = _steps_of(outcome_of(data, "T"), "w")
    place = np.searchsorted(table["time"], times)
    at_risk = [float(table["n_risk"].iloc[i]) if i < len(table) else 0.0 for i in place]
    return {
        "surv": at["survival"].tolist(),
        "robust_se": [survival_at(steps, t)[1] for t in times],
        "lower_log_robust": at["conf_low"].tolist(),
        "upper_log_robust": at["conf_high"].tolist(),
        "weighted_n_risk": at_risk,
        "quantiles": [quantile(table, p)[0] for p in (0.25, 0.5, 0.75)],
    }

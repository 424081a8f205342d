"""Kaplan-Meier, log-rank tests, restricted mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import one, select
from her2adc.stats.group_contrasts import _steps_of, restricted_mean, rmst, survival_at
from her2adc.stats.inputs import Outcome, outcome_of
from her2adc.stats.kaplan_meier import at_times, quantile
from her2adc.stats.logrank import logrank, logrank_pairwise, logrank_trend
from her2adc.stats.multiplicity import adjust
from her2adc.stats.observed_expected import compare_groups
from her2adc.stats.survival import at_risk, curve, follow_up, summarise

from .adapters_cohort import grouped
from .registry import Entry, adapter

CONF_TYPES = ("log", "log-log", "plain")
BEYOND = "beyond the last follow-up R carries the curve forward, the book says not estimable"
WEIGHTED = {
    "logrank": {"weighting": "logrank"},
    "gehan_breslow_n": {"weighting": "gehan"},
    "tarone_ware_sqrt_n": {"weighting": "tarone-ware"},
    "peto_S_left": {"weighting": "peto"},
    "fh_p0_q1": {"weighting": "fleming-harrington", "rho": 0.0, "gamma": 1.0},
    "fh_p1_q1": {"weighting": "fleming-harrington", "rho": 1.0, "gamma": 1.0},
}


def endpoint(data: pd.DataFrame, time: str, event: str, **columns: Any) -> pd.DataFrame:
    """Data with the endpoint T."""
    named = {"T_time": data[time].astype(float), "T_event": data[event] == 1, **columns}
    return data.assign(**named)


def _curve_values(data: pd.DataFrame, times: list[float], probs: list[float]) -> dict[str, Any]:
    """Survival, numbers at risk, limits and quantiles of one group."""
    found = outcome_of(data, "T")
    steps, longest = _steps_of(found), found.times.max()
    counts = at_risk(data, "T", times=times)
    out: dict[str, Any] = {
        "n": one(summarise(data, "T", landmarks=()), statistic="median")["n"],
        "events": one(summarise(data, "T", landmarks=()), statistic="median")["n_events"],
        "max_time": longest,
        "times": times,
        "n_risk": select(counts, statistic="n_at_risk")["value"].tolist(),
        "cum_events": select(counts, statistic="n_events_cumulative")["value"].tolist(),
        "cum_censored": select(counts, statistic="n_censored_cumulative")["value"].tolist(),
        "surv": _inside([survival_at(steps, t)[0] for t in times], times, longest),
        "std_err": _inside([survival_at(steps, t)[1] for t in times], times, longest),
        "ci": {},
        "quantiles": {"probs": probs, "by_conf_type": {}},
    }
    for conf_type in CONF_TYPES:
        table = curve(data, "T", conf_type=conf_type)
        at = at_times(table, times)
        out["ci"][conf_type] = {
            name: _inside(at[column], times, longest)
            for name, column in (("lower", "conf_low"), ("upper", "conf_high"))
        }
        triples = zip(*(quantile(table, p) for p in probs), strict=True)
        names = ("quantile", "lower", "upper")
        out["quantiles"]["by_conf_type"][conf_type] = dict(zip(names, map(list, triples), strict=True))
        median = one(summarise(data, "T", conf_type=conf_type, landmarks=()), statistic="median")
        if 0.5 in probs and table["survival"].min() < 0.5 - 1e-8:  # else R prints another
            out["quantiles"]["by_conf_type"][conf_type]["quantile"][probs.index(0.5)] = median["value"]
    return out


def _inside(values: Any, times: list[float], longest: float) -> list[Any]:
    """Values up to the last follow-up."""
    return [BEYOND if t > longest else float(v) for v, t in zip(values, times, strict=True)]


def _mean_and_reverse(data: pd.DataFrame, tau: float, events: Outcome) -> dict[str, Any]:
    """Restricted mean and follow-up of one group."""
    value, error = restricted_mean(_steps_of(events), tau)
    mean = {"rmean": value, "se": error} if events.times.max() >= tau else {"rmean": BEYOND, "se": BEYOND}
    out: dict[str, Any] = {"rmean": {"tau": tau, **mean}}
    if (~events.events).any():
        rows = {c: one(follow_up(data, "T", conf_type=c), statistic="median_reverse_km") for c in CONF_TYPES}
        out["reverse_km"] = {
            c: {"median": row["value"], "lower": row["conf_low"], "upper": row["conf_high"]}
            for c, row in rows.items()
        }
    return out


@adapter("km")
def kaplan_meier(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args = entry["args"]
    data = endpoint(data, args["time"], args["event"])
    groups = pd.Series("all", index=data.index) if args["group"] is None else grouped(data, args["group"])
    out = {}
    for label, wanted in entry["results"]["groups"].items():
        part = data.loc[(groups == label).to_numpy()]
        found = _curve_values(part, args["times"], wanted["quantiles"]["probs"])
        out[label] = found | _mean_and_reverse(part, args["tau"], outcome_of(part, "T"))
    return {"groups": out}


@adapter(
    "km_start_stop",
    left_out={"groups.1.n_risk.1": "R counts at the curve's next time, who enter at the time asked for too"},
)
def kaplan_meier_with_entry(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args = entry["args"]
    data = endpoint(data, args["stop"], args["event"], T_entry=data[args["start"]].astype(float))
    out = {}
    for label, wanted in entry["results"]["groups"].items():
        part = data.loc[(grouped(data, args["group"]) == label).to_numpy()]
        out[label] = _curve_values(part, wanted["times"], wanted["quantiles"]["probs"])
    return {"groups": out}


def logrank_values(
    data: pd.DataFrame, group: str, strata: list[str], weighting: dict[str, Any]
) -> dict[str, Any]:
    """Observed and expected events and the tests."""
    kept = data.dropna(subset=[group, *strata])
    labels = grouped(kept, group)
    codes = labels.cat.codes.to_numpy()
    numbers = kept.groupby(strata, observed=True).ngroup().to_numpy() if strata else None
    found = compare_groups(
        kept["T_time"].to_numpy(), kept["T_event"].to_numpy(), codes, strata=numbers, **weighting
    )
    rows = logrank(data.assign(_g=grouped(data, group)), "T", "_g", strata=strata, **weighting)
    out: dict[str, Any] = {
        "n": labels.value_counts(sort=False).tolist(),
        "obs": found.observed,
        "exp": found.expected,
        "var": found.variance,
        "chisq": one(rows, statistic="chi2")["value"],
        "df": one(rows, statistic="df")["value"],
        "p": one(rows, statistic="p_value")["value"],
    }
    if codes.max() > 1:
        stat, df, p = found.trend()
        out["trend"] = {"scores": list(range(1, codes.max() + 2)), "stat": stat, "df": df, "p": p}
    return out


@adapter(
    "logrank", left_out={"*.peto_hr_group2_vs_1": "hazard ratios are Cox's, not Peto's one-step estimate"}
)
def logrank_tests(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    outcome, terms = entry["args"]["formula"].split(" ~ ")
    time, event = outcome.removeprefix("Surv(").removesuffix(")").split(", ")
    group, _, strata = terms.partition(" + strata(")
    columns = strata.removesuffix(")").split(", ") if strata else []
    data = endpoint(data, time, event)
    out = {
        "rho0": logrank_values(data, group, columns, {}),
        "rho1": logrank_values(data, group, columns, {"weighting": "peto"}),
    }
    if "trend" in out["rho0"]:
        rows = logrank_trend(data.assign(_g=grouped(data, group)), "T", "_g", strata=columns)
        out["rho0"]["trend"]["p"] = one(rows, statistic="p_value")["value"]
    return out


@adapter("weighted_logrank")
def weighted_logrank_tests(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args, out = entry["args"], {}
    data = endpoint(data, args["time"], args["event"])
    for name, weighting in WEIGHTED.items():
        found = logrank_values(data, args["group"], [], weighting)
        out[name] = {"U": np.subtract(found["obs"], found["exp"]), "stat": found["chisq"]}
        out[name] |= {"df": found["df"], "p": found["p"]}
        if "trend" in found:
            out[name]["trend"] = {k: found["trend"][k] for k in ("stat", "df", "p")}
    return out


@adapter("pairwise_logrank")
def pairwise(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args = entry["args"]
    levels = list(dict.fromkeys(level for pair in entry["results"]["pairs"] for level in pair))
    column = pd.Categorical(grouped(data, args["group"]).astype(str), categories=levels, ordered=True)
    data = endpoint(data, args["time"], args["event"], _g=column)
    out = {}
    for name, method in (
        ("holm", "holm"),
        ("bh", "BH"),
        ("bonferroni", "bonferroni"),
        ("hochberg", "hochberg"),
    ):
        rows = logrank_pairwise(data, "T", "_g", adjust=method)
        out[name] = select(rows, statistic="p_value_adjusted")["value"].tolist()
        out["chisq"] = select(rows, statistic="chi2")["value"].tolist()
        out["p"] = select(rows, statistic="p_value")["value"].tolist()
        assert np.allclose(out[name], adjust(out["p"], method))
    return out


@adapter("rmst")
def restricted_means(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args = entry["args"]
    data = endpoint(data, args["time"], args["event"], _g=grouped(data, args["arm"]))
    rows = rmst(data, "T", "_g", tau=args["tau"])
    out: dict[str, Any] = {"tau": args["tau"]}
    for label in ("0", "1"):
        mean, error = restricted_mean(_steps_of(outcome_of(data[data["_g"] == label], "T")), args["tau"])
        assert mean == one(rows, statistic="rmst", group=label)["value"]
        out[f"arm{label}"] = {"rmst": mean, "se": error, "var": error**2}
    for name, statistic in (
        ("difference", "rmst_difference"),
        ("ratio", "rmst_ratio"),
        ("rmtl_ratio", "rmtl_ratio"),
    ):
        row = one(rows, statistic=statistic)
        p = one(rows, statistic=f"p_{statistic}")["value"]
        out[name] = {"est": row["value"], "lower": row["conf_low"], "upper": row["conf_high"], "p": p}
    return out

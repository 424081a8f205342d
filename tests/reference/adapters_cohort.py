"""Table 1, tests of continuous variables, subgroups."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import one, select
from her2adc.stats.baseline import compare_continuous, table_one
from her2adc.stats.contingency import fisher_exact
from her2adc.stats.interactions import interaction
from her2adc.stats.subgroups import forest

from .registry import Entry, adapter

SUMMARY = {"mean", "sd", "median", "q1", "q3", "min", "max"}
P_ONLY = "the book reports the p-value of the test, not its statistic"
PARAMETRIC = "not among the tests of the book"


def grouped(data: pd.DataFrame, column: str) -> pd.Series:
    """Column as categories, their names those of R."""
    levels = data[column].dropna().unique()
    if isinstance(data[column].dtype, pd.CategoricalDtype):
        return data[column]
    names = [
        f"{level:g}" if isinstance(level, (int, float, np.number)) else str(level) for level in sorted(levels)
    ]
    labels = data[column].map(dict(zip(sorted(levels), names, strict=True)))
    return pd.Series(pd.Categorical(labels, categories=names, ordered=True), index=data.index)


def _summary(rows: pd.DataFrame, variable: str, group: str, names: set[str]) -> dict[str, float]:
    """Summary statistics of a continuous variable in a group."""
    found = select(rows, variable=variable, group=group)
    out = {row.statistic: row.value for row in found.itertuples() if row.statistic in names}
    return out | {"n": int(found["n"].iloc[0])}


@adapter(
    "continuous_tests",
    left_out={
        "summary.*.q?_type6": "quantiles are of type 7",
        "summary.*.se": "the book reports standard deviations",
        "summary.*.shapiro_w": PARAMETRIC,
        "kruskal.stat": P_ONLY,
        "kruskal.df": P_ONLY,
        "anova.F": P_ONLY,
        "anova.df?": P_ONLY,
        "student_t.t": P_ONLY,
        "student_t.df": P_ONLY,
        "student_t.diff_ci": P_ONLY,
        "welch_*": PARAMETRIC,
        "wilcoxon.p_uncorrected": "Wilcoxon's test is corrected for continuity, as wilcox.test",
        "wilcoxon.W": P_ONLY,
        "wilcoxon.h*": PARAMETRIC,
        "jonckheere": PARAMETRIC,
        "pairwise_wilcox_holm": PARAMETRIC,
    },
)
def continuous_tests(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    variable, by = entry["args"]["variable"], "group of the comparison"
    data = data.assign(**{by: grouped(data, entry["args"]["group"])})
    described = SimpleNamespace(name=variable, kind="continuous", levels=[])
    rows = table_one(data, [described], by, tests=True)
    levels = list(data[by].cat.categories)
    samples = [data.loc[data[by] == level, variable].dropna().to_numpy(dtype=float) for level in levels]
    rank = one(rows, variable=variable, statistic="p_value")
    parametric = compare_continuous(samples, parametric=True)[0]
    out: dict[str, Any] = {
        "summary": {level: _summary(rows, variable, level, SUMMARY) for level in levels},
        "anova": {"p": parametric},
    }
    if len(levels) > 2:
        return out | {"kruskal": {"p": rank["value"]}}
    smd = abs(entry["results"]["smd_pooled"]) / entry["results"]["smd_pooled"]
    wilcoxon: dict[str, Any] = {"default_call_p": rank["value"]}
    exact = rank["method"] == "Wilcoxon (exact)"
    wilcoxon["p_corrected"] = "small groups without ties have the exact test" if exact else rank["value"]
    return out | {
        "kruskal": {"p": "two groups have Wilcoxon's test"},
        "student_t": {"p": parametric},
        "wilcoxon": wilcoxon,
        "smd_pooled": smd * one(rows, variable=variable, statistic="smd")["value"],
    }


@adapter("table1")
def table1(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args = entry["args"]
    by = "stratum of the table"
    data = data.assign(**{by: grouped(data, args["strata"])})
    for name in args["factors"]:
        data[name] = grouped(data, name)
    variables = [
        SimpleNamespace(name=name, kind="categorical" if name in args["factors"] else "continuous", levels=[])
        for name in args["vars"]
    ]
    levels = list(data[by].cat.categories)
    rows = table_one(data, variables, by, tests=True)
    parametric = table_one(data, variables, by, tests=True, parametric=args["vars"])
    out: dict[str, Any] = {
        "n": {g: one(rows, statistic="n", group=g)["value"] for g in levels},
        "variables": {},
    }
    for variable in variables:
        describe = _categorical if variable.kind == "categorical" else _continuous
        own = select(rows, variable=variable.name)
        found = describe(own, select(parametric, variable=variable.name), levels)
        found["smd_average"] = one(own, statistic="smd")["value"]
        found["smd_pairwise"] = _pairs(data, variable, by, levels)
        found["missing_total"] = one(own, statistic="missing", group="All patients")["value"]
        out["variables"][variable.name] = found
    return out


def _pairs(data: pd.DataFrame, variable: Any, by: str, levels: list[str]) -> dict[str, float]:
    """Differences of each pair of groups, where there are more than two."""
    out = {}
    for i, first in enumerate(levels):
        for place, second in enumerate(levels[i + 1 :], start=i + 1):
            part = data.loc[data[by].isin([first, second])]
            part = part.assign(**{by: part[by].cat.remove_unused_categories()})
            rows = table_one(part, [variable], by)
            out[f"{i + 1} vs {place + 1}"] = one(rows, statistic="smd")["value"]
    return out if len(levels) > 2 else {}


def _continuous(rows: pd.DataFrame, parametric: pd.DataFrame, levels: list[str]) -> dict[str, Any]:
    """Cells of a continuous variable."""
    groups = {}
    for group in levels:
        name = rows["variable"].iloc[0]
        groups[group] = _summary(rows, name, group, SUMMARY - {"min", "max"})
        groups[group]["missing"] = one(rows, statistic="missing", group=group)["value"]
    p: Any = one(rows, statistic="p_value")["value"]
    if len(levels) == 2:
        p = "two groups have Wilcoxon's test, where R's tableone has Kruskal-Wallis"
    return {"by_group": groups, "p_nonnormal": p, "p_normal": one(parametric, statistic="p_value")["value"]}


def _categorical(rows: pd.DataFrame, parametric: pd.DataFrame, levels: list[str]) -> dict[str, Any]:
    """Cells of a categorical variable."""
    own = list(dict.fromkeys(level for level in rows["level"] if level))
    cells = {
        statistic: [[one(rows, statistic=statistic, level=o, group=g)["value"] for g in levels] for o in own]
        for statistic in ("count", "percent")
    }
    test = one(rows, statistic="p_value")
    approximate: Any = test["value"]
    if len(own) == 2 == len(levels):
        approximate = "the book never corrects a chi-square for continuity"
    elif test["method"] != "Pearson chi-square":
        approximate = "a cell expects under 5: the book uses Fisher's exact test"
    exact = fisher_exact(np.array(cells["count"]))
    return {
        "counts": cells["count"],
        "percent_of_nonmissing": 100 * np.array(cells["percent"]),
        "p_approx": approximate,
        "p_exact": exact.p if "Monte Carlo" not in exact.method else f"{exact.method}: not exact",
    }


@adapter(
    "subgroup",
    left_out={
        "subgroups.*.by_level.*.p_wald": "a forest has no p-values within levels",
        "subgroups.*.interaction.wald": "the interaction is tested by the likelihood ratio",
        "subgroups.*.interaction.coef": "the interaction is tested by the likelihood ratio",
        "subgroups.*.interaction.se": "the interaction is tested by the likelihood ratio",
    },
)
def subgroup(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args = entry["args"]
    arm = args["treatment"]
    data = data.assign(E_time=data[args["time"]].astype(float), E_event=data[args["event"]] == 1)
    for name in (arm, *args["subgroups"]):
        data[name] = grouped(data, name)
    arms = list(data[arm].cat.categories)
    out: dict[str, Any] = {}
    for factor in args["subgroups"]:
        rows = forest(data, "E", arm, [factor])
        levels = {}
        for level in data[factor].cat.categories:
            own = select(rows, variable=factor, level=level)
            ratio = one(own, statistic="hazard_ratio")
            value, low, high = ratio["value"], ratio["conf_low"], ratio["conf_high"]
            counts = {
                name: [one(own, statistic=statistic, group=g)["value"] for g in arms]
                for name, statistic in {"n": "n_arm", "events": "events_arm"}.items()
            }
            error = np.log(high / low) / (2 * stats.norm.ppf(0.975))
            found = {"coef": np.log(value), "se": error, "hr": value, "lower": low, "upper": high}
            levels[level] = found | counts
        tested = {row.statistic: row.value for row in interaction(data, "E", arm, factor).itertuples()}
        assert one(rows, statistic="p_interaction")["value"] == tested["p_value"]
        test = {"stat": tested["chi2"], "df": tested["df"], "p": tested["p_value"]}
        out[factor] = {"by_level": levels, "interaction": {"lr": test}}
    return {"subgroups": out}

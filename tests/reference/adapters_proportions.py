"""Proportions, tables, trends, pooled tables, p-values and person-time."""

from __future__ import annotations

from typing import Any

import numpy as np

from her2adc.stats.categorical import Test, trend_test
from her2adc.stats.contingency import association, fisher_exact
from her2adc.stats.intervals import difference, proportion
from her2adc.stats.mantel_haenszel import mantel_haenszel
from her2adc.stats.multiplicity import adjust
from her2adc.stats.person_time import rate, rate_ratio, rate_ratio_p
from her2adc.stats.ratios import ConditionalOdds, odds_ratio, risk_ratio

from .registry import Entry, adapter

NO_TEST = "the book tests no single proportion against a fixed value"
SAME_BUT_LOOSE = "R's root finder stops early; the tight roots (_precise) are held to the common tolerance"
YATES = "the book never corrects a chi-square for continuity"


def test_of(test: Test) -> dict[str, float]:
    """Cells of a chi-square test."""
    return {"stat": test.chi2, "df": test.df, "p": test.p}


@adapter(
    "binom_ci",
    loose={"midp": (1e-4, "exactci stops at 1e-4")},
    left_out={
        "binom_test_p*": NO_TEST,
        "rule_of_three*": "a one-sided limit, which the book does not print",
    },
)
def binom_ci(entry: Entry, data: Any) -> dict[str, Any]:
    x, n = entry["args"]["x"], entry["args"]["n"]
    names = {
        "clopper_pearson": "clopper-pearson",
        "wilson": "wilson",
        "agresti_coull_truncated01": "agresti-coull",
        "jeffreys_bounded": "jeffreys",
        "wald": "wald",
        "wilson_cc": "wilson-cc",
        "midp": "mid-p",
    }
    out: dict[str, Any] = {key: proportion(x, n, name)[1:] for key, name in names.items()}
    out["estimate"] = proportion(x, n)[0]
    for level in (90, 99):
        out[f"clopper_pearson_{level}"] = proportion(x, n, conf_level=level / 100)[1:]
    raw = entry["results"]["agresti_coull_untruncated"]
    inside = min(raw) >= 0 and max(raw) <= 1
    out["agresti_coull_untruncated"] = (
        proportion(x, n, "agresti-coull")[1:] if inside else "the book stops limits at 0 and 1"
    )
    if 0 < x < n:
        out["jeffreys_qbeta"] = proportion(x, n, "jeffreys")[1:]
        out["logit"] = proportion(x, n, "logit")[1:]
    else:
        out["jeffreys_qbeta"] = "the book bounds Jeffreys' limits at 0 and n (jeffreys_bounded)"
    return out


@adapter(
    "two_proportions",
    loose={
        "diff_miettinen_nurminen": (1e-3, SAME_BUT_LOOSE),
        "diff_mee": (1e-3, SAME_BUT_LOOSE),
        "fisher_or_conditional": (1e-2, SAME_BUT_LOOSE),
        "fisher_or_ci": (1e-2, SAME_BUT_LOOSE),
    },
    left_out={
        "chisq_yates": YATES,
        "expected": "expected counts choose the test and are not reported",
        "g_test": "no likelihood-ratio chi-square in the book",
        "boschloo_p": "no unconditional exact test in the book",
        "fisher_central_p": "the two-sided p-value is that of fisher.test",
        "fisher_minlike_ci": "the interval is the central one of fisher.test",
    },
)
def two_proportions(entry: Entry, data: Any) -> dict[str, Any]:
    x, n, y, m = (entry["args"][key] for key in ("x1", "n1", "x2", "n2"))
    table = [[x, n - x], [y, m - y]]
    names = {
        "diff_wald": "wald",
        "diff_newcombe": "newcombe",
        "diff_newcombe_cc": "newcombe-cc",
        "diff_agresti_caffo": "agresti-caffo",
        "diff_miettinen_nurminen": "miettinen-nurminen",
        "diff_miettinen_nurminen_precise": "miettinen-nurminen",
        "diff_mee": "mee",
        "diff_mee_precise": "mee",
    }
    out: dict[str, Any] = {key: difference(x, n, y, m, name)[1:] for key, name in names.items()}
    exact = ConditionalOdds([table])
    value, low, high = exact.estimate()
    out |= {"p1": proportion(x, n)[0], "p2": proportion(y, m)[0], "diff": difference(x, n, y, m)[0]}
    out |= {"cond_or_precise": {"or": value, "lower": low, "upper": high}}
    out |= {"fisher_or_conditional": value, "fisher_or_ci": [low, high]}
    out |= {"fisher_p": fisher_exact(table).p, "odds_ratio_sample": odds_ratio(table)[0]}
    out |= {"fisher_p_less": exact.p("less"), "fisher_p_greater": exact.p("greater")}
    out["risk_ratio"] = risk_ratio(table)[0]
    if entry["results"]["risk_ratio_katz_log"] is not None:
        out["risk_ratio_katz_log"], out["odds_ratio_wald"] = risk_ratio(table)[1:], odds_ratio(table)[1:]
    pearson = association(table)
    out["chisq_uncorrected"] = (
        {"stat": pearson.statistic, "df": pearson.df, "p": pearson.p}
        if pearson.df
        else "a cell expects under 5: the book uses Fisher's exact test"
    )
    return out


@adapter(
    "contingency",
    left_out={
        "expected": "expected counts choose the test and are not reported",
        "cramers_v": "the book does not report Cramer's V",
    },
)
def contingency(entry: Entry, data: Any) -> dict[str, Any]:
    table = np.array(entry["results"]["table"])
    pearson = association(table)
    found: Any = "a cell expects under 5: the book uses Fisher's exact test"
    if pearson.df:
        found = {"stat": pearson.statistic, "df": pearson.df, "p": pearson.p}
    exact = fisher_exact(table)
    assert "Monte Carlo" not in exact.method
    return {
        "table": table,
        "chisq_uncorrected": found,
        "chisq_default": YATES if table.shape == (2, 2) else found,
        "fisher_p": exact.p,
    }


LINEAR = "coin's linear-by-linear test is (N - 1) / N times the Cochran-Armitage statistic"


@adapter("cochran_armitage", left_out={"coin*": LINEAR})
def cochran_armitage(entry: Entry, data: Any) -> dict[str, Any]:
    args = entry["args"]
    found = trend_test(args["x"], args["n"], args["scores"])
    sign = np.sign(entry["results"]["desctools_z"])  # DescTools orders its columns by itself
    return {
        "prop_trend_test": test_of(found.trend),
        "z_abs": abs(found.z),
        "desctools_z": sign * abs(found.z),
        "desctools_p": found.trend.p,
        "N": sum(args["n"]),
        "departure_chisq": test_of(found.departure),
    }


@adapter("mantel_haenszel", loose={"or_conditional*": (1e-4, "R's root finder stops early")})
def mantel(entry: Entry, data: Any) -> dict[str, Any]:
    tables = entry["args"]["tables"]
    found, exact = mantel_haenszel(tables), ConditionalOdds(tables)
    value, low, high = exact.estimate()
    return {
        "cmh_corrected": test_of(found.corrected),
        "cmh_uncorrected": test_of(found.association),
        "or_mh": found.odds_ratio[0],
        "or_mh_ci": found.odds_ratio[1:],
        "exact_p": exact.p(),
        "or_conditional": value,
        "or_conditional_ci": [low, high],
        "breslow_day": test_of(found.breslow_day),
        "breslow_day_tarone": test_of(found.tarone),
        "woolf": test_of(found.woolf),
        "rr_mh": found.risk_ratio[0],
        "rr_mh_ci": found.risk_ratio[1:],
        "rd_mh": found.risk_difference,
    }


@adapter("p_adjust")
def p_adjust(entry: Entry, data: Any) -> dict[str, Any]:
    return {method: adjust(entry["args"]["p"], method) for method in entry["results"]}


@adapter("poisson_rates")
def poisson_rates(entry: Entry, data: Any) -> dict[str, Any]:
    args = entry["args"]
    pairs = list(zip(args["x"], args["exposure"], strict=True))
    groups = {}
    for label, (events, exposure) in zip(args["labels"], pairs, strict=True):
        value, *limits = rate(events, exposure)
        groups[label] = {"events": events, "exposure": exposure, "rate": value, "exact_ci": limits}
    both = (*pairs[0], *pairs[1])
    value, *limits = rate_ratio(*both)
    out: dict[str, Any] = {"groups": groups, "rate_ratio_1_over_2": value, "rate_ratio_exact_ci": limits}
    out["rate_ratio_exact_p"] = rate_ratio_p(*both)
    wald = rate_ratio(*both, exact=False)[1:]
    out["rate_ratio_wald_log_ci"] = wald if args["x"][0] else "no limits on the log scale without events"
    return out

"""The table of methods in ``book/methods.md``: defaults, references, R calls, differences seen.

``python -m reference.methods_table`` (with ``src`` and ``tests`` on the path) compares every entry of
the reference set, writes ``agreement.csv`` and puts the table between the marks in the page.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "book" / "methods.md"
FILE = Path(__file__).with_name("agreement.csv")
BEGIN, END = "% methods table: begin\n", "% methods table: end\n"
COLUMNS = ("entry", "method", "values", "largest", "looser", "largest_looser")
SMALLEST = 1e-13
"""Differences are given as a power of ten above, not below this one: the last digits vary by machine."""

METHODS: list[tuple[str, str, str, str, str]] = [
    # method, default, reference, R call, method of the reference set
    ("Kaplan-Meier", "log-log interval; `log`, `plain`", "Kaplan1958", "survival::survfit", "km"),
    ("Median, quantiles", "interval from the band", "Brookmeyer1982", "quantile(survfit)", "km"),
    ("Follow-up", "reverse Kaplan-Meier", "Schemper1996", "survfit(Surv(t, 1 - d) ~ 1)", "km"),
    (
        "Delayed entry",
        "from `<endpoint>_entry`",
        "Simon1984",
        "survfit(Surv(start, stop, d))",
        "km_start_stop",
    ),
    ("Restricted mean", "shortest follow-up of the groups", "Uno2014", "survRM2::rmst2", "rmst"),
    ("Log-rank test", "two-sided; strata, trend", "Mantel1966", "survdiff", "logrank"),
    ("Gehan-Breslow test", "on request", "Gehan1965", "counting-process formula", "weighted_logrank"),
    ("Tarone-Ware test", "on request", "Tarone1977", "counting-process formula", "weighted_logrank"),
    ("Peto's test", "on request", "Peto1972", "survdiff(rho = 1)", "logrank"),
    (
        "Fleming-Harrington test",
        "on request",
        "Harrington1982",
        "counting-process formula",
        "weighted_logrank",
    ),
    ("Pairwise log-rank tests", "Holm", "Holm1979", "survdiff, p.adjust", "pairwise_logrank"),
    ("Adjusted p-values", "Holm; BH, Bonferroni, ...", "Benjamini1995", "p.adjust", "p_adjust"),
    ("Cox regression", "Efron ties; Breslow, strata", "Cox1972", "coxph", "coxph"),
    ("Robust variance", "with clusters or weights", "Lin1989", "coxph(cluster =)", "coxph"),
    ("Proportional hazards", "score test, Kaplan-Meier scale", "Grambsch1994", "cox.zph", "coxph"),
    ("Concordance", "Harrell's C", "Harrell1996", "concordance", "coxph"),
    ("Time-varying exposure", "split follow-up, landmark", "Anderson1983", "tmerge, coxph", "time_dependent"),
    (
        "Firth's Cox regression",
        "where the likelihood is monotone",
        "Heinze2001",
        "coxphf::coxphf",
        "firth_cox",
    ),
    ("Subgroups", "likelihood-ratio interaction", "Cox1972", "coxph, anova", "subgroup"),
    ("Weighting (IPTW)", "stabilised, robust variance", "Austin2015", "survey, survfit, coxph", "iptw"),
    ("Cumulative incidence", "Aalen-Johansen", "Aalen1978", "survfit, cmprsk::cuminc", "cuminc"),
    ("Gray's test", "two-sided", "Gray1988", "cmprsk::cuminc", "cuminc"),
    ("Fine-Gray regression", "robust variance", "Fine1999", "cmprsk::crr", "crr"),
    ("Rates", "Clopper-Pearson; Wilson, ...", "Clopper1934", "binom.test, binom", "binom_ci"),
    ("Difference of rates", "Newcombe", "Newcombe1998", "DescTools::BinomDiffCI", "two_proportions"),
    (
        "Tables of counts",
        "Pearson, or Fisher if expected < 5",
        "Agresti2013",
        "chisq.test, fisher.test",
        "contingency",
    ),
    ("Trend in rates", "Cochran-Armitage", "Armitage1955", "prop.trend.test", "cochran_armitage"),
    ("Stratified tables", "Mantel-Haenszel", "Mantel1959", "mantelhaen.test", "mantel_haenszel"),
    (
        "Paired categories",
        "McNemar, Bowker, Stuart-Maxwell",
        "Bowker1948",
        "mcnemar.test, coin",
        "paired_categorical",
    ),
    ("Kappa", "linear weights", "Fleiss1969", "vcd::Kappa", "paired_categorical"),
    ("Rates in person-time", "exact", "Garwood1936", "poisson.test", "poisson_rates"),
    ("Logistic regression", "profile limits; Firth if separated", "Heinze2002", "glm, logistf", "logistic"),
    (
        "Numbers in groups",
        "Wilcoxon, Kruskal-Wallis",
        "Hyndman1996",
        "wilcox.test, kruskal.test",
        "continuous_tests",
    ),
    ("Table 1, balance", "standardised mean differences", "Yang2012", "tableone::CreateTableOne", "table1"),
]


def rounded_up(value: float) -> float:
    """Power of ten above three times the value."""
    return max(SMALLEST, float(f"1e{math.ceil(math.log10(3 * value))}")) if value > 0 else SMALLEST


def read() -> dict[str, dict[str, Any]]:
    """Agreement of each entry, as committed."""
    if not FILE.exists():
        return {}
    with FILE.open(encoding="utf-8", newline="") as lines:
        return {
            line["entry"]: {k: v if k in ("entry", "method") else float(v) for k, v in line.items()}
            for line in csv.DictReader(lines)
        }


def table(agreement: dict[str, dict[str, Any]]) -> str:
    """Text of the table."""
    lines = [
        "| Method | Default | Reference | Agrees with | Values | Largest difference |",
        "|:--|:--|:--|:--|--:|:--|",
    ]
    for name, default, key, call, method in METHODS:
        found = [line for line in agreement.values() if line["method"] == method]
        assert found, f"{method} is not in {FILE.name}"
        difference = f"{max(line['largest'] for line in found):.0e}"
        if looser := sum(int(line["looser"]) for line in found):
            difference += f" ({looser} values {max(line['largest_looser'] for line in found):.0e})"
        count = sum(int(line["values"]) for line in found)
        shown = call if call.endswith("formula") else f"`{call}`"
        cells = (name, default, f"{{cite:t}}`{key}`", shown, str(count), difference)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page(text: str, agreement: dict[str, dict[str, Any]]) -> str:
    """Page with the table between the marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(agreement)}\n{END}{after}"


def write() -> None:
    """Compare every entry; write the file and the page."""
    from . import test_reference as test

    rows = []
    for entry in test.entries():
        if entry["method"] in test.PENDING:
            continue
        adapter = test.ADAPTERS[entry["method"]]
        found = test.compare(entry["results"], adapter.run(entry, test.data_of(entry)), adapter)
        largest, looser = rounded_up(found.largest), rounded_up(found.largest_loose)
        sizes = (found.compared - found.loosely, f"{largest:.0e}", found.loosely, f"{looser:.0e}")
        rows.append((entry["id"], entry["method"], *sizes))
    assert rows, test.ABSENT
    with FILE.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerows([COLUMNS, *rows])
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), read()), encoding="utf-8")


if __name__ == "__main__":
    write()

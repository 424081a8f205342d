"""The two tables of methods in ``book/methods.md``: defaults, references, R calls, differences seen.

``python -m reference.methods_table`` (with ``src`` and ``tests`` on the path) compares every entry of
the reference set, writes ``agreement.csv`` and puts the tables between their marks in the page;
``python -m reference.methods_table page`` writes the page alone, from what is committed.
"""

from __future__ import annotations

import csv
import math
import re
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "book" / "methods.md"
FILE = Path(__file__).with_name("agreement.csv")
VALUES = Path(__file__).parents[1] / "golden"
MARKS = ("% methods table: begin\n", "% methods table: end\n")
GOLDEN_MARKS = ("% golden table: begin\n", "% golden table: end\n")
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

GOLDEN: list[tuple[str, str, str, str, str, str]] = [
    # method, default, reference, R call, file of golden values, which of its lines
    (
        "HER2 discordance, transitions",
        "exact interval",
        "Clopper1934",
        "binom.test",
        "evolution",
        r"(three\d\d|four),[^,]*,(discordant|to_higher|to_lower|row_fraction)",
    ),
    (
        "Discordance by stratum",
        "Pearson, or Fisher if expected < 5",
        "Agresti2013",
        "chisq.test, fisher.test",
        "evolution",
        "strata,",
    ),
    (
        "HER2 agreement",
        "kappa, plain and linear; Bowker; Stuart-Maxwell",
        "Fleiss1969",
        "vcd::Kappa, mcnemar.test",
        "evolution",
        r".*,(kappa|kappa_low|kappa_high|bowker_p|stuart_maxwell_p),",
    ),
    (
        "Eligibility gained and lost",
        "exact interval, McNemar's exact test",
        "Clopper1934",
        "binom.test",
        "evolution",
        r".*,(eligible|eligibility|kept|gained|lost|never|gain|loss|biopsies)(_[a-z]+)*,",
    ),
    (
        "Re-test null",
        "published kappa; 0.6 to 0.9",
        "Scott1955",
        "binom.test",
        "evolution",
        r".*,(expected|excess|retest|explaining)",
    ),
    (
        "Groups within and over strata",
        "stratified log-rank, interaction",
        "Mantel1966",
        "survdiff(strata()), coxph, survfit",
        "golden_comparisons",
        "(F|M|over),",
    ),
    (
        "Pairs of groups",
        "one Cox model; Holm",
        "Holm1979",
        "coxph, survdiff, p.adjust",
        "golden_comparisons",
        "pairs",
    ),
    (
        "Yes/no outcomes",
        "profile limits; Firth if < 5 a coefficient",
        "Heinze2002",
        "binom.test, glm",
        "golden_comparisons",
        "(low[.]|adjusted)",
    ),
    (
        "Odds ratio over strata",
        "Mantel-Haenszel; exact if without limits",
        "Mantel1959",
        "mantelhaen.test",
        "golden_comparisons",
        "(pooled|exact)",
    ),
    (
        "Forest of odds ratios",
        "likelihood-ratio interaction",
        "Heinze2002",
        "glm, anova",
        "golden_comparisons",
        "(forest|levels)",
    ),
    (
        "Multiple imputation, pooling",
        "20 data sets or more",
        "Barnard1999",
        "mice::pool",
        "golden_imputation",
        "",
    ),
    (
        "Order of two drugs",
        "every method of the chapter",
        "Hernan2016",
        "coxph(weights =, cluster =)",
        "sequences",
        "order",
    ),
    (
        "Second drug or none",
        "clone-censor-weight and others",
        "Maringe2020",
        "coxph(weights =, cluster =)",
        "sequences",
        "second",
    ),
    (
        "Weighted survival curves",
        "stabilised, robust limits",
        "Austin2015",
        "survfit(weights =, cluster =)",
        "sequences",
        "curve",
    ),
    (
        "Positivity",
        "scores below 0.05, above 0.95",
        "Austin2015",
        "glm, concordance",
        "sequences",
        "positivity",
    ),
    ("E-value", "hazard ratio, common outcome", "VanderWeele2017", "by formula", "sequences", "evalue"),
    ("State occupation", "Aalen-Johansen", "Datta2001", "survfit(istate =)", "sequences", "occupation"),
    (
        "Next therapy, death competing",
        "Aalen-Johansen",
        "Aalen1978",
        "survfit(Surv(t, cause))",
        "sequences",
        "incidence",
    ),
    (
        "PFS2/PFS1 ratio",
        "1.3; censoring in four ways",
        "Texier2018",
        "survfit, coxph(strata()), binom.test",
        "sequences",
        "ratio",
    ),
    (
        "Marker as a curve",
        "restricted cubic spline, 4 knots",
        "Harrell2015",
        "Hmisc::rcspline.eval, coxph, glm",
        "biomarkers",
        "(veteran|birthwt|gbsg)[.]",
    ),
    (
        "Cut-off chosen by the data",
        "permutation; Lausen-Schumacher",
        "Lausen1992",
        "maxstat::maxstat.test",
        "biomarkers",
        "(maxstat|lausen)",
    ),
    (
        "Its effect, corrected",
        "patients left out of the bootstrap",
        "Schumacher1997",
        "coxph, maxstat::maxstat",
        "biomarkers",
        "optimism",
    ),
    (
        "Markers one by one",
        "per standard deviation; Holm, BH",
        "Benjamini1995",
        "coxph, glm, p.adjust",
        "biomarkers",
        "(per_sd|cut)",
    ),
    (
        "Alterations gained and lost",
        "McNemar's exact test",
        "Agresti2013",
        "binom.test",
        "biomarkers",
        "mcnemar",
    ),
]
"""Methods that the reference set does not have; their values of R are committed in ``tests/golden``."""


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
    """Text of the table of the reference set."""
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
        lines.append(f"| {' | '.join((name, default, _cited(key), _shown(call), str(count), difference))} |")
    return "\n".join(lines) + "\n"


def golden_table() -> str:
    """Text of the table of the golden values."""
    lines = ["| Method | Default | Reference | Agrees with | Values |", "|:--|:--|:--|:--|--:|"]
    for name, default, key, call, file, pattern in GOLDEN:
        count = values_of(file, pattern)
        assert count, f"{name}: no line of {file}.csv begins with {pattern}"
        lines.append(f"| {' | '.join((name, default, _cited(key), _shown(call), str(count)))} |")
    return "\n".join(lines) + "\n"


def values_of(file: str, pattern: str) -> int:
    """How many values of R are in the lines of a file that begin with a pattern."""
    lines = (VALUES / f"{file}.csv").read_text(encoding="utf-8").splitlines()
    wide = not lines[0].endswith("value")  # then every column but the first holds values
    kept = [line for line in lines[1:] if re.match(pattern, line) and not line.endswith(",")]
    return sum(line.count(",") if wide else 1 for line in kept)


def _cited(key: str) -> str:
    """Citation in the text."""
    return f"{{cite:t}}`{key}`"


def _shown(call: str) -> str:
    """Call of R as code; a formula as words."""
    return call if call.endswith("formula") else f"`{call}`"


def page(text: str, agreement: dict[str, dict[str, Any]]) -> str:
    """Page with the tables between their marks."""
    for (begin, end), made in ((MARKS, table(agreement)), (GOLDEN_MARKS, golden_table())):
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{made}\n{end}{after}"
    return text


def write_page() -> None:
    """Write the page from what is committed."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), read()), encoding="utf-8")


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
    write_page()


if __name__ == "__main__":
    write_page() if sys.argv[1:] == ["page"] else write()

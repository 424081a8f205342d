"""Intervals, ratios, trend, pooled tables, person-time and multiplicity against R, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from her2adc.results import frame, one, row, select
from her2adc.stats.categorical import trend, trend_test
from her2adc.stats.contingency import fisher_exact
from her2adc.stats.intervals import DIFFERENCES, PROPORTIONS, difference, proportion, proportion_rows
from her2adc.stats.mantel_haenszel import mantel_haenszel, stratified
from her2adc.stats.multiplicity import METHODS, adjust, adjusted_rows
from her2adc.stats.person_time import rate, rate_ratio, rate_ratio_p, rates
from her2adc.stats.ratios import ConditionalOdds, compare, odds_ratio, risk_ratio

from .conftest import close
from .golden_models import cases, value

TRENDS = {
    "smokers": ([83, 90, 129, 70], [86, 93, 136, 82], [1, 2, 3, 4]),
    "small": ([1, 3, 6], [12, 11, 10], [1, 2, 3]),
    "scored": ([2, 5, 9], [20, 22, 19], [0, 1, 5]),
    "none_then_all": ([0, 4, 9], [9, 9, 9], [1, 2, 3]),
}
STRATA = {
    "ucb": [
        [[512, 313], [89, 19]],
        [[353, 207], [17, 8]],
        [[120, 205], [202, 391]],
        [[138, 279], [131, 244]],
        [[53, 138], [94, 299]],
        [[22, 351], [24, 317]],
    ],
    "small": [[[3, 6], [5, 2]], [[1, 7], [4, 3]]],
}
counts = st.tuples(st.integers(1, 60), st.integers(0, 60)).map(lambda pair: (min(pair[1], pair[0]), pair[0]))


def test_intervals_equal_r() -> None:
    for case in cases("interval").itertuples():
        x, n = (int(part) for part in case.level.split("/"))
        found = dict(zip(("conf_low", "conf_high"), proportion(x, n, case.group)[1:], strict=True))
        close(found[case.statistic], case.value, label=f"{case.group} {case.level}")


@pytest.mark.parametrize("method", PROPORTIONS)
@given(pair=counts)
def test_intervals_hold_the_proportion_and_mirror(method: str, pair: tuple[int, int]) -> None:
    x, n = pair
    p, low, high = proportion(x, n, method)
    if np.isnan(low):
        assert method == "logit" and x in (0, n)
        return
    assert 0 <= low <= p + 1e-12 and p - 1e-12 <= high <= 1
    close(proportion(n - x, n, method)[1:], [1 - high, 1 - low], atol=1e-7)


@pytest.mark.parametrize("method", DIFFERENCES)
@given(first=counts, other=counts)
def test_differences_hold_the_estimate_and_turn_over(
    method: str, first: tuple[int, int], other: tuple[int, int]
) -> None:
    d, low, high = difference(*first, *other, method)
    assert -1 <= low <= high <= 1
    if method != "agresti-caffo":
        assert low <= d + 1e-9 and d - 1e-9 <= high
    close(difference(*other, *first, method), [-d, -high, -low], atol=1e-7)


def test_nobody_and_everybody() -> None:
    for method in ("clopper-pearson", "wilson", "jeffreys", "mid-p", "agresti-coull", "wilson-cc"):
        assert proportion(0, 15, method)[:2] == (0, 0)
        assert proportion(15, 15, method)[::2] == (1, 1)
    assert np.isnan(proportion(0, 0, "wilson")).all()
    assert np.isnan(difference(0, 0, 3, 4)).all()
    d, low, high = difference(0, 15, 15, 15, "miettinen-nurminen")
    assert d == low == -1 and -1 < high < -0.5
    d, low, high = difference(0, 15, 0, 15, "miettinen-nurminen")
    assert d == 0 and low < 0 < high


def test_proportion_rows() -> None:
    rows = proportion_rows(3, 10, ["wilson", "jeffreys"], variable="ORR", group="HER2-low")
    assert rows["method"].tolist() == ["wilson interval", "jeffreys interval"]
    assert rows[["value", "n", "n_events", "group"]].to_numpy().tolist() == [[0.3, 10, 3, "HER2-low"]] * 2


@pytest.mark.parametrize("name", TRENDS)
def test_trend_equals_r(name: str) -> None:
    found = trend_test(*TRENDS[name])
    close(found.trend.chi2, value("trend", "trend_chi2", level=name))
    close(found.trend.p, value("trend", "trend_p", level=name))


def test_trend_and_departure_make_the_whole() -> None:
    x, n, scores = TRENDS["small"]
    found = trend_test(x, n, scores)
    whole = stats.chi2_contingency([x, np.subtract(n, x)], correction=False)
    close(found.trend.chi2 + found.departure.chi2, whole.statistic)


def test_trend_has_nothing_to_test() -> None:
    for found in (trend_test([0, 0], [4, 5]), trend_test([3], [5]), trend_test([1, 0], [3, 0])):
        assert found.trend.df == 0 and np.isnan(found.trend.p)
    close(trend_test([1, 0, 3], [9, 0, 9], [1, 2, 3]).trend.chi2, trend_test([1, 3], [9, 9]).trend.chi2)


def test_trend_rows() -> None:
    data = pd.DataFrame({"pcr": ["no", "yes", "no", "yes", "yes", None], "her2": [0, 0, 1, 1, 2, 2]})
    rows = trend(data, "pcr", "her2")
    close(one(rows, statistic="chi2")["value"], trend_test([1, 1, 1], [2, 2, 1]).trend.chi2)
    assert rows["n"].unique().tolist() == [5]
    assert "not estimable" in trend(data.iloc[:2], "pcr", "her2")["method"].iloc[0]


@pytest.mark.parametrize("name", STRATA)
def test_pooled_tables_equal_r(name: str) -> None:
    found = mantel_haenszel(STRATA[name])
    close(found.association.chi2, value("strata", "cmh_chi2", level=name))
    close(found.association.p, value("strata", "cmh_p", level=name))
    close(found.corrected.chi2, value("strata", "cmh_corrected_chi2", level=name))
    close(found.odds_ratio, [value("strata", s, level=name) for s in ("odds_ratio", "conf_low", "conf_high")])
    close(ConditionalOdds(STRATA[name]).p(), value("strata", "exact_p", level=name))


def test_a_stratum_without_one_group_says_nothing() -> None:
    tables = STRATA["small"]
    more = [*tables, [[0, 0], [3, 4]], [[5, 0], [4, 0]]]
    close(mantel_haenszel(more).odds_ratio, mantel_haenszel(tables).odds_ratio)
    close(mantel_haenszel(more).breslow_day.p, mantel_haenszel(tables).breslow_day.p)
    nothing = mantel_haenszel([[[0, 0], [3, 4]]])
    assert np.isnan(nothing.odds_ratio).all() and nothing.association.df == 0


def test_one_stratum_is_the_table() -> None:
    table = STRATA["small"][0]
    found = mantel_haenszel([table])
    close(found.odds_ratio[0], odds_ratio(table)[0])
    close(found.risk_ratio[0], risk_ratio(table)[0])
    close(found.risk_difference, difference(3, 9, 5, 7)[0])
    assert found.breslow_day.df == 0


def test_a_zero_cell_in_every_stratum() -> None:
    found = mantel_haenszel([[[0, 9], [4, 7]], [[0, 5], [3, 6]]])
    assert found.odds_ratio[0] == 0 and np.isnan(found.odds_ratio[1])
    assert found.association.p < 0.05


def test_stratified_rows() -> None:
    cells = [("ER-", "b", 3, 6), ("ER-", "a", 5, 2), ("ER+", "b", 1, 7), ("ER+", "a", 4, 3)]
    records = [
        {"er": er, "arm": arm, "pcr": pcr}
        for er, arm, yes, no in cells
        for pcr, count in (("yes", yes), ("no", no))
        for _ in range(count)
    ]
    data = pd.DataFrame([*records, {"er": "ER+", "arm": None, "pcr": "yes"}])
    rows = stratified(data, "pcr", "arm", "er")
    close(one(rows, statistic="odds_ratio")["value"], value("strata", "odds_ratio", level="small"))
    close(one(rows, statistic="p_value")["value"], value("strata", "cmh_p", level="small"))
    assert one(rows, statistic="odds_ratio")["n"] == 31
    assert rows["level"].unique().tolist() == ["b vs a"]


@given(table=st.lists(st.integers(0, 25), min_size=4, max_size=4))
def test_conditional_odds_agree_with_fisher(table: list[int]) -> None:
    cells = np.reshape(table, (2, 2))
    if not (cells.sum(axis=0).all() and cells.sum(axis=1).all()):
        return
    exact = ConditionalOdds([cells])
    close(exact.p(), fisher_exact(cells).p)
    estimate, low, high = exact.estimate()
    assert low <= estimate <= high
    if exact.p() < 0.025:
        assert not low < 1 < high


def test_conditional_odds_without_information() -> None:
    estimate, low, high = ConditionalOdds([[[0, 3], [0, 4]]]).estimate()
    assert np.isnan(estimate) and low == 0 and high == np.inf
    assert ConditionalOdds([[[0, 3], [0, 4]]]).p() == 1


def test_ratios_with_empty_cells() -> None:
    for ratio in (risk_ratio, odds_ratio):
        assert ratio([[0, 9], [4, 7]])[0] == 0 and np.isnan(ratio([[0, 9], [4, 7]])[1])
        assert ratio([[4, 7], [0, 9]])[0] == np.inf
        assert np.isnan(ratio([[0, 9], [0, 7]])[0])
        assert np.isnan(ratio([[0, 0], [4, 7]])).all()


def test_compare_rows() -> None:
    data = pd.DataFrame(
        {"pcr": ["yes"] * 9 + ["no"] * 8 + ["yes"] * 4 + ["no"] * 7, "arm": ["b"] * 17 + ["a"] * 11}
    )
    rows = compare(data, "pcr", "arm")
    close(one(rows, statistic="odds_ratio")["value"], 9 * 7 / (8 * 4))
    close(one(rows, statistic="risk_difference")["value"], 9 / 17 - 4 / 11)
    assert one(rows, statistic="risk_ratio")["level"] == "b vs a"
    with pytest.raises(ValueError, match="needs two"):
        compare(data.assign(arm="a"), "pcr", "arm")
    with pytest.raises(ValueError, match="never has the value"):
        compare(data, "pcr", "arm", event="complete")


def test_rates_equal_r() -> None:
    for level in cases("rate")["level"].unique():
        events, exposure = level.split("/")
        wanted = [value("rate", s, level=level) for s in ("rate", "conf_low", "conf_high")]
        close(rate(int(events), float(exposure)), wanted)
    for level in cases("rate_ratio")["level"].unique():
        x, y, t, u = (float(part) for part in level.split("/"))
        wanted = [value("rate_ratio", s, level=level) for s in ("ratio", "conf_low", "conf_high")]
        close(rate_ratio(int(x), t, int(y), u), wanted)
        close(rate_ratio_p(int(x), t, int(y), u), value("rate_ratio", "p", level=level))


def test_rates_without_time_or_events() -> None:
    assert np.isnan(rate(0, 0.0)).all()
    assert np.isnan(rate_ratio(0, 5.0, 0, 6.0)).all() and np.isnan(rate_ratio_p(0, 5.0, 0, 6.0))
    assert np.isnan(rate_ratio(0, 5.0, 3, 6.0, exact=False)[1])


def test_rate_rows() -> None:
    data = pd.DataFrame(
        {"OS_time": [10.0, 20, 30, 40], "OS_event": [True, False, True, True], "arm": list("aabb")}
    )
    rows = rates(data, "OS", "arm")
    assert select(rows, statistic="rate")["group"].tolist() == ["All patients", "a", "b"]
    close(one(rows, statistic="rate", group="b")["value"], 100 * 2 / 70)
    close(one(rows, statistic="rate_ratio")["value"], (2 / 70) / (1 / 30))
    assert "rate_ratio" not in set(rates(data, "OS")["statistic"])


@pytest.mark.parametrize("method", METHODS)
def test_adjusted_equal_r(method: str) -> None:
    p = [0.0004, 0.003, 0.012, np.nan, 0.03, 0.049, 0.2, 0.2, 0.74]
    close(adjust(p, method), cases("adjust", group=method)["value"])


def test_adjusted_rows() -> None:
    tests = [
        row("logrank", "p_value", p, variable=v, method="log-rank")
        for v, p in zip("abc", [0.01, 0.04, None], strict=True)
    ]
    rows = adjusted_rows(frame([*tests, row("logrank", "chi2", 3.0)]), "bonferroni")
    found = select(rows, statistic="p_value_adjusted")
    close(found["value"], [0.02, 0.08, np.nan])
    assert found["method"].unique().tolist() == ["log-rank; bonferroni over 2 tests"]
    assert len(rows) == 7
    assert np.isnan(adjust([np.nan])).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: proportion(5, 3), "0 <= count <= total"),
        (lambda: proportion(1.5, 3), "whole numbers"),  # type: ignore[arg-type]
        (lambda: proportion(1, 3, "exact"), "use one of"),
        (lambda: difference(1, 3, 1, 3, "score"), "use one of"),
        (lambda: proportion(1, 3, conf_level=95), "fraction"),
        (lambda: trend_test([1, 2], [3]), "for every group"),
        (lambda: trend_test([4], [3]), "0 <= count <= total"),
        (lambda: risk_ratio([1, 2, 3]), "2 x 2"),
        (lambda: odds_ratio([[1, -1], [2, 3]]), "2 x 2"),
        (lambda: mantel_haenszel([]), "one 2 x 2 table for each stratum"),
        (lambda: adjust([0.1, 2.0]), "0 to 1"),
        (lambda: adjust([0.1], "sidak"), "use one of"),
        (lambda: rate(-1, 3.0), "whole number"),
        (lambda: rate(1, float("inf")), "finite time"),
        (lambda: rates(pd.DataFrame({"OS_time": [1.0], "OS_event": [True]}), "OS", per=0), "positive"),
    ],
)
def test_bad_arguments(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]

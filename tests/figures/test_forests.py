"""Forests of proportions, of odds ratios and of several analyses: all is printed, nothing overlaps."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2adc.figures import estimates_forest, forest, rates_forest, save
from her2adc.figures.forest_layout import percent_ticks
from her2adc.results import frame, row

WIDTHS = pytest.mark.parametrize("width", [75, 110, 154])
FEW = settings(max_examples=20, deadline=None, derandomize=True,
               suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
LONG = "Pleura, peritoneum or meninges, including effusions that were sampled more than once"


def rate(variable, level, events, n, statistic="discordance"):
    value = events / n if n else None
    spread = 0.98 / math.sqrt(n) if n else 0.0
    low, high = (None, None) if value is None else (max(0.0, value - spread), min(1.0, value + spread))
    return row("evolution", statistic, value, variable=variable, level=level, conf_low=low, conf_high=high,
               conf_level=0.95, n=n, n_events=events)  # fmt: skip


def p_value(variable, p):
    return row("evolution", "p_value", p, variable=variable)


def discordance():
    return frame(
        [
            rate("", "", 94, 247),
            rate("hr", "Positive", 44, 135),
            rate("hr", "Negative", 50, 112),
            p_value("hr", 0.049),
            rate("site", LONG, 0, 3),
            rate("site", "Brain", 2, 2),
            rate("site", "Skin", 0, 0),
            p_value("site", math.nan),
        ]
    )


def rates(rows, **more):
    return rates_forest(rows, labels={"hr": "HR status"}, statistic="discordance", **more)


def texts(figure):
    return [t.get_text() for t in figure.texts]


def clean(shown):
    assert shown.overlaps() == []
    assert shown.outside() == []


@WIDTHS
def test_rates_print_counts_and_intervals(drawn, width):
    figure = rates(discordance(), width_mm=width, title="Pairs with another HER2 class (%)")
    clean(drawn(figure))
    printed = " ".join(texts(figure))
    for text in ("94/247", "44/135", "0/3", "38.1%", "0.049", "HR status", "NE, not estimable."):
        assert text in printed
    assert figure.axes[0].get_xlim() == (0, 100)
    dots = [ln for ln in figure.axes[0].lines if ln.get_marker() == "o"]
    assert len(dots) == 4  # nothing to draw for the empty level
    dashed = [ln for ln in figure.axes[0].lines if list(ln.get_xdata()) == [100 * 94 / 247] * 2]
    assert len(dashed) == 1


@FEW
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=6),
    st.sampled_from([75, 154]),
)
def test_rates_hold_any_counts(drawn, pairs, width):
    rows = [rate("site", f"Level {i}", min(a, b), max(a, b)) for i, (a, b) in enumerate(pairs)]
    figure = rates(frame(rows), width_mm=width)
    clean(drawn(figure))
    assert all(f"{min(a, b)}/{max(a, b)}" in texts(figure) for a, b in pairs)


def test_rates_may_be_of_one_group_and_clipped():
    both = frame([{**record, "group": group} for group in ("A", "B") for record in [rate("x", "y", 9, 10)]])
    figure = rates(both, group="B", limit=80)
    assert texts(figure).count("9/10") == 1
    assert figure.axes[0].get_xlim() == (0, 80)
    with pytest.raises(ValueError, match="'discordance' of 'C'"):
        rates(both, group="C")


@pytest.mark.parametrize(("most", "width", "ticks"), [
    (37.0, 3.0, [0, 5, 10, 15, 20, 25, 30, 35, 40]), (100, 3.0, [0, 20, 40, 60, 80, 100]),
    (100, 0.9, [0, 50, 100]), (4, 2.0, [0, 5, 10]), (100, 0.3, [0, 100]),
])  # fmt: skip
def test_percent_ticks_are_round_and_apart(most, width, ticks):
    assert percent_ticks(most, width) == ticks


ARMS = ("HER2 2+/ISH+", "HER2 3+")


def odds():
    rows = []
    for variable, level, value, low, high in (
        ("", "", 3.4, 2.3, 5.1),
        ("b", "Single blockade", 4.4, 2.0, 9.5),
        ("b", "Dual blockade", math.nan, math.nan, math.nan),
    ):
        place = {"variable": variable, "level": level}
        rows.append(row("forest", "odds_ratio", value, conf_low=low, conf_high=high, conf_level=0.95,
                        n=60, n_events=22, method="logistic", **place))  # fmt: skip
        for arm, count in zip(ARMS, (7, 15), strict=True):
            rows += [row("forest", "n_arm", 30, group=arm, **place)]
            rows += [row("forest", "events_arm", count, group=arm, **place)]
    return frame([*rows, row("forest", "p_interaction", 0.61, variable="b")])


@WIDTHS
def test_forest_of_odds_ratios(drawn, width):
    figure = forest(odds(), labels={}, arm_labels=ARMS, statistic="odds_ratio", width_mm=width)
    clean(drawn(figure))
    printed = " ".join(texts(figure))
    assert "Odds ratio" in printed
    assert "Hazard" not in printed
    assert "More often in HER2 3+" in printed.replace("→", "").replace("  ", " ")
    with pytest.raises(ValueError, match="'hazard_ratio'"):
        forest(odds(), labels={}, arm_labels=ARMS)


def analyses():
    """Analyses of one comparison; intervals that leave the axis, one that was not made."""
    nothing = [math.nan] * 3
    rows = [
        ("Conditioned on the future", "Received both drugs", "Among those who lived to have both", 168, 97,
         0.48, 0.33, 0.70, 3.6),
        ("Landmark", "Landmark at 3 months", LONG, 231, 160, 0.81, 0.60, 1.09, 1.75),
        ("Landmark", "Landmark at 6 months", LONG, 190, 131, 0.90, 0.64, 1.27, math.nan),
        ("From the first dose", "Clone, censor, weight", "", 260, 190, 1.05, 0.02, 170.1, 1.2),
        ("From the first dose", "Weighted", None, None, math.nan, *nothing, math.nan),
    ]  # fmt: skip
    columns = ["heading", "method", "estimand", "n", "n_events", "value", "conf_low", "conf_high", "e_value"]
    return pd.DataFrame(rows, columns=columns)


@WIDTHS
def test_analyses_side_by_side(drawn, width):
    figure = estimates_forest(analyses(), favours=("Favours T-DXd first", "Favours SG first"), width_mm=width)
    clean(drawn(figure))
    printed = " ".join(texts(figure)).replace("\n", " ")
    for text in ("Conditioned on the", "97/168", "0.48", "(0.02 to 170.10)", "1.75", "NE, not estimable.",
                 "Favours SG first"):  # fmt: skip
        assert text in printed
    assert texts(figure).count("Landmark") == 1
    arrows = [ln for ln in figure.axes[0].lines if ln.get_marker() in ("<", ">")]
    assert len(arrows) == 2
    squares = [ln.get_markersize() for ln in figure.axes[0].lines if ln.get_marker() == "s"]
    assert len(squares) == 4
    assert len(set(squares)) == 1  # analyses of the same patients: no size by events


@WIDTHS
def test_analyses_need_no_more_than_their_estimates(drawn, width):
    figure = estimates_forest(analyses()[["method", "value", "conf_low", "conf_high"]], width_mm=width)
    clean(drawn(figure))
    assert not any("E-value" in text or "events/n" in text for text in texts(figure))



def test_analyses_that_are_not_there():
    with pytest.raises(ValueError, match="is empty"):
        estimates_forest(analyses().iloc[:0])
    with pytest.raises(ValueError, match="no column"):
        estimates_forest(analyses().drop(columns="value"))


def test_files_are_the_same_every_time(tmp_path):
    makers = {"rates": lambda: rates(discordance()), "all": lambda: estimates_forest(analyses())}
    for name, draw in makers.items():
        first, second = (save(draw(), tmp_path / f"{name}{i}", "f", analyses()) for i in (1, 2))
        assert all(first[kind].read_bytes() == second[kind].read_bytes() for kind in first)

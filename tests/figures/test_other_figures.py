"""Forest, response, flow, adverse events, missing values: nothing overlaps, nothing is hidden."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from her2adc.figures import (
    adverse_events,
    forest,
    inclusion_flow,
    missing_pattern,
    response_bars,
)
from her2adc.figures.forest_layout import Item, axis_limits, axis_ticks
from her2adc.results import frame, row

ARMS = ("HER2-low", "HER2-positive")
WIDTHS = pytest.mark.parametrize("width", [75, 100, 154])
LONG = "Brain or leptomeningeal metastases at inclusion, whether treated before or not"
FEW = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def line(variable, level, ratio, spread, events=(9, 12), method="Cox"):
    """Rows of one line of a forest plot."""
    place = {"variable": variable, "level": level}
    low, high = ratio * math.exp(-spread), ratio * math.exp(spread)
    rows = [
        row(
            "forest",
            "hazard_ratio",
            ratio,
            conf_low=low,
            conf_high=high,
            conf_level=0.95,
            method=method,
            n=60,
            n_events=sum(events),
            **place,
        )
    ]
    for arm, count in zip(ARMS, events, strict=True):
        rows += [
            row("forest", "n_arm", 30, group=arm, **place),
            row("forest", "events_arm", count, group=arm, **place),
        ]
    return rows


def subgroups(spreads=(0.6, 5.0), ratios=(0.4, 0.8)):
    """All patients, a variable with two levels, one with a level that is not estimable."""
    rows = line("", "", 0.5, 0.5)
    for i, (ratio, spread) in enumerate(zip(ratios, spreads, strict=True)):
        rows += line(
            "brain",
            [LONG, "No"][i % 2] + str(i // 2 or ""),
            ratio,
            spread,
            method="Firth's penalty" if i == 0 else "Cox",
        )
    rows += line("liver", "Yes", math.nan, 0.1, (0, 0)) + line("liver", "No", 0.7, 0.4)
    return frame(
        [
            *rows,
            row("forest", "p_interaction", 0.04, variable="brain"),
            row("forest", "p_interaction", math.nan, variable="liver"),
        ]
    )


def clean(shown):
    """Nothing overlaps and nothing is cut off."""
    assert shown.overlaps() == []
    assert shown.outside() == []


def texts(figure):
    return [t.get_text() for t in figure.texts]


@FEW
@given(
    st.lists(st.tuples(st.floats(0.02, 30), st.floats(0.05, 6)), min_size=2, max_size=6),
    st.sampled_from([75, 110, 154]),
)
def test_forest_holds_any_estimates(drawn, pairs, width):
    ratios, spreads = zip(*pairs, strict=True)
    figure = forest(
        subgroups(spreads, ratios), labels={"brain": "Brain metastasis"}, arm_labels=ARMS, width_mm=width
    )
    clean(drawn(figure))
    low, high = figure.axes[0].get_xlim()
    assert low < 1 < high
    assert all(low <= ratio <= high for ratio in ratios)
    assert 1.0 in figure.axes[0].get_xticks()


def test_forest_prints_what_it_clips_and_what_it_cannot_estimate():
    figure = forest(subgroups(), labels={"brain": "Brain metastasis"}, arm_labels=ARMS)
    printed = texts(figure)
    assert "0.80 (0.01 to 118.73)" in printed
    assert printed.count("NE") == 2
    assert "0.40 (0.22 to 0.73)†" in printed
    assert [t for t in printed if t.startswith("All patients")] == ["All patients"]
    assert printed.index("All patients") < printed.index("Brain metastasis")
    arrows = [ln for ln in figure.axes[0].lines if ln.get_marker() in ("<", ">")]
    assert len(arrows) == 2
    assert "← Favours HER2-positive" in printed


def test_forest_squares_grow_with_events():
    rows = frame(
        line("", "", 0.5, 0.5) + line("a", "few", 0.5, 0.5, (1, 1)) + line("a", "many", 0.5, 0.5, (20, 20))
    )
    figure = forest(rows, labels={}, arm_labels=ARMS)
    squares = [ln.get_markersize() for ln in figure.axes[0].lines if ln.get_marker() == "s"]
    assert squares[0] < squares[1]


def test_forest_takes_the_arms_compared_from_three_groups():
    figure = forest(subgroups(), labels={}, arm_labels=["HER2-zero", *ARMS])
    assert "← Favours HER2-positive" in texts(figure)
    assert "Favours HER2-low →" in texts(figure)


def test_forest_without_rows_says_so():
    with pytest.raises(ValueError, match="hazard_ratio"):
        forest(frame([]), labels={}, arm_labels=ARMS)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.09, 11, [0.1, 0.2, 0.5, 1, 2, 5, 10]),
        (0.45, 2.2, [0.5, 1, 2]),
    ],
)
def test_forest_ticks_are_round(low, high, ticks):
    assert axis_ticks(low, high, 3.0) == ticks


def test_forest_axis_holds_one():
    low, high = axis_limits([Item("a", "level", value=0.2, low=0.1, high=0.4)])
    assert low < 0.1 < 1 < high


def responses(counts):
    """Results rows of best responses and rates."""
    rows = []
    for group, numbers in counts.items():
        n = sum(numbers)
        place = {"population": "treated", "group": group, "n": n}
        for level, count in zip(["CR", "PR", "SD", "PD", "NE"], numbers, strict=True):
            share = count / n if n else math.nan
            rows += [
                row(
                    "response", "count", count, variable="best_response", level=level, n_events=count, **place
                ),
                row(
                    "response",
                    "percent",
                    share,
                    variable="best_response",
                    level=level,
                    n_events=count,
                    **place,
                ),
            ]
        hits = sum(numbers[:2])
        rows.append(
            row(
                "response",
                "rate",
                hits / n if n else math.nan,
                variable="ORR",
                conf_low=0.1,
                conf_high=0.9,
                n_events=hits,
                **place,
            )
        )
    return frame(rows)


@FEW
@given(
    st.lists(st.lists(st.integers(0, 60), min_size=5, max_size=5), min_size=1, max_size=4),
    st.sampled_from([75, 154]),
)
def test_response_holds_any_counts(drawn, counts, width):
    names = ["HER2-zero", "HER2-low", "HER2-positive, prior T-DM1 and pertuzumab", "Unknown"]
    rows = responses(dict(zip(names, counts, strict=False)))
    clean(drawn(response_bars(rows, names[: len(counts)], width_mm=width)))


def test_response_bars_fill_the_axis_and_print_counts():
    figure = response_bars(responses({"All patients": [2, 37, 29, 30, 0]}), [])
    bars = figure.axes[0].patches
    assert sum(bar.get_width() for bar in bars) == pytest.approx(100)
    printed = [t.get_text() for t in figure.axes[0].texts]
    assert printed == ["37 (37.8%)", "29 (29.6%)", "30 (30.6%)", "CR 2 (2.0%)"]


def test_response_of_an_unknown_population_says_so():
    with pytest.raises(ValueError, match="evaluable"):
        response_bars(responses({"All patients": [1, 1, 1, 1, 0]}), [], population="evaluable")


def steps(count, reasons):
    """Steps of a flow in which ten patients leave for every reason."""
    out, n = [], 1000
    for i in range(count):
        step = {"label": f"Step {i} of a selection whose name is long enough to wrap", "n": n}
        if i < count - 1:
            step["excluded"] = [{"reason": LONG, "n": 10}] * reasons[i]
            n -= 10 * reasons[i]
        out.append(step)
    return out, n


@FEW
@given(
    st.integers(1, 6),
    st.lists(st.integers(0, 4), min_size=5, max_size=5),
    st.integers(0, 5),
    st.sampled_from([75, 154]),
)
def test_flow_boxes_hold_their_text(drawn, count, reasons, groups, width):
    flow, n = steps(count, reasons)
    names = ["HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive", "Not classified"][:groups]
    sizes = dict.fromkeys(names, n // max(groups, 1))
    if names:
        sizes[names[0]] += n - sum(sizes.values())
    shown = drawn(inclusion_flow(flow, groups=sizes, width_mm=width))
    clean(shown)
    boxes = [patch.get_window_extent() for patch in shown.figure.artists if hasattr(patch, "get_width")]
    boxes += [patch.get_window_extent() for patch in shown.figure.patches if patch is not shown.figure.patch]
    for text, box in zip(shown.texts, shown.boxes, strict=True):
        inside = [
            b
            for b in boxes
            if b.x0 <= box.x0 and b.x1 >= box.x1 and b.y0 - 1 <= box.y0 and b.y1 + 1 >= box.y1
        ]
        assert len(inside) == 1, text.get_text()
    for i, a in enumerate(boxes):
        assert not any(a.overlaps(b) for b in boxes[i + 1 :])


def test_flow_prints_every_count():
    figure = inclusion_flow(
        [
            {"label": "Assessed", "n": 120, "excluded": [{"reason": "No dose", "n": 22}]},
            {"label": "Analysed", "n": 98, "details": ["PFS: 98"]},
        ],
        groups=[{"label": "HER2-low", "n": 52}, {"label": "HER2-positive", "n": 46}],
    )
    printed = [t.replace("\u00a0", " ") for t in texts(figure)]
    assert {
        "n = 120",
        "n = 98",
        "PFS: 98",
        "n = 52",
        "n = 46",
        "Excluded (n = 22)",
        "• No dose (n = 22)",
    } <= set(printed)


@pytest.mark.parametrize(
    ("flow", "groups", "message"),
    [
        ([], {}, "no step"),
        ([{"label": "a", "n": 10}, {"label": "b", "n": 9}], {}, "has 9 and not 10"),
        ([{"label": "a", "n": 10}], {"x": 4, "y": 5}, "groups hold 9"),
        ([{"label": "a", "n": 10, "excluded": [{"reason": "r", "n": 1}]}], {}, "nothing follows"),
    ],
)
def test_flow_refuses_counts_that_do_not_add_up(flow, groups, message):
    with pytest.raises(ValueError, match=message):
        inclusion_flow(flow, groups=groups)


def events(groups):
    """Results rows of adverse events; one term without low grades, one without high ones."""
    rows = []
    shares = {
        "Neutropenia": (0.95, 0.2),
        "Interstitial lung disease or pneumonitis": (None, 0.06),
        "Fatigue": (0.3, None),
        "Aspartate aminotransferase increased": (0.25, 0.0),
    }
    for term, pair in shares.items():
        for group, n in groups.items():
            for statistic, share in zip(("any_grade", "grade_3_plus"), pair, strict=True):
                count = None if share is None else round(share * n)
                value = None if count is None else count / n
                rows.append(row("safety", statistic, value, variable=term, group=group, n=n, n_events=count))
    return frame(rows)


@WIDTHS
@pytest.mark.parametrize(
    "groups",
    [
        {"All patients": 98},
        {"HER2-low": 52, "HER2-positive": 46},
        {"HER2-zero": 900, "HER2-low": 1200, "HER2-positive": 700},
    ],
)
def test_butterfly(drawn, width, groups):
    figure = adverse_events(events(groups), list(groups), width_mm=width)
    clean(drawn(figure))
    assert texts(figure).count("not collected") == 2
    left, right = figure.axes
    assert left.get_xlim()[0] > left.get_xlim()[1] == 0
    widths = [ax.get_position().width / max(ax.get_xlim()) for ax in (left, right)]
    assert widths[0] == pytest.approx(widths[1])


def test_butterfly_without_groups_shows_all_patients():
    assert "20 (20.4%)" in texts(adverse_events(events({"All patients": 98}), []))


@WIDTHS
@pytest.mark.parametrize("patterns", [True, False])
def test_missing_values(drawn, width, patterns):
    rows = [
        row("missing", "count", count, variable=name, n=98)
        for name, count in (("Age", 0), (LONG, 22), ("Ki-67 index", 10))
    ]
    if patterns:
        rows += [
            row("missing", "pattern", 70, level=""),
            row("missing", "pattern", 4, level=f"{LONG}; Ki-67 index"),
        ]
    figure = missing_pattern(frame(rows), width_mm=width)
    clean(drawn(figure))
    printed = texts(figure)
    assert printed.index("22 (22.4%)") < printed.index("10 (10.2%)") < printed.index("0 (0.0%)")
    cells = figure.findobj(Rectangle)
    filled = [cell for cell in cells if to_hex(cell.get_facecolor()) == "#b5541c"]
    assert len(filled) == (2 if patterns else 0)


def test_missing_values_need_rows():
    with pytest.raises(ValueError, match="missing"):
        missing_pattern(frame([]))

"""Kaplan-Meier figures: nothing overlaps, numbers stand under their ticks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2adc.figures import SurvivalPanel, kaplan_meier, kaplan_meier_panels, month_ticks
from her2adc.figures.curves import Trace, at_risk, faint_from
from her2adc.results import concat, frame, row
from her2adc.stats import analyses, survival

LABEL = "Progression-free survival"
TWO = [("HER2-low", 52, 12.0), ("HER2-positive", 46, 40.0)]
NAMES = ["HER2-zero", "HER2-low", "HER2-positive, prior T-DM1 and pertuzumab", "Unknown", "HER2-ultralow"]
GROUPS = st.lists(
    st.tuples(st.integers(3, 400), st.sampled_from([3.0, 8.0, 15.0, 60.0, np.inf])),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(GROUPS, st.integers(0, 99), st.sampled_from([75, 100, 154]), st.sampled_from([5.0, 26.0, 64.0, 180.0]))
def test_nothing_overlaps_is_cut_off_or_crossed(drawn, curves, sizes, seed, width, longest):
    groups = [(name, *size) for name, size in zip(NAMES, sizes, strict=False)]
    curve, rows = curves(groups, seed, longest)
    figure = kaplan_meier(
        curve,
        rows,
        endpoint_label=LABEL,
        groups=[g[0] for g in groups],
        clock="Time since first dose",
        width_mm=width,
    )
    shown = drawn(figure)
    assert shown.overlaps() == []
    assert shown.outside() == []
    assert shown.crossed() == []
    assert figure.get_figwidth() * 25.4 == pytest.approx(width)


@pytest.mark.parametrize("width", [75, 154])
def test_panels_do_not_overlap_and_share_their_axes(drawn, curves, width):
    panels = [SurvivalPanel(*curves(TWO, seed), title=f"Panel {seed}") for seed in range(3)]
    figure = kaplan_meier_panels(
        panels, endpoint_label=LABEL, groups=["HER2-low", "HER2-positive"], width_mm=width
    )
    shown = drawn(figure)
    assert shown.overlaps() == []
    assert shown.outside() == []
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes}) == 1
    for ax in figure.axes:
        assert any(t.get_label().startswith("_at_risk:") for t in ax.texts)


def test_panels_with_their_own_groups_name_them(drawn, curves):
    other = [("Liver metastases", 40, 8.0), ("No liver metastases", 58, 20.0)]
    panels = [
        SurvivalPanel(*curves(TWO), groups=["HER2-low", "HER2-positive"]),
        SurvivalPanel(*curves(other), groups=[g[0] for g in other]),
    ]
    shown = drawn(kaplan_meier_panels(panels, endpoint_label=LABEL, groups=[]))
    assert shown.overlaps() == []
    texts = [t.get_text() for t in shown.texts]
    assert all(texts.count(name) >= 2 for name in ("HER2-low", "Liver metastases"))


@pytest.mark.parametrize("width", [75, 154])
def test_numbers_at_risk_stand_under_their_ticks(curves, width):
    curve, rows = curves(TWO)
    figure = kaplan_meier(
        curve, rows, endpoint_label=LABEL, groups=["HER2-low", "HER2-positive"], width_mm=width
    )
    ax = figure.axes[0]
    for name in ("HER2-low", "HER2-positive"):
        row_of = [t for t in ax.texts if t.get_label() == f"_at_risk:{name}"]
        assert [t.get_position()[0] for t in row_of] == list(ax.get_xticks())
        assert {t.get_ha() for t in row_of} == {"center"}
        assert len({t.get_position()[1] for t in row_of}) == 1
        assert row_of[0].get_text() == {"HER2-low": "52 (0)", "HER2-positive": "46 (0)"}[name]


@pytest.mark.parametrize("width", [75, 154])
def test_long_names_of_axes_are_broken(drawn, curves, width):
    curve, rows = curves(TWO)
    long = "Progression-free survival on the second antibody-drug conjugate, by local assessment"
    figure = kaplan_meier(
        curve,
        rows,
        endpoint_label=long,
        groups=["HER2-low", "HER2-positive"],
        clock="Time since the first dose of the second antibody-drug conjugate of the sequence",
        width_mm=width,
    )
    shown = drawn(figure)
    assert shown.overlaps() == []
    assert shown.outside() == []


def test_ticks_divide_the_year(curves):
    curve, rows = curves(TWO, longest=62.0)
    figure = kaplan_meier(curve, rows, endpoint_label=LABEL, groups=["HER2-low", "HER2-positive"])
    steps = np.diff(figure.axes[0].get_xticks())
    assert set(steps) <= {3.0, 6.0, 12.0, 24.0}
    assert month_ticks(62.0)[1] == 12.0


def test_asked_ticks_and_end_are_kept(curves):
    curve, rows = curves(TWO)
    figure = kaplan_meier(
        curve, rows, endpoint_label=LABEL, groups=["HER2-low", "HER2-positive"], time_max=18, tick=6
    )
    assert list(figure.axes[0].get_xticks()) == [0, 6, 12, 18]
    assert figure.axes[0].get_xlim() == (0, 18)
    lines = [ln for ln in figure.axes[0].lines if str(ln.get_label()).startswith("_curve")]
    assert max(np.max(line.get_xdata()) for line in lines) <= 18


def test_groups_differ_in_colour_and_in_line(curves):
    groups = [(name, 60, 10.0 + i) for i, name in enumerate(NAMES)]
    curve, rows = curves(groups)
    figure = kaplan_meier(curve, rows, endpoint_label=LABEL, groups=NAMES)
    lines = [ln for ln in figure.axes[0].lines if str(ln.get_label()).startswith("_curve")]
    first = {ln.get_label(): ln for ln in reversed(lines)}
    assert len({ln.get_color() for ln in first.values()}) == 5
    assert len({str(ln._unscaled_dash_pattern) for ln in first.values()}) == 5


def test_annotation_prints_medians_and_p(curves):
    curve, rows = curves([("HER2-low", 52, 8.0), ("HER2-positive", 46, np.inf)], p=0.0004)
    figure = kaplan_meier(curve, rows, endpoint_label=LABEL, groups=["HER2-low", "HER2-positive"])
    texts = [t.get_text() for t in figure.texts]
    assert "Log-rank p < 0.001" in texts
    assert "Median (95% CI), months" in texts
    assert "NR" in texts


def test_stored_numbers_at_risk_win_over_the_curve():
    table = pd.DataFrame(
        {
            "time": [0.0, 2.0, 5.0],
            "n_risk": [9, 9, 7],
            "n_event": [0, 1, 2],
            "n_censor": [0, 1, 5],
            "survival": [1, 0.9, 0.6],
        }
    )
    trace = Trace("A", "A", "#000000", "solid", table, None)
    assert at_risk(trace, frame([]), [0, 2, 3, 6]) == [(9, 0), (9, 1), (7, 1), (0, 3)]
    stored = frame(
        [
            row("at_risk", "n_at_risk", 8, group="A", level="3"),
            row("at_risk", "n_events_cumulative", 2, group="A", level="3"),
        ]
    )
    assert at_risk(trace, stored, [0, 3]) == [(9, 0), (8, 2)]


def late(seed=1, n=40):
    """Patients of whom most come under observation later; times to the event, and to entry."""
    rng = np.random.default_rng(seed)
    entry = np.where(rng.random(n) < 0.2, 0.0, rng.uniform(0, 12, n))
    time = entry + rng.uniform(1, 30, n)
    return pd.DataFrame({"OS_time": time, "OS_event": rng.random(n) < 0.4, "OS_entry": entry})


def printed(figure, name="All patients"):
    """Tick, and the number at risk printed under it."""
    return {
        t.get_position()[0]: int(t.get_text().split()[0])
        for t in figure.axes[0].texts
        if t.get_label() == f"_at_risk:{name}"
    }


def by_hand(data, at):
    entered = (data["OS_entry"] < at) | (data["OS_entry"] == 0)
    return int((entered & (data["OS_time"] >= at)).sum())


@pytest.mark.parametrize(("time_max", "tick"), [(5.0, None), (8.0, None), (None, None), (20.0, 2.5)])
@pytest.mark.parametrize("asked", [True, False])
def test_numbers_at_risk_are_those_of_the_data_at_the_ticks_drawn(time_max, tick, asked):
    data = late()
    rows, curve = analyses.endpoint(data, "OS"), survival.curve(data, "OS")
    ask = (lambda times: survival.at_risk(data, "OS", None, times)) if asked else None
    settings = {"endpoint_label": "OS", "groups": ["All patients"], "time_max": time_max, "tick": tick}
    if tick and not asked:  # nobody knows how many were at risk at 2.5, 7.5, ...
        figure = kaplan_meier(curve, rows, **settings)
        assert set(printed(figure)) == {0.0, 15.0}
    else:
        figure = kaplan_meier(curve, rows, at_risk=ask, **settings)
    assert len(printed(figure)) > 1
    assert printed(figure) == {at: by_hand(data, at) for at in printed(figure)}


def test_numbers_that_nobody_knows_are_refused():
    data = late()
    with pytest.raises(ValueError, match="entry into observation is delayed"):
        kaplan_meier(survival.curve(data, "OS"), frame([]), endpoint_label="OS", groups=["All patients"])


def test_a_time_equal_to_a_tick_up_to_rounding_is_at_risk_there():
    data = pd.DataFrame({"OS_time": [1.0, 6 - 1e-13, 9.0], "OS_event": True})
    curve = survival.curve(data, "OS")
    figure = kaplan_meier(curve, frame([]), endpoint_label="OS", groups=["All patients"], tick=3)
    assert printed(figure) == {0: 3, 3: 2, 6: 2, 9: 1}


@pytest.mark.parametrize(("left", "expected"), [([20, 9, 4], 2.0), ([20, 9, 5], np.inf), ([4, 3, 2], 0.0)])
def test_curve_is_faint_where_few_remain(left, expected):
    n = left[0]
    table = pd.DataFrame(
        {
            "time": [0.0, 1.0, 2.0],
            "n_risk": [n, n, left[1]],
            "n_event": 0,
            "n_censor": [0, n - left[1], left[1] - left[2]],
            "survival": 1.0,
        }
    )
    assert faint_from(Trace("A", "A", "#000000", "solid", table, None)) == expected


def test_rows_of_two_endpoints_are_refused(curves):
    curve, rows = curves(TWO)
    both = concat([rows, rows.assign(variable="OS")])
    with pytest.raises(ValueError, match="rows of one endpoint"):
        kaplan_meier(curve, both, endpoint_label=LABEL, groups=["HER2-low", "HER2-positive"])


def test_group_without_patients_keeps_its_row(drawn, curves):
    curve, rows = curves(TWO[:1])
    figure = kaplan_meier(curve, rows, endpoint_label=LABEL, groups=["HER2-low", "HER2-zero"])
    empty = [t.get_text() for t in figure.axes[0].texts if t.get_label() == "_at_risk:HER2-zero"]
    assert set(empty) == {"0 (0)"}
    assert drawn(figure).overlaps() == []

"""Cumulative incidence and state occupation: nothing overlaps, what is drawn is what is given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2adc.figures import cumulative_incidence, save, state_occupation
from her2adc.figures.state_occupation import state_colors
from her2adc.results import frame, row
from her2adc.stats import multistate, survival

WIDTHS = pytest.mark.parametrize("width", [75, 110, 154])
FEW = settings(max_examples=20, deadline=None, derandomize=True,
               suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
CAUSES = ["Second ADC", "Death"]
ARMS = ["T-DXd first", "SG first"]
LABELS = {"Death": "Death before a second ADC"}
STATES = ["On first ADC", "Off first ADC, before a second", "On second ADC", "After second ADC", "Dead"]


def curve(groups=("All patients",), n=200, seed=0, rates=(12.0, 20.0), longest=36.0):
    """Aalen-Johansen estimates good enough to draw."""
    random = np.random.default_rng(seed)
    tables = []
    for group in groups:
        times = np.column_stack([random.exponential(rate, n) for rate in rates])
        last = random.uniform(0.1, longest, n)
        first = np.minimum(times.min(axis=1), last).round(1) + 0.1
        cause = np.where(times.min(axis=1) > last, 0, times.argmin(axis=1) + 1)
        unique = np.unique(first)
        risk = np.array([(first >= t).sum() for t in unique])
        events = {k: np.array([((first == t) & (cause == k)).sum() for t in unique]) for k in (0, 1, 2)}
        free = np.cumprod(1 - (events[1] + events[2]) / risk)
        before = np.append(1.0, free[:-1])
        for k, name in enumerate(CAUSES, start=1):
            incidence = np.cumsum(before * events[k] / risk)
            spread = 1 / np.sqrt(n) * np.sqrt(incidence)
            table = pd.DataFrame({
                "group": group, "cause": name, "time": np.append(0.0, unique),
                "n_risk": np.append(n, risk), "n_event": np.append(0, events[k]),
                "n_competing": np.append(0, events[3 - k]), "n_censor": np.append(0, events[0]),
                "incidence": np.append(0.0, incidence),
                "conf_low": np.append(np.nan, (incidence - spread).clip(0, 1)),
                "conf_high": np.append(np.nan, (incidence + spread).clip(0, 1)),
            })  # fmt: skip
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def incidences(groups=("All patients",)):
    rows = []
    for cause in CAUSES:
        rows += [
            row("cumulative_incidence", "incidence", 0.364, variable=f"E: {cause}", group=group, level="12",
                conf_low=0.308, conf_high=0.42, conf_level=0.95, n=200)
            for group in groups
        ]  # fmt: skip
        rows.append(row("gray_test", "p_value", 0.145, variable=f"E: {cause}", level="arm"))
    return frame(rows)


def texts(figure):
    return [t.get_text() for t in figure.texts]


def clean(shown):
    assert shown.overlaps() == []
    assert shown.outside() == []


@WIDTHS
def test_causes_of_one_group_share_a_plot(drawn, width):
    figure = cumulative_incidence(
        curve(), incidences(), causes=CAUSES, labels=LABELS, landmark=12, width_mm=width
    )
    shown = drawn(figure)
    clean(shown)
    assert len(figure.axes) == 1
    printed = texts(figure)
    assert printed.count("36.4% (30.8 to 42.0)") == 2
    assert not any("Gray" in text for text in printed)
    ax = figure.axes[0]
    rows = {name: [t.get_text() for t in ax.texts if t.get_label() == f"_at_risk:{name}"]
            for name in ("", *CAUSES)}  # fmt: skip
    assert rows[""][0] == "200"
    assert [len(found) for found in rows.values()] == [len(ax.get_xticks())] * 3
    assert rows["Death"][0] == "0"
    assert all(int(a) <= int(b) for a, b in zip(rows["Death"], rows["Death"][1:], strict=False))


@WIDTHS
def test_groups_have_a_panel_a_cause(drawn, width):
    figure = cumulative_incidence(
        curve(ARMS), incidences(ARMS), causes=CAUSES, groups=ARMS, labels=LABELS, landmark=12, width_mm=width
    )
    clean(drawn(figure))
    assert len(figure.axes) == 2
    assert texts(figure).count("Gray's test p = 0.145") == 2
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes}) == 1
    for ax in figure.axes:
        first = [t.get_text() for t in ax.texts if t.get_label() == "_at_risk:SG first"]
        assert first[0] == "200 (0)"


@FEW
@given(
    st.integers(1, 300),
    st.integers(0, 50),
    st.sampled_from([(3.0, 9.0), (200.0, 20.0), (1e9, 1e9), (5.0, 1e9)]),
    st.sampled_from([5.0, 36.0, 120.0]),
    st.sampled_from([75, 154]),
)
def test_any_incidence(drawn, n, seed, rates, longest, width):
    table = curve(n=n, seed=seed, rates=rates, longest=longest)
    figure = cumulative_incidence(table, incidences(), causes=CAUSES, landmark=12, width_mm=width)
    shown = drawn(figure)
    clean(shown)
    assert shown.crossed() == []
    most = 100 * np.nanmax(table["incidence"])
    assert most <= figure.axes[0].get_ylim()[1]


def test_rare_events_get_an_axis_of_their_own():
    table = curve(rates=(400.0, 20.0), n=300)
    figure = cumulative_incidence(table, frame([]), causes=CAUSES[:1])
    assert figure.axes[0].get_yticks().max() <= 20
    figure = cumulative_incidence(table, frame([]), causes=CAUSES[:1], top=100)
    assert figure.axes[0].get_yticks().max() == 100


def test_cause_that_is_not_there():
    with pytest.raises(ValueError, match="no 'Progression' of 'All patients'"):
        cumulative_incidence(curve(), frame([]), causes=["Progression"])


def occupation(n=120, seed=0, scale=1.0, group=None):
    """Shares of simulated patients in each state."""
    random = np.random.default_rng(seed)
    steps = np.cumsum([random.exponential(s * scale, n) for s in (8, 3, 4)], axis=0)
    dead = np.minimum(steps[0], steps[2]) + random.exponential(10, n)
    times = np.unique(np.concatenate([[0.0], *steps, dead]).round(1))
    times = times[times < 30]
    alive = dead[None, :] > times[:, None]
    passed = (steps[:, None, :] <= times[None, :, None]).sum(axis=0)
    shares = {state: ((passed == k) & alive).mean(axis=1) for k, state in enumerate(STATES[:4])}
    table = pd.DataFrame({"time": times, **shares, "Dead": (~alive).mean(axis=1)})
    table["n_risk"] = np.linspace(n, 3, len(table)).astype(int)
    return table if group is None else table.assign(group=group)


@WIDTHS
def test_states_are_named_once_each(drawn, width):
    figure = state_occupation(occupation(), states=STATES, clock="Time since the first dose", width_mm=width)
    clean(drawn(figure))
    printed = " ".join(texts(figure))
    for state in STATES:
        assert printed.count(state) == 1
    assert "120" in texts(figure)


@WIDTHS
def test_table_of_the_statistics_is_taken_as_it_is(drawn, width):
    wide = pd.concat([occupation(group=arm, seed=i) for i, arm in enumerate(ARMS)], ignore_index=True)
    tall = wide.melt(["group", "time", "n_risk"], STATES, "state", "probability")
    counts = np.where(tall["state"] == "Dead", 7, np.where(tall["state"] == STATES[0], tall["n_risk"], 0))
    figure = state_occupation(tall.assign(n=counts), states=STATES, groups=ARMS, width_mm=width)
    clean(drawn(figure))
    assert texts(figure) == texts(state_occupation(wide, states=STATES, groups=ARMS, width_mm=width))


def test_areas_are_the_shares():
    table = occupation()
    figure = state_occupation(table, states=STATES)
    ax = figure.axes[0]
    areas = {c.get_label(): c for c in ax.collections}
    at = int(np.searchsorted(table["time"], 6.0))
    for i, state in enumerate(STATES):
        points = areas[state].get_paths()[0].vertices
        here = points[np.isclose(points[:, 0], table["time"].iloc[at]), 1]
        high = 100 * table[STATES[: i + 1]].iloc[at].sum()
        assert np.isclose(here, high).any()
    assert ax.get_ylim() == (0, 100)


@WIDTHS
def test_groups_have_panels_with_the_same_axis(drawn, width):
    table = pd.concat([occupation(seed=1, group=ARMS[0]), occupation(40, 2, 0.5, ARMS[1])])
    figure = state_occupation(table, states=STATES, groups=ARMS, width_mm=width)
    clean(drawn(figure))
    assert len({ax.get_xlim() for ax in figure.axes}) == 1
    assert all(arm in texts(figure) for arm in ARMS)


@FEW
@given(st.integers(1, 60), st.integers(0, 40), st.floats(0.1, 8), st.sampled_from([75, 154]))
def test_any_states(drawn, n, seed, scale, width):
    clean(drawn(state_occupation(occupation(n, seed, scale), states=STATES, width_mm=width)))


def test_states_that_nobody_enters_are_not_named(drawn):
    table = pd.DataFrame({"time": [0.0, 5.0], "A": [1.0, 0.4], "B": [0.0, 0.6], "C": [0.0, 0.0]})
    figure = state_occupation(table, states=["A", "B", "C"], quiet=())
    clean(drawn(figure))
    assert "C" not in texts(figure)
    only = pd.DataFrame({"time": [0.0], "A": [1.0]})
    clean(drawn(state_occupation(only, states=["A"])))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"time": [0.0], "A": [0.9], "B": [0.0]}), "do not sum to 1"),
        (pd.DataFrame({"time": [0.0], "A": [1.2], "B": [-0.2]}), "do not sum to 1"),
        (pd.DataFrame({"time": [0.0], "A": [1.0]}), "no column"),
    ],
)
def test_shares_have_to_be_shares(table, message):
    with pytest.raises(ValueError, match=message):
        state_occupation(table, states=["A", "B"])


def test_states_differ_in_colour():
    colors = state_colors(STATES, ["Dead"])
    assert len(set(colors.values())) == 5


def test_files_are_the_same_every_time(tmp_path):
    makers = {
        "incidence": lambda: cumulative_incidence(curve(), incidences(), causes=CAUSES),
        "states": lambda: state_occupation(occupation(), states=STATES),
    }
    for name, draw in makers.items():
        first, second = (save(draw(), tmp_path / f"{name}{i}", "f", occupation()) for i in (1, 2))
        assert all(first[kind].read_bytes() == second[kind].read_bytes() for kind in first)


@pytest.mark.parametrize("asked", [True, False])
def test_those_alive_and_followed_are_counted_at_the_ticks(asked):
    """Not just after the next time: of 40 followed to month 24 exactly, 40 are followed at 24."""
    rng = np.random.default_rng(4)
    time = np.concatenate([np.full(40, 24.0), rng.uniform(1, 23, 30)])
    data = pd.DataFrame({"OS_time": time, "OS_event": time < 12, "pd": 0.5 * time})
    states = {"On ADC1": None, "After ADC1": "pd"}
    table = multistate.wide(multistate.occupation(data, states))
    ask = (lambda times: survival.at_risk(data, "OS", None, times)) if asked else None
    figure = state_occupation(table, states=[*states, "Dead"], at_risk=ask, tick=6)
    found = [t.get_text() for t in figure.texts if t.get_text().isdigit()]
    assert found == [str((time >= t).sum()) for t in (0, 6, 12, 18, 24)]

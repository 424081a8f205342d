"""Swimmer plot: one bar a patient, or a summary; every treatment and symbol is where it happened."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.patches import Rectangle

from her2adc.figures import save, swimmer

WIDTHS = pytest.mark.parametrize("width", [75, 154])
AGENTS = ["T-DXd", "SG", "Chemotherapy", "Endocrine therapy with a CDK4/6 inhibitor", "Other"]
GROUPS = ["T-DXd first", "SG first"]
KINDS = ["response", "progression", "death", "ongoing", "toxicity"]


def patients(n, seed=0, longest=30.0):
    """Treatments and marks of toy patients."""
    random = np.random.default_rng(seed)
    bars, marks = [], []
    for number in range(1, n + 1):
        first = int(random.integers(2))
        time = 0.0
        for line in range(random.integers(1, 4)):
            stop = time + random.uniform(0, longest / 3)
            agent = AGENTS[(first + line) % len(AGENTS)]
            bars.append((number, GROUPS[first], agent, time, stop))
            marks.append((number, KINDS[random.integers(5)], stop))
            time = stop + random.uniform(0, 2)
    return (
        pd.DataFrame(bars, columns=["patient", "group", "agent", "start", "stop"]),
        pd.DataFrame(marks, columns=["patient", "kind", "time"]),
    )


def texts(figure):
    return [t.get_text() for t in figure.texts]


def clean(shown):
    assert shown.overlaps() == []
    assert shown.outside() == []


def rectangles(ax):
    return [p for p in ax.patches if isinstance(p, Rectangle)]


@WIDTHS
@pytest.mark.parametrize("n", [1, 2, 40, 60, 61, 400])
def test_nothing_overlaps_at_any_number(drawn, n, width):
    bars, marks = patients(n)
    figure = swimmer(bars, marks, agents=AGENTS, groups=GROUPS, quiet=["Other"], width_mm=width)
    clean(drawn(figure))
    assert f"Patients (n = {n})" in texts(figure)
    assert len(figure.axes) == (1 if n <= 60 else 2)


@settings(max_examples=15, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.integers(1, 120), st.integers(0, 30), st.sampled_from([0.5, 9.0, 90.0]), st.sampled_from([75, 154]))
def test_any_patients(drawn, n, seed, longest, width):
    bars, marks = patients(n, seed, longest)
    clean(drawn(swimmer(bars, marks, agents=AGENTS, labels={"toxicity": "Toxicity"}, width_mm=width)))


def treatments(ax):
    """Start, end and height of every bar, whether drawn one by one or together."""
    found = [(p.get_x(), p.get_x() + p.get_width(), p.get_y() + p.get_height() / 2) for p in rectangles(ax)]
    for bars in (c for c in ax.collections if str(c.get_label()).startswith("_bars")):
        corners = [path.vertices for path in bars.get_paths()]
        found += [(v[:, 0].min(), v[:, 0].max(), (v[:, 1].min() + v[:, 1].max()) / 2) for v in corners]
    return found


@pytest.mark.parametrize("n", [40, 200])
def test_every_treatment_is_drawn_from_start_to_stop(n):
    bars, marks = patients(n)
    ax = swimmer(bars, marks, agents=AGENTS).axes[-1]
    drawn = sorted((round(x0, 6), round(x1, 6)) for x0, x1, _ in treatments(ax))
    given = sorted((round(a, 6), round(b, 6)) for a, b in zip(bars["start"], bars["stop"], strict=True))
    assert np.allclose(drawn, given)
    heights = {round(y, 6) for _, _, y in treatments(ax)}
    assert len(heights) == n
    assert all(0 <= y <= ax.get_ylim()[0] for y in heights)


def test_patients_are_sorted_by_time_under_observation_within_groups():
    bars, marks = patients(30)
    figure = swimmer(bars, marks, agents=AGENTS, groups=GROUPS)
    end = pd.concat([bars.rename(columns={"stop": "time"}), marks]).groupby("patient")["time"].max()
    group = bars.groupby("patient")["group"].first()
    wanted = sorted(end.index, key=lambda i: (GROUPS.index(group[i]), -end[i], i))
    assert [int(t) for t in texts(figure) if t.isdigit()] == wanted


def test_symbols_stand_at_their_times():
    bars, marks = patients(30)
    ax = swimmer(bars, marks, agents=AGENTS).axes[0]
    for kind in ("response", "progression", "death", "toxicity"):
        line = next(ln for ln in ax.lines if ln.get_label() == f"_mark:{kind}")
        assert np.allclose(sorted(line.get_xdata()), sorted(marks.loc[marks["kind"] == kind, "time"]))
    beyond = next(ln for ln in ax.lines if ln.get_label() == "_mark:ongoing")
    assert (np.sort(beyond.get_xdata()) > np.sort(marks.loc[marks["kind"] == "ongoing", "time"])).all()


def test_last_contact_ends_the_line_without_a_symbol():
    bars = pd.DataFrame({"patient": [1], "agent": ["SG"], "start": [0.0], "stop": [3.0]})
    marks = pd.DataFrame({"patient": [1], "kind": ["last contact"], "time": [9.0]})
    figure = swimmer(bars, marks, agents=["SG"])
    assert figure.axes[0].get_xlim()[1] >= 9
    assert "last contact" not in texts(figure)
    assert figure.axes[0].lines == [] or not any("last" in str(x.get_label()) for x in figure.axes[0].lines)


def test_summary_counts_those_on_each_agent():
    bars, marks = patients(150)
    top = swimmer(bars, marks, agents=AGENTS).axes[0]
    areas = {c.get_label(): c.get_paths()[0].vertices for c in top.collections}
    on = ((bars["start"] <= 0) & (bars["stop"] > 0) & (bars["agent"] == "T-DXd")).sum()
    assert areas["T-DXd"][:, 1].max() >= on
    assert sum(v[:, 1].max() >= 150 for v in areas.values()) >= 1  # all start on something


def test_without_marks_and_with_an_empty_treatment(drawn):
    bars = pd.DataFrame({"patient": [7], "agent": ["SG"], "start": [0.0], "stop": [0.0]})
    figure = swimmer(bars, agents=["SG"])
    clean(drawn(figure))
    assert texts(figure)[:2] == ["SG", "7"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"agent": "Docetaxel"}, "unknown agents"),
        ({"stop": -1.0}, "runs from 0 to -1"),
        ({"stop": float("nan")}, "runs from 0 to nan"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, message):
    bars = pd.DataFrame({"patient": [1], "agent": ["SG"], "start": [0.0], "stop": [3.0]}).assign(**change)
    with pytest.raises(ValueError, match=message):
        swimmer(bars, agents=["SG"])
    with pytest.raises(ValueError, match="no column"):
        swimmer(bars, agents=["SG"], groups=["A"])
    with pytest.raises(ValueError, match="no treatment"):
        swimmer(bars.iloc[:0], agents=["SG"])


def test_files_are_the_same_every_time(tmp_path):
    for n in (20, 90):
        bars, marks = patients(n)
        first, second = (
            save(swimmer(bars, marks, agents=AGENTS), tmp_path / f"{n}{i}", "f", bars) for i in (1, 2)
        )
        assert all(first[kind].read_bytes() == second[kind].read_bytes() for kind in first)

"""Love plot and overlap of propensity scores."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2adc.figures import balance, propensity_overlap, save
from her2adc.results import frame, row

WIDTHS = pytest.mark.parametrize("width", [75, 154])
FEW = settings(max_examples=20, deadline=None, derandomize=True,
               suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
LONG = "Lines of chemotherapy for advanced disease before the first antibody-drug conjugate"


def differences(pairs):
    """Results rows of variables with differences before and after weighting."""
    rows = []
    for name, before, after in pairs:
        rows.append(row("balance", "smd", before, variable=name))
        rows.append(row("balance", "smd_weighted", after, variable=name))
    return frame(rows)


def texts(figure):
    return [t.get_text() for t in figure.texts]


def clean(shown):
    assert shown.overlaps() == []
    assert shown.outside() == []


@WIDTHS
def test_largest_difference_comes_first_and_both_are_printed(drawn, width):
    rows = differences([("age", 0.1, 0.02), (LONG, 0.81, 0.115), ("empty", math.nan, math.nan)])
    figure = balance(rows, labels={"age": "Age"}, width_mm=width)
    clean(drawn(figure))
    printed = texts(figure)
    assert printed.index("0.81") < printed.index("0.10") < printed.index("NE")
    assert "0.12" in printed
    ax = figure.axes[0]
    after = [ln.get_xdata()[0] for ln in ax.lines if ln.get_label() == "_after"]
    assert after[:2] == [0.115, 0.02]
    dashed = [ln for ln in ax.lines if list(ln.get_xdata()) == [0.1, 0.1]]
    assert len(dashed) == 1


@FEW
@given(
    st.lists(st.tuples(st.floats(0, 6), st.floats(0, 6)), min_size=1, max_size=12),
    st.sampled_from([75, 154]),
)
def test_any_differences(drawn, pairs, width):
    rows = differences([(f"Variable {i}", *pair) for i, pair in enumerate(pairs)])
    figure = balance(rows, width_mm=width)
    clean(drawn(figure))
    assert figure.axes[0].get_xlim()[1] >= max(max(pair) for pair in pairs)


def test_balance_needs_rows():
    with pytest.raises(ValueError, match="'smd'"):
        balance(frame([]))


def scores(n=200, seed=0, weight=True):
    random = np.random.default_rng(seed)
    group = np.where(random.random(n) < 0.6, "T-DXd first", "SG first")
    score = np.where(group == "T-DXd first", random.beta(3, 2, n), random.beta(2, 3, n))
    table = pd.DataFrame({"group": group, "score": score})
    return table.assign(weight=1 / np.where(group == "T-DXd first", score, 1 - score)) if weight else table


@WIDTHS
@pytest.mark.parametrize("weight", [True, False])
def test_bars_count_the_patients(drawn, width, weight):
    table = scores(weight=weight)
    figure = propensity_overlap(table, groups=["SG first", "T-DXd first"], width_mm=width)
    clean(drawn(figure))
    heights = np.array([bar.get_height() for bar in figure.axes[0].patches if hasattr(bar, "get_height")])
    counts = table["group"].value_counts()
    assert heights[heights > 0].sum() == counts["T-DXd first"]
    assert -heights[heights < 0].sum() == counts["SG first"]
    assert f"SG first (n = {counts['SG first']})" in texts(figure)
    assert any("Outline" in t for t in texts(figure)) == (weight and width > 100)


@FEW
@given(st.integers(1, 500), st.integers(0, 20), st.sampled_from([75, 154]))
def test_any_scores(drawn, n, seed, width):
    names = {"SG first": "Sacituzumab govitecan first, then trastuzumab deruxtecan"[: 20 + width // 2]}
    clean(drawn(propensity_overlap(scores(n, seed), groups=["T-DXd first", "SG first"], labels=names,
                                   width_mm=width)))  # fmt: skip


def test_overlap_is_of_two_groups(drawn):
    with pytest.raises(ValueError, match="3 groups"):
        propensity_overlap(scores(), groups=["a", "b", "c"])
    nobody = pd.DataFrame({"group": ["a"], "score": [0.5]})
    clean(drawn(propensity_overlap(nobody, groups=["a", "b"], limits=None)))


def test_files_are_the_same_every_time(tmp_path):
    makers = {
        "love": lambda: balance(differences([("a", 0.3, 0.1)])),
        "overlap": lambda: propensity_overlap(scores(), groups=["SG first", "T-DXd first"]),
    }
    for name, draw in makers.items():
        first, second = (save(draw(), tmp_path / f"{name}{i}", "f", scores()) for i in (1, 2))
        assert all(first[kind].read_bytes() == second[kind].read_bytes() for kind in first)

"""Alluvial plot: mass is conserved, nothing overlaps, every flow that matters has its count."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from her2adc.figures import alluvial, save
from her2adc.figures.alluvial_labels import band_at
from her2adc.figures.alluvial_layout import alluvial_layout
from her2adc.figures.keys import category_colors, key_rows, spread
from her2adc.figures.sheet import width_of

THREE = ["HER2-zero", "HER2-low", "HER2-positive"]
FOUR = ["HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive"]
AGENTS = ["Death", "No further therapy", "Ongoing", "Endocrine therapy", "Chemotherapy", "Other ADC",
          "T-DM1", "Dato-DXd", "SG", "T-DXd"]  # fmt: skip
# pairs of a published cohort of 247 as its margins and its text allow
PAIRS = [[23, 25, 3], [26, 83, 16], [4, 19, 48]]
WIDTHS = pytest.mark.parametrize("width", [75, 154])


def random_flows(classes, stages, absent=False):
    """Up to 24 paths over these classes; most counts small, some large."""
    names = st.sampled_from([*classes, None] if absent else list(classes))
    first = st.sampled_from(list(classes))
    path = st.tuples(first, *[names] * (stages - 1), st.one_of(st.integers(1, 3), st.integers(1, 120)))
    columns = [f"s{i}" for i in range(stages)] + ["n"]
    return st.lists(path, min_size=1, max_size=24).map(lambda rows: pd.DataFrame(rows, columns=columns))


def square(counts=PAIRS, classes=THREE):
    rows = [(a, b, counts[i][j]) for i, a in enumerate(classes) for j, b in enumerate(classes)]
    return pd.DataFrame(rows, columns=["s0", "s1", "n"])


def draw(flows, classes=THREE, **more):
    stages = [c for c in flows.columns if c != "n"]
    labels = ["Primary tumour", "First recurrence", "After trastuzumab deruxtecan", "Later"][: len(stages)]
    return alluvial(flows, stages=stages, labels=labels, classes=classes, **more)


def texts(figure):
    return [t.get_text() for t in figure.texts]


def clean(shown):
    assert shown.overlaps() == []
    assert shown.outside() == []


FIGURES = settings(max_examples=30, deadline=None, derandomize=True,
                   suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(random_flows(FOUR, 3, absent=True), st.sampled_from(["previous", "first"]), st.floats(0, 0.02))
def test_mass_is_conserved_and_bands_do_not_overlap(flows, origin, gap):
    made = alluvial_layout(
        flows, stages=["s0", "s1", "s2"], classes=FOUR, origin=origin, height=1.0, gap=gap
    )
    unit = (made.blocks[0].high - made.blocks[0].low) / made.blocks[0].n
    assert made.total == flows["n"].sum()
    for block in made.blocks:
        assert block.high - block.low == pytest.approx(block.n * unit)
        assert -1e-9 <= block.low < block.high <= 1 + 1e-9
        out = [b for b in made.bands if b.stage == block.stage and b.source == block.name]
        into = [b for b in made.bands if b.stage == block.stage - 1 and b.target == block.name]
        for bands, ends in ((out, [b.left for b in out]), (into, [b.right for b in into])):
            if not bands:
                continue
            assert sum(b.n for b in bands) == block.n
            ends = sorted(ends)
            assert ends[0][0] == pytest.approx(block.low)
            assert ends[-1][1] == pytest.approx(block.high)
            assert all(a[1] == pytest.approx(b[0]) for a, b in pairwise(ends))
    for band in made.bands:
        for low, high in (band.left, band.right):
            assert high - low == pytest.approx(band.n * unit)
    for stage in range(3):
        column = made.column(stage)
        assert sum(block.n for block in column) == made.total
        assert all(b.low - a.high == pytest.approx(gap) for a, b in pairwise(column))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(random_flows(FOUR, 3, absent=True))
def test_bands_count_what_the_paths_count(flows):
    made = alluvial_layout(flows, stages=["s0", "s1", "s2"], classes=FOUR, missing="none")
    expected = Counter()
    for a, b, c, n in flows.itertuples(index=False):
        a, b, c = (name or "none" for name in (a, b, c))
        expected[0, a, b] += n
        expected[1, b, c] += n
    assert {(b.stage, b.source, b.target): b.n for b in made.bands} == dict(expected)


def test_classes_keep_their_order_and_bands_do_not_cross_at_a_block():
    made = alluvial_layout(square(), stages=["s0", "s1"], classes=THREE)
    for stage in (0, 1):
        assert [block.name for block in made.column(stage)] == THREE
    leaving = sorted((b for b in made.bands if b.source == "HER2-low"), key=lambda b: b.left)
    assert [b.target for b in leaving] == THREE
    entering = sorted((b for b in made.bands if b.target == "HER2-low"), key=lambda b: b.right)
    assert [b.source for b in entering] == THREE


def test_edges_of_a_band_meet_its_ends():
    made = alluvial_layout(square(), stages=["s0", "s1"], classes=THREE)
    for band in made.bands:
        assert band_at(band, 0.0) == pytest.approx((0.0, *band.left))
        assert band_at(band, 1.0) == pytest.approx((1.0, *band.right))


@WIDTHS
def test_pairs_print_every_count_that_matters(drawn, width):
    figure = draw(square(), width_mm=width, notes=["at diagnosis, 2009 to 2018", "first biopsy"])
    clean(drawn(figure))
    printed = " ".join(texts(figure))
    for label in ("51 (20.6%)", "125 (50.6%)", "71 (28.7%)", "53 (21.5%)", "127 (51.4%)", "67 (27.1%)"):
        assert label in printed
    counts = [t for t in texts(figure) if t.isdigit()]
    assert sorted(counts, key=int) == ["16", "19", "23", "25", "26", "48", "83"]  # 3 and 4 are below 3%
    assert texts(figure).count("n = 247") == 2
    assert printed.index("Primary tumour") < printed.index("at diagnosis, 2009 to 2018")


def ribbons(figure):
    return {p.get_label(): p for p in figure.artists if str(p.get_label()).startswith("_band:")}


def test_bands_have_the_colour_of_their_origin():
    colors = category_colors(THREE)
    for label, patch in ribbons(draw(square())).items():
        _, _, source, _ = label.split(":")
        *rgb, alpha = patch.get_facecolor()
        assert "#" + "".join(f"{round(255 * c):02X}" for c in rgb) == colors[source]
        assert alpha == 0.5


def test_drawn_ribbons_are_as_thick_as_their_counts():
    found = ribbons(draw(square()))
    thickness = {}
    for label, patch in found.items():
        points = patch.get_path().vertices
        starts, ends = points[[0, 7], 1], points[[3, 4], 1]
        assert starts[0] - starts[1] == pytest.approx(ends[0] - ends[1])
        thickness[label] = starts[0] - starts[1]
    total = sum(thickness.values())
    for i, a in enumerate(THREE):
        for j, b in enumerate(THREE):
            assert thickness[f"_band:0:{a}:{b}"] / total == pytest.approx(PAIRS[i][j] / 247)


@FIGURES
@given(random_flows(THREE, 2), st.sampled_from([75, 154]))
def test_any_three_by_three(drawn, flows, width):
    figure = draw(flows, width_mm=width)
    clean(drawn(figure))
    check_counts(figure, flows, THREE)


@FIGURES
@given(random_flows(FOUR, 3, absent=True), st.sampled_from([75, 154]), st.sampled_from(["previous", "first"]))
def test_any_four_by_four_by_four(drawn, flows, width, origin):
    figure = draw(flows, FOUR, width_mm=width, origin=origin)
    clean(drawn(figure))
    check_counts(figure, flows, FOUR, origin)


def check_counts(figure, flows, classes, origin="previous"):
    """Every flow above 3% has its count, and no other."""
    stages = [c for c in flows.columns if c != "n"]
    made = alluvial_layout(flows, stages=stages, classes=classes, origin=origin)
    expected = Counter(str(band.n) for band in made.bands if band.n > 0.03 * made.total)
    printed = Counter(t for t in texts(figure) if t.isdigit())
    assert not expected - printed


@WIDTHS
def test_tiny_and_empty_classes(drawn, width):
    rows = [
        ("HER2-low", "HER2-low", "HER2-low", 180),
        ("HER2-zero", "HER2-zero", "HER2-low", 60),
        ("HER2-positive", "HER2-ultralow", "HER2-positive", 1),
        ("HER2-ultralow", "HER2-positive", "HER2-zero", 2),
        ("HER2-ultralow", "HER2-zero", "HER2-ultralow", 1),
    ]
    figure = draw(pd.DataFrame(rows, columns=["s0", "s1", "s2", "n"]), FOUR, width_mm=width)
    clean(drawn(figure))
    empty = pd.DataFrame(rows[:2], columns=["s0", "s1", "s2", "n"])
    figure = draw(empty, FOUR, width_mm=width)
    clean(drawn(figure))
    assert "HER2-positive" not in " ".join(texts(figure))


@WIDTHS
def test_agents_over_lines(drawn, width):
    rows = []
    for i, first in enumerate(AGENTS[3:]):
        for j, second in enumerate(AGENTS):
            for k, third in enumerate(AGENTS[:5]):
                n = (3 * i + 5 * j + 7 * k) % 11 if first != second else 0
                rows.append((first, second, second if second in AGENTS[:3] else third, n))
    flows = pd.DataFrame(rows, columns=["s0", "s1", "s2", "n"])
    figure = draw(flows, AGENTS, quiet=AGENTS[:3], width_mm=width)
    clean(drawn(figure))
    printed = " ".join(texts(figure))
    assert all(name in printed or name.split()[0] in printed for name in AGENTS)


@WIDTHS
def test_those_without_a_further_specimen_are_grey_and_not_in_the_denominator(drawn, width):
    rows = [("HER2-low", "HER2-low", 30), ("HER2-low", None, 50), ("HER2-zero", float("nan"), 20),
            ("HER2-zero", "HER2-low", 10)]  # fmt: skip
    figure = draw(pd.DataFrame(rows, columns=["s0", "s1", "n"]), width_mm=width)
    clean(drawn(figure))
    printed = " ".join(texts(figure))
    assert "40 (100.0%)" in printed
    assert "n = 40" in printed
    assert "70" in printed
    assert "No further" in printed
    shades = {label: p.get_alpha() for label, p in ribbons(figure).items()}
    assert shades["_band:0:HER2-low:No further specimen"] < shades["_band:0:HER2-low:HER2-low"]
    assert "No further" not in " ".join(texts(draw(square(), width_mm=width)))


@WIDTHS
def test_one_patient(drawn, width):
    figure = draw(pd.DataFrame([("HER2-low", "HER2-zero", 1)], columns=["s0", "s1", "n"]), width_mm=width)
    clean(drawn(figure))
    assert texts(figure).count("1") == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("HER2-low", "HER2-zero", 0)], "no patient"),
        ([("HER2-low", "HER2-zero", -1)], "count of 0 or more"),
        ([("HER2-low", "HER2-zero", 1.5)], "count of 0 or more"),
        ([("HER2-low", "IHC 1+", 4)], r"unknown classes \['IHC 1\+'\]"),
    ],
)
def test_what_cannot_be_drawn_is_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        draw(pd.DataFrame(rows, columns=["s0", "s1", "n"]))


def test_stages_and_columns_have_to_match():
    with pytest.raises(ValueError, match="no column"):
        alluvial(square(), stages=["s0", "other"], labels=["a", "b"], classes=THREE)
    with pytest.raises(ValueError, match="as many labels"):
        alluvial(square(), stages=["s0", "s1"], labels=["a"], classes=THREE)
    with pytest.raises(ValueError, match="two or more"):
        alluvial(square(), stages=["s0"], labels=["a"], classes=THREE)
    with pytest.raises(ValueError, match="'previous' or 'first'"):
        draw(square(), origin="last")


def test_files_are_the_same_every_time(tmp_path):
    made = [save(draw(square()), tmp_path / name, "alluvial", square()) for name in ("first", "second")]
    assert all(made[0][kind].read_bytes() == made[1][kind].read_bytes() for kind in made[0])
    svg = made[0]["svg"].read_text(encoding="utf-8")
    assert "HER2-positive</text>" in svg
    assert "125 (50.6%)</text>" in svg


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 1)), min_size=1, max_size=8), st.floats(8, 12))
def test_spread_intervals_keep_their_order_and_do_not_overlap(pairs, high):
    centres = sorted(c for c, _ in pairs)
    sizes = [s for _, s in pairs]
    moved = spread(centres, sizes, 0.0, high)
    for (a, x), (b, y) in pairwise(zip(moved, sizes, strict=True)):
        assert b - a >= (x + y) / 2 - 1e-9
    assert moved[0] - sizes[0] / 2 >= -1e-9
    assert moved[-1] + sizes[-1] / 2 <= high + 1e-9
    apart = all(b - a >= (x + y) / 2 for (a, x), (b, y) in pairwise(zip(centres, sizes, strict=True)))
    if apart and centres[0] >= sizes[0] / 2:
        assert moved == pytest.approx(centres)


def test_known_agents_keep_their_colours_and_none_is_shared():
    everyone = category_colors(AGENTS, quiet=AGENTS[:3])
    assert len(set(everyone.values())) == len(AGENTS)
    shades = [np.array(to_rgb(color)) for color in everyone.values()]
    assert min(np.abs(a - b).sum() for a, b in combinations(shades, 2)) > 0.2
    assert category_colors(["SG", "T-DXd"])["T-DXd"] == everyone["T-DXd"]
    assert category_colors(THREE)["HER2-low"] == "#00579B"


def test_rows_of_a_legend_fit():
    for row in key_rows(AGENTS, 2.8):
        assert sum(width_of(name) + 0.16 for name in row) + 0.16 * (len(row) - 1) <= 2.8
    assert math.isclose(len([n for row in key_rows(AGENTS, 2.8) for n in row]), len(AGENTS))

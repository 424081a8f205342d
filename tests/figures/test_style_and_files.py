"""Colours, text measuring, room finding, and files that are the same every time."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from her2adc.figures import kaplan_meier, save
from her2adc.figures.placement import box, free, quiet_corner, stack, step_boxes
from her2adc.figures.sheet import width_of, wrap
from her2adc.figures.style import group_colors, group_linestyles, ink

HER2 = ["HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive"]


def luminance(color):
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_her2_classes_keep_their_colour_whatever_stands_beside_them():
    everyone = group_colors(HER2)
    assert group_colors(["HER2-positive", "HER2-low"])["HER2-low"] == everyone["HER2-low"]
    assert len(set(everyone.values())) == 4
    assert len({str(style) for style in group_linestyles(HER2).values()}) == 4


def test_low_and_positive_differ_in_greyscale():
    colors = group_colors(HER2)
    low, positive = (luminance(colors[name]) for name in ("HER2-low", "HER2-positive"))
    assert (positive + 0.05) / (low + 0.05) > 2


@settings(max_examples=40, derandomize=True)
@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5, unique=True))
def test_groups_never_share_a_colour(names):
    assert len(set(group_colors(names).values())) == len(names)


def test_two_groups_of_one_class_get_colours_of_their_own():
    names = ["HER2-low, HR-positive", "HER2-low, HR-negative"]
    assert len(set(group_colors(names).values())) == 2


@pytest.mark.parametrize("color", ["#E07B00", "#5FA8DA", "#757575", "#ffffff"])
def test_text_can_be_read_on_white(color):
    assert 1.05 / (luminance(ink(color)) + 0.05) >= 4.5


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(alphabet="abc HER2-/≥", min_size=1, max_size=60), st.floats(0.25, 3.0))
def test_wrapped_text_fits_and_keeps_its_letters(text, width):
    broken = wrap(text, width)
    assert all(width_of(line) <= width + 1e-9 for line in broken.split("\n"))
    assert re.sub(r"\s", "", broken) == re.sub(r"\s", "", text)


@settings(max_examples=60, derandomize=True)
@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 2)), min_size=2, max_size=30))
def test_a_quiet_corner_is_quiet(points):
    xs = sorted(x for x, _ in points)
    drawn = step_boxes(xs, [y for _, y in points])
    found = quiet_corner((0.9, 0.4), (3.0, 2.0), drawn)
    if found is not None:
        assert free(box(*found, 0.9, 0.4), drawn)
        assert 0 <= found[0] <= 2.1
        assert 0 <= found[1] <= 1.6


def test_no_corner_where_everything_is_drawn_upon():
    assert quiet_corner((1, 1), (3, 2), box(0, 0, 3, 2)) is None
    assert quiet_corner((1, 1), (3, 2), stack()) is not None


def test_files_are_the_same_every_time(tmp_path, curves):
    made = []
    for name in ("first", "second"):
        curve, rows = curves([("HER2-low", 52, 12.0), ("HER2-positive", 46, 40.0)])
        figure = kaplan_meier(curve, rows, endpoint_label="PFS", groups=HER2[2:])
        paths = save(figure, tmp_path / name, "km", curve)
        made.append({kind: path.read_bytes() for kind, path in paths.items()})
    assert made[0] == made[1]
    assert set(made[0]) == {"svg", "pdf", "png", "csv"}


def test_svg_holds_text_as_text(tmp_path, curves):
    curve, rows = curves([("HER2-low", 52, 12.0), ("HER2-positive", 46, 40.0)])
    figure = kaplan_meier(curve, rows, endpoint_label="PFS", groups=HER2[2:])
    svg = save(figure, tmp_path, "km", curve)["svg"].read_text(encoding="utf-8")
    assert "HER2-positive</text>" in svg
    assert "52 (0)</text>" in svg
    assert "<dc:date>" not in svg
    sizes = {
        float(size)
        for size in re.findall(r"font-size: ([\d.]+)px|font: (?:bold )?([\d.]+)px", svg)
        for size in size
        if size
    }
    assert all(8 <= size <= 9 for size in sizes)
    png = (tmp_path / "km.png").read_bytes()
    assert int.from_bytes(png[16:20], "big") == pytest.approx(154 / 25.4 * 300, abs=2)

"""Measuring of drawn figures, and toy results to draw."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from her2adc.figures.style import context
from her2adc.results import frame, row

DPI = 200


class Drawn:
    """A figure drawn once, with the boxes of its texts in inches."""

    def __init__(self, figure):
        self.figure = figure
        figure.set_dpi(DPI)
        with context():
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            renderer = canvas.get_renderer()
            self.texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
            self.boxes = [t.get_window_extent(renderer).frozen() for t in self.texts]

    def overlaps(self, slack=0.02):
        """Pairs of texts whose boxes share more than ``slack`` inches both ways."""
        s = slack * DPI
        return [
            (a.get_text(), b.get_text())
            for (a, x), (b, y) in itertools.combinations(zip(self.texts, self.boxes, strict=True), 2)
            if min(x.x1, y.x1) - max(x.x0, y.x0) > s and min(x.y1, y.y1) - max(x.y0, y.y0) > s
        ]

    def outside(self):
        """Texts that leave the figure."""
        width, height = (side * DPI for side in self.figure.get_size_inches())
        return [
            t.get_text()
            for t, b in zip(self.texts, self.boxes, strict=True)
            if b.x0 < -1 or b.y0 < -1 or b.x1 > width + 1 or b.y1 > height + 1
        ]

    def crossed(self, prefix="_curve:"):
        """Texts that a curve runs through."""
        hits = []
        for ax in self.figure.axes:
            for line in ax.lines:
                if not str(line.get_label()).startswith(prefix):
                    continue
                x, y = (np.asarray(v, dtype=float) for v in line.get_data())
                points = ax.transData.transform(np.column_stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]]))
                hits += [
                    t.get_text() for t, b in zip(self.texts, self.boxes, strict=True) if _cuts(points, b)
                ]
        return hits


def _cuts(points, box):
    """Whether a polyline of level and upright segments enters a box."""
    low, high = np.minimum(points[:-1], points[1:]), np.maximum(points[:-1], points[1:])
    return bool(
        ((low[:, 0] < box.x1) & (high[:, 0] > box.x0) & (low[:, 1] < box.y1) & (high[:, 1] > box.y0)).any()
    )


@pytest.fixture
def drawn():
    """Return the class that draws and measures a figure."""
    return Drawn


def _km(time: np.ndarray, event: np.ndarray) -> pd.DataFrame:
    """A product-limit table good enough to draw."""
    rows, survival = [(0.0, len(time), 0, 0, 1.0)], 1.0
    for t in np.unique(time):
        n, d = int((time >= t).sum()), int(((time == t) & event).sum())
        survival *= 1 - d / n
        rows.append((float(t), n, d, int(((time == t) & ~event).sum()), survival))
    table = pd.DataFrame(rows, columns=["time", "n_risk", "n_event", "n_censor", "survival"])
    spread = 0.9 / np.sqrt(len(time)) * np.sqrt(table["time"] / max(table["time"].max(), 1e-9))
    table["conf_low"] = (table["survival"] - spread).clip(0, 1)
    table["conf_high"] = (table["survival"] + spread).clip(0, 1)
    return table


def _first(table: pd.DataFrame, column: str) -> float:
    """First time at which a column is at most a half, or NaN."""
    below = table.loc[table[column] <= 0.5, "time"]
    return float(below.iloc[0]) if len(below) else float("nan")


def make_curves(groups: Sequence[tuple[str, int, float]], seed=0, longest=26.0, p=0.034):
    """Curve table and results rows of toy groups: name, patients, mean time to the event."""
    random = np.random.default_rng(seed)
    tables, rows = [], []
    for name, n, scale in groups:
        event = np.full(n, 1e9) if np.isinf(scale) else random.exponential(scale, n)
        last = random.uniform(0.1, longest, n)
        table = _km(np.minimum(event, last).round(1) + 0.1, event <= last)
        tables.append(table.assign(group=name))
        rows.append(
            row(
                "kaplan_meier",
                "median",
                _first(table, "survival"),
                group=name,
                variable="PFS",
                conf_low=_first(table, "conf_low"),
                conf_high=_first(table, "conf_high"),
                conf_level=0.95,
                n=n,
                n_events=int(table["n_event"].sum()),
            )
        )
    if p is not None and len(groups) > 1:
        rows.append(row("logrank", "p_value", p, variable="PFS"))
    return pd.concat(tables, ignore_index=True), frame(rows)


@pytest.fixture
def curves():
    """Return the maker of toy curves."""
    return make_curves

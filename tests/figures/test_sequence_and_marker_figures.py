"""Attrition, oncoprint, spline and waterfall: complete, in order, nothing on top of each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection

from her2adc.figures import attrition, oncoprint, save, spline, waterfall
from her2adc.results import frame, row

WIDTHS = pytest.mark.parametrize("width", [75, 154])
FEW = settings(max_examples=20, deadline=None, derandomize=True,
               suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
STATES = ["First ADC", "Progressed, alive and eligible for a second ADC", "Second ADC", "After second ADC"]


def texts(figure):
    return [t.get_text() for t in figure.texts]


def clean(shown):
    assert shown.overlaps() == []
    assert shown.outside() == []


def losses(counts):
    """Results rows of attrition: per state deaths, those still there, and those who skip the next state."""
    rows, n = [], 200
    for i, (state, (dead, there, skip)) in enumerate(zip(STATES, counts, strict=True)):
        place = {"variable": state, "n": n}
        rows += [row("attrition", "reached", n, **place), row("attrition", "ongoing", there, **place)]
        rows += [row("attrition", "moved", dead, level="Dead", **place)]
        if i + 2 < len(STATES):
            rows.append(row("attrition", "moved", skip, level=STATES[i + 2], **place))
        if i + 1 < len(STATES):
            rows.append(row("attrition", "moved", n - dead - there - skip, level=STATES[i + 1], **place))
        n = max(0, n - dead - there)
    return frame(rows)


@WIDTHS
def test_losses_stand_with_their_reasons(drawn, width):
    rows = losses([(18, 22, 4), (30, 8, 0), (60, 20, 0), (30, 12, 0)])
    figure = attrition(rows, states=STATES, width_mm=width)
    clean(drawn(figure))
    printed = " ".join(texts(figure))
    for text in ("200 (100.0%)", "160 (80.0%)", "18 (9.0%) died", "22 (11.0%) still there",
                 "4 (2.0%) straight to second ADC", "122 (61.0%)"):  # fmt: skip
        assert text in printed
    bars = [p for p in figure.artists if hasattr(p, "get_height") and p.get_width() > 0.02]
    widths = [bar.get_width() for bar in bars]
    assert np.allclose(np.array(widths) / widths[0], [1.0, 160 / 200, 122 / 200, 42 / 200])


@FEW
@given(
    st.lists(st.tuples(*[st.integers(0, 60)] * 3), min_size=4, max_size=4), st.sampled_from([75, 110, 154])
)
def test_any_losses(drawn, counts, width):
    clean(drawn(attrition(losses(counts), states=STATES, width_mm=width)))


def test_attrition_says_what_is_missing():
    with pytest.raises(ValueError, match="'Third ADC'"):
        attrition(losses([(1, 1, 0)] * 4), states=[*STATES, "Third ADC"])


GENES = {"PIK3CA": "PIK3CA", "TP53": "TP53", "ERBB2": "ERBB2 (HER2), activating mutation or gain of copies"}
POINTS = {"before": "Before the first ADC", "after": "After progression on the first ADC"}
STATUS = ["Altered", "Wild type", "Not tested"]


def calls(n, seed=0):
    """Toy calls; some patients have no later time point."""
    random = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        group = ["Yes", "No"][random.integers(2)]
        for point in POINTS if random.random() < 0.6 else ["before"]:
            for gene in GENES:
                status = STATUS[random.choice(3, p=[0.3, 0.6, 0.1])]
                kind = ["Mutation", "Amplification", "Amplification; Mutation"][random.integers(3)]
                rows.append((gene, f"p{i}", point, status, kind if status == "Altered" else "", group))
    return pd.DataFrame(rows, columns=["gene", "patient", "time_point", "status", "alteration", "group"])


@WIDTHS
@pytest.mark.parametrize("n", [1, 40, 200])
def test_oncoprint_at_any_number(drawn, n, width):
    figure = oncoprint(calls(n), genes=GENES, time_points=POINTS, groups=["No", "Yes"],
                       group_label="Resistance", width_mm=width)  # fmt: skip
    clean(drawn(figure))
    assert any(f"Patients (n = {n})" in text for text in texts(figure))
    table = calls(n)
    for point in POINTS:
        mine = table[(table["time_point"] == point) & (table["gene"] == "TP53")]
        altered, tested = (mine["status"] == "Altered").sum(), (mine["status"] != "Not tested").sum()
        assert any(text.startswith(f"{altered}/{tested} (") for text in texts(figure))


def cells(ax):
    return {c.get_label(): c.get_paths() for c in ax.collections if isinstance(c, PolyCollection)}


def test_every_call_has_its_cell():
    table = calls(40)
    figure = oncoprint(table, genes=GENES, time_points=POINTS)
    for ax, point in zip(figure.axes, POINTS, strict=True):
        mine = table[table["time_point"] == point]
        drawn = cells(ax)
        assert len(drawn["_cells:Wild type"]) == (mine["status"] != "Not tested").sum()
        kinds = mine["alteration"].str.split("; ").explode()
        colours = {}
        for collection in ax.collections:
            colours.setdefault(collection.get_label(), 0)
            colours[collection.get_label()] += len(collection.get_paths())
        assert colours["_cells:Mutation"] == (kinds == "Mutation").sum()
        assert colours["_cells:Amplification"] == (kinds == "Amplification").sum()


def test_a_second_kind_lies_on_the_first():
    table = pd.DataFrame([("ERBB2", "1", "before", "Altered", "Amplification; Mutation")],
                         columns=["gene", "patient", "time_point", "status", "alteration"])  # fmt: skip
    ax = oncoprint(table, genes=["ERBB2"], time_points=["before"]).axes[0]
    order = {c.get_label(): (c.get_zorder(), np.ptp(c.get_paths()[0].vertices[:, 1])) for c in ax.collections}
    assert order["_cells:Mutation"][0] > order["_cells:Amplification"][0]
    assert order["_cells:Mutation"][1] < order["_cells:Amplification"][1]


def test_patients_are_sorted_by_group_then_upper_genes():
    rows = [("A", p, "t", s, g) for p, s, g in
            (("1", "Wild type", "x"), ("2", "Altered", "y"), ("3", "Altered", "x"), ("4", "Not tested", "x"))]
    table = pd.DataFrame(rows, columns=["gene", "patient", "time_point", "status", "group"])
    ax = oncoprint(table, genes=["A"], time_points=["t"], groups=["x", "y"]).axes[0]
    found = {c.get_label(): sorted(p.vertices[:, 0].min() for p in c.get_paths()) for c in ax.collections}
    step = found["_cells:Altered"][1] / 3  # patients 3, 1, 4, 2: altered in the first and the last column
    assert np.allclose(found["_cells:Altered"], [0, 3 * step], atol=0.1 * step)
    assert len(found["_cells:Wild type"]) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": "mutated"}, "unknown status"),
        ({"patient": "1"}, "given twice"),
        ({"gene": "X"}, "none of these genes"),
    ],
)
def test_calls_that_cannot_be_drawn(change, message):
    table = pd.DataFrame([("A", "1", "t", "Altered"), ("A", "2", "t", "Altered")],
                         columns=["gene", "patient", "time_point", "status"]).assign(**change)  # fmt: skip
    with pytest.raises(ValueError, match=message):
        oncoprint(table, genes=["A"], time_points=["t"])
    with pytest.raises(ValueError, match="no column"):
        oncoprint(table.drop(columns="status"), genes=["A"], time_points=["t"])


def curve(slope, spread, n=60):
    value = np.linspace(0, 300, n)
    ratio = np.exp(slope * (value - 120) / 100)
    half = spread * (0.1 + np.abs(value - 120) / 100)
    return pd.DataFrame({"value": value, "ratio": ratio, "conf_low": ratio * np.exp(-half),
                         "conf_high": ratio * np.exp(half)})  # fmt: skip


def draw_spline(table, **more):
    settings = {"value_label": "TROP2 H-score (points)", "reference": 120.0, "knots": [20, 120, 260],
                "values": np.linspace(0, 300, 90),
                "notes": ["p = 0.012", "Nonlinearity p = 0.21"]}  # fmt: skip
    return spline(table, **{**settings, **more})


@FEW
@given(st.floats(-3, 3), st.floats(0.05, 6), st.sampled_from([75, 154]))
def test_any_spline(drawn, slope, spread, width):
    table = curve(slope, spread)
    figure = draw_spline(table, width_mm=width)
    clean(drawn(figure))
    low, high = figure.axes[0].get_ylim()
    assert low < min(1, table["ratio"].min())
    assert high > max(1, table["ratio"].max())
    assert 1.0 in figure.axes[0].get_yticks()


def test_spline_marks_knots_and_counts_patients():
    figure = draw_spline(curve(0.4, 0.3))
    knots = next(ln for ln in figure.axes[0].lines if ln.get_label() == "_knots")
    assert list(knots.get_xdata()) == [20, 120, 260]
    assert sum(bar.get_height() for bar in figure.axes[1].patches) == 90
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()


@WIDTHS
def test_spline_with_little(drawn, width):
    plain = {"values": None, "notes": (), "knots": (), "reference": None, "width_mm": width}
    clean(drawn(draw_spline(curve(0.1, 0.2), **plain)))
    one = curve(0.1, 0.2).iloc[:1].assign(conf_low=np.nan, conf_high=np.nan)
    clean(drawn(draw_spline(one, **plain)))
    with pytest.raises(ValueError, match="no ratio"):
        spline(curve(0.1, 0.2).iloc[:0], value_label="x")


@FEW
@given(
    st.lists(st.tuples(st.floats(-100, 250), st.sampled_from(["CR", "PR", "SD", "PD", "NE"])),
             min_size=1, max_size=80),
    st.sampled_from([75, 154]),
)  # fmt: skip
def test_any_waterfall(drawn, pairs, width):
    table = pd.DataFrame(pairs, columns=["change", "response"])
    figure = waterfall(table, width_mm=width)
    clean(drawn(figure))
    ax = figure.axes[0]
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == sorted(np.minimum(table["change"], 100), reverse=True)
    cut = next(ln for ln in ax.lines if ln.get_label() == "_cut")
    assert len(cut.get_xdata()) == (table["change"] > 100).sum()


def test_waterfall_leaves_out_the_unmeasured_and_refuses_the_unknown():
    table = pd.DataFrame({"change": [np.nan, -10.0], "response": ["NE", "SD"]})
    assert "Patients (n = 1)" in texts(waterfall(table))
    with pytest.raises(ValueError, match="no patient"):
        waterfall(table.iloc[:1])
    with pytest.raises(ValueError, match="unknown responses"):
        waterfall(table.assign(response="better"))


def test_files_are_the_same_every_time(tmp_path):
    makers = {
        "attrition": lambda: attrition(losses([(1, 1, 0)] * 4), states=STATES),
        "oncoprint": lambda: oncoprint(calls(30), genes=GENES, time_points=POINTS),
        "spline": lambda: draw_spline(curve(0.4, 0.3)),
        "waterfall": lambda: waterfall(pd.DataFrame({"change": [3.0, -40], "response": ["SD", "PR"]})),
    }
    for name, draw in makers.items():
        first, second = (save(draw(), tmp_path / f"{name}{i}", "f", calls(2)) for i in (1, 2))
        assert all(first[kind].read_bytes() == second[kind].read_bytes() for kind in first)

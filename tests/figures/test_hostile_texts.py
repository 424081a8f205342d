"""Text from data is data in every figure: drawn as typed, never as math, XML or a second line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from her2adc import figures
from her2adc.figures import fonts
from her2adc.figures.files import svg_of
from her2adc.figures.style import context, shown
from her2adc.results import frame, row

TEXTS = [
    r"$5 to $10 $x^2$ \unknown{a} </text><script>alert('x')</script> & &lt; \"q\" *s* _u_ `c` |a| #1 %s {0}",
    "_leading two\nlines\r\nand\ttab\u2028more bell\x07 null\x00 \x1b[31m \ud800 \uffff "
    "\u202eevil\u202c עברית \u200f العربية",
    "  C:\\new\\table ]]> <!-- \u00a0乳腺癌 tumour 🧬 ✓ ◆ 👩‍⚕️",
    "Histology_of_the_primary_tumour_as_in_the_report_of_the_pathologist_without_any_blank" + "_x" * 12,
    "y" * 10_000,
]
LONG = "Histology of the primary tumour as in the report of the pathologist, with all that was seen " * 2
EQUAL = "The same label"


def _survival(width, t):
    times = np.arange(1.0, 9.0)
    curve = pd.concat([
        pd.DataFrame({"group": g, "time": times + k, "n_risk": 8 - np.arange(8), "n_event": 1, "n_censor": 0,
                      "survival": 1 - (np.arange(8) + 1) / 8, "conf_low": 0.0, "conf_high": 1.0})
        for k, g in enumerate(("a", "b"))
    ])  # fmt: skip
    panel = figures.SurvivalPanel(curve, frame([]), t)
    return figures.kaplan_meier_panels(
        [panel, panel], endpoint_label=t, groups=["a", "b"], clock=t, labels={"a": t, "b": t}, width_mm=width
    )


def _one_curve(width, t):
    curve = pd.DataFrame({"group": t, "time": [0.0, 4.0], "n_risk": 9, "n_event": [0, 3], "n_censor": [0, 6],
                          "survival": [1.0, 0.6], "conf_low": 0.2, "conf_high": 0.9})  # fmt: skip
    return figures.kaplan_meier(curve, frame([]), endpoint_label=t, groups=[t], width_mm=width)


def _incidence(width, t):
    table = pd.DataFrame({
        "time": [0.0, 4.0], "n_risk": 9, "n_event": [0, 3], "n_competing": [0, 3], "n_censor": [0, 3],
        "incidence": [0, 0.3], "conf_low": [0, 0.1], "conf_high": [0, 0.6], "group": "All patients",
    })  # fmt: skip
    curve = pd.concat([table.assign(cause=c) for c in (t, "other")])
    return figures.cumulative_incidence(curve, frame([]), causes=[t, "other"], labels={"other": t},
                                        landmark=6, y_label=t, clock=t, width_mm=width)  # fmt: skip


def _states(width, t):
    table = pd.DataFrame({"time": [0, 3, 6], "a": [1.0, 0.6, 0.2], "b": [0, 0.3, 0.5], t: [0, 0.1, 0.3],
                          "group": t})  # fmt: skip
    return figures.state_occupation(table, states=["a", "b", t], groups=[t], labels={"a": t, "b": t},
                                    clock=t, width_mm=width)  # fmt: skip


def _swimmer(width, t):
    bars = pd.DataFrame({"patient": [1, 1, 2, 3], "agent": ["T-DXd", t, t, "SG"], "start": [0.0, 8, 0, 0],
                         "stop": [7.0, 12, 4, 9], "group": t})  # fmt: skip
    marks = pd.DataFrame({"patient": [2, 3], "kind": ["death", f"{t}."], "time": [5.0, 2.0]})
    return figures.swimmer(bars, marks, agents=["T-DXd", "SG", t], groups=[t],
                           labels={"SG": t, "T-DXd": t, "death": t}, clock=t, width_mm=width)  # fmt: skip


def _alluvial(width, t):
    flows = pd.DataFrame({"p": [t, t, "b"], "r": [t, "b", "b"], "n": [80, 7, 60]})
    return figures.alluvial(flows, stages=["p", "r"], labels=[t, t], notes=[t, t], classes=[t, "b"],
                            width_mm=width)  # fmt: skip


def _attrition(width, t):
    rows = frame([row("attrition", "reached", 98, variable=t, n=98),
                  row("attrition", "moved", 40, variable=t, level="b", n=98),
                  row("attrition", "moved", 30, variable=t, level=f"{t}.", n=98),
                  row("attrition", "ongoing", 28, variable=t, n=98),
                  row("attrition", "reached", 40, variable="b", n=98)])  # fmt: skip
    return figures.attrition(rows, states=[t, "b"], labels={"b": t}, ongoing=t, width_mm=width)


def _balance(width, t):
    rows = [row("balance", s, 0.4, variable=v) for v in (t, "b") for s in ("smd", "smd_weighted")]
    return figures.balance(frame(rows), labels={"b": t}, width_mm=width)


def _estimates(width, t):
    rows = pd.DataFrame({"method": [t, f"{t}."], "value": [0.5, 0.9], "conf_low": 0.4, "conf_high": 1.2,
                         "n": [120, 210], "n_events": [80, 160], "heading": t, "estimand": t})  # fmt: skip
    return figures.estimates_forest(rows, favours=(t, t), width_mm=width)


def _forest(width, t):
    rows = []
    for variable, level in ((t, t), (t, "b"), ("c", t)):
        common = {"variable": variable, "level": level}
        rows.append(row("forest", "hazard_ratio", 0.5, conf_low=0.3, conf_high=0.8, conf_level=0.95, n=98,
                        n_events=42, **common))  # fmt: skip
        for arm in (t, "B"):
            rows += [row("forest", "n_arm", 40, group=arm, **common),
                     row("forest", "events_arm", 20, group=arm, **common)]  # fmt: skip
    rows.append(row("forest", "p_interaction", 0.4, variable=t))
    return figures.forest(frame(rows), labels={"c": t}, arm_labels=[t, "B"], width_mm=width)


def _rates(width, t):
    rows = [row("evolution", "rate", 0.4, conf_low=0.3, conf_high=0.5, conf_level=0.95, n=50, n_events=20,
                variable=v, level=lv) for v, lv in (("", ""), (t, t), (t, "b"), ("c", t))]  # fmt: skip
    return figures.rates_forest(frame(rows), labels={"c": t}, overall=t, title=t, width_mm=width)


def _outcomes(width, t):
    rows = frame([row("outcome", "rate", 0.5, conf_low=0.1, conf_high=0.9, n=4, n_events=2, variable="pCR",
                      group=g, population=p) for g in (t, "b") for p in ("", "x")])  # fmt: skip
    return figures.outcome_rates(rows, [t, "b"], layers={"": t, "x": t}, labels={"b": t}, width_mm=width)


def _responses(width, t):
    rows = []
    for group in (t, "b"):
        for level, n in (("PR", 38), (t, 1), ("PD", 1)):
            common = {"population": "treated", "level": level, "variable": "best_response", "group": group}
            rows += [row("response", s, v, n=40, **common) for s, v in (("count", n), ("percent", n / 40))]
        rows.append(row("response", "rate", 0.9, conf_low=0.8, conf_high=1, n=40, n_events=38, variable="ORR",
                        population="treated", group=group))  # fmt: skip
    return figures.response_bars(frame(rows), [t, "b"], labels={"b": t, "ORR": t}, width_mm=width)


def _safety(width, t):
    rows = [row("safety", s, 0.5, variable=v, n=98, n_events=49, group=g)
            for v in (t, "b") for g in (t, "c") for s in ("any_grade", "grade_3_plus")]  # fmt: skip
    return figures.adverse_events(frame(rows), [t, "c"], labels={"b": t, "c": t}, width_mm=width)


def _flow(width, t):
    steps = [{"label": t, "n": 120, "excluded": [{"reason": t, "n": 22}], "details": [t]},
             {"label": f"{t}.", "n": 98}]  # fmt: skip
    groups = [{"label": t, "n": 50, "details": [t]}, {"label": "b", "n": 48}]
    return figures.inclusion_flow(steps, groups=groups, width_mm=width)


def _missing(width, t):
    rows = [row("missing", "count", 10, variable=v, n=98) for v in (t, "b")]
    rows += [row("missing", "pattern", 10, level=t), row("missing", "pattern", 88, level="")]
    return figures.missing_pattern(frame(rows), labels={"b": t}, width_mm=width)


def _oncoprint(width, t):
    calls = pd.DataFrame({"gene": [t, t, "b"], "patient": ["1", "2", "1"], "time_point": t,
                          "status": ["Altered", "Wild type", "Altered"], "alteration": [t, "", "x"],
                          "group": [t, "c", t]})  # fmt: skip
    return figures.oncoprint(calls, genes={t: t, "b": t}, time_points={t: t}, groups=[t, "c"],
                             group_label=t, width_mm=width)  # fmt: skip


def _overlap(width, t):
    scores = pd.DataFrame({"group": [t, "b", "b"], "score": [0.3, 0.4, 0.8]})
    return figures.propensity_overlap(scores, groups=["b", t], labels={"b": t}, width_mm=width)


def _spline(width, t):
    curves = pd.DataFrame({"value": [0.0, 100, 200, 300], "ratio": [1.4, 1.0, 0.8, 0.7],
                           "conf_low": [0.9, 1.0, 0.6, 0.4], "conf_high": [2.1, 1.0, 1.1, 1.3]})  # fmt: skip
    return figures.spline(curves, value_label=t, notes=[t], width_mm=width)


def _waterfall(width, t):
    changes = pd.DataFrame({"change": [35.0, -40.0, -100.0], "response": ["PD", t, "CR"]})
    return figures.waterfall(changes, responses=["PD", "CR", t], labels={"PD": t}, y_label=t, width_mm=width)


DRAWN = {
    "kaplan_meier_panels": _survival, "kaplan_meier": _one_curve, "cumulative_incidence": _incidence,
    "state_occupation": _states, "swimmer": _swimmer, "alluvial": _alluvial, "attrition": _attrition,
    "balance": _balance, "estimates_forest": _estimates, "forest": _forest, "rates_forest": _rates,
    "outcome_rates": _outcomes, "response_bars": _responses, "adverse_events": _safety,
    "inclusion_flow": _flow, "missing_pattern": _missing, "oncoprint": _oncoprint,
    "propensity_overlap": _overlap, "spline": _spline, "waterfall": _waterfall,
}  # fmt: skip


def bare(text):
    """Text without blanks, as lines are broken at them, and without what nobody sees."""
    return re.sub(r"[\s\u200b\u200f\u202a-\u202e\u200d\ufe0f]", "", text)


def test_every_figure_is_tried():
    assert set(DRAWN) == set(figures.__all__) - {"SurvivalPanel", "month_ticks", "save"}


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("name", DRAWN)
def test_texts_are_drawn_as_typed(name):
    width = 75 if len(name) % 2 else 154
    for text in TEXTS:
        figure = DRAWN[name](width, text)
        assert figure.get_figwidth() * 25.4 == pytest.approx(width)
        assert figure.get_figheight() < 25
        with context():
            svg = svg_of(figure)
        lines = [e.text or "" for e in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
        assert not any("\n" in line for line in lines)
        whole, wanted = bare("".join(lines)), bare(shown(text))
        assert wanted.rstrip("…") in whole or (wanted[:8] in whole and "…" in whole)
        assert "<script" not in svg


@pytest.mark.parametrize("name", DRAWN)
def test_long_texts_stay_inside(drawn, name):
    for width, text in ((75, LONG), (154, TEXTS[3]), (75, EQUAL)):
        assert drawn(DRAWN[name](width, text)).outside() == []


def test_letters_that_no_font_has_are_named_once(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "installed", dict)
    chain = fonts.families()[:2]
    monkeypatch.setattr(fonts, "_scripts", [])
    with pytest.warns(UserWarning, match="no font of this machine has 乳 癌 腺.*fonts-noto-cjk") as said:
        figures.save(_flow(154, "乳腺癌"), tmp_path, "flow", pd.DataFrame())
    assert len(said) == 1 and fonts.families() == chain
    assert "乳腺癌</text>" in (tmp_path / "flow.svg").read_text(encoding="utf-8")


def test_letters_of_other_scripts_come_from_a_font_of_the_machine(tmp_path, monkeypatch):
    """With a font of the machine that has them; DejaVu Sans stands in for one with Chinese letters."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"
    real, asked = fonts._has, []

    def has(path, index, char):
        asked.append(path)
        return "Mono" in path if char == "乳" else real(path, index, char)

    monkeypatch.setattr(fonts, "_has", has)
    monkeypatch.setattr(fonts, "_scripts", [])
    monkeypatch.setattr(fonts, "installed", lambda: {"WenQuanYi Zen Hei": (str(path), 0)})
    assert fonts.lacking(["乳"]) == {"乳"}
    assert fonts.add_for({"乳"}) and not fonts.add_for({"乳"})
    assert len(fonts.families()) == 3 and fonts.lacking(["乳"]) == set()


def test_bytes_do_not_depend_on_the_fonts_installed(tmp_path, monkeypatch):
    plain = figures.save(_flow(154, "HER2-low"), tmp_path, "plain", pd.DataFrame())
    others = [replace(entry, name=name) for entry in fontManager.ttflist[:1]
              for name in ("Arial", "Arimo", "Helvetica", "Liberation Sans")]  # fmt: skip
    monkeypatch.setattr(fontManager, "ttflist", others + fontManager.ttflist)
    fontManager._findfont_cached.cache_clear()
    again = figures.save(_flow(154, "HER2-low"), tmp_path, "again", pd.DataFrame())
    own = [entry for entry in fontManager.ttflist if entry.name.startswith("her2adc")]
    monkeypatch.setattr(fontManager, "ttflist", own)
    fontManager._findfont_cached.cache_clear()
    bare_machine = figures.save(_flow(154, "HER2-low"), tmp_path, "bare", pd.DataFrame())
    for kind in ("svg", "pdf", "png"):
        assert plain[kind].read_bytes() == again[kind].read_bytes() == bare_machine[kind].read_bytes()


def test_two_equal_labels_have_their_own_colours():
    changes = pd.DataFrame({"change": [35.0, -40.0], "response": ["a", "b"]})
    figure = figures.waterfall(changes, responses=["a", "b"], labels={"a": EQUAL, "b": EQUAL})
    keys = [t for t in figure.texts if t.get_text() == EQUAL]
    assert len(keys) == 2 and keys[0].get_color() != keys[1].get_color()


def test_an_analysts_own_figure_keeps_its_math(tmp_path):
    figure = Figure()
    ax = figure.add_subplot()
    ax.set_xlabel("$R^2$")
    ax.set_yscale("log")
    svg = figures.save(figure, tmp_path, "own", pd.DataFrame())["svg"].read_text(encoding="utf-8")
    ElementTree.fromstring(svg)
    assert "$R^2$</text>" not in svg

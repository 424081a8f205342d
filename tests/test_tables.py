"""Tables: strings from results rows, decimals under each other, markdown that MyST reads back."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from her2adc import tables
from her2adc.results import concat, frame, row
from her2adc.tables.output import FIGURE, POINT, align
from her2adc.tables.table import Builder

GROUPS = ["HER2-low", "HER2-positive"]


class Reader:
    """Collects the cells of tables from what MyST parsed."""

    __output__ = "cells"

    def __init__(self, parser):
        self.rows = []

    def render(self, tokens, options, env):
        for i, token in enumerate(tokens):
            if token.type == "tr_open":
                self.rows.append([])
            if token.type in ("th_open", "td_open"):
                self.rows[-1].append(tokens[i + 1].children)
        return self.rows


def read(markdown):
    """Rows of cells, each a list of inline tokens, as the book's parser sees them."""
    config = MdParserConfig(
        enable_extensions={"dollarmath", "colon_fence", "strikethrough", "attrs_inline", "substitution"}
    )
    return create_md_parser(config, Reader).render(markdown)


def text(cell):
    """Text of a cell; line breaks as the HTML that makes them."""
    return "".join(token.content for token in cell or [])


def counts(variable, level, *numbers):
    """Counts of a level for all patients and two groups."""
    names = ["All patients", *GROUPS]
    return [
        row("baseline", "count", x, group=group, variable=variable, level=level, n=n, n_events=x)
        for group, (x, n) in zip(names, numbers, strict=True)
    ]


@pytest.fixture
def table_one():
    """Rows of a small Table 1."""
    sizes = zip(["All patients", *GROUPS], (98, 52, 46), strict=True)
    rows = [row("baseline", "n", n, group=g, n=n) for g, n in sizes]
    rows += counts("ki67", "≤20%", (13, 88), (10, 47), (3, 41))
    rows += counts("ki67", ">20%", (75, 88), (37, 47), (38, 41))
    rows += counts("liver", "No", (57, 98), (27, 52), (30, 46))
    rows += counts("liver", "Yes", (41, 98), (25, 52), (16, 46))
    for group, values in zip(
        ["All patients", *GROUPS],
        ((51, 43, 58, 31, 74), (51.5, 44, 57, 33, 74), (49, 42, 59, 31, 74)),
        strict=True,
    ):
        rows += [
            row("baseline", s, v, group=group, variable="age", n=50)
            for s, v in zip(("median", "q1", "q3", "min", "max"), values, strict=True)
        ]
    for group, lost in zip(["All patients", *GROUPS], (10, 5, 5), strict=True):
        rows += [
            row("baseline", "missing", lost, group=group, variable="ki67", n=98),
            row("baseline", "missing", 0, group=group, variable="liver", n=98),
        ]
    for variable, p, method in (
        ("age", 0.35, "Wilcoxon"),
        ("ki67", 0.0814, "Pearson chi-square"),
        ("liver", 0.034, "Pearson chi-square"),
    ):
        rows += [
            row("baseline", "smd", 0.261, group="SMD", variable=variable),
            row("baseline", "p_value", p, variable=variable, method=method),
        ]
    return frame(rows)


@pytest.fixture
def variables():
    """Variables of the small Table 1."""
    return [
        SimpleNamespace(name="age", label="Age at inclusion", unit="years"),
        SimpleNamespace(name="ki67", label="Ki-67 | index*", unit=""),
        SimpleNamespace(name="liver", label="Liver metastasis", unit=""),
    ]


def test_baseline(table_one, variables):
    table = tables.baseline(table_one, variables, GROUPS, continuous=("median_iqr", "range"))
    assert list(table.frame) == [
        "Characteristic",
        "All patients\n(n = 98)",
        "HER2-low\n(n = 52)",
        "HER2-positive\n(n = 46)",
        "SMD",
        "p",
    ]
    assert table.frame.iloc[:, 0].tolist() == [
        "Age at inclusion, years",
        "Median (IQR)",
        "Range",
        "Ki-67 | index*",
        "≤20%",
        ">20%",
        "Missing",
        "Liver metastasis",
    ]
    assert table.roles == ("variable", "level", "level", "variable", "level", "level", "level", "variable")
    assert table.frame.iloc[:, 1].tolist() == [
        "",
        "51.0 (43.0 to 58.0)",
        "31 to 74",
        "",
        "13 (14.8%)",
        "75 (85.2%)",
        "10",
        "41 (41.8%)",
    ]
    assert table.frame["p"].tolist()[0::3] == ["0.35†", "0.081‡", ""]
    assert table.footnotes == (
        "Counts are n (% of patients whose value is known).",
        "† Wilcoxon.",
        "‡ Pearson chi-square.",
    )
    assert dict(table.abbreviations) == {"IQR": "interquartile range", "SMD": "standardised mean difference"}


def test_baseline_percentages_of_all(table_one, variables):
    table = tables.baseline(table_one, variables[1:2], GROUPS, percentages_of_all=True)
    assert table.frame.iloc[:, 1].tolist() == ["", "13 (13.3%)", "75 (76.5%)", "10 (10.2%)"]


def test_markdown_is_read_back_by_myst(table_one, variables):
    table = tables.baseline(table_one, variables, GROUPS)
    cells = read(tables.to_markdown(table))
    assert len(cells) == len(table.frame) + 1
    assert {len(cell) for cell in cells} == {len(table.frame.columns)}
    assert text(cells[0][2]) == "HER2-low<br>(n = 52)"
    assert [t.type for t in cells[3][0] if t.type != "text"] == ["strong_open", "strong_close"]
    assert text(cells[3][0]) == "Ki-67 | index*"
    assert text(cells[5][0]) == "\u2003>20%"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.text(alphabet="a1|<>*_+-{}[]()$`~#&!\\=%≥ †{{x}}", max_size=12), min_size=1, max_size=4))
def test_any_text_survives_markdown(names):
    build = Builder(["Name", "Value"])
    for name in names:
        build.row(name, [name])
    cells = read(tables.to_markdown(build.table()))[1:]
    assert [" ".join(text(cell[0]).split()) for cell in cells] == [" ".join(n.split()) for n in names]
    inline = {token.type for cell in cells for part in cell for token in part or []}
    assert inline <= {"text", "html_inline", "text_special"}


NUMBERS = st.floats(0, 500, allow_nan=False)


@settings(max_examples=60, derandomize=True)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8))
def test_decimals_stand_under_each_other(pairs):
    cells = align([f"{a:.0f} ({b:.1f}%)" for a, b in pairs])
    assert len({len(cell) for cell in cells}) == 1
    assert len({len(cell) - cell.rindex(".") for cell in cells}) == 1
    assert len({cell.index("(") for cell in cells}) == 1


def test_alignment_of_p_values_marks_and_words():
    shown = [
        cell.replace(FIGURE, "_").replace(POINT, ",") for cell in align(["0.034†", "0.35", "<0.001", "", "–"])
    ]
    assert shown == ["0.034†", "0.35__", "<0.001_", "", "–_"]
    shown = [cell.replace(FIGURE, "_") for cell in align(["9.0 (4.8 to 13.3)", "NR (15.2 to NE)"])]
    assert shown == ["9.0 (4.8 to 13.3)", "NR (15.2 to NE)"]
    assert align(["12", "7"]) == ["12", FIGURE + "7"]


def test_padding_at_the_end_of_a_cell_survives_markdown():
    build = Builder(["Factor", "p"])
    for p in ("0.034", "0.35"):
        build.row("x", [p])
    cells = read(tables.to_markdown(build.table()))
    assert [text(cell[1]) for cell in cells] == ["p", "0.034", "0.35" + FIGURE]


def response_rows():
    rows = []
    for group, hits, n in (("All patients", 39, 98), ("HER2-low", 21, 52), ("HER2-positive", 18, 46)):
        place = {"population": "treated", "group": group, "n": n}
        rows += [
            row("response", "count", hits, variable="best_response", level="PR", **place),
            row("response", "count", 0, variable="best_response", level="NE", **place),
            row(
                "response",
                "rate",
                hits / n,
                variable="ORR",
                n_events=hits,
                conf_low=0.3,
                conf_high=0.5,
                conf_level=0.95,
                **place,
            ),
        ]
    rows += [
        row(
            "response",
            "difference",
            -0.013,
            population="treated",
            variable="ORR",
            level="HER2-positive - HER2-low",
            conf_low=-0.198,
            conf_high=0.176,
            method="Newcombe interval",
        ),
        row("response", "p_value", 0.9, population="treated", variable="ORR", method="Pearson chi-square"),
    ]
    return frame(rows)


def test_response():
    table = tables.response(response_rows(), GROUPS)
    assert table.frame.iloc[:, 0].tolist() == [
        "Best response",
        "Partial response",
        "Treated patients",
        "Objective response rate",
        "95% CI",
    ]
    assert table.frame.iloc[3].tolist()[1:] == [
        "39/98 (39.8%)",
        "21/52 (40.4%)",
        "18/46 (39.1%)",
        "−1.3% (−19.8 to 17.6)",
        "0.90†",
    ]
    assert table.footnotes[0] == (
        "Difference in percentage points: HER2-positive less HER2-low, Newcombe interval."
    )


def test_survival():
    place = {"group": "HER2-positive", "variable": "PFS", "conf_level": 0.95, "n": 46, "n_events": 17}
    rows = frame(
        [
            row("kaplan_meier", "median", None, conf_low=15.2, **place),
            row("kaplan_meier", "survival", 0.692, level="12", conf_low=0.5, conf_high=0.8, **place),
            row("kaplan_meier", "survival", None, level="24", **place),
            row("logrank", "p_value", 0.0021, variable="PFS"),
        ]
    )
    table = tables.survival(rows, ["HER2-positive"], labels={"HER2-positive": "HER2+"})
    assert table.frame.iloc[-1].tolist() == [
        "HER2+",
        "46",
        "17",
        "NR (15.2 to NE)",
        "69.2% (50.0 to 80.0)",
        "NE",
    ]
    assert table.frame.columns[4] == "12-month rate\n(95% CI)"
    assert table.footnotes == ("Log-rank test: p = 0.002.",)
    assert {"NR", "NE", "CI"} <= set(table.abbreviations)


def cox_rows(analysis="cox", per=4.2):
    firth = "Cox with Firth's penalty, profile-likelihood interval (monotone likelihood: er Positive)"
    return frame(
        [
            row(
                analysis,
                "hazard_ratio",
                1.0,
                variable="er",
                level="Negative",
                method="reference",
                n=40,
                n_events=12,
            ),
            row(
                analysis,
                "hazard_ratio",
                0.026,
                variable="er",
                level="Positive",
                conf_low=0.0006,
                conf_high=0.682,
                conf_level=0.95,
                method=firth,
                n=50,
                n_events=0,
            ),
            row(analysis, "p_value", 0.0004, variable="er", level="Positive"),
            row(
                analysis,
                "hazard_ratio",
                1.02,
                variable="age",
                conf_low=0.99,
                conf_high=1.05,
                n=90,
                n_events=12,
            ),
            row(analysis, "p_value", 0.2, variable="age"),
            row(
                analysis,
                "hazard_ratio",
                math.nan,
                variable="sex",
                level="Male",
                method="not estimable: no events",
                n=2,
                n_events=0,
            ),
            row(analysis, "events_per_variable", per),
            row(analysis, "n_missing", 8),
            row("ph_test", "p_value", 0.3, variable="age"),
            row("ph_test", "p_value", 0.41, variable="GLOBAL"),
        ]
    )


def test_cox():
    table = tables.cox(cox_rows(), {"er": "Oestrogen receptor", "age": "Age"})
    assert table.frame.columns.tolist() == [
        "Variable",
        "Patients",
        "Events",
        "HR (95% CI)",
        "p",
        "PH test\np",
    ]
    assert table.frame["HR (95% CI)"].tolist() == [
        "",
        "1 (reference)",
        "0.03 (0.00 to 0.68)†",
        "1.02 (0.99 to 1.05)",
        "",
        "NE‡",
    ]
    assert table.frame["p"].tolist() == ["", "", "<0.001", "0.20", "", "–"]
    assert table.frame.iloc[3].tolist()[:3] == ["Age", "90", "12"]
    assert table.footnotes == (
        "Events per variable: 4.2; below 10, estimates may be unstable.",
        "8 patients left out of the model for a missing covariate.",
        "Proportional hazards, global test: p = 0.41.",
        "† Cox with Firth's penalty, profile-likelihood interval.",
        "‡ Not estimable: no events.",
    )


def test_cox_univariable_stands_beside_multivariable():
    both = concat([cox_rows("cox_univariable"), cox_rows(per=25.0)])
    table = tables.cox(both, {})
    assert table.frame.columns.tolist()[3:7] == [
        "Univariable\nHR (95% CI)",
        "Univariable\np",
        "Multivariable\nHR (95% CI)",
        "Multivariable\np",
    ]
    assert "Events per variable: 25.0." in table.footnotes


def test_subgroups_say_why_there_is_no_p():
    rows = [
        row("subgroup_logrank", "p_value", p, group=g, variable="liver", n=n, method=m)
        for g, n, p, m in (
            ("All patients", 98, 0.034, "log-rank, 1 df"),
            ("HER2-low", 52, None, "not estimable: one level only"),
        )
    ]
    table = tables.subgroups(frame(rows), {"liver": "Liver metastasis"}, ["HER2-low"])
    assert table.frame.values.tolist() == [["Liver metastasis", "0.034", "NE†"]]
    assert table.frame.columns[2] == "HER2-low\n(n = 52)\np"
    assert table.footnotes == ("† Not estimable: one level only.",)


def test_forest():
    rows = frame(
        [
            row("forest", "hazard_ratio", 0.3, variable="er", level="Positive", conf_low=0.1, conf_high=0.9),
            row("forest", "n_arm", 52, group="HER2-low", variable="er", level="Positive"),
            row("forest", "events_arm", 31, group="HER2-low", variable="er", level="Positive"),
            row("forest", "p_interaction", 0.04, variable="er"),
            row("forest", "hazard_ratio", 0.4, conf_low=0.2, conf_high=0.8),
        ]
    )
    table = tables.forest(rows, {"er": "Oestrogen receptor"}, GROUPS)
    assert table.frame.iloc[:, 0].tolist() == ["All patients", "Oestrogen receptor", "Positive"]
    assert table.frame.iloc[:, 1].tolist() == ["–", "", "31/52"]
    assert table.frame["p for\ninteraction"].tolist() == ["", "0.040", ""]


def test_safety():
    place = {"variable": "Neutropenia", "n": 98}
    rows = frame(
        [
            row("safety", "any_grade", None, **place),
            row("safety", "grade_3_plus", 20 / 98, n_events=20, **place),
            row("safety", "grade_missing", 1, n_events=1, **place),
            row("safety", "discontinued", 2 / 98, n_events=2, **place),
        ]
    )
    table = tables.safety(rows, [])
    assert table.frame.values.tolist() == [
        ["Neutropenia†", "not collected", "20 (20.4%)"],
        ["Treatment stopped because of", "", ""],
        ["Neutropenia", "2 (2.0%)", ""],
    ]
    assert table.footnotes == ("† Grade not recorded in 1 patient with this event.",)


def test_populations_and_follow_up():
    place = {"population": "Brain metastases", "n": 34}
    rows = frame(
        [
            row("response", "rate", 0.5, variable="ORR", conf_low=0.3, conf_high=0.7, n_events=17, **place),
            row("kaplan_meier", "median", 15.5, conf_low=8.0, n_events=14, **place),
            row("kaplan_meier", "survival", 0.653, level="12", conf_low=0.4, conf_high=0.8, **place),
        ]
    )
    assert tables.populations(rows).frame.iloc[0].tolist() == [
        "Brain metastases",
        "34",
        "50.0% (30.0 to 70.0)",
        "14",
        "15.5 (8.0 to NE)",
        "65.3% (40.0 to 80.0)",
    ]
    observed = frame(
        [
            row("observed_follow_up", f"observed_{s}", v, n=98)
            for s, v in (("median", 6), ("min", 0.5), ("max", 26))
        ]
    )
    assert tables.follow_up(observed, []).frame.values.tolist() == [
        ["Observed follow-up, median (range)", "6.0 (0.5 to 26.0)"]
    ]


def test_listing_prints_data_as_they_are():
    data = pd.DataFrame({"found": ["2 +", None], "n": [4.0, 1.5]})
    table = tables.listing(data, {"found": "As found", "n": "Patients"})
    assert table.frame.values.tolist() == [["2 +", "4"], ["–", "1.5"]]


def test_notes_and_html_and_csv(table_one, variables, tmp_path):
    table = tables.baseline(table_one, variables, GROUPS)
    notes = tables.notes_markdown(table)
    assert notes.endswith("IQR, interquartile range; SMD, standardised mean difference.")
    page = tables.to_html(table, "Table 1")
    assert page.count("<tr>") == len(table.frame) + 1
    assert "&gt;20%" in page
    lines = tables.to_csv(table, tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "Characteristic,All patients (n = 98),HER2-low (n = 52),HER2-positive (n = 46),SMD,p"
    assert "    >20%,75 (85.2%),37 (78.7%),38 (92.7%),," in lines
    assert not any(FIGURE in line for line in lines)


def test_table_refuses_what_is_not_text():
    with pytest.raises(ValueError, match="not text"):
        tables.Table(pd.DataFrame({"a": [1.0]}), ("plain",))
    with pytest.raises(ValueError, match="roles"):
        tables.Table(pd.DataFrame({"a": ["x"]}), ())


def test_the_same_table_every_time(table_one, variables):
    first, second = (tables.to_markdown(tables.baseline(table_one, variables, GROUPS)) for _ in range(2))
    assert first == second

"""Times since the first ADC, paths over lines, bars and marks: three patients by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.stats.sequence_times import ARM, DIED, FOLLOWED, bars, line_classes, marks, paths, since_first

DAY0 = pd.Timestamp("2024-01-01")
MONTH = 30.4375


def on(*days: float | None) -> list[pd.Timestamp]:
    return [pd.NaT if d is None else DAY0 + pd.Timedelta(days=d) for d in days]


# a: T-DXd, Dato-DXd, then SG; b: SG, chemotherapy, dead; c: another ADC first
PATIENTS = pd.DataFrame({
    "patient_id": list("abc"), "adc1_agent": ["T-DXd", "SG", "T-DM1"], "adc1_line": [2.0, 1.0, 1.0],
    "adc1_start": on(0, 0, 0), "adc1_stop": on(100, 50, None), "adc1_progression": on(95, 50, None),
    "adc2_agent": ["Dato-DXd", None, None], "adc2_start": on(120, None, None),
    "adc2_stop": on(150, None, None), "adc2_progression": on(150, None, None),
    "adc3_agent": ["SG", None, None], "adc3_start": on(180, None, None),
    "next1_start": on(120, 60, None), "OS_time": [300 / MONTH, 200 / MONTH, 80 / MONTH],
    "OS_event": [False, True, False],
})  # fmt: skip
LINES = pd.DataFrame(
    [("a", 1, -90, -10, None, "chemotherapy"), ("a", 2, 0, 100, "T-DXd", "ADC"),
     ("a", 3, 120, 150, "Dato-DXd", "ADC"), ("a", 4, 180, None, "SG", "ADC"), ("b", 1, 0, 50, "SG", "ADC"),
     ("b", 2, 60, 120, None, "chemotherapy + immunotherapy"), ("c", 1, 0, None, "T-DM1", "ADC")],
    columns=["patient_id", "line", "start", "stop", "adc", "classes"],
)  # fmt: skip
LINES["start"] = on(*LINES["start"])
LINES["stop"] = on(*(None if pd.isna(d) else d for d in LINES["stop"]))
FIRST = since_first(PATIENTS, ["T-DXd", "SG"])


def test_times_by_hand() -> None:
    assert FIRST["patient_id"].tolist() == ["a", "b"] and FIRST[ARM].tolist() == ["T-DXd", "SG"]
    a = FIRST.set_index("patient_id").loc["a"]
    # the other of the two came third; any second ADC came before, and no other therapy in between
    assert [a["other_adc_time"] * MONTH, a["adc2_time"] * MONTH] == pytest.approx([180, 120])
    assert pd.isna(a["other_time"])
    b = FIRST.set_index("patient_id").loc["b"]
    assert b["other_time"] * MONTH == pytest.approx(60) and pd.isna(b["other_adc_time"])


def test_paths_start_at_the_first_adc_and_end_in_words() -> None:
    known = FIRST.assign(died=FIRST["OS_event"])
    table = paths(known, LINES, ["T-DXd", "SG"], depth=4)
    found = {tuple(r[:-1]): r[-1] for r in table.itertuples(index=False)}
    assert found == {("T-DXd", "Other ADC", "SG", FOLLOWED): 1, ("SG", "Immunotherapy", DIED, DIED): 1}


def test_bars_carry_running_numbers_and_end_with_follow_up() -> None:
    table = bars(FIRST, LINES, ["T-DXd", "SG"])
    assert "patient_id" not in table and table["patient"].tolist() == [1, 1, 1, 2, 2]
    assert table["start"].min() == 0  # the line before the first ADC is not drawn
    assert table.loc[2, "stop"] * MONTH == pytest.approx(300)
    kinds = marks(FIRST)
    assert kinds[kinds["patient"].eq(2)]["kind"].tolist() == ["progression", "death"]
    assert kinds[kinds["patient"].eq(1)]["kind"].tolist() == ["progression", "progression", "ongoing"]


def test_a_line_is_named_after_its_leading_drug() -> None:
    classes = ["endocrine + CDK4/6 inhibitor", "ADC", "x"]
    lines = pd.DataFrame({"adc": [None, "T-DM1", None], "classes": classes})
    assert line_classes(lines, ["SG"]).tolist() == ["Endocrine-based", "Other ADC", "Other"]


@given(st.integers(1, 6), st.permutations(range(len(LINES))))
@settings(deadline=None, max_examples=20)
def test_every_patient_is_in_one_path(depth: int, order: list[int]) -> None:
    known = FIRST.assign(died=FIRST["OS_event"])
    table = paths(known, LINES.iloc[order], ["T-DXd", "SG"], depth=depth)
    assert table["n"].sum() == len(known)
    assert table.drop(columns="n").notna().all(axis=None)

"""The results table: types, look-ups, messages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2adc.results import COLUMNS, concat, frame, one, row, select


def table() -> pd.DataFrame:
    return frame(
        [
            row("kaplan_meier", "median", 9.0, group="HER2-low", variable="PFS", n=52, n_events=20),
            row("kaplan_meier", "median", None, group="HER2-positive", variable="PFS", n=46),
            row("kaplan_meier", "survival", 0.4, group="HER2-low", variable="PFS", level="12"),
        ]
    )


def test_columns_and_types_also_when_empty() -> None:
    for rows in (table(), frame([])):
        assert list(rows.columns) == COLUMNS
        assert rows["value"].dtype == "float64"
        assert str(rows["n"].dtype) == "Int64"
        assert rows["study"].dtype == object


def test_none_is_nan_and_numbers_are_not_rounded() -> None:
    rows = table()
    assert np.isnan(rows["value"].iloc[1])
    assert rows["n_events"].isna().iloc[1]
    assert frame([row("a", "x", 1 / 3)])["value"].iloc[0] == 1 / 3


def test_numpy_numbers_and_levels_become_plain() -> None:
    made = row("a", "x", np.float64(1), level=12, n=np.int64(3))  # type: ignore[arg-type]
    assert (type(made["value"]), type(made["level"]), type(made["n"])) == (float, str, int)


def test_unknown_columns_are_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown columns.*\['colour'\]"):
        frame([{**row("a", "x", 1.0), "colour": "red"}])


def test_one_finds_the_row() -> None:
    assert one(table(), statistic="median", group="HER2-low")["n"] == 52


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"statistic": "mean"}, r"no result with statistic='mean'; statistic has \['median'"),
        ({"statistic": "median", "level": "6"}, r"level has \[''\]"),
        ({"statistic": "median"}, r"2 results.*HER2-low.*HER2-positive.*name one"),
        ({"colour": "red"}, "no such columns"),
    ],
)
def test_one_says_what_there_is(filters: dict[str, str], message: str) -> None:
    with pytest.raises(LookupError, match=message):
        one(table(), **filters)


def test_one_of_nothing() -> None:
    with pytest.raises(LookupError, match="the table is empty"):
        one(frame([]), statistic="median")
    with pytest.raises(LookupError, match="the table is empty"):
        one(frame([]))


def test_select_takes_several_values() -> None:
    assert len(select(table(), level=["12", "24"])) == 1
    assert len(select(table(), n=52)) == 1


def test_concat_keeps_order_and_types() -> None:
    rows = concat([table(), frame([]), table()])
    assert len(rows) == 6
    assert str(rows["n"].dtype) == "Int64"
    pd.testing.assert_frame_equal(rows.iloc[:3], table())
    assert list(concat([]).columns) == COLUMNS

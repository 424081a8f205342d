"""Paired categories against R and vcd, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2adc.results import one, select
from her2adc.stats.agreement import WEIGHTS, kappa, square_table
from her2adc.stats.paired import (
    bhapkar,
    bowker,
    marginal_trend,
    mcnemar,
    mcnemar_exact,
    paired,
    paired_odds_ratio,
    stuart_maxwell,
)

from .conftest import close
from .golden_models import cases, value

# the tables of make_golden_models.R, row by row
SQUARE = {
    "sexual_fun": [[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]],
    "ms": [[38, 5, 0, 1], [33, 11, 3, 0], [10, 14, 5, 6], [3, 7, 3, 10]],
    "agreed": [[4, 0, 0], [0, 5, 0], [0, 0, 6]],
    "moved": [[10, 3, 0], [2, 8, 1], [0, 4, 6]],
}
PAIRS = {"approval": [[794, 150], [86, 570]], "small": [[5, 1], [8, 9]]}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", [*SQUARE, *PAIRS])
def test_kappa_equals_vcd(name: str, weights: str) -> None:
    found = kappa((SQUARE | PAIRS)[name], weights)
    close(found.value, value("paired", "kappa", group=weights, level=name))
    close(found.low, value("paired", "kappa_low", group=weights, level=name), atol=1e-7)
    close(found.high, value("paired", "kappa_high", group=weights, level=name), atol=1e-7)


@pytest.mark.parametrize("name", PAIRS)
def test_mcnemar_equals_r(name: str) -> None:
    table = PAIRS[name]
    close(mcnemar(table).chi2, value("paired", "mcnemar_chi2", level=name))
    close(mcnemar(table).p, value("paired", "mcnemar_p", level=name))
    close(mcnemar(table, corrected=False).chi2, value("paired", "mcnemar_raw_chi2", level=name))
    close(mcnemar_exact(table), value("paired", "mcnemar_exact", level=name))


@pytest.mark.parametrize("statistic", ["bowker", "stuart_maxwell"])
def test_symmetry_and_margins_equal_r(statistic: str) -> None:
    test = {"bowker": bowker, "stuart_maxwell": stuart_maxwell}[statistic]
    for name in cases("paired", statistic=f"{statistic}_chi2")["level"]:
        found = test(SQUARE[name])
        close(found.chi2, value("paired", f"{statistic}_chi2", level=name))
        close(found.df, value("paired", f"{statistic}_df", level=name))
        close(found.p, value("paired", f"{statistic}_p", level=name))


def test_an_empty_pair_has_no_degree_of_freedom() -> None:
    found = bowker(SQUARE["moved"])
    close(found.chi2, 1 / 5 + 9 / 5)
    assert found.df == 2


def test_a_level_nobody_has_changes_nothing() -> None:
    wide = np.zeros((4, 4))
    wide[:3, :3] = SQUARE["moved"]
    for test in (bowker, stuart_maxwell, bhapkar):
        close([test(wide).chi2, test(wide).df], [test(SQUARE["moved"]).chi2, test(SQUARE["moved"]).df])
    close(kappa(wide).value, kappa(SQUARE["moved"]).value)


def test_nobody_changes() -> None:
    for test in (bowker, stuart_maxwell, bhapkar):
        found = test(SQUARE["agreed"])
        assert found.df == 0 and np.isnan(found.p)
    assert np.isnan(mcnemar([[3, 0], [0, 4]]).p) and np.isnan(mcnemar_exact([[3, 0], [0, 4]]))
    assert np.isnan(paired_odds_ratio([[3, 0], [0, 4]])).all()
    assert np.isnan(marginal_trend(SQUARE["agreed"])).all()
    close(kappa(SQUARE["agreed"]).value, 1.0)


def test_one_level_in_both_readings() -> None:
    assert np.isnan(kappa([[9, 0], [0, 0]]).value)
    assert np.isnan(kappa(np.zeros((3, 3))).value)


def test_a_row_of_zeros() -> None:
    table = [[0, 0], [5, 7]]
    close(mcnemar(table).chi2, 16 / 5)
    value_, low, high = paired_odds_ratio(table)
    assert value_ == 0 and low == 0 and 1 < high < 2
    assert paired_odds_ratio([[0, 5], [0, 7]])[2] == np.inf
    close(kappa(table).value, 0.0)


def test_two_levels_give_the_same_test() -> None:
    for table in PAIRS.values():
        raw = mcnemar(table, corrected=False).chi2
        close([bowker(table).chi2, stuart_maxwell(table).chi2], [raw, raw])


def test_shift_of_ordered_levels() -> None:
    z, p = marginal_trend([[5, 8], [1, 9]], scores=[0, 1])
    close(z**2, mcnemar([[5, 8], [1, 9]], corrected=False).chi2)
    assert z < 0 < p  # the second reading is higher


def test_rows() -> None:
    levels = ["zero", "low", "positive"]
    first = pd.Categorical(["zero"] * 3 + ["low"] * 4 + [None], categories=levels, ordered=True)
    second = pd.Categorical(
        ["zero", "low", "low", "low", "low", "zero", None, "low"], categories=levels, ordered=True
    )
    rows = paired(pd.DataFrame({"primary": first, "recurrence": second}), "primary", "recurrence")
    agreement = one(rows, statistic="agreement")
    assert (agreement["value"], agreement["n"], agreement["n_events"]) == (0.5, 6, 3)
    close(one(rows, statistic="discordance")["value"], 0.5)
    assert one(rows, statistic="n_missing")["value"] == 2
    assert select(rows, statistic="kappa")["level"].tolist() == list(WEIGHTS)
    assert select(rows, statistic="p_value")["level"].tolist() == ["Bowker", "Stuart-Maxwell"]
    assert rows["variable"].unique().tolist() == ["primary -> recurrence"]


def test_all_missing() -> None:
    levels = ["a", "b"]
    nobody = pd.DataFrame({name: pd.Categorical([None, None], categories=levels) for name in ("x", "y")})
    rows = paired(nobody, "x", "y")
    assert rows.loc[rows["statistic"] != "n_missing", "value"].isna().all()
    assert one(rows, statistic="n_missing")["value"] == 2


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="not square"):
        kappa([[1, 2, 3], [4, 5, 6]])
    with pytest.raises(ValueError, match="counts of 0 or more"):
        bowker([[1, -2], [4, 5]])
    with pytest.raises(ValueError, match="bowker or stuart_maxwell"):
        mcnemar(np.ones((3, 3)))
    with pytest.raises(ValueError, match="use one of"):
        kappa([[1, 2], [3, 4]], "cubic")
    with pytest.raises(ValueError, match="one for each level"):
        marginal_trend([[1, 2], [3, 4]], scores=[1, 2, 3])
    with pytest.raises(ValueError, match="two or more levels"):
        paired(pd.DataFrame({"x": ["a"], "y": ["a"]}), "x", "y")
    with pytest.raises(ValueError, match="no column"):
        paired(pd.DataFrame({"x": ["a"]}), "x", "y")
    assert square_table([[1, 2], [3, 4]]).sum() == 10

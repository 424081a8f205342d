"""Rounding and wording of numbers."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2adc import format
from her2adc.format import (
    count_percent,
    estimate,
    estimate_short,
    number,
    p_equals,
    percent,
    percent_estimate,
    percent_short,
    pvalue,
    round_half_away,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("x", "digits", "wanted"),
    [
        (6.25, 1, 6.3),  # 2 of 32; Python rounds it to 6.2
        (-6.25, 1, -6.3),
        (0.5, 0, 1.0),
        (2.675, 2, 2.68),
        (1.005, 2, 1.01),
        (57.49999999999999, 0, 58.0),  # 57.5 within twelve digits
        (0.56249999999999989 * 100, 1, 56.3),  # arithmetic of 0.5625
        (0.1 + 0.2, 1, 0.3),
        (-0.04, 1, 0.0),
        (1e15 + 0.3, 0, 1e15),
    ],
)
def test_round_half_away(x: float, digits: int, wanted: float) -> None:
    assert round_half_away(x, digits) == wanted


@given(st.decimals(-1000, 1000, places=4), st.integers(0, 3))
def test_rounding_is_decimal(x: Decimal, digits: int) -> None:
    wanted = x.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    assert round_half_away(float(x), digits) == float(wanted)


@given(st.integers(0, 400), st.integers(1, 400))
def test_count_percent_is_exact(n: int, total: int) -> None:
    """By whole numbers: the tenths of a percent, halves up."""
    n = min(n, total)
    tenths = (2000 * n + total) // (2 * total)
    assert count_percent(n, total) == f"{n} ({tenths // 10}.{tenths % 10}%)"
    assert percent(n / total) == f"{tenths // 10}.{tenths % 10}%"


@pytest.mark.parametrize("missing", [NAN, None, pd.NA, np.inf, np.float64("nan")])
def test_missing(missing: Any) -> None:
    assert number(missing) == "–"
    assert percent(missing) == "–"
    assert pvalue(missing) == "–"
    assert count_percent(missing, 9) == "–"
    assert p_equals(missing) == "p not estimable"
    assert np.isnan(round_half_away(missing))


@pytest.mark.parametrize(
    ("p", "default", "jama", "lancet", "nejm"),
    [
        (0.0, "<0.001", "<.001", "<0·0001", "<0.001"),
        (0.00005, "<0.001", "<.001", "<0·0001", "<0.001"),
        (0.0004, "<0.001", "<.001", "0·0004", "<0.001"),
        (0.00099, "<0.001", "<.001", "0·0010", "<0.001"),
        (0.001, "0.001", ".001", "0·0010", "0.001"),
        (0.0123, "0.012", ".01", "0·012", "0.01"),
        (0.034, "0.034", ".03", "0·034", "0.03"),
        (0.0496, "0.050", ".050", "0·050", "0.05"),
        (0.049, "0.049", ".049", "0·049", "0.05"),
        (0.1, "0.100", ".10", "0·10", "0.10"),
        (0.1996, "0.200", ".20", "0·20", "0.20"),
        (0.2, "0.20", ".20", "0·20", "0.20"),
        (0.355, "0.36", ".36", "0·36", "0.36"),
        (0.99, "0.99", ".99", "0·99", "0.99"),
        (0.991, ">0.99", ">.99", ">0·99", ">0.99"),
        (1.0, ">0.99", ">.99", ">0·99", ">0.99"),
    ],
)
def test_pvalue(p: float, default: str, jama: str, lancet: str, nejm: str) -> None:
    assert pvalue(p) == default
    assert [pvalue(p, name) for name in ("jama", "Lancet", "NEJM")] == [jama, lancet, nejm]


def test_p_equals() -> None:
    assert p_equals(0.034) == "p = 0.034"
    assert p_equals(0.0001) == "p < 0.001"
    assert p_equals(0.999) == "p > 0.99"
    assert p_equals(0.034, "jama") == "P = .03"
    assert p_equals(0.034, "lancet") == "p=0·034"
    assert p_equals(0.0001, "nejm") == "P<0.001"


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        pvalue(1.2)
    with pytest.raises(ValueError, match=r"unknown profile 'bmj'.*default.*nejm"):
        pvalue(0.5, "bmj")
    with pytest.raises(ValueError, match="digits"):
        number(1.0, -1)


def test_estimates() -> None:
    assert estimate(9.0, 4.8, 13.25) == "9.0 (95% CI 4.8 to 13.3)"
    assert estimate(9.0, 4.8, NAN) == "9.0 (95% CI 4.8 to NE)"
    assert estimate(NAN, 15.2, NAN) == "NR (95% CI 15.2 to NE)"
    assert estimate(NAN, NAN, NAN) == "NR"
    assert estimate(NAN, NAN, NAN, not_reached="NE") == "NE"
    assert estimate(0.4, 0.21, 0.75, 2, conf_level=0.9) == "0.40 (90% CI 0.21 to 0.75)"
    assert estimate(1.0, 0.5, 2, conf_level=0.975) == "1.0 (97.5% CI 0.5 to 2.0)"
    assert estimate_short(0.4, 0.21, 0.75, 2) == "0.40 (0.21 to 0.75)"
    assert estimate(-0.112, -0.3, 0.1, 2) == "−0.11 (95% CI −0.30 to 0.10)"


def test_percent_estimates() -> None:
    assert percent_estimate(0.398, 0.3004, 0.5018) == "39.8% (95% CI 30.0 to 50.2)"
    assert percent_short(0.0, 0.0, 0.218) == "0.0% (0.0 to 21.8)"
    assert percent_short(1.0, NAN, NAN) == "100.0% (NE to NE)"
    assert percent_short(NAN, NAN, NAN) == "NE"


def test_journals_write_intervals_their_own_way():
    """Instructions for authors: JAMA (hyphen, comma), The Lancet (raised point, dash), NEJM (comma)."""
    assert format.estimate(0.36, 0.182, 0.704, 2, profile="jama") == "0.36 (95% CI, 0.18-0.70)"
    assert format.estimate(0.36, 0.182, 0.704, 2, profile="lancet") == "0·36 (95% CI 0·18–0·70)"
    assert format.percent_estimate(0.398, 0.3, 0.502, profile="nejm") == "39.8% (95% CI, 30.0 to 50.2)"
    assert format.estimate(-1.3, -19.8, 17.6, profile="jama") == "−1.3 (95% CI, −19.8 to 17.6)"

"""Intervals of proportions against R and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from her2adc.stats.proportions import clopper_pearson, newcombe

from .conftest import close


@pytest.mark.parametrize(("x", "n"), [(39, 98), (0, 15), (15, 15), (1, 20)])
def test_clopper_pearson_equals_r(golden: Any, x: int, n: int) -> None:
    wanted = [golden.value("binom", s, level=f"{x}/{n}") for s in ("conf_low", "conf_high")]
    close(clopper_pearson(x, n), [x / n, *wanted])


def test_none_and_all_by_hand() -> None:
    """With none of 15 the upper limit solves (1 - p)^15 = 0.025."""
    upper = 1 - 0.025 ** (1 / 15)
    close(clopper_pearson(0, 15), (0, 0, upper))
    close(clopper_pearson(15, 15), (1, 1 - upper, 1))
    assert np.isnan(clopper_pearson(0, 0)).all()


def test_newcombe_by_hand() -> None:
    """Method 10: Wilson limits of both proportions, added in quadrature."""

    def wilson(x: int, n: int) -> tuple[float, float]:
        z2 = 1.959963984540054**2
        centre, half = x / n + z2 / (2 * n), np.sqrt(z2 * (x / n * (1 - x / n) + z2 / (4 * n)) / n)
        return (centre - half) / (1 + z2 / n), (centre + half) / (1 + z2 / n)

    for x1, n1, x2, n2 in ((56, 70, 48, 80), (9, 10, 3, 10), (0, 15, 4, 11), (15, 15, 9, 17)):
        (l1, u1), (l2, u2) = wilson(x1, n1), wilson(x2, n2)
        d = x1 / n1 - x2 / n2
        low = d - np.sqrt((x1 / n1 - l1) ** 2 + (u2 - x2 / n2) ** 2)
        high = d + np.sqrt((u1 - x1 / n1) ** 2 + (x2 / n2 - l2) ** 2)
        close(newcombe(x1, n1, x2, n2), (d, low, high))
    assert np.isnan(newcombe(0, 0, 1, 2)).all()


def test_shared_reference(reference: Any) -> None:
    compared = 0
    for entry in reference.of("binom_ci"):
        x, n = entry["args"]["x"], entry["args"]["n"]
        compared += close(clopper_pearson(x, n)[1:], entry["results"]["clopper_pearson"])
        compared += close(clopper_pearson(x, n, 0.90)[1:], entry["results"]["clopper_pearson_90"])
    for entry in reference.of("two_proportions"):
        a = entry["args"]
        found = newcombe(a["x1"], a["n1"], a["x2"], a["n2"])
        compared += close(found, [entry["results"]["diff"], *entry["results"]["diff_newcombe"]])
    print(f"proportions: {compared} values compared with R")
    assert compared >= 40


def test_bad_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="0 <= count <= total"):
        clopper_pearson(16, 15)
    with pytest.raises(ValueError, match="fraction"):
        clopper_pearson(1, 15, conf_level=95)

"""Tests of association against R."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from her2adc.stats.contingency import association, cross_table, fisher_exact

from .conftest import close

# R fills matrices by columns: these are the tables of make_golden.R, row by row
TABLES = {
    "two_by_two": [[3, 1], [1, 3]],
    "yates": [[30, 20], [15, 35]],
    "two_by_three": [[8, 5, 1], [2, 5, 9]],
    "three_by_three": [[3, 2, 0], [1, 6, 2], [0, 1, 5]],
    "two_by_five": [[12, 3, 20, 1, 0], [9, 8, 11, 4, 2]],
    "wide": [[50, 30, 25], [40, 20, 35]],
    "two_by_six": [[14, 9, 12, 5, 1, 3], [11, 17, 6, 8, 6, 6]],
    "three_by_four": [[9, 6, 1, 0], [4, 8, 5, 2], [2, 3, 7, 8]],
}


@pytest.mark.parametrize("name", TABLES)
def test_fisher_equals_r(golden: Any, name: str) -> None:
    found = fisher_exact(TABLES[name])
    assert found.method == "Fisher's exact"
    close(found.p, golden.value("table", "fisher_p", level=name))


@pytest.mark.parametrize("name", ["yates", "wide"])
def test_pearson_is_not_corrected(golden: Any, name: str) -> None:
    found = association(TABLES[name])
    assert found.method == "Pearson chi-square"
    close(found.statistic, golden.value("table", "chi2", level=name))
    close(found.p, golden.value("table", "chi2_p", level=name))


@pytest.mark.parametrize("name", ["two_by_two", "three_by_three", "two_by_five"])
def test_fisher_where_a_cell_expects_under_five(name: str) -> None:
    assert association(TABLES[name]).method == "Fisher's exact"


def test_empty_levels_do_not_count() -> None:
    close(association([[30, 0, 20], [15, 0, 35]]).p, association(TABLES["yates"]).p)
    assert np.isnan(association([[3, 4]]).p)
    assert "one level" in association([[3, 0], [4, 0]]).method


def test_a_table_too_large_to_enumerate_says_so() -> None:
    rng = np.random.default_rng(0)
    table = rng.integers(0, 12, size=(5, 6))
    table[0, 0] = 0
    first, second = fisher_exact(table), fisher_exact(table)
    assert "Monte Carlo" in first.method
    assert first.p == second.p


def test_shared_reference(reference: Any) -> None:
    compared = 0
    for entry in reference.of("contingency"):
        wanted = entry["results"]
        chi2 = stats.chi2_contingency(wanted["table"], correction=False)
        compared += close(chi2.pvalue, wanted["chisq_uncorrected"]["p"])
        found = fisher_exact(wanted["table"])
        if "Monte Carlo" not in found.method:
            compared += close(found.p, wanted["fisher_p"], label=entry["id"])
    for entry in reference.of("two_proportions"):
        a, wanted = entry["args"], entry["results"]
        table = [[a["x1"], a["n1"] - a["x1"]], [a["x2"], a["n2"] - a["x2"]]]
        compared += close(fisher_exact(table).p, wanted["fisher_p"], label=entry["id"])
    print(f"tables: {compared} values compared with R")
    assert compared >= 11


def test_cross_table_drops_missing_pairs() -> None:
    rows = pd.Series(["a", "b", None, "a"])
    columns = pd.Series(pd.Categorical(["x", "y", "x", None], ["x", "y", "z"]))
    assert cross_table(rows, columns).tolist() == [[1, 0], [0, 1]]


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="counts"):
        association([[1, -1], [2, 3]])


@given(st.lists(st.integers(0, 6), min_size=6, max_size=6), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_order_of_levels_does_not_matter(cells: list[int], random: Any) -> None:
    table = np.array(cells).reshape(2, 3)
    order = random.sample(range(3), 3)
    close(association(table).p, association(table[::-1, order]).p)
    close(association(table).p, association(table.T).p)


def test_a_table_too_large_for_the_network_takes_neither_memory_nor_minutes() -> None:
    """8 sites by 3 classes: R 4.2.2, fisher.test(t, workspace = 2e8) gives 0.9707962.

    Ours is drawn: with 99,999 tables the standard error is 0.0005, hence the tolerance of 0.002.
    """
    sites = [[8, 17, 9], [8, 20, 7], [3, 11, 6], [12, 37, 17], [6, 11, 4], [6, 11, 9], [4, 9, 5], [6, 11, 10]]
    found = association(sites)
    assert "Monte Carlo" in found.method
    assert abs(found.p - 0.9707962) < 0.002

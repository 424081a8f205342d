"""Response rates: denominators, groups, edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.results import one, select
from her2adc.stats.contingency import association
from her2adc.stats.proportions import clopper_pearson, newcombe
from her2adc.stats.response import CATEGORIES, difference, rates, responders

from .conftest import close

BEST = ["CR", "PR", "PR", "SD", "SD", "PD", "NE", None]


def cohort(best: list[Any] = BEST, **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"best_response": pd.Categorical(best, CATEGORIES, ordered=True), **columns})


def test_both_denominators() -> None:
    rows = rates(cohort())
    found = {
        (population, measure): tuple(one(rows, population=population, variable=measure)[["n_events", "n"]])
        for population in ("treated", "evaluable")
        for measure in ("ORR", "DCR")
    }
    assert found == {
        ("treated", "ORR"): (3, 8),
        ("treated", "DCR"): (5, 8),
        ("evaluable", "ORR"): (3, 6),
        ("evaluable", "DCR"): (5, 6),
    }
    row = one(rows, population="evaluable", variable="ORR")
    close(row[["value", "conf_low", "conf_high"]].astype(float), clopper_pearson(3, 6))
    assert row["method"] == "Clopper-Pearson interval"


def test_best_response_counts_and_missing_add_up() -> None:
    rows = select(rates(cohort()), variable="best_response", population="treated")
    counts = select(rows, statistic="count").set_index("level")["value"]
    assert counts.to_dict() == {"CR": 1, "PR": 2, "SD": 2, "PD": 1, "NE": 1}
    assert counts.sum() + one(rows, statistic="missing")["value"] == 8
    close(one(rows, statistic="percent", level="PR")["value"], 2 / 8)
    evaluable = select(rates(cohort()), variable="best_response", population="evaluable")
    assert set(evaluable["level"]) == {"CR", "PR", "SD", "PD"}
    close(one(evaluable, statistic="percent", level="PR")["value"], 2 / 6)


def test_clinical_benefit() -> None:
    benefit = pd.array([True, True, False, True, None, False, None, None], dtype="boolean")
    rows = rates(cohort(clinical_benefit=benefit))
    treated = one(rows, population="treated", variable="CBR")
    evaluable = one(rows, population="evaluable", variable="CBR")
    assert (treated["n_events"], treated["n"]) == (3, 8)
    assert (evaluable["n_events"], evaluable["n"]) == (3, 5)
    assert select(rates(cohort()), variable="CBR").empty
    words = cohort(clinical_benefit=["yes", "yes", "no", "yes", None, "no", None, None])
    assert one(rates(words), population="treated", variable="CBR")["n_events"] == 3


@pytest.mark.parametrize(("best", "events"), [(["PD"] * 15, 0), (["CR"] * 15, 15)])
def test_none_and_all(best: list[str], events: int) -> None:
    row = one(rates(cohort(best)), population="treated", variable="ORR")
    assert row["n_events"] == events
    close(row[["value", "conf_low", "conf_high"]].astype(float), clopper_pearson(events, 15))


def test_all_missing_and_empty_group() -> None:
    group = pd.Categorical(["a"] * 8, ["a", "b"])
    rows = rates(cohort([None] * 8, arm=group), by="arm")
    assert np.isnan(one(rows, group="a", population="evaluable", variable="ORR")["value"])
    assert one(rows, group="a", population="treated", variable="ORR")["value"] == 0
    assert one(rows, group="b", population="treated", variable="ORR")["n"] == 0


def test_difference_is_last_less_first() -> None:
    best = ["CR"] * 9 + ["PD"] * 8 + ["PR"] * 4 + ["SD"] * 7
    data = cohort(best, arm=pd.Categorical(["low"] * 17 + ["positive"] * 11, ["zero", "low", "positive"]))
    rows = difference(data, "ORR", "arm")
    row = one(rows, statistic="difference")
    close(row[["value", "conf_low", "conf_high"]].astype(float), newcombe(4, 11, 9, 17))
    assert row["level"] == "positive - low"
    test = one(rows, statistic="p_value")
    close(test["value"], association([[9, 8], [4, 7]]).p)
    assert test["method"] == "Pearson chi-square"


def test_difference_of_one_group() -> None:
    rows = difference(cohort(arm=["a"] * 8), "ORR", "arm")
    assert rows["value"].isna().all()


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match=r"map these.*CR"):
        rates(pd.DataFrame({"best_response": ["complete"]}))
    with pytest.raises(ValueError, match="unknown measure"):
        responders(cohort(), "RR")
    with pytest.raises(ValueError, match="unknown population"):
        rates(cohort(), population="intention to treat")
    with pytest.raises(ValueError, match="no column"):
        rates(pd.DataFrame({"x": [1]}))
    with pytest.raises(ValueError, match="yes, no"):
        rates(cohort(clinical_benefit=["maybe"] * 8))


@given(st.lists(st.sampled_from([*CATEGORIES, None]), min_size=1, max_size=30), st.randoms())
@settings(deadline=None, max_examples=30)
def test_order_of_rows_does_not_matter(best: list[Any], random: Any) -> None:
    shuffled = list(best)
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(rates(cohort(best)), rates(cohort(shuffled)))

"""Multiple imputation: Rubin's rules against R's mice, and data sets whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.results import one, select
from her2adc.stats.cox_model import estimates, model_of
from her2adc.stats.imputation import impute, nelson_aalen
from her2adc.stats.regression import cox
from her2adc.stats.rubin import cox_imputed, pool

GOLDEN = Path(__file__).parents[1] / "golden"
GRADES = ["I", "II", "III"]


def test_pooled_cox_is_that_of_mice() -> None:
    """The same imputed data sets in R 4.2.2, survival and mice (make_golden_imputation.R)."""
    sets = pd.read_csv(GOLDEN / "imputation_sets.csv")
    sets = sets.rename(columns={"time": "OS_time", "event": "OS_event"}).assign(
        grade=pd.Categorical(sets["grade"], GRADES), OS_event=lambda d: d["OS_event"].eq(1)
    )
    fits, k = [], 3
    for _, each in sets.groupby("set"):
        fits.append(estimates(model_of(each, "OS", ["age", "grade"]))[0])
    complete_df = int(sets.query("set == 1")["OS_event"].sum()) - k
    found = pool([f.coef for f in fits], [np.diag(f.covariance) for f in fits], complete_df)
    expected = pd.read_csv(GOLDEN / "golden_imputation.csv")
    for ours, theirs in (("value", "estimate"), ("error", "error"), ("df", "df"), ("p", "p"),
                         ("low", "low"), ("high", "high"), ("fmi", "fmi")):  # fmt: skip
        np.testing.assert_allclose(getattr(found, ours), expected[theirs], rtol=1e-6, err_msg=ours)


def test_pool_by_hand() -> None:
    """Within 0.5, between 0.5, m = 2: total 0.5 + 1.5 * 0.5 = 1.25; df = 1 / 0.6 squared."""
    found = pool([[1.0], [2.0]], [[0.5], [0.5]])
    assert found.error[0] == pytest.approx(np.sqrt(1.25))
    assert found.df[0] == pytest.approx(1 / 0.36)
    with pytest.raises(ValueError, match="two or more"):
        pool([[1.0]], [[0.5]])


def test_no_variation_between_sets_is_the_complete_analysis() -> None:
    found = pool([[1.0]] * 4, [[0.25]] * 4)
    assert (found.error[0], found.df[0], found.fmi[0]) == (0.5, np.inf, 0.0)
    assert found.low[0] == pytest.approx(1 - 1.959964 * 0.5, rel=1e-6)


def test_nelson_aalen_by_hand() -> None:
    """Ties: 2 of 4 at month 1; then 1 of 1 at month 3; with delayed entry nobody counts before entry."""
    data = pd.DataFrame({"E_time": [1.0, 1, 2, 3, np.nan], "E_event": [True, True, False, True, None]})
    assert nelson_aalen(data, "E").tolist()[:4] == [0.5, 0.5, 0.5, 1.5]
    assert np.isnan(nelson_aalen(data, "E").iloc[4])
    late = data.iloc[:4].assign(E_entry=[0.0, 0, 0, 2])
    assert nelson_aalen(late, "E").tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 5 / 3])


def made_up(n: int, seed: int) -> pd.DataFrame:
    """Exponential survival, log hazard ratio 0.7 per unit of x and 0.5, 1.0 of levels b and c."""
    r = np.random.default_rng(seed)
    level = r.integers(0, 3, n)
    x = r.normal(0.6 * level, 1.0)
    time = r.exponential(1 / (0.05 * np.exp(0.7 * x + 0.5 * level)))
    end = r.uniform(5, 40, n)
    return pd.DataFrame(
        {
            "OS_time": np.minimum(time, end),
            "OS_event": time <= end,
            "x": x,
            "level": pd.Categorical.from_codes(level, ["a", "b", "c"]),
        }
    )


def test_recovers_what_was_lost_at_random_given_the_outcome() -> None:
    """x is lost more often in patients without the event: complete cases are biased, imputation is not."""
    whole = made_up(3000, 3)
    r = np.random.default_rng(4)
    part = whole.copy()
    part.loc[~part["OS_event"] & (r.random(3000) < 0.8), "x"] = np.nan
    part.loc[r.random(3000) < 0.2, "level"] = np.nan
    truth = one(cox(whole, "OS", ["x", "level"]), variable="x", analysis="cox", statistic="hazard_ratio")
    found = one(cox_imputed(part, "OS", ["x", "level"], m=10), variable="x", statistic="hazard_ratio")
    lost = one(cox(part, "OS", ["x", "level"]), variable="x", analysis="cox", statistic="hazard_ratio")
    gap = abs(np.log(found["value"] / truth["value"]))
    assert gap < 0.06 < abs(np.log(lost["value"] / truth["value"]))
    assert found["n"] == 3000


def test_categories_are_drawn_from_what_predicts_them() -> None:
    whole = made_up(2000, 5)
    part = whole.copy()
    gone = np.random.default_rng(6).random(2000) < 0.3
    part.loc[gone, "level"] = np.nan
    shares = np.mean([each.loc[gone, "level"].value_counts(normalize=True).reindex(list("abc"))
                      for each in impute(part, "OS", ["x", "level"], m=8)], axis=0)  # fmt: skip
    true = whole.loc[gone, "level"].value_counts(normalize=True).reindex(list("abc"))
    np.testing.assert_allclose(shares, true, atol=0.05)
    assert set(impute(part, "OS", ["x", "level"], m=1)[0]["level"].cat.categories) == set("abc")


def test_same_seed_same_numbers_and_known_values_stay() -> None:
    data = made_up(80, 7)
    data.loc[:9, "x"] = np.nan
    first, again = (impute(data, "OS", ["x", "level"], m=2, seed=5) for _ in range(2))
    for one_, other in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(one_, other)
        assert one_["x"].notna().all()
        assert one_.loc[10:, "x"].equals(data.loc[10:, "x"])
        assert set(one_.loc[:9, "x"]) <= set(data["x"].dropna())
    assert not first[0]["x"].equals(first[1]["x"])


def test_edges() -> None:
    data = made_up(60, 8)
    assert cox_imputed(data, "OS", ["x"]).empty
    with pytest.raises(ValueError, match="missing in every patient"):
        impute(data.assign(x=np.nan), "OS", ["x"])
    assert cox_imputed(data.assign(OS_event=False, x=data["x"].where(data["x"] > 0)), "OS", ["x"]).empty
    constant = data.assign(k=pd.Categorical(["y"] * 59 + [None]), x=data["x"].where(data.index > 4))
    assert (impute(constant, "OS", ["x", "k"], m=1)[0]["k"] == "y").all()
    alone = data.assign(level=pd.Categorical(np.where(data["OS_event"], "a", "b")),
                        x=data["x"].where(data.index > 4))  # fmt: skip
    rows = cox_imputed(alone, "OS", ["x", "level"], m=3)
    assert select(rows, statistic="hazard_ratio", variable="x")["value"].isna().all()
    assert "monotone" in one(rows, statistic="hazard_ratio", variable="x")["method"]


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=6), st.floats(0.01, 4))
@settings(deadline=None, max_examples=50)
def test_pool_properties(values: list[float], variance: float) -> None:
    """The order of the sets does not matter, and the error is not below that within the sets."""
    found = pool(np.array(values)[:, None], np.full((len(values), 1), variance))
    turned = pool(np.array(values[::-1])[:, None], np.full((len(values), 1), variance))
    assert found.value[0] == pytest.approx(turned.value[0], abs=1e-12)
    assert found.error[0] >= np.sqrt(variance) - 1e-12
    assert found.low[0] <= found.value[0] <= found.high[0]


def test_draws_do_not_depend_on_the_signs_that_a_processor_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Singular vectors and eigenvectors are unique but for their signs, which differ between BLAS kernels."""
    data = made_up(80, 4)
    data.loc[data.index[:15], "x"] = np.nan
    data["z"] = np.random.default_rng(2).normal(size=80)
    plain = impute(data, "OS", ["x", "z"], m=2)
    svd, eigh = np.linalg.svd, np.linalg.eigh

    def flipped_svd(a: Any, *args: Any, **options: Any) -> Any:
        found = svd(a, *args, **options)
        if len(found) != 3 or found[0].ndim != 2:
            return found
        sign = np.where(np.arange(found[1].size) % 2, 1.0, -1.0)
        return found[0] * sign, found[1], found[2] * sign[:, None]

    def flipped_eigh(a: Any, *args: Any, **options: Any) -> Any:
        found = eigh(a, *args, **options)
        return found[0], found[1] * np.where(np.arange(found[0].size) % 2, 1.0, -1.0)

    for module in (np.linalg, np.linalg._linalg):
        monkeypatch.setattr(module, "svd", flipped_svd)
        monkeypatch.setattr(module, "eigh", flipped_eigh)
    for left, right in zip(plain, impute(data, "OS", ["x", "z"], m=2), strict=True):
        pd.testing.assert_frame_equal(left, right)

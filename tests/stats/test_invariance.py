"""No fit depends on where a covariate lies or on its unit; what cannot be fitted says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special

from her2adc.results import one, select
from her2adc.stats import outcomes, splines
from her2adc.stats.competing import fine_gray
from her2adc.stats.imputation import impute
from her2adc.stats.logistic import logistic
from her2adc.stats.logistic_fit import fit_firth_logistic, fit_logistic, independent
from her2adc.stats.logistic_profile import Profile
from her2adc.stats.monotone import FirthFit, fit_firth
from her2adc.stats.penalised import Penalised
from her2adc.stats.regression import cox
from her2adc.stats.weighting import propensity

MAPS = {
    "age": (55.0, 11.0),
    "haemoglobin": (131.0, 14.0),
    "year": (2018.0, 2.5),
    "leucocytes": (6e9, 2e9),
    "tiny": (3e-6, 1e-6),
    "seconds": (1.6e9, 3e7),
}


def cohort(n: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n), "arm": rng.choice(["a", "b"], n)})
    score = 0.4 * data["x"] + 0.5 * (data["arm"] == "b")
    died, left = rng.exponential(20 * np.exp(-score)), rng.uniform(1, 40, n)
    data["OS_time"], data["OS_event"] = np.minimum(died, left).round(2) + 0.01, died <= left
    data["T_time"] = data["OS_time"]
    data["T_cause"] = np.where(data["OS_event"], rng.choice(["one", "two"], n), "censored")
    data["pcr"] = rng.random(n) < special.expit(score)
    return data


def _mono(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(
        OS_event=data["OS_event"] & (data["arm"] == "b"), pcr=data["pcr"] & (data["arm"] == "b")
    )


COVARIATES = ["arm", "x", "z"]
FITS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "logistic": lambda d: logistic(d, "pcr", COVARIATES),
    "firth": lambda d: logistic(_mono(d), "pcr", COVARIATES),
    "sparse": lambda d: logistic(d, "pcr", COVARIATES, sparse=1e3),
    "cox": lambda d: cox(d, "OS", COVARIATES),
    "weighted": lambda d: cox(d.assign(w=1 + (d["arm"] == "b")), "OS", COVARIATES, weights="w"),
    "firth_cox": lambda d: cox(_mono(d), "OS", COVARIATES),
    "fine_gray": lambda d: fine_gray(d, "T", COVARIATES, "one"),
    "interaction": lambda d: outcomes.interaction(d, "pcr", "arm", "x"),
    "cox_spline": lambda d: splines.cox_spline(d, "OS", "x", ["z"]).rows,
    "logistic_spline": lambda d: splines.logistic_spline(d, "pcr", "x", ["z"]).rows,
}


@pytest.mark.parametrize("name", FITS)
def test_location_and_scale_do_not_matter(name: str) -> None:
    data = cohort()
    plain = FITS[name](data)
    for label, (location, scale) in MAPS.items():
        moved = FITS[name](data.assign(x=location + scale * data["x"], z=location + scale * data["z"]))
        for (_, left), (_, right) in zip(plain.iterrows(), moved.iterrows(), strict=True):
            if left["statistic"] == "knot":
                continue
            continuous = left["variable"] in ("x", "z") and str(left["statistic"]).endswith("_ratio")
            power = scale if continuous else 1.0
            if label == "tiny" and continuous:  # a ratio for one whole unit is beyond every number
                continue
            for column in ("value", "conf_low", "conf_high"):
                found = np.log(right[column]) * power if continuous else right[column]
                wanted = np.log(left[column]) if continuous else left[column]
                np.testing.assert_allclose(
                    found, wanted, rtol=1e-5, atol=1e-6, err_msg=f"{label} {left['variable']} {column}"
                )


@pytest.mark.parametrize("label", MAPS)
def test_propensity_and_imputation_do_not_depend_on_the_unit(label: str) -> None:
    location, scale = MAPS[label]
    data = cohort()
    moved = data.assign(x=location + scale * data["x"])
    np.testing.assert_allclose(
        propensity(moved, "arm", ["x", "z"]), propensity(data, "arm", ["x", "z"]), atol=1e-9
    )
    data.loc[:9, "x"], moved.loc[:9, "x"] = np.nan, np.nan
    for left, right in zip(
        impute(data, "OS", ["x", "z"], m=2), impute(moved, "OS", ["x", "z"], m=2), strict=True
    ):
        np.testing.assert_allclose((right["x"] - location) / scale, left["x"], atol=1e-5)


def _penalised(theta: Any, x: Any, y: Any) -> float:
    eta = x @ theta
    weight = special.expit(eta) * special.expit(-eta)
    return float(
        np.where(y, eta, 0).sum()
        - np.logaddexp(0, eta).sum()
        + np.linalg.slogdet((x * weight[:, None]).T @ x)[1] / 2
    )


@pytest.mark.parametrize("seed", range(4))
def test_firth_solves_its_own_equations(seed: int) -> None:
    """Estimates, limits and intercept on the scale of the covariates, against an optimiser of scipy."""
    rng = np.random.default_rng(seed)
    raw = np.column_stack([rng.random(40) < 0.5, rng.normal(size=40)]).astype(float)
    y = rng.random(40) < special.expit(raw @ [1.5, 0.7] - 1.5)
    x = raw * [1, 11] + [0, 55]
    fit = fit_firth_logistic(x, y)
    inner = np.column_stack([np.ones(40), raw])
    best = optimize.minimize(
        lambda b: -_penalised(b, inner, y), np.zeros(3), method="BFGS", options={"gtol": 1e-9}
    )
    slopes = best.x[1:] / [1, 11]
    np.testing.assert_allclose(fit.coef, [best.x[0] - slopes[1] * 55, *slopes], rtol=1e-5, atol=1e-6)
    for j, (low, high) in enumerate(zip(fit.low, fit.high, strict=True)):
        held = Profile(np.column_stack([np.ones(40), x]), y, j, x @ fit.coef[1:] + fit.coef[0], firth=True)
        np.testing.assert_allclose([held.fall(low), held.fall(high)], 1.920729410347062, atol=1e-8)


def test_nearly_collinear_columns_are_fitted() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(80, 1))
    x = np.column_stack([x, x + 1e-3 * rng.normal(size=(80, 1))])
    y = rng.random(80) < 0.3
    for fit in (fit_logistic(x, y), fit_firth_logistic(x, y)):
        assert not fit.stuck.any() and np.isfinite(fit.low).all() and np.isfinite(fit.high).all()
    assert independent(1e9 + x).tolist() == [True, True]
    assert independent(np.column_stack([x[:, 0], 1e9 + 2 * x[:, 0]])).tolist() == [True, False]
    assert independent(np.full((5, 1), 0.1) + np.array([[0.0], [1e-17], [0], [0], [0]])).tolist() == [False]


def test_a_ratio_beyond_every_number_says_so() -> None:
    data = cohort().assign(x=lambda d: 1e-6 * d["x"])
    for rows, name in (
        (logistic(data, "pcr", ["x"]), "odds_ratio"),
        (cox(data, "OS", ["x"]), "hazard_ratio"),
        (fine_gray(data, "T", ["x"], "one"), "subdistribution_hazard_ratio"),
    ):
        ratio = one(rows, variable="x", statistic=name)
        assert np.isnan(ratio["value"]) and "give x in larger units" in ratio["method"]
        assert 0 < select(rows, variable="x", statistic="p_value")["value"].iloc[0] < 1


def test_what_did_not_converge_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("her2adc.stats.logistic_profile._ITERATIONS", 1)
    monkeypatch.setattr("her2adc.stats.logistic_fit._firth_start", lambda basis, _: np.zeros(basis.shape[1]))
    for data in (cohort(), _mono(cohort())):
        rows = logistic(data.assign(age=55 + 11 * data["x"]), "pcr", ["arm", "age"])
        ratios = select(rows, statistic="odds_ratio").query("method != 'reference'")
        assert ratios["value"].isna().all()
        assert ratios["method"].str.contains(r"did not converge \((?:arm b|age|arm b, age)\)").all()


@pytest.mark.parametrize("column", ["constant", "copy", "moved", "dummy"])
@pytest.mark.parametrize("name", ["logistic", "firth", "cox", "firth_cox", "fine_gray"])
def test_a_column_that_says_nothing_new_costs_only_itself(name: str, column: str) -> None:
    data = cohort()
    made = {
        "constant": 1.0,
        "copy": data["x"],
        "moved": 2018 - 3 * data["x"],
        "dummy": (data["arm"] == "b") * 1.0,
    }
    data = data.assign(extra=made[column])
    names = ["arm", "x", "extra"]
    fits = {
        "logistic": lambda d, c: logistic(d, "pcr", c),
        "firth": lambda d, c: logistic(_mono(d), "pcr", c),
        "cox": lambda d, c: cox(d, "OS", c),
        "firth_cox": lambda d, c: cox(_mono(d), "OS", c),
        "fine_gray": lambda d, c: fine_gray(d, "T", c, "one"),
    }
    with_it, without = fits[name](data, names), fits[name](data, names[:2])
    ratio = with_it[(with_it["variable"] == "extra") & with_it["statistic"].str.endswith("_ratio")].iloc[0]
    assert np.isnan(ratio["value"]) and ratio["method"].startswith("not estimable")
    for level, variable in (("b", "arm"), ("", "x")):
        pair = [
            t[(t["variable"] == variable) & (t["level"] == level)].iloc[0]["value"]
            for t in (with_it, without)
        ]
        np.testing.assert_allclose(pair[0], pair[1], rtol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_firth_cox_has_limits_or_says_why_not(seed: int) -> None:
    """Few events, all of one arm: an estimate has both limits, the likelihood ratio of 95% there."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 25))
    x = np.column_stack([rng.random(n) < 0.5, rng.normal(size=n) + 55]).astype(float)
    x[:2, 0] = 0, 1
    times, events = rng.integers(1, 12, n).astype(float), (rng.random(n) < 0.3) & (x[:, 0] == 1)
    events[1] = True
    kept = np.array([True, True])
    fit = fit_firth(x, times, events, kept)
    if np.isnan(fit.coef).any():
        return
    found = Penalised(x, times, events)
    top = found.climb(np.zeros(2))
    for j in range(2):
        for limit in (fit.low[j], fit.high[j]):
            assert found.fall(top, j, limit * found.sets.scale[j]) == pytest.approx(1.9207294, abs=1e-5)


def test_an_estimate_without_limits_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(x: Any, *_: Any) -> FirthFit:
        nothing = np.full(x.shape[1], np.nan)
        return FirthFit(np.full(x.shape[1], 15.7), nothing, nothing, np.full(x.shape[1], 0.019))

    monkeypatch.setattr("her2adc.stats.cox_model.fit_firth", lost)
    rows = cox(_mono(cohort()), "OS", ["arm"])
    ratio = one(rows, variable="arm", level="b", statistic="hazard_ratio")
    assert np.isnan(ratio["value"]) and ratio["method"].startswith(
        "not estimable: Firth's estimate of arm b has no"
    )
    assert np.isnan(one(rows, analysis="cox", variable="arm", level="b", statistic="p_value")["value"])


def test_a_model_with_more_to_say_than_events_is_found_monotone() -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": rng.normal(size=12) + 55, "z": rng.normal(size=12)})
    data["OS_time"], data["OS_event"] = rng.permutation(12) + 1.0, [True] * 2 + [False] * 10
    ratios = select(cox(data, "OS", ["x", "z"]), statistic="hazard_ratio")
    assert (ratios["value"].isna() | ratios["value"].between(1e-4, 1e4)).all()

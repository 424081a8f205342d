"""Logistic regression against R, MASS and brglm2, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2adc.results import one, select
from her2adc.stats.logistic import FIRTH, LOGISTIC, logistic, logistic_table, outcome_of
from her2adc.stats.logistic_fit import fit_firth_logistic, fit_logistic, independent, separated

from .conftest import close
from .golden_models import birthwt, value

NAMES = {
    "age": ("age", ""),
    "lwt": ("lwt", ""),
    "raceblack": ("race", "black"),
    "raceother": ("race", "other"),
    "smokeyes": ("smoke", "yes"),
    "htyes": ("ht", "yes"),
    "earlyyes": ("early", "yes"),
}
MODELS = {
    "logit.birthwt": (
        ["age", "lwt", "race", "smoke", "ht"],
        ["age", "lwt", "raceblack", "raceother", "smokeyes", "htyes"],
    ),
    "logit.smoke": (["smoke"], ["smokeyes"]),
}


def _same(rows: pd.DataFrame, case: str, name: str, rtol: float = 1e-6) -> None:
    variable, level = NAMES[name]
    ratio = one(rows, variable=variable, level=level, statistic="odds_ratio")
    p = one(rows, variable=variable, level=level, statistic="p_value")
    close(ratio["value"], value(case, "ratio", variable=name))
    for limit in ("conf_low", "conf_high"):
        close(ratio[limit], value(case, limit, variable=name), rtol=rtol, label=f"{name} {limit}")
    close(p["value"], value(case, "p", variable=name), rtol=rtol)


@pytest.mark.parametrize("case", MODELS)
def test_profile_limits_and_likelihood_ratio_equal_r(case: str) -> None:
    covariates, names = MODELS[case]
    rows = logistic(birthwt(), "low", covariates)
    for name in names:
        _same(rows, case, name)
    assert set(select(rows, statistic="p_value")["method"]) == {LOGISTIC}


def test_standard_errors_and_wald_equal_r() -> None:
    data = birthwt()
    fit = fit_logistic((data["smoke"] == "yes").to_numpy(float)[:, None], data["low"].to_numpy())
    close(fit.error[1], value("logit.smoke", "error"))
    close(fit.p_wald[1], value("logit.smoke", "p_wald"))
    close(fit.loglik, value("logit.smoke", "loglik"))


def test_a_variable_with_levels_has_one_test() -> None:
    rows = logistic(birthwt(), "low", MODELS["logit.birthwt"][0])
    close(one(rows, statistic="p_variable")["value"], value("logit.birthwt", "p_variable", variable="race"))
    assert one(rows, statistic="p_variable")["variable"] == "race"


def _teen() -> pd.DataFrame:
    """Everybody with an early birth before has the event."""
    data = birthwt()
    early = data["early"] == "yes"
    return data[(data["age"] < 18) & ~early | (data["age"] < 20) & data["low"] & early]


def test_separated_outcomes_are_answered_by_firth() -> None:
    rows = logistic(_teen(), "low", ["early", "smoke"])
    # R's optimiser of the golden is good to some 1e-8 of the likelihood, limits to 1e-5
    for name in ("earlyyes", "smokeyes"):
        _same(rows, "firth.teen", name, rtol=1e-5)
    assert (
        one(rows, level="yes", variable="early", statistic="p_value")["method"]
        == f"{FIRTH} (separated: early yes)"
    )


def test_firth_without_separation_equals_brglm2() -> None:
    data = birthwt()
    x = np.column_stack([data["smoke"] == "yes", data["ht"] == "yes"]).astype(float)
    fit = fit_firth_logistic(x, data["low"].to_numpy())
    for j, name in enumerate(["smokeyes", "htyes"], start=1):
        close(np.exp(fit.coef[j]), value("firth.birthwt", "ratio", variable=name))
        close(fit.error[j], value("firth.birthwt", "error", variable=name))
        close(np.exp(fit.low[j]), value("firth.birthwt", "conf_low", variable=name), rtol=1e-5)
        close(np.exp(fit.high[j]), value("firth.birthwt", "conf_high", variable=name), rtol=1e-5)
    close(fit.loglik, value("firth.birthwt", "loglik"))


def test_scale_does_not_matter() -> None:
    data = birthwt()
    plain = logistic(data, "low", ["age", "smoke"])
    wide = logistic(data.assign(age=data["age"] * 1e4 + 1e6), "low", ["age", "smoke"])
    ratio = [one(rows, variable="smoke", level="yes", statistic="odds_ratio") for rows in (plain, wide)]
    close(
        ratio[0][["value", "conf_low", "conf_high"]].astype(float),
        ratio[1][["value", "conf_low", "conf_high"]].astype(float),
    )


def test_univariable_and_multivariable_in_one_call() -> None:
    data = birthwt()
    data.loc[data.index[:10], "race"] = None
    rows = logistic_table(data, "low", ["smoke", "race"], reference={"race": "other"})
    alone = select(rows, analysis="logistic_univariable")
    together = select(rows, analysis="logistic")
    assert one(alone, variable="smoke", statistic="n_missing")["value"] == 0
    assert one(alone, variable="race", statistic="n_missing")["value"] == 10
    assert one(together, statistic="n_missing")[["value", "n"]].tolist() == [10, 179]
    assert one(alone, variable="race", level="other", statistic="odds_ratio")["method"] == "reference"
    smokers = one(alone, variable="smoke", level="yes", statistic="odds_ratio")
    close(smokers["value"], value("logit.smoke", "ratio"))
    assert (smokers["n"], smokers["n_events"]) == (74, 30)


def test_events_per_variable_counts_the_rarer_outcome() -> None:
    rows = logistic(birthwt(), "low", ["smoke", "race"])
    close(one(rows, statistic="events_per_variable")["value"], 59 / 3)
    turned = logistic(birthwt().assign(low=lambda d: ~d["low"]), "low", ["smoke", "race"])
    close(one(turned, statistic="events_per_variable")["value"], 59 / 3)


def _outcome(*values: object, **columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"pcr": list(values), **columns})


def test_nobody_or_everybody_has_the_outcome() -> None:
    for flag, word in ((False, "nobody"), (True, "everybody")):
        rows = logistic(_outcome(*[flag] * 4, arm=list("aabb")), "pcr", ["arm"])
        found = one(rows, level="b", statistic="odds_ratio")
        assert np.isnan(found["value"]) and word in found["method"]


def test_empty_level_one_level_and_all_missing() -> None:
    data = _outcome(True, False, True, False, arm=list("aabb"))
    data["arm"] = pd.Categorical(data["arm"], categories=["a", "b", "c"])
    rows = logistic(data, "pcr", ["arm"])
    assert one(rows, level="c", statistic="odds_ratio")["method"] == "not estimable: no patients"
    rows = logistic(data.iloc[:2], "pcr", ["arm"])
    assert "one level" in one(rows, level="a", statistic="odds_ratio")["method"]
    rows = logistic(data.assign(arm=pd.Categorical([None] * 4, categories=["a", "b"])), "pcr", ["arm"])
    assert one(rows, statistic="n_missing")["value"] == 4
    assert select(rows, statistic="odds_ratio")["value"].isna().all()


def test_nobody_in_one_arm_and_everybody_in_the_other() -> None:
    data = _outcome(*[False] * 15, *[True] * 15, arm=["a"] * 15 + ["b"] * 15)
    found = one(logistic(data, "pcr", ["arm"]), level="b", statistic="odds_ratio")
    assert FIRTH in found["method"] and 1 < found["conf_low"] < found["value"] < np.inf


def test_collinear_columns_are_left_out() -> None:
    data = birthwt().assign(again=lambda d: d["smoke"].astype(str))
    rows = logistic(data, "low", ["smoke", "again"])
    close(
        one(rows, variable="smoke", level="yes", statistic="odds_ratio")["value"],
        value("logit.smoke", "ratio"),
    )
    assert (
        one(rows, variable="again", level="yes", statistic="odds_ratio")["method"]
        == "not estimable: collinear"
    )
    assert independent(np.column_stack([np.ones(3), [1.0, 2, 3]])).tolist() == [False, True]


def test_separation_is_decided_and_not_guessed() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 2))
    assert not separated(x, rng.random(60) < 0.5).any()
    assert separated(x, x[:, 0] > 0)[0]
    assert separated(x * [1e6, 1e-6], x[:, 0] > 0)[0]


def test_outcomes() -> None:
    data = _outcome("yes", None, "no", "yes")
    assert outcome_of(data, "pcr")[1].tolist() == [True, False, True]
    assert outcome_of(_outcome("CR", "PD"), "pcr", "CR")[1].tolist() == [True, False]
    levels = _outcome(*pd.Categorical(["no", "no"], categories=["no", "yes"]))
    levels["pcr"] = levels["pcr"].astype(pd.CategoricalDtype(["no", "yes"]))
    assert outcome_of(levels, "pcr")[1].tolist() == [False, False]


def test_bad_arguments() -> None:
    data = _outcome("yes", "no", arm=["a", "b"])
    with pytest.raises(ValueError, match="name one as event"):
        logistic(data, "pcr", ["arm"], event="complete")
    with pytest.raises(ValueError, match="at least one"):
        logistic(data, "pcr", [])
    with pytest.raises(ValueError, match="leave it out"):
        logistic(data, "pcr", ["pcr"])
    with pytest.raises(ValueError, match="no column"):
        logistic(data, "response", ["arm"])
    with pytest.raises(ValueError, match="fraction"):
        logistic(data, "pcr", ["arm"], conf_level=95)
    with pytest.raises(ValueError, match="with and without"):
        fit_logistic(np.zeros((2, 1)), np.array([True, True]))
    with pytest.raises(ValueError, match="one row of x"):
        fit_logistic(np.zeros((3, 1)), np.array([True, False]))

"""Bias and coverage over simulated samples: the naive comparisons fail, the sound ones hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from her2adc.simulate import SimulationParameters
from her2adc.stats.sequences_methods import ORDER_ANALYSIS, SECOND_ANALYSIS, describe
from her2adc.stats.sequences_truth import performance, replicates, truth

REPLICATES = 60
pytestmark = pytest.mark.xdist_group("simulation")


@pytest.fixture(scope="module")
def no_effect() -> pd.DataFrame:
    model = SimulationParameters(n=400)
    found = performance(replicates(model, REPLICATES), truth(model))
    return found.set_index(["analysis", "level"])


def test_without_an_effect_the_naive_rows_find_one(no_effect: pd.DataFrame) -> None:
    for place, least in (((ORDER_ANALYSIS, "naive_both"), 0.10), ((SECOND_ANALYSIS, "naive_ever"), -0.20)):
        found = no_effect.loc[place]
        low, high = (found["bias"] + side * 1.96 * found["bias_se"] for side in (-1, 1))
        assert min(abs(low), abs(high)) > abs(least), place
        assert np.sign(low) == np.sign(high) == np.sign(least)
        assert found["coverage"] + 1.96 * found["coverage_se"] < 0.9, place


def test_without_an_effect_the_sound_rows_find_none(no_effect: pd.DataFrame) -> None:
    sound = [place for place in no_effect.index if describe(*place).verdict == "sound"]
    assert len(sound) == 5
    for place in sound:
        found = no_effect.loc[place]
        assert found["replicates"] >= 0.9 * REPLICATES, place
        assert abs(found["bias"]) < 3.5 * found["bias_se"], place
        error = np.sqrt(0.95 * 0.05 / found["replicates"])
        assert found["coverage"] > 0.95 - 3 * error, place
        ratio = found["model_se"] / found["empirical_se"]
        assert abs(ratio - 1) < 4 / np.sqrt(2 * found["replicates"]), place


@pytest.mark.parametrize(
    ("changes", "analysis", "naive"),
    [
        ({"order_hazard_ratio": 0.7}, ORDER_ANALYSIS, "naive_both"),
        ({"second_hazard_ratio": 0.7}, SECOND_ANALYSIS, "naive_ever"),
    ],
)
def test_a_hazard_ratio_of_07_is_found(changes: dict[str, float], analysis: str, naive: str) -> None:
    model = SimulationParameters(n=400, **changes)
    true = truth(model, n=40_000)
    found = performance(replicates(model, 30), true).set_index(["analysis", "level"])
    sound = [p for p in found.index if p[0] == analysis and describe(*p).verdict == "sound"]
    for place in sound:
        assert 0.69 < true[place] < 0.77, place
        assert abs(found.loc[place, "bias"]) < 3.5 * found.loc[place, "bias_se"], place
        assert found.loc[place, "mean"] + 3.5 * found.loc[place, "bias_se"] < 0, place
    biased = found.loc[(analysis, naive)]
    assert abs(biased["bias"]) > 0.1 + 3 * biased["bias_se"]


def test_truth_without_covariates_is_the_parameter() -> None:
    # nothing to average over: marginal and conditional are one, up to the Monte-Carlo error of the sample
    model = SimulationParameters(covariates=(), frailty_sd=0.0, order_hazard_ratio=0.7)
    found = truth(model, n=40_000)
    for level in ("intention_iptw", "per_protocol", "intention_crude"):
        assert found[ORDER_ANALYSIS, level] == pytest.approx(0.7, rel=0.04)
    assert found[SECOND_ANALYSIS, "clone_censor_weight"] == pytest.approx(1.0, rel=0.001)


def test_marginal_is_nearer_to_one_than_conditional() -> None:
    found = truth(SimulationParameters(order_hazard_ratio=0.5, frailty_sd=0.8), n=40_000)
    assert 0.5 < found[ORDER_ANALYSIS, "intention_adjusted"] < found[ORDER_ANALYSIS, "intention_iptw"] < 0.7


def test_unmeasured_confounding_biases_the_sound_rows_too() -> None:
    model = replace(SimulationParameters(n=400), frailty_first=1.5, frailty_sd=0.8)
    found = performance(replicates(model, 20), truth(model)).set_index(["analysis", "level"])
    for level in ("intention_adjusted", "intention_iptw"):
        line = found.loc[(ORDER_ANALYSIS, level)]
        assert line["bias"] > 0.15 + 2 * line["bias_se"]


def test_performance_by_hand() -> None:
    found = pd.DataFrame(
        {
            "analysis": "a",
            "level": "m",
            "value": [0.5, 1.0, np.nan],
            "conf_low": [0.25, 0.8, np.nan],
            "conf_high": [1.0, 1.25, np.nan],
        }
    )
    line = performance(found, {("a", "m"): 0.75}).iloc[0]
    log = np.log([0.5, 1.0])
    assert (line["replicates"], line["failed"], line["coverage"]) == (2, 1, 0.5)
    assert line["bias"] == pytest.approx(log.mean() - np.log(0.75))
    assert line["empirical_se"] == pytest.approx(log.std(ddof=1))
    assert line["bias_se"] == pytest.approx(log.std(ddof=1) / np.sqrt(2))
    width = (np.log(4) + np.log(1.25 / 0.8)) / 2
    assert line["model_se"] == pytest.approx(width / (2 * 1.959964), rel=1e-5)
    assert line["coverage_se"] == pytest.approx(np.sqrt(0.125))

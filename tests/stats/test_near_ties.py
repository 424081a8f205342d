"""Times apart by rounding are one time at every entrance (R's ``timefix``); names alike are not one name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2adc.results import select
from her2adc.stats.competing import cumulative_incidence, fine_gray, gray
from her2adc.stats.group_contrasts import rmst
from her2adc.stats.imputation import nelson_aalen
from her2adc.stats.inputs import levels_of
from her2adc.stats.regression import cox
from her2adc.stats.survival import curve, logrank_test

# set.seed(1); t <- ceiling(rexp(40, 0.1)); e <- runif(40) < 0.7; x <- rnorm(40); g <- rbinom(40, 1, 0.5)
TIMES = [
    8,
    12,
    2,
    2,
    5,
    29,
    13,
    6,
    10,
    2,
    14,
    8,
    13,
    45,
    11,
    11,
    19,
    7,
    4,
    6,
    24,
    7,
    3,
    6,
    2,
    1,
    6,
    40,
    12,
    10,
    15,
    1,
    4,
    14,
    3,
    11,
    4,
    8,
    8,
    3,
]
EVENTS = [
    1,
    1,
    1,
    0,
    0,
    1,
    0,
    0,
    1,
    0,
    1,
    1,
    0,
    1,
    0,
    1,
    1,
    1,
    1,
    1,
    1,
    0,
    0,
    0,
    1,
    1,
    0,
    1,
    1,
    1,
    1,
    0,
    1,
    1,
    1,
    1,
    0,
    1,
    0,
    0,
]
X = [
    -0.367221476467,
    -1.044134626317,
    0.569719627442,
    -0.135054603881,
    2.401617760505,
    -0.039240002733,
    0.689739362451,
    0.028002158781,
    -0.743273208882,
    0.188792299514,
    -1.804958628891,
    1.465554861563,
    0.153253338212,
    2.172611670362,
    0.4755095289,
    -0.709946430922,
    0.610726353489,
    -0.934097631644,
    -1.253633400239,
    0.291446235517,
    -0.443291873218,
    0.001105351632,
    0.074341324152,
    -0.589520946188,
    -0.568668732819,
    -0.135178615124,
    1.178086996573,
    -1.52356680043,
    0.593946187628,
    0.332950371214,
    1.063099837276,
    -0.304183923634,
    0.370018809916,
    0.267098790772,
    -0.542520030992,
    1.207867805983,
    1.160402615695,
    0.700213649515,
    1.586833454541,
    0.558486425565,
]
GROUP = [
    0,
    1,
    0,
    1,
    0,
    1,
    0,
    1,
    0,
    0,
    1,
    0,
    0,
    1,
    1,
    0,
    0,
    1,
    1,
    0,
    1,
    1,
    1,
    0,
    1,
    1,
    1,
    0,
    0,
    0,
    0,
    1,
    1,
    1,
    0,
    0,
    0,
    1,
    0,
    0,
]


def cohort(shaken: bool) -> pd.DataFrame:
    shift = np.tile([0, 1e-10, -1e-10, 0], 10) if shaken else np.zeros(40)
    data = pd.DataFrame({"OS_time": TIMES + shift, "OS_event": np.array(EVENTS) == 1, "x": X})
    data["g"] = np.array(GROUP, dtype=float)
    data["T_time"], data["T_cause"] = (
        data["OS_time"],
        np.where(data["OS_event"], np.where(data["x"] > 0, "a", "b"), "censored"),
    )
    return data


@pytest.mark.parametrize("shaken", [False, True])
def test_cox_and_zph_merge_near_ties(shaken: bool) -> None:
    """coxph, cox.zph and survdiff of R 4.2.2, survival 3.5-3, on the shaken times."""
    data = cohort(shaken)
    rows = cox(data, "OS", ["x", "g"])
    coef = np.log(select(rows, statistic="hazard_ratio")["value"])
    np.testing.assert_allclose(coef, [-0.219758623674, -0.105562355200], rtol=1e-6)
    chi2 = select(rows, analysis="ph_test", statistic="chi2")["value"]
    np.testing.assert_allclose(chi2, [0.0385800988323, 0.2922614149547, 0.4407733853332], rtol=1e-6)
    test = logrank_test(data["OS_time"].to_numpy(), data["OS_event"].to_numpy(), np.array(GROUP))
    assert test[0] == pytest.approx(0.104804263966, rel=1e-6)


def test_every_estimate_merges_near_ties() -> None:
    plain, shaken = cohort(False), cohort(True)
    for made in (
        lambda d: curve(d, "OS", "g"),
        lambda d: rmst(d, "OS", "g", tau=12),
        lambda d: cumulative_incidence(d, "T", "g", landmarks=(3, 12)),
        lambda d: gray(d, "T", "g"),
        lambda d: fine_gray(d, "T", ["x"], "a"),
        lambda d: nelson_aalen(d, "OS").to_frame(),
    ):
        left, right = (made(d).select_dtypes("number").to_numpy(float) for d in (plain, shaken))
        np.testing.assert_allclose(right, left, rtol=1e-7, atol=1e-7)


def test_a_column_named_as_an_interaction() -> None:
    data = cohort(False)
    data["x:g"] = np.arange(40.0)
    rows = cox(data, "OS", ["x", "g", "x:g"], interactions=[("x", "g")])
    plain = cox(data.rename(columns={"x:g": "other"}), "OS", ["x", "g", "other"], interactions=[("x", "g")])
    assert select(rows, statistic="hazard_ratio")["variable"].tolist() == [
        "x",
        "g",
        "x:g",
        "x:g (interaction)",
    ]
    for statistic in ("hazard_ratio", "p_interaction"):
        assert (
            select(rows, statistic=statistic)["value"].tolist()
            == select(plain, statistic=statistic)["value"].tolist()
        )


@pytest.mark.parametrize("levels", [[1, "1"], [True, "True"], [1.5, "1.5"]])
def test_levels_that_print_alike_are_refused(levels: list[object]) -> None:
    data = cohort(False)
    for values in (
        pd.Series(levels * 20, dtype=object),
        pd.Series(pd.Categorical(levels * 20, categories=levels)),
    ):
        with pytest.raises(
            ValueError, match=r"two levels that print as '.*' .*\(text\)|two levels that print as"
        ):
            curve(data.assign(arm=values), "OS", "arm")
        with pytest.raises(ValueError, match="arm has two levels that print as"):
            cox(data.assign(arm=values), "OS", ["arm"])
    assert levels_of(pd.Series([2, "a", 10], dtype=object)) == [10, 2, "a"]

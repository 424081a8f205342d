"""The simulator of sequences: what it draws is what its parameters say, and its tables agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.simulate import Covariate, SimulationParameters, analysis_data, simulate

BARE = SimulationParameters(covariates=(), frailty_sd=0.0, loss_per_year=0.0, accrual=0.0, cut_off=400.0)
LARGE = replace(BARE, n=20_000, toxicity=(0.0, 0.0))


def median(values: pd.Series) -> float:
    return float(values.median())


def test_same_seed_same_study() -> None:
    first, second = (simulate(SimulationParameters(n=60), 7) for _ in range(2))
    for name in ("patients", "exposures", "assessments"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    assert not simulate(SimulationParameters(n=60), 8).patients.equals(first.patients)


def test_medians_are_those_asked_for() -> None:
    # nobody dies before progression when death is late: the medians are those of the Weibull times
    model = replace(LARGE, death_median=4000.0, cut_off=40_000.0)
    data = simulate(model, 1, tables=False).patients
    for agent, wanted, second in (("T-DXd", 10.0, 3.0), ("SG", 5.5, 4.5)):
        own = data[data["adc1"] == agent]
        assert median(own["progression1"]) == pytest.approx(wanted * 30.4375, rel=0.03)
        assert median(own["progression2"] - own["adc2_start"]) == pytest.approx(second * 30.4375, rel=0.04)
        gap = (own["next_start"] - own["progression1"]).dropna() / 30.4375
        assert gap.mean() == pytest.approx(1.0, rel=0.05)
        assert gap.min() >= 0.25 - 1 / 30


def test_deaths_are_weibull_and_proportional() -> None:
    # S(t) = 0.5 ** ((t / 22) ** 1.6 * ratio)
    data = simulate(replace(LARGE, order_hazard_ratio=0.7, first_share=0.5), 2, tables=False).patients
    months = data["death"] / 30.4375
    for agent, ratio in (("T-DXd", 1.0), ("SG", 0.7)):
        own = months[data["adc1"] == agent]
        for time in (6.0, 22.0, 40.0):
            assert (own > time).mean() == pytest.approx(0.5 ** ((time / 22) ** 1.6 * ratio), abs=0.015)


def test_second_adc_multiplies_the_hazard() -> None:
    # after its start t, death at u has the cumulative hazard H(t) + ratio (H(u) - H(t))
    data = simulate(replace(LARGE, n=60_000, second_hazard_ratio=0.5), 3, tables=False).patients
    own = data.dropna(subset=["adc2_start"])
    begin, death = own["adc2_start"] / 30.4375, own["death"] / 30.4375
    left = 0.5 * np.log(2) * ((death / 22) ** 1.6 - (begin / 22) ** 1.6)
    assert left.mean() == pytest.approx(1.0, abs=0.02)  # exponential with mean 1
    assert left.std() == pytest.approx(1.0, abs=0.03)


def test_no_effect_leaves_every_death_where_it_was() -> None:
    model = SimulationParameters(n=500)
    days = [simulate(model, 4, **forced, tables=False).patients["death"] for forced in FORCED]
    for other in days[1:]:
        pd.testing.assert_series_equal(days[0], other)


FORCED: list[dict] = [{}, {"second": 0.0}, {"second": 2.0}, {"first": "SG"}, {"by_lot": True}]


def test_what_is_forced_happens() -> None:
    model = SimulationParameters(n=400, gap=(3.0, 3.0))
    assert simulate(model, 5, second=0.0).patients["adc2_start"].isna().all()
    timely = simulate(model, 5, second=2.0).patients
    gap = (timely["adc2_start"] - timely["progression1"]).dropna()
    assert len(gap) > 200
    assert gap.max() <= np.ceil(2 * 30.4375) + 1
    # everyone who progresses and is followed for as long starts it
    followed = timely["last_contact"] > timely["progression1"] + 63
    assert timely.loc[followed, "adc2_start"].notna().all()
    assert set(simulate(model, 5, first="SG").patients["adc1"]) == {"SG"}
    with pytest.raises(ValueError, match="gap_least"):
        simulate(model, 5, second=0.1)


def test_confounding_selection_and_a_protocol() -> None:
    model = SimulationParameters(n=20_000)
    data = simulate(model, 6, tables=False).patients
    sg = (data["adc1"] == "SG").groupby(data["performance_status"], observed=False).mean()
    assert sg["2"] - sg["0"] > 0.15  # log odds ratio 0.9
    progressed = data[data["progression1"].notna()]
    next_is_adc = (
        progressed["adc2_start"].notna().groupby(progressed["performance_status"], observed=False).mean()
    )
    assert next_is_adc["0"] - next_is_adc["2"] > 0.15
    by = ("her2_ihc", {"2+": "T-DXd", "1+": "SG", "0": "SG"})
    data = simulate(SimulationParameters(n=300, first_by=by), 6, tables=False).patients
    assert ((data["adc1"] == "T-DXd") == (data["her2_ihc"] == "2+")).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(1, 6), st.integers(0, 40))
def test_tables_agree(seed: int, at_visits: bool, lines: int, n: int) -> None:
    study = simulate(SimulationParameters(n=n, lines=lines, seen_at_visits=at_visits), seed)
    p, e, a = study.patients.set_index("patient_id"), study.exposures, study.assessments
    assert len(p) == n
    assert (p["last_contact"] >= 1).all()
    days = p[["progression1", "next_start", "adc2_start", "progression2", "next2_start"]]
    assert not days.gt(p["last_contact"], axis=0).any(axis=None)
    died = p["death"].notna()
    assert (p.loc[died, "death"] == p.loc[died, "last_contact"]).all()
    assert not days[died].ge(p.loc[died, "death"], axis=0).any(axis=None)
    assert not (p["adc2_start"] <= p["progression1"]).any()
    last = e["patient_id"].map(p["last_contact"])
    assert (e["stop"].fillna(last) >= e["start"]).all()
    assert (e["stop"].fillna(last) <= last).all()
    assert (e["stop"].isna() == (e["reason"] == "ongoing")).all()
    starts = e.groupby("patient_id")["start"].shift(-1)
    assert not (starts < e["stop"]).any()
    one = e[e["line"] == 1].set_index("patient_id")
    assert (one["agent"] == p["adc1"].astype(str)).all()
    pd.testing.assert_series_equal(one["stop"], p["adc1_stop"], check_names=False)
    seconds = e[e["agent"] == e["patient_id"].map(p["adc2"])].set_index("patient_id")["start"]
    assert seconds.to_dict() == p["adc2_start"].dropna().to_dict()
    shown = a[(a["response"] == "PD") & (a["line"] == 1)].set_index("patient_id")["day"]
    assert shown.to_dict() == p["progression1"].dropna().to_dict()
    assert (a["day"] <= a["patient_id"].map(p["last_contact"])).all()
    if at_visits:
        assert ((p["progression1"].dropna() % 56) == 0).all()
    best = a[a["line"] == 1].groupby("patient_id")["response"].agg(list)
    rank = ["CR", "PR", "SD", "PD", "NE"]
    derived = best.map(lambda seen: min(seen, key=rank.index)).reindex(p.index).fillna("NE")
    assert (derived == p["response1"]).all()


def test_analysis_data_by_hand() -> None:
    model = SimulationParameters(n=200)
    study = simulate(model, 9)
    data, p = analysis_data(study, model), study.patients
    i = int(np.flatnonzero(p["progression2"].notna() & p["death"].notna())[0])
    row, month = p.iloc[i], 30.4375
    assert data["OS_time"][i] == row["death"] / month
    assert data["PFS1_time"][i] == row["progression1"] / month
    assert data["PFS_total_time"][i] == row["progression2"] / month
    assert data["PFS2_time"][i] == pytest.approx((row["progression2"] - row["adc2_start"]) / month)
    assert data[["OS_event", "PFS1_event", "PFS2_event", "PFS_total_event"]].iloc[i].all()
    j = int(np.flatnonzero(p["progression1"].isna() & p["death"].isna())[0])
    assert not data[["OS_event", "PFS1_event", "PFS_total_event"]].iloc[j].any()
    assert data["PFS1_time"][j] == data["OS_time"][j] == p["last_contact"][j] / month
    assert np.isnan(data["PFS2_time"][j])
    assert not data["PFS2_event"][j]


def test_response_rates() -> None:
    data = simulate(replace(LARGE, death_median=4000.0, cut_off=40_000.0), 10, tables=False).patients
    for agent, rate in (("T-DXd", 0.50), ("SG", 0.25)):
        best = data.loc[data["adc1"] == agent, "response1"]
        assert best.isin(["CR", "PR"]).mean() == pytest.approx(rate, abs=0.06)


@pytest.mark.parametrize("n", [0, 1])
def test_few_patients(n: int) -> None:
    study = simulate(SimulationParameters(n=n, lines=1), 1)
    assert len(study.patients) == len(study.exposures) == n
    assert len(analysis_data(study, SimulationParameters(n=n))) == n


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"agents": ("SG", "SG")}, "two that differ"),
        ({"accrual": 70.0}, "cut_off"),
        ({"n": -1}, "n >= 0"),
        ({"first_share": 1.0}, "between 0 and 1"),
    ],
)
def test_impossible_models_are_refused(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SimulationParameters(**options)


def test_impossible_covariates_are_refused() -> None:
    with pytest.raises(ValueError, match="summing to 1"):
        Covariate("x", ("a", "b"), (0.5, 0.6))
    with pytest.raises(ValueError, match="death needs"):
        Covariate("x", ("a", "b"), (0.5, 0.5), death=(0.1,))

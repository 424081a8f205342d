"""Cox regression against R, by hand, its edges and its properties."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from scipy import optimize, stats

from her2adc.results import one, select
from her2adc.stats.design import design
from her2adc.stats.inputs import Floats, endpoint_of
from her2adc.stats.monotone import fit_firth, infinite_coefficients
from her2adc.stats.partial_likelihood import fit_cox, ph_test, schoenfeld
from her2adc.stats.regression import (
    cox,
    cox_univariable,
    interaction,
    interaction_test,
    schoenfeld_residuals,
)

from .conftest import close, number

MODELS = {
    "cox.lung": ("lung", "OS", ["sex", "age", "ecog", "wt.loss"]),
    "cox.veteran": ("veteran", "OS", ["trt", "celltype", "karno", "age", "prior"]),
    "cox.veteran.month": ("veteran", "M", ["trt", "celltype", "karno"]),
}


@pytest.mark.parametrize("case", MODELS)
def test_cox_equals_r(golden: Any, request: pytest.FixtureRequest, case: str) -> None:
    """Hazard ratios, limits, p-values, numbers and the proportional-hazards test."""
    frame, endpoint, covariates = MODELS[case]
    rows = cox(request.getfixturevalue(frame), endpoint, covariates)
    ratios = select(rows, analysis="cox", statistic="hazard_ratio")
    for _, row in ratios[ratios["method"] != "reference"].iterrows():
        name = row["variable"] + row["level"]
        for column, statistic in (
            ("value", "hazard_ratio"),
            ("conf_low", "conf_low"),
            ("conf_high", "conf_high"),
        ):
            close(row[column], golden.value(case, statistic, variable=name), label=name)
        p = one(rows, statistic="p_value", analysis="cox", variable=row["variable"], level=row["level"])
        close(p["value"], golden.value(case, "p_value", variable=name), label=name)
    for variable in [*covariates, "GLOBAL"]:
        for ours, theirs in (("chi2", "chisq"), ("df", "df"), ("p_value", "p")):
            found = one(rows, analysis="ph_test", variable=variable, statistic=ours)["value"]
            close(found, golden.value(case, f"zph_{theirs}", variable=variable), label=variable)
    per_variable = one(rows, statistic="events_per_variable")
    assert per_variable["n"] == golden.value(case, "n")
    assert per_variable["n_events"] == golden.value(case, "nevent")


@pytest.mark.parametrize("case", MODELS)
def test_schoenfeld_residuals_equal_r(golden: Any, request: pytest.FixtureRequest, case: str) -> None:
    frame, endpoint, covariates = MODELS[case]
    found = schoenfeld_residuals(request.getfixturevalue(frame), endpoint, covariates)
    for (variable, level), part in found.groupby(["variable", "level"]):
        name = f"{variable}{level}"
        close((part["residual"] ** 2).sum(), golden.value(case, "schoenfeld_sum_squares", variable=name))


@pytest.mark.parametrize("celltype", ["squamous", "smallcell", "adeno", "large"])
def test_small_subgroups_equal_r(golden: Any, veteran: pd.DataFrame, celltype: str) -> None:
    case = f"cox.veteran.trt.{celltype}"
    rows = cox(veteran[veteran["celltype"] == celltype], "OS", ["trt"])
    row = one(rows, level="test", statistic="hazard_ratio")
    found = [row["value"], row["conf_low"], row["conf_high"]]
    wanted = [golden.value(case, s, variable="trttest") for s in ("hazard_ratio", "conf_low", "conf_high")]
    close(found, wanted)


@pytest.mark.parametrize(
    ("case", "frame", "arm", "variable"),
    [
        ("interaction.veteran", "veteran", "trt", "celltype"),
        ("interaction.lung", "lung", "sex", "ecog"),
    ],
)
def test_interaction_equals_r(
    golden: Any, request: pytest.FixtureRequest, case: str, frame: str, arm: str, variable: str
) -> None:
    """In lung the cell of women with ECOG 3 is empty: one column less, as in R."""
    rows = interaction(request.getfixturevalue(frame), "OS", arm, variable)
    for statistic in ("chi2", "df", "p_value"):
        close(one(rows, statistic=statistic)["value"], golden.value(case, statistic), label=case)


def _r_columns(data: pd.DataFrame, formula: str) -> tuple[pd.DataFrame, list[list[int]]] | None:
    """Columns of the simple formulas of the reference; None for strata, logs and interactions."""
    terms = [term.strip() for term in formula.split("~")[1].split("+")]
    blocks, places, at = [], [], 0
    for term in terms:
        name = term.removeprefix("factor(").removesuffix(")")
        if name not in data.columns:
            return None
        if term != name or data[name].dtype == object:
            levels = {
                "celltype": ["squamous", "smallcell", "adeno", "large"],
                "rx": ["Obs", "Lev", "Lev+5FU"],
            }
            known = levels.get(name) if data[name].dtype == object else sorted(data[name].unique())
            block = pd.get_dummies(pd.Categorical(data[name], known)).iloc[:, 1:].astype(float)
        else:
            block = data[[name]].astype(float)
        blocks.append(block.set_axis(data.index))
        places.append(list(range(at, at + block.shape[1])))
        at += block.shape[1]
    return pd.concat(blocks, axis=1), places


def test_shared_reference(reference: Any) -> None:
    """Coefficients, covariance, likelihood and cox.zph of every plain model of the shared set."""
    compared = models = 0
    for entry in reference.of("coxph"):
        formula, data = entry["args"]["formula"], reference.data(entry)
        if entry["args"]["robust"] or not formula.startswith("Surv(") or formula.count(",") != 1:
            continue
        made = _r_columns(data, formula)
        if made is None or "efron" not in entry["results"]:
            continue
        x, terms = made
        time, event = formula.split(" ~ ")[0].removeprefix("Surv(").removesuffix(")").split(", ")
        keep = x.notna().all(axis=1).to_numpy()
        matrix = x.to_numpy()[keep]
        times, events = data[time].to_numpy(float)[keep], data[event].to_numpy()[keep] == 1
        fit, wanted = fit_cox(matrix, times, events), entry["results"]["efron"]
        where = entry["id"]
        compared += close(fit.coef, wanted["coef"], label=where)
        compared += close(fit.covariance, wanted["vcov"], label=where)
        compared += close([fit.loglik, fit.loglik_null], [wanted["loglik"], wanted["loglik_null"]])
        tests = ph_test(matrix, times, events, fit.coef, terms)
        zph = wanted["cox_zph"]["km"].values()
        compared += close(tests, [[z["chisq"], z["df"], z["p"]] for z in zph], label=where)
        models += 1
    print(f"Cox: {compared} values of {models} models compared with R")
    assert models >= 8


def test_shared_reference_firth(reference: Any) -> None:
    """firthmodels, Breslow ties, against direct maximisation and coxphf."""
    compared = 0
    for entry in reference.of("firth_cox"):
        args, data = entry["args"], reference.data(entry)
        x = data[args["covariates"]].to_numpy(float)
        times, events = data[args["time"]].to_numpy(float), data[args["event"]].to_numpy() == 1
        fit = fit_firth(x, times, events, np.ones(x.shape[1], dtype=bool))
        wanted = entry["results"]["direct_breslow"]
        for found, name in (
            (fit.coef, "coef"),
            (fit.low, "profile_lower_coef"),
            (fit.high, "profile_upper_coef"),
            (fit.p, "plr_p"),
        ):
            compared += close(found, [number(v) for v in wanted[name]], rtol=1e-6, label=name)
    print(f"Firth Cox: {compared} values compared with R")
    assert compared >= 20


def test_lifelines_agrees(veteran: pd.DataFrame) -> None:
    """A second witness: lifelines fits the same model."""
    x = veteran[["karno", "age"]].to_numpy(float)
    fit = fit_cox(x, veteran["OS_time"].to_numpy(float), veteran["OS_event"].to_numpy())
    other = CoxPHFitter().fit(veteran[["OS_time", "OS_event", "karno", "age"]], "OS_time", "OS_event")
    close(fit.coef, other.params_, rtol=1e-6)
    close(fit.loglik, other.log_likelihood_)


def test_efron_by_hand() -> None:
    """Two events tied among three: the second of the ties counts them half.

    x = 1, 0, 0 with events of the first two at time 1: with r = exp(beta),
    L = r / ((r + 2)((r + 1) / 2 + 1)), largest where r^2 = 6.
    """
    fit = fit_cox(np.array([[1.0], [0.0], [0.0]]), np.array([1.0, 1.0, 2.0]), np.array([True, True, False]))
    close(fit.coef, 0.5 * np.log(6), rtol=1e-9)


def monotone(veteran: pd.DataFrame) -> pd.DataFrame:
    """Nobody with large cells has the event."""
    return veteran.assign(OS_event=veteran["OS_event"] & (veteran["celltype"] != "large"))


def test_monotone_likelihood_is_detected_and_answered(golden: Any, veteran: pd.DataFrame) -> None:
    data = monotone(veteran)
    rows = cox(data, "OS", ["trt", "celltype"])
    large = one(rows, level="large", statistic="hazard_ratio")
    assert "Firth" in large["method"]
    assert "celltype large" in large["method"]
    assert "trt" not in large["method"]
    assert 0 < large["conf_low"] < large["value"] < large["conf_high"] < 1
    assert large["n_events"] == 0
    tests = select(rows, analysis="ph_test")
    assert tests["value"].isna().all()
    assert tests["method"].str.contains("monotone").all()
    made = design(data, ["trt", "celltype"])
    _, times, events = endpoint_of(data, "OS")
    close(fit_cox(made.matrix, times, events).loglik, golden.value("monotone.veteran", "loglik"))


def test_interaction_under_a_monotone_likelihood(golden: Any, veteran: pd.DataFrame) -> None:
    """The supremum of the likelihood is finite, so the test is, too."""
    wanted = 2 * (
        golden.value("monotone.veteran", "loglik_interaction") - golden.value("monotone.veteran", "loglik")
    )
    close(interaction_test(monotone(veteran), "OS", "trt", "celltype")[0], wanted, rtol=1e-5)


def _penalised(beta: float, x: Floats, times: Floats, events: Any) -> float:
    """Breslow's log partial likelihood plus half the log information, one by one."""
    loglik = information = 0.0
    for i in np.flatnonzero(events):
        at_risk = times >= times[i]
        w = np.exp(beta * x[at_risk])
        mean = (w * x[at_risk]).sum() / w.sum()
        loglik += beta * x[i] - np.log(w.sum())
        information += (w * (x[at_risk] - mean) ** 2).sum() / w.sum()
    return loglik + 0.5 * np.log(information)


def test_firth_equals_direct_maximisation() -> None:
    """A group without events: estimate and limits by maximising and solving directly."""
    times = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    events = np.array([1, 1, 0, 1, 0, 1, 0, 0, 0, 0], dtype=bool)
    x = np.array([0.0, 0, 1, 0, 0, 0, 1, 1, 1, 1])

    def loss(beta: float) -> float:
        return -_penalised(beta, x, times, events)

    best = optimize.minimize_scalar(loss, bounds=(-8, 2), method="bounded", options={"xatol": 1e-11})
    drop = 3.841458820694124 / 2

    def edge(beta: float) -> float:
        return loss(beta) - best.fun - drop

    low, high = optimize.brentq(edge, -30, best.x), optimize.brentq(edge, best.x, 10)
    data = pd.DataFrame({"OS_time": times, "OS_event": events, "arm": np.where(x == 1, "b", "a")})
    row = one(cox(data, "OS", ["arm"]), level="b", statistic="hazard_ratio")
    close(np.log([row["value"], row["conf_low"], row["conf_high"]]), [best.x, low, high], rtol=1e-5)
    p = one(cox(data, "OS", ["arm"]), level="b", statistic="p_value")["value"]
    close(p, stats.chi2.sf(2 * (loss(0.0) - best.fun), 1), rtol=1e-5)


def test_detection_is_exact() -> None:
    """A large but finite estimate is left alone; a direction of two covariates is found."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 2))
    times = np.exp(-3 * x[:, 0]) * rng.exponential(size=60)
    events = np.ones(60, dtype=bool)
    assert not infinite_coefficients(x, times, events, fit_cox(x, times, events)).any()
    ranked = np.argsort(np.argsort(-(x @ [1.0, 2.0]))) + 1.0  # time ordered by x1 + 2 x2
    fit = fit_cox(x, ranked, events)
    assert infinite_coefficients(x, ranked, events, fit).all()


def two_groups(**columns: Any) -> pd.DataFrame:
    base = {
        "OS_time": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "OS_event": [True, True, True, True, False, True],
        "arm": pd.Categorical(list("ababab"), ["a", "b", "c"]),
    }
    return pd.DataFrame({**base, **columns})


def test_rows_of_levels() -> None:
    rows = cox(two_groups(age=[50, 61, 47, 70, 58, None]), "OS", ["arm", "age"])
    reference = one(rows, variable="arm", level="a", statistic="hazard_ratio")
    assert (reference["value"], reference["method"]) == (1.0, "reference")
    assert np.isnan(reference["conf_low"])
    assert (reference["n"], reference["n_events"]) == (3, 2)
    assert one(rows, level="c")["method"] == "not estimable: no patients"
    assert one(rows, variable="age", statistic="hazard_ratio")["level"] == ""
    assert one(rows, statistic="n_missing")["value"] == 1
    assert one(rows, statistic="events_per_variable")["value"] == 2.0


def test_reference_level() -> None:
    a = one(cox(two_groups(), "OS", ["arm"]), level="b", statistic="hazard_ratio")["value"]
    turned = cox(two_groups(), "OS", ["arm"], reference={"arm": "b"})
    close(one(turned, level="a", statistic="hazard_ratio")["value"], 1 / a)
    with pytest.raises(ValueError, match="no level 'z'"):
        cox(two_groups(), "OS", ["arm"], reference={"arm": "z"})
    with pytest.raises(ValueError, match="no patients"):
        cox(two_groups(), "OS", ["arm"], reference={"arm": "c"})
    with pytest.raises(ValueError, match="reference names"):
        cox(two_groups(), "OS", ["arm"], reference={"sex": "f"})


def test_what_cannot_be_estimated_says_why() -> None:
    nobody = cox(two_groups(OS_event=[False] * 6), "OS", ["arm"])
    assert one(nobody, level="b", statistic="hazard_ratio")["method"] == "not estimable: no events"
    single = cox(two_groups(arm=["a"] * 6), "OS", ["arm"])
    assert one(single, level="a")["method"] == "not estimable: one level only"
    constant = cox(two_groups(age=[5.0] * 6), "OS", ["arm", "age"])
    assert one(constant, variable="age", analysis="cox")["method"] == "not estimable: one value only"
    twin = two_groups().assign(twin=lambda d: d["arm"].astype(str))
    same = cox(twin, "OS", ["arm", "twin"])
    assert one(same, variable="twin", level="b", statistic="hazard_ratio")["method"] == (
        "not estimable: collinear"
    )
    missing = cox(two_groups(age=[np.nan] * 6), "OS", ["age"])
    assert select(missing, statistic="hazard_ratio")["value"].isna().all()
    assert one(missing, statistic="n_missing")["value"] == 6


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="at least one"):
        cox(two_groups(), "OS", [])
    with pytest.raises(ValueError, match="twice"):
        cox(two_groups(), "OS", ["arm", "arm"])
    with pytest.raises(ValueError, match="no column"):
        cox(two_groups(), "OS", ["sex"])


def test_univariable_is_one_model_each(veteran: pd.DataFrame) -> None:
    rows = cox_univariable(veteran, "OS", ["trt", "karno"])
    alone = cox(veteran, "OS", ["karno"])
    ours = one(rows, variable="karno", statistic="hazard_ratio")["value"]
    close(ours, one(alone, variable="karno", statistic="hazard_ratio")["value"])
    assert set(rows["analysis"]) == {"cox_univariable", "cox_univariable_ph_test"}
    assert "" not in set(rows["variable"])


def test_no_warning_escapes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cox(two_groups(OS_event=[True, False] * 3), "OS", ["arm"])
        cox(two_groups(OS_event=[False] * 6), "OS", ["arm"])


def test_schoenfeld_residuals_are_empty_when_monotone() -> None:
    assert schoenfeld_residuals(two_groups(OS_event=[True, False] * 3), "OS", ["arm"]).empty


def test_schoenfeld_mean_is_the_coefficient(veteran: pd.DataFrame) -> None:
    x = veteran[["karno"]].to_numpy(float)
    times, events = veteran["OS_time"].to_numpy(float), veteran["OS_event"].to_numpy()
    fit = fit_cox(x, times, events)
    at, residuals = schoenfeld(x, times, events, fit.coef)
    assert (np.diff(at) >= 0).all()
    close(residuals.mean(), fit.coef[0], rtol=1e-6)


@st.composite
def arms(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(6, 30))
    return pd.DataFrame(
        {
            "OS_time": [draw(st.integers(1, 20)) / 1.0 for _ in range(n)],
            "OS_event": [draw(st.booleans()) for _ in range(n)],
            "arm": [draw(st.sampled_from("ab")) for _ in range(n)],
        }
    )


@given(arms(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_swapping_groups_inverts_the_ratio(data: pd.DataFrame, random: Any) -> None:
    """So it does whichever way the estimate is made; the order of rows does not matter."""
    assume(data["arm"].nunique() == 2 and data["OS_event"].any())
    order = list(range(len(data)))
    random.shuffle(order)
    swapped = data.iloc[order].assign(arm=lambda d: d["arm"].map({"a": "b", "b": "a"}))
    one_way = one(cox(data, "OS", ["arm"]), level="b", statistic="hazard_ratio")
    other = one(cox(swapped, "OS", ["arm"]), level="b", statistic="hazard_ratio")
    assert ("Firth" in one_way["method"]) == ("Firth" in other["method"])
    close(np.log(one_way["value"]), -np.log(other["value"]), rtol=1e-5, atol=1e-6)
    close(np.log(one_way["conf_low"]), -np.log(other["conf_high"]), rtol=1e-5, atol=1e-6)

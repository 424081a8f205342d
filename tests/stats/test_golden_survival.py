"""Time to event beyond the basic against ``tests/golden/golden_survival.csv`` of R's survival."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from her2adc.results import one
from her2adc.stats.cox_model import estimates, model_of
from her2adc.stats.group_contrasts import rmst, survival_difference
from her2adc.stats.interactions import interaction_test
from her2adc.stats.partial_likelihood import robust_covariance
from her2adc.stats.regression import cox
from her2adc.stats.start_stop import from_landmark, split_at
from her2adc.stats.survival import logrank, logrank_pairwise, logrank_trend, summarise
from her2adc.stats.weighting import balance, iptw, propensity, weigh

from .conftest import GOLDEN, close, number

TYPES = ("log-log", "log", "plain")


@cache
def _table() -> dict[str, dict[str, float]]:
    table = pd.read_csv(GOLDEN / "golden_survival.csv", dtype=str, keep_default_na=False)
    assert not table.duplicated(["id", "quantity"]).any()
    return {
        str(name): dict(zip(part["quantity"], part["value"].map(number), strict=True))
        for name, part in table.groupby("id")
    }


def golden(name: str, *quantity: object) -> float:
    """One value of R."""
    return _table()[name]["|".join(str(part) for part in quantity)]


def names(prefix: str) -> list[str]:
    """Ids that begin with a prefix."""
    return sorted(name for name in _table() if name.startswith(prefix))


def _read(file: str, **levels: str) -> pd.DataFrame:
    data = pd.read_csv(GOLDEN / f"{file}.csv")
    for column, order in levels.items():
        data[column] = pd.Categorical(data[column], categories=order.split(), ordered=True)
    return data


def _endpoint(data: pd.DataFrame, time: str, event: str, entry: str | None = None) -> pd.DataFrame:
    found = data.assign(OS_time=data[time].astype(float), OS_event=data[event] > 0)
    return found if entry is None else found.assign(OS_entry=data[entry].astype(float))


CELLS = "squamous smallcell adeno large"


def veteran() -> pd.DataFrame:
    data = _read("veteran", trt="standard test", celltype=CELLS, prior="no yes")
    return _endpoint(data, "time", "event").assign(w=0.5 + data["age"] % 4 / 2)


def month() -> pd.DataFrame:
    return veteran().assign(OS_time=lambda d: d["month"].astype(float))


def lung() -> pd.DataFrame:
    data = pd.read_csv(GOLDEN / "lung.csv", dtype={"ecog": "str"})
    data["sex"] = pd.Categorical(data["sex"], categories=["male", "female"], ordered=True)
    return _endpoint(data, "time", "event")


def heart() -> pd.DataFrame:
    data = _read("heart")
    return _endpoint(data, "stop", "event", "start").assign(group=data["transplant"].astype(str))


def mgus2() -> pd.DataFrame:
    """Time is age in years; ties are equal up to rounding errors."""
    data = _read("mgus2", sex="F M", spike="low middle high")
    data = data.loc[data["age"] >= 60].assign(to=lambda d: d["age"] + d["time"] / 12)
    return _endpoint(data, "to", "cause", "age")


def kidney() -> pd.DataFrame:
    return _endpoint(_read("kidney", sex="male female", disease="Other GN AN PKD"), "time", "status")


def jasa() -> pd.DataFrame:
    return _endpoint(_read("jasa", surgery="no yes"), "futime", "fustat")


def split() -> pd.DataFrame:
    data = split_at(jasa(), "OS", "wait", "transplant")
    return data.assign(transplant=data["transplant"].astype(float))


def landmark() -> pd.DataFrame:
    data = from_landmark(jasa(), "OS", 30)
    return data.assign(early=np.where(data["wait"] <= 30, "yes", "no"))


def gbsg() -> pd.DataFrame:
    yes = {"meno": "no yes", "hormon": "no yes"}
    return _endpoint(_read("gbsg", **yes, grade="I II III"), "rfstime", "status")


# ---- Kaplan-Meier --------------------------------------------------------------------------------

KM: dict[str, tuple[Callable[[], pd.DataFrame], str, list[int], dict[str, Any]]] = {
    "km.entry.mgus2": (mgus2, "sex", [65, 70, 75, 80, 85, 90], {}),
    "km.entry.heart": (heart, "group", [10, 30, 90, 180, 365], {}),
    "km.weights.veteran": (veteran, "celltype", [30, 90, 150], {"weights": "w"}),
}


def _points(rows: pd.DataFrame, name: str, kind: str, group: str, times: list[int]) -> int:
    count = 0
    found = one(rows, statistic="median", group=group)
    wanted = [golden(name, q, kind, group) for q in ("median", "median_low", "median_high")]
    count += close([found[c] for c in ("value", "conf_low", "conf_high")], wanted, label=f"{group} {kind}")
    for time in times:
        found = one(rows, statistic="survival", group=group, level=str(time))
        wanted = [golden(name, q, kind, group, time) for q in ("survival", "conf_low", "conf_high")]
        got = [found[c] for c in ("value", "conf_low", "conf_high")]
        count += close(got, wanted, label=f"{group} {kind} {time}")
    return count


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", KM)
def test_kaplan_meier(name: str, kind: str) -> None:
    load, by, times, options = KM[name]
    data = load()
    rows = summarise(data, "OS", by, times, kind, **options)
    groups = [str(level) for level in data[by].unique()]
    count = sum(_points(rows, name, kind, group, times) for group in groups)
    assert count * len(TYPES) == len(_table()[name])


# ---- contrasts of groups -------------------------------------------------------------------------

CONTRASTS: dict[str, tuple[Callable[[], pd.DataFrame], str, list[int], float]] = {
    "contrasts.veteran": (veteran, "celltype", [30, 90, 150], 150),
    "contrasts.lung": (lung, "sex", [180, 365, 700], 883),
    "contrasts.heart": (heart, "group", [30, 90, 365], 365),
}


def _contrast(rows: pd.DataFrame, name: str, what: str, group: str, *level: int) -> int:
    found = one(rows, statistic=what, group=group, **({"level": str(level[0])} if level else {}))
    columns = ("value", "conf_low", "conf_high")
    count = sum(close(found[c], golden(name, what, c, group, *level), label=what) for c in columns)
    if what != "rmst":
        found = one(rows, statistic=f"p_{what}", group=group, **({"level": str(level[0])} if level else {}))
        count += close(found["value"], golden(name, what, "p", group, *level), atol=0, label=what)
    return count


@pytest.mark.parametrize("name", CONTRASTS)
def test_contrasts(name: str) -> None:
    load, by, landmarks, tau = CONTRASTS[name]
    data = load()
    groups = [str(level) for level in data[by].unique()]
    base = "squamous" if by == "celltype" else "male" if by == "sex" else "0"
    means = rmst(data, "OS", by, tau, reference=base)
    rows = survival_difference(data, "OS", by, landmarks, reference=base)
    count = sum(_contrast(means, name, "rmst", group) for group in groups)
    for group in (g for g in groups if g != base):
        for what in ("rmst_difference", "rmst_ratio", "rmtl_ratio"):
            count += _contrast(means, name, what, group)
        count += sum(_contrast(rows, name, "survival_difference", group, time) for time in landmarks)
    assert count == len(_table()[name])


def test_weighted_contrast() -> None:
    name = "contrasts.weights.veteran"
    rows = survival_difference(veteran(), "OS", "celltype", [90], weights="w")
    for group in ("smallcell", "adeno"):
        _contrast(rows, name, "survival_difference", group, 90)


# ---- log-rank ------------------------------------------------------------------------------------

Test = tuple[Callable[[], pd.DataFrame], str, dict[str, Any]]
FH = {"weighting": "fleming-harrington"}
WEIGHTED: dict[str, dict[str, Any]] = {
    "gehan": {"weighting": "gehan"},
    "tarone_ware": {"weighting": "tarone-ware"},
    "peto": {"weighting": "peto"},
    "fh_0_1": {**FH, "rho": 0, "gamma": 1},
    "fh_1_1": {**FH, "rho": 1, "gamma": 1},
    "fh_1_0": {**FH, "rho": 1, "gamma": 0},
}
LOGRANK: dict[str, Test] = {
    "strata.lung": (lung, "sex", {"strata": ["ecog"]}),
    "strata.veteran": (veteran, "trt", {"strata": ["celltype", "prior"]}),
    "strata.gbsg": (gbsg, "hormon", {"strata": ["meno", "grade"]}),
    "peto.lung": (lung, "sex", {"weighting": "peto"}),
    "fh_half_0.veteran": (veteran, "celltype", {**FH, "rho": 0.5}),
    "entry.heart": (heart, "group", {}),
    "entry.heart_by_hand": (heart, "group", {}),
    "entry.mgus2": (mgus2, "spike", {}),
    "entry.strata.mgus2": (mgus2, "spike", {"strata": ["sex"]}),
    "exact.veteran": (veteran, "celltype", {}),
    "landmark.jasa": (landmark, "early", {}),
    **{f"{k}.veteran": (veteran, "celltype", v) for k, v in WEIGHTED.items()},
    **{f"{k}.strata": (veteran, "trt", {**v, "strata": ["celltype"]}) for k, v in WEIGHTED.items()},
}
TREND: dict[str, Test] = {
    "exact.gbsg": (gbsg, "grade", {}),
    "gbsg": (gbsg, "grade", {}),
    "scores.gbsg": (gbsg, "grade", {"scores": [0, 1, 5]}),
    "strata.gbsg": (gbsg, "grade", {"strata": ["meno"]}),
    "entry.strata.mgus2": (mgus2, "spike", {"strata": ["sex"]}),
}


def _same_test(rows: pd.DataFrame, name: str) -> None:
    for statistic in ("chi2", "df", "p_value"):
        found = one(rows, statistic=statistic)["value"]
        close(found, golden(name, statistic), atol=0, label=f"{name} {statistic}")


def test_every_logrank_is_here() -> None:
    assert {f"logrank.{name}" for name in LOGRANK} == set(names("logrank."))
    assert {f"trend.{name}" for name in TREND} == set(names("trend."))


@pytest.mark.parametrize("name", LOGRANK)
def test_logrank(name: str) -> None:
    load, by, options = LOGRANK[name]
    _same_test(logrank(load(), "OS", by, **options), f"logrank.{name}")


@pytest.mark.parametrize("name", TREND)
def test_trend(name: str) -> None:
    load, by, options = TREND[name]
    _same_test(logrank_trend(load(), "OS", by, **options), f"trend.{name}")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("pairwise.veteran", {}),
        ("pairwise.strata", {"strata": ["trt"]}),
        ("pairwise.peto", {"weighting": "peto"}),
    ],
)
@pytest.mark.parametrize("how", ["holm", "hochberg", "hommel", "bonferroni", "BH", "BY"])
def test_pairwise(name: str, options: dict[str, Any], how: str) -> None:
    rows = logrank_pairwise(veteran(), "OS", "celltype", adjust=how, **options)
    assert len(rows) == 18
    for found in rows.itertuples():
        quantity = how if found.statistic == "p_value_adjusted" else found.statistic
        close(found.value, golden(name, quantity, found.group), atol=0, label=f"{found.group} {quantity}")


# ---- Cox -----------------------------------------------------------------------------------------

COX: dict[str, tuple[Callable[[], pd.DataFrame], list[str], dict[str, Any]]] = {
    "breslow.veteran": (veteran, ["trt", "celltype", "karno", "age"], {"ties": "breslow"}),
    "breslow.month": (month, ["trt", "celltype", "karno"], {"ties": "breslow"}),
    "strata.veteran": (veteran, ["trt", "karno", "age"], {"strata": ["celltype"]}),
    "strata.month": (month, ["trt", "karno"], {"strata": ["celltype", "prior"]}),
    "strata.lung": (lung, ["sex", "age", "wt.loss"], {"strata": ["ecog"]}),
    "strata.gbsg": (gbsg, ["hormon", "age", "size", "nodes"], {"strata": ["meno", "grade"]}),
    "entry.heart": (heart, ["transplant"], {}),
    "entry.mgus2": (mgus2, ["sex", "spike"], {}),
    "entry.breslow": (mgus2, ["sex", "spike"], {"ties": "breslow"}),
    "entry.strata": (mgus2, ["spike", "mspike"], {"strata": ["sex"]}),
    "split.jasa": (split, ["transplant", "age", "surgery"], {}),
    "split.cluster": (split, ["transplant", "age", "surgery"], {"cluster": "id"}),
    "split.interaction": (
        split,
        ["transplant", "surgery"],
        {"interactions": [("transplant", "surgery")]},
    ),
    "weights.veteran": (veteran, ["trt", "celltype", "karno"], {"weights": "w"}),
    "weights.breslow": (month, ["trt", "karno"], {"weights": "w", "ties": "breslow"}),
    "weights.month": (month, ["trt", "karno"], {"weights": "w"}),
    "weights.strata": (month, ["trt", "karno"], {"weights": "w", "strata": ["celltype"]}),
    "robust.veteran": (veteran, ["trt", "celltype", "karno"], {"robust": True}),
    "cluster.kidney": (kidney, ["age", "sex", "disease"], {"cluster": "id"}),
    "cluster.strata": (kidney, ["age", "sex"], {"cluster": "id", "strata": ["disease"]}),
    "cluster.breslow": (kidney, ["age", "sex", "disease"], {"cluster": "id", "ties": "breslow"}),
    "interaction.veteran": (
        veteran,
        ["trt", "celltype", "karno"],
        {"interactions": [("trt", "celltype"), ("trt", "karno")]},
    ),
    "landmark.jasa": (landmark, ["early", "age"], {}),
}


def _term(variable: str, level: str, data: pd.DataFrame) -> str:
    """Name that R gives a coefficient."""
    levels = iter(level.split(":"))
    numeric = pd.api.types.is_numeric_dtype
    return ":".join(v if numeric(data[v].dtype) else v + next(levels) for v in variable.split(":"))


COLUMNS = {"value": "hazard_ratio", "conf_low": "conf_low", "conf_high": "conf_high"}


def _same_cox(rows: pd.DataFrame, name: str, data: pd.DataFrame, prefix: str = "") -> int:
    count = 0
    ratios = rows.loc[rows["statistic"].eq("hazard_ratio") & rows["method"].ne("reference")]
    z = 1.959963984540054
    for found in ratios.itertuples():
        term = _term(str(found.variable), str(found.level), data)
        for column, quantity in {
            "value": "hazard_ratio",
            "conf_low": "conf_low",
            "conf_high": "conf_high",
        }.items():
            count += close(getattr(found, column), golden(name, quantity, term), label=f"{term} {quantity}")
        p = one(
            rows, statistic="p_value", variable=found.variable, level=found.level, analysis=found.analysis
        )
        count += close(p["value"], golden(name, "p_value", term), atol=0, label=f"{term} p")
        error = (np.log(found.conf_high) - np.log(found.conf_low)) / (2 * z)
        count += close(error, golden(name, "se", term), label=f"{term} se")
    found = one(rows, statistic="concordance")
    assert (found["n"], found["n_events"]) == (golden(name, "n"), golden(name, "nevent"))
    value, error = golden(name, "concordance"), golden(name, "concordance_se")
    close(found["value"], value, label="concordance")
    close(found["conf_low"], max(0, value - z * error), label="concordance")
    close(found["conf_high"], min(1, value + z * error), label="concordance")
    fitted = one(rows, statistic="p_likelihood_ratio")["value"]
    close(fitted, golden(name, "p_likelihood_ratio"), atol=0, label="likelihood ratio")
    zph = rows.loc[rows["analysis"] == f"{prefix}ph_test"]
    for found in zph.itertuples():
        quantity = {"chi2": "zph_chisq", "df": "zph_df", "p_value": "zph_p"}[str(found.statistic)]
        count += close(
            found.value, golden(name, quantity, found.variable), label=f"{found.variable} {quantity}"
        )
    return count


def test_every_cox_is_here() -> None:
    assert {f"cox.{name}" for name in COX} == set(names("cox."))


@pytest.mark.parametrize("case", COX)
def test_cox(case: str) -> None:
    load, covariates, options = COX[case]
    data, name = load(), f"cox.{case}"
    rows = cox(data, "OS", covariates, **options)
    keys = [key.split("|") for key in _table()[name]]
    kinds = {*COLUMNS.values(), "p_value", "se"}
    products = [f"{a}:{b}" for a, b in options.get("interactions", ())]
    terms = sum(key[0] in kinds and key[1] not in products for key in keys)
    assert _same_cox(rows, name, data) == terms + sum(key[0].startswith("zph_") for key in keys)
    for a, b in options.get("interactions", ()):
        found = one(rows, statistic="p_interaction", variable=f"{a}:{b}")["value"]
        close(found, golden(name, "p_value", f"{a}:{b}"), atol=0, label=f"{a}:{b}")


@pytest.mark.parametrize("case", COX)
def test_likelihood_and_standard_errors(case: str) -> None:
    load, covariates, options = COX[case]
    data, name = load(), f"cox.{case}"
    robust = options.get("robust")
    model = model_of(data, "OS", covariates, **{k: v for k, v in options.items() if k != "robust"})
    fit, found = estimates(model, 0.95, robust)
    close([fit.loglik, fit.loglik_null], [golden(name, "loglik"), golden(name, "loglik_null")])
    columns = [c for c in model.design.columns if c.place is not None]
    terms = [_term(c.variable, c.level, data) for c in columns]
    close(np.log(found.ratio), [np.log(golden(name, "hazard_ratio", term)) for term in terms])
    close(np.sqrt(np.diag(fit.covariance)), [golden(name, "naive_se", term) for term in terms])
    if robust or options.get("weights") or options.get("cluster"):
        sandwich = robust_covariance(
            model.design.matrix, model.times, model.events, fit, model.scheme, model.cluster
        )
        close(np.sqrt(np.diag(sandwich)), [golden(name, "se", term) for term in terms])


def test_interaction_chi_square() -> None:
    chi2, df, p, *_ = interaction_test(split(), "OS", "transplant", "surgery")
    wanted = [golden("cox.split.interaction", q, "transplant:surgery") for q in ("chi2", "df", "p_value")]
    close([chi2, df, p], wanted)


# ---- inverse probability of treatment weighting --------------------------------------------------

SCORED = ["age", "meno", "size", "grade", "nodes", "pgr", "er"]
KINDS: dict[str, dict[str, Any]] = {
    "ate": {"kind": "ate"},
    "ate_raw": {"kind": "ate", "stabilised": False},
    "att": {"kind": "att"},
    "overlap": {"kind": "overlap"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_iptw(kind: str) -> None:
    name, times, data = f"iptw.{kind}", [365, 730, 1825], gbsg()
    for scale in TYPES:
        rows = iptw(data, "OS", "hormon", SCORED, landmarks=times, conf_type=scale, **KINDS[kind])
        curves = rows.loc[rows["analysis"] == "iptw_kaplan_meier"]
        for group in ("no", "yes"):
            assert _points(curves, name, scale, group, times) == 12
            for statistic in ("weight_sum", "weight_min", "weight_max", "effective_n"):
                found = one(rows, statistic=statistic, group=group)["value"]
                close(found, golden(name, statistic, group), label=statistic)
    model = rows.loc[rows["analysis"].str.startswith("iptw_cox")]
    assert _same_cox(model, name, data, "iptw_cox_") == 5 + 6


def test_weights_without_the_wrapper() -> None:
    data = gbsg()
    own = data["hormon"] == "yes"
    data["w"] = weigh(propensity(data, "hormon", SCORED), own)
    rows = balance(data, "hormon", SCORED, "w")
    found = one(rows, statistic="effective_n", group="yes")["value"]
    close(found, golden("iptw.ate", "effective_n", "yes"))
    found = one(cox(data, "OS", ["hormon"], weights="w"), statistic="hazard_ratio", level="yes")["value"]
    close(found, golden("iptw.ate", "hazard_ratio", "hormonyes"))

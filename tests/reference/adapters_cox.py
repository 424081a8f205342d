"""Cox models: ties, strata, delayed entry, robust variance, interactions; Firth's penalty."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import one, select
from her2adc.stats.concordance import concordance
from her2adc.stats.cox_model import Model, model_of
from her2adc.stats.monotone import fit_firth, infinite_coefficients
from her2adc.stats.partial_likelihood import CoxFit, fit_cox, ph_test, robust_covariance
from her2adc.stats.regression import cox
from her2adc.stats.risk_sets import RiskSets
from her2adc.stats.start_stop import from_landmark, split_at

from .adapters_cohort import grouped
from .adapters_survival import endpoint, logrank_values
from .registry import Entry, adapter

TRANSFORMS = ("km", "rank", "identity", "log")


def chi2(u: Any, variance: Any) -> dict[str, float]:
    """Statistic, degrees of freedom and p-value of a quadratic form."""
    value = float(u @ np.linalg.solve(variance, u))
    return {"stat": value, "df": len(u), "p": stats.chi2.sf(value, len(u))}


def cox_values(data: pd.DataFrame, covariates: list[str], robust: bool | None = None, **options: Any) -> Any:
    """What R prints of a fitted model, and the model."""
    rows = cox(data, "T", covariates, robust=robust, **options)
    model = model_of(data, "T", covariates, **options)
    observed = (model.times, model.events)
    fit = fit_cox(model.design.matrix, *observed, model.scheme)
    covariance = fit.covariance
    if robust or model.cluster is not None or (robust is None and model.scheme.weights is not None):
        covariance = robust_covariance(model.design.matrix, *observed, fit, model.scheme, model.cluster)
    ratios = select(rows, statistic="hazard_ratio").query("method != 'reference'")
    error = np.sqrt(np.diag(covariance))
    score = model.design.matrix @ fit.coef
    c, c_error = concordance(score, *observed, model.scheme, model.cluster)
    assert np.isclose(c, one(rows, statistic="concordance")["value"], rtol=1e-14)
    lr = fit.likelihood_ratio()
    assert lr[2] == one(rows, statistic="p_likelihood_ratio")["value"]
    out = {
        "n": one(rows, statistic="n_missing")["n"],
        "nevent": one(rows, statistic="n_missing")["n_events"],
        "coef": np.log(ratios["value"]).tolist(),
        "se": error,
        "hr": ratios["value"].tolist(),
        "hr_lower": ratios["conf_low"].tolist(),
        "hr_upper": ratios["conf_high"].tolist(),
        "z": fit.coef / error,
        "p": select(rows, statistic="p_value", analysis="cox")["value"].tolist(),
        "loglik_null": fit.loglik_null,
        "loglik": fit.loglik,
        "aic": 2 * fit.df - 2 * fit.loglik,
        "lr_test": dict(zip(("stat", "df", "p"), lr, strict=True)),
        "wald_test": chi2(fit.coef, covariance),
        "score_test": score_tests(model)[0],
        "concordance": {"c": c, "se": c_error},
        "vcov": covariance,
    }
    return out, model, fit, rows


def score_tests(model: Model) -> tuple[dict[str, float], dict[str, float]]:
    """Score test against no covariates, and its robust form."""
    sets = RiskSets(model.design.matrix, model.times, model.events, model.scheme)
    state = sets.at(np.zeros(sets.x.shape[1]))
    u, information = sets.derivatives(state)
    residuals = pd.DataFrame(sets.score_residuals(state))
    if model.scheme.weights is not None:
        residuals = residuals.mul(model.scheme.weights, axis=0)
    if model.cluster is not None:
        residuals = residuals.groupby(model.cluster).sum()
    return chi2(u, information), chi2(u, residuals.T.to_numpy() @ residuals.to_numpy())


def _zph(model: Model, fit: CoxFit, rows: pd.DataFrame) -> dict[str, Any]:
    """Tests of proportional hazards on every scale of time."""
    variables = list(dict.fromkeys(c.variable for c in model.design.columns))
    terms = [model.design.places(name) for name in variables]
    out: dict[str, Any] = {}
    for transform in TRANSFORMS:
        tests = ph_test(
            model.design.matrix, model.times, model.events, fit.coef, terms, model.scheme, transform
        )
        out[transform] = {
            name: dict(zip(("chisq", "df", "p"), test, strict=True))
            for name, test in zip([*variables, "GLOBAL"], tests, strict=True)
        }
    for name, test in out["km"].items():
        for ours, theirs in (("chi2", "chisq"), ("df", "df"), ("p_value", "p")):
            test[theirs] = one(rows, analysis="ph_test", variable=name, statistic=ours)["value"]
    return out


def _terms(formula: str) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """Covariates, interactions and strata of an R formula, as far as the reference uses it."""
    formula = formula.replace("(age + surgery) * transplant", "age*transplant + surgery*transplant")
    covariates: list[str] = []
    pairs: list[tuple[str, str]] = []
    strata: list[str] = []
    for term in formula.split(" + "):
        if term.startswith("strata("):
            strata += term.removeprefix("strata(").removesuffix(")").split(", ")
            continue
        names = [name.strip() for name in term.replace("*", ":").split(":")]
        covariates += names if "*" in term or len(names) == 1 else []
        pairs += [(names[0], names[1])] if len(names) == 2 else []
    unique = list(dict.fromkeys(covariates))
    if "surgery" in unique and ("age", "transplant") in pairs:
        unique = ["age", "surgery", "transplant", "year"]
    return unique, pairs, strata


def _column(data: pd.DataFrame, term: str) -> Any:
    """Column of a term of the formula."""
    name = term[term.find("(") + 1 :].removesuffix(")")
    if term.startswith("log1p("):
        return np.log1p(data[name])
    if term.startswith("log("):
        return np.log(data[name])
    if term.startswith("factor(") or not pd.api.types.is_numeric_dtype(data[name]):
        return grouped(data, name)
    return data[name]


@adapter(
    "coxph",
    left_out={
        "exact.[!n]*": "ties are handled after Efron or Breslow; the exact likelihood is not offered",
        "*.predicted_survival": "the book predicts no survival of single patients",
    },
)
def cox_model(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args = entry["args"]
    outcome, right = args["formula"].split(" ~ ")
    times = outcome.removeprefix("Surv(").removesuffix(")").split(", ")
    entries = {"T_entry": data[times[0]].astype(float)} if len(times) == 3 else {}
    data = endpoint(data, times[-2], times[-1], **entries)
    covariates, pairs, strata = _terms(right)
    data = data.assign(**{term: _column(data, term) for term in covariates})
    out = {}
    for ties in entry["results"]:
        if ties == "exact":
            row = one(cox(data, "T", covariates), statistic="n_missing")
            return {"exact": {"n": row["n"], "nevent": row["n_events"]}}
        options = {"interactions": pairs, "strata": strata, "cluster": args["cluster"], "ties": ties}
        found, model, fit, rows = cox_values(data, covariates, args["robust"] or None, **options)
        wanted = entry["results"][ties]
        if "naive_se" in wanted:
            found["naive_se"] = np.sqrt(np.diag(fit.covariance))
            found["robust_score_test"] = score_tests(model)[1]
        if "cox_zph" in wanted:
            found["cox_zph"] = _zph(model, fit, rows)
        out[ties] = found
    return out


@adapter(
    "firth_cox",
    left_out={
        "direct_efron": "firthmodels has Breslow ties only; the book says so where it is used",
        "direct_breslow.loglik_pen*": "the penalised likelihood itself is not reported",
        "direct_breslow.lr_overall": "the penalised likelihood itself is not reported",
        "direct_breslow.wald_p": "intervals and p-values are of the profile likelihood",
        "direct_breslow.se": "intervals and p-values are of the profile likelihood",
        "coxphf.se": "intervals and p-values are of the profile likelihood",
        "coxphf.loglik": "on a standardised scale in coxphf",
        "plain_*.coef": "has no finite value under a monotone likelihood, which is detected",
        "plain_*.se": "has no finite value under a monotone likelihood, which is detected",
        "plain_*.iter": "iterations of coxph",
    },
)
def firth(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args = entry["args"]
    data = endpoint(data, args["time"], args["event"])
    model = model_of(data, "T", args["covariates"])
    x, observed = model.design.matrix, (model.times, model.events)
    found = fit_firth(x, *observed, np.ones(x.shape[1], dtype=bool))
    hr, lower, upper = (np.exp(v) for v in (found.coef, found.low, found.high))
    out: dict[str, Any] = {
        "direct_breslow": {
            "coef": found.coef,
            "hr": hr,
            "profile_lower": lower,
            "profile_upper": upper,
            "profile_lower_coef": found.low,
            "profile_upper_coef": found.high,
            "plr_p": found.p,
            "plr_stat": stats.chi2.isf(found.p, 1),
        },
        "coxphf": {"coef": found.coef, "hr_lower": lower, "hr_upper": upper, "p": found.p},
    }
    for ties in ("efron", "breslow"):
        plain = model_of(data, "T", args["covariates"], ties=ties)
        fit = fit_cox(x, *observed, plain.scheme)
        assert infinite_coefficients(x, *observed, fit, plain.scheme).any() == ("monotone" in entry["id"])
        stat, df, p = fit.likelihood_ratio()
        out[f"plain_coxph_{ties}"] = {
            "loglik_null": fit.loglik_null,
            "loglik": fit.loglik,
            "lr_test": {"stat": stat, "df": df, "p": p},
            "score_test": score_tests(plain)[0],
        }
    return out


@adapter("time_dependent", left_out={"*.peto_hr_group2_vs_1": "hazard ratios are Cox's, not Peto's"})
def immortal_time(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args = entry["args"]
    data = endpoint(data, args["time"], args["event"], ever=data[args["exposure_time"]].notna().astype(int))
    split = split_at(data, "T", args["exposure_time"], "transplant")
    split["transplant"] = split["transplant"].astype(int)
    adjusted = ["age48", "surgery"]
    arms = {
        "untransplanted": split[split["transplant"] == 0],
        "transplanted": split[split["transplant"] == 1],
    }
    time = {k: float((part["T_time"] - part["T_entry"]).sum()) for k, part in arms.items()}
    deaths = {k: int(part["T_event"].sum()) for k, part in arms.items()}
    rates = {k: deaths[k] / time[k] for k in arms}
    out: dict[str, Any] = {
        "n_rows": len(split),
        "person_time": time,
        "deaths": deaths,
        "crude_rates_per_day": {"ut": rates["untransplanted"], "t": rates["transplanted"]},
        "naive_ever": cox_values(data, ["ever"])[0],
        "naive_ever_adj": cox_values(data, ["ever", *adjusted])[0],
        "naive_logrank": logrank_values(data, "ever", [], {}),
        "td": cox_values(split, ["transplant"])[0],
        "td_adj": cox_values(split, ["transplant", *adjusted])[0],
        "td_adj_breslow": cox_values(split, ["transplant", *adjusted], ties="breslow")[0],
    }
    for landmark in (30, 60):
        kept = from_landmark(data, "T", landmark)
        kept["tx_by"] = (kept[args["exposure_time"]] <= landmark).astype(int)
        out[f"landmark_{landmark}"] = {
            "n": len(kept),
            "n_tx": kept["tx_by"].sum(),
            "deaths": kept["T_event"].sum(),
            "cox": cox_values(kept, ["tx_by"])[0],
            "logrank": logrank_values(kept, "tx_by", [], {}),
        }
    return out

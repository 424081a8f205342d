"""Logistic regression."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.stats.design import design
from her2adc.stats.logistic import logistic
from her2adc.stats.logistic_fit import fit_firth_logistic, fit_logistic, separated

from .registry import Entry, adapter


def _model(entry: Entry, data: pd.DataFrame) -> tuple[pd.DataFrame, str, list[str], Any, Any]:
    """Data with the factors of the formula, outcome, covariates, matrix and outcomes."""
    outcome, right = (side.strip() for side in entry["args"]["formula"].split("~"))
    names = []
    for term in right.split(" + "):
        factor = re.fullmatch(r"factor\((\w+)\)", term)
        names.append(factor.group(1) if factor else term)
        if factor:
            data = data.assign(**{names[-1]: data[names[-1]].astype(str)})
    data = data.assign(**{outcome: data[outcome] == 1})
    made = design(data, names)
    return data, outcome, names, made.matrix, data.loc[made.complete, outcome].to_numpy(dtype=bool)


ROC = "the book does not report the discrimination of a logistic model"
SPLINE = "MASS interpolates the profile by a spline; logistic_exact_profile holds the root to 1e-6"
LOGISTF = "logistf stops earlier than the direct maximisation, which is held to the common tolerance"


@adapter(
    "logistic",
    loose={
        "glm.profile_*": (5e-3, SPLINE),
        "firth_logistf.*": (1e-5, LOGISTF),
    },
    left_out={
        "glm.auc*": ROC,
        "glm.brier": ROC,
        "glm_separated": "what glm prints for separated data depends on its iteration limit",
        "firth_direct.se_augmented": "standard errors are those of the information, as brglm2",
        "firth_logistf.se": "standard errors are those of the information, as brglm2",
    },
)
def logistic_model(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    data, outcome, names, x, y = _model(entry, data)
    assert separated(x, y).any() == ("glm" not in entry["results"])
    firth = fit_firth_logistic(x, y)
    chi2 = 2 * (firth.loglik - firth.loglik_null)
    overall = {"stat": chi2, "df": x.shape[1], "p": stats.chi2.sf(chi2, x.shape[1])}
    profile = {"profile_lower_coef": firth.low, "profile_upper_coef": firth.high, "plr_p": firth.p}
    out: dict[str, Any] = {
        "firth_direct": {
            "coef": firth.coef,
            "se": firth.error,
            "or": np.exp(firth.coef),
            **profile,
            "plr_stat": stats.chi2.isf(firth.p, 1),
            "wald_p": firth.p_wald,
            "loglik_pen": firth.loglik,
            "loglik_pen_intercept_only": firth.loglik_null,
            "lr_overall": overall,
        },
        "firth_logistf": {
            "coef": firth.coef,
            **profile,
            "loglik_pen": firth.loglik,
            "loglik_pen_null": firth.loglik_null,
            "lr_overall": overall,
        },
        "firth_brglm2": {"coef": firth.coef, "se": firth.error},
    }
    if "glm" in entry["results"]:
        out["glm"] = _glm(entry, data, outcome, names, x, y)
    return out


def _glm(entry: Entry, data: pd.DataFrame, outcome: str, names: list[str], x: Any, y: Any) -> dict[str, Any]:
    """Maximum likelihood."""
    fit = fit_logistic(x, y)
    half, k = stats.norm.ppf(0.975) * fit.error, fit.coef.size
    chi2 = 2 * (fit.loglik - fit.loglik_null)
    return {
        "n": y.size,
        "coef": fit.coef,
        "se": fit.error,
        "z": fit.coef / fit.error,
        "p": fit.p_wald,
        "or": np.exp(fit.coef),
        "or_wald_lower": np.exp(fit.coef - half),
        "or_wald_upper": np.exp(fit.coef + half),
        "profile_lower_coef": fit.low,
        "profile_upper_coef": fit.high,
        "loglik": fit.loglik,
        "deviance": -2 * fit.loglik,
        "null_deviance": -2 * fit.loglik_null,
        "aic": 2 * k - 2 * fit.loglik,
        "bic": k * np.log(y.size) - 2 * fit.loglik,
        "lr_test": {"stat": chi2, "df": k - 1, "p": stats.chi2.sf(chi2, k - 1)},
        "drop1_lr": _drop(entry, data, outcome, names),
        "vcov": fit.covariance,
    }


def _drop(entry: Entry, data: pd.DataFrame, outcome: str, names: list[str]) -> dict[str, Any]:
    """Likelihood-ratio test of each variable, from the rows that the book prints."""
    rows = logistic(data, outcome, names)
    out = {}
    for term, wanted in entry["results"]["glm"]["drop1_lr"].items():
        name = re.sub(r"factor\((\w+)\)", r"\1", term)
        of = rows.loc[rows["variable"] == name]
        df = len(of.loc[(of["statistic"] == "p_value")])
        p = float(of.loc[of["statistic"] == ("p_variable" if df > 1 else "p_value"), "value"].iloc[0])
        out[term] = {"stat": stats.chi2.isf(p, df), "df": df, "p": p}
        assert wanted["df"] == df
    return out


@adapter("logistic_exact_profile")
def logistic_exact_profile(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    *_, x, y = _model(entry, data)
    fit = fit_logistic(x, y)
    return {"lower_coef": fit.low, "upper_coef": fit.high}

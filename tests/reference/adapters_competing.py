"""Competing risks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.stats.aalen_johansen import aalen_johansen, value_at
from her2adc.stats.gray import gray_test
from her2adc.stats.kaplan_meier import at_times, km
from her2adc.stats.partial_likelihood import fit_cox
from her2adc.stats.subdistribution import fit_fine_gray

from .adapters_cohort import grouped
from .registry import Entry, adapter


def _at(table: pd.DataFrame, times: list[float], column: str) -> list[float]:
    return [float(value_at(table, time)[column]) for time in times]


@adapter("cuminc")
def cuminc(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args, times = entry["args"], entry["args"]["times"]
    group = grouped(data, args["group"]) if args["group"] else pd.Series("all", index=data.index)
    causes = sorted(set(data[args["status"]]) - {args["cencode"]})
    out: dict[str, Any] = {"times": times, "curves": {}, "aalen_johansen_survfit": {}}
    for label in sorted(set(group)):
        part = data.loc[group == label]
        for cause in causes:
            table = aalen_johansen(part[args["time"]], part[args["status"]], cause, variance="gray")
            found = {"cif": _at(table, times, "incidence"), "var": _at(table, times, "variance")}
            out["curves"][f"{label} {cause}"] = found
        out["aalen_johansen_survfit"][label] = _survfit(
            part[args["time"]], part[args["status"]], causes, times
        )
    if "gray_test" in entry["results"]:
        strata = data["mspike_hi"] if "strata=mspike_hi" in entry["call"] else None
        out["gray_test"] = {}
        for cause in causes:
            test = gray_test(data[args["time"]], data[args["status"]], group, cause, strata)
            out["gray_test"][str(cause)] = {"stat": test.chi2, "df": test.df, "p": test.p}
    return out


def _survfit(time: pd.Series, status: pd.Series, causes: list[int], times: list[float]) -> dict[str, Any]:
    """Every state, the first that of a patient free of all events, as survfit prints them."""
    free = aalen_johansen(time, (status > 0).astype(int), 1)
    columns: dict[str, list[list[float]]] = {
        "pstate_rows_are_times": [[1 - value for value in _at(free, times, "incidence")]],
        "std_err": [np.sqrt(_at(free, times, "variance")).tolist()],
    }
    for conf_type in ("log", "log-log"):
        name = conf_type.replace("-", "")
        curve = at_times(km(time, status > 0, conf_type=conf_type), times)
        columns[f"lower_{name}"] = [curve["conf_low"].tolist()]
        columns[f"upper_{name}"] = [curve["conf_high"].tolist()]
        for cause in causes:
            table = aalen_johansen(time, status, cause, conf_type=conf_type)
            columns[f"lower_{name}"].append(_at(table, times, "conf_low"))
            columns[f"upper_{name}"].append(_at(table, times, "conf_high"))
            if conf_type == "log":
                columns["pstate_rows_are_times"].append(_at(table, times, "incidence"))
                columns["std_err"].append(np.sqrt(_at(table, times, "variance")).tolist())
    out: dict[str, Any] = {name: np.array(values).T for name, values in columns.items()}
    at_risk = [free.loc[free["time"] >= t, "n_risk"] for t in times]
    return out | {"n_risk_state0": [float(left.iloc[0]) if len(left) else 0.0 for left in at_risk]}


FINEGRAY = "survival::finegray weights censorings tied with events otherwise than crr, which the book follows"


@adapter("crr", left_out={"finegray_coxph*": FINEGRAY})
def crr(entry: Entry, data: pd.DataFrame) -> dict[str, Any]:
    args = entry["args"]
    x = data[args["covariates"]].to_numpy(dtype=float)
    times = data[args["time"]].to_numpy(dtype=float)
    causes = data[args["status"]].to_numpy()
    fit = fit_fine_gray(x, times, causes, args["failcode"])
    error = np.sqrt(np.diag(fit.covariance))
    half = stats.norm.ppf(0.975) * error
    cause_specific = fit_cox(x, times, causes == args["failcode"])
    return {
        "n": len(data),
        "converged": fit.converged,
        "coef": fit.coef,
        "se": error,
        "shr": np.exp(fit.coef),
        "shr_lower": np.exp(fit.coef - half),
        "shr_upper": np.exp(fit.coef + half),
        "p": 2 * stats.norm.sf(np.abs(fit.coef / error)),
        "loglik": fit.loglik,
        "loglik_null": fit.loglik_null,
        "vcov": fit.covariance,
        "cause_specific_cox_efron": {
            "coef": cause_specific.coef,
            "se": np.sqrt(np.diag(cause_specific.covariance)),
        },
    }

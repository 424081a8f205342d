"""From data to a fitted Cox model: who is in it, how it is fitted, what is estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from her2adc.stats.design import Column, Design, design
from her2adc.stats.inputs import Bools, Floats, check_columns, outcome_of, weights_of
from her2adc.stats.monotone import fit_firth, infinite_coefficients
from her2adc.stats.partial_likelihood import CoxFit, fit_cox, robust_covariance
from her2adc.stats.scheme import PLAIN, Scheme

__all__ = ["Estimates", "Model", "estimates", "model_of"]

FIRTH = "Cox with Firth's penalty, Breslow ties, profile-likelihood interval"


@dataclass(frozen=True)
class Model:
    """Complete patients of a Cox model.

    Attributes
    ----------
    design : Design
        Columns of the model.
    times, events : ndarray
        Times and events.
    scheme : Scheme
        Delayed entry, strata, weights and ties.
    cluster : ndarray or None
        Cluster of each row.
    n_missing : int
        Rows with the endpoint that lack a covariate, stratum, weight or cluster.
    how : tuple of str
        What a caption says besides the ties.
    """

    design: Design
    times: Floats
    events: Bools
    scheme: Scheme = PLAIN
    cluster: NDArray[Any] | None = None
    n_missing: int = 0
    how: tuple[str, ...] = field(default=())

    @property
    def names(self) -> list[str]:
        """Variable and level of each column."""
        return [_name(c) for c in self.design.columns if c.place is not None]


def _name(column: Column) -> str:
    """Variable and level as a message prints them."""
    return f"{column.variable} {column.level}".strip()


def model_of(
    data: pd.DataFrame,
    endpoint: str,
    covariates: Sequence[str],
    *,
    reference: Mapping[str, str] | None = None,
    interactions: Sequence[tuple[str, str]] = (),
    strata: Sequence[str] = (),
    entry: str | None = None,
    weights: str | None = None,
    cluster: str | None = None,
    ties: str = "efron",
) -> Model:
    """Select the complete patients and make the columns of a Cox model.

    Parameters
    ----------
    data, endpoint, covariates, reference, interactions, strata, entry, weights, cluster, ties
        See :func:`her2adc.stats.regression.cox`.

    Returns
    -------
    Model
    """
    found = outcome_of(data, endpoint, entry)
    others = [*strata, *([weights] if weights else []), *([cluster] if cluster else [])]
    check_columns(found.kept, others)
    known = np.ones(found.times.size, dtype=bool)
    for name in others:
        known &= found.kept[name].notna().to_numpy(dtype=bool)
    kept = found.kept if known.all() else found.kept.loc[known]
    made = design(kept, covariates, reference, interactions)
    scheme = Scheme(
        None if found.entry is None else found.entry[known],
        kept.groupby(list(strata), observed=True).ngroup().to_numpy(dtype=np.intp) if strata else None,
        weights_of(kept[weights].to_numpy(), len(kept)) if weights else None,
        ties,
    ).rows(made.complete)
    notes = {"stratified by": strata, "delayed entry": found.entry is not None, "weighted": weights}
    how = [
        f"{k} {', '.join(v)}" if isinstance(v, Sequence) and k[0] == "s" else k for k, v in notes.items() if v
    ]
    both = _both(known, made.complete)
    return Model(
        made,
        found.times if both.all() else found.times[both],
        found.events[both],
        scheme,
        kept[cluster].to_numpy()[made.complete] if cluster else None,
        int((~both).sum()),
        tuple(how),
    )


def _both(known: Bools, complete: Bools) -> Bools:
    """Rows that are known and, among these, complete."""
    out = known.copy()
    out[known] = complete
    return out


@dataclass(frozen=True)
class Estimates:
    """Hazard ratios of one model, in the columns of its matrix.

    Attributes
    ----------
    ratio, low, high, p : ndarray
        Hazard ratios, limits and p-values; NaN where not estimable.
    method : list of str
        How each was made, or why there is none.
    monotone : bool
        True when the likelihood is monotone.
    """

    ratio: Floats
    low: Floats
    high: Floats
    p: Floats
    method: list[str]
    monotone: bool


def estimates(model: Model, conf_level: float = 0.95, robust: bool | None = None) -> tuple[CoxFit, Estimates]:
    """Cox model, or its Firth-penalised form where the likelihood is monotone.

    Parameters
    ----------
    model : Model
        Patients and columns.
    conf_level : float
        Level of the intervals.
    robust : bool, optional
        Whether to use the sandwich variance; by default with weights or clusters.
    """
    matrix, times, events, scheme = model.design.matrix, model.times, model.events, model.scheme
    fit = fit_cox(matrix, times, events, scheme)
    why = "not estimable: no events" if not events.any() else "not estimable: collinear"
    infinite = infinite_coefficients(matrix, times, events, fit, scheme)
    if infinite.any():
        return fit, _monotone(model, fit, infinite, conf_level, why)
    covariance = fit.covariance
    sandwich = (scheme.weights is not None or model.cluster is not None) if robust is None else robust
    if sandwich and fit.df:
        covariance = robust_covariance(matrix, times, events, fit, scheme, model.cluster)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.sqrt(np.diag(covariance))
        half = stats.norm.ppf(0.5 + conf_level / 2) * error
        p = 2 * stats.norm.sf(np.abs(fit.coef / error))
        ratio, low, high = (np.exp(fit.coef + shift) for shift in (0.0, -half, half))
    method = _method(model, sandwich)
    return fit, Estimates(ratio, low, high, p, [method if k else why for k in fit.kept], False)


def _method(model: Model, sandwich: bool) -> str:
    """How the estimates were made."""
    wald = "Wald interval"
    if sandwich:
        wald += " with robust variance" + (" by cluster" if model.cluster is not None else "")
    return ", ".join(["Cox", *model.how, f"{model.scheme.ties.title()} ties", wald])


def _monotone(model: Model, fit: CoxFit, infinite: Bools, conf_level: float, why: str) -> Estimates:
    """Firth-penalised estimates; none with delayed entry, strata, weights or clusters."""
    where = ", ".join(name for name, flag in zip(model.names, infinite, strict=True) if flag)
    if not model.scheme.plain or model.cluster is not None:
        nan = np.full(fit.coef.size, np.nan)
        method = f"not estimable: monotone likelihood ({where}), no penalised fit with strata or weights"
        return Estimates(nan, nan, nan, nan, [method if k else why for k in fit.kept], True)
    firth = fit_firth(model.design.matrix, model.times, model.events, fit.kept, conf_level)
    with np.errstate(over="ignore"):  # said where the row is made
        ratio, low, high = (np.exp(v) for v in (firth.coef, firth.low, firth.high))
    how: list[str] = []
    p = firth.p.copy()
    for j, name in enumerate(model.names):
        found = np.isfinite([firth.low[j], firth.high[j]])
        if not fit.kept[j]:
            how.append(why)
        elif not found.any():  # an estimate whose uncertainty has no bound is no answer
            ratio[j] = low[j] = high[j] = p[j] = np.nan
            what = "has no limits" if np.isfinite(firth.coef[j]) else "did not converge"
            how.append(f"not estimable: Firth's estimate of {name} {what} (monotone likelihood: {where})")
        else:
            lost = "" if found.all() else f", no {'upper' if found[0] else 'lower'} limit"
            how.append(f"{FIRTH}{lost} (monotone likelihood: {where})")
    return Estimates(ratio, low, high, p, how, True)

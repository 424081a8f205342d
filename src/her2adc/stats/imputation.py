"""Multiple imputation of missing covariates by chained equations."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from statsmodels.imputation.mice import MICEData
from statsmodels.tools.sm_exceptions import SingularMatrixWarning

from her2adc.software import uses
from her2adc.stats.design import is_categorical
from her2adc.stats.inputs import Floats, outcome_of
from her2adc.stats.kaplan_meier import steps

__all__ = ["IMPUTATIONS", "SEED", "impute", "nelson_aalen"]

SEED = 2018
"""Start of the random numbers, so that a book built again has the same numbers."""
IMPUTATIONS = 20
"""Fewest imputed data sets; more where more per cent of the patients are incomplete."""
_BURN_IN, _BETWEEN, _DONORS = 10, 3, 5
_RIDGE = 1.0
_SAME = 1e-10


def nelson_aalen(data: pd.DataFrame, endpoint: str) -> pd.Series:
    """Nelson-Aalen cumulative hazard at each patient's own time.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.

    Returns
    -------
    pandas.Series
        Missing for a patient without the endpoint.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2, 3], "OS_event": [True, False, True]})
    >>> nelson_aalen(data, "OS").round(3).tolist()
    [0.333, 0.333, 1.333]
    """
    found = outcome_of(data, endpoint)
    table = steps(found.times, found.events, entries=found.entry)
    hazard = np.cumsum(table.n_event / np.maximum(table.n_risk, 1))
    place = np.searchsorted(table.time, found.times, side="right") - 1
    own = np.where(place < 0, 0.0, hazard[np.maximum(place, 0)])
    return pd.Series(own, index=found.kept.index).reindex(data.index)


class _Chain(MICEData):  # type: ignore[misc]
    """Chained equations: numbers by predictive mean matching, categories by multinomial logistic draws.

    The matrices are made here and not from formulas, which is where most of the time would go.
    """

    def __init__(self, data: pd.DataFrame, categories: Sequence[str], seed: int) -> None:
        self.categories = list(categories)
        uses("statsmodels")
        super().__init__(data, k_pmm=_DONORS, rng=seed)

    def predictors(self, vname: str) -> Floats:
        """Constant, numbers standardised, and dummies of the categories, of all other variables."""
        columns: list[Floats] = [np.ones(len(self.data))]
        for name in self.data.columns.drop(vname):
            values = self.data[name].to_numpy(dtype=np.float64)
            if name in self.categories:
                columns += [(values == code).astype(np.float64) for code in np.unique(values)[1:]]
            else:
                columns.append((values - values.mean()) / (values.std() or 1.0))
        return np.column_stack(columns)

    def get_fitting_data(self, vname: str) -> tuple[Floats, Floats, dict[str, Any], dict[str, Any]]:
        known = self.ix_obs[vname]
        return self.data[vname].to_numpy()[known], self.predictors(vname)[known], {}, {}

    def get_split_data(self, vname: str) -> tuple[Floats, Floats, Floats, dict[str, Any], dict[str, Any]]:
        known, x = self.ix_obs[vname], self.predictors(vname)
        return self.data[vname].to_numpy()[known], x[known], x[self.ix_miss[vname]], {}, {}

    def perturb_params(self, vname: str) -> None:
        """Draw coefficients around their estimates, by the one symmetric root of their covariance.

        numpy's own draw multiplies by singular vectors, whose signs differ between processors.
        """
        outcome, x, _, _ = self.get_fitting_data(vname)
        self.models[vname] = self.model_class[vname](outcome, x)
        self.results[vname] = self.models[vname].fit()
        size, axes = np.linalg.eigh(np.asarray(self.results[vname].cov_params(), dtype=np.float64))
        root = (axes * np.sqrt(np.maximum(size, 0.0))) @ axes.T
        self.params[vname] = self.results[vname].params + root @ self.rng.standard_normal(size.size)

    def impute_pmm(self, vname: str) -> None:
        """Take the value of one of the nearest donors; predictions apart by rounding are equal.

        Patients with the same covariates have the same prediction but for its last bit, which depends on
        the processor, and so would the order of the donors.
        """
        observed, known, missing, _, _ = self.get_split_data(vname)
        model, params = self.models[vname], self.params[vname]
        own, wanted = (np.asarray(model.predict(params, x), dtype=np.float64) for x in (known, missing))
        unit = _SAME * (float(np.abs(own).max(initial=0.0)) or 1.0)
        unit = 2.0 ** np.floor(np.log2(unit))
        own, wanted = np.round(own / unit), np.round(wanted / unit)
        order = np.argsort(own, kind="stable")
        place = np.searchsorted(own[order], wanted)[:, None] + np.arange(-_DONORS, _DONORS)
        inside = (place >= 0) & (place < order.size)
        place = np.clip(place, 0, order.size - 1)
        distance = np.where(inside, np.abs(wanted[:, None] - own[order][place]), np.inf)
        nearest = np.argsort(distance, axis=1, kind="stable")[:, :_DONORS]
        drawn = self.rng.integers(0, _DONORS, len(wanted))
        rows = np.arange(len(wanted))
        self._store_changes(vname, observed[order][place[rows, nearest[rows, drawn]]])

    def update(self, vname: str) -> None:
        if vname not in self.categories:
            with warnings.catch_warnings():  # collinear predictors do no harm: only predictions are used
                warnings.simplefilter("ignore", SingularMatrixWarning)
                super().update(vname)
            return
        missing, known = self.ix_miss[vname], self.ix_obs[vname]
        matrix, codes = self.predictors(vname)[:, 1:], self.data[vname].to_numpy().astype(int)
        drawn = self.rng.choice(known, size=len(known))
        seen = np.unique(codes[drawn])
        if len(seen) == 1:
            self._store_changes(vname, np.full(len(missing), float(seen[0])))
            return
        uses("scikit-learn")
        model = LogisticRegression(C=1 / _RIDGE, solver="newton-cholesky").fit(matrix[drawn], codes[drawn])
        steps_up = model.predict_proba(matrix[missing]).cumsum(axis=1)
        place = (self.rng.random(len(missing))[:, None] > steps_up).sum(axis=1)
        levels = model.classes_[np.minimum(place, len(model.classes_) - 1)]
        self._store_changes(vname, levels.astype(float))


def impute(
    data: pd.DataFrame,
    endpoint: str,
    covariates: Sequence[str],
    m: int = IMPUTATIONS,
    seed: int = SEED,
) -> list[pd.DataFrame]:
    """Impute missing covariates of a survival model several times.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient; those without the endpoint are left out.
    endpoint : str
        Name of the endpoint. Its event and its Nelson-Aalen cumulative hazard are predictors of every
        covariate (White and Royston, Stat Med 2009;28:1982).
    covariates : sequence of str
        Variables of the model; each is a predictor of the others. Numbers are imputed by predictive
        mean matching with five donors, categories by draws from a multinomial logistic model fitted
        to a bootstrap sample with a ridge penalty of 1 on standardised predictors.
    m : int
        Imputed data sets.
    seed : int
        Start of the random numbers: the same data and seed give the same sets.

    Returns
    -------
    list of pandas.DataFrame
        ``m`` data sets with complete covariates.

    Raises
    ------
    ValueError
        When a covariate is missing in every patient.
    """
    kept = data[data[f"{endpoint}_time"].notna()].reset_index(drop=True)
    empty = [c for c in covariates if kept[c].isna().all()]
    if empty:
        raise ValueError(f"{empty} is missing in every patient; leave it out of the model")
    lost = [c for c in covariates if kept[c].isna().any()]
    if not lost:
        return [kept.copy() for _ in range(m)]
    numbers = pd.DataFrame({"event": kept[f"{endpoint}_event"].astype(float)})
    numbers["hazard"] = nelson_aalen(kept, endpoint)
    levels: dict[str, pd.Categorical] = {}
    names = {c: f"v{i}" for i, c in enumerate(covariates)}
    for covariate, name in names.items():
        if is_categorical(kept[covariate]):
            levels[covariate] = pd.Categorical(kept[covariate])
            codes = levels[covariate].codes.astype(float)
            numbers[name] = np.where(codes < 0, np.nan, codes)
        else:
            numbers[name] = kept[covariate].astype(float)
    varying = numbers.loc[:, numbers.std() > 0]
    constant = [c for c in lost if names[c] not in varying]
    chain = _Chain(varying, [names[c] for c in levels if names[c] in varying], seed)
    chain.update_all(_BURN_IN)
    sets = []
    for _ in range(m):
        chain.update_all(_BETWEEN)
        sets.append(_filled(kept, chain.data, names, levels, lost, constant))
    return sets


def _filled(
    kept: pd.DataFrame,
    drawn: pd.DataFrame,
    names: Mapping[str, str],
    levels: Mapping[str, pd.Categorical],
    lost: Sequence[str],
    constant: Sequence[str],
) -> pd.DataFrame:
    """Put the values drawn into the data; a variable with one value takes that value."""
    out = kept.copy()
    for covariate in lost:
        if covariate in constant:
            out[covariate] = out[covariate].fillna(out[covariate].dropna().iloc[0])
        elif covariate in levels:
            codes = drawn[names[covariate]].astype(int).to_numpy()
            out[covariate] = pd.Categorical.from_codes(codes, dtype=levels[covariate].dtype)
        else:
            out[covariate] = drawn[names[covariate]].to_numpy()
    return out

"""Comparison of sequences of two drugs, by methods that are and are not fooled by immortal time.

Two questions: the order of the drugs (:func:`order`: A then B against B then A), and whether a second
ADC helps at all (:func:`second_adc`). Each returns one hazard ratio a method;
:mod:`her2adc.stats.sequences_methods` says what each is about and what would bias it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from her2adc.results import concat, frame
from her2adc.stats.cloning import CLONE, START, STRATEGY, WEIGHT, begin_of, clones
from her2adc.stats.evalue import e_values
from her2adc.stats.inputs import check_columns, endpoint_of, margin
from her2adc.stats.sequences_compare import EXPOSED, Comparison, Question, arms_of, not_estimable
from her2adc.stats.sequences_methods import ORDER, ORDER_ANALYSIS, SECOND, SECOND_ANALYSIS
from her2adc.stats.sequences_strategies import kept_sequences, stabilised_weights
from her2adc.stats.start_stop import from_landmark, split_at

__all__ = ["order", "second_adc"]

_BEGIN, _ID = "_begin", "_patient"
_Task = Callable[[], Comparison]


def order(
    data: pd.DataFrame,
    endpoint: str,
    arm: str,
    second_time: str,
    *,
    covariates: Sequence[str] = (),
    landmarks: Sequence[float] = (6, 12),
    progression_time: str | None = None,
    grace: float = 3.0,
    methods: Sequence[str] | None = None,
    population: str = "",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Hazard ratio of the last against the first order, by every method.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient who started either drug, whatever came later.
    endpoint : str
        Name of an endpoint whose clock starts at ADC1; ``<endpoint>_time`` and ``<endpoint>_event``.
    arm : str
        Column of the drug that came first; two groups.
    second_time : str
        Column of the time from ADC1 to the first dose of the other ADC, missing if never; in a time at
        or after the endpoint's it counts as never.
    covariates : sequence of str
        Variables known at ADC1: all models but the naive and the crude one adjust or weigh for them.
    landmarks : sequence of float
        Landmarks.
    progression_time : str, optional
        Column of the time from ADC1 to progression on it, missing without; needed for ``per_protocol``.
    grace : float
        Time after progression within which the other ADC has to begin in ``per_protocol``.
    methods : sequence of str, optional
        Keys of :data:`her2adc.stats.sequences_methods.ORDER`; all by default.
    population : str
        Name of the population, kept in the rows.
    conf_level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "sequence_comparison", variable the endpoint, level the method
        (``landmark_<months>`` for landmarks): ``hazard_ratio``, ``p_value``, ``n_arm`` and ``events_arm``
        (group the arm; patients and events after ADC2 for ``time_dependent``), then ``e_value`` and
        ``e_value_limit``. NaN, and why in the method, where a method gives no estimate; a model with
        covariates and fewer than two events for each coefficient is not fitted.

    Examples
    --------
    >>> from her2adc.simulate import SimulationParameters, analysis_data, simulate
    >>> model = SimulationParameters(n=300)
    >>> data = analysis_data(simulate(model, 1), model)
    >>> rows = order(data, "OS", "arm", "adc2_time", methods=["naive_both", "intention_crude"])
    >>> rows.loc[rows.statistic == "hazard_ratio", "level"].tolist()
    ['naive_both', 'intention_crude']
    """
    first, last = arms_of(data, arm)
    kept, times, _ = endpoint_of(data.loc[data[arm].isin([first, last])], endpoint)
    begin = begin_of(kept, second_time, times)
    kept = kept.assign(**{EXPOSED: (kept[arm] == last).to_numpy(dtype=np.float64), _BEGIN: begin})
    kept = kept.assign(**{_ID: np.arange(len(kept))})
    question = Question(ORDER_ANALYSIS, endpoint, (first, last), population, conf_level)
    both = kept.loc[np.isfinite(begin)]
    extra = list(covariates)

    def landmark(time: float) -> Comparison:
        left = from_landmark(kept, endpoint, time)
        return Comparison.fit(question, left.loc[left[_BEGIN] <= time + margin(time)], extra)

    def per_protocol() -> Comparison:
        if progression_time is None:
            return not_estimable("no time to progression on ADC1")
        intervals = kept_sequences(kept, endpoint, _BEGIN, progression_time, grace, extra)
        return Comparison.fit(question, intervals, weights=WEIGHT, cluster=CLONE, patient=CLONE)

    def weighted() -> Comparison:
        how = {"weights": WEIGHT, "note": "ATE weights, stabilised"}
        return Comparison.fit(question, stabilised_weights(kept, EXPOSED, extra), **how)

    tasks: dict[str, _Task] = {
        "naive_both": lambda: Comparison.fit(question, both),
        "both_from_second": lambda: Comparison.fit(question, _from(both, endpoint, _BEGIN), extra),
        "both_delayed_entry": lambda: Comparison.fit(question, both, extra, entry=_BEGIN),
        **{f"landmark_{time:g}": lambda time=time: landmark(time) for time in landmarks},  # type: ignore[misc]
        "time_dependent": lambda: _after_second(question, kept, extra),
        "intention_crude": lambda: Comparison.fit(question, kept),
        "intention_adjusted": lambda: Comparison.fit(question, kept, extra),
        "intention_iptw": weighted,
        "per_protocol": per_protocol,
    }
    return _run(question, tasks, methods, list(ORDER))


def second_adc(
    data: pd.DataFrame,
    endpoint: str,
    second_time: str,
    *,
    origin: str | None = None,
    covariates: Sequence[str] = (),
    landmarks: Sequence[float] = (3, 6),
    grace: float = 3.0,
    methods: Sequence[str] | None = None,
    population: str = "",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Hazard ratio of a second ADC against none, by every method.

    Parameters
    ----------
    data, endpoint, second_time, covariates, landmarks, methods, population, conf_level
        See :func:`order`; the methods are those of :data:`her2adc.stats.sequences_methods.SECOND`.
    origin : str, optional
        Column of a later time zero, such as progression on ADC1, in time from the endpoint's clock.
        Patients who had not reached it, or had the second ADC before, are left out.
    grace : float
        Time from time zero within which strategy "start" of the clones has to begin.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "second_adc"; see :func:`order`.

    Examples
    --------
    >>> from her2adc.simulate import SimulationParameters, analysis_data, simulate
    >>> model = SimulationParameters(n=300)
    >>> data = analysis_data(simulate(model, 1), model)
    >>> rows = second_adc(data, "OS", "adc2_time", origin="progression_time", methods=["naive_ever"])
    >>> rows["statistic"].tolist()[:2]
    ['hazard_ratio', 'p_value']
    """
    kept, times, _ = endpoint_of(data, endpoint)
    kept = kept.assign(**{_BEGIN: begin_of(kept, second_time, times), _ID: np.arange(len(kept))})
    if origin is not None:
        kept = _from(kept, endpoint, origin)
        kept = kept.loc[kept[_BEGIN] >= 0]
    kept = kept.assign(**{EXPOSED: np.isfinite(kept[_BEGIN]).astype(np.float64)})
    question = Question(SECOND_ANALYSIS, endpoint, ("no second ADC", "second ADC"), population, conf_level)
    extra = list(covariates)

    def landmark(time: float) -> Comparison:
        left = from_landmark(kept, endpoint, time)
        exposed = (left[_BEGIN] <= time + margin(time)) * 1.0
        return Comparison.fit(question, left.assign(**{EXPOSED: exposed}), extra)

    def dependent() -> Comparison:
        split = split_at(_finite(kept), endpoint, _BEGIN, EXPOSED)
        split[EXPOSED] = split[EXPOSED].astype(np.float64)
        return Comparison.fit(question, split, extra, patient=_ID)

    def cloned() -> Comparison:
        copies = clones(kept, endpoint, _BEGIN, grace, extra)
        copies[EXPOSED] = (copies[STRATEGY] == START).astype(np.float64)
        return Comparison.fit(question, copies, weights=WEIGHT, cluster=CLONE, patient=CLONE)

    tasks: dict[str, _Task] = {
        "naive_ever": lambda: Comparison.fit(question, kept),
        **{f"landmark_{time:g}": lambda time=time: landmark(time) for time in landmarks},  # type: ignore[misc]
        "time_dependent": dependent,
        "clone_censor_weight": cloned,
    }
    return _run(question, tasks, methods, list(SECOND))


def _run(
    question: Question, tasks: Mapping[str, _Task], methods: Sequence[str] | None, known: Sequence[str]
) -> pd.DataFrame:
    """Rows of the methods asked for, with their E-values."""
    chosen = list(known) if methods is None else list(methods)
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        raise ValueError(f"unknown methods {unknown}; there are {list(known)}")
    rows = []
    for level, task in tasks.items():
        if ("landmark" if level.startswith("landmark_") else level) in chosen:
            try:
                found = task()
            except ValueError as error:
                found = not_estimable(str(error))
            rows += question.rows(level, found)
    table = frame(rows)
    return concat([table, e_values(table)])


def _from(data: pd.DataFrame, endpoint: str, origin: str) -> pd.DataFrame:
    """Patients at risk after a time of their own, the clocks started there."""
    check_columns(data, [origin])
    start = data[origin].to_numpy(dtype=np.float64, na_value=np.nan)
    reached = start < data[f"{endpoint}_time"].to_numpy(dtype=np.float64)
    moved = {name: data[name] - start for name in (f"{endpoint}_time", _BEGIN)}
    return data.assign(**moved).loc[reached]


def _finite(data: pd.DataFrame) -> pd.DataFrame:
    """Data whose missing starts are missing rather than infinite."""
    return data.assign(**{_BEGIN: data[_BEGIN].where(np.isfinite(data[_BEGIN]))})


def _after_second(question: Question, kept: pd.DataFrame, covariates: Sequence[str]) -> Comparison:
    """Order after ADC2, with ADC2 and the order before it in the model."""
    split = split_at(_finite(kept), question.endpoint, _BEGIN, "_second")
    second = split["_second"].to_numpy(dtype=np.float64)
    arm = split[EXPOSED].to_numpy(dtype=np.float64)
    split = split.assign(**{EXPOSED: arm * second, "_before": arm * (1 - second), "_second": second})
    found = Comparison.fit(question, split, ["_second", "_before", *covariates], patient=_ID)
    after = split.loc[second > 0].assign(**{EXPOSED: arm[second > 0]})
    counted = Comparison.fit(question, after, patient=_ID)
    method = found.method.replace("_second, _before", "time-dependent ADC2 and order before it")
    return replace(found, method=method, total=counted.total, n=counted.n, n_events=counted.n_events)

"""What a study would have recorded of simulated patients: tables in days from the first ADC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from her2adc.simulate.course import DAYS_PER_MONTH, FIRST, NOTHING, SECOND, Course, Floats, course
from her2adc.simulate.parameters import SimulationParameters

__all__ = ["Simulation", "analysis_data", "simulate"]

OTHER_AGENT = "other therapy"
_COMPLETE_SHARE = 0.1


@dataclass(frozen=True)
class Simulation:
    """Tables of a simulated study; days are from each patient's first dose of ADC1.

    Attributes
    ----------
    patients : pandas.DataFrame
        One row a patient: ``patient_id``, the covariates, ``adc1`` (agent), ``opening_day`` (first dose,
        in days from the study's opening), ``adc1_start`` (0), ``progression1``, ``adc1_stop``,
        ``next_start`` and ``next_agent`` (the therapy after ADC1), ``adc2``, ``adc2_start``,
        ``progression2`` and ``adc2_stop`` (on ADC2), ``next2_start`` (the therapy after ADC2),
        ``death``, ``last_contact`` (the day of death, too), ``response1``, ``response2`` (best: CR PR
        SD PD NE) and ``frailty``. NaN where it did not happen before the last contact.
    exposures : pandas.DataFrame
        One row a line of therapy: ``patient_id, line, agent, start, stop, reason``; ``stop`` is NaN
        while ongoing.
    assessments : pandas.DataFrame
        One row a tumour assessment under a therapy: ``patient_id, line, day, response``.
    """

    patients: pd.DataFrame
    exposures: pd.DataFrame
    assessments: pd.DataFrame


def simulate(
    parameters: SimulationParameters,
    seed: int | np.random.Generator,
    *,
    first: str | None = None,
    by_lot: bool = False,
    second: float | None = None,
    tables: bool = True,
) -> Simulation:
    """Simulate a study.

    Parameters
    ----------
    parameters : SimulationParameters
        The model.
    seed : int or numpy.random.Generator
        Seed.
    first, by_lot, second
        What is forced on the patients; see :func:`her2adc.simulate.course.course`.
    tables : bool
        Whether to write the tables of exposures and assessments, too.

    Returns
    -------
    Simulation

    Examples
    --------
    >>> study = simulate(SimulationParameters(n=3), 1)
    >>> study.patients[["patient_id", "adc1_start"]].values.tolist()
    [['P001', 0], ['P002', 0], ['P003', 0]]
    """
    random = np.random.default_rng(seed)
    drawn = course(parameters, random, first=first, by_lot=by_lot, second=second)
    p, n = parameters, parameters.n
    opening = random.random(n) * p.accrual
    lost = random.standard_exponential(n) * (12 / p.loss_per_year if p.loss_per_year else np.inf)
    end = np.maximum(_days(np.minimum(p.cut_off - opening, lost)), 1)
    observed = _Observed(drawn, end)
    lots = random.random((n, p.lines, 2))
    best = _responses(p, drawn, observed, lots)
    patients = _patients(p, drawn, observed, best).assign(opening_day=_days(opening).astype(int))
    if not tables:
        return Simulation(patients, pd.DataFrame(), pd.DataFrame())
    return Simulation(
        patients, _exposures(p, drawn, observed, patients), _assessments(p, drawn, observed, best)
    )


def _days(months: Floats) -> Floats:
    """Whole days, rounded up."""
    return np.maximum(np.ceil(months * DAYS_PER_MONTH - 1e-9), 0.0)


class _Observed:
    """Days of what happened before the last contact, NaN for the rest."""

    def __init__(self, drawn: Course, end: Floats) -> None:
        death = np.maximum(_days(drawn.death), 1)
        self.died = death <= end
        self.last = np.minimum(death, end)
        self.alive = self.last - self.died  # the last day of life that was observed
        self.death = np.where(self.died, death, np.nan)
        self.start = self._before(_days(drawn.start))
        self.progression = self._before(np.maximum(_days(drawn.seen), _days(drawn.start) + 1))
        self.progression[np.isnan(self.start)] = np.nan
        off = np.where(drawn.off < drawn.seen, _days(drawn.off), np.inf)
        self.off = np.where(np.isnan(self.start), np.nan, self._before(np.maximum(off, self.start)))

    def _before(self, days: Floats) -> Floats:
        """Days before death, or up to the last contact of those alive."""
        last = self.last[:, None]
        happened = np.where(self.died[:, None], days < last, days <= last)
        return np.where(happened, days, np.nan)

    def stop(self) -> Floats:
        """When each line was stopped: toxicity, progression or death; NaN while ongoing."""
        stop = np.fmin(self.off, self.progression)
        return np.where(np.isnan(self.start), np.nan, np.fmin(stop, self.death[:, None]))


def _of(drawn: Course, kind: int, values: Floats) -> Floats:
    """Value in the line of a kind, NaN where there is none."""
    rows = np.arange(len(values))
    place = (drawn.kind == kind).argmax(axis=1)
    return np.where((drawn.kind == kind).any(axis=1), values[rows, place], np.nan)


def _following(drawn: Course, kind: int, values: Floats) -> Floats:
    """Value in the line after that of a kind."""
    later = np.column_stack([values[:, 1:], np.full(len(values), np.nan)])
    return _of(drawn, kind, later)


def _patients(p: SimulationParameters, drawn: Course, observed: _Observed, best: Any) -> pd.DataFrame:
    """One row a patient."""
    width = max(3, len(str(p.n)))
    agents = np.array(p.agents, dtype=object)
    begun = _of(drawn, SECOND, observed.start)
    following = _following(drawn, FIRST, observed.start)
    second_next = drawn.kind[:, min(1, p.lines - 1)] == SECOND
    stop = observed.stop()
    ids = [f"P{i:0{width}d}" for i in range(1, p.n + 1)]
    days = {
        "progression1": observed.progression[:, 0],
        "adc1_stop": stop[:, 0],
        "next_start": following,
        "adc2_start": begun,
        "progression2": _of(drawn, SECOND, observed.progression),
        "adc2_stop": _of(drawn, SECOND, stop),
        "next2_start": _following(drawn, SECOND, observed.start),
        "death": observed.death,
        "last_contact": observed.last,
    }
    out = drawn.covariates.copy()
    out.insert(0, "patient_id", ids)
    out = out.assign(adc1=pd.Categorical(agents[drawn.first], list(p.agents), ordered=True), adc1_start=0)
    other = pd.Series(agents[1 - drawn.first], index=out.index)
    out["adc2"] = other.where(~np.isnan(begun))
    out["next_agent"] = other.where(second_next, OTHER_AGENT).where(~np.isnan(following))
    second = (drawn.kind == SECOND).argmax(axis=1)
    out["response1"] = best[:, 0]
    out["response2"] = pd.Series(best[np.arange(p.n), second], index=out.index).where(~np.isnan(begun))
    return out.assign(**days, frailty=drawn.frailty)


def _responses(p: SimulationParameters, drawn: Course, observed: _Observed, lots: Any) -> Any:
    """Best response in each line."""
    every = p.visit_weeks * 7
    rate = np.full(drawn.kind.shape, 0.1)
    for kind, rates, agent in (
        (FIRST, p.response_first, drawn.first),
        (SECOND, p.response_second, 1 - drawn.first),
    ):
        rate = np.where(drawn.kind == kind, np.array(rates)[agent][:, None], rate)
    with np.errstate(invalid="ignore"):
        quick = _days(drawn.seen) - _days(drawn.start) <= every
        likely = rate / np.maximum(1 - quick.mean(axis=0) if p.n else 1.0, 1e-9)
        response = np.where(lots[:, :, 1] < _COMPLETE_SHARE, "CR", "PR")
        best = np.where(lots[:, :, 0] < likely, response, "SD")
        unseen = observed.alive[:, None] - observed.start < every
    progressed = np.where(np.isnan(observed.progression), "NE", "PD")
    best = np.where(unseen, progressed, best)
    return np.where(quick, progressed, best).astype(object)


def _exposures(
    p: SimulationParameters, drawn: Course, observed: _Observed, patients: pd.DataFrame
) -> pd.DataFrame:
    """One row a line of therapy that was started."""
    stop = observed.stop()
    rows, lines = np.nonzero(~np.isnan(observed.start) & (drawn.kind != NOTHING))
    kind, agents = drawn.kind[rows, lines], np.array([*p.agents, OTHER_AGENT], dtype=object)
    agent = np.select([kind == FIRST, kind == SECOND], [drawn.first[rows], 1 - drawn.first[rows]], 2)
    at = stop[rows, lines]
    reason = np.select(
        [np.isnan(at), at == observed.off[rows, lines], at == observed.progression[rows, lines]],
        ["ongoing", "adverse event", "progression"],
        "death",
    )
    return pd.DataFrame(
        {
            "patient_id": patients["patient_id"].to_numpy()[rows],
            "line": lines + 1,
            "agent": agents[agent],
            "start": observed.start[rows, lines],
            "stop": at,
            "reason": reason,
        }
    )


def _assessments(p: SimulationParameters, drawn: Course, observed: _Observed, best: Any) -> pd.DataFrame:
    """Scheduled visits under each line until progression, and progression itself."""
    every = p.visit_weeks * 7
    rows, lines = np.nonzero(~np.isnan(observed.start) & (drawn.kind != NOTHING))
    start, seen = observed.start[rows, lines], observed.progression[rows, lines]
    until = np.where(np.isnan(seen), observed.alive[rows], seen - 1)
    visits = np.maximum(np.floor((until - start) / every), 0).astype(np.intp)
    place = np.repeat(np.arange(rows.size), visits)
    count = np.arange(place.size) - np.repeat(np.cumsum(visits) - visits, visits) + 1
    response = best[rows, lines]
    shown = np.isin(response.astype(str), ["CR", "PR"])
    scheduled = pd.DataFrame(
        {
            "row": rows[place],
            "line": lines[place] + 1,
            "day": start[place] + np.round(count * every),
            "response": np.where(shown[place], response[place], "SD"),
        }
    )
    progressed = ~np.isnan(seen)
    ends = {"row": rows[progressed], "line": lines[progressed] + 1, "day": seen[progressed], "response": "PD"}
    out = pd.concat([scheduled, pd.DataFrame(ends)], ignore_index=True).sort_values(["row", "day"])
    width = max(3, len(str(p.n)))
    out.insert(0, "patient_id", [f"P{row + 1:0{width}d}" for row in out["row"]])
    return out.drop(columns="row").reset_index(drop=True)


def analysis_data(study: Simulation, parameters: SimulationParameters) -> pd.DataFrame:
    """Return one row a patient with endpoints in months, as the statistics take them.

    Parameters
    ----------
    study : Simulation
        What was simulated.
    parameters : SimulationParameters
        The model.

    Returns
    -------
    pandas.DataFrame
        The covariates; ``arm`` (agent that came first); ``OS``, ``PFS1``, ``PFS_total`` (progression
        on ADC2 or death) from ADC1 and ``PFS2`` from ADC2, each ``_time`` in months and ``_event``;
        ``progression_time`` and ``adc2_time``, months from ADC1, NaN where they did not happen.

    Examples
    --------
    >>> model = SimulationParameters(n=50)
    >>> data = analysis_data(simulate(model, 1), model)
    >>> bool((data["OS_time"] >= data["PFS1_time"]).all())
    True
    """
    table = study.patients
    names = [covariate.name for covariate in parameters.covariates]
    out = table[["patient_id", *names]].assign(arm=table["adc1"])
    death, last = table["death"].to_numpy(), table["last_contact"].to_numpy()
    begun = table["adc2_start"].to_numpy()
    ends = {
        "OS": (death, last),
        "PFS1": (np.fmin(table["progression1"].to_numpy(), death), last),
        "PFS_total": (np.fmin(table["progression2"].to_numpy(), death), last),
    }
    for name, (event, end) in ends.items():
        out[f"{name}_time"] = np.fmin(event, end) / DAYS_PER_MONTH
        out[f"{name}_event"] = ~np.isnan(event)
    out["PFS2_time"] = out["PFS_total_time"] - begun / DAYS_PER_MONTH
    out["PFS2_event"] = out["PFS_total_event"] & ~np.isnan(begun)
    out["progression_time"] = table["progression1"] / DAYS_PER_MONTH
    out["adc2_time"] = begun / DAYS_PER_MONTH
    return out

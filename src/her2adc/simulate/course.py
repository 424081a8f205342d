"""The course of each simulated patient in continuous time, before anything is observed of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2adc.simulate.parameters import Covariate, SimulationParameters

__all__ = ["DAYS_PER_MONTH", "FIRST", "NOTHING", "OTHER", "SECOND", "Course", "course"]

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

DAYS_PER_MONTH = 30.4375
NOTHING, FIRST, SECOND, OTHER = 0, 1, 2, 3
"""Kinds of therapy in a line."""
_WEEKS_PER_MONTH = DAYS_PER_MONTH / 7


@dataclass(frozen=True)
class Course:
    """Times in months from ADC1, infinite where something never happens; lines are columns.

    Attributes
    ----------
    covariates : pandas.DataFrame
        What is known of the patients.
    first : ndarray of int
        Which of the two agents came first, 0 or 1.
    frailty : ndarray
        Log frailty.
    kind : ndarray of int
        Kind of therapy in each line.
    start, progression, off : ndarray
        Start of each line, progression in it, and stop for toxicity.
    seen : ndarray
        Progression as it is dated.
    death : ndarray
        Death.
    """

    covariates: pd.DataFrame
    first: Integers
    frailty: Floats
    kind: Integers
    start: Floats
    progression: Floats
    off: Floats
    seen: Floats
    death: Floats


def course(
    parameters: SimulationParameters,
    random: np.random.Generator,
    *,
    first: str | None = None,
    by_lot: bool = False,
    second: float | None = None,
) -> Course:
    """Draw the courses.

    Parameters
    ----------
    parameters : SimulationParameters
        The model.
    random : numpy.random.Generator
        Source of randomness. The same state gives the same patients whatever is forced on them.
    first : str, optional
        Agent that everyone starts with.
    by_lot : bool
        Whether the first agent is drawn by lot, one to one.
    second : float, optional
        0: nobody receives ADC2; otherwise everyone who progresses starts it within so many months.

    Returns
    -------
    Course
    """
    p, n = parameters, parameters.n
    known, levels = _covariates(p, random)
    frailty = random.standard_normal(n) * p.frailty_sd
    lot = random.random(n)
    arm = _first(p, levels, frailty, lot, first, by_lot)
    drawn = {name: random.random((n, p.lines)) for name in ("choice", "other", "gap", "progression", "off")}
    kind = np.zeros((n, p.lines), dtype=np.intp)
    start, progression, off, seen = (np.full((n, p.lines), np.inf) for _ in range(4))
    kind[:, 0], start[:, 0] = FIRST, 0.0
    risk = np.exp(_linear(p, levels, "progression") + p.frailty_progression * frailty)
    wish = _linear(p, levels, "second") + p.frailty_second * frailty
    for line in range(p.lines):
        if line:
            kind[:, line] = _next(p, arm, kind, wish, drawn, line, second)
            gap = _gap(p, arm, kind[:, line], drawn["gap"][:, line], second if line == 1 else None)
            start[:, line] = np.where(kind[:, line] == NOTHING, np.inf, seen[:, line - 1] + gap)
        median = _median(p, arm, kind[:, line])
        wait = _weibull(drawn["progression"][:, line], median, p.progression_shape, risk)
        progression[:, line] = start[:, line] + wait
        seen[:, line] = _seen(p, start[:, line], wait)
        off[:, line] = start[:, line] + _toxic(p, arm, kind[:, line], drawn["off"][:, line])
    begun = np.where(kind == SECOND, start, np.inf).min(axis=1)
    hazard = np.exp(_linear(p, levels, "death") + p.frailty_death * frailty)
    death = _death(p, arm, hazard, progression[:, 0], begun, random.standard_exponential(n))
    return Course(known, arm, frailty, kind, start, progression, off, seen, death)


def _covariates(p: SimulationParameters, random: np.random.Generator) -> tuple[pd.DataFrame, list[Integers]]:
    """Covariates as ordered categories, and their codes."""
    codes = [random.choice(len(c.levels), p.n, p=c.shares).astype(np.intp) for c in p.covariates]
    columns = {
        c.name: pd.Categorical(np.array(c.levels, dtype=object)[code], list(c.levels), ordered=True)
        for c, code in zip(p.covariates, codes, strict=True)
    }
    return pd.DataFrame(columns, index=range(p.n)), codes


def _linear(p: SimulationParameters, levels: list[Integers], kind: str) -> Floats:
    """Linear predictor, centred on its expected value."""
    out = np.zeros(p.n)
    for covariate, code in zip(p.covariates, levels, strict=True):
        effect = _effect(covariate, kind)
        out += effect[code] - effect @ np.array(covariate.shares)
    return out


def _effect(covariate: Covariate, kind: str) -> Floats:
    """Effect of each level."""
    return np.array(getattr(covariate, kind) or [0.0] * len(covariate.levels), dtype=np.float64)


def _chance(share: Any, predictor: Floats) -> Floats:
    """Chance from that of the average patient and a linear predictor."""
    odds = np.asarray(share) / (1 - np.asarray(share)) * np.exp(predictor)
    return np.asarray(odds / (1 + odds))


def _first(
    p: SimulationParameters,
    levels: list[Integers],
    frailty: Floats,
    lot: Floats,
    first: str | None,
    by_lot: bool,
) -> Integers:
    """Which agent comes first."""
    if first is not None:
        return np.full(p.n, p.agents.index(first), dtype=np.intp)
    if by_lot:
        return (lot < 0.5).astype(np.intp)
    if p.first_by is not None:
        name, rule = p.first_by
        place = [c.name for c in p.covariates].index(name)
        agent = np.array([p.agents.index(rule[level]) for level in p.covariates[place].levels], dtype=np.intp)
        return agent[levels[place]]
    chance = _chance(p.first_share, _linear(p, levels, "first") + p.frailty_first * frailty)
    return (lot < chance).astype(np.intp)


def _next(
    p: SimulationParameters,
    arm: Integers,
    kind: Integers,
    wish: Floats,
    drawn: dict[str, Floats],
    line: int,
    second: float | None,
) -> Integers:
    """Kind of the next therapy."""
    share = np.array(p.second_share)[arm] if line == 1 else np.full(p.n, p.second_later)
    free = ~(kind == SECOND).any(axis=1) & (kind[:, line - 1] != NOTHING)
    wanted = drawn["choice"][:, line] < _chance(share, wish)
    if second is not None:
        wanted = np.full(p.n, second > 0 and line == 1)
    treated = (kind[:, line - 1] != NOTHING) & (drawn["other"][:, line] < p.other_share)
    return np.where(free & wanted, SECOND, np.where(treated, OTHER, NOTHING)).astype(np.intp)


def _gap(p: SimulationParameters, arm: Integers, kind: Integers, lot: Floats, within: float | None) -> Floats:
    """Time from progression to the next therapy, exponential beyond the shortest."""
    mean = np.array(p.gap)[arm] - p.gap_least
    if within:
        if within <= p.gap_least:
            raise ValueError(
                f"second is {within}, which gap_least {p.gap_least} does not allow; give a longer time"
            )
        lot = np.where(kind == SECOND, lot * -np.expm1(-(within - p.gap_least) / mean), lot)
    return np.asarray(p.gap_least - mean * np.log1p(-lot))


def _median(p: SimulationParameters, arm: Integers, kind: Integers) -> Floats:
    """Median time to progression on a therapy."""
    table = [np.ones(p.n), np.array(p.progression_first)[arm], np.array(p.progression_second)[1 - arm]]
    return np.asarray(np.choose(kind, [*table, np.full(p.n, p.progression_other)]))


def _weibull(lot: Floats, median: Any, shape: float, risk: Floats) -> Floats:
    """Weibull times with a proportional hazard."""
    return np.asarray(median * (-np.log1p(-lot) / np.log(2) / risk) ** (1 / shape))


def _seen(p: SimulationParameters, start: Floats, wait: Floats) -> Floats:
    """When progression is dated."""
    if not p.seen_at_visits:
        return start + wait
    every = p.visit_weeks / _WEEKS_PER_MONTH
    return np.asarray(start + np.ceil(wait / every) * every)


def _toxic(p: SimulationParameters, arm: Integers, kind: Integers, lot: Floats) -> Floats:
    """Time to a stop for toxicity."""
    rates = np.array(p.toxicity)
    rate = np.choose(kind, [np.zeros(p.n), rates[arm], rates[1 - arm], np.zeros(p.n)])
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(rate > 0, -np.log1p(-lot) / rate, np.inf))


def _death(
    p: SimulationParameters, arm: Integers, hazard: Floats, progression: Floats, begun: Floats, budget: Floats
) -> Floats:
    """Time of death: where the cumulative hazard, rising by pieces, reaches an exponential number."""
    scale = np.log(2) / p.death_median**p.death_shape

    def cumulative(time: Floats) -> Floats:
        return np.asarray(scale * time**p.death_shape)

    base = hazard * np.where(arm == 1, p.order_hazard_ratio, 1.0)
    second = p.second_hazard_ratio * np.where(arm == 1, p.order_hazard_ratio_after_second, 1.0)
    factors = (base, base * p.death_after_progression, base * p.death_after_progression * second)
    edges = (np.zeros(p.n), progression, np.maximum(begun, progression), np.full(p.n, np.inf))
    death, left = np.full(p.n, np.inf), budget.copy()
    for factor, low, high in zip(factors, edges[:-1], edges[1:], strict=True):
        finite = np.where(np.isfinite(low), low, 0.0)
        reached = ((np.maximum(left, 0.0) / factor + cumulative(finite)) / scale) ** (1 / p.death_shape)
        here = np.isinf(death) & np.isfinite(low) & (reached <= high)
        death[here] = reached[here]
        with np.errstate(invalid="ignore"):
            used = factor * (cumulative(high) - cumulative(finite))
        left = np.where(np.isfinite(high) & np.isfinite(low), left - used, left)
    return death

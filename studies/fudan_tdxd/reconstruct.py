"""Ninety-eight records behind the printed numbers of one T-DXd cohort.

The search runs over whole days. A patient is a best response with a time and
an event; labels (sites, age band, lines ...) move between the patients of one
HER2 group. Printed values are read from ``published.yml``. Everything that no
printed number depends on is drawn afterwards, in ``reconstruct_tables.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from her2adc import annealing as an
from her2adc.reconstruct import Printed, Reconstruction, check, load_module, probit, read_published

HERE = Path(__file__).parent
begin = load_module(HERE / "reconstruct_start.py")
tables = load_module(HERE / "reconstruct_tables.py")
measures = load_module(HERE / "reconstruct_measures.py")

MONTH = 30.4375
YEAR = 12 * MONTH
LONG_SD = frozenset(begin.LONG_SD.tolist())
FIXED = frozenset([*begin.MANY_LINES.tolist(), begin.NAIVE, begin.SHORTEST])
LOW, LONGEST, GROUPS = begin.LOW, begin.LONGEST, begin.GROUPS
PR, SD, PD = begin.PR, begin.SD, begin.PD
STAGES = (
    an.Schedule(steps=300_000, hot=0.1, cold=0.003, rounds=1),
    an.Schedule(steps=200_000, hot=0.03, cold=0.0005, rounds=1),
    an.Schedule(steps=200_000, hot=0.015, cold=0.0005, rounds=2),
)
SHAKES = tuple(an.Schedule(steps=40_000, hot=t, cold=0.0005, rounds=1) for t in (0.03, 0.06))
WALKS = (10, 30, 100)  # proposals of a walk that keeps medians and rates
CYCLES = 200
POLISH = an.Schedule(steps=4_000, hot=0.1, cold=0.0005, rounds=24)

Mask = NDArray[np.bool_]
ALL: Mask = begin.ALL
IN_LOW: Mask = begin.IN_LOW
IN_POSITIVE: Mask = begin.IN_POSITIVE


# --- what may change -----------------------------------------------------------------------------


def possible(cohort: an.Cohort, i: int, time: int, event: int) -> bool:
    """Whether a patient can have this time and event.

    PD as best response is a progression by day 98; SD needs 6 weeks, and only
    two reach 24 weeks; responders are followed for 50 days at least. The early
    part of HER2-positive disease stays as it started.
    """
    response = int(cohort["response"][i])
    if i in FIXED or (i >= LOW and time <= (begin.SPLIT if event else 49)):
        return False
    if response == PD:
        return event == 1 and 28 <= time <= 98
    if i in LONG_SD:
        return 210 <= time <= LONGEST
    if response == SD:
        return (63 if event else 42) <= time <= 167
    return (84 if event else 50) <= time <= LONGEST


def _as_is(cohort: an.Cohort, i: int, **other: int) -> bool:
    state = {c: int(cohort[c][i]) for c in ("time", "event")} | other
    return possible(cohort, i, **state)


def _time_may_be(cohort: an.Cohort, i: int, time: int) -> bool:
    return _as_is(cohort, i, time=time)


def toggle_event(cohort: an.Cohort, rng: np.random.Generator) -> an.Change | None:
    """Move: turn an event into a censored time, or back."""
    i = int(rng.integers(len(ALL)))
    event = 1 - int(cohort["event"][i])
    return [("event", [i], [event])] if _as_is(cohort, i, event=event) else None


def progress_at_a_median(cohort: an.Cohort, rng: np.random.Generator) -> an.Change | None:
    """Move: let a patient progress on a day that a printed median can stand for."""
    i = int(rng.integers(len(ALL)))
    middle = (183, 274, 457, 472, 609)[int(rng.integers(5))]
    time = middle + int(rng.integers(-1, 2))
    if not _as_is(cohort, i, time=time, event=1):
        return None
    return [("time", [i], [time]), ("event", [i], [1])]


def _same_response(cohort: an.Cohort, i: int, j: int) -> bool:
    first, second = (max(int(cohort["response"][k]), PR) for k in (i, j))
    return first == second


def _younger_than_65(cohort: an.Cohort, i: int, j: int) -> bool:
    return bool(cohort["age"][i] < 2 and cohort["age"][j] < 2)


def _lines_hold_anti(cohort: an.Cohort, i: int, j: int) -> bool:
    anti, lines = cohort["anti"], cohort["lines"]
    return bool(anti[i] <= lines[j] and anti[j] <= lines[i])


def _tdm1_may_swap(cohort: an.Cohort, i: int, j: int) -> bool:
    return _same_response(cohort, i, j) and bool(cohort["anti"][i] and cohort["anti"][j])


def labels() -> list[an.Label]:
    """Labels that move within a HER2 group, the difficult ones first."""
    by_response, both = begin.RESPONSE_GROUPS, {}
    for rows, group, responses in (
        (IN_POSITIVE, GROUPS[1], by_response[3:]),
        (IN_LOW, GROUPS[0], by_response[:3]),
    ):
        moves = {c: (an.swap_within([c], [group]),) for c in ("brain", "bone", "liver", "lung", "cdk")}
        moves["lines"] = (an.swap_within(["lines"], [group], _lines_hold_anti),)
        moves["age"] = (
            an.swap_within(["age"], responses),
            an.swap_within(["age"], [group], _younger_than_65),
        )
        if rows is IN_LOW:  # who has liver metastasis among PD, SD and responders stays
            moves["liver"] = (an.swap_within(["liver"], responses),)
        moves["tdm1"] = (an.swap_within(["tdm1"], GROUPS[1:], _tdm1_may_swap),)
        both |= {(c, rows is IN_LOW): an.Label(c, rows, m) for c, m in moves.items()}
    order = ("brain", "lines", "age", "liver", "bone")
    single = [("cdk", True), ("lung", False), ("tdm1", False)]
    return [both[k] for k in [*((c, low) for c in order for low in (False, True)), *single]]


# --- what is to be met ---------------------------------------------------------------------------

Select = Callable[[an.Cohort], Mask]


class Targets:
    """Terms of the search, made from printed values by their id."""

    def __init__(self, published: list[Printed]) -> None:
        self.band = {p.id: p.band() for p in published}
        self.terms: list[an.Term] = []
        self.risk_tables: dict[tuple[bytes, bytes], an.RiskTable] = {}

    def add(self, name: str, rows: Mask, columns: str, cost: Callable[[an.Cohort], float]) -> None:
        """Add a term that reads time, event and the columns named."""
        read = frozenset(["time", "event", *columns.split()])
        self.terms.append(an.Term(name, read, rows, cost))

    def risk_table(self, time: NDArray[np.int64], event: NDArray[np.int64]) -> an.RiskTable:
        """Make a risk table, or return the one that was just made of the same times."""
        key = (time.tobytes(), event.tobytes())
        if key not in self.risk_tables:
            while len(self.risk_tables) > 8:
                del self.risk_tables[next(iter(self.risk_tables))]
            self.risk_tables[key] = an.RiskTable(time, event)
        return self.risk_tables[key]

    def median(self, name: str, rows: Mask, select: Select, columns: str = "") -> None:
        """Survival above 0.5 before the band of the median, below 0.5 at its end."""
        first = math.ceil(self.band[name].low * MONTH)
        last = math.ceil(self.band[name].high * MONTH) - 1

        def cost(cohort: an.Cohort) -> float:
            chosen = select(cohort)
            time, event = cohort["time"][chosen], cohort["event"][chosen]
            before, after = an.survival_at(time, event, first - 1, last)
            return 3.0 * sum(0.01 + m for m in (0.5 - before, after - 0.5) if m > -1e-9)

        self.add(name, rows, columns, cost)

    def no_median(self, name: str, rows: Mask, select: Select, columns: str = "") -> None:
        """Survival above 0.5 to the end."""

        def cost(cohort: an.Cohort) -> float:
            chosen = select(cohort)
            (end,) = an.survival_at(cohort["time"][chosen], cohort["event"][chosen], math.inf)
            return 0.0 if end > 0.5 + 1e-9 else 0.3 + 5.0 * (0.5 - end)

        self.add(name, rows, columns, cost)

    def rate(self, name: str, rows: Mask, select: Select, columns: str = "") -> None:
        """Survival at 12 months."""

        def cost(cohort: an.Cohort) -> float:
            chosen = select(cohort)
            (rate,) = an.survival_at(cohort["time"][chosen], cohort["event"][chosen], YEAR)
            miss = self.band[name].distance(100.0 * rate)
            return 0.03 + miss / 2.0 if miss else 0.0

        self.add(name, rows, columns, cost)

    def logrank(self, name: str, rows: Mask, select: Select, split: Select, columns: str) -> None:
        """Log-rank p-value, its distance on the scale of z."""
        band = self.band[name].probit()

        def cost(cohort: an.Cohort) -> float:
            chosen = select(cohort)
            table = self.risk_table(cohort["time"][chosen], cohort["event"][chosen])
            return 2.0 * band.distance(probit(table.logrank_p(split(cohort)[chosen])))

        self.add(name, rows, columns, cost)


def _always(rows: Mask) -> Select:
    return lambda cohort: rows


def _is(column: str, rows: Mask = ALL, value: int = 1) -> Select:
    return lambda cohort: rows & (cohort[column] == value)


def _below(column: str, limit: int, rows: Mask = ALL) -> Select:
    return lambda cohort: rows & (cohort[column] < limit)


def _brain_early(cohort: an.Cohort) -> Mask:
    return IN_POSITIVE & (cohort["brain"] == 1) & (cohort["lines"] < 3)


def terms(published: list[Printed]) -> list[an.Term]:
    """Everything the search has to meet; two p-values are met from the start on."""
    t = Targets(published)
    t.median("F-R11", ALL, _always(ALL))
    t.median("F-R19-low", IN_LOW, _always(IN_LOW))
    t.no_median("F-R19-pos", IN_POSITIVE, _always(IN_POSITIVE))
    t.median("F-R22-liver", IN_LOW, _is("liver", IN_LOW), "liver")
    t.median("F-R22-noliver", IN_LOW, _is("liver", IN_LOW, 0), "liver")
    t.median("F-R28-median", ALL, _is("brain"), "brain")
    t.no_median("F-R29-median", IN_POSITIVE, _brain_early, "brain lines")
    t.median("F-T4-pfs-younger", ALL, _below("age", 2), "age")
    t.median("F-T4-pfs-older", ALL, _is("age", value=2), "age")
    t.rate("F-R20-low", IN_LOW, _always(IN_LOW))
    t.rate("F-R20-pos", IN_POSITIVE, _always(IN_POSITIVE))
    t.rate("F-R26", IN_POSITIVE, _is("tdm1"), "tdm1")
    t.rate("F-R28-rate", ALL, _is("brain"), "brain")
    t.rate("F-R29-rate", IN_POSITIVE, _brain_early, "brain lines")
    for suffix, rows, labels in (
        ("low", IN_LOW, ("age", "brain", "liver", "bone", "cdk", "lines")),
        ("pos", IN_POSITIVE, ("age", "brain", "liver", "bone", "lines")),
    ):
        for label in labels:
            limit = {"age": 1, "lines": 3}.get(label, 1)
            t.logrank(f"F-T3-{label}-{suffix}", rows, _always(rows), _below(label, limit), label)
    t.logrank("F-R35-lung", IN_POSITIVE, _always(IN_POSITIVE), _is("lung"), "lung")
    t.terms.append(an.Term("sites", frozenset(["liver", "lung", "brain", "bone"]), ALL, _sites))
    return t.terms


def _sites(cohort: an.Cohort) -> float:
    """Keep room for the printed numbers of sites: not too many patients with many flags."""
    flags = cohort["liver"] + cohort["lung"] + cohort["brain"] + cohort["bone"]
    excess = 0
    for rows, flagged, most in ((0, 3, 28), (0, 2, 42), (1, 3, 8), (1, 2, 24)):
        excess += max(0, int(np.count_nonzero(flags[GROUPS[rows]] >= flagged)) - most)
    return 0.1 * excess


def search(published: list[Printed], rng: np.random.Generator) -> an.Cohort:
    """Anneal all at once, then loosen the times and polish the labels until all is met."""
    wanted, movable = terms(published), labels()
    curves = [term for term in wanted if not term.name.startswith(("F-T3", "F-R35"))]
    times = [*[an.shift("time", 200, _time_may_be)] * 4, toggle_event, toggle_event]
    proposals = [*times, progress_at_a_median, *(m for label in movable for m in label.moves)]
    cohort, cost = begin.start(rng), math.inf
    for stage in STAGES:
        cohort, cost = an.anneal(cohort, wanted, proposals, rng, stage)
    for cycle in range(CYCLES):
        if any(term.cost(cohort) > 0.0 for term in curves):
            loosened, _ = an.anneal(cohort, wanted, proposals, rng, SHAKES[cycle % 2])
        else:
            loosened = an.walk(cohort, curves, times, rng, WALKS[cycle % 3])
        loosened, now = an.polish(loosened, wanted, movable, rng, POLISH)
        if now <= cost:
            cohort, cost = loosened, now
        if cost <= 0.0:
            break
    return cohort


def build(seed: int) -> Reconstruction:
    """Search, draw what is free, make the tables, compare them with what was printed."""
    rng = np.random.default_rng(seed)
    published = read_published(HERE / "published.yml")
    made = tables.write(search(published, rng), rng)
    return Reconstruction(made, check(published, measures.measure(made).__getitem__))

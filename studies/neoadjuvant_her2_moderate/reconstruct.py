"""Five hundred and seventy-five records behind the printed numbers of one neoadjuvant cohort.

The counts behind the percentages are solved for by enumeration and are unique. Who of them has which
hormone receptors, stage, dates and residual HER2 is drawn in ``reconstruct_patients.py``; here the
days of the DFS events are moved until the log-rank tests print what they have to print.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter

from her2adc import annealing as an
from her2adc.reconstruct import (
    Band,
    Printed,
    Reconstruction,
    check,
    load_module,
    probit,
    read_published,
)
from her2adc.stats.contingency import association
from her2adc.stats.mantel_haenszel import mantel_haenszel

HERE = Path(__file__).parent
drawn = load_module(HERE / "reconstruct_patients.py")

TENDENCY = Band(0.07, 0.11)  # p of DFS by HER2 level: "tended to be worse", no value printed
NEAR, TRIES = 0.15, 400
NUDGES = an.Schedule(steps=8_000, hot=0.0005, cold=0.00005, rounds=1)

Part = tuple[int, int]  # patients with, and all patients


class Bound(Printed):
    """A number printed as an upper bound, such as ``<0.001``."""

    def band(self) -> Band:
        """Return the values below the bound."""
        return Band(float("-inf"), float(self.value[1:]))


def published_numbers() -> list[Printed]:
    """Read ``published.yml``, upper bounds included."""
    numbers = read_published(HERE / "published.yml")
    return [Bound(**asdict(p)) if p.value.startswith("<") else p for p in numbers]


# --- counts --------------------------------------------------------------------------------------


def counts_of(total: int, band: Band) -> list[int]:
    """All counts that print as a percentage of a total."""
    return [k for k in range(total + 1) if band.holds(100.0 * k / total)]


def split(total: int, first: Band, second: Band, events: int | None = None) -> Iterator[tuple[Part, Part]]:
    """All ways to divide patients in two, so that both parts print their percentages."""
    for n in range(1, total):
        for a in counts_of(n, first):
            for b in counts_of(total - n, second):
                if events is None or a + b == events:
                    yield (a, n), (b, total - n)


def solve(published: list[Printed]) -> dict[str, Part]:
    """Solve for the count and the denominator of each percentage; each has to be the only one.

    Parameters
    ----------
    published : list of Printed
        The numbers of the source.

    Returns
    -------
    dict of str to (int, int)
        Patients with and all patients, by id.
    """
    band = {p.id: p.band() for p in published}
    total = next(int(p.value) for p in published if p.id == "N-A01-n")
    ((pcr3, pcr2),) = split(total, band["N-A03-pcr-3"], band["N-A03-pcr-2"])
    ((dual, single),) = split(pcr2[1], band["N-A04-dual"], band["N-A04-single"], pcr2[0])
    (hr3,) = counts_of(pcr3[1], band["N-A02-hr-3"])
    (hr2,) = counts_of(pcr2[1], band["N-A02-hr-2"])
    return {
        "N-A03-pcr-3": pcr3,
        "N-A03-pcr-2": pcr2,
        "N-A02-hr-3": (hr3, pcr3[1]),
        "N-A02-hr-2": (hr2, pcr2[1]),
        "N-A04-dual": dual,
        "N-A04-single": single,
    }


# --- days of the events --------------------------------------------------------------------------


def terms(p: pd.DataFrame, published: list[Printed]) -> list[an.Term]:
    """The two log-rank tests, as distances on the scale of z."""
    moderate, dual = p["level"].eq("2+").to_numpy(), p["blockade"].eq("dual").to_numpy()
    wanted = next(n for n in published if n.id == "N-A05-p").band()

    def term(name: str, rows: np.ndarray, group: np.ndarray, band: Band) -> an.Term:
        inside = group[rows]

        def cost(c: an.Cohort) -> float:
            return band.probit().distance(probit(an.logrank_p(c["time"][rows], c["event"][rows], inside)))

        return an.Term(name, frozenset(["time"]), rows, cost)

    everyone = np.ones(len(p), dtype=bool)
    return [term("blockade", moderate, dual, wanted), term("level", everyone, moderate, TENDENCY)]


def search(solved: Mapping[str, Part], published: list[Printed], rng: np.random.Generator) -> pd.DataFrame:
    """Draw until both tests are near, then move events by days until both print what they have to."""
    for _ in range(TRIES):
        p = drawn.draw(solved, rng)
        cohort = {c: p[c].to_numpy(dtype=np.int64) for c in ("time", "event")}
        wanted, last = terms(p, published), p["follow_up"].to_numpy()
        if sum(term.cost(cohort) for term in wanted) > NEAR:
            continue

        def allowed(c: an.Cohort, i: int, time: int, last: np.ndarray = last) -> bool:
            return bool(c["event"][i]) and drawn.EARLIEST <= time <= int(last[i])

        found, cost = an.anneal(cohort, wanted, [an.shift("time", 60, allowed)], rng, NUDGES)
        if cost <= 0.0:
            return p.assign(time=found["time"])
    raise ValueError("no days of the events found; try another seed")


# --- what the tables give ------------------------------------------------------------------------


def _table(first: pd.Series[bool], yes: pd.Series[bool]) -> list[list[int]]:
    """Counts with and without, of one group and of the others."""
    return [[int((g & y).sum()) for y in (yes, ~yes)] for g in (first, ~first)]


def _percent(yes: pd.Series[bool], rows: pd.Series[bool]) -> float:
    return 100.0 * float(yes[rows].mean())


def measure(patients: pd.DataFrame) -> Mapping[str, float]:
    """Values of the written table of patients, by the ids of ``published.yml``."""
    p = patients
    moderate, strong = p["her2_ihc"] == "2+", p["her2_ihc"] == "3+"
    dual, hr, pcr = p["blockade"] == "dual", p["hr_status"] == "positive", p["pcr"] == "yes"
    lost, tested = p["her2_loss"] == "yes", p["her2_loss"] != ""
    event = p["dfs_event_date"] != ""
    end = p["dfs_event_date"].where(event, p["last_contact_date"])
    time = (pd.to_datetime(end) - pd.to_datetime(p["surgery_date"])).dt.days
    survival = pd.DataFrame({"time": time, "event": event, "moderate": moderate.astype(int)})
    inner = survival[moderate]
    strata = [_table(dual[rows], pcr[rows]) for rows in (moderate & ~hr, moderate & hr)]
    hazard = CoxPHFitter().fit(survival, "time", "event").hazard_ratios_["moderate"]
    return {
        "N-A01-n": float(len(p)),
        "N-A01-first": float(p["diagnosis_date"].min()[:4]),
        "N-A01-last": float(p["surgery_date"].max()[:4]),
        "N-A02-hr-3": _percent(hr, strong),
        "N-A02-hr-2": _percent(hr, moderate),
        "N-A02-p": association(_table(moderate, hr)).p,
        "N-A03-pcr-3": _percent(pcr, strong),
        "N-A03-pcr-2": _percent(pcr, moderate),
        "N-A03-p": association(_table(moderate, pcr)).p,
        "N-A04-dual": _percent(pcr, moderate & dual),
        "N-A04-single": _percent(pcr, moderate & ~dual),
        "N-A04-p": mantel_haenszel(strata).association.p,
        "N-A05-p": an.logrank_p(
            inner["time"].to_numpy(), inner["event"].to_numpy(), dual[moderate].to_numpy()
        ),
        "N-A06-loss": _percent(lost, tested & moderate) - _percent(lost, tested & strong),
        "N-A07-hr": float(hazard),
        "N-A07-p": an.logrank_p(time.to_numpy(), event.to_numpy(), moderate.to_numpy()),
    }


def build(seed: int) -> Reconstruction:
    """Solve for the counts, draw what is free, place the events, compare with what was printed."""
    rng = np.random.default_rng(seed)
    published = published_numbers()
    made = drawn.write(search(solve(published), published, rng), rng)
    return Reconstruction(made, check(published, measure(made["patients"]).__getitem__))

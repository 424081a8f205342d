"""Therapies before, between and after the ADCs: which drugs, over which days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.simulate.course import DAYS_PER_MONTH
from her2adc.simulate.tables import OTHER_AGENT

__all__ = ["MONTHS", "REGIMENS", "adjuvant", "before_adc", "diagnosed", "named"]

Regimen = tuple[str, ...]
REGIMENS: Mapping[str, tuple[Regimen, ...]] = {
    "first endocrine": (
        ("palbociclib", "letrozole"),
        ("abemaciclib", "fulvestrant"),
        ("dalpiciclib", "fulvestrant"),
        ("ribociclib", "letrozole"),
    ),
    "endocrine": (
        ("everolimus", "exemestane"),
        ("tucidinostat", "toremifene"),
        ("capivasertib", "tamoxifen"),
    ),
    "first chemotherapy": (
        ("nab-paclitaxel", "toripalimab"),
        ("gemcitabine", "cisplatin"),
        ("docetaxel", "capecitabine"),
    ),
    "chemotherapy": (
        ("capecitabine",),
        ("eribulin",),
        ("vinorelbine",),
        ("nab-paclitaxel",),
        ("utidelone",),
        ("gemcitabine", "carboplatin"),
        ("docetaxel",),
        ("pegylated liposomal doxorubicin",),
        ("etoposide",),
    ),
}
"""Drugs of a line by its kind; lines of one patient never share a drug."""
MONTHS: Mapping[str, float] = {
    "first endocrine": 13.0,
    "endocrine": 6.0,
    "first chemotherapy": 8.0,
    "chemotherapy": 5.0,
}
"""Mean duration of a line."""
_SHORTEST, _GAP = 42, (7, 29)
"""Days of the shortest line, and between two lines."""
_FIVE_YEARS = 1826
_ENDOCRINE = 0.15  # share of endocrine therapy among later lines of HR-positive disease
_MAINTENANCE = ("anastrozole",)
_COLUMNS = ["patient_id", "line", "agents", "start", "stop", "reason", "type"]


def before_adc(
    plan: Mapping[str, Sequence[str]], random: np.random.Generator, maintenance: float = 0.0
) -> pd.DataFrame:
    """Lines of therapy before the first ADC, all ended by progression.

    Parameters
    ----------
    plan : mapping
        Kinds (keys of :data:`REGIMENS`) of the lines of each patient, in order.
    random : numpy.random.Generator
        Source of randomness.
    maintenance : float
        Chance that chemotherapy after endocrine therapy, if its line is not short, is completed and
        followed, within the line, by endocrine maintenance.

    Returns
    -------
    pandas.DataFrame
        ``patient_id, line, agents`` (tuple), ``start``, ``stop`` (days before the first ADC, negative),
        ``reason`` and ``type`` ("advanced").

    Examples
    --------
    >>> lines = before_adc({"a": ["first endocrine", "chemotherapy"]}, np.random.default_rng(1))
    >>> lines["line"].tolist(), bool((lines["stop"] < 0).all())
    ([1, 2], True)
    """
    rows: list[tuple[Any, ...]] = []
    for patient, kinds in plan.items():
        regimens = _regimens(kinds, random)
        end = 0
        for line in range(len(kinds), 0, -1):
            kind = kinds[line - 1]
            end -= int(random.integers(*_GAP))
            start = end - _length(kind, random)
            own = [(patient, line, regimens[line - 1], start, end, "progression", "advanced")]
            lot, hormones = random.random() < maintenance, "first endocrine" in kinds
            if lot and hormones and kind == "chemotherapy" and end - start > 2 * _SHORTEST:
                own = _maintained(own[0], random)
            rows += own
            end = start
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return table.sort_values(["patient_id", "start"], kind="stable", ignore_index=True)


def _regimens(kinds: Sequence[str], random: np.random.Generator) -> list[Regimen]:
    """A regimen for each line."""
    found: list[Regimen] = []
    for kind in kinds:
        found.append(_regimen(kind, {d for r in found for d in r}, random))
    return found


def _regimen(kind: str, used: set[str], random: np.random.Generator) -> Regimen:
    """A regimen of a kind without a drug that was given before."""
    free = [r for r in REGIMENS[kind] if not used & set(r)]
    if not free:
        raise ValueError(f"no {kind} regimen is left after {sorted(used)}; give the patient fewer lines")
    return free[int(random.integers(len(free)))]


def _length(kind: str, random: np.random.Generator) -> int:
    """Days that a line lasts: exponential beyond the shortest."""
    mean = MONTHS[kind] * DAYS_PER_MONTH - _SHORTEST
    return _SHORTEST + int(random.exponential(mean))


def _maintained(row: tuple[Any, ...], random: np.random.Generator) -> list[tuple[Any, ...]]:
    """Chemotherapy that was completed, and the maintenance after it until progression."""
    patient, line, agents, start, stop, reason, kind = row
    middle = start + int((stop - start) * 0.6)
    begin = middle + int(random.integers(7, 22))
    return [
        (patient, line, agents, start, middle, "completed", kind),
        (patient, line, _MAINTENANCE, begin, stop, reason, kind),
    ]


def diagnosed(
    patients: pd.DataFrame, earlier: pd.DataFrame, random: np.random.Generator, free_months: float = 36.0
) -> pd.DataFrame:
    """Add when advanced disease was diagnosed, and breast cancer at first.

    Parameters
    ----------
    patients : pandas.DataFrame
        ``patient_id`` and ``de_novo`` (advanced at first diagnosis).
    earlier : pandas.DataFrame
        Of :func:`before_adc`.
    random : numpy.random.Generator
        Source of randomness.
    free_months : float
        Mean time from early to advanced disease beyond the shortest, ten months.

    Returns
    -------
    pandas.DataFrame
        The patients with ``metastatic`` and ``diagnosed``, days before the first ADC (negative).

    Examples
    --------
    >>> patients = pd.DataFrame({"patient_id": ["a", "b"], "de_novo": [True, False]})
    >>> found = diagnosed(patients, before_adc({}, np.random.default_rng(1)), np.random.default_rng(1))
    >>> (found["metastatic"] - found["diagnosed"]).gt(30).tolist()
    [False, True]
    """
    n = len(patients)
    first = patients["patient_id"].map(earlier.groupby("patient_id")["start"].min()).fillna(0).astype(float)
    metastatic = first - random.integers(14, 46, n)
    free = np.where(patients["de_novo"], 0, 300 + random.exponential(free_months * DAYS_PER_MONTH, n))
    found = np.floor(metastatic - np.minimum(free, 4 * _FIVE_YEARS)) - random.integers(0, 15, n)
    return patients.assign(metastatic=metastatic, diagnosed=found)


def adjuvant(patients: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Therapies of early disease: chemotherapy, and endocrine therapy for up to five years.

    Parameters
    ----------
    patients : pandas.DataFrame
        ``patient_id``, ``hormone_receptor``, ``diagnosed`` and ``metastatic`` (days).
    random : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    pandas.DataFrame
        As :func:`before_adc`, without ``line``; ``type`` is "adjuvant" or "neoadjuvant".

    Examples
    --------
    >>> patient = {"patient_id": "a", "hormone_receptor": "positive", "diagnosed": -2000, "metastatic": -300}
    >>> adjuvant(pd.DataFrame([patient]), np.random.default_rng(1))["stop"].le(-300).tolist()
    [True, True]
    """
    rows: list[tuple[Any, ...]] = []
    columns = ["patient_id", "hormone_receptor", "diagnosed", "metastatic"]
    for patient, receptor, diagnosed, relapse in patients[columns].itertuples(index=False):
        kind = "neoadjuvant" if random.random() < 0.3 else "adjuvant"
        start = int(diagnosed) + int(random.integers(14, 46))
        stop = start + 84
        begin = stop + int(random.integers(30, 90))
        end = min(begin + _FIVE_YEARS, int(relapse) - int(random.integers(0, 200)))
        if stop < relapse:
            chemotherapy = ("epirubicin", "cyclophosphamide")
            rows.append((patient, chemotherapy, start, stop, "completed", kind))
        if receptor == "positive" and begin < end:
            reason = "completed" if end == begin + _FIVE_YEARS else "progression"
            rows.append((patient, ("letrozole",), begin, end, reason, "adjuvant"))
    return pd.DataFrame(rows, columns=[c for c in _COLUMNS if c != "line"])


def named(
    exposures: pd.DataFrame, earlier: pd.DataFrame, receptor: pd.Series, random: np.random.Generator
) -> pd.DataFrame:
    """Say which drugs the simulated lines are, and number them after the earlier ones.

    Parameters
    ----------
    exposures : pandas.DataFrame
        Of :func:`her2adc.simulate.simulate`.
    earlier : pandas.DataFrame
        Of :func:`before_adc`.
    receptor : pandas.Series
        Hormone receptor ("positive", "negative") by id; positive disease may receive endocrine therapy.
    random : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    pandas.DataFrame
        Columns of :func:`before_adc`; other therapies are drugs that the patient has not had before.

    Examples
    --------
    >>> from her2adc.simulate import SimulationParameters, simulate
    >>> study = simulate(SimulationParameters(n=40), 1)
    >>> receptor = study.patients.set_index("patient_id")["hormone_receptor"]
    >>> random = np.random.default_rng(1)
    >>> lines = named(study.exposures, before_adc({}, random), receptor, random)
    >>> ("other therapy",) in set(lines["agents"])
    False
    """
    done = earlier.groupby("patient_id")["line"].max()
    used = {p: {d for r in found for d in r} for p, found in earlier.groupby("patient_id")["agents"]}
    agents: list[Regimen] = []
    for patient, agent in zip(exposures["patient_id"], exposures["agent"], strict=True):
        regimen: Regimen = (agent,)
        if agent == OTHER_AGENT:
            endocrine = receptor[patient] == "positive" and random.random() < _ENDOCRINE
            kind = "endocrine" if endocrine else "chemotherapy"
            mine = used.setdefault(patient, set())
            free = any(not mine & set(r) for r in REGIMENS[kind])
            regimen = _regimen(kind if free else "chemotherapy", mine, random)
            mine |= set(regimen)
        agents.append(regimen)
    line = exposures["line"] + exposures["patient_id"].map(done).fillna(0).astype(int)
    return exposures.assign(line=line, agents=pd.Series(agents, exposures.index), type="advanced")[_COLUMNS]

"""Biomarkers before the first ADC and at progression: genes, and TROP2 as a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2adc.simulate.records import sampled_at_progression

__all__ = ["GENES", "TROP2_ADCS", "Alteration", "measurements"]


@dataclass(frozen=True)
class Alteration:
    """An alteration of a gene.

    Attributes
    ----------
    gene, value : str
        The gene, and how an alteration is written.
    positive, negative : float
        Share altered before ADC1 in hormone receptor-positive and -negative disease, of patients of
        average frailty.
    gained : float
        Chance to be found first at progression.
    prognosis : float
        Log odds ratio of the alteration per unit of the patient's log frailty; 0: unrelated to outcome.
    """

    gene: str
    value: str
    positive: float
    negative: float
    gained: float = 0.02
    prognosis: float = 0.0


GENES = (
    Alteration("ESR1", "mutated", 0.35, 0.01, gained=0.10),
    Alteration("PIK3CA", "mutated", 0.38, 0.12),
    Alteration("TP53", "mutated", 0.32, 0.75, prognosis=2.5),
    Alteration("ERBB2", "mutated", 0.05, 0.03),
    Alteration("ERBB2", "amplified", 0.02, 0.02, gained=0.0),
    Alteration("BRCA1/2", "mutated", 0.05, 0.12, gained=0.0),
    Alteration("TOP1", "mutated", 0.01, 0.01, gained=0.09),
)
"""Alterations, their shares chosen near usual ones in advanced disease; only TP53 goes with outcome."""
TROP2_ADCS = ("SG", "Dato-DXd", "sac-TMT")
"""Short names of the ADCs of TROP2."""
_TROP2_MEAN, _TROP2_SD, _TROP2_FALL = 165.0, 75.0, 45.0
_FAILED = 0.03


def measurements(
    patients: pd.DataFrame,
    random: np.random.Generator,
    *,
    genes: Sequence[Alteration] = GENES,
    before: tuple[float, float] = (0.7, 0.6),
    after: tuple[float, float] = (0.45, 0.35),
) -> pd.DataFrame:
    """Measurements of genes and of the H-score of TROP2.

    Parameters
    ----------
    patients : pandas.DataFrame
        Simulated patients, with ``hormone_receptor``.
    random : numpy.random.Generator
        Source of randomness.
    genes : sequence of Alteration
        What is looked for.
    before, after : tuple of float
        Share of patients whose genes and whose TROP2 are measured before ADC1, and after progression on
        each ADC.

    Returns
    -------
    pandas.DataFrame
        ``patient_id, marker, date`` (day) and ``value``: "mutated", "amplified", "wild type", a number or
        "failed". TROP2 has nothing to do with outcome and falls after an ADC of TROP2.

    Examples
    --------
    >>> from her2adc.simulate import SimulationParameters, simulate
    >>> found = measurements(simulate(SimulationParameters(n=30), 1).patients, np.random.default_rng(1))
    >>> sorted(found["marker"].unique())
    ['BRCA1/2', 'ERBB2', 'ESR1', 'PIK3CA', 'TOP1', 'TP53', 'TROP2 H-score']
    """
    n = len(patients)
    altered = _at_first(patients, genes, random)
    trop2 = pd.Series(np.clip(np.rint(random.normal(_TROP2_MEAN, _TROP2_SD, n)), 0, 300), patients.index)
    day = pd.Series(-random.integers(1, 60, n).astype(float), patients.index)
    parts = _taken(patients, altered, trop2, day, before, genes, random)
    for k in (1, 2):
        altered |= random.random(altered.shape) < np.array([g.gained for g in genes])
        fall = np.where(patients[f"adc{k}"].isin(TROP2_ADCS), _TROP2_FALL, 0.0) * random.uniform(0, 2, n)
        trop2 = (trop2 - np.rint(fall - random.normal(0, 15, n))).clip(0, 300)
        day = sampled_at_progression(patients, k)
        parts += _taken(patients, altered, trop2, day, after, genes, random)
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["patient_id", "date", "marker", "value"], kind="stable", ignore_index=True)


def _at_first(
    patients: pd.DataFrame, genes: Sequence[Alteration], random: np.random.Generator
) -> pd.DataFrame:
    """Whether each alteration is there before ADC1."""
    positive = patients["hormone_receptor"].eq("positive").to_numpy()
    frailty = patients["frailty"].to_numpy(dtype=np.float64)
    found = {}
    for place, gene in enumerate(genes):
        share = np.where(positive, gene.positive, gene.negative)
        odds = share / (1 - share) * np.exp(gene.prognosis * frailty)
        found[place] = random.random(len(patients)) < odds / (1 + odds)
    return pd.DataFrame(found, index=patients.index)


def _taken(
    patients: pd.DataFrame,
    altered: pd.DataFrame,
    trop2: pd.Series,
    day: pd.Series,
    shares: tuple[float, float],
    genes: Sequence[Alteration],
    random: np.random.Generator,
) -> list[pd.DataFrame]:
    """Rows of those who are measured on their day."""
    lots = random.random((len(patients), 3))
    sequenced, stained = (day.notna() & (lots[:, i] < shares[i]) for i in (0, 1))
    found = []
    for name in dict.fromkeys(g.gene for g in genes):
        places = [i for i, g in enumerate(genes) if g.gene == name]
        found += [_rows(patients, sequenced & altered[i], name, day, genes[i].value) for i in places]
        none = sequenced & ~altered[places].any(axis=1)
        found.append(_rows(patients, none, name, day, "wild type"))
    score = trop2.astype(int).astype(str).mask(lots[:, 2] < _FAILED, "failed")
    return [*found, _rows(patients, stained, "TROP2 H-score", day, score)]


def _rows(
    patients: pd.DataFrame, which: pd.Series, marker: str, day: pd.Series, value: str | pd.Series
) -> pd.DataFrame:
    """One measurement of each of some patients."""
    rows = {"patient_id": patients["patient_id"], "marker": marker, "date": day, "value": value}
    return pd.DataFrame(rows)[which]

"""HER2 of one patient over several specimens: the primary tumour, and biopsies around each ADC."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from her2adc.simulate.records import sampled_at_progression

__all__ = ["HER2_ADCS", "KINDS", "MOVES", "TESTED", "her2_tests", "moved"]

KINDS = ("primary", "before ADC1", "after ADC1", "after ADC2")
"""Specimens, in order of time."""
MOVES: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "": {
        "0": {"0": 0.60, "1+": 0.32, "2+": 0.08},
        "1+": {"0": 0.27, "1+": 0.55, "2+": 0.18},
        "2+": {"0": 0.10, "1+": 0.32, "2+": 0.56, "3+": 0.02},
        "3+": {"1+": 0.05, "2+": 0.15, "3+": 0.80},
    },
    "HER2": {
        "0": {"0": 0.80, "1+": 0.18, "2+": 0.02},
        "1+": {"0": 0.45, "1+": 0.47, "2+": 0.08},
        "2+": {"0": 0.22, "1+": 0.40, "2+": 0.38},
        "3+": {"1+": 0.20, "2+": 0.30, "3+": 0.50},
    },
}
"""Chance of the score of another specimen, by the score of this one: without, and after an ADC of HER2."""
HER2_ADCS = ("T-DXd", "T-DM1", "DV")
"""Short names of the ADCs of HER2."""
TESTED: Mapping[str, float] = {"before ADC1": 0.75, "after ADC1": 0.45, "after ADC2": 0.35}
"""Share of patients with each specimen, of those who can have it."""


def moved(
    scores: pd.Series, moves: Mapping[str, Mapping[str, float]], random: np.random.Generator
) -> pd.Series:
    """Draw the scores of other specimens.

    Parameters
    ----------
    scores : pandas.Series
        IHC scores.
    moves : mapping
        Chances of each score by the one before; see :data:`MOVES`.
    random : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> moved(pd.Series(["0", "1+"]), {"0": {"1+": 1.0}, "1+": {"0": 1.0}}, np.random.default_rng(1)).tolist()
    ['1+', '0']
    """
    drawn = [str(random.choice(list(moves[s]), p=list(moves[s].values()))) for s in scores]
    return pd.Series(drawn, index=scores.index, dtype=object)


def her2_tests(
    patients: pd.DataFrame, random: np.random.Generator, tested: Mapping[str, float] = TESTED
) -> pd.DataFrame:
    """HER2 tests along the line of therapy; ``her2_ihc`` is the score of the last one before ADC1.

    Parameters
    ----------
    patients : pandas.DataFrame
        Simulated patients with ``her2_ihc``, ``diagnosed`` and ``metastatic`` (days).
    random : numpy.random.Generator
        Source of randomness.
    tested : mapping
        Share with each specimen but the primary, which all have.

    Returns
    -------
    pandas.DataFrame
        ``patient_id, specimen, date`` (day), ``ihc, ish``; IHC 2+ is not amplified, except a few primaries.

    Examples
    --------
    >>> patient = {"patient_id": "a", "her2_ihc": "2+", "diagnosed": -900, "metastatic": -400, "adc1": "SG",
    ...     "adc2": None, "progression1": 200.0, "progression2": None, "next_start": 215.0,
    ...     "next2_start": None, "last_contact": 500.0}
    >>> her2_tests(pd.DataFrame([patient]), np.random.default_rng(1), {"before ADC1": 1.0})["ihc"].iloc[1]
    '2+'
    """
    n, score = len(patients), patients["her2_ihc"].astype(str)
    again = random.random(n) < tested.get("before ADC1", 0.0)
    primary = moved(score, MOVES[""], random).where(again, score)
    earliest = patients["metastatic"].clip(lower=-900)
    found = [
        _rows(patients, KINDS[0], patients["diagnosed"], primary),
        _rows(patients[again], KINDS[1], (earliest * random.uniform(0.02, 0.98, n)).round(), score),
    ]
    amplified = primary.eq("2+") & again & (random.random(n) < 0.05)
    found[0]["ish"] = found[0]["ish"].mask(amplified.to_numpy(), "amplified")
    for k, kind in ((1, KINDS[2]), (2, KINDS[3])):
        target = patients[f"adc{k}"].isin(HER2_ADCS)
        plain, after = (moved(score, MOVES[m], random) for m in ("", "HER2"))
        score = after.where(target, plain)
        lot, chosen = random.random(n), random.random(n) < tested.get(kind, 0.0)
        progressed = patients[f"progression{k}"].astype(float)
        days = progressed + np.floor((sampled_at_progression(patients, k) - progressed) * lot)
        has = chosen & days.notna()
        found.append(_rows(patients[has], kind, days, score))
    table = pd.concat(found, ignore_index=True)
    return table.sort_values(["patient_id", "date"], kind="stable", ignore_index=True)


def _rows(patients: pd.DataFrame, kind: str, days: pd.Series, scores: pd.Series) -> pd.DataFrame:
    """One specimen of each patient."""
    ihc = scores.loc[patients.index]
    return pd.DataFrame(
        {
            "patient_id": patients["patient_id"],
            "specimen": kind,
            "date": days.loc[patients.index].astype(float),
            "ihc": ihc,
            "ish": np.where(ihc == "2+", "not amplified", ""),
        }
    )

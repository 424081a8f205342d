"""Drugs as records write them: brands, codes, doses, several drugs in one cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

__all__ = ["REASONS", "SPELLINGS", "written"]

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "T-DXd": (
        "T-DXd",
        "trastuzumab deruxtecan",
        "Enhertu",
        "ENHERTU 5.4 mg/kg q3w",
        "DS-8201a",
        "fam-trastuzumab deruxtecan-nxki",
        "德曲妥珠单抗",
    ),
    "SG": (
        "SG",
        "sacituzumab govitecan",
        "Trodelvy",
        "IMMU-132",
        "sacituzumab govitecan-hziy 10 mg/kg",
        "戈沙妥珠单抗",
    ),
    "T-DM1": ("T-DM1", "Kadcyla", "ado-trastuzumab emtansine"),
    "Dato-DXd": ("Dato-DXd", "datopotamab deruxtecan", "DS-1062a"),
    "sac-TMT": ("SKB264", "sac-TMT", "sacituzumab tirumotecan", "MK-2870"),
    "DV": ("disitamab vedotin", "RC48", "RC48-ADC", "维迪西妥单抗"),
    "capecitabine": ("capecitabine", "Xeloda", "卡培他滨"),
    "nab-paclitaxel": ("nab-paclitaxel", "Abraxane", "albumin-bound paclitaxel"),
    "eribulin": ("eribulin", "eribulin mesylate", "Halaven"),
    "vinorelbine": ("vinorelbine", "Navelbine"),
    "utidelone": ("utidelone", "UTD1"),
    "pegylated liposomal doxorubicin": ("PLD", "pegylated liposomal doxorubicin"),
    "palbociclib": ("palbociclib", "Ibrance"),
    "abemaciclib": ("abemaciclib", "Verzenio"),
    "dalpiciclib": ("dalpiciclib", "SHR6390"),
    "tucidinostat": ("tucidinostat", "chidamide"),
    "everolimus": ("everolimus", "Afinitor"),
    "toripalimab": ("toripalimab", "JS001"),
}
"""Names that stand for a drug in the records; any other drug is written by its generic name."""
REASONS: Mapping[str, tuple[str, ...]] = {
    "progression": ("progression", "PD", "disease progression"),
    "adverse event": ("toxicity", "adverse event", "AE"),
    "death": ("death",),
    "completed": ("completed", "completed as planned"),
    "ongoing": ("ongoing", ""),
}
"""How records say why a therapy was stopped."""


def written(rows: pd.DataFrame, random: np.random.Generator, *, apart: float = 0.3) -> pd.DataFrame:
    """Write therapies as records do.

    Parameters
    ----------
    rows : pandas.DataFrame
        With ``agents`` (tuple) and ``reason``.
    random : numpy.random.Generator
        Source of randomness.
    apart : float
        Share of combinations whose drugs have a row each; the others stand in one cell.

    Returns
    -------
    pandas.DataFrame
        Column ``agent`` in the place of ``agents``, and reasons in words.

    Examples
    --------
    >>> rows = pd.DataFrame({"agents": [("ribociclib", "letrozole")], "reason": ["death"]})
    >>> written(rows, np.random.default_rng(1), apart=0.0).values.tolist()
    [['ribociclib + letrozole', 'death']]
    """
    split = random.random(len(rows)) < apart
    cells = [
        [_spelled(a, random) for a in agents] if alone else [" + ".join(_spelled(a, random) for a in agents)]
        for agents, alone in zip(rows["agents"], split, strict=True)
    ]
    reasons = [_one(REASONS.get(str(r), (str(r),)), random) for r in rows["reason"]]
    named = rows.assign(agents=pd.Series(cells, rows.index), reason=reasons)
    return named.rename(columns={"agents": "agent"}).explode("agent", ignore_index=True)


def _spelled(agent: str, random: np.random.Generator) -> str:
    """One of the names of a drug, the first most often."""
    return _one(SPELLINGS.get(agent, (agent,)), random)


def _one(texts: tuple[str, ...], random: np.random.Generator) -> str:
    """One of several texts, the first in every other case."""
    if random.random() < 0.5:
        return texts[0]
    return texts[int(random.integers(len(texts)))]

"""Normalised IHC and ISH -> HER2-zero, -ultralow, -low or -positive, by guideline edition.

References
----------
ASCO/CAP 2007: Wolff et al., J Clin Oncol 2007;25:118. ASCO/CAP 2013: Wolff et al., J Clin Oncol
2013;31:3997. ASCO/CAP 2018: Wolff et al., J Clin Oncol 2018;36:2105.
ASCO/CAP 2023 (2018 affirmed): Wolff et al., J Clin Oncol 2023;41:3867.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import pandas as pd

from her2adc.config import RESULTS
from her2adc.her2.texts import score_of

Edition = Literal[2007, 2013, 2018, 2023]
Ambiguous = Literal["exclude", "lower", "upper"]
_RANGE = re.compile(r"([0-3])-([0-3])\+")


class Her2Class(NamedTuple):
    """A HER2 class, or None with the reason why it could not be given; remarks in ``note``."""

    value: str | None
    reason: str = ""
    note: str = ""


def score_read(ihc: str | None, ambiguous: Ambiguous = "exclude") -> str | None:
    """Return the score that a range is read as; every other form, and a range not read, as it is.

    Examples
    --------
    >>> [score_read("0-1+", rule) for rule in ("exclude", "lower", "upper")]
    ['0-1+', '0', '1+']
    """
    found = _RANGE.fullmatch(ihc or "")
    if found is None or ambiguous == "exclude":
        return ihc
    return score_of(found[1 if ambiguous == "lower" else 2])


def ish_from_counts(ratio: float, copies: float, ihc: str, edition: Edition = 2018) -> str:
    """Give the ISH result from the HER2/CEP17 ratio and the HER2 copies a cell.

    2007: ratio above 2.2 is amplified, below 1.8 not, 1.8 to 2.2 equivocal; without a ratio, copies
    above 6.0, below 4.0, and between. 2013: ratio >= 2.0, or copies >= 6.0, is amplified; copies 4.0
    to below 6.0 at a lower ratio is equivocal. 2018 and 2023: group 1 (ratio >= 2.0, copies >= 4.0) is
    amplified, group 5 is not; groups 2, 3 and 4 depend on the IHC of the same specimen and are equivocal
    without it.

    Parameters
    ----------
    ratio, copies
        HER2/CEP17 ratio and mean HER2 copies a cell; either may be NaN.
    ihc
        Normalised IHC score of the same specimen.
    edition
        Guideline edition.

    Returns
    -------
    str
        ``amplified``, ``not amplified``, ``equivocal`` or ``unknown``.

    Examples
    --------
    >>> ish_from_counts(2.4, 3.1, "1+", 2013), ish_from_counts(2.4, 3.1, "1+", 2018)
    ('amplified', 'not amplified')
    """
    has_ratio, has_copies = pd.notna(ratio), pd.notna(copies)
    if not has_ratio and not has_copies:
        return "unknown"
    if edition == 2007:
        value, low, high = (ratio, 1.8, 2.2) if has_ratio else (copies, 4.0, 6.0)
        if low <= value <= high:
            return "equivocal"
        return "amplified" if value > high else "not amplified"
    if edition == 2013:
        if (has_ratio and ratio >= 2) or (has_copies and copies >= 6):
            return "amplified"
        return "equivocal" if has_copies and copies >= 4 else "not amplified"
    if not has_copies:
        return "amplified" if ratio >= 2 else "not amplified"
    above = has_ratio and ratio >= 2
    if above and copies >= 4:
        return "amplified"
    if not above and copies < 4:
        return "not amplified"
    if ihc not in ("0", "0+", "1+", "2+", "3+"):
        return "equivocal"
    if ihc == "3+" or (ihc == "2+" and not above and copies >= 6):
        return "amplified"
    return "not amplified"


def result_text(ihc: str | None, ish: str | None) -> str | None:
    """Return the IHC score, with the ISH result where it decides; None without either.

    Examples
    --------
    >>> result_text("2+", "amplified"), result_text("3+", "unknown"), result_text("0+", "unknown")
    ('IHC 2+, ISH amplified', 'IHC 3+', 'IHC 0')
    """
    text = f"IHC 2+, ISH {ish}" if ihc == "2+" else f"IHC {'0' if ihc == '0+' else ihc}"
    return text if text in RESULTS else None


def classify(
    ihc: str | None,
    ish: str | None,
    *,
    edition: Edition = 2018,
    ultralow: bool = False,
    ambiguous: Ambiguous = "exclude",
) -> Her2Class:
    """Classify one specimen.

    HER2-positive is IHC 3+ or ISH amplified; HER2-low is IHC 1+, or 2+ with ISH not amplified;
    HER2-zero is IHC 0, from which ultralow (above 0, below 1+) is split when ``ultralow`` is on.

    Parameters
    ----------
    ihc, ish
        Normalised results (:func:`normalise_ihc`, :func:`normalise_ish`).
    edition
        ASCO/CAP edition. 2013 knows an equivocal ISH result, which leaves IHC 2+ unclassified in
        every edition; the editions differ in how counts are read (:func:`ish_from_counts`).
    ultralow
        Whether HER2-ultralow is a class of its own. If not, it belongs to HER2-zero.
    ambiguous
        How a range such as ``0-1+`` is read when its two scores give different classes.

    Returns
    -------
    Her2Class

    Examples
    --------
    >>> classify("2+", "not amplified").value
    'HER2-low'
    >>> classify("2+", "unknown").reason
    'IHC 2+ without an ISH result'
    >>> classify("1-2+", "not amplified").value, classify("0-1+", "unknown", ambiguous="upper").value
    ('HER2-low', 'HER2-low')
    """
    if ihc is not None and _RANGE.fullmatch(ihc):
        return _of_range(ihc, ish, ambiguous, edition, ultralow)
    if ihc is None or ish is None:
        return Her2Class(None, f"{'IHC' if ihc is None else 'ISH'} text not understood")
    if ihc == "3+":
        note = "IHC 3+ although ISH not amplified" if ish == "not amplified" else ""
        return Her2Class("HER2-positive", note=note)
    if ish == "amplified":
        odd = f"ISH amplified although IHC {ihc}" if ihc in ("0", "0+", "1+", "negative") else ""
        return Her2Class("HER2-positive", note=odd)
    if ihc == "2+":
        if ish == "not amplified":
            return Her2Class("HER2-low")
        return Her2Class(
            None,
            "IHC 2+ with equivocal ISH" if ish == "equivocal" else "IHC 2+ without an ISH result",
        )
    if ihc == "positive":
        if ish == "not amplified":
            return Her2Class(None, "reported positive without a score, and ISH not amplified")
        return Her2Class("HER2-positive", note="reported positive, no IHC score")
    if ihc in ("1+", "0"):
        return Her2Class("HER2-low" if ihc == "1+" else "HER2-zero")
    if ihc == "0+":
        return Her2Class("HER2-ultralow" if ultralow else "HER2-zero")
    if ihc == "negative" or (ihc == "unknown" and ish == "not amplified"):
        return Her2Class(None, "reported negative without an IHC score: zero or low not known")
    return Her2Class(None, "no IHC score" + (", ISH equivocal" if ish == "equivocal" else " and no ISH"))


def _of_range(
    ihc: str, ish: str | None, ambiguous: Ambiguous, edition: Edition, ultralow: bool
) -> Her2Class:
    """Classify a range of scores: by both when they agree, else by the rule."""
    lower, upper = (
        classify(score_read(ihc, end), ish, edition=edition, ultralow=ultralow)
        for end in ("lower", "upper")
    )
    if lower.value is not None and lower.value == upper.value:
        return Her2Class(lower.value, note=f"IHC {ihc}, whose two scores give the same class")
    if ambiguous == "exclude":
        return Her2Class(None, f"ambiguous IHC score {ihc}")
    found = lower if ambiguous == "lower" else upper
    note = f"IHC {ihc} read as {score_read(ihc, ambiguous)}"
    return found._replace(note=note) if found.value else Her2Class(None, f"{note}: {found.reason}")

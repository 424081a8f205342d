"""IHC and ISH -> HER2-zero, -ultralow, -low or -positive, by guideline edition.

Free text is normalised by rule and every normalisation can be listed; what cannot be classified is
listed with its reason and never guessed.

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

Edition = Literal[2007, 2013, 2018, 2023]

_NOT_DONE = re.compile(
    r"^(|nan|none|null|\.|-+|na|n/a|n\.a\.?|unk|unknown|not (evaluated|available|applicable|performed|"
    r"done|tested|known|reported|assessed)|missing|pending|not|nd|no data|x|indeterminate|"
    r"not interpretable|insufficient.*)$"
)
_SCORE = re.compile(
    r"^(?:her-?2(?:/neu)?)?\s*(?:ihc|score|immuno\w*)?\s*[:=]?\s*(?:score)?\s*"
    r"([0-3])\s*(\+*|plus)$"
)
_ULTRALOW = re.compile(
    r"^(0\s*\+|>\s*0\s*(to|-|and|,|/)?\s*<\s*1\s*\+?|ultra-?\s?low|her2-ultralow|"
    r"0 with (faint|membrane) staining|null-plus)$"
)
_RANGE = re.compile(r"^([0-3])\s*\+?\s*(?:-|to|/|or|–)\s*([0-3])\s*\+*$")
_NEGATIVE = re.compile(r"^(neg|negative|-ve|her2-)$")
_POSITIVE = re.compile(r"^(pos|positive|\+ve|over-?express\w*)$")
_EQUIVOCAL = re.compile(r"^(equivocal|equiv|borderline)$")
_PLUSES = {"+": "1+", "++": "2+", "+++": "3+"}

_AMPLIFIED = re.compile(
    r"^((her2 )?amplified|amp|amplification|pos|positive|yes|1|\+|\+ve|ish\+|fish\+|"
    r"amplified \(.*\)|high amplification)$"
)
_NOT_AMPLIFIED = re.compile(
    r"^(((her2 )?not? |non-?\s?|un)amplifi(ed|cation)|not amp|neg|negative|no|0|-ve|"
    r"ish-|fish-|normal|polysomy)$"
)


class Her2Class(NamedTuple):
    """A HER2 class, or None with the reason why it could not be given; remarks in ``note``."""

    value: str | None
    reason: str = ""
    note: str = ""


def _plain(text: object) -> str:
    """Lower case, one space, no brackets around the whole, plain hyphens."""
    if text is None or (not isinstance(text, str) and pd.isna(text)):  # type: ignore[call-overload]
        return ""
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    s = re.sub(r"\s+", " ", str(text)).strip().lower().replace("−", "-").replace("－", "-")
    s = (
        s.replace("＋", "+").replace("her2 ", "", 1)
        if s.startswith("her2 ihc")
        else s.replace("＋", "+")
    )
    return re.sub(r"^(\d)\.0$", r"\1", re.sub(r"^\[(.*)\]$", r"\1", s))


def normalise_ihc(text: object) -> str | None:
    """Bring an IHC result to one form.

    Parameters
    ----------
    text
        As found: ``2+``, ``2``, ``IHC 2+``, ``3 +``, ``Equivocal``, ``neg``, ``[Not Evaluated]`` ...

    Returns
    -------
    str or None
        ``0``, ``0+`` (ultralow: above 0, below 1+), ``1+``, ``2+``, ``3+``; a range that cannot be
        resolved such as ``0-1+``; ``negative`` or ``positive`` when no score is given; ``unknown``
        for text that means not done or not known; None for text that no rule knows.

    Examples
    --------
    >>> [normalise_ihc(t) for t in ("IHC 2+", "3 +", 2, "Equivocal", "0-1+", "neg", "[Not Evaluated]")]
    ['2+', '3+', '2+', '2+', '0-1+', 'negative', 'unknown']
    """
    s = _plain(text)
    if _NOT_DONE.match(s):
        return "unknown"
    if s in _PLUSES:
        return _PLUSES[s]
    bare = (
        re.sub(r"^(her-?2(/neu)?)?[ :]*(by )?(ihc|score)?[ :=]*(score)?[ :=]*", "", s).strip() or s
    )
    if _ULTRALOW.match(bare):
        return "0+"
    if m := _RANGE.match(bare):
        low, high = sorted(m.groups())
        return _score(low) if low == high else f"{low}-{high}+"
    if m := _SCORE.match(bare):
        return _score(m.group(1))
    for pattern, result in ((_EQUIVOCAL, "2+"), (_NEGATIVE, "negative"), (_POSITIVE, "positive")):
        if pattern.match(bare):
            return result
    return None


def _score(digit: str) -> str:
    return "0" if digit == "0" else f"{digit}+"


def normalise_ish(text: object) -> str | None:
    """Bring an ISH (FISH, CISH, DISH, SISH) result to one form.

    Returns
    -------
    str or None
        ``amplified``, ``not amplified``, ``equivocal``, ``unknown`` or None (no rule knows it).

    Examples
    --------
    >>> [normalise_ish(t) for t in ("FISH+", "not amplified", "Negative", "Not Performed")]
    ['amplified', 'not amplified', 'not amplified', 'unknown']
    """
    s = _plain(text)
    if _NOT_DONE.match(s):
        return "unknown"
    s = re.sub(r"^((d|f|c|s)?ish)[ :]+", "", s)
    if _NOT_AMPLIFIED.match(s):
        return "not amplified"
    if _AMPLIFIED.match(s):
        return "amplified"
    return "equivocal" if _EQUIVOCAL.match(s) else None


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
    ihc: str | None, ish: str | None, *, edition: Edition = 2018, ultralow: bool = False
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

    Returns
    -------
    Her2Class

    Examples
    --------
    >>> classify("2+", "not amplified").value
    'HER2-low'
    >>> classify("2+", "unknown").reason
    'IHC 2+ without an ISH result'
    """
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
    if ihc == "unknown":
        return Her2Class(
            None, "no IHC score" + (", ISH equivocal" if ish == "equivocal" else " and no ISH")
        )
    return Her2Class(None, f"ambiguous IHC score {ihc}")

"""Free texts of IHC and ISH results -> one form each, by rule; what no rule knows is never guessed."""

from __future__ import annotations

import re

import pandas as pd

from her2adc.cells import folded

_NOT_DONE = re.compile(
    r"^(|nan|none|null|\.|-+|na|n/a|n\.a\.?|unk(/nd)?|unknown|not (evaluated|available|applicable|"
    r"performed|done|tested|known|reported|assessed)|missing|pending|nd|no data|indeterminate|"
    r"(test )?fail(ed|ure)|not interpretable|insufficient.*)$"
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
_REMARK = re.compile(r"\s*\(([^()]*\b(?:outside|focal|heterogen\w*|written)\b[^()]*)\)$")
_WHOLE = re.compile(r"^[\[(]([^\[\]()]*)[\])]$")
_NEGATIVE = re.compile(r"^(neg|negative|-ve|her2-)$")
_POSITIVE = re.compile(r"^(pos|positive|\+ve|over-?express\w*)$")
_EQUIVOCAL = re.compile(r"^(equivocal|equiv|borderline)$")
_PLUSES = {"+": "1+", "++": "2+", "+++": "3+"}

_AMPLIFIED = re.compile(
    r"^((her2 )?amplified|amp|amplification|pos|positive|yes|\+|\+ve|ish\+|fish\+|"
    r"amplified \(.*\)|high amplification)$"
)
_NOT_AMPLIFIED = re.compile(
    r"^(((her2 )?not? |non-?\s?|un)amplifi(ed|cation)|not amp|neg|negative|no|-ve|"
    r"ish-|fish-|normal|polysomy)$"
)


def _plain(text: object) -> str:
    """Lower case, one space, no brackets around the whole, plain hyphens."""
    if text is None or (not isinstance(text, str) and pd.isna(text)):  # type: ignore[call-overload]
        return ""
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    s = re.sub(r"\s+", " ", folded(str(text))).lower()
    s = s.replace("her2 ", "", 1) if s.startswith("her2 ihc") else s
    return re.sub(r"^(\d)\.0$", r"\1", _WHOLE.sub(r"\1", s))


def normalise_ihc(text: object) -> str | None:
    """Bring an IHC result to one form.

    Parameters
    ----------
    text
        As found: ``2+``, ``2``, ``IHC 2+``, ``3 +``, ``Equivocal``, ``neg``, ``[Not Evaluated]`` ...

    Returns
    -------
    str or None
        ``0``, ``0+`` (ultralow: above 0, below 1+), ``1+``, ``2+``, ``3+``; a range such as ``0-1+``;
        ``negative`` or ``positive`` when no score is given; ``unknown`` for text that means not done or
        not known; None for text that no rule knows. A remark in brackets (focal, heterogeneous,
        outside) is left out: in ``1+ (3+ outside)`` the score is 1+ (:func:`outside_reading`).

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
    bare = _WHOLE.sub(r"\1", _REMARK.sub("", bare))
    if _ULTRALOW.match(bare):
        return "0+"
    if m := _RANGE.match(bare):
        low, high = sorted(m.groups())
        return score_of(low) if low == high else f"{low}-{high}+"
    if m := _SCORE.match(bare):
        return score_of(m.group(1))
    for pattern, result in ((_EQUIVOCAL, "2+"), (_NEGATIVE, "negative"), (_POSITIVE, "positive")):
        if pattern.match(bare):
            return result
    return None


def score_of(digit: str) -> str:
    """Return the score of a digit.

    Examples
    --------
    >>> score_of("0"), score_of("2")
    ('0', '2+')
    """
    return "0" if digit == "0" else f"{digit}+"


def outside_reading(text: object) -> str:
    """Return the reading of another laboratory that stands in brackets behind an IHC result.

    Examples
    --------
    >>> [outside_reading(t) for t in ("1+ (3+ outside)", "2+ (outside 3+)", "3+ (outside)", "1+ (focal)")]
    ['3+', '3+', '', '']
    """
    remark = _REMARK.search(_plain(text))
    if remark is None or "outside" not in remark[1]:
        return ""
    form = normalise_ihc(remark[1].replace("outside", ""))
    return form if form and form != "unknown" else ""


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
    s = re.sub(r"\s*\((outside|written -)\)$", "", re.sub(r"^((d|f|c|s)?ish)[ :]+", "", s))
    if _NOT_AMPLIFIED.match(s):
        return "not amplified"
    if _AMPLIFIED.match(s):
        return "amplified"
    return "equivocal" if _EQUIVOCAL.match(s) else None

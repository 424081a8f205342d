"""The only place that rounds: p-values, percentages, estimates with limits.

Rounding is decimal and half away from zero. Before it rounds, a number is read to twelve
significant digits, so that 0.5625 that arithmetic left at 0.56249999999999989 is still 0.5625.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

MISSING = "–"
"""What stands for a value that is missing or does not apply."""
NOT_REACHED = "NR"
"""What stands for an estimate, such as a median, that is not reached."""
NOT_ESTIMABLE = "NE"
"""What stands for a limit that cannot be estimated."""

_SIGNIFICANT = 12


@dataclass(frozen=True)
class _Profile:
    """How a journal writes a p-value and an interval."""

    name: str
    smallest: str
    leading_zero: bool = True
    point: str = "."
    symbol: str = "p"
    spaced: bool = True
    after_ci: str = ""
    between: str = " to "


PROFILES: dict[str, _Profile] = {
    "default": _Profile("default", "0.001"),
    "jama": _Profile("jama", "0.001", leading_zero=False, symbol="P", after_ci=",", between="-"),
    "lancet": _Profile("lancet", "0.0001", point="·", spaced=False, between="–"),
    "nejm": _Profile("nejm", "0.001", symbol="P", spaced=False, after_ci=","),
}
"""Journal profiles of p-values and of estimates with their interval."""


def _missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, pandas.NA or infinite."""
    if value is None:
        return True
    try:
        return not math.isfinite(float(value))
    except (TypeError, ValueError):
        return True


def _decimal(x: Any) -> Decimal:
    """Read a number to twelve significant digits; integers stay exact."""
    if isinstance(x, Decimal):
        return x
    if isinstance(x, int):
        return Decimal(x)
    return Decimal(f"{float(x):.{_SIGNIFICANT - 1}e}")


def _quantised(x: Any, digits: int) -> Decimal:
    """Decimal rounded half away from zero; zero has no sign."""
    if digits < 0:
        raise ValueError(f"digits is {digits}; give 0 or more decimals")
    rounded = _decimal(x).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return abs(rounded) if rounded == 0 else rounded


def round_half_away(x: float, digits: int = 0) -> float:
    """Round a number to ``digits`` decimals, halves away from zero.

    Parameters
    ----------
    x : float
        The number; NaN stays NaN.
    digits : int
        Decimals to keep.

    Returns
    -------
    float

    Examples
    --------
    >>> round_half_away(6.25, 1), round_half_away(-0.5), round_half_away(2.675, 2)
    (6.3, -1.0, 2.68)
    """
    return float("nan") if _missing(x) else float(_quantised(x, digits))


def number(x: float, digits: int = 1, missing: str = MISSING) -> str:
    """Write a number with a fixed number of decimals and a true minus sign.

    Examples
    --------
    >>> number(6.25), number(-0.04), number(-3.15), number(float("nan")), number(98, 0)
    ('6.3', '0.0', '−3.2', '–', '98')
    """
    if _missing(x):
        return missing
    return f"{_quantised(x, digits):f}".replace("-", "−")


def percent(x: float, digits: int = 1, missing: str = MISSING) -> str:
    """Fraction as a percentage.

    Examples
    --------
    >>> percent(0.3979), percent(2 / 32), percent(1), percent(float("nan"))
    ('39.8%', '6.3%', '100.0%', '–')
    """
    if _missing(x):
        return missing
    return number(_decimal(x) * 100, digits) + "%"  # type: ignore[arg-type]


def count_percent(n: int, total: int, digits: int = 1) -> str:
    """Count with its percentage of ``total``.

    Examples
    --------
    >>> count_percent(39, 98), count_percent(2, 32), count_percent(0, 0)
    ('39 (39.8%)', '2 (6.3%)', '0 (–)')
    """
    if _missing(n):
        return MISSING
    share = MISSING
    if not _missing(total) and int(total) > 0:
        share = number(Decimal(int(n)) * 100 / Decimal(int(total)), digits) + "%"  # type: ignore[arg-type]
    return f"{int(n)} ({share})"


def estimate(
    x: float,
    low: float,
    high: float,
    digits: int = 1,
    not_reached: str = NOT_REACHED,
    not_estimable: str = NOT_ESTIMABLE,
    conf_level: float | None = 0.95,
    profile: str = "default",
) -> str:
    """Estimate with its confidence interval, as a sentence prints it.

    Parameters
    ----------
    x, low, high : float
        Estimate and limits; NaN where not reached or not estimable.
    digits : int
        Decimals.
    not_reached, not_estimable : str
        What stands for a missing estimate and a missing limit. A hazard ratio that cannot be
        estimated takes ``not_reached="NE"``.
    conf_level : float or None
        Level of the interval, 0.95; None leaves its name out.
    profile : {"default", "jama", "lancet", "nejm"}
        Manner of the journal.

    Returns
    -------
    str
        Only ``not_reached`` when estimate and both limits are missing.

    Examples
    --------
    >>> estimate(9.0, 4.81, 13.25)
    '9.0 (95% CI 4.8 to 13.3)'
    >>> estimate(float("nan"), 15.2, float("nan"))
    'NR (95% CI 15.2 to NE)'
    >>> [estimate(9.0, 4.81, 13.25, profile=name) for name in ("jama", "lancet", "nejm")]
    ['9.0 (95% CI, 4.8-13.3)', '9·0 (95% CI 4·8–13·3)', '9.0 (95% CI, 4.8 to 13.3)']
    """
    centre = number(x, digits, not_reached)
    if _missing(x) and _missing(low) and _missing(high):
        return centre
    limits = [number(limit, digits, not_estimable) for limit in (low, high)]
    return _with_limits(centre, limits, conf_level, profile)


def estimate_short(
    x: float,
    low: float,
    high: float,
    digits: int = 1,
    not_reached: str = NOT_REACHED,
    not_estimable: str = NOT_ESTIMABLE,
) -> str:
    """Estimate with its limits, as a table cell prints it.

    Examples
    --------
    >>> estimate_short(9.0, 4.81, 13.25), estimate_short(0.026, 0.0006, 0.682, digits=2)
    ('9.0 (4.8 to 13.3)', '0.03 (0.00 to 0.68)')
    """
    return estimate(x, low, high, digits, not_reached, not_estimable, conf_level=None)


def percent_estimate(
    x: float,
    low: float,
    high: float,
    digits: int = 1,
    conf_level: float | None = 0.95,
    profile: str = "default",
) -> str:
    """Fraction with its confidence interval, in percent, as a sentence prints it.

    Examples
    --------
    >>> percent_estimate(0.398, 0.3003, 0.502)
    '39.8% (95% CI 30.0 to 50.2)'
    >>> percent_estimate(float("nan"), float("nan"), float("nan"))
    'NE'
    """
    if _missing(x):
        return NOT_ESTIMABLE
    limits = [percent(limit, digits, NOT_ESTIMABLE).removesuffix("%") for limit in (low, high)]
    return _with_limits(percent(x, digits), limits, conf_level, profile)


def percent_short(x: float, low: float, high: float, digits: int = 1) -> str:
    """Fraction with its limits, in percent, as a table cell prints it.

    Examples
    --------
    >>> percent_short(0.398, 0.3003, 0.502)
    '39.8% (30.0 to 50.2)'
    """
    return percent_estimate(x, low, high, digits, conf_level=None)


def _with_limits(centre: str, limits: list[str], conf_level: float | None, profile: str) -> str:
    """Estimate and limits in words; names the interval when its level is given.

    A negative limit is not set off by a dash, which would read as its sign.
    """
    style = _profile(profile)
    level = "" if conf_level is None else f"{(_decimal(conf_level) * 100).normalize():f}% CI{style.after_ci} "
    between = " to " if any("−" in limit for limit in limits) else style.between
    low, high = (limit.replace(".", style.point) for limit in limits)
    return f"{centre.replace('.', style.point)} ({level}{low}{between}{high})"


def pvalue(p: float, profile: str = "default") -> str:
    """P-value as the book, or a journal, prints it.

    Parameters
    ----------
    p : float
        The p-value, 0 to 1; NaN prints as a dash.
    profile : {"default", "jama", "lancet", "nejm"}
        ``default``: three decimals below 0.20, two above, ``<0.001`` and ``>0.99``.
        ``jama``: no leading zero, two decimals, three below .01 or where two would hide that
        p is below .05. ``lancet``: two significant figures, at most four decimals, raised point.
        ``nejm``: two decimals, three below 0.01.

    Returns
    -------
    str

    Examples
    --------
    >>> [pvalue(p) for p in (0.0004, 0.034, 0.1996, 0.35, 0.996)]
    ['<0.001', '0.034', '0.200', '0.35', '>0.99']
    >>> [pvalue(0.0342, name) for name in ("jama", "lancet", "nejm")]
    ['.03', '0·034', '0.03']
    """
    style = _profile(profile)
    if _missing(p):
        return MISSING
    if not 0 <= float(p) <= 1:
        raise ValueError(f"p is {p}; a p-value lies between 0 and 1")
    if float(p) < float(style.smallest):
        return "<" + _written(Decimal(style.smallest), style)
    rounded = _quantised(p, _p_digits(float(p), style.name))
    if rounded >= 1 or _decimal(p) > Decimal("0.99"):
        return ">" + _written(Decimal("0.99"), style)
    return _written(rounded, style)


def _p_digits(p: float, profile: str) -> int:
    """Decimals of a p-value between the smallest printed and 0.99."""
    if profile == "default":
        return 3 if p < 0.20 else 2
    if profile == "lancet":
        return min(4, 1 - math.floor(math.log10(p)))
    if p < 0.01 or (profile == "jama" and 0.045 <= p < 0.05):
        return 3
    return 2


def _written(value: Decimal, style: _Profile) -> str:
    """Digits of a p-value in the manner of the profile."""
    text = f"{value:f}"
    if not style.leading_zero:
        text = text.removeprefix("0")
    return text.replace(".", style.point)


def _profile(name: str) -> _Profile:
    """Find the profile of that name, in any case."""
    style = PROFILES.get(str(name).lower())
    if style is None:
        raise ValueError(f"unknown profile {name!r}; use one of {sorted(PROFILES)}")
    return style


def p_equals(p: float, profile: str = "default") -> str:
    """P-value with its symbol, as a sentence prints it.

    Examples
    --------
    >>> p_equals(0.034), p_equals(0.0001), p_equals(0.999), p_equals(float("nan"))
    ('p = 0.034', 'p < 0.001', 'p > 0.99', 'p not estimable')
    """
    style, text = _profile(profile), pvalue(p, profile)
    if text == MISSING:
        return f"{style.symbol} not estimable"
    sign = text[0] if text[0] in "<>" else "="
    digits = text.lstrip("<>")
    space = " " if style.spaced else ""
    return f"{style.symbol}{space}{sign}{space}{digits}"

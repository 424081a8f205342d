"""Legends where labels at the drawn things do not fit, and labels that make room for each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from her2adc.figures.sheet import Sheet, fit, width_of
from her2adc.figures.style import ADC_COLORS, group_colors, ink, label_of

__all__ = ["category_colors", "draw_keys", "key_rows", "keys_height", "printed", "spread"]

_QUIET = ("#BDBDBD", "#DADADA", "#A6A6A6", "#CCCCCC")
_SPARE = ("#00579B", "#E07B00", "#C8472B", "#8FB339", "#6B4E3D", "#3FB8AF", "#A6761D", "#8C6BB1")
_KNOWN = {
    **ADC_COLORS,
    "chemotherapy": "#E07B00",
    "endocrine": "#00579B",
    "endocrine therapy": "#00579B",
    "endocrine-based": "#00579B",
    "anti-her2": "#8FB339",
    "other adc": "#C8472B",
    "parp inhibitor": "#3FB8AF",
    "immunotherapy": "#6B4E3D",
    "other": "#BDBDBD",
    "death": "#8A8A8A",
    "dead": "#8A8A8A",
}
_ROW = 0.18
_SQUARE = 0.12
_PITCH = 0.32


def category_colors(names: Sequence[str], quiet: Sequence[str] = ()) -> dict[str, str]:
    """Colour of every category; agents that every study meets have their own, as HER2 classes do.

    Parameters
    ----------
    names : sequence of str
        Categories in order.
    quiet : sequence of str
        Those that are ends rather than treatments or classes, such as death; in greys.

    Returns
    -------
    dict

    Examples
    --------
    >>> category_colors(["Death", "T-DXd", "SG"], quiet=["Death"])
    {'Death': '#8A8A8A', 'T-DXd': '#007A5E', 'SG': '#BC5C94'}
    """
    greys = [name for name in names if name in quiet and name.lower() not in _KNOWN]
    found = {name: _QUIET[i % len(_QUIET)] for i, name in enumerate(greys)}
    others = [name for name in names if name not in found]
    known = {name: _KNOWN[name.lower()] for name in others if name.lower() in _KNOWN}
    free = [color for color in _SPARE if color not in known.values()]
    rest = [name for name in others if name not in known]
    given = group_colors(rest) if not known else {n: free[i % len(free)] for i, n in enumerate(rest)}
    found |= known | given
    return {name: found[name] for name in names}


def key_rows(
    names: Sequence[str], width: float, labels: Mapping[str, str] | None = None
) -> list[list[str]]:
    """Names of a legend broken into rows no wider than ``width`` inches.

    Examples
    --------
    >>> key_rows(["HER2-zero", "HER2-low", "HER2-positive"], 2.1)
    [['HER2-zero', 'HER2-low'], ['HER2-positive']]
    """
    rows: list[list[str]] = []
    x = 0.0
    for name in names:
        wide = width_of(printed(name, labels, width)) + _PITCH
        if not rows or x + wide - (_PITCH - _SQUARE - 0.04) > width:
            rows.append([])
            x = 0.0
        rows[-1].append(name)
        x += wide
    return rows


def printed(name: str, labels: Mapping[str, str] | None, width: float) -> str:
    """Name as a legend of that width prints it, in one line."""
    return fit(label_of(name, labels), width - _SQUARE - 0.04)


def keys_height(rows: Sequence[Sequence[str]]) -> float:
    """Height of a legend in inches.

    Examples
    --------
    >>> keys_height([["a", "b"], ["c"]]), keys_height([])
    (0.36, 0.0)
    """
    return _ROW * len(rows)


def draw_keys(
    sheet: Sheet,
    rows: Sequence[Sequence[str]],
    colors: Mapping[str, str],
    left: float,
    top: float,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Draw a legend of coloured squares with its top left corner at a place; names may have labels.

    Examples
    --------
    >>> sheet = Sheet(2.0, 1.0)
    >>> draw_keys(sheet, [["T-DXd"]], {"T-DXd": "#00579B"}, 0.0, 0.0)
    >>> sheet.figure.texts[0].get_text()
    'T-DXd'
    """
    for i, row in enumerate(rows):
        x, y = left, top + i * _ROW
        for name in row:
            sheet.box(x, y + 0.02, _SQUARE, 0.10, facecolor=colors[name], edgecolor="none", linewidth=0)
            text = printed(name, labels, sheet.width - 2 * left)
            sheet.text(x + _SQUARE + 0.04, y + 0.115, text, color=ink(colors[name]))
            x += width_of(text) + _PITCH


def spread(centres: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Centres moved as little as needed so that intervals of these sizes do not overlap.

    Parameters
    ----------
    centres, sizes : sequence of float
        Wanted centres, rising, and lengths.
    low, high : float
        Ends between which all have to lie; when they cannot, they start at ``low``.

    Returns
    -------
    list of float

    Examples
    --------
    >>> spread([1.0, 1.0, 5.0], [1, 1, 1], 0, 10)
    [0.5, 1.5, 5.0]
    >>> spread([0.0, 9.0], [1, 1], 0, 5)
    [0.5, 4.5]
    """
    offsets, total = [], 0.0
    for size in sizes:
        offsets.append(total + size / 2)
        total += size
    pools: list[tuple[float, int]] = []
    for centre, offset in zip(centres, offsets, strict=True):
        pools.append((centre - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (first, many), (second, more) = pools[-2], pools[-1]
            pools[-2:] = [((first * many + second * more) / (many + more), many + more)]
    shifts = [value for value, count in pools for _ in range(count)]
    return [
        max(low, min(shift, high - total)) + offset for shift, offset in zip(shifts, offsets, strict=True)
    ]

"""Figures as files: SVG, PDF, PNG and the data drawn, the same bytes every time."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text

from her2adc.figures import fonts
from her2adc.figures.style import context
from her2adc.markup import write_csv

__all__ = ["save"]

DPI = 300
_FAMILY = re.compile(f"'{fonts.SANS}'(?:, '[^']*')*")
_GLYPH = re.compile(r"Glyph (\d+) ")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def save(fig: Figure, folder: Path | str, name: str, drawn: pd.DataFrame) -> dict[str, Path]:
    """Write a figure as SVG, PDF and PNG (300 dpi), and the data drawn as CSV.

    Letters that no font of the machine has are named in one warning.

    Parameters
    ----------
    fig : Figure
        What one of the functions of this package returned.
    folder : path
        Where; made when it is not there.
    name : str
        File name without ending.
    drawn : DataFrame
        The numbers that the figure shows.

    Returns
    -------
    dict
        Path by ``"svg"``, ``"pdf"``, ``"png"`` and ``"csv"``.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> paths = save(Figure(figsize=(1, 1)), folder, "empty", pd.DataFrame({"n": [98]}))
    >>> sorted(paths), paths["csv"].read_text().split()
    (['csv', 'pdf', 'png', 'svg'], ['n', '98'])
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {kind: folder / f"{name}.{kind}" for kind in ("svg", "pdf", "png", "csv")}
    fonts.add_for(fonts.lacking(text.get_text() for text in fig.findobj(Text)))
    with context(math=True):
        for text in fig.findobj(Text):
            if text.get_fontfamily() == ["sans-serif"]:  # of a figure drawn elsewhere
                text.set_fontfamily(fonts.families())
        lacking = _noting(lambda: _draw(fig, paths))
    if lacking:
        fonts.warn_of(lacking)
    write_csv(drawn, paths["csv"])
    return paths


def _draw(fig: Figure, paths: dict[str, Path]) -> None:
    """Write the three pictures."""
    paths["svg"].write_text(svg_of(fig), encoding="utf-8", newline="")
    fig.savefig(paths["pdf"], format="pdf", dpi=DPI, metadata={"CreationDate": None, "ModDate": None})
    fig.savefig(paths["png"], format="png", dpi=DPI, metadata={"Software": None})


def svg_of(fig: Figure) -> str:
    """SVG that asks for fonts by names that a browser knows, without characters that XML has no place for."""
    written = BytesIO()
    fig.savefig(written, format="svg", dpi=DPI, metadata={"Date": None})
    text = written.getvalue().decode("utf-8", "replace")
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", _FAMILY.sub(fonts.CSS, text))


def _noting(write: Callable[[], None]) -> set[str]:
    """Write, and return the characters without a letter, of which matplotlib warns one by one."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        write()
    lacking: set[str] = set()
    for warning in caught:
        said = _GLYPH.match(str(warning.message))
        if said:
            lacking.add(chr(int(said[1])))
        else:
            again: Any = warning
            warnings.warn_explicit(again.message, again.category, again.filename, again.lineno)
    return lacking

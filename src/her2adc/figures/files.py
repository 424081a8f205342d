"""Figures as files: SVG, PDF, PNG and the data drawn, the same bytes every time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from her2adc.figures.style import styled
from her2adc.markup import write_csv

__all__ = ["save"]

DPI = 300


@styled
def save(fig: Figure, folder: Path | str, name: str, drawn: pd.DataFrame) -> dict[str, Path]:
    """Write a figure as SVG, PDF and PNG (300 dpi), and the data drawn as CSV.

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
    fig.savefig(paths["svg"], format="svg", dpi=DPI, metadata={"Date": None})
    fig.savefig(paths["pdf"], format="pdf", dpi=DPI, metadata={"CreationDate": None, "ModDate": None})
    fig.savefig(paths["png"], format="png", dpi=DPI, metadata={"Software": None})
    write_csv(drawn, paths["csv"])
    return paths

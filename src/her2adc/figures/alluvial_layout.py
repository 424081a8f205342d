"""Where the blocks and the bands of an alluvial plot lie: arithmetic on counts, nothing drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

__all__ = ["Alluvial", "Band", "Block", "alluvial_layout"]


@dataclass(frozen=True)
class Block:
    """One class at one stage; ``low`` and ``high`` are its ends."""

    stage: int
    name: str
    n: int
    low: float
    high: float

    @property
    def middle(self) -> float:
        """Height of its middle."""
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Band:
    """Patients who go from a class at ``stage`` to a class at the next one.

    ``left`` and ``right`` are the ends (low, high) at the two blocks; ``origin`` is the class that
    gives the band its colour.
    """

    stage: int
    source: str
    target: str
    origin: str
    n: int
    left: tuple[float, float] = (0.0, 0.0)
    right: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Alluvial:
    """All blocks and bands, and the number of patients."""

    blocks: tuple[Block, ...]
    bands: tuple[Band, ...]
    total: int

    def column(self, stage: int) -> list[Block]:
        """Blocks of a stage, the lowest first."""
        return [block for block in self.blocks if block.stage == stage]


def alluvial_layout(
    flows: pd.DataFrame,
    *,
    stages: Sequence[str],
    classes: Sequence[str],
    missing: str = "No further specimen",
    origin: str = "previous",
    height: float = 1.0,
    gap: float = 0.0,
) -> Alluvial:
    """Place blocks and bands such that heights are patients, at both ends of every band.

    Parameters
    ----------
    flows : DataFrame
        One row a path: a column a stage with a class, or None, and integer ``n``.
    stages, classes : sequence of str
        Columns from left to right; classes from bottom to top. A class nobody has at a stage has
        no block there. ``missing`` comes below all classes.
    missing : str
        Name of the block of those without a class.
    origin : {"previous", "first"}
        Stage whose class gives a band its colour. With "first" a band is cut by first class.
    height, gap : float
        Height of the tallest stack of blocks with the gaps between them, and one gap.

    Returns
    -------
    Alluvial

    Examples
    --------
    >>> flows = pd.DataFrame({"a": ["low", "low", "high"], "b": ["low", "high", "high"], "n": [2, 1, 1]})
    >>> made = alluvial_layout(flows, stages=["a", "b"], classes=["low", "high"], height=4.0)
    >>> [(block.name, block.low, block.high) for block in made.column(0)]
    [('low', 0.0, 3.0), ('high', 3.0, 4.0)]
    >>> [(band.source, band.target, band.left, band.right) for band in made.bands][1]
    ('low', 'high', (2.0, 3.0), (2.0, 3.0))
    """
    if origin not in ("previous", "first"):
        raise ValueError(f"origin is {origin!r}; use 'previous' or 'first'")
    paths = _paths(flows, stages, classes, missing)
    order = [missing, *classes]
    counts = [Counter[str]() for _ in stages]
    for path, n in paths.items():
        for stage, name in enumerate(path):
            counts[stage][name] += n
    total = sum(paths.values())
    unit = (height - (max(len(c) for c in counts) - 1) * gap) / total
    if unit <= 0:
        raise ValueError("the gaps between the blocks leave no room for the blocks; make 'gap' smaller")
    blocks: list[Block] = []
    for stage, found in enumerate(counts):
        low = (height - total * unit - (len(found) - 1) * gap) / 2
        for name in sorted(found, key=order.index):
            blocks.append(Block(stage, name, found[name], low, low + found[name] * unit))
            low = blocks[-1].high + gap
    return Alluvial(tuple(blocks), _bands(paths, blocks, order, origin, unit), total)


def _paths(
    flows: pd.DataFrame, stages: Sequence[str], classes: Sequence[str], missing: str
) -> Counter[tuple[str, ...]]:
    """Patients by path; what cannot be drawn is refused."""
    if len(stages) < 2:
        raise ValueError(f"{len(stages)} stage given; an alluvial plot needs two or more")
    absent = [column for column in [*stages, "n"] if column not in flows]
    if absent:
        raise ValueError(f"flows has no column {absent}; it has {list(flows.columns)}")
    found: Counter[tuple[str, ...]] = Counter()
    for *path, n in flows[[*stages, "n"]].itertuples(index=False, name=None):
        if pd.isna(n) or int(n) != n or n < 0:
            raise ValueError(f"n of path {path} is {n}; give a count of 0 or more")
        if n > 0:
            found[tuple(missing if pd.isna(name) else str(name) for name in path)] += int(n)
    unknown = sorted({name for path in found for name in path} - {*classes, missing})
    if unknown:
        raise ValueError(f"unknown classes {unknown}; 'classes' has {list(classes)}")
    if not found:
        raise ValueError("flows holds no patient to draw")
    return found


def _bands(
    paths: Counter[tuple[str, ...]], blocks: Sequence[Block], order: Sequence[str], origin: str, unit: float
) -> tuple[Band, ...]:
    """Bands of all pairs of neighbouring stages, stacked within their blocks."""
    counts: Counter[tuple[int, str, str, str]] = Counter()
    for path, n in paths.items():
        for stage, (source, target) in enumerate(pairwise(path)):
            counts[stage, source, target, path[0] if origin == "first" else source] += n
    plain = [Band(*key, n) for key, n in counts.items()]
    rank = {name: i for i, name in enumerate(order)}
    starts = {(block.stage, block.name): block.low for block in blocks}
    plain.sort(key=lambda b: (b.stage, rank[b.source], rank[b.target], rank[b.origin]))
    lefts = _stacked(plain, dict(starts), unit, lambda b: (b.stage, b.source))
    entering = sorted(plain, key=lambda b: (b.stage, rank[b.target], rank[b.source], rank[b.origin]))
    rights = _stacked(entering, dict(starts), unit, lambda b: (b.stage + 1, b.target))
    return tuple(Band(b.stage, b.source, b.target, b.origin, b.n, lefts[b], rights[b]) for b in plain)


def _stacked(
    bands: Sequence[Band],
    starts: dict[tuple[int, str], float],
    unit: float,
    block: Callable[[Band], tuple[int, str]],
) -> dict[Band, tuple[float, float]]:
    """Ends of bands on top of each other, from the foot of their blocks up."""
    ends = {}
    for band in bands:
        low = starts[block(band)]
        starts[block(band)] = low + band.n * unit
        ends[band] = (low, low + band.n * unit)
    return ends

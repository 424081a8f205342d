"""Fisher's exact test of r x c tables by a network of partial tables.

scipy answers tables larger than 2 x 2 by random resampling. Here columns are added one after the
other; a partial table is finished at once when all, or none, of its completions are as unlikely
as the observed table (Mehta and Patel 1983, the method of R's ``fisher.test``).
"""

from __future__ import annotations

from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import special

from her2adc.stats.inputs import Floats

__all__ = ["exact_p"]

Integers = NDArray[np.int64]

_WORK = 60_000_000
_PARTIAL = 3_000_000
_SAME = 1e-7


def exact_p(table: Integers) -> float | None:
    """P-value of Fisher's exact test; None where the network would be too large.

    Parameters
    ----------
    table : ndarray of int, shape (r, c)
        Counts without empty rows or columns.

    Returns
    -------
    float or None
        Probability, given the margins, of the tables that are at most as likely as this one.

    References
    ----------
    Mehta, C. R. and Patel, N. R. (1983). A network algorithm for performing Fisher's exact test
    in r x c contingency tables. Journal of the American Statistical Association 78, 427-434.

    Examples
    --------
    >>> round(exact_p(np.array([[8, 5, 1], [2, 5, 9]])), 6)
    0.008664
    """
    networks = [_Network(np.sort(t.sum(axis=1)), -np.sort(-t.sum(axis=0))) for t in (table, table.T)]
    network = min(networks, key=lambda n: n.work)
    if network.work > _WORK:
        return None
    observed = float(-special.gammaln(table + 1.0).sum())
    return network.tail(observed + _SAME)


class _Network:
    """Partial tables as nodes: what has been used of every row but the last.

    The log weight of a table is the sum of minus log factorials of its cells.
    """

    def __init__(self, rows: Integers, columns: Integers) -> None:
        self.rows, self.columns = rows, columns
        self.shape = tuple(int(m) + 1 for m in rows[:-1])
        self.step = np.array(
            [int(np.prod(self.shape[i + 1 :])) for i in range(len(self.shape))], dtype=np.int64
        )
        small = [np.minimum(rows[:-1], total) + 1 for total in columns]
        self.work = float(sum(np.prod(s.astype(float)) for s in small) * np.prod(np.array(self.shape, float)))

    @cached_property
    def used(self) -> Integers:
        """What each node has used of every row but the last; made only for a network that fits."""
        return np.indices(self.shape).reshape(len(self.shape), -1)

    def fills(self, total: int) -> list[tuple[Integers, float]]:
        """Ways to fill a column, all rows but the last, with their log weights."""
        ranges = [range(min(total, int(m)) + 1) for m in self.rows[:-1]]
        out = []
        for first in product(*ranges):
            last = total - sum(first)
            if 0 <= last <= self.rows[-1]:
                cells = np.array([*first, last], dtype=np.int64)
                out.append((cells[:-1], float(-special.gammaln(cells + 1.0).sum())))
        return out

    def fits(self, used: Integers, fill: Integers, done: int) -> NDArray[np.bool_]:
        """Nodes to which a column can be added without passing a row total."""
        after = used + fill[:, None]
        last = done - after.sum(axis=0)
        inside = (after <= self.rows[:-1, None]).all(axis=0)
        out: NDArray[np.bool_] = inside & (last >= 0) & (last <= self.rows[-1])
        return out

    def bounds(self) -> tuple[list[Floats], list[Floats]]:
        """Largest and smallest log weight of the columns still to come, per stage and node."""
        size = self.used.shape[1]
        longest = [np.full(size, -np.inf) for _ in range(len(self.columns) + 1)]
        shortest = [np.full(size, np.inf) for _ in range(len(self.columns) + 1)]
        longest[-1][-1] = shortest[-1][-1] = 0.0
        for stage in range(len(self.columns) - 1, -1, -1):
            done = int(self.columns[: stage + 1].sum())
            for fill, weight in self.fills(int(self.columns[stage])):
                here = np.flatnonzero(self.fits(self.used, fill, done))
                there = here + int(fill @ self.step)
                far, near = longest[stage + 1][there] + weight, shortest[stage + 1][there] + weight
                longest[stage][here] = np.maximum(longest[stage][here], far)
                shortest[stage][here] = np.minimum(shortest[stage][here], near)
        return longest, shortest

    def completions(self, stage: int, nodes: Integers) -> Floats:
        """Log of the summed weights of all completions of a node."""
        left = self.columns[stage:]
        used = self.used[:, nodes]
        last = int(self.columns[:stage].sum()) - used.sum(axis=0)
        rows = np.vstack([self.rows[:-1, None] - used, (self.rows[-1] - last)[None, :]])
        constant = special.gammaln(left.sum() + 1.0) - special.gammaln(left + 1.0).sum()
        out: Floats = constant - special.gammaln(rows + 1.0).sum(axis=0)
        return out

    def tail(self, limit: float) -> float | None:
        """Probability of the tables whose log weight is at most ``limit``."""
        longest, shortest = self.bounds()
        everything = float(self.completions(0, np.zeros(1, dtype=np.int64))[0])
        nodes, past, count = np.zeros(1, dtype=np.int64), np.zeros(1), np.ones(1)
        p = 0.0
        for stage, total in enumerate(self.columns, start=1):
            added = self._added(nodes, past, count, int(total), int(self.columns[:stage].sum()))
            if added is None:
                return None
            nodes, past, count = added
            all_in = past + longest[stage][nodes] <= limit
            logs = past[all_in] + self.completions(stage, nodes[all_in]) - everything
            p += float((count[all_in] * np.exp(logs)).sum())
            open_ = ~all_in & (past + shortest[stage][nodes] <= limit)
            nodes, past, count = _merged(nodes[open_], past[open_], count[open_])
        return min(1.0, p)

    def _added(
        self, nodes: Integers, past: Floats, count: Floats, total: int, done: int
    ) -> tuple[Integers, Floats, Floats] | None:
        """Partial tables with one column more; None when they are too many."""
        fills = self.fills(total)
        if len(nodes) * len(fills) > _WORK:
            return None
        parts, size = [], 0
        used = self.used[:, nodes]
        for fill, weight in fills:
            here = self.fits(used, fill, done)
            parts.append((nodes[here] + int(fill @ self.step), past[here] + weight, count[here]))
            size += int(here.sum())
            if size > _PARTIAL:
                return None
        joined = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        return _merged(joined[0], joined[1], joined[2])


def _merged(nodes: Integers, past: Floats, count: Floats) -> tuple[Integers, Floats, Floats]:
    """Merge partial tables of one node and one weight."""
    if not nodes.size:
        return nodes, past, count
    rounded = np.round(past, 9)
    order = np.lexsort((rounded, nodes))
    nodes, past, count, rounded = nodes[order], past[order], count[order], rounded[order]
    new = np.concatenate(([True], (np.diff(nodes) != 0) | (np.diff(rounded) != 0)))
    starts = np.flatnonzero(new)
    return nodes[starts], past[starts], np.add.reduceat(count, starts)

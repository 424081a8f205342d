"""Concordance of a risk score with survival (Harrell's C), as R's ``concordance``.

lifelines ignores delayed entry and strata and has no standard error. Pairs are counted here by
splitting the scores bit by bit, so that a million rows need about twenty passes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2adc.stats.inputs import Bools, Floats
from her2adc.stats.risk_sets import RiskSets
from her2adc.stats.scheme import PLAIN, Scheme

__all__ = ["concordance"]

_POINT, _QUERY, _ENTRY = 1, 0, -1
_SMALL = 1 << 15


def concordance(
    score: Floats,
    times: Floats,
    events: Bools,
    scheme: Scheme = PLAIN,
    cluster: NDArray[Any] | None = None,
) -> tuple[float, float]:
    """Fraction of the comparable pairs in which the higher score has the event first.

    Parameters
    ----------
    score : ndarray
        Score, higher for an earlier event.
    times, events : ndarray
        Times and events.
    scheme : Scheme
        Delayed entry, strata and weights.
    cluster : ndarray, optional
        Cluster of each row, for the standard error.

    Returns
    -------
    tuple of float
        Concordance (ties of the score count half) and its infinitesimal-jackknife standard error;
        NaN without comparable pairs.

    Examples
    --------
    >>> value, error = concordance(
    ...     np.array([3.0, 2.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4, dtype=bool)
    ... )
    >>> round(value, 4), round(error, 4)
    (0.9167, 0.0833)
    """
    ranks = _ranks(score)
    del score
    concordant, tied, total = _pairs(ranks, times, events, scheme)
    weights = scheme.weights
    pairs = total if weights is None else total * weights
    everything = pairs.sum()  # each pair counts at both its ends
    if everything == 0:
        return float("nan"), float("nan")
    excess = 2.0 * concordant + tied - total
    somers = float((excess if weights is None else excess * weights).sum() / everything)
    influence = 2.0 * (excess - somers * total) / everything
    if weights is not None:
        influence *= weights
    if cluster is not None:
        influence = np.bincount(np.unique(cluster, return_inverse=True)[1], influence)
    return (somers + 1) / 2, float(np.sqrt((influence**2).sum()) / 2)


def _pairs(
    key: NDArray[Any], times: Floats, events: Bools, scheme: Scheme
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Weights of each row's concordant, tied and comparable partners."""
    bits = int(key.max(initial=0)).bit_length()
    sets = RiskSets(np.zeros((times.size, 0)), times, events, scheme)
    starts = np.array([start for start, _ in sets.bounds])
    above = int(starts.size - 1).bit_length()
    if above:
        stratum = np.searchsorted(starts, sets.last, side="right") - 1
        key = (stratum.astype(np.int64) << bits) | key
    place, owner, kind = _sequence(sets)
    del sets
    order = np.argsort(place, kind="stable")
    owner, kind = owner[order], kind[order]
    del place, order
    weight = None if scheme.weights is None else scheme.weights[owner]
    sequence = _Sequence(key[owner], kind, weight, owner, bits)
    del key, owner, kind
    sequence.same[:] = sequence.seen(slice(None), bits)
    total = sequence.by_owner(sequence.same, times.size)
    sequence.run(bits + above)
    return sequence.by_owner(sequence.count, times.size), sequence.by_owner(sequence.same, times.size), total


def _ranks(score: Floats) -> NDArray[Any]:
    """Ranks of the scores; differences by rounding errors are ties."""
    scale = float(np.abs(score).max(initial=0.0)) or 1.0
    return np.unique(np.round(score / scale, 12), return_inverse=True)[1].astype(np.int32)


def _sequence(sets: RiskSets) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int8]]:
    """Place, row and kind of points and queries: each row in front of the events at which it is at risk.

    Time runs backwards. At one time censored rows come first, then the events as queries, then
    the rows that have the event; with delayed entry a row is taken out again before the events
    at which it had not yet entered.
    """
    n = sets.last.size
    rows, died = np.arange(n, dtype=np.int32), sets.event_rows.astype(np.int32)
    place = -3 * sets.last.astype(np.int32)
    place[died] += 2
    places, owners = [place, 1 - 3 * sets.event_cells.astype(np.int32)], [rows, died]
    kinds = [np.full(n, _POINT, np.int8), np.full(died.size, _QUERY, np.int8)]
    if sets.opened is not None:
        places, owners = [*places, -3 * sets.opened.astype(np.int32)], [*owners, rows]
        kinds.append(np.full(n, _ENTRY, np.int8))
    return np.concatenate(places), np.concatenate(owners), np.concatenate(kinds)


class _Sequence:
    """Points and queries in order, to be sorted by the bits of their keys from the first.

    Every split counts, for each query of the upper half, the points of the lower half before it,
    and for each of those points the queries. Large parts are split one by one, small ones at once.
    """

    def __init__(
        self,
        key: NDArray[Any],
        kind: NDArray[np.int8],
        weight: Floats | None,
        owner: NDArray[np.int32],
        bits: int,
    ) -> None:
        self.key, self.kind, self.weight, self.owner, self.bits = key, kind, weight, owner, bits
        self.dtype = np.int32 if weight is None else np.float64
        self.count: NDArray[Any] = np.zeros(key.size, dtype=self.dtype)
        self.same: NDArray[Any] = np.zeros(key.size, dtype=self.dtype)

    def run(self, bits: int) -> None:
        """Split until every group has one key, then count the partners with the same."""
        parts = [(0, self.key.size, bits)]
        while parts:
            start, stop, left = parts.pop()
            part = slice(start, stop)
            if left and stop - start > _SMALL:
                middle = start + self._split(part, left - 1)
                parts += [(start, middle, left - 1), (middle, stop, left - 1)]
                continue
            for bit in reversed(range(left)):
                self._split(part, bit)
            self.same[part] = self.seen(part, 0)

    def _split(self, part: slice, bit: int) -> int:
        """Count across the halves of each group of a part, then sort the halves apart."""
        upper = ((self.key[part] >> bit) & 1).astype(bool)
        if bit < self.bits:
            self.count[part] += self.seen(part, bit + 1, upper)
        lower = ~upper
        for values in (self.key, self.kind, self.owner, self.count, self.weight):
            if values is not None:
                values[part] = np.concatenate((values[part][lower], values[part][upper]))
        return int(lower.sum())

    def _sums(self, part: slice, values: NDArray[Any]) -> NDArray[Any]:
        """Running weighted sum of the values, starting with 0."""
        out = np.zeros(values.size + 1, dtype=self.dtype)
        weighted = values if self.weight is None else values * self.weight[part]
        np.cumsum(weighted, out=out[1:], dtype=self.dtype)
        return out

    def seen(self, part: slice, shift: int, upper: Bools | None = None) -> NDArray[Any]:
        """Sum, for each query, the points before it in its group; for each point the queries after.

        A group has the same key without its last ``shift`` bits. With ``upper`` only queries in
        that half count, and points in the other.
        """
        kind = self.kind[part]
        if not kind.size:
            return self.count[part]
        groups = self.key[part] >> shift
        first = np.flatnonzero(np.concatenate(([True], groups[1:] != groups[:-1])))
        del groups
        length, query = np.diff(np.append(first, kind.size)), kind == _QUERY
        sums = self._sums(part, kind if upper is None else np.where(upper, np.int8(0), kind))
        out = np.repeat(sums[first], length)
        np.subtract(sums[:-1], out, out=out)
        del sums
        sums = self._sums(part, query if upper is None else query & upper)
        later = np.repeat(sums[first + length], length)
        later -= sums[1:]
        np.copyto(out, later, where=~query)
        if upper is not None:
            out[query != upper] = 0
        return out

    def by_owner(self, values: NDArray[Any], n: int) -> NDArray[Any]:
        """Sum of the values over the places of each row, entries taken away."""
        out = np.zeros(n, dtype=self.dtype)
        np.add.at(out, self.owner, values)
        entry = self.kind == _ENTRY
        np.add.at(out, self.owner[entry], -2 * values[entry])
        return out

"""Concordance of a risk score with survival (Harrell's C), as R's ``concordance``.

lifelines ignores delayed entry and strata and has no standard error. Pairs are counted here by
splitting the scores bit by bit, so that a million rows need about twenty passes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2adc.stats.inputs import Bools, Floats, sums_by
from her2adc.stats.risk_sets import RiskSets
from her2adc.stats.scheme import PLAIN, Scheme

__all__ = ["concordance"]

_POINT, _QUERY, _ENTRY = 1, 0, -1


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
    sets = RiskSets(np.zeros((times.size, 0)), times, events, scheme)
    concordant, tied, total = _pairs(sets, score)
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


def _pairs(sets: RiskSets, score: Floats) -> tuple[Floats, Floats, Floats]:
    """Weights of each row's concordant, tied and comparable partners."""
    n, weights = score.size, sets.scheme.weights
    scale = float(np.abs(score).max(initial=0.0)) or 1.0
    rank = np.unique(np.round(score / scale, 12), return_inverse=True)[1]  # rounding errors are ties
    bits = int(rank.max(initial=0)).bit_length()
    starts = np.array([start for start, _ in sets.bounds])
    stratum = np.searchsorted(starts, sets.last, side="right") - 1
    owner, kind = _sequence(sets)
    sequence = _Sequence(
        ((stratum << bits) | rank).astype(np.int64 if starts.size > 1 else np.int32)[owner],
        kind,
        None if weights is None else weights[owner],
        owner,
        n,
    )
    total = sequence.seen_total(bits)
    for bit in reversed(range(bits + int(starts.size - 1).bit_length())):
        sequence.split(bit, bit < bits)
    return sequence.by_owner(sequence.count), sequence.by_owner(sequence.seen(0)), total


def _sequence(sets: RiskSets) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Rows as points, each in front of the events for which it is at risk.

    Time runs backwards. At one time censored rows come first, then the events as queries, then
    the rows that have the event; with delayed entry a row is taken out again before the events
    at which it had not yet entered.
    """
    n = sets.last.size
    cells, place = [sets.last, sets.event_cells], np.zeros(n, dtype=np.int64)
    place[sets.event_rows] = 2
    places = [place, np.ones(sets.event_rows.size, dtype=np.int64)]
    owners = [np.arange(n), sets.event_rows]
    kinds = [np.full(n, _POINT), np.full(sets.event_rows.size, _QUERY)]
    if sets.opened is not None:
        cells, places = [*cells, sets.opened], [*places, np.zeros(n, dtype=np.int64)]
        owners, kinds = [*owners, np.arange(n)], [*kinds, np.full(n, _ENTRY)]
    order = np.argsort(np.concatenate(places) - 3 * np.concatenate(cells), kind="stable")
    owner = np.concatenate(owners, dtype=np.int32, casting="unsafe")[order]
    return owner, np.concatenate(kinds, dtype=np.int8, casting="unsafe")[order]


class _Sequence:
    """Points and queries in order, grouped by the leading bits of their keys."""

    def __init__(
        self,
        key: NDArray[Any],
        kind: NDArray[np.int8],
        weight: Floats | None,
        owner: NDArray[np.int32],
        n: int,
    ) -> None:
        self.key, self.kind, self.weight, self.owner, self.n = key, kind, weight, owner, n
        self.dtype = np.int32 if weight is None else np.float64
        self.count: NDArray[Any] = np.zeros(key.size, dtype=self.dtype)

    def _sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Running weighted sum of the values, starting with 0."""
        out = np.zeros(values.size + 1, dtype=self.dtype)
        weighted = values if self.weight is None else values * self.weight
        np.cumsum(weighted, out=out[1:], dtype=self.dtype)
        return out

    def seen(self, shift: int, upper: Bools | None = None) -> Any:
        """Sum, for each query, the points before it in its group; for each point the queries after.

        With ``upper`` (the next bit of the key) queries there see the points of the other half.
        """
        groups = self.key >> shift if upper is None else self.key >> (shift + 1)
        first = np.flatnonzero(np.concatenate(([True], groups[1:] != groups[:-1])))
        length = np.diff(np.append(first, groups.size))
        query = self.kind == _QUERY
        points = self._sums(self.kind if upper is None else np.where(upper, np.int8(0), self.kind))
        out = points[:-1] - np.repeat(points[first], length)
        del points
        queries = self._sums(query if upper is None else query & upper)
        later = np.repeat(queries[first + length], length) - queries[1:]
        del queries
        np.copyto(out, later, where=~query)
        if upper is not None:
            out[query != upper] = 0
        return out

    def seen_total(self, bits: int) -> Floats:
        """Sum over all comparable partners of each row."""
        return self.by_owner(self.seen(bits))

    def split(self, bit: int, counted: bool) -> None:
        """Count across the halves of each group, then sort the halves apart."""
        upper = ((self.key >> bit) & 1).astype(bool)
        if counted:
            self.count = self.count + self.seen(bit, upper)
        lower = ~upper

        def parted(values: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate((values[lower], values[upper]))

        self.key, self.kind, self.owner = parted(self.key), parted(self.kind), parted(self.owner)
        self.count = parted(self.count)
        if self.weight is not None:
            self.weight = parted(self.weight)

    def by_owner(self, values: NDArray[Any]) -> Floats:
        """Sum of the values over the places of each row, entries taken away."""
        signed = np.where(self.kind == _ENTRY, -values, values)
        return sums_by(self.owner, signed, self.n)

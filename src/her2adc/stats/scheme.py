"""How rows came to be observed: delayed entry, strata, case weights, tied times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2adc.stats.inputs import Bools, Floats

__all__ = ["PLAIN", "Scheme"]

TIES = ("efron", "breslow")


@dataclass(frozen=True)
class Scheme:
    """How the rows came to be observed, and how ties are handled.

    Attributes
    ----------
    entry : ndarray, optional
        Times at which the rows come under observation; from the start without it.
    strata : ndarray of int, optional
        Stratum of each row.
    weights : ndarray, optional
        Case weights.
    ties : {"efron", "breslow"}
        Handling of tied event times.
    """

    entry: Floats | None = None
    strata: NDArray[np.integer[Any]] | None = None
    weights: Floats | None = None
    ties: str = "efron"

    def __post_init__(self) -> None:
        if self.ties not in TIES:
            raise ValueError(f"unknown ties {self.ties!r}; use one of {list(TIES)}")

    def rows(self, keep: Bools) -> Scheme:
        """Keep some of the rows."""

        def part(values: NDArray[np.generic] | None) -> NDArray[np.generic] | None:
            return values if values is None or keep.all() else values[keep]

        return Scheme(part(self.entry), part(self.strata), part(self.weights), self.ties)  # type: ignore[arg-type]

    @property
    def plain(self) -> bool:
        """Whether every row is observed from the start, in one stratum and with weight one."""
        return self.entry is None and self.strata is None and self.weights is None


PLAIN = Scheme()
"""Observed from the start, one stratum, no weights, Efron ties."""

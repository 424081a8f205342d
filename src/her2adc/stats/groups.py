"""Patients, and how they are compared: groups, reference, strata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import pandas as pd

from her2adc.stats.inputs import outcome_of

__all__ = ["Comparison", "silent"]


@dataclass(frozen=True)
class Comparison:
    """Patients, and how they are compared.

    Attributes
    ----------
    data : pandas.DataFrame
        One row a patient.
    by : str or None
        Column of groups.
    reference : str or None
        Group that the others are compared with.
    strata : str
        Column of strata, empty for none.
    names, layers : mapping
        Groups and strata that have patients, each with its printed name.
    population : str
        Who the patients are, when not all.

    Examples
    --------
    >>> data = pd.DataFrame({"arm": ["a", "b"], "site": ["x", "y"]})
    >>> ask = Comparison(data, "arm", "a", "site", {"a": "A", "b": "B"}, {"x": "Liver", "y": "Lung"})
    >>> [(name, len(part.data)) for name, part in ask.parts().items()], ask.pairs()
    ([('Liver', 1), ('Lung', 1)], [('b', 'a')])
    """

    data: pd.DataFrame
    by: str | None = None
    reference: str | None = None
    strata: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, str] = field(default_factory=dict)
    population: str = ""

    def parts(self) -> dict[str, Comparison]:
        """Return the patients of each stratum by its printed name, the population named after it."""
        found = {}
        for level, name in (self.layers if self.strata else {}).items():
            rows = self.data[self.strata].eq(level).fillna(False).to_numpy(dtype=bool)
            label = f"{self.population}, {name}" if self.population else name
            found[name] = replace(self, data=self.data.loc[rows], strata="", layers={}, population=label)
        return found

    def pairs(self) -> list[tuple[str, str]]:
        """Return the pairs of groups, those with the reference first, which is always second."""
        found = [(a, b) if b == self.reference else (b, a) for a, b in combinations(self.names, 2)]
        return sorted(found, key=lambda pair: pair[1] != self.reference)

    def among(self, groups: Sequence[str]) -> pd.DataFrame:
        """Return the patients of some groups, which become the only levels, in this order."""
        assert self.by is not None
        column = self.data[self.by]
        kept = self.data.loc[column.isin(list(groups)).to_numpy(dtype=bool)]
        return kept.assign(**{self.by: pd.Categorical(kept[self.by], list(groups), ordered=True)})


def silent(ask: Comparison, endpoint: str) -> set[str]:
    """Find the groups of whom nobody is at risk at any event, so that they cannot be compared.

    Parameters
    ----------
    ask : Comparison
        Patients, groups and strata.
    endpoint : str
        Name of the endpoint.

    Returns
    -------
    set of str
        Empty where there is no event at all.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2, 3], "OS_event": [False, True, True], "arm": list("aab")})
    >>> silent(Comparison(data, "arm", names={"a": "A", "b": "B"}), "OS")
    set()
    >>> silent(Comparison(data.iloc[[0, 2]], "arm", names={"a": "A", "b": "B"}), "OS")
    {'a'}
    """
    found = outcome_of(ask.data, endpoint)
    if not found.events.any():
        return set()
    strata = found.kept[ask.strata].astype(str) if ask.strata else pd.Series("", index=found.kept.index)
    seen = np.zeros(found.times.size, dtype=bool)
    for stratum in strata.unique():
        here = strata.eq(stratum).to_numpy(dtype=bool)
        at = np.unique(found.times[here & found.events])
        before = 0 if found.entry is None else np.searchsorted(at, found.entry[here], side="right")
        seen[here] = np.searchsorted(at, found.times[here], side="right") > before
    groups = found.kept[str(ask.by)].astype(str)
    return set(ask.names) - set(groups[seen])

"""Numbers at risk: one definition, asked of the data, whatever the last bit of a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2adc.stats.aalen_johansen import aalen_johansen, value_at
from her2adc.stats.inputs import margin, place_at
from her2adc.stats.kaplan_meier import at_times, km
from her2adc.stats.risk_sets import at_risk
from her2adc.stats.start_stop import from_landmark, split_at


def test_at_risk_with_entry_counts_those_who_came_before() -> None:
    time, entry = [2.0, 3.0, 5.0, 0.0], [0.0, 1.0, 3.0, 0.0]
    with pytest.raises(ValueError, match="entry is not before time in 1 rows"):
        at_risk(time, [True] * 4, entry, [0])
    found = at_risk(time[:3], [True, False, True], entry[:3], [0, 1, 2, 3, 4, 9])
    assert found["n_risk"].tolist() == [1, 1, 2, 1, 1, 0]
    assert found["n_event"].tolist() == [0, 0, 1, 1, 1, 2]
    assert found["n_censor"].tolist() == [0, 0, 0, 1, 1, 1]


def test_at_risk_without_patients_and_with_weights() -> None:
    assert at_risk([], [], None, [0, 3])["n_risk"].tolist() == [0, 0]
    assert at_risk([1.0, 2.0], [True, True], None, [2], weights=[0.5, 1.5])["n_risk"].tolist() == [1.5]


@pytest.mark.parametrize("seed", range(5))
def test_at_risk_equals_the_curve_at_its_own_times(seed: int) -> None:
    rng = np.random.default_rng(seed)
    entry = np.where(rng.random(30) < 0.4, 0.0, rng.integers(0, 6, 30))
    time, event = entry + rng.integers(1, 9, 30), rng.random(30) < 0.5
    for entries in (None, entry):
        table = km(time, event, entry=entries)
        counted = at_risk(time, event, entries, table["time"])
        assert counted["n_risk"].tolist() == table["n_risk"].tolist()
        assert counted["n_event"].tolist() == table["n_event"].cumsum().tolist()


@pytest.mark.parametrize("shift", [-4e-15, -2e-15, 0.0, 2e-15, 4e-15])
def test_a_landmark_equal_up_to_rounding_is_that_time(shift: float) -> None:
    time, event = np.array([6.0, 12 + shift, 18.0, 20.0]), np.array([True] * 3 + [False])
    assert float(at_times(km(time, event), [12])["survival"].iloc[0]) == 0.5
    assert float(value_at(aalen_johansen(time, event.astype(int)), 12)["incidence"]) == 0.5
    assert at_risk(time, event, None, [12]).iloc[0].tolist()[1:] == [3, 2, 0]
    at_end = aalen_johansen(time[:2], [1, 0])
    assert float(value_at(at_end, 12)["incidence"]) == 0.5
    assert place_at(time, 12) == 1 and margin(12) < 1e-6
    data = pd.DataFrame({"OS_time": time, "OS_event": event, "second": 12.0})
    assert len(from_landmark(data, "OS", 12)) == 2
    assert len(split_at(data, "OS", "second")) == 6  # two rows for those followed beyond 12 only

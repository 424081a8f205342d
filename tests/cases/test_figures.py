"""Cases that concern figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2adc import figures
from her2adc.stats import analyses, survival


@pytest.mark.parametrize("time_max", [8.0, 5.0])
def test_at_risk_with_delayed_entry_and_a_short_axis(time_max):
    rng = np.random.default_rng(1)
    entry = rng.uniform(0, 12, 40)
    time = entry + rng.uniform(1, 30, 40)
    data = pd.DataFrame({"OS_time": time, "OS_event": rng.random(40) < 0.4, "OS_entry": entry})
    rows, curve = analyses.endpoint(data, "OS"), survival.curve(data, "OS")
    figure = figures.kaplan_meier(
        curve, rows, endpoint_label="OS", groups=["All patients"], time_max=time_max
    )
    numbers = [t for t in figure.axes[0].texts if t.get_label().startswith("_at_risk")]
    assert len(numbers) > 2
    for text in numbers:
        t = text.get_position()[0]
        assert int(text.get_text().split()[0]) == ((entry < t) | (entry == 0))[time >= t].sum(), t


@pytest.mark.parametrize("n", [22_500, 22_501])
def test_swimmer_of_any_number_of_patients(n):
    bars = pd.DataFrame({"patient": range(n), "agent": "T-DXd", "start": 0.0, "stop": 5.0})
    figure = figures.swimmer(bars, None, agents=["T-DXd"])
    assert f"Patients (n = {n})" in [text.get_text() for text in figure.texts]

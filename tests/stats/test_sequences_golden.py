"""Comparison of sequences, clones, states and ratios against ``tests/golden/sequences.csv`` of R."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from her2adc.results import one, select
from her2adc.stats.cloning import CLONE, STRATEGY, WEIGHT, clones
from her2adc.stats.cloning_curves import curve_of_intervals
from her2adc.stats.competing import cumulative_incidence
from her2adc.stats.evalue import e_value, risk_ratio_of
from her2adc.stats.multistate import state_occupation
from her2adc.stats.pfs_ratio import pfs_ratio
from her2adc.stats.sequences import order, second_adc
from her2adc.stats.sequences_compare import EXPOSED
from her2adc.stats.sequences_data import time_to_next
from her2adc.stats.sequences_strategies import kept_sequences
from her2adc.stats.sequences_weighting import positivity, weighted_curve

from .conftest import GOLDEN, close, number

COVARIATES = ["ps", "liver", "age"]
GRACE = 60
LIMITS = ["value", "conf_low", "conf_high"]


@cache
def _table() -> dict[str, float]:
    table = pd.read_csv(GOLDEN / "sequences.csv", dtype=str, keep_default_na=False)
    names = table["id"] + "|" + table["quantity"]
    assert names.is_unique
    return dict(zip(names, table["value"].map(number), strict=True))


def golden(*parts: object) -> float:
    """One value of R."""
    return _table()["|".join(str(part) for part in parts)]


def covered(prefix: str) -> int:
    """How many values of R begin with a prefix."""
    return sum(name.startswith(prefix) for name in _table())


@cache
def data() -> pd.DataFrame:
    found = pd.read_csv(GOLDEN / "sequences_data.csv")
    for name in ("ps", "liver"):
        levels = sorted(found[name].unique())
        found[name] = pd.Categorical(found[name].astype(str), [str(level) for level in levels], ordered=True)
    found["arm"] = pd.Categorical(found["arm"], ["A", "B"], ordered=True)
    return found.assign(OS_time=found["time"].astype(float), OS_event=found["event"] == 1)


def _compared(rows: pd.DataFrame, prefix: str) -> int:
    count = 0
    for level in rows["level"].unique():
        own = select(rows, level=level)
        found = one(own, statistic="hazard_ratio")
        names = ("hazard_ratio", "conf_low", "conf_high")
        count += close(found[LIMITS], [golden(prefix, level, name) for name in names], label=level)
        for name in ("p_value", "e_value", "e_value_limit"):
            count += close(
                one(own, statistic=name)["value"], golden(prefix, level, name), label=f"{level} {name}"
            )
    return count


def test_order_of_two_drugs() -> None:
    rows = order(
        data(),
        "OS",
        "arm",
        "second",
        covariates=COVARIATES,
        landmarks=(365, 500),
        progression_time="prog",
        grace=GRACE,
    )
    assert _compared(rows, "order") == covered("order|") == 60


def test_second_drug_or_none() -> None:
    known = [*COVARIATES, "prog"]
    rows = second_adc(
        data(), "OS", "second", origin="prog", covariates=known, landmarks=(60, 120), grace=GRACE
    )
    assert _compared(rows, "second") == covered("second|") == 30


def _points(table: pd.DataFrame, prefix: str, group: str, times: list[int]) -> int:
    own = table.loc[table["group"] == group]
    place = np.searchsorted(own["time"].to_numpy(), times, side="right") - 1
    found = own.iloc[place][["survival", "conf_low", "conf_high"]]
    wanted = [[golden(prefix, name, time) for name in found.columns] for time in times]
    return close(found, wanted, label=f"{prefix} {group}")


def test_weighted_curves() -> None:
    table = weighted_curve(data(), "OS", "arm", COVARIATES)
    count = sum(_points(table, f"curve|iptw|{arm}", arm, [200, 400, 800]) for arm in "AB")
    kept = data().assign(**{EXPOSED: (data()["arm"] == "B") * 1.0})
    intervals = kept_sequences(kept, "OS", "second", "prog", GRACE, COVARIATES)
    table = curve_of_intervals(intervals, "OS", EXPOSED, weights=WEIGHT, cluster=CLONE)
    for group in (0, 1):
        count += _points(table, f"curve|per_protocol|{group}", f"{group}.0", [200, 400, 800])
    copies = clones(progressed(), "OS", "since", GRACE, [*COVARIATES, "prog"])
    table = curve_of_intervals(copies, "OS", STRATEGY, weights=WEIGHT, cluster=CLONE)
    for place, group in enumerate(("never", "start")):
        count += _points(table, f"curve|clones|{place}", group, [40, 100, 300, 600])
    assert count == covered("curve|") == 60


def progressed() -> pd.DataFrame:
    """Patients from progression."""
    found = data().loc[data()["prog"] < data()["time"]]
    return found.assign(OS_time=found["OS_time"] - found["prog"], since=found["second"] - found["prog"])


@pytest.mark.parametrize("group", ["All patients", "A", "B"])
def test_positivity(group: str) -> None:
    rows = select(positivity(data(), "arm", COVARIATES, limits=(0.25, 0.6)), group=group)
    count = sum(
        close(line["value"], golden("positivity", group, line["statistic"]), label=line["statistic"])
        for _, line in rows.iterrows()
    )
    assert count == covered(f"positivity|{group}|")


STATES = {"ADC1": None, "Progressed": "prog", "ADC2": "second", "Progressed on ADC2": "prog2"}


@pytest.mark.parametrize("kind", ["log-log", "log", "plain"])
def test_state_occupation(kind: str) -> None:
    rows = state_occupation(data(), STATES, by="arm", landmarks=(100, 365, 730), conf_type=kind)
    count = 0
    for _, line in rows.iterrows():
        where = ("occupation", line["group"], kind)
        names = [
            (*where, name, line["variable"], line["level"])
            for name in ("probability", "conf_low", "conf_high")
        ]
        count += close(line[LIMITS], [golden(*name) for name in names], label=str(names[0]))
    assert 3 * count == covered("occupation|") == 405


def test_cumulative_incidence_of_the_next_therapy() -> None:
    later = time_to_next(data(), {"second ADC": "second", "other therapy": "other"})
    rows = cumulative_incidence(later, "NEXT", landmarks=(200, 500))
    count = 0
    for _, line in rows.iterrows():
        cause = line["variable"].removeprefix("NEXT: ")
        wanted = [golden("incidence", cause, line["level"], name) for name in LIMITS]
        count += close(line[LIMITS], wanted, label=f"{cause} {line['level']}")
    assert count == covered("incidence|") == 18


def test_ratio_of_times_to_progression() -> None:
    r = data()
    end = r["prog2"].fillna(r["time"])
    rows = pfs_ratio(
        r.assign(
            PFS1_time=r["prog"].where(r["second"].notna()),
            PFS1_event=r["prog"].notna(),
            PFS2_time=end - r["second"],
            PFS2_event=r["prog2"].notna() | r["OS_event"],
        )
    )
    count = 0
    for way in ("lowest", "highest", "kaplan_meier", "weighted"):
        found = one(rows, statistic="share_at_least", level=way)
        count += close(found[LIMITS], [golden("ratio", way, name) for name in LIMITS], label=way)
    for name in ("median", "hazard_ratio"):
        found = one(rows, statistic=name)
        count += close(found[LIMITS], [golden("ratio", name, part) for part in LIMITS], label=name)
    for name in ("p_value", "longer", "shorter", "p_sign"):
        count += close(one(rows, statistic=name)["value"], golden("ratio", name, "value"), label=name)
    assert count == covered("ratio|") == 22


@pytest.mark.parametrize("ratio", ["0.3", "0.56", "0.95", "1", "1.7", "4"])
def test_e_values(ratio: str) -> None:
    close(e_value(risk_ratio_of(float(ratio))), golden("evalue", "common", ratio))
    close(e_value(risk_ratio_of(float(ratio), common=False)), golden("evalue", "rare", ratio))

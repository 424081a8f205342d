"""The engine behind the pseudo-cohorts: curves, tests, rounding bands, annealing, writing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test

from her2adc import annealing as an
from her2adc.reconstruct import (
    Band,
    Printed,
    check,
    printed_band,
    probit,
    read_published,
    reconstruct,
    write_tables,
)


def _sample(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(15, 90))
    return rng.integers(1, 60, n), rng.integers(0, 2, n), rng.integers(0, 2, n)


@pytest.mark.parametrize("seed", range(8))
def test_kaplan_meier_as_lifelines(seed: int) -> None:
    time, event, _ = _sample(seed)
    fit = KaplanMeierFitter().fit(time, event)
    times, survival, at_risk, events = an.kaplan_meier(time, event)
    assert survival == pytest.approx(fit.predict(times).to_numpy(), abs=1e-12)
    table = fit.event_table.loc[times]
    assert at_risk.tolist() == table["at_risk"].tolist()
    assert events.tolist() == table["observed"].tolist()
    asked = [0.5, 10, 30.5, 70]
    expected = fit.predict(asked).to_numpy()
    assert an.survival_at(time, event, *asked) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_logrank_as_lifelines(seed: int) -> None:
    time, event, group = _sample(seed)
    first = group == 1
    other = logrank_test(time[first], time[~first], event[first], event[~first])
    assert an.logrank_p(time, event, group) == pytest.approx(other.p_value, abs=1e-9)
    table = an.RiskTable(time, event)
    assert table.logrank_p(1 - group) == pytest.approx(other.p_value, abs=1e-9)


def test_logrank_of_one_group_alone_is_one() -> None:
    assert an.logrank_p(np.array([1, 2]), np.array([1, 1]), np.array([1, 1])) == 1.0


@pytest.mark.parametrize(
    ("time", "event", "median"),
    [
        ([1, 2, 3, 4], [1, 1, 1, 1], 2.5),  # survival rests at 0.5: midpoint, as R
        ([1, 2, 3], [1, 1, 1], 2.0),
        ([1, 2, 3, 4], [1, 0, 0, 0], math.inf),
        ([1, 2, 3, 8], [1, 1, 0, 0], 5.0),  # rests at 0.5 to the end
    ],
)
def test_median(time: list[int], event: list[int], median: float) -> None:
    assert an.median_survival(np.array(time), np.array(event)) == median


def test_walk_never_raises_the_cost() -> None:
    cohort, terms, moves = _toy()
    before = terms[1].cost(cohort)
    after = an.walk(cohort, terms[1:], moves, np.random.default_rng(2), 300)
    assert terms[1].cost(after) <= before
    assert after["time"].tolist() != cohort["time"].tolist()


def test_polish_moves_one_column_at_a_time() -> None:
    cohort, terms, moves = _toy()
    schedule = an.Schedule(steps=2000, hot=0.3, cold=0.001, rounds=3)
    labels = [an.Label("label", np.ones(30, dtype=bool), tuple(moves[1:]))]
    after, cost = an.polish(cohort, terms, labels, np.random.default_rng(2), schedule)
    assert terms[0].cost(after) == 0.0
    assert cost == terms[1].cost(cohort)  # the times, and so the median, are left alone
    assert after["time"].tolist() == cohort["time"].tolist()


def test_band_of_a_printed_number_is_half_open() -> None:
    band = printed_band("9.0")
    assert (band.low, band.high) == (8.95, 9.05)
    assert band.holds(8.95)
    assert not band.holds(9.05)
    assert band.distance(9.0) == 0.0
    assert band.distance(8.85) == pytest.approx(0.1)
    assert band.distance(9.15) == pytest.approx(0.1, abs=1e-6)
    assert band.distance(9.05) > 0.0
    assert printed_band("26") == Band(25.5, 26.5)
    assert printed_band("0.034").holds(0.0335)
    with pytest.raises(ValueError, match="finite"):
        printed_band("NaN")


def test_probit_of_a_band_keeps_what_it_holds() -> None:
    assert probit(0.05) == pytest.approx(1.959964, abs=1e-6)
    band = printed_band("0.034")
    for p in (0.0336, 0.034, 0.0344):
        assert band.probit().holds(probit(p))
    for p in (0.0330, 0.0350):
        assert not band.probit().holds(probit(p))
    assert Band(0.05, math.inf).probit().holds(probit(0.9))


def _toy() -> tuple[an.Cohort, list[an.Term], list[an.Move]]:
    cohort = {"time": np.arange(1, 31), "event": np.ones(30, dtype=np.int64)}
    cohort["label"] = (np.arange(30) < 12).astype(np.int64)
    rows = np.ones(30, dtype=bool)
    p, median = printed_band("0.250").probit(), printed_band("20")

    def logrank(c: an.Cohort) -> float:
        return p.distance(probit(an.logrank_p(c["time"], c["event"], c["label"])))

    def middle(c: an.Cohort) -> float:
        return median.distance(an.median_survival(c["time"], c["event"]))

    terms = [
        an.Term("p", frozenset(["time", "label"]), rows, logrank),
        an.Term("median", frozenset(["time"]), rows, middle),
    ]
    moves = [
        an.shift("time", 10, lambda c, i, value: 1 <= value <= 60),
        an.swap_within(["label"], [np.arange(30)]),
    ]
    return cohort, terms, moves


def test_annealing_meets_its_terms_and_repeats_itself() -> None:
    schedule = an.Schedule(steps=4000, hot=0.3, cold=0.001, rounds=3)
    found = []
    for _ in range(2):
        cohort, terms, moves = _toy()
        best, cost = an.anneal(cohort, terms, moves, np.random.default_rng(7), schedule)
        assert cost == 0.0
        assert sum(term.cost(best) for term in terms) == 0.0
        assert best["label"].sum() == 12
        assert ((best["time"] >= 1) & (best["time"] <= 60)).all()
        assert cohort["time"].tolist() == list(range(1, 31))  # the start is left as it was
        found.append(best)
    assert all((found[0][c] == found[1][c]).all() for c in found[0])


def test_swap_respects_what_is_allowed() -> None:
    never = an.swap_within(["label"], [np.arange(30)], lambda cohort, i, j: False)
    cohort, _, _ = _toy()
    rng = np.random.default_rng(1)
    assert all(never(cohort, rng) is None for _ in range(50))


def test_check_compares_only_what_is_to_be_met() -> None:
    published = [
        Printed("a", "Table 1", "count", "41", "met"),
        Printed("b", "Text", "rate", "48.0", "overruled"),
        Printed("c", "Text", "median", "NR", "met"),
        Printed("d", "Text", "p", ">0.05", "met"),
        Printed("e", "Text", "p", "<0.001", "met"),
        Printed("f", "Text", "p", "<0.001", "met"),
    ]
    reached = {"a": 41.0, "c": math.inf, "d": 0.04, "e": 0.0009, "f": 0.001}
    report = check(published, reached.__getitem__)
    assert report.columns.tolist() == ["constraint", "printed", "reached", "met"]
    assert report["met"].tolist() == [True, True, False, True, False]
    assert report["reached"].tolist()[1] == "NR"


def test_published_values_keep_their_decimals(tmp_path: Path) -> None:
    (tmp_path / "published.yml").write_text(
        "- {id: a, where: Text, what: median, value: 9.0, precision: 0.1, status: met}\n"
        "- {id: b, where: Text, what: p, value: 0.83, precision: 0.001, status: met}\n"
        "- {id: c, where: Text, what: median, value: NR, precision: none, status: met}\n"
    )
    values = [number.value for number in read_published(tmp_path / "published.yml")]
    assert values == ["9.0", "0.830", "NR"]


def test_tables_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    class Broken(pd.DataFrame):
        def to_csv(self, *args: object, **kwargs: object) -> None:  # type: ignore[override]
            raise OSError("disk full")

    data = tmp_path / "data"
    write_tables({"a": pd.DataFrame({"x": [1]})}, data)
    with pytest.raises(OSError, match="disk full"):
        write_tables({"a": pd.DataFrame({"x": [2]}), "b": Broken({"x": [2]})}, data)
    assert (data / "a.csv").read_text() == "x\n1\n"
    assert sorted(f.name for f in tmp_path.rglob("*")) == ["a.csv", "data"]


STUDY = """
import numpy as np
import pandas as pd
from her2adc.reconstruct import Printed, Reconstruction, check

def build(seed):
    table = pd.DataFrame({"x": np.random.default_rng(seed).integers(0, 9, 5)})
    published = [Printed("n", "Table", "rows", "5", "met")]
    return Reconstruction({"patients": table}, check(published, lambda name: float(len(table))))
"""


def test_reconstruct_runs_the_module_of_the_study(tmp_path: Path) -> None:
    (tmp_path / "reconstruct.py").write_text(STUDY)
    report = reconstruct(tmp_path, 3)
    first = (tmp_path / "data" / "patients.csv").read_bytes()
    reconstruct(tmp_path, 3)
    assert report["met"].all()
    assert (tmp_path / "data" / "patients.csv").read_bytes() == first
    reconstruct(tmp_path, 4)
    assert (tmp_path / "data" / "patients.csv").read_bytes() != first

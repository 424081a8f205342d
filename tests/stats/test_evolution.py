"""HER2 at two stages and more against R, by derivation, and by what must always hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from her2adc.config import Retest
from her2adc.results import one, select
from her2adc.stats.agreement import kappa
from her2adc.stats.evolution import (
    NOT_ELIGIBLE,
    clock,
    count_pairs,
    discordance,
    eligibility,
    interval,
    pairs_of,
)
from her2adc.stats.her2_paths import pairing, path_rows, paths, transitions
from her2adc.stats.paired import bowker, paired, stuart_maxwell
from her2adc.stats.retest import explaining_kappa, retest, retest_null

from .conftest import GOLDEN, close, number

TABLE = pd.read_csv(GOLDEN / "evolution.csv", dtype=str, keep_default_na=False)
LEVELS = {3: ["zero", "low", "positive"], 4: ["zero", "ultralow", "low", "positive"]}
ELIGIBLE = ["low", "positive"]


def three(p: int) -> list[list[int]]:
    """Margins 51, 125, 71 before and 53, 127, 67 after, with 153 on the diagonal."""
    return [[70 - p, 25, p - 44], [2 * p - 69, 83, 111 - 2 * p], [52 - p, 19, p]]


TABLES = {
    "three44": three(44),
    "three48": three(48),
    "three52": three(52),
    "four": [[12, 7, 3, 1], [5, 9, 8, 2], [2, 6, 40, 9], [0, 1, 7, 30]],
}


def value(case: str, statistic: str, level: object = "") -> float:
    """Value that R gave."""
    found = TABLE[TABLE["case"].eq(case) & TABLE["statistic"].eq(statistic) & TABLE["level"].eq(str(level))]
    assert len(found) == 1, (case, statistic, level, len(found))
    return number(found["value"].iloc[0])


def data_of(counts: object) -> pd.DataFrame:
    """One row a patient, in the order of the cells."""
    table = np.asarray(counts)
    names = LEVELS[len(table)]
    first, second = np.unravel_index(np.repeat(np.arange(table.size), table.ravel()), table.shape)
    columns = {
        name: pd.Categorical.from_codes(codes, names, ordered=True)
        for name, codes in (("before", first), ("after", second))
    }
    return pd.DataFrame(columns)


def same(row: pd.Series, case: str, statistic: str, level: object = "") -> None:
    """Estimate and limits as in R."""
    close(row["value"], value(case, statistic, level))
    close(row["conf_low"], value(case, f"{statistic}_low", level), atol=1e-7)
    close(row["conf_high"], value(case, f"{statistic}_high", level), atol=1e-7)


@pytest.fixture(params=TABLES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_discordance_equals_r(case: str) -> None:
    rows = discordance(data_of(TABLES[case]), "before", "after")
    for statistic in ("discordant", "to_higher", "to_lower"):
        same(one(rows, statistic=statistic), case, statistic)


def test_transitions_equal_r(case: str) -> None:
    rows, table = transitions(data_of(TABLES[case]), "before", "after"), np.array(TABLES[case])
    names = LEVELS[len(table)]
    for i, first in enumerate(names):
        for j, second in enumerate(names):
            found = one(rows, statistic="row_fraction", group=first, level=second)
            assert (found["n_events"], found["n"]) == (table[i, j], table[i].sum())
            same(found, case, "row_fraction", f"{i + 1}-{j + 1}")
        assert one(rows, statistic="margin", group=first)["value"] == table[i].sum()
        assert one(rows, statistic="margin", level=first)["value"] == table[:, i].sum()


def test_agreement_equals_r(case: str) -> None:
    rows = paired(data_of(TABLES[case]), "before", "after")
    for weights in ("unweighted", "linear"):
        same(one(rows, statistic="kappa", level=weights), case, "kappa", weights)
    for name, statistic in {"Bowker": "bowker_p", "Stuart-Maxwell": "stuart_maxwell_p"}.items():
        close(one(rows, statistic="p_value", level=name)["value"], value(case, statistic))


def test_eligibility_equals_r(case: str) -> None:
    rows = eligibility(data_of(TABLES[case]), "before", "after", ELIGIBLE)
    for statistic in ("eligible_before", "eligible_after", "kept", "gained", "lost", "never", "gain", "loss"):
        same(one(rows, statistic=statistic), case, statistic)
    same(one(rows, statistic="biopsies_per_gain"), case, "biopsies")
    close(one(rows, statistic="p_value")["value"], value(case, "eligibility_p"))


@pytest.mark.parametrize("agreed", [0.6, 0.7, 0.8, 0.9])
def test_reading_error_equals_r(case: str, agreed: float) -> None:
    rows = retest(data_of(TABLES[case]), "before", "after")
    mine = select(rows, level=f"{agreed:g}")
    close(one(mine, statistic="expected")["value"], value(case, "expected", agreed))
    same(one(mine, statistic="excess"), case, "excess", agreed)
    close(one(mine, statistic="p_value")["value"], value(case, "retest_p", agreed))
    same(one(rows, statistic="explaining_kappa"), case, "explaining_kappa")


def test_strata_equal_r() -> None:
    parts = {"large": [[54, 81], [40, 72]], "three": [[24, 65], [28, 64], [42, 24]]}
    parts["small"] = [[1, 7], [5, 3]]
    for name, counts in parts.items():
        before = ["zero"] * int(np.sum(counts))
        after = [v for line in counts for v, n in zip(("low", "zero"), line, strict=True) for _ in range(n)]
        where = [str(i + 1) for i, line in enumerate(counts) for _ in range(sum(line))]
        data = pd.DataFrame({"before": before, "after": after}).astype(
            pd.CategoricalDtype(["zero", "low"], ordered=True)
        )
        data["site"] = pd.Categorical(where, ["1", "2", "3", "nobody"])
        rows = discordance(data, "before", "after", ["site"])
        close(one(rows, statistic="p_value")["value"], value("strata", "p", name))
        for i in range(len(counts)):
            same(one(rows, variable="site", level=str(i + 1)), "strata", "discordant", f"{name}-{i + 1}")
        assert one(rows, variable="site", level="nobody")["n"] == 0


def test_patients_without_a_stratum_are_counted() -> None:
    data = data_of(TABLES["three48"])
    data["site"] = pd.Categorical(["a", None, "b"] + ["a"] * (len(data) - 3), ["a", "b"])
    rows = discordance(data, "before", "after", ["site"])
    assert one(rows, statistic="n_missing")["value"] == 1
    assert select(rows, variable="site", statistic="discordant")["n"].sum() == len(data) - 1


def test_the_model_of_reading_by_its_own_experiment() -> None:
    """Readings that are one with probability kappa, else independent, have that kappa and discordance."""
    share, agreed = np.array([0.2, 0.5, 0.3]), 0.75
    table = agreed * np.diag(share) + (1 - agreed) * np.outer(share, share)
    close(kappa(1000 * table).value, agreed)
    close(1 - np.trace(table), (1 - agreed) * (1 - (share**2).sum()))
    null = retest_null(10_000 * table, agreed)
    close(null.expected, 1 - np.trace(table))
    close(null.excess, 0.0, atol=1e-12)
    close(explaining_kappa(10_000 * table)[0], agreed)


def test_published_agreement_comes_first_with_its_source() -> None:
    rows = retest(data_of(TABLES["three48"]), "before", "after", [Retest(kappa=0.72, source="Someone2020")])
    expected = select(rows, statistic="expected")
    assert expected["level"].tolist() == ["0.72", "0.6", "0.7", "0.8", "0.9"]
    assert expected["group"].tolist() == ["Someone2020", *["assumed"] * 4]
    with pytest.raises(ValueError, match="from -1 to 1"):
        retest_null(TABLES["four"], 1.2)


def test_perfect_reading_leaves_everything_to_explain() -> None:
    null = retest_null(TABLES["three48"], 1.0)
    assert null.expected == 0 and null.p == 0
    close(null.excess, 94 / 247)


COUNTS = st.sampled_from([3, 4]).flatmap(lambda k: arrays(np.int64, (k, k), elements=st.integers(0, 9)))


@settings(max_examples=60, deadline=None)
@given(COUNTS)
def test_mass_is_conserved(counts: np.ndarray) -> None:
    data = data_of(counts)
    names = LEVELS[len(counts)]
    rows = transitions(data, "before", "after")
    cells, margins = select(rows, statistic="row_fraction"), select(rows, statistic="margin")
    assert cells["n_events"].sum() == counts.sum()
    for i, name in enumerate(names):
        assert one(margins, group=name)["value"] == cells.loc[cells["group"] == name, "n_events"].sum()
        assert one(margins, level=name)["value"] == cells.loc[cells["level"] == name, "n_events"].sum()
        part = cells.loc[cells["group"] == name, "value"]
        assert part.isna().all() if counts[i].sum() == 0 else np.isclose(part.sum(), 1)
    flows = paths(data, ["before", "after"])
    assert flows["n"].sum() == counts.sum() and (flows["n"] > 0).all()
    assert not flows.duplicated(["before", "after"]).any()
    assert path_rows(flows, ["before", "after"])["value"].sum() == counts.sum()


@settings(max_examples=60, deadline=None)
@given(COUNTS)
def test_everyone_keeps_gains_loses_or_never_has_it_and_swapping_stages_swaps_gain_and_loss(
    counts: np.ndarray,
) -> None:
    data = data_of(counts)
    there = eligibility(data, "before", "after", ELIGIBLE).set_index("statistic")
    back = eligibility(data, "after", "before", ELIGIBLE).set_index("statistic")
    assert there.loc[["kept", "gained", "lost", "never"], "n_events"].sum() == len(data)
    close(there.loc[["gained", "kept", "never"], "value"], back.loc[["lost", "kept", "never"], "value"])
    close(there.loc["p_value", "value"], back.loc["p_value", "value"])
    one_way, other = discordance(data, "before", "after"), discordance(data, "after", "before")
    columns = ["value", "conf_low", "conf_high"]
    close(one_way.loc[[0, 1, 2], columns].to_numpy(), other.loc[[0, 2, 1], columns].to_numpy())
    close(kappa(counts).value, kappa(counts.T).value)
    close(explaining_kappa(counts), explaining_kappa(counts.T))
    for test in (bowker, stuart_maxwell):
        close(test(counts).p, test(counts.T).p)


@settings(max_examples=30, deadline=None)
@given(COUNTS, st.randoms(use_true_random=False))
def test_the_order_of_patients_does_not_matter(counts: np.ndarray, random: object) -> None:
    data = data_of(counts).assign(before_reason="", after_reason="")
    order = list(range(len(data)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = data.iloc[order]
    for make in (
        lambda d: transitions(d, "before", "after"),
        lambda d: discordance(d, "before", "after"),
        lambda d: eligibility(d, "before", "after", ELIGIBLE),
        lambda d: retest(d, "before", "after"),
        lambda d: pairing(d, ["before", "after"], "before", "after"),
        lambda d: paths(d, ["before", "after"]),
    ):
        pd.testing.assert_frame_equal(make(data), make(shuffled))


def test_pairs_by_hand() -> None:
    levels = pd.CategoricalDtype(LEVELS[3], ordered=True)
    data = pd.DataFrame({"a": ["zero", "low", None, None], "b": ["low", None, "low", None]}).astype(levels)
    data["a_reason"] = ["", "", "no specimen", "2+ without ISH"]
    data["b_reason"] = ["", "no specimen", "", "x"]
    rows = pairing(data, ["a", "b"], "a", "b")
    found = {(r["variable"], r["statistic"], r["level"]): r["value"] for _, r in rows.iterrows()}
    assert found == {
        ("", "patients", ""): 4, ("a", "specimen", ""): 3, ("a", "classified", ""): 2,
        ("a", "lost", "2+ without ISH"): 1, ("b", "specimen", ""): 3, ("b", "classified", ""): 2,
        ("b", "lost", "x"): 1, ("a -> b", "paired", ""): 1, ("a -> b", "lost", "a"): 1,
        ("a -> b", "lost", "b"): 1, ("a -> b", "lost", "a, b"): 1,
    }  # fmt: skip
    lost = rows[rows["variable"].eq("a -> b")]
    assert lost["value"].sum() == len(data)


def test_paths_over_three_stages() -> None:
    levels = pd.CategoricalDtype(LEVELS[3], ordered=True)
    data = pd.DataFrame(
        {
            "a": ["low", "low", "zero", None],
            "b": ["low", "low", "zero", "low"],
            "c": ["zero", None, None, "low"],
        }
    ).astype(levels)
    assert paths(data, ["a", "b", "c"]).to_numpy().tolist() == [["low", "low", "zero", 1]]
    whole = paths(data, ["a", "b", "c"], ["a", "b"])
    assert whole["c"].tolist() == [None, "zero", None] and whole["b"].tolist() == ["zero", "low", "low"]
    assert path_rows(whole, ["a", "b", "c"])["level"].tolist()[0] == "zero -> zero -> none"


def test_nobody_makes_a_pair() -> None:
    nobody = data_of(np.zeros((3, 3), dtype=int))
    assert len(pairs_of(nobody, "before", "after")) == 0
    rows = [
        discordance(nobody, "before", "after"),
        eligibility(nobody, "before", "after", ELIGIBLE),
        retest(nobody, "before", "after"),
    ]
    for part in rows:
        assert part["value"].isna().all() and part["conf_low"].isna().all()
    assert select(transitions(nobody, "before", "after"), statistic="margin")["value"].eq(0).all()
    assert paths(nobody, ["before", "after"]).empty
    assert path_rows(paths(nobody, ["before", "after"]), ["before", "after"]).empty
    assert np.isnan(explaining_kappa(np.zeros((3, 3)))).all()


def test_everybody_keeps_the_class() -> None:
    data = data_of(np.diag([4, 5, 6]))
    assert one(discordance(data, "before", "after"), statistic="discordant")["value"] == 0
    rows = eligibility(data, "before", "after", ELIGIBLE)
    per = one(rows, statistic="biopsies_per_gain")
    assert np.isinf(per["value"]) and np.isinf(per["conf_high"])
    close(per["conf_low"], 1 / one(rows, statistic="gain")["conf_high"])
    assert np.isnan(one(rows, statistic="p_value")["value"])
    close(explaining_kappa(np.diag([4, 5, 6]))[0], 1.0)
    null = retest_null(np.diag([4, 5, 6]), 0.8)
    assert null.excess < 0 and 0 < null.p <= 1


def test_one_class_only() -> None:
    table = np.zeros((3, 3), dtype=int)
    table[1, 1] = 9
    data = data_of(table)
    rows = eligibility(data, "before", "after", ELIGIBLE)
    assert np.isnan(one(rows, statistic="gain")["value"]) and one(rows, statistic="gain")["n"] == 0
    assert np.isnan(one(rows, statistic="biopsies_per_gain")["value"])
    assert np.isnan(kappa(count_pairs(data, "before", "after")).value)
    assert np.isnan(explaining_kappa(table)).all()
    null = retest_null(table, 0.8)
    assert (null.expected, null.excess, null.p) == (0.0, 0.0, 1.0)


def test_everybody_gains() -> None:
    table = np.zeros((3, 3), dtype=int)
    table[0, 2] = 5
    rows = eligibility(data_of(table), "before", "after", ELIGIBLE)
    per = one(rows, statistic="biopsies_per_gain", population=NOT_ELIGIBLE)
    close([per["value"], per["conf_low"]], [1.0, 1.0])
    close(per["conf_high"], 1 / 0.025 ** (1 / 5))
    close(one(rows, statistic="p_value")["value"], 2 * 0.5**5)


def test_one_patient() -> None:
    table = np.zeros((3, 3), dtype=int)
    table[0, 1] = 1
    data = data_of(table)
    share = one(discordance(data, "before", "after"), statistic="discordant")
    close([share["value"], share["conf_low"], share["conf_high"]], [1.0, 0.025, 1.0])
    assert one(eligibility(data, "before", "after", ELIGIBLE), statistic="biopsies_per_gain")["value"] == 1


def test_specimens_after_the_clock() -> None:
    days = pd.to_datetime(pd.Series(["2020-01-01", "2020-01-02", None, "2020-01-05"]))
    start = pd.to_datetime(pd.Series(["2020-01-01"] * 3 + [None]))
    found = clock(pd.DataFrame({"start": start, "biopsy": days}), "start", "biopsy").iloc[0]
    assert (found["value"], found["n"]) == (1, 2)


def test_bad_arguments() -> None:
    data = data_of(TABLES["three44"])
    with pytest.raises(ValueError, match="same categories"):
        count_pairs(data.assign(after=data["after"].cat.add_categories("x")), "before", "after")
    with pytest.raises(ValueError, match="no column"):
        discordance(data, "before", "after", ["site"])


def test_interval_by_hand() -> None:
    """Only pairs count: 10, 20 and 31 months; half of an even number stays as it is."""
    levels = pd.CategoricalDtype(["zero", "low"], ordered=True)
    data = pd.DataFrame({"a": ["zero"] * 4, "b": ["low", "low", "zero", None]}).astype(levels)
    rows = interval(data.assign(her2_interval_months=[10.0, 20, 31, 99]), "a", "b").set_index("statistic")
    assert rows["value"].to_dict() == {"median": 20.0, "q1": 15.0, "q3": 25.5}
    assert set(rows["n"]) == {3}
    nobody = interval(data.assign(b=pd.Categorical([None] * 4, ["zero", "low"], ordered=True),
                                  her2_interval_months=1.0), "a", "b")  # fmt: skip
    assert nobody["value"].isna().all()

"""Which specimen stands for a patient and a stage, by hand; what another rule changes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_study import STUDY, write_study

from her2adc.cells import as_dates
from her2adc.cohort import Cohort, prepare_cohort
from her2adc.config import Her2, load_study
from her2adc.errors import StudyError
from her2adc.specimens import (
    NO_SPECIMEN,
    UNORDERED,
    add_stages,
    classify_patients,
    classify_tests,
    compare_stages,
    pick,
    restage,
)
from her2adc.stats.reclassification import changed

PAIR = [
    {"name": "primary", "label": "Primary tumour", "specimen": "primary"},
    {"name": "recurrence", "label": "Recurrence", "specimen": ["recurrence", "metastasis"]},
]
COLUMNS = ["patient_id", "specimen", "date", "ihc", "ish"]


def specimens_of(*rows):
    """Table of specimens; dates as text, None for none."""
    return pd.DataFrame(rows, columns=COLUMNS).assign(date=lambda t: pd.to_datetime(t["date"]))


def study_of(tmp_path, tests, *, stages=PAIR, her2=None, **more):
    """A study that follows HER2 over these specimens."""
    parts = {
        "her2": {"table": "her2_tests", **(her2 or {})},
        "data": {**STUDY["data"], "her2_tests": "tests.csv"},
        "evolution": {"stages": stages},
        **more,
    }
    folder = write_study(tmp_path, study=parts)
    tests.to_csv(folder / "data" / "tests.csv", index=False)
    return load_study(folder)


def staged(tmp_path, *rows, **options):
    """Patients by id and specimens, after the stages were added."""
    tests = specimens_of(*rows)
    study = study_of(tmp_path, tests, **options)
    patients = pd.DataFrame({"patient_id": sorted({*tests["patient_id"], "none"})})
    patients, tables = add_stages(study, patients, {"her2_tests": tests})
    return patients.set_index("patient_id"), tables["her2_tests"]


def test_classes_of_specimens():
    tests = pd.DataFrame({
        "ihc": ["1+", "2+", "2+", "0-1+", "lost", "1+ (3+ outside)", None],
        "ish": [None, "Unk/ND", "not amplified", None, "Negative (outside)", None, None],
        "ish_ratio": [np.nan, 2.4, 2.4, np.nan, np.nan, np.nan, np.nan],
        "ish_copies": [np.nan, 5.0, 5.0, np.nan, np.nan, np.nan, np.nan],
    })  # fmt: skip
    found = classify_tests(Her2(unknown=("lost",)), tests)
    low, positive = "HER2-low", "HER2-positive"
    assert found["her2_class"].tolist() == [low, positive, low, None, None, low, None]
    assert found["ish_found"].tolist()[1] == "ratio 2.4, copies 5"
    assert found["her2_reason"].tolist()[3] == "ambiguous IHC score 0-1+"
    assert found["her2_note"].tolist()[5] == "IHC 1+ although 3+ in another laboratory"
    first = classify_tests(Her2(unknown=("lost",)), tests, counts_first=True)
    assert first["her2_class"].tolist() == [low, positive, positive, None, None, low, None]


def test_one_count_of_the_two_is_printed_alone():
    tests = pd.DataFrame({"ihc": ["2+"], "ish": [None], "ish_ratio": [1.4], "ish_copies": [np.nan]})
    assert classify_tests(Her2(), tests)["ish_found"].tolist() == ["ratio 1.4"]


def test_earliest_and_latest_with_a_class(tmp_path):
    rows = [
        ("A", "primary", "2015-01-01", "2+", None),
        ("A", "primary", "2015-02-01", "1+", None),
        ("A", "primary", "2015-03-01", "0", None),
        ("A", "metastasis", "2018-01-01", "[Not Evaluated]", None),
        ("A", "recurrence", "2019-02-01", "3+", None),
        ("A", "metastasis", "2020-02-01", "0", None),
    ]
    patients, tests = staged(tmp_path, *rows)
    one = patients.loc["A"]
    assert (one["her2_primary"], one["her2_recurrence"]) == ("HER2-low", "HER2-positive")
    assert one["her2_change"] == "Discordant" and one["her2_direction"] == "To a higher class"
    assert one["her2_interval_months"] == pytest.approx(1461 / 30.4375)
    assert one["her2_interval"] == "24 to <60"
    assert tests["stage"].tolist() == [None, "primary", None, None, "recurrence", None]
    assert tests["her2_class"].tolist()[:2] == [None, "HER2-low"]
    latest = [{**s, "pick": "latest"} for s in PAIR]
    one = staged(tmp_path, *rows, stages=latest)[0].loc["A"]
    assert (one["her2_primary"], one["her2_recurrence"]) == ("HER2-zero", "HER2-zero")
    assert (one["her2_change"], one["her2_direction"]) == ("Concordant", "Same class")


def test_reasons(tmp_path):
    patients, tests = staged(
        tmp_path,
        ("A", "primary", "2015-01-01", None, None),
        ("A", "primary", "2016-01-01", "2+", None),
        ("A", "recurrence", "2017-01-01", "0-1+", None),
    )
    assert patients.loc["A", "her2_primary_reason"] == "IHC 2+ without an ISH result"
    assert patients.loc["A", "her2_recurrence_reason"] == "ambiguous IHC score 0-1+"
    assert patients.loc["none", "her2_primary_reason"] == NO_SPECIMEN
    assert patients.loc["none", "her2_recurrence_reason"] == NO_SPECIMEN
    assert patients[["her2_primary", "her2_change", "her2_direction"]].isna().all(axis=None)
    assert tests["stage"].tolist() == [None, "primary", "recurrence"]
    assert patients["her2_primary"].cat.categories.tolist() == ["HER2-zero", "HER2-low", "HER2-positive"]


@pytest.mark.parametrize("dates", [(None, None), ("2015-01-01", None), ("2015-01-01", "2015-01-01")])
def test_an_order_that_is_not_known_is_not_guessed(tmp_path, dates):
    rows = [("A", "primary", dates[0], "1+", None), ("A", "primary", dates[1], "0", None)]
    extra = ("A", "recurrence", "2017-01-01", "0", None)
    patients, tests = staged(tmp_path, *rows, extra)
    assert pd.isna(patients.loc["A", "her2_primary"])
    assert patients.loc["A", "her2_primary_reason"] == UNORDERED
    assert tests["stage"].tolist() == [None, None, "recurrence"]
    # of the same class it does not matter which one it is
    rows[1] = (*rows[1][:3], "2+", "not amplified")
    assert staged(tmp_path, *rows, extra)[0].loc["A", "her2_primary"] == "HER2-low"


def test_a_table_without_dates(tmp_path):
    tests = specimens_of(("A", "primary", None, "1+", None), ("A", "recurrence", None, "0", None))
    study = study_of(tmp_path, tests)
    patients = pd.DataFrame({"patient_id": ["A"]})
    found, _ = add_stages(study, patients, {"her2_tests": tests.drop(columns="date")})
    assert found["her2_direction"].tolist() == ["To a lower class"]
    assert found[["her2_interval_months", "her2_interval", "her2_primary_date"]].isna().all(axis=None)


def test_a_specimen_stands_for_one_stage_only(tmp_path):
    stages = [
        {"name": "first", "label": "First relapse", "specimen": "metastasis"},
        {"name": "last", "label": "Last relapse", "specimen": "metastasis", "pick": "latest"},
    ]
    rows = [("A", "metastasis", "2015-01-01", "1+", None), ("B", "metastasis", "2015-01-01", "1+", None),
            ("B", "metastasis", "2016-01-01", "0", None), ("B", "metastasis", "2017-01-01", "3+", None)]
    patients, tests = staged(tmp_path, *rows, stages=stages)
    assert pd.isna(patients.loc["A", "her2_last"]) and pd.isna(patients.loc["A", "her2_change"])
    assert patients.loc["A", "her2_last_reason"] == NO_SPECIMEN
    assert patients.loc["B", ["her2_first", "her2_last"]].tolist() == ["HER2-low", "HER2-positive"]
    assert tests["stage"].tolist() == ["first", "first", None, "last"]


def test_three_stages_and_another_pair(tmp_path):
    stages = [{"name": n, "label": n, "specimen": n} for n in ("primary", "recurrence", "metastasis")]
    rows = [("A", "primary", "2015-01-01", "1+", None), ("A", "recurrence", "2016-01-01", "1+", None),
            ("A", "metastasis", "2016-07-01", "0", None)]
    tests = specimens_of(*rows)
    study = study_of(tmp_path, tests, stages=stages)
    patients, _ = add_stages(study, pd.DataFrame({"patient_id": ["A"]}), {"her2_tests": tests})
    assert patients["her2_change"].tolist() == ["Concordant"]
    other = compare_stages(study, patients, "recurrence", "metastasis")
    assert other["her2_change"].tolist() == ["Discordant"] and other["her2_interval"].tolist() == ["<24"]


def test_a_second_specimen_before_the_first_has_no_interval(tmp_path):
    rows = [(f"P{i:02d}", "primary", "2016-01-01", "1+", None) for i in range(1, 13)]
    rows += [("P01", "recurrence", "2015-01-01", "1+", None), ("P02", "recurrence", "2017-01-01", "0", None)]
    cohort = prepare_cohort(study_of(tmp_path, specimens_of(*rows)))
    remark = "1 patient: the specimen of 'Recurrence' is dated before that of 'Primary tumour'"
    assert cohort.remarks[0].startswith(remark)
    assert cohort.data["her2_interval_months"].notna().tolist()[:3] == [False, True, False]
    assert cohort.data["her2_change"].notna().sum() == 2


SPECIMENS = st.tuples(
    st.sampled_from("ABC"),
    st.sampled_from(["primary", "metastasis"]),
    st.sampled_from([None, "2015-01-01", "2016-01-01", "2017-01-01"]),
    st.sampled_from(["0", "1+", "2+", "3+", "0-1+", "1-2+", None]),
    st.sampled_from([None, "amplified", "not amplified"]),
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A study whose patients' class comes from the kinds of its first stage."""
    her2 = {"specimen": "primary", "pick": "earliest"}
    tests = specimens_of(("A", "primary", None, "0", None), ("A", "metastasis", None, "0", None))
    return study_of(tmp_path_factory.mktemp("small"), tests, her2=her2)


@settings(max_examples=60, deadline=None)
@given(st.lists(SPECIMENS, min_size=1, max_size=9), st.randoms(use_true_random=False))
def test_patients_and_stages_agree_and_order_does_not_matter(small, rows, random):
    tests, patients = specimens_of(*rows), pd.DataFrame({"patient_id": list("ABC")})
    classes, _ = classify_patients(small, patients, {"her2_tests": tests})
    found, tables = add_stages(small, patients, {"her2_tests": tests})
    pd.testing.assert_series_equal(
        classes["her2_class"].astype(object), found["her2_primary"].astype(object), check_names=False
    )
    assert classes["her2_reason"].tolist() == found["her2_primary_reason"].tolist()
    # a specimen that stands for a stage has its class, and there is one of them at most
    chosen = tables["her2_tests"].query("stage == 'primary'").set_index("patient_id")["her2_class"]
    assert chosen.index.is_unique
    known = found.set_index("patient_id")["her2_primary"].dropna()
    assert known.to_dict() == chosen.dropna().to_dict()
    shuffled = list(rows)
    random.shuffle(shuffled)
    again, _ = add_stages(small, patients, {"her2_tests": specimens_of(*shuffled)})
    for column in ("her2_primary", "her2_recurrence", "her2_change"):
        pd.testing.assert_series_equal(again[column], found[column])


def test_picking_nothing():
    empty = specimens_of().assign(her2_class=None, ihc_form=None)
    assert pick(empty, "latest").empty


def test_a_kind_that_no_specimen_has_is_a_problem(tmp_path):
    tests = specimens_of(("P01", "primary", None, "1+", None), ("P01", "metastases", None, "0", None))
    with pytest.raises(StudyError, match="is of a kind of the stage 'recurrence'"):
        prepare_cohort(study_of(tmp_path, tests))


def test_texts_of_specimens_are_checked_although_patients_have_columns_of_their_own(tmp_path):
    tests = specimens_of(("P01", "primary", None, "1+", None), ("P01", "metastasis", None, "strong", None))
    her2 = {**STUDY["her2"], "table": "patients"}
    with pytest.raises(StudyError, match="HER2 result not understood"):
        prepare_cohort(study_of(tmp_path, tests, her2=her2))
    tests["ihc"] = ["1+", "3+ (outside)"]
    cohort = prepare_cohort(study_of(tmp_path, tests, her2=her2))
    assert "3+ (outside)" in cohort.normalised["found"].tolist()
    assert cohort.data["her2_recurrence"].dropna().tolist() == ["HER2-positive"]


def twelve(*more):
    """Specimens of the twelve patients: every primary 1+, recurrences as given."""
    return specimens_of(*[(f"P{i:02d}", "primary", "2015-01-01", "1+", None) for i in range(1, 13)], *more)


def test_restaged_by_the_same_rule_is_the_cohort(tmp_path):
    study = study_of(tmp_path, twelve(("P01", "recurrence", "2018-01-01", "0", None)))
    cohort = prepare_cohort(study)
    cohort.save(tmp_path / "saved")
    for tables in (cohort.tables, Cohort.load(tmp_path / "saved").tables):
        patients, tests = restage(study, tables)
        columns = [c for c in cohort.data if c in patients]
        pd.testing.assert_frame_equal(patients[columns], cohort.data[columns], check_dtype=False)
        assert tests["stage"].tolist() == cohort.tables["her2_tests"]["stage"].tolist()


def test_another_rule_brings_patients_in(tmp_path):
    tests = twelve(("P01", "recurrence", "2018-01-01", "0", None))
    tests.loc[tests["patient_id"].eq("P02"), "ihc"] = "0-1+"
    study = study_of(tmp_path, tests)
    cohort = prepare_cohort(study)
    assert len(cohort.data) == 11 and len(cohort.tables["eligible"]) == 12
    patients, _ = restage(changed(study, ambiguous="lower"), cohort.tables)
    assert len(patients) == 12
    assert patients.set_index("patient_id").loc["P02", "her2_primary"] == "HER2-zero"
    assert study.her2.ambiguous == "exclude"


def test_an_interval_of_exactly_a_bound_belongs_to_the_level_above(tmp_path):
    """Dates counted in months are not whole days: 24 months are 24.0, not 730 days or 23.98 months."""
    pair = [("A", kind, "2020-01-01", "1+", None) for kind in ("primary", "recurrence")]
    tests = specimens_of(*pair)
    study, days = study_of(tmp_path, tests), as_dates(pd.Series(["100", "124"]), "months")
    classes = pd.Categorical(["HER2-low"], ["HER2-zero", "HER2-low", "HER2-positive"], ordered=True)
    patients = pd.DataFrame({"her2_primary": classes, "her2_recurrence": classes,
                             "her2_primary_date": [days[0]], "her2_recurrence_date": [days[1]]})  # fmt: skip
    found = compare_stages(study, patients, "primary", "recurrence")
    assert found["her2_interval_months"].tolist() == pytest.approx([24.0], abs=1e-9)
    assert found["her2_interval"].tolist() == ["24 to <60"]

"""Study files as people write them: texts stay texts, no key is lost, nothing hangs."""

from __future__ import annotations

import time

import pytest
import yaml
from small_study import PATIENTS, STUDY, write_study

from her2adc.cohort import prepare_cohort
from her2adc.config import load_study
from her2adc.config.load import read_yaml
from her2adc.errors import StudyError


def read(tmp_path, text):
    (tmp_path / "study.yml").write_text(text, encoding="utf-8")
    return read_yaml(tmp_path / "study.yml")[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [("no", "no"), ("Yes", "Yes"), ("off", "off"), ("1:30", "1:30"), ("010", "010"), ("1_000", "1_000"),
     ("0x1F", "0x1F"), ("2023-01-01", "2023-01-01"), ("3+", "3+"), ("=", "="), ("1.50", "1.50"),
     ("1.0", 1.0), ("12", 12), ("-0.5", -0.5), ("'1'", "1"), ("~", None), ("", None), ("1e400", "1e400"),
     ("9" * 5000, "9" * 5000), (".inf", float("inf")), ("true", "true")],
)  # fmt: skip
def test_a_scalar_is_what_the_file_says(tmp_path, written, value):
    got = read(tmp_path, f"a: {written}")["a"]
    assert got == value and type(got) is type(value)


def test_keys_and_lists_are_text_as_written(tmp_path):
    got = read(tmp_path, "levels: {No: [no, N, 0, null], 1.50: [x], on: [~], 010: []}")
    assert got == {"levels": {"No": ["no", "N", 0, "null"], "1.50": ["x"], "on": ["~"], "010": []}}


def test_parameters_keep_numbers_and_truth(tmp_path):
    got = read(tmp_path, "chapters: [{parameters: {a: true, b: 1.50, c: no, d: [1, 2.0]}}]")
    assert got["chapters"][0]["parameters"] == {"a": True, "b": 1.5, "c": False, "d": [1, 2.0]}


def test_merge_keys(tmp_path):
    got = read(tmp_path, "base: &b {x: 1, y: 2}\nmore: {<<: *b, y: 3}")
    assert got["more"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: a\ndata: {patients: a.csv}\ntitle: b\n", ["row 3", "'title' stands twice, in rows 1 and 3"]),
        ("her2:\n  ihc: a\n  ihc: b\n", ["row 3, her2.ihc", "rows 2 and 3"]),
        ("her2:\n\tihc: a\n", ["row 2", "begins with a tab"]),
        ("a: &x [*x]\n", ["an anchor (&) stands for a part that holds it"]),
        ("a: !!python/object/apply:os.system [ls]\n", ["row 1", "tags (!)"]),
        ("a: !!int 3\nb: !x 3\n", ["row 2", "tags (!)"]),
        ("? [a, b]\n: 1\n", ["row 1", "a key has to be a text"]),
        ("a: \x00\n", ["not valid YAML", "character that no text has"]),
        ("- " * 250_000 + "a", ["nested too deep"]),
        ("[" * 100_000, ["nested too deep"]),
        ("{a: " * 150 + "b" + "}" * 150, ["nested too deep"]),
        ("a: 1\n---\nb: 2\n", ["not valid YAML"]),
    ],
)
def test_what_cannot_be_read_is_one_clear_problem(tmp_path, text, words):
    with pytest.raises(StudyError) as error:
        read(tmp_path, text)
    assert [w for w in words if w not in str(error.value)] == [], str(error.value)


def test_anchors_that_multiply_end_at_once(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    start = time.perf_counter()
    with pytest.raises(StudyError, match="written out"):
        read(tmp_path, "\n".join(lines))
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("content", [b"", b"- a\n- b\n", b"text", b"# only a remark\n"])
def test_no_keys(tmp_path, content):
    (tmp_path / "study.yml").write_bytes(content)
    with pytest.raises(StudyError, match="is empty or not a list of keys"):
        load_study(tmp_path)


def test_another_encoding_and_a_byte_order_mark(tmp_path):
    folder = write_study(tmp_path)
    text = (folder / "study.yml").read_text(encoding="utf-8")
    (folder / "study.yml").write_bytes(text.encode("utf-8-sig"))
    assert load_study(folder).title == STUDY["title"]
    (folder / "study.yml").write_bytes(text.replace("small", "kl\u00e9in").encode("latin-1"))
    with pytest.raises(StudyError, match="row 1: is not UTF-8 text"):
        load_study(folder)


def test_a_level_called_no_is_printed_as_no(tmp_path):
    folder = write_study(tmp_path)
    text = (folder / "study.yml").read_text(encoding="utf-8")
    plain = text.replace("levels: yes_no", "levels: {No: [no], Yes: [yes]}")
    assert plain != text and yaml.safe_load("No: 1") == {False: 1}
    (folder / "study.yml").write_text(plain, encoding="utf-8")
    assert set(prepare_cohort(load_study(folder)).data["liver"]) == {"No", "Yes"}
    assert len(PATIENTS)


OTHER_KINDS = [("title", [["a"]]), ("variables", -3), ("subgroups", 3), ("her2", [1])]


@pytest.mark.parametrize(("key", "value"), OTHER_KINDS)
def test_a_value_of_another_kind_has_a_place_and_a_cure(tmp_path, key, value):
    with pytest.raises(StudyError) as error:
        load_study(write_study(tmp_path, study={key: value}))
    assert all(p.remedy and p.row and p.column.startswith(key) for p in error.value.problems)


def test_an_id_without_end_is_a_problem(tmp_path):
    patients = PATIENTS.assign(patient_id=["P" + "9" * 5000, *PATIENTS["patient_id"][1:]])
    with pytest.raises(StudyError, match="the id has 5,001 characters"):
        prepare_cohort(load_study(write_study(tmp_path, patients=patients)))

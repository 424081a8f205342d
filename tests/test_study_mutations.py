"""A study file with any value in the place of any key: a problem with its place, or a cohort."""

from __future__ import annotations

import copy
import itertools
import json
import time
from collections import Counter

import pytest
import yaml
from small_study import STUDY, write_study

from her2adc.__main__ import main
from her2adc.build.chapters import chapter_problems
from her2adc.config import load_study
from her2adc.errors import StudyError
from her2adc.prepare import checked_cohort, summary

DEEP = json.loads("[" * 50 + "]" * 50)
VALUES = {
    "null": None, "empty list": [], "empty keys": {}, "empty text": "", "text": "x", "minus one": -1,
    "one": 1, "huge": 1e308, "true": True, "deep": DEEP, "list": ["x", "x"], "nested": {"x": {"x": [{}]}},
    "long": "x" * 10_000, "unicode": "\u202e\x1b[31m年龄\U0001f9ec", "nan": float("nan"),
    "path": "../../etc/passwd",
}  # fmt: skip
FULL = {
    **STUDY,
    "setting": "Two hospitals",
    "notes": None,
    "reference": "HER2-low",
    "inclusion": [{"exclude": "age < 40", "reason": "Younger than 40 years"}],
    "variables": {
        **STUDY["variables"],
        "double": {"label": "Twice the age", "expression": "2 * age"},
    },
    "baseline": {"variables": ["age", "liver"], "tests": True},
    "endpoints": {
        "PFS": {**STUDY["endpoints"]["PFS"], "horizon_months": 60, "event_where": "age > 0",
                "clock": "Time since start"},
        "TTL": {"label": "Time to the last visit", "definition": "a", "start": "start",
                "events": ["last_seen"], "censor": ["last_seen"]},
    },
    "adjustment": ["age_60"],
    "outcomes": {"liver_yes": {"label": "Liver", "definition": "a", "column": "liver"}},
    "populations": {"old": {"label": "Older", "where": "age >= 60"}},
    "safety": {"recorded_from": {"Nausea": 1}, "special_interest": "adc", "days_after": 30,
               "observed_to": ["last_seen"], "periods": {"on": {"label": "On", "start": "start",
                                                                "stop": "last_seen"}}},
    "limitations": ["small"],
    "chapters": [
        "cohort",
        {"notebook": "survival", "page": "pfs", "title": "PFS",
         "parameters": {"endpoint": "PFS", "by": "liver", "where": "age > 40", "time_max": 12}},
        {"notebook": "subgroups", "parameters": {"compare": ["HER2-positive"]}},
    ],
}  # fmt: skip

def places(node, path=()):
    """Every place of a tree, inner ones included."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(path, value):
    tree = copy.deepcopy(FULL)
    node = tree
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return tree


def outcome(folder):
    """What came of a study, and the text."""
    try:
        study = load_study(folder)
        problems = chapter_problems(study)
        cohort = checked_cohort(study)
        if problems:
            raise StudyError(problems)
        return "a cohort", summary(study, cohort)
    except StudyError as error:
        return "a problem", str(error)


@pytest.mark.parametrize("part", sorted(FULL))
def test_any_value_in_the_place_of_any_key(tmp_path, part):
    folder = write_study(tmp_path)
    counts = Counter()
    where = list(places({part: FULL[part]}))
    for path, (name, value) in itertools.product(where, VALUES.items()):
        tree = changed(path, value)
        (folder / "study.yml").write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
        started = time.perf_counter()
        try:
            kind, text = outcome(folder)
        except Exception as error:
            raise AssertionError(f"{path} = {name}: {type(error).__name__}: {error}") from error
        assert time.perf_counter() - started < 20, (path, name)
        assert "\x1b" not in text and "\u202e" not in text, (path, name)
        assert len(text) < 20_000, (path, name, len(text))
        if kind == "a problem":
            assert "problem" in text.splitlines()[0] and len(text.splitlines()) > 1
            assert "study.yml" in text or ".csv" in text, text
        counts[kind] += 1
    print(part, dict(counts))


def test_the_full_study_is_well(tmp_path):
    folder = write_study(tmp_path, study=FULL)
    assert outcome(folder)[0] == "a cohort", outcome(folder)[1]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "x", "- a\n- b", "{", "\x00", "a: &a [*a]", "!!python/object/apply:os.system ['true']",
     "title: [" * 100, "a: b: c", "\t", "%YAML 9.9\n---\na: b", "? [a]: b", "a: 1\na: 2",
     "---\na: 1\n---\nb: 2",
     "\ufeffa: 1", "'unclosed", "chapters: !!set {a}", "a: *b", "<<: 3"],
)  # fmt: skip
def test_a_study_file_of_any_text(tmp_path, capsys, text):
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "study.yml").write_text(text, encoding="utf-8")
    assert main(["validate", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "problem" in out and "fault of the program" not in out, out

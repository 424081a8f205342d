"""Several hundred inputs end in the same cohort, or in a problem that names the place; in nothing else."""

from __future__ import annotations

import time
from collections import Counter

import corpus
import pandas as pd
import pytest

from her2adc.cohort import prepare_cohort
from her2adc.config import load_study
from her2adc.errors import StudyError

PARTS = 8
SECONDS = 20
"""A bound against a hang, far above the tenths of a second that an input takes."""


@pytest.fixture(scope="module")
def right(tmp_path_factory) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    folder = tmp_path_factory.mktemp("right") / "study"
    corpus.Files().write(folder)
    return _read(folder)


def _read(folder):
    from her2adc.build.chapters import chapter_problems

    study = load_study(folder)
    if problems := chapter_problems(study):
        raise StudyError(problems)
    cohort = prepare_cohort(study)
    events = cohort.tables["adverse_events"].sort_values(["patient_id", "term"]).reset_index(drop=True)
    return corpus.meaning(cohort.data), events


def _outcome(made: corpus.Input, folder, right) -> str:
    made.write(folder)
    start = time.perf_counter()
    try:
        data, events = _read(folder)
    except StudyError as error:
        placed = [p for p in error.problems if p.file.startswith(made.file or p.file)]
        assert placed, f"no problem names {made.file}: {error}"
        if made.row is not None:
            named = [p for p in placed if p.row == made.row and made.column in (p.column, "")]
            assert named, f"no problem names row {made.row}, {made.column}: {error}"
        elif made.column:
            assert any(made.column in f"{p.column} {p.message} {p.value}" for p in placed), str(error)
        assert all(p.message and p.remedy for p in error.problems), f"without a remedy: {error}"
        assert not made.same, f"means the same and is refused: {error}"
        return "a problem that names the place"
    finally:
        assert time.perf_counter() - start < SECONDS, "took too long"
    pd.testing.assert_frame_equal(data, right[0], check_dtype=False)
    pd.testing.assert_frame_equal(events[right[1].columns], right[1], check_dtype=False)
    return "the same cohort"


@pytest.mark.parametrize("part", range(PARTS))
def test_an_input_is_the_same_cohort_or_a_problem_with_its_place(part, tmp_path, right, capsys):
    found, wrong = Counter(), []
    for number, made in enumerate(corpus.inputs()[part::PARTS]):
        try:
            found[_outcome(made, tmp_path / f"s{number}", right)] += 1
        except Exception as error:
            wrong.append(f"{made.name}: {type(error).__name__}: {str(error)[:300]}")
    with capsys.disabled():
        print(f"\ninputs, part {part + 1} of {PARTS}: {dict(found)}")
    assert wrong == []


def test_there_are_enough_inputs():
    assert len(corpus.inputs()) >= 500

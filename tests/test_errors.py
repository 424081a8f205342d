"""Messages: one entry for cells of one form, in the order of the cure, and nothing a terminal obeys."""

import os
import subprocess
import sys

import pytest

from her2adc.__main__ import main
from her2adc.errors import Problem, StudyError, form, nearest, report


def test_cells_of_one_form_are_one_problem():
    dates = [Problem("a.xlsx, sheet S", "no date", "write 2024-05-31", r, "start", f"2023.{r % 12 + 1}.6")
             for r in range(6, 121)]
    lines = report(dates).splitlines()
    assert lines[0] == "1 problem found (115 cells)"
    assert len(lines) == 3
    assert lines[1].startswith("a.xlsx, sheet S, rows 6, 7, 8") and "and 105 more, start: no date" in lines[1]
    assert "(found: '2023.7.6'" in lines[1] and lines[1].endswith("), in 115 cells")


def test_other_forms_columns_and_messages_stay_apart():
    cells = [("start", "2023.5.6"), ("start", "2023年5月6日"), ("stop", "2023.5.6"), ("start", "soon")]
    problems = [Problem("a.csv", "no date", "", r, c, v) for r, (c, v) in enumerate(cells, 2)]
    assert report(problems).startswith("4 problems found\n")


def test_never_a_flood():
    many = [Problem("a.csv", f"odd {n}", "mend it", n, f"c{n}", "x") for n in range(500)]
    text = report(many)
    assert len(text.splitlines()) < 60 and "475 more, in a.csv" in text
    forms = [Problem("a.csv", "no number", "", n + 2, "x", "1" + chr(0x4E00 + n)) for n in range(300)]
    assert len(report(forms).splitlines()) < 10


def test_files_come_first_then_columns_then_cells():
    problems = [Problem("a.csv", "cell", row=3, column="x"), Problem("a.csv", "column", column="x"),
                Problem("b.csv", "file"), Problem("study.yml", "key", row=9, column="group")]
    said = [line.rsplit(": ", 1)[1] for line in report(problems).splitlines()[1:]]
    assert said == ["file", "key", "column", "cell"]


def test_nothing_of_the_data_reaches_the_terminal_raw_or_long():
    evil = "\x1b]0;title\x07\x1b[31m\u202e\u200b\n" + "x" * 10_000
    text = str(StudyError([Problem("a\x1b.csv", f"is {evil[:20]}", "no", 3, "c\x00", evil)]))
    assert all(c.isprintable() or c == "\n" for c in text)
    assert len(text) < 500 and "\\x1b" in text


@pytest.mark.parametrize(("a", "b", "same"), [
    ("2023.5.6", "1999.12.31", True), ("48岁", "7岁", True), ("2023.5.6", "2023-5-6", False),
    ("P1", "Patient 22", False), ("", "x", False), ("无", "none", True),
])
def test_form(a, b, same):
    assert (form(a) == form(b)) is same


def test_nearest_of_nothing():
    assert "there is none" in nearest("x", [])


@pytest.mark.parametrize("place", ["missing", "file", "folder in its place", "empty folder", "other name"])
def test_places_that_hold_no_study(tmp_path, capsys, place):
    path = tmp_path / "s"
    if place == "file":
        path.write_text("x")
    if place == "folder in its place":
        (path / "study.yml").mkdir(parents=True)
    if place in ("empty folder", "other name"):
        path.mkdir()
    if place == "other name":
        (path / "study.yaml").write_text("title: x")
    assert main(["validate", str(path)]) == 1
    said = capsys.readouterr().out
    assert said.startswith("1 problem found\n") and "->" in said
    assert place != "other name" or "rename study.yaml to study.yml" in said


@pytest.mark.parametrize("data", ["missing", "file"])
def test_a_data_folder_that_is_none(tmp_path, capsys, data):
    (tmp_path / "file").write_text("x")
    assert main(["validate", str(tmp_path), "--data", str(tmp_path / data)]) == 1
    assert "--data: " in capsys.readouterr().out


def test_a_fault_of_the_program_is_said_to_be_one(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("her2adc.config.load_study", lambda _: 1 / 0)
    assert main(["validate", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert said.startswith("a fault of the program, not of your study: ZeroDivisionError")
    assert "ZeroDivisionError" in (tmp_path / "_build/logs/her2adc-fault.log").read_text()


def test_ctrl_c(tmp_path, capsys, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("her2adc.config.load_study", stop)
    assert main(["validate", str(tmp_path)]) == 130
    assert capsys.readouterr().out == "stopped\n"


def test_a_terminal_of_another_encoding_and_a_reader_that_left(tmp_path):
    folder = tmp_path / "年龄"
    folder.mkdir()
    (folder / "study.yml").write_text("title: 年龄\n年龄: 1\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "her2adc", "validate", str(folder)]
    done = subprocess.run(command, capture_output=True, env=environment, check=False, timeout=120)
    assert done.returncode == 1 and b"Traceback" not in done.stderr and b"problem" in done.stdout
    shell = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    shell.stdout.close()
    assert b"Traceback" not in shell.stderr.read()
    shell.wait(timeout=120)
    shell.stderr.close()

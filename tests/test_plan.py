"""What a build knows before its first step: names, places, what is out of date."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from building import make_tree
from small_study import write_study

from her2adc.__main__ import main as her2adc
from her2adc.build import drive, steps, swap, trouble
from her2adc.build.__main__ import main as task
from her2adc.build.keys import keys
from her2adc.build.plan import make_plan, read_plan, study_names, write_plan
from her2adc.cohort import prepare_cohort
from her2adc.config import load_study, study_id
from her2adc.errors import StudyError

FOLDERS = {"alpha": "alpha", "2024_TDXd": "s_2024_tdxd", "Our T-DXd": "our_t_dxd",
           "Müller-Straße": "mueller_strasse", "2024": "s_2024",
           "a b,c": "a_b_c", "it's $5": "it_s_5", "Ärzte+": "aerzte"}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository without studies, as the current folder."""
    (tmp_path / "studies").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(folder, **parts):
    """Change keys of a study file."""
    file = folder / "study.yml"
    study = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**study, **parts}, sort_keys=False, allow_unicode=True), encoding="utf-8")


@pytest.mark.parametrize(("folder", "wanted"), FOLDERS.items())
def test_any_folder_name_gives_an_id(root, folder, wanted):
    write_study(root / "studies", folder)
    study = load_study(root / "studies" / folder)
    assert study.id == study_id(folder) == wanted
    for name in (folder, wanted, f"studies/{folder}"):
        assert [s.id for s in make_plan([name]).studies] == [wanted]


def test_names_without_latin_letters_have_ids_that_differ():
    names = ("乳腺癌", "乳腺", "рак", "乳腺癌 2024", "乳腺癌2025", "...", "é" * 300, "é" * 301, "日本")
    ids = [study_id(name) for name in names]
    assert len(set(ids)) == len(ids)
    assert all(len(i) < 63 and i.isascii() and i.islower() and i.replace("_", "a").isalnum() for i in ids)
    assert study_id("Zu\u0308rich") == study_id("Z\u00fcrich")  # as macOS and as Linux write it


def test_two_folders_with_one_id_are_told_apart(root):
    for name in ("My Study", "my_study"):
        write_study(root / "studies", name, study={"short_title": name})
    with pytest.raises(StudyError, match="same id as the study studies/My Study") as error:
        make_plan()
    assert "rename one of the two folders" in str(error.value)
    assert len(make_plan(["my_study", "studies/my_study"]).studies) == 1  # one folder, named twice


def test_an_id_of_the_file_is_that_of_the_folder(tmp_path, capsys):
    folder = write_study(tmp_path, "2024 TDXd")
    for good in ("s_2024_tdxd", "2024 TDXd"):
        change(folder, id=good)
        assert load_study(folder).id == "s_2024_tdxd"
    change(folder, id="other")
    with pytest.raises(StudyError, match=r"delete the line, write id: s_2024_tdxd"):
        load_study(folder)
    change(folder, id="s_2024_tdxd")
    assert her2adc(["validate", str(folder)]) == 0
    assert "2024 TDXd (id s_2024_tdxd): no problem found" in capsys.readouterr().out


def test_commas_in_a_folder_name(root):
    for name in ("a,b", "c"):
        write_study(root, name)
    assert study_names(f"{root}/a,b,c") == [f"{root}/a,b", "c"]
    assert study_names("x, y ,") == ["x", "y"]


PAGES = ["$(touch X)", "`touch X`; touch Y", "a b", "PFS", "a/b", "../a", "figures", "index", "乳腺", "-a",
         "a.b", "a\nb", "a" * 61, "x-figure-y", ""]


@pytest.mark.parametrize("page", PAGES)
def test_page_names_are_checked_before_anything_runs(root, page, capsys):
    folder = write_study(root / "studies", "small")
    change(folder, chapters=["cohort", {"notebook": "survival", "page": page}])
    for check in (lambda: load_study(folder), make_plan):
        if page == "" and check is make_plan:
            continue  # an empty name is that of the notebook
        with pytest.raises(StudyError) as error:
            check()
        assert "chapters.1.page" in str(error.value) and "write page: " in str(error.value)
        remedy = str(error.value).split("write page: ")[1].split(";")[0].strip()
    if page:
        change(folder, chapters=["cohort", {"notebook": "survival", "page": remedy}])
        assert make_plan().studies[0].pages[1].page == remedy == load_study(folder).chapters[1].page


def test_notebooks_are_names_and_pages_differ(root):
    folder = write_study(root / "studies", "small")
    for name in ("../../x", "/tmp/x", "a/b", "~/x"):
        change(folder, chapters=[{"notebook": name, "page": "x"}])
        for check in (lambda: load_study(folder), make_plan):
            with pytest.raises(StudyError, match=r"chapters\.0\.notebook: is no name of a notebook"):
                check()
    change(folder, chapters=["cohort", "cohort"])
    with pytest.raises(StudyError, match="two chapters have the same page name"):
        make_plan()


OUTSIDE = ["../../etc/passwd", "/etc/passwd", "~/x.csv", "a/../../x.csv", "C:\\x.csv", "..\\x.csv",
           "\\\\server\\x.csv"]


@pytest.mark.parametrize("file", OUTSIDE)
def test_no_file_outside_of_the_data_folder(root, file):
    folder = write_study(root / "studies", "small")
    for part, key in ((file, "data.patients"), ({"file": file}, "data.patients.file"),
                      ({"sources": [{"file": file}]}, "data.patients.sources.0.file")):
        change(folder, data={"patients": part})
        for check in (lambda: load_study(folder), make_plan):
            with pytest.raises(StudyError) as error:
                check()
            text = str(error.value)
            assert f"{key}: is a place outside of the folder" in text and text.count(" -> ") <= 2
    change(folder, data={"patients": "patients.csv", "folder": file})
    for check in (lambda: load_study(folder), make_plan):
        with pytest.raises(StudyError, match="is a folder outside of the study's own"):
            check()


def test_notes_outside_of_the_study(tmp_path):
    folder = write_study(tmp_path)
    change(folder, notes="../../etc/passwd")
    with pytest.raises(StudyError, match="notes: is a place outside of the study's folder"):
        load_study(folder)


@pytest.mark.parametrize("link", ["data/patients.csv", "study.yml", "notes.md", "data"])
def test_links_out_of_the_folders_are_not_read(root, tmp_path, link):
    folder = write_study(root / "studies", "small")
    (folder / "notes.md").write_text("x")
    (folder / link).rename(tmp_path / "elsewhere")
    (folder / link).symlink_to(tmp_path / "elsewhere")
    for check in (lambda: prepare_cohort(load_study(folder)), make_plan):
        with pytest.raises(StudyError, match="is a link to a f"):
            check()
    if link == "data":  # the advice cures
        assert len(prepare_cohort(load_study(folder), tmp_path / "elsewhere").data)
        assert make_plan(["small"], data=str(tmp_path / "elsewhere")).studies


def test_links_within_the_study_are_read(tmp_path):
    folder = write_study(tmp_path)
    (folder / "data/patients.csv").rename(folder / "data/v2.csv")
    (folder / "data/patients.csv").symlink_to("v2.csv")
    (tmp_path / "link").symlink_to(folder)
    assert load_study(tmp_path / "link").id == "small"
    assert len(prepare_cohort(load_study(folder)).data)


def test_a_block_repeated_without_end_is_refused_at_once(root):
    folder = write_study(root / "studies", "small")
    lines = ["x0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 12)]
    text = "\n".join([*lines, "chapters: [{notebook: cohort, parameters: {a: *x11}}]"])
    (folder / "study.yml").write_text(text)
    start = time.monotonic()
    with pytest.raises(StudyError, match="the chapters hold more than"):
        make_plan()
    assert time.monotonic() - start < 10


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = make_tree(tmp_path_factory.mktemp("tree"))
    for name in ("alpha", "beta"):
        write_study(root / "studies", name, study={"short_title": name})
    return root


@pytest.fixture
def known(tree, monkeypatch):
    """The keys of all steps, asked for again at each call."""
    monkeypatch.chdir(tree)
    return lambda: keys(make_plan())


def changed(before, after):
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


ALPHA = {"prepare/alpha", "page/alpha/cohort", "page/alpha/pfs", "collect", "front", "site"}
ALL = ALPHA | {n.replace("alpha", "beta") for n in ALPHA}


@pytest.mark.parametrize(("file", "wanted"), [
    ("studies/alpha/data/patients.csv", ALPHA),
    ("studies/alpha/study.yml", ALPHA),
    ("src/her2adc/agents.yml", ALL),
    ("src/her2adc/results.py", ALL),
    ("requirements.txt", ALL),
    ("notebooks/cohort.ipynb", ALL - {"prepare/alpha", "prepare/beta", "page/alpha/pfs", "page/beta/pfs"}),
    ("book/glossary.md", {"site"}),
    ("src/her2adc/build/site.py", {"site"}),
    ("src/her2adc/reconstruct.py", set()),
    ("README.md", set()),
])
def test_content_counts_and_time_does_not(tree, known, file, wanted):
    path = tree / file
    path.parent.mkdir(exist_ok=True)
    good = path.read_bytes() if path.exists() else b""
    before = known()
    for moment in (0, 2_000_000_000):
        path.write_bytes(good)
        os.utime(path, (moment, moment))
        assert known() == before
        path.write_bytes(good + b"\n#x\n")  # as cp -p, unzip and a file share leave it
        os.utime(path, (moment, moment))
        assert changed(before, known()) == wanted
    path.write_bytes(good)
    assert known() == before


def test_a_file_taken_away_or_added_counts(tree, known):
    before = known()
    data = tree / "studies/alpha/data/assessments.csv"
    data.rename(tree / "aside")
    assert changed(before, known()) == ALPHA
    (tree / "aside").rename(data)
    assert known() == before
    new = tree / "src/her2adc/lookup.csv"
    new.write_text("a,b\n")
    assert changed(before, known()) == ALL
    new.unlink()
    assert known() == before


def test_marks_make_a_step_done_and_their_absence_undone(tree, known, monkeypatch):
    plan = replace(make_plan(), keys=known())
    write_plan(plan)
    assert read_plan() == plan
    everything = steps.stale(plan)
    assert set(everything) == ALL
    monkeypatch.setattr(steps, "_made", lambda name: "")
    for name in everything:
        with steps.step(name, plan):
            pass
    assert steps.stale(plan) == []
    (steps.DONE / "page/alpha/pfs").unlink()
    assert steps.stale(plan) == ["page/alpha/pfs", "collect", "front", "site"]
    assert steps.stale(plan) == ["page/alpha/pfs", "collect", "front", "site"]
    with pytest.raises(ZeroDivisionError), steps.step("page/alpha/pfs", plan):
        raise ZeroDivisionError
    assert not steps.is_marked("page/alpha/pfs")
    file = tree / "studies/alpha/data/patients.csv"
    good = file.read_bytes()
    with pytest.raises(StudyError, match="changed while it ran"), steps.step("prepare/alpha", plan):
        file.write_bytes(good + b"\n")
    file.write_bytes(good)
    assert not steps.is_marked("prepare/alpha")


def test_a_step_that_was_killed_is_called_that(tree, known, capsys):
    plan = replace(make_plan(), keys=known())
    steps._write(steps.RUNNING / "page/alpha/pfs", "1")
    drive._say_why(["page/alpha/pfs", "collect"], 1)
    text = capsys.readouterr().out
    assert "page alpha/pfs: 1 problem found" in text and "killed" in text and "memory" in text
    steps.clear_records(list(plan.keys))
    assert steps.failure("page/alpha/pfs") is None


def test_a_step_of_a_build_that_is_over_does_nothing(tree, known, monkeypatch):
    plan = replace(make_plan(), keys=known(), build="new")
    write_plan(plan)
    monkeypatch.setenv(steps.BUILD, "old")
    with pytest.raises(steps.Superseded), steps.running_step():
        pass
    assert task(["page", "alpha", "pfs"]) == 1
    assert steps.failure("page/alpha/pfs") is None
    monkeypatch.setenv(steps.BUILD, "new")
    with steps.running_step() as found:
        assert found == plan


def test_no_moment_without_a_site(tmp_path, monkeypatch):
    for exchange in (swap._exchange, lambda *_: False):  # with and without an exchange in one step
        monkeypatch.setattr(swap, "_exchange", exchange)
        place, seen, ended = tmp_path / "html", [], threading.Event()
        write_site(tmp_path / "new", "0")
        swap.put_in_place(tmp_path / "new", place)
        if exchange(*(write_site(tmp_path / n, "0") for n in ("a", "b"))) is False:
            write_site(tmp_path / "new", "0")
            swap.put_in_place(tmp_path / "new", place)  # once, a folder becomes a link

        def look(place=place, seen=seen, ended=ended):
            while not ended.is_set():
                try:
                    seen.append((place / "index.html").read_text())
                except FileNotFoundError:
                    seen.append("none")

        thread = threading.Thread(target=look)
        thread.start()
        for number in range(1, 30):
            swap.put_in_place(write_site(tmp_path / "new", str(number)), place)
        ended.set()
        thread.join()
        assert (place / "index.html").read_text() == "29"
        assert set(seen) <= set(map(str, range(30))) and len(seen) > 1
        assert not (tmp_path / "new").exists()
    monkeypatch.undo()
    swap.put_in_place(write_site(tmp_path / "new", "last"), place)  # from a link back to a folder, or not
    assert (place / "index.html").read_text() == "last"


def write_site(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(text)
    return folder


def test_a_change_that_was_cut_off_is_put_back(tmp_path):
    versions = write_site(tmp_path, "x") / "html.versions"
    versions.mkdir()
    write_site(versions / "before", "good")
    swap.recover(tmp_path / "html")
    assert (tmp_path / "html/index.html").read_text() == "good"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENOMEM])
def test_what_the_machine_refuses_is_one_line_with_a_remedy(tree, monkeypatch, capsys, number):
    monkeypatch.chdir(tree)

    def refuse(*_):
        raise OSError(number, os.strerror(number), "_build/plan.json")

    monkeypatch.setattr(drive, "write_plan", refuse)
    monkeypatch.setattr(steps, "stale", lambda plan: ["site"])
    assert task(["book"]) == 1
    text = capsys.readouterr().out
    assert len(text.splitlines()) == 3 and "_build/plan.json: " in text and "\n    -> " in text
    assert "Traceback" not in text and "Errno" not in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk(tree):
    (tree / "_build").mkdir(exist_ok=True)
    (tree / "_build/.plan.json").symlink_to("/dev/full")
    run = subprocess.run([sys.executable, "-m", "her2adc.build", "book"], cwd=tree, capture_output=True,
                         env={**os.environ, "PYTHONPATH": str(tree / "src")}, text=True, check=False)
    (tree / "_build/.plan.json").unlink()
    text = run.stdout + run.stderr
    assert run.returncode == 1 and "the disk is full" in text and len(text.splitlines()) == 3, text


def test_words_of_other_programs():
    assert trouble.in_text("OSError: [Errno 28] Error writing bytes to file")[0] == "the disk is full"
    assert trouble.in_text("numpy._core._exceptions._ArrayMemoryError: Unable")[0].startswith("the memory")
    assert trouble.in_text("KeyError: 'x'") is None and trouble.words(ValueError()) is None


@pytest.mark.parametrize("option", ["--jobs=two", "--timeout=-1", "--timeout=soon", "--jobs=inf"])
def test_numbers_of_the_command_line(option, capsys):
    assert task(["book", option]) == 1
    assert "is a number, 0 or more" in capsys.readouterr().out


def test_jobs_run_without_the_users_own_settings(monkeypatch):
    for name in ("OPENBLAS_CORETYPE", "LC_ALL", "IPYTHONDIR", "SNAKEMAKE_PROFILE", "PYTHONSTARTUP", "TZ"):
        monkeypatch.setenv(name, "own")
    found = drive.environment()
    assert "own" not in found.values()
    assert found["OPENBLAS_NUM_THREADS"] == "1" and found["TZ"] == "UTC"
    assert json.dumps(found)

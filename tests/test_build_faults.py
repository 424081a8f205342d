"""Builds that fail, are killed, or are given strange names and old files: what the next one does."""

import importlib.util
import os
import random
import signal
import subprocess
import time

import pytest
import yaml
from building import ROOT, build, command, environment, make_tree, own_pages, snapshot
from small_study import write_study

pytestmark = pytest.mark.xdist_group("build")
FAULTS = {
    "own0": ("1", ""),
    "own1": ("1 / 0", "cell 4: ZeroDivisionError: division by zero"),
    "own2": ("import time; time.sleep(600)", "cell 4: the page reached its time limit of 0.6 minutes here"),
    "own3": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
             "cell 4: the kernel that ran this page was killed (signal 9), most likely because the memory"),
    "own4": ("raise OSError(28, 'No space left on device', 'x')", "cell 4: the disk is full"),
    "own5": ("'x'.no_such_thing", "cell 4: AttributeError"),
}
STRANGE = "2024 T-DXd, ü 乳腺 'q' $x"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A tree at a path with blanks, with one study of strange name."""
    root = make_tree(tmp_path_factory.mktemp("a tree") / "with blanks")
    folder = write_study(root / "studies", STRANGE, study={"data_kind": "simulated"})
    own_pages(folder, ["report.text(f'{len(report.data)} patients')", "1"])
    return root


@pytest.fixture(scope="module")
def study(tree):
    return tree / "studies" / STRANGE


@pytest.fixture(scope="module")
def first(tree, study):
    built = build(tree, f"--study=studies/{STRANGE}")
    assert built.code == 0, built.text
    return built


def name(built):
    return built.text.split("(id ")[1].split(")")[0]


def text_of(tree, first):
    return (tree / f"_build/html/pages/{name(first)}/own0.html").read_text(encoding="utf-8")


def test_any_folder_name_builds_and_its_id_is_shown(tree, first):
    assert f"study {STRANGE} (id s_2024_t_dxd_ue_q_x_" in first.text
    assert "10 patients" in text_of(tree, first)
    assert first.pages == {f"{name(first)}/own0", f"{name(first)}/own1"}


def test_old_files_new_content(tree, study, first):
    """A patient is taken out with a file time of long ago, and put back from the future."""
    data = study / "data/patients.csv"
    good = data.read_bytes()
    seen = study / "data/assessments.csv"
    all_seen = seen.read_text()
    lines = good.splitlines(keepends=True)
    last = lines[-1].decode().split(",")[0]
    for content, moment, n in ((b"".join(lines[:-1]), 10**8, 9), (good, 2 * 10**9, 10)):
        data.write_bytes(content)
        os.utime(data, (moment, moment))
        kept = [line for line in all_seen.splitlines(keepends=True) if n == 10 or not line.startswith(last)]
        seen.write_text("".join(kept))
        built = build(tree)
        assert built.code == 0 and len(built.pages) == 2, built.text
        assert f"{n} patients" in text_of(tree, first)
        os.utime(data)
        assert "is up to date" in build(tree).text
    data.rename(study / "aside")
    gone = build(tree)
    assert gone.code == 1 and "patients.csv" in gone.text
    assert build(tree).text == gone.text
    (study / "aside").rename(data)
    assert build(tree).code == 0


def test_drug_dictionary_counts_as_input(tree, first):
    """Case agents_stale: a fault in it is told, again and again, until it is mended."""
    path = tree / "src/her2adc/agents.yml"
    good = path.read_bytes()
    path.write_bytes(good + b"# a remark\n")
    assert len(build(tree).pages) == 2
    path.write_bytes(good)
    assert len(build(tree).pages) == 2


def test_typo_fails_with_the_same_words_until_it_is_mended(tree, study, first):
    html = snapshot(tree / "_build/html")
    data = study / "data/patients.csv"
    good = data.read_text()
    data.write_text(good.replace("P01,44", "P01,fourty"))
    texts = {(built := build(tree)).text for _ in range(2)}
    assert built.code == 1 and len(texts) == 1 and "fourty" in built.text and "Traceback" not in built.text
    assert "2 steps that need them were not run" in built.text
    data.write_text(good)
    os.utime(data, (10**8, 10**8))
    assert build(tree).code == 0
    assert snapshot(tree / "_build/html") == html


@pytest.mark.faults
def test_all_failing_pages_are_told_in_one_go_and_good_ones_not_run_again(tree, first):
    html = snapshot(tree / "_build/html")
    folder = write_study(tree / "studies", "faulty", study={"short_title": "Faulty"})
    own_pages(folder, [code for code, _ in FAULTS.values()])
    words = ["--study=faulty", "--timeout=0.6"]
    for runs in (1, 2):
        built = build(tree, *words)
        assert built.code == 1 and built.pages == ({"faulty/own0"} if runs == 1 else set()), built.text
        end = built.text[built.text.index("\n\n"):]
        for page, (_, wanted) in FAULTS.items():
            if wanted:
                part = end.split(f"page faulty/{page}: ")[1].split("\n\n")[0]
                assert f"notebooks/{page}.ipynb, {wanted}" in part and "\n    -> " in part, built.text
        assert "5 steps failed." in end and "Traceback" not in built.text and "rule" not in built.text
        assert "TIMEOUT=" in end and "JOBS=1" in end
        assert snapshot(tree / "_build/html") == html
    own_pages(folder, ["1"] * len(FAULTS))
    built = build(tree, *words)
    mended = {f"faulty/{page}" for page, (_, wanted) in FAULTS.items() if wanted}
    assert built.code == 0 and built.pages == mended, built.text
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()


def test_nothing_of_a_study_file_is_run(tree, tmp_path):
    folder = write_study(tmp_path, "evil")
    study = yaml.safe_load((folder / "study.yml").read_text())
    for page in ("$(touch X)", "`touch X`", "a; touch X", "{params.python}", "a b\ntouch X"):
        study["chapters"] = [{"notebook": "cohort", "page": page}]
        (folder / "study.yml").write_text(yaml.safe_dump(study))
        built = build(tree, "--study", str(folder))
        assert built.code == 1 and "is no page name" in built.text and "write page: " in built.text
        assert len(built.text.splitlines()) == 3
    assert not (tree / "X").exists()


@pytest.mark.faults
def test_interrupted_build_says_so_and_leaves_nothing_behind(tree, first):
    built = build(tree)
    assert built.code == 0
    folder = write_study(tree / "studies", "slow", study={"short_title": "Slow"})
    own_pages(folder, ["import time; time.sleep(600)"])
    process = subprocess.Popen(command("--study=slow"), cwd=tree, env=environment(tree), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (tree / "_build/running/page/slow/own0").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    text = process.communicate(timeout=120)[0]
    assert process.returncode == 130 and "Stopped." in text and "Traceback" not in text, text
    (folder / "study.yml").unlink()
    assert "is up to date" in build(tree).text or build(tree).code == 0


@pytest.mark.faults
def test_killed_builds_are_mended_by_the_next_one(tmp_path):
    """The short form of ``make faults``."""
    spec = importlib.util.spec_from_file_location("faults_script", ROOT / "workflow/faults.py")
    faults = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(faults)
    counts = faults.run(make_tree(tmp_path / "tree"), 3, random.Random(3))
    print(dict(counts))
    assert counts["next build equals a clean one"] >= 3
    assert counts["of these broken"] == 0 < counts["looks at the site"]
    assert counts["next build differs"] == counts["next build fails"] == 0

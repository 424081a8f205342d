"""One set of versions in every file that names any, and an environment that follows it."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, version
from types import SimpleNamespace

import pytest
import yaml
from building import ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

PINS_TEXT = re.sub(r"^#.*\n", "", (ROOT / "requirements.txt").read_text(encoding="utf-8"), flags=re.M)
BLOCKS = [re.split(r" \\\n +", block) for block in re.split(r"\n(?=[A-Za-z])", PINS_TEXT.strip())]
LINES = [block[0] for block in BLOCKS]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DIRECT = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["dev"]


def name(text):
    return re.sub(r"[-_.]+", "-", text).lower()


PINS = {name(r.name): r for r in map(Requirement, LINES)}


@pytest.fixture
def venv():
    spec = importlib.util.spec_from_file_location("venv_script", ROOT / "workflow/venv.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_line_is_one_exact_pin():
    for line in LINES:
        assert re.fullmatch(r'[A-Za-z0-9_.-]+==[\w.]+(; \w+ == "[\w.]+")?', line), line
    assert len(PINS) == len(LINES)
    assert [name(line.split("==")[0]) for line in LINES] == sorted(PINS)


def test_every_pin_has_the_hashes_of_its_files():
    for line, *hashes in BLOCKS:
        assert hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", h) for h in hashes), line
    assert "--require-hashes" in (ROOT / "workflow/venv.py").read_text(encoding="utf-8")


def test_renewing_the_pins_keeps_them(monkeypatch):
    spec = importlib.util.spec_from_file_location("pins_script", ROOT / "workflow/pins.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.pins((ROOT / "requirements.txt").read_text(encoding="utf-8")) == LINES
    assert module.pins("b==2\na==1.0 ; sys_platform == 'darwin' \\\n    --hash=sha256:0\n") == \
        ['a==1.0; sys_platform == "darwin"', "b==2"]


def test_no_address_of_an_index():
    for file in ("requirements.txt", "environment.yml", "pyproject.toml"):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert not re.search(r"https?://|file:|index-url|find-links", text), file


def test_pyproject_names_the_same_versions():
    for requirement in map(Requirement, [*DIRECT, *PROJECT["build-system"]["requires"]]):
        assert requirement.specifier == PINS[name(requirement.name)].specifier, requirement


def test_environment_yml_takes_the_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert pip == ["--requirement requirements.txt"]  # nothing without a hash beside it: pip refuses that
    python = next(d for d in environment["dependencies"] if isinstance(d, str) and d.startswith("python"))
    assert python.split("=")[1] in PROJECT["project"]["requires-python"]


def test_requirements_are_what_the_direct_ones_need_and_no_more():
    seen, todo = set(), [Requirement(r) for r in DIRECT]
    while todo:
        requirement = todo.pop()
        key = (name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            wants = distribution(requirement.name).requires or []
        except PackageNotFoundError:
            continue
        extras = {"", *requirement.extras}
        todo += [r for r in map(Requirement, wants)
                 if r.marker is None or any(r.marker.evaluate({"extra": e}) for e in extras)]
    needed = {n for n, _ in seen}
    here = {n for n, r in PINS.items() if r.marker is None or r.marker.evaluate()}
    assert needed - set(PINS) == set(), "missing from requirements.txt"
    if sys.version_info[:2] == (3, 11):
        assert here - needed == set(), "in requirements.txt and not needed"


def test_installed_versions_are_the_pinned_ones():
    for pin in PINS.values():
        if pin.marker is None or pin.marker.evaluate():
            assert pin.specifier.contains(version(pin.name)), pin


def test_bootstrap_parses_in_old_pythons():
    text = (ROOT / "workflow/venv.py").read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 6))
    modules = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert modules <= {"hashlib", "os", "re", "shutil", "subprocess", "sys"}
    assert not any(isinstance(n, ast.JoinedStr) for n in ast.walk(tree))


def test_old_python_is_told_what_is_missing(venv, monkeypatch):
    monkeypatch.setattr(venv, "NEEDED", (99, 0))
    monkeypatch.setattr(venv.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"Python 99\.0 or newer is needed"):
        venv.newer_python(["book"])


@pytest.fixture
def scratch(venv, monkeypatch, tmp_path):
    """The bootstrap in a folder of its own, with pip and venv only counted."""
    for file in ("requirements.txt", "pyproject.toml"):
        (tmp_path / file).write_text((ROOT / file).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(venv, "ROOT", str(tmp_path))
    monkeypatch.setattr(venv, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(venv, "PYTHON", str(tmp_path / ".venv/bin/python"))
    monkeypatch.setattr(venv, "STAMP", str(tmp_path / ".venv/her2adc.stamp"))
    done = []

    def install_pins():
        (tmp_path / ".venv/bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".venv/bin/python").touch()
        done.append("pins")

    monkeypatch.setattr(venv, "install_pins", install_pins)
    monkeypatch.setattr(venv, "install_package", lambda: done.append("package"))
    return tmp_path, done


def test_environment_is_made_once_and_again_when_a_pin_changes(venv, scratch):
    folder, done = scratch
    venv.make_environment()
    venv.make_environment()
    assert done == ["pins", "package"]
    with (folder / "requirements.txt").open("a") as file:
        file.write("another==1.0\n")
    venv.make_environment()
    assert done == ["pins", "package"] * 2
    with (folder / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    venv.make_environment()
    assert done == ["pins", "package"] * 2 + ["package"]


def test_interrupted_set_up_starts_again(venv, scratch, monkeypatch):
    folder, done = scratch

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(venv, "install_package", interrupted)
    with pytest.raises(KeyboardInterrupt):
        venv.make_environment()
    assert not (folder / ".venv/her2adc.stamp").exists()
    monkeypatch.setattr(venv, "install_package", lambda: done.append("package"))
    venv.make_environment()
    assert done == ["pins", "pins", "package"]


TARGETS = ("book", "test", "lab", "serve", "check", "bench", "simulation", "faults", "clean")


def test_makefile_holds_no_logic():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+):[^=\n]*## .+\n((?:\t.*\n)+)", text, re.M)
    assert {t for t, _ in targets} == {"help", *TARGETS}
    for target, lines in targets:
        assert re.fullmatch(rf"\t@python3 workflow/venv\.py {target}( .*)?\n", lines), target


NAMES = ("my folder/with blanks", "a'b\"c", "$HOME `touch X` $(touch Y); touch Z", "乳腺癌, 2024", "-x",
         "a#b")


@pytest.mark.parametrize("text", NAMES)
def test_no_shell_reads_what_make_is_given(text, tmp_path):
    """A stand-in for the script shows what reaches it; in a name given to make, $ is written $$."""
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow/venv.py").write_text("import os; print(ascii(os.environ['STUDY']))")
    shutil.copy(ROOT / "Makefile", tmp_path)
    words = ["make", "book", f"STUDY={text.replace('$', '$$')}"]
    outside = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    run = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True, env=outside)
    assert ast.literal_eval(run.stdout) == text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["Makefile", "workflow"]


def test_make_hands_its_words_to_the_build(venv, monkeypatch):
    for name in venv.OPTIONS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STUDY", "-my folder, 'x'")
    monkeypatch.setenv("TIMEOUT", "60")
    assert venv.options("book") == ["--study=-my folder, 'x'", "--timeout=60"]
    assert venv.options("lab") == []


def test_own_settings_of_the_user_are_left_out(venv, monkeypatch):
    own = {"PYTHONPATH": "/x", "PYTHONSTARTUP": "/x", "JUPYTER_CONFIG_DIR": "/x", "JUPYTER_DATA_DIR": "/x",
           "IPYTHONDIR": "/x", "MPLBACKEND": "tkagg", "MPLCONFIGDIR": "/x", "MATPLOTLIBRC": "/x"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    found = venv.environment()
    assert [n for n in own if found.get(n) in ("/x", "tkagg")] == []
    assert found["IPYTHONDIR"].startswith(venv.VENV)


def test_pins_of_the_builders_are_found_with_their_hashes(venv):
    text = venv.pins_of(ROOT / "requirements.txt", venv.BUILDERS)
    assert sorted(re.findall(r"^([\w.-]+)==", text, re.M)) == sorted(venv.BUILDERS)
    assert text.count("--hash=sha256:") >= len(venv.BUILDERS)


def test_help_lists_the_targets():
    run = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in TARGETS:
        assert f"make {target}" in run.stdout


def test_pins_install_on_the_oldest_python():
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=") + ".0"
    for pin in PINS.values():
        if pin.marker is None or pin.marker.evaluate():
            wanted = distribution(pin.name).metadata.get("Requires-Python") or ""
            assert oldest in SpecifierSet(wanted), f"{pin} needs Python {wanted}"


SHIPPED = [p.parent for p in ROOT.glob("studies/*/study.yml")
           if yaml.safe_load(p.read_text(encoding="utf-8"))["data_kind"] != "real"]


def git(folder, *words):
    run = subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=folder,
                         capture_output=True, text=True, check=False)
    return run.returncode, run.stdout


@pytest.fixture
def clone(tmp_path):
    """An empty repository with the rules of this one."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    shutil.copy(ROOT / ".gitignore", tmp_path)
    git(tmp_path, "init", "-q")
    return tmp_path


@pytest.mark.parametrize("file", [
    "studies/mine/data/cohort.csv", "studies/tcga_brca/data/a.txt", "studies/mine/data/sub/notes.txt",
    "studies/mine/cohort.XLSX", "studies/2024 T-DXd/old/x.sav", "cohort.xlsx", "export/cohort.Csv", "x/y.zip",
    "studies/mine/data.parquet", "tests/~$cohort.xlsx"])
def test_git_ignores_patient_data(clone, file):
    assert git(clone, "check-ignore", "-q", file)[0] == 0


def test_git_takes_what_ships(clone):
    files = [f"studies/{s.name}/data/{name}" for s in SHIPPED for name in ("patients.csv", "new.xlsx")]
    files += ["tests/golden/a.csv", "tests/cases/x/data/a.xlsx", "src/her2adc/lookup.csv",
              "studies/mine/study.yml"]
    for file in files:
        assert git(clone, "check-ignore", "-q", file)[0] == 1, file
    assert git(ROOT, "ls-files", "-ci", "--exclude-standard")[1] == ""


def test_check_refuses_data_of_real_patients(clone, monkeypatch):
    from her2adc.build.privacy import privacy_problems

    def put(name, text="x"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(text, encoding="utf-8")
        git(clone, "add", "--force", name)

    for name in ("studies/made_up/data/a.csv", "tests/cases/x/data/a.csv", "studies/mine/notes.md"):
        put(name)
    put("studies/made_up/study.yml", "data_kind: simulated")
    put("studies/mine/study.yml", "data_kind: real\ndata: {folder: tables, patients: cohort.txt}")
    put("tests/cases/x/study.yml", "data_kind: real")
    assert privacy_problems(clone) == []
    refused = ["studies/mine/data/a.txt", "studies/mine/tables/cohort.txt", "studies/mine/old/b.CSV",
               "studies/gone/data/a.txt", "root.xlsx", "studies/mine/Müller.csv"]
    for name in refused:
        put(name)
    found = privacy_problems(clone)
    assert sorted(line.split(": ")[0] for line in found) == sorted(refused)
    cure = "whose patients are real; to take it out: git rm --cached 'studies/mine/data/a.txt'"
    assert cure in "\n".join(found)
    git(clone, "rm", "-q", "--cached", *refused)
    assert privacy_problems(clone) == []
    put("studies/mine/study.yml", "data_kind: [")
    put("studies/mine/data/a.txt")
    assert len(privacy_problems(clone)) == 1


def test_no_data_of_real_patients_is_in_git():
    from her2adc.build.privacy import privacy_problems

    assert privacy_problems(ROOT) == []


def test_missing_browser_is_one_line_that_says_how_to_get_one(monkeypatch):
    import browsing

    lines = []
    skipped = [SimpleNamespace(longrepr=("x", 1, f"Skipped: {browsing.MISSING}; to install"))] * 7
    other = SimpleNamespace(longrepr=("x", 1, "Skipped: no R"))
    browsing.summary(SimpleNamespace(stats={"skipped": [*skipped, other]}, write_line=lines.append))
    browsing.summary(SimpleNamespace(stats={}, write_line=lines.append))
    assert len(lines) == 1 and lines[0].startswith("7 tests of the site were skipped")
    assert browsing.INSTALL in lines[0]
    monkeypatch.setattr(browsing.shutil, "which", lambda name: None)
    assert browsing.find() is None


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_missing_browser_skips_and_fails_in_ci(monkeypatch, ci, outcome):
    spec = importlib.util.spec_from_file_location("site_conftest", ROOT / "tests/site/conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="to install one: "):
        module.missing("")

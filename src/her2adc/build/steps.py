"""The memory of a build: which step succeeded with which inputs, which failed and why.

Each step has a mark, written as the last act of its success: the digest of its inputs, and of the
files that it made. No mark, no success: a step that failed or was killed runs again, whatever Snakemake
or the clock think.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from her2adc.build.keys import files_digest, keys, listing_digest
from her2adc.build.plan import Plan, read_plan
from her2adc.errors import Problem, StudyError

DONE = Path("_build/done")
FAILED = Path("_build/failed")
RUNNING = Path("_build/running")
HTML = Path("_build/html")
LOCK = Path("_build/lock")
BUILD = "HER2ADC_BUILD"
STEPS = Path("_build/steps.lock")
FRONT = ("_build/titles.json", "_build/toc.yml", "book/pages/front.md", "book/pages/dictionary.md",
         "book/pages/study-file.md")


def stale(plan: Plan) -> list[str]:
    """Return the steps that have to run, in their order, and forget their marks.

    Parameters
    ----------
    plan
        The build, with the keys of its steps.

    Returns
    -------
    list of str
        Steps whose inputs changed, whose files are gone or altered, or that never succeeded; and all
        steps that follow from those.
    """
    found: list[str] = []
    for name, key in plan.keys.items():
        kind, *rest = name.split("/")
        after = f"prepare/{rest[0]}" in found if kind == "page" else bool(found) and kind != "prepare"
        if after or not _is_done(name, key):
            found.append(name)
    for name in found:
        (DONE / name).unlink(missing_ok=True)
    return found


def _is_done(name: str, key: str) -> bool:
    """Say whether a step succeeded with these inputs and its files are as it left them."""
    try:
        mark = json.loads((DONE / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(mark == {"key": key, "made": _made(name)})


def _made(name: str) -> str:
    """Digest of the files that a step has made."""
    kind, *rest = name.split("/")
    if kind == "site":
        return listing_digest(HTML)
    if kind == "prepare":
        return files_digest(p for p in Path("_build/studies", *rest).rglob("*") if p.is_file())
    if kind == "collect":
        return files_digest(Path("_build/results", n) for n in ("results.csv", "results.parquet"))
    if kind == "front":
        return files_digest(map(Path, FRONT))
    study, page = rest
    base = Path("_build/results", study, page)
    placed: list[str] = []
    with contextlib.suppress(OSError, ValueError):
        placed = json.loads(base.with_suffix(".json").read_bytes())
    return files_digest([Path("book/pages", study, f"{page}.ipynb"), base.with_suffix(".csv"),
                         base.with_suffix(".json"), *map(Path, placed)])


@contextlib.contextmanager
def step(name: str, plan: Plan) -> Iterator[None]:
    """Run a step: mark its success, or record why it failed.

    Parameters
    ----------
    name
        The step, for example ``page/alpha/pfs``.
    plan
        The build.

    Raises
    ------
    StudyError
        When an input changed while the step ran: what it made would pass for what it is not.
    """
    (DONE / name).unlink(missing_ok=True)
    _write(RUNNING / name, str(os.getpid()))
    try:
        yield
        if keys(plan)[name] != plan.keys[name]:
            raise StudyError([Problem(name, "a file that this step reads was changed while it ran",
                                      "run the same command again")])
        _write(DONE / name, json.dumps({"key": plan.keys[name], "made": _made(name)}))
    finally:
        (RUNNING / name).unlink(missing_ok=True)


def record_failure(name: str, text: str) -> None:
    """Keep why a step failed, for the end of the build."""
    _write(FAILED / name, text)


def clear_records(names: list[str]) -> None:
    """Forget what a build before this one left about steps that now run."""
    for name in names:
        for folder in (FAILED, RUNNING):
            (folder / name).unlink(missing_ok=True)


def failure(name: str) -> str | None:
    """Return why a step failed, "" when it ended without a word, None when it did not fail."""
    if (FAILED / name).is_file():
        return (FAILED / name).read_text(encoding="utf-8")
    return "" if (RUNNING / name).exists() else None


def is_marked(name: str) -> bool:
    """Say whether a step of this build has succeeded."""
    return (DONE / name).is_file()


def _write(path: Path, text: str) -> None:
    """Write a small file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


@contextlib.contextmanager
def one_build() -> Iterator[TextIO]:
    """Let one build run at a time.

    The file is handed to Snakemake, which so keeps the lock even when this process is killed; the
    system lets go of it however they end.
    """
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as file:
        _wait(file, fcntl.LOCK_EX, "another build is running here; waiting for it ...")
        yield file


def wait_for_steps() -> None:
    """Wait for the steps that a build which was killed has left running."""
    with STEPS.open("w") as file:
        _wait(file, fcntl.LOCK_EX, "a step of a stopped build is still running; waiting for it ...")


@contextlib.contextmanager
def running_step() -> Iterator[Plan]:
    """Give the plan of the build, and tell a later build for so long that a step is still running.

    Raises
    ------
    Superseded
        When a later build has begun before the step did; that build sees to it.
    """
    STEPS.parent.mkdir(parents=True, exist_ok=True)
    with STEPS.open("w") as file:
        _wait(file, fcntl.LOCK_SH, "")
        plan = read_plan()
        if plan.build != os.environ.get(BUILD, plan.build):
            raise Superseded
        yield plan


class Superseded(Exception):
    """The step belongs to a build that is over."""


def _wait(file: TextIO, kind: int, words: str) -> None:
    """Take a lock; where the file system has none, go on without."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        if words:
            print(words, flush=True)
        fcntl.flock(file, kind)
    except OSError:
        return

"""Run a build: plan it, let Snakemake carry it out, say in a few lines how it went."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from her2adc.build.plan import Plan, make_plan, write_plan
from her2adc.errors import Problem, StudyError

HTML = Path("_build/html/index.html")
STAMP = Path("_build/site.stamp")
LOG = Path("_build/snakemake.log")
LOCK = Path("_build/lock")


def book(studies: Sequence[str] = (), pages: Sequence[str] = (), jobs: int = 0, data: str = "") -> int:
    """Build the book, executing only what is out of date.

    Parameters
    ----------
    studies, pages, data
        As in :func:`her2adc.build.plan.make_plan`.
    jobs
        How many pages to execute side by side; 0 means one a core.

    Returns
    -------
    int
        Exit code: 0 when ``_build/html/index.html`` is up to date.
    """
    start = time.perf_counter()
    plan = make_plan(studies, pages, data)
    for line in plan.left_out:
        print(f"left out: {line}", flush=True)
    if not plan.studies:
        raise StudyError([Problem("studies", "there is no study to build", "add a folder with a study.yml")])
    with _lock():
        write_plan(plan)
        ran, code = _snakemake(jobs or os.cpu_count() or 1, _targets(plan))
    if code:
        kept = f"; the last good book is still at {HTML}" if HTML.is_file() else ""
        print(f"The book was not rebuilt{kept}.", flush=True)
        return 1
    seconds = time.perf_counter() - start
    print(f"{HTML} {f'built in {seconds:.0f} s' if ran else 'is up to date'}", flush=True)
    return 0


def _targets(plan: Plan) -> list[str]:
    """List the files that have to be there at the end, after forgetting stamps of files that are gone.

    Each is named to Snakemake, which does not look for what only lies on the way to another file.
    """
    if not HTML.is_file():
        STAMP.unlink(missing_ok=True)
    targets = [str(STAMP), "_build/results/results.csv", "_build/toc.yml"]
    for study in plan.studies:
        for page in study.pages:
            manifest = Path("_build/results", study.id, f"{page.page}.json")
            if manifest.is_file() and not all(map(os.path.exists, json.loads(manifest.read_bytes()))):
                manifest.unlink()
            targets += [f"book/pages/{study.id}/{page.page}.ipynb", str(manifest)]
    return targets


def _snakemake(jobs: int, targets: list[str]) -> tuple[bool, int]:
    """Carry out the plan. Jobs print their own lines; Snakemake's words go to a log file."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", "workflow/Snakefile", "--cores", str(jobs),
               "--keep-going", "--rerun-incomplete", "--nolock", "--nocolor", "--", *targets]
    with LOG.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        try:
            code = process.wait()
        except KeyboardInterrupt:
            code = process.wait() or 130
    text = LOG.read_text(encoding="utf-8")
    if code and "Error in rule" not in text:
        lines = [line for line in text.splitlines() if line.strip()]
        print("\n".join([*lines[-12:], f"(from {LOG})"]), file=sys.stderr, flush=True)
    return "Nothing to be done" not in text, code


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """Let one build run at a time; the system lets go of the lock however a build ends."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("another build is running here; waiting for it ...", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield

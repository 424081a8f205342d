"""Run a build: plan it, let Snakemake carry it out, say in a few lines how it went."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from her2adc.build import steps, trouble
from her2adc.build.keys import keys
from her2adc.build.plan import MINUTES, make_plan, write_plan
from her2adc.build.swap import recover
from her2adc.errors import Problem, StudyError

HTML = Path("_build/html/index.html")
LOG = Path("_build/snakemake.log")
STOPPED = 130
OWN = ("IPYTHON", "OPENBLAS_", "OMP_", "MKL_", "MPLBACKEND", "MATPLOTLIB", "LC_", "LANG", "PYTHONWARNINGS",
       "PYTHONSTARTUP", "SNAKEMAKE_", "PAPERMILL_", "PANDAS_", "NUMEXPR_", "NPY_")
"""Settings of a user that could change a page; jobs run without them."""


def book(studies: Sequence[str] = (), pages: Sequence[str] = (), jobs: int = 0, data: str = "",
         minutes: float = MINUTES) -> int:
    """Build the book, executing only what is out of date.

    Parameters
    ----------
    studies, pages, data
        As in :func:`her2adc.build.plan.make_plan`.
    jobs
        How many pages to execute side by side; 0 means one a core.
    minutes
        How long a page may take; 0 means as long as it likes.

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
    for study in plan.studies:
        if study.shown != study.id:
            print(f"study {study.shown}", flush=True)
    with steps.one_build() as lock:
        plan = replace(plan, keys=keys(plan), minutes=minutes, build=uuid.uuid4().hex)
        write_plan(plan)  # from here on a step that a stopped build still starts knows that it is too late
        steps.wait_for_steps()
        recover(HTML.parent)
        todo = steps.stale(plan)
        steps.clear_records(list(plan.keys))
        if todo:
            code = _snakemake(jobs or os.cpu_count() or 1, lock, plan.build)
            if missing := [name for name in plan.keys if not steps.is_marked(name)]:
                _say_why(missing, code)
                kept = f"; the last good book is still at {HTML}" if HTML.is_file() else ""
                print(f"The book was not rebuilt{kept}.", flush=True)
                return code if code == STOPPED else 1
    seconds = time.perf_counter() - start
    print(f"{HTML} {f'built in {seconds:.0f} s' if todo else 'is up to date'}", flush=True)
    return 0


def environment() -> dict[str, str]:
    """Return the environment of the jobs: none of the user's own settings that could change a page."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(OWN)}
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **one, "PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "TZ": "UTC",
            "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "0",
            "IPYTHONDIR": str(Path("_build/ipython").resolve()),
            "XDG_CONFIG_HOME": str(Path("_build/config").resolve())}


def _snakemake(jobs: int, lock: TextIO, build: str) -> int:
    """Carry out the plan. Jobs print their own lines; Snakemake's words go to a log file."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", "workflow/Snakefile", "--cores", str(jobs),
               "--keep-going", "--ignore-incomplete", "--nolock", "--nocolor", "--drop-metadata"]
    os.umask(0o022)
    with LOG.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stderr=log, env={**environment(), steps.BUILD: build},
                                   pass_fds=[lock.fileno()])
        before = {s: signal.signal(s, lambda number, _: process.send_signal(signal.SIGINT))
                  for s in (signal.SIGTERM, signal.SIGHUP)}
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            return STOPPED
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _say_why(missing: list[str], code: int) -> None:
    """Say of every step that failed why it did, in one place at the end."""
    if code == STOPPED:
        print("\nStopped. The same command goes on from here; what is done is not run again.", flush=True)
        return
    failed = {name: text for name in missing if (text := steps.failure(name)) is not None}
    for name, text in failed.items():
        reason = text or str(StudyError([Problem(
            "this machine", "the step was killed before it was done, most likely because the memory ran out",
            trouble.KILLED)]))
        print(f"\n{title(name)}: {reason}", flush=True)
    if not failed:
        _say_what_snakemake_said()
    waiting = [name for name in missing if name not in failed and name.startswith(("prepare/", "page/"))]
    print("", flush=True)
    if failed:
        more = f"; {len(waiting)} steps that need them were not run" if waiting else ""
        print(f"{len(failed)} step{'s' if len(failed) > 1 else ''} failed{more}.", flush=True)


def title(name: str) -> str:
    """Name of a step as a person reads it.

    Examples
    --------
    >>> title("page/alpha/pfs"), title("prepare/alpha"), title("site")
    ('page alpha/pfs', 'study alpha', 'book')
    """
    kind, *rest = name.split("/")
    words = {"prepare": "study", "site": "book", "front": "front matter", "collect": "results"}
    return " ".join([words.get(kind, kind), *(["/".join(rest)] if rest else [])])


def _say_what_snakemake_said() -> None:
    """Say why no step could even start, as far as Snakemake's words tell."""
    lines = [line.strip() for line in LOG.read_text(encoding="utf-8", errors="replace").splitlines()
             if line.strip()]
    refused = trouble.in_text("\n".join(lines))
    if any(line.startswith("Will exit after finishing currently running jobs") for line in lines):
        refused = ("the build was told to stop before it was done", "run the same command again")
    said = lines[-1] if lines else "it said nothing"
    print(Problem(*("this machine", *refused) if refused else (
        str(LOG), f"the program that runs the steps (Snakemake) stopped: {said}",
        "run the same command again; if it stays, make clean, and then make book")), flush=True)

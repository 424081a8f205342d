"""Tasks of the Makefile and jobs of the Snakefile: ``python -m her2adc.build TASK ...``.

Each task imports what it needs when it runs, so that a build with nothing to do is quick.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from her2adc.errors import Problem, StudyError

if TYPE_CHECKING:
    from her2adc.build.plan import Plan

JOBS = ("prepare", "page", "collect", "front", "site")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one task; a problem of a study is printed as it is, without a traceback."""
    options = _parser().parse_args(arguments)
    run = _job if options.task in JOBS else _task
    try:
        return run(options)
    except KeyboardInterrupt:
        return 130


def _task(options: argparse.Namespace) -> int:
    """Run a task of the Makefile."""
    try:
        return int(TASKS[options.task](options) or 0)
    except Exception as error:
        print(_reason(error, options.task), flush=True)
        return 1


def _job(options: argparse.Namespace) -> int:
    """Run a step of a build; why it failed is kept for the end of the build."""
    from her2adc.build.drive import title
    from her2adc.build.steps import Superseded, record_failure, running_step

    name = "/".join(filter(None, (options.task, getattr(options, "study", ""), getattr(options, "page", ""))))
    try:
        with running_step() as options.plan:
            TASKS[options.task](options)
        return 0
    except Superseded:
        return 1
    except Exception as error:
        print(f"{title(name)} ... failed", flush=True)
        reason = _reason(error, name)
        try:
            record_failure(name, reason)
        except OSError:  # a full disk keeps nothing
            print(reason, flush=True)
        return 1


def _reason(error: Exception, name: str) -> str:
    """Say why something failed; of a fault of this program the traceback goes to a log."""
    from her2adc.build import trouble

    if isinstance(error, StudyError):
        return str(error)
    if refused := trouble.problem(error):
        return str(StudyError([refused]))
    log = Path("_build/logs") / f"fault-{name.replace('/', '-')}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        where = f"the whole traceback is in {log}"
    except OSError:
        where = ""
    return str(StudyError([Problem(name, f"{type(error).__name__}: {error}", where)]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="her2adc.build", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    for name in TASKS:
        task = tasks.add_parser(name)
        if name == "book":
            task.add_argument("--study", default="")
            task.add_argument("--page", type=_names, default=[])
            task.add_argument("--data", default="")
            task.add_argument("--jobs", default="")
            task.add_argument("--timeout", default="")
        if name in ("prepare", "page"):
            task.add_argument("study")
        if name == "page":
            task.add_argument("page")
        if name == "serve":
            task.add_argument("--port", type=int, default=8000)
    return parser


def _names(text: str) -> list[str]:
    """Split ``a,b`` into names."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _number(text: str, name: str, otherwise: float) -> float:
    """Read a number of the command line."""
    try:
        number = float(text) if text.strip() else otherwise
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise StudyError([Problem(name, "is a number, 0 or more", f"for example {name}=2", value=text)])
    return number


def _book(options: argparse.Namespace) -> int:
    from her2adc.build.drive import book
    from her2adc.build.plan import MINUTES, study_names

    jobs = int(_number(options.jobs, "JOBS", 0))
    minutes = _number(options.timeout, "TIMEOUT", MINUTES)
    return book(study_names(options.study), options.page, jobs, options.data, minutes)


def _prepare(options: argparse.Namespace) -> None:
    from her2adc.build.chapters import chapter_problems
    from her2adc.build.steps import step
    from her2adc.config import load_study
    from her2adc.prepare import prepare

    plan: Plan = options.plan
    study = plan.study(options.study)
    with step(f"prepare/{study.id}", plan):
        problems = chapter_problems(load_study(study.file))
        try:
            line = prepare(study.file, study.data, f"_build/studies/{study.id}")
        except StudyError as error:
            raise StudyError([*problems, *error.problems]) from None
        if problems:
            raise StudyError(problems)
        print(line, flush=True)


def _page(options: argparse.Namespace) -> None:
    from her2adc.build.page import run_page
    from her2adc.build.steps import step

    plan: Plan = options.plan
    with step(f"page/{options.study}/{options.page}", plan):
        print(run_page(plan, options.study, options.page), flush=True)


def _collect(options: argparse.Namespace) -> None:
    from her2adc.build.collect import collect
    from her2adc.build.steps import step

    plan: Plan = options.plan
    with step("collect", plan):
        print(collect(plan), flush=True)


def _front(options: argparse.Namespace) -> None:
    from her2adc.build.front import write_front
    from her2adc.build.steps import step

    plan: Plan = options.plan
    with step("front", plan):
        print(write_front(plan), flush=True)


def _site(options: argparse.Namespace) -> None:
    from her2adc.build.site import build_site
    from her2adc.build.steps import step

    plan: Plan = options.plan
    with step("site", plan):
        print(build_site(), flush=True)


def _toc(_: argparse.Namespace) -> None:
    from her2adc.build.front import update_committed_toc

    print(update_committed_toc(), flush=True)


def _check(_: argparse.Namespace) -> int:
    from her2adc.build.check import check

    return check()


def _lab(_: argparse.Namespace) -> int:
    from her2adc.build.show import lab

    return lab()


def _serve(options: argparse.Namespace) -> int:
    from her2adc.build.show import serve

    return serve(options.port)


TASKS = {"book": _book, "prepare": _prepare, "page": _page, "collect": _collect, "front": _front,
         "site": _site, "toc": _toc, "check": _check, "lab": _lab, "serve": _serve}

if __name__ == "__main__":
    sys.exit(main())

"""Tasks of the Makefile and jobs of the Snakefile: ``python -m her2adc.build TASK ...``.

Each task imports what it needs when it runs, so that a build with nothing to do is quick.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from her2adc.errors import StudyError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one task; a problem of a study is printed as it is, without a traceback."""
    options = _parser().parse_args(arguments)
    try:
        return int(TASKS[options.task](options) or 0)
    except StudyError as error:
        what = {"prepare": "study", "page": "page"}.get(options.task)
        name = "/".join(filter(None, (getattr(options, "study", ""), getattr(options, "page", ""))))
        print(f"{what} {name} ... failed: {error}" if what else error, flush=True)
        return 1
    except Exception as error:  # a fault of this program: never without a word
        log = Path("_build/logs/fault.log")
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        words = [options.task, getattr(options, "study", ""), getattr(options, "page", "")]
        task = " ".join(str(word) for word in words if word)
        print(f"{task} ... failed: {type(error).__name__}: {error} (see {log})", flush=True)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="her2adc.build", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    for name in TASKS:
        task = tasks.add_parser(name)
        if name == "book":
            task.add_argument("--study", type=_names, default=[])
            task.add_argument("--page", type=_names, default=[])
            task.add_argument("--data", default="")
            task.add_argument("--jobs", type=lambda text: int(text or 0), default=0)
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


def _book(options: argparse.Namespace) -> int:
    from her2adc.build.drive import book

    return book(options.study, options.page, options.jobs, options.data)


def _prepare(options: argparse.Namespace) -> None:
    from her2adc.build.chapters import chapter_problems
    from her2adc.build.plan import read_plan
    from her2adc.config import load_study
    from her2adc.prepare import prepare

    study = read_plan().study(options.study)
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
    from her2adc.build.plan import read_plan

    print(run_page(read_plan(), options.study, options.page), flush=True)


def _collect(_: argparse.Namespace) -> None:
    from her2adc.build.collect import collect
    from her2adc.build.plan import read_plan

    print(collect(read_plan()), flush=True)


def _front(_: argparse.Namespace) -> None:
    from her2adc.build.front import write_front
    from her2adc.build.plan import read_plan

    print(write_front(read_plan()), flush=True)


def _toc(_: argparse.Namespace) -> None:
    from her2adc.build.front import update_committed_toc

    print(update_committed_toc(), flush=True)


def _site(_: argparse.Namespace) -> None:
    from her2adc.build.site import build_site

    print(build_site(), flush=True)


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

"""Command line: ``her2adc validate studies/<id>``, ``her2adc reconstruct <id> --seed N``."""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from her2adc.errors import Problem, StudyError, short


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments
        Words of the command line; those of the process when None.

    Returns
    -------
    int
        0 when all is well, 1 when a study has problems (they are printed), 130 when stopped by Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    _say_anything()
    try:
        try:
            done = int(options.run(options))
        except StudyError as error:
            print(error)
            done = 1
        sys.stdout.flush()
        return done
    except KeyboardInterrupt:
        print("stopped")
        return 130
    except BrokenPipeError:  # the reader of a pipe such as "| head" has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, RecursionError, MemoryError) as error:
        print(_fault(error))
        return 1


def _say_anything() -> None:
    """Let a terminal of another encoding show what it can, and the rest as escapes."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _fault(error: BaseException) -> str:
    """Say that the program, not the analyst, is at fault, and where the report is."""
    text = traceback.format_exc()
    for folder in (Path("_build/logs"), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            log = folder / "her2adc-fault.log"
            log.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return (
            f"a fault of the program, not of your study: {type(error).__name__}: {short(str(error))}\n"
            f"    -> please report it with the file {log}"
        )
    return f"a fault of the program, not of your study: {type(error).__name__}: {short(str(error))}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="her2adc", description="Reports on cohorts of breast cancer by HER2 class."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    check = commands.add_parser(
        "validate", help="check a study file and its data; prints every problem at once"
    )
    check.add_argument("study", type=Path, help="folder of the study")
    check.add_argument("--data", type=Path, help="folder of the data files, if not the study's own")
    check.set_defaults(run=_validate)
    rebuild = commands.add_parser(
        "reconstruct", help="make a pseudo-cohort anew from its published numbers"
    )
    rebuild.add_argument("study", help="id of the study, or its folder")
    rebuild.add_argument("--seed", type=int, required=True, help="seed of the random numbers")
    rebuild.set_defaults(run=_reconstruct)
    return parser


def _validate(options: argparse.Namespace) -> int:
    from her2adc.build.chapters import chapter_problems
    from her2adc.config import load_study, placed
    from her2adc.notes import notes_problems
    from her2adc.prepare import checked_cohort, summary

    if options.data is not None and not options.data.is_dir():
        what = "is a file, not a folder" if options.data.exists() else "there is no such folder"
        remedy = "give the folder of the data files"
        raise StudyError([Problem("--data", what, remedy, value=str(options.data))])
    study = load_study(options.study)
    problems = placed(chapter_problems(study), study.folder / "study.yml")
    if study.notes:
        problems += notes_problems(study.folder, study.notes)
    try:
        cohort = checked_cohort(study, options.data)
    except StudyError as error:
        raise StudyError([*problems, *error.problems]) from None
    if problems:
        raise StudyError(problems)
    print(summary(study, cohort))
    return 0


def _reconstruct(options: argparse.Namespace) -> int:
    from her2adc.reconstruct import reconstruct

    folder = next(
        (
            p
            for p in (Path(options.study), Path("studies") / options.study)
            if (p / "reconstruct.py").is_file()
        ),
        None,
    )
    if folder is None:
        raise StudyError(
            [Problem("reconstruct", "this study has no reconstruct.py", value=options.study)]
        )
    report = reconstruct(folder, options.seed)
    print(report.to_string(index=False))
    return 0 if bool(report["met"].all()) else 1


if __name__ == "__main__":
    sys.exit(main())

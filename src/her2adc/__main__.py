"""Command line: ``her2adc validate studies/<id>``, ``her2adc reconstruct <id> --seed N``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from her2adc.errors import Problem, StudyError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments
        Words of the command line; those of the process when None.

    Returns
    -------
    int
        0 when all is well, 1 when a study has problems (they are printed).
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except StudyError as error:
        print(error)
        return 1


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
    from her2adc.cohort import prepare_cohort
    from her2adc.config import load_study
    from her2adc.notes import notes_problems
    from her2adc.prepare import summary

    study = load_study(options.study)
    problems = chapter_problems(study)
    if study.notes:
        problems += notes_problems(study.folder, study.notes)
    try:
        cohort = prepare_cohort(study, options.data)
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

"""Turn pages and prose into the HTML book, and swap it in only when it is whole."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import time
from pathlib import Path

from her2adc.build import trouble
from her2adc.build.front import TOC
from her2adc.build.swap import put_in_place
from her2adc.errors import Problem, StudyError

BOOK = Path("book")
HTML = Path("_build/html")
WORK = Path("_build/site")
LOG = Path("_build/logs/site.log")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
MESSAGE = re.compile(r"(?:(?P<file>[^:]+):(?:(?P<row>\d+):)? )?(?:WARNING|ERROR|CRITICAL): (?P<text>.*)")
SHOWN = 20
CELL = 10_000  # MyST-NB counts line 3 of the second cell as 20003; one cell more than in the notebook


def build_site() -> str:
    """Build the book with Jupyter Book and put it at ``_build/html``.

    The site is always built whole: it takes seconds, and titles, contents and search of every page
    then agree. A warning is an error; the last good book then stays where it is.

    Returns
    -------
    str
        One line for the terminal.

    Raises
    ------
    StudyError
        With the warnings and errors of the build.
    """
    start = time.perf_counter()
    shutil.rmtree(WORK, ignore_errors=True)
    output = io.StringIO()
    with contextlib.redirect_stderr(output), contextlib.redirect_stdout(output):
        failed = _sphinx()
    messages = COLOUR.sub("", output.getvalue())
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_text(messages, encoding="utf-8")
    if failed or not (WORK / "html/index.html").is_file():
        shutil.rmtree(WORK, ignore_errors=True)
        raise StudyError(_problems(messages))
    put_in_place(WORK / "html", HTML)
    shutil.rmtree(WORK, ignore_errors=True)
    return f"book ... {time.perf_counter() - start:.1f} s"


def _sphinx() -> bool:
    """Run Jupyter Book's build; True when it failed."""
    from jupyter_book.sphinx import build_sphinx

    result = build_sphinx(
        BOOK.resolve(), WORK.resolve() / "html", doctreedir=WORK.resolve() / "doctrees",
        noconfig=True, path_config=Path("_config.yml").resolve(),
        confoverrides={"external_toc_path": TOC.resolve().as_posix(), "latex_individualpages": False,
                       "nitpicky": True},
        warningiserror=True, keep_going=True, quiet=True)
    return bool(result)


def _problems(messages: str) -> list[Problem]:
    """Turn Sphinx's warnings into problems: one line each, with file and row."""
    if refused := trouble.in_text(messages):
        return [Problem("book", f"the site could not be written: {refused[0]}", refused[1])]
    found: list[Problem] = []
    here = f"{Path.cwd()}/"
    for line in messages.splitlines():
        if match := MESSAGE.match(line.strip()):
            row = int(match["row"]) if match["row"] else None
            cell = f"cell {row // CELL - 1}" if row and row >= CELL else ""
            found.append(Problem((match["file"] or "book").replace(here, ""), match["text"],
                                 row=None if cell else row, column=cell))
    if not found:
        tail = " ".join(line.strip() for line in messages.strip().splitlines()[-5:]) or "no message"
        found = [Problem("book", f"the site could not be built: {tail}", f"see {LOG}")]
    more = [Problem("book", f"and {len(found) - SHOWN} more", f"see {LOG}")] if len(found) > SHOWN else []
    return found[:SHOWN] + more

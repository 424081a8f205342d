"""Run the notebook of a page in a kernel, within a time limit, and say why it did not end well."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from her2adc.build import trouble
from her2adc.errors import Problem, StudyError

ANSI = re.compile(r"\x1b\[[0-9;]*m")
START = 180
"""Seconds that a kernel may take to start."""
GRACE = 60
"""Seconds after the time limit in which a kernel that no longer answers is given up."""
ENDED = "the kernel that ran this page "


@dataclass
class Run:
    """A run of one notebook: how long it may take, and where it is.

    ``cell`` counts as JupyterLab shows the notebook, from 1.
    """

    notebook: str
    minutes: float
    cell: int = 0
    ended: list[int] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def left(self, _: object = None) -> float | None:
        """Return how many seconds are left, at least one; None without a limit."""
        return max(1.0, 60 * self.minutes - (time.monotonic() - self.begun)) if self.minutes else None

    def at(self, cell: NotebookNode, cell_index: int) -> None:
        """Note the cell that starts; the parameters that the build adds are no cell of the notebook."""
        self.cell = cell_index

    def problem(self, message: str, remedy: str) -> Problem:
        """Return a problem of the cell that was running."""
        return Problem(self.notebook, message, remedy, column=f"cell {self.cell}" if self.cell else "")


class _TooLong(Exception):
    """The time limit is over and the kernel does not answer."""


def execute(notebook: str, target: Path, parameters: dict[str, Any], minutes: float, log: Path,
            again: Callable[[str], None]) -> None:
    """Execute a notebook with parameters.

    A kernel that dies, or whose ports another program took between choice and use, is started once
    more; a cell that fails is not run again.

    Parameters
    ----------
    notebook
        The notebook.
    target
        Where the executed one is written.
    parameters
        Values for its cell tagged ``parameters``.
    minutes
        The time limit; 0 for none.
    log
        Where the traceback of a cell that fails is written.
    again
        Called with the reason when the kernel is started once more.

    Raises
    ------
    StudyError
        When a cell fails, the kernel is killed, or the time limit is reached.
    """
    from nbclient.exceptions import CellTimeoutError
    from papermill.exceptions import PapermillExecutionError

    run = Run(notebook, minutes)
    try:
        try:
            _once(run, target, parameters)
        except (RuntimeError, OSError) as error:
            if isinstance(error, CellTimeoutError) or trouble.words(error):
                raise
            again(_ending(run) if run.ended else f"{type(error).__name__}: {error}")
            run.begun, run.cell = time.monotonic(), 0
            run.ended.clear()
            _once(run, target, parameters)
    except PapermillExecutionError as error:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(ANSI.sub("", "\n".join(error.traceback)) + "\n", encoding="utf-8")
        raise StudyError([_cell_problem(notebook, error, log)]) from None
    except (CellTimeoutError, _TooLong):
        raise StudyError([run.problem(
            f"the page reached its time limit of {minutes:g} minutes here",
            "find out what takes so long in this cell, or allow more: "
            f"make book TIMEOUT={max(1.0, 2 * minutes):g} (minutes)")]) from None
    except RuntimeError as error:
        if not run.ended:
            text = f"{type(error).__name__}: {error}"
            raise StudyError([run.problem(text, "run the same command again")]) from None
        by_hand = "run the cells of the notebook one by one: make lab"
        remedy = trouble.KILLED if -signal.SIGKILL in run.ended else by_hand
        raise StudyError([run.problem(ENDED + _ending(run), remedy)]) from None


def _once(run: Run, target: Path, parameters: dict[str, Any]) -> None:
    """Execute the notebook once, with an alarm for a kernel that no longer answers."""
    import papermill

    def ring(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 60 * run.minutes + GRACE if run.minutes else 0)
    try:
        papermill.execute_notebook(
            run.notebook, target, parameters, kernel_name="python3", language="python", progress_bar=False,
            cwd=".", request_save_on_cell_execute=False, start_timeout=START, timeout_func=run.left,
            on_cell_start=run.at, kernel_manager_class=_manager(run.ended))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _manager(ended: list[int]) -> type:
    """Return a kernel manager that notes how a kernel ended that nobody asked to end."""
    from jupyter_client.manager import AsyncKernelManager

    class Manager(AsyncKernelManager):
        """Notes the exit code of a kernel that dies."""

        async def is_alive(self) -> bool:  # type: ignore[override]
            if self.has_kernel and self.provisioner is not None:
                code = await self.provisioner.poll()
                if code is not None and code not in ended:
                    ended.append(code)
            return bool(await super().is_alive())

    return Manager


def _ending(run: Run) -> str:
    """Say how a kernel ended."""
    code = run.ended[0]
    if code == -signal.SIGKILL:
        return "was killed (signal 9), most likely because the memory of this machine ran out"
    if code < 0:
        return f"ended with signal {-code} ({signal.Signals(-code).name}): a fault in a compiled library"
    return f"ended by itself (exit code {code})"


def _cell_problem(notebook: str, error: Any, log: Path) -> Problem:
    """Say in a few words which cell failed and why."""
    value = ANSI.sub("", error.evalue).strip()
    cell = f"cell {error.cell_index}"
    if found := trouble.in_text(f"{error.ename}: {value}"):
        return Problem(notebook, f"{found[0]} ({error.ename}: {value})", found[1], column=cell)
    whole = f"the whole traceback is in {log}"
    if error.ename == "StudyError":
        return Problem(notebook, value, whole, column=cell)
    return Problem(notebook, f"{error.ename}: {value}", whole, column=cell)

"""Look at the book, and work on its notebooks."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
from pathlib import Path

from her2adc.errors import Problem, StudyError

HTML = Path("_build/html")


def serve(port: int = 8000) -> int:
    """Serve the built book on this machine until interrupted.

    Parameters
    ----------
    port
        Port on localhost; 0 for any free one.

    Returns
    -------
    int
        0 after Ctrl-C.
    """
    if not (HTML / "index.html").is_file():
        raise StudyError([Problem(str(HTML), "there is no book yet", "run: make book")])
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(HTML))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"The book is at http://localhost:{server.server_port} (Ctrl-C to stop)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


def lab() -> int:
    """Open JupyterLab on the notebooks.

    The kernel is that of this environment. A notebook opened by hand runs with the defaults of its
    parameters, which name a study of the repository.

    Returns
    -------
    int
        Exit code of JupyterLab.
    """
    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.root_dir=.",
               "--LabApp.default_url=/lab/tree/notebooks",
               "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    if os.geteuid() == 0:
        command.append("--allow-root")
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 0

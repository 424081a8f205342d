"""Put a new folder in the place of an old one, with no moment in which neither is there.

Linux and macOS can exchange two names in one step. Where the file system cannot (some network shares),
the place becomes a link to a folder beside it, and the link is replaced in one step.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
import time
from pathlib import Path

_HERE = -100 if sys.platform.startswith("linux") else -2
_EXCHANGE = 2


def put_in_place(new: Path, place: Path) -> None:
    """Make ``new`` the folder at ``place``; what was there is removed afterwards.

    Parameters
    ----------
    new
        A whole folder on the same file system.
    place
        Where it belongs; a folder, a link to one, or nothing is there.
    """
    if not os.path.lexists(place):
        new.rename(place)
    elif _exchange(new, place):
        _remove(new)
    else:
        _relink(new, place)
    for folder in _versions(place).glob("*"):
        if not place.is_symlink() or folder.resolve() != place.resolve():
            _remove(folder)
    with contextlib.suppress(OSError):
        _versions(place).rmdir()


def recover(place: Path) -> None:
    """Put the last folder back when a first change to a link was cut off between its two steps."""
    old = _versions(place) / "before"
    if not os.path.lexists(place) and old.is_dir():
        old.rename(place)


def _versions(place: Path) -> Path:
    return place.with_name(f"{place.name}.versions")


def _relink(new: Path, place: Path) -> None:
    """Make the place a link to the new folder."""
    versions = _versions(place)
    versions.mkdir(exist_ok=True)
    target = versions / f"{time.time_ns()}"
    new.rename(target)
    link = versions / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(versions.name) / target.name, target_is_directory=True)
    if not place.is_symlink():  # once; from then on the place is a link
        place.rename(versions / "before")
        try:
            link.replace(place)
        except OSError:
            (versions / "before").rename(place)
            raise
    else:
        link.replace(place)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where that cannot be done."""
    names = (os.fsencode(one), os.fsencode(other))
    try:
        library = ctypes.CDLL(None, use_errno=True)
        call = library.renameatx_np if sys.platform == "darwin" else library.renameat2
    except (OSError, AttributeError):
        return False
    return int(call(_HERE, names[0], _HERE, names[1], ctypes.c_uint(_EXCHANGE))) == 0


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)

"""What the machine refuses, in one line that says what to do."""

from __future__ import annotations

import errno

from her2adc.errors import Problem

_WORDS = {
    errno.ENOSPC: ("the disk is full", "free some space (make clean removes what builds have made), then run "
                   "the same command again"),
    errno.EDQUOT: ("your share of the disk is used up", "free some space, then run the same command again"),
    errno.EROFS: ("the folder is read-only", "copy the whole folder to a place where you may write"),
    errno.EACCES: ("no permission", "ask for the right to read and write there, or copy the whole folder to "
                   "a place of your own"),
    errno.EPERM: ("no permission", "ask for the right to read and write there, or copy the whole folder to "
                  "a place of your own"),
    errno.ENOMEM: ("the memory of this machine ran out", "close other programs, or build one page at a time: "
                   "make book JOBS=1"),
    errno.EMFILE: ("too many files are open", "build fewer pages at a time: make book JOBS=1"),
    errno.ENAMETOOLONG: ("a file name is too long", "give shorter names, or a shorter path to the folder"),
    errno.EIO: ("the disk cannot be read or written", "check the disk or the file share"),
}
KILLED = "close other programs, or build one page at a time: make book JOBS=1"


def words(error: BaseException) -> tuple[str, str] | None:
    """Say what the machine refused and what to do; None for any other fault.

    Examples
    --------
    >>> words(OSError(errno.ENOSPC, "No space left on device"))[0]
    'the disk is full'
    """
    if isinstance(error, MemoryError):
        return _WORDS[errno.ENOMEM]
    if isinstance(error, OSError) and error.errno is not None:
        return _WORDS.get(error.errno)
    return None


def problem(error: BaseException) -> Problem | None:
    """Return what the machine refused as a problem of the file concerned; None for any other fault."""
    found = words(error)
    place = str(getattr(error, "filename", None) or "this machine")
    return Problem(place, *found) if found else None


def in_text(text: str) -> tuple[str, str] | None:
    """Find in the words of another program what the machine refused.

    Examples
    --------
    >>> in_text("OSError: [Errno 28] No space left on device: 'x'")[0]
    'the disk is full'
    """
    for number, found in _WORDS.items():
        if f"[Errno {number}]" in text:
            return found
    if "No space left on device" in text:
        return _WORDS[errno.ENOSPC]
    return _WORDS[errno.ENOMEM] if "MemoryError" in text else None

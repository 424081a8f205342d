"""Which libraries computed a page, with their versions: noted where they compute, never a list by hand."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version

ALWAYS = ("numpy", "pandas", "scipy")
"""What every row of the results goes through."""
DRAWN = ("matplotlib",)
OTHERS = ("lifelines", "tableone", "seaborn")
"""Libraries the package does not import itself; named when a notebook has imported them."""
_used: set[str] = set()


def start() -> None:
    """Begin a page: nothing has computed it yet."""
    _used.clear()


def uses(*names: str) -> None:
    """Note that a library computes what the page shows; said where it is called."""
    _used.update(names)


def named(drawn: bool = False) -> str:
    """Name what has computed the page so far, with versions; with ``drawn`` also what draws figures.

    Examples
    --------
    >>> start()
    >>> uses("statsmodels")
    >>> [part.split()[0] for part in named().split(", ")][:4], "statsmodels" in named()
    (['her2adc', 'Python', 'numpy', 'pandas'], True)
    """
    own = [f"her2adc {version('her2adc')}", f"Python {platform.python_version()}"]
    found = [name for name in OTHERS if name in sys.modules]
    libraries = [*ALWAYS, *sorted(_used), *found, *(DRAWN if drawn else ())]
    return ", ".join([*own, *(f"{name} {version(name)}" for name in dict.fromkeys(libraries))])

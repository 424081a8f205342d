"""The typeface of the figures: Arimo, as wide as Arial, from a pinned package and never from the system.

What Arimo has no letters for comes from DejaVu Sans, which ships with matplotlib, and other scripts from
a font of the machine where it has one.
"""

from __future__ import annotations

import os
import tempfile
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.font_manager import FontEntry, findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font

__all__ = ["CSS", "add_for", "families", "lacking", "warn_of"]

SANS, SIGNS = "her2adc sans", "her2adc signs"
"""Names of our own, such that a font of the system can never stand in."""
CSS = "Arimo, Arial, Helvetica, Liberation Sans, sans-serif"
"""What an SVG asks a browser for: the font that was measured, else one with the same widths."""
_PACKAGE, _FILE = "fontpkg_arimo", "Arimo[wght].ttf"
_WEIGHTS = (400, 700)
_LINES = {"sTypoAscender": 1491, "sTypoDescender": -431, "sTypoLineGap": 307}
"""Heights of a line, of which matplotlib makes the spacing of lines: those of Arial."""
_CJK = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Source Han Sans",
    "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "Noto Sans CJK TC", "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "Hiragino Sans",
    "Yu Gothic", "Meiryo", "MS Gothic", "IPAexGothic", "IPAGothic", "TakaoGothic", "VL Gothic",
    "SimHei", "Heiti SC", "STHeiti", "Microsoft JhengHei", "Droid Sans Fallback", "SimSun", "Songti SC",
    "AR PL UMing CN", "Noto Serif CJK SC", "Arial Unicode MS",
)  # fmt: skip
_KOREAN = ("Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic")
_SYMBOLS = ("Noto Sans Symbols 2", "Noto Sans Symbols2", "Noto Emoji", "Symbola", "Segoe UI Symbol",
            "Segoe UI Emoji", "Apple Symbols", "Arial Unicode MS")  # fmt: skip
_HAN = ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH", "BOPOMOFO", "KANGXI")
_scripts: list[str] = []


@lru_cache(maxsize=1)
def _registered() -> tuple[str, ...]:
    """Make our fonts known to matplotlib, once a process."""
    signs = Path(mpl.get_data_path()) / "fonts" / "ttf"
    faces = {400: signs / "DejaVuSans.ttf", 700: signs / "DejaVuSans-Bold.ttf"}
    try:
        own = {weight: _instance(weight) for weight in _WEIGHTS}
    except ModuleNotFoundError:
        warnings.warn(
            f"the package {_PACKAGE.replace('_', '-')} of requirements.txt is not installed; figures are set "
            "in DejaVu Sans, which is wider: install the packages again for their own typeface",
            stacklevel=2,
        )
        own = faces
    for name, paths in ((SANS, own), (SIGNS, faces)):
        for weight, path in paths.items():
            _add(FontEntry(fname=str(path), name=name, weight=weight, size="scalable"))
    return SANS, SIGNS


def _add(entry: FontEntry) -> None:
    """Add a font to those matplotlib chooses from."""
    fontManager.ttflist.append(entry)
    fontManager._findfont_cached.cache_clear()  # type: ignore[attr-defined]


def _instance(weight: int) -> Path:
    """File of one weight, cut from the variable font of the package; kept beside matplotlib's font list."""
    source = files(_PACKAGE) / "files" / _FILE
    content = source.read_bytes()
    mark = sha256(content + f"{version('fonttools')} {_LINES}".encode()).hexdigest()[:12]
    path = Path(mpl.get_cachedir()) / f"her2adc-arimo-{weight}-{mark}.ttf"
    if path.exists() and _opens(path):
        return path
    tools: Any = import_module("fontTools.ttLib")  # once a machine, and slow to import
    cut: Any = import_module("fontTools.varLib.instancer").instantiateVariableFont
    variable = tools.TTFont(BytesIO(content), recalcTimestamp=False)
    font = cut(variable, {"wght": weight}, updateFontNames=True)
    for key, value in _LINES.items():
        setattr(font["OS/2"], key, value)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".ttf")
    with os.fdopen(handle, "wb") as file:
        font.save(file)
    Path(name).replace(path)
    return path


def _opens(path: Path) -> bool:
    """Whether a font file is whole enough to be opened."""
    try:
        return bool(FT2Font(str(path)).num_glyphs)
    except (OSError, RuntimeError):
        return False


def families() -> list[str]:
    """List the families of a text: the typeface, and where letters come from that it does not have.

    Examples
    --------
    >>> families()[:2]
    ['her2adc sans', 'her2adc signs']
    """
    return [*_registered(), *_scripts]


def lacking(texts: Iterable[str]) -> set[str]:
    """Find the characters of texts that no family has a letter for.

    Examples
    --------
    >>> sorted(lacking(["HER2-low ≥ 50% \u2713"])), len(lacking(["\U0001f9ff"]))
    ([], 1)
    """
    seen = {char for text in texts for char in text if ord(char) > 0x17F}
    return {char for char in seen if unicodedata.category(char)[0] not in "CZ" and not _drawn(char)}


def _drawn(char: str) -> bool:
    """Whether one of the families has a letter."""
    return any(_has(entry.fname, entry.index, char) for name in families() for entry in _entries(name))


def _entries(family: str) -> list[FontEntry]:
    """Return the first font registered for a family of ours; its weights have the same letters."""
    return [entry for entry in fontManager.ttflist if entry.name == family][:1]


@lru_cache(maxsize=32)
def _open(path: str, index: int) -> FT2Font:
    """Open a font."""
    return FT2Font(path, face_index=index)


def _has(path: str, index: int, char: str) -> bool:
    """Whether a font has a letter."""
    return bool(_open(path, index).get_char_index(ord(char)))


def _script(char: str) -> str:
    """Script of a character by its Unicode name: Han, Hangul, Thai, ...; "" where it has no name."""
    name = unicodedata.name(char, "")
    if unicodedata.category(char)[0] == "S" and not name.startswith(_HAN):
        return "symbol"
    if name.startswith(_HAN):
        return "Han"
    return name.split(" ")[0].split("-")[0].capitalize()


def _wanted(script: str) -> Sequence[str]:
    """Families that have a script, the plainest first."""
    if script == "Han":
        return _CJK
    if script == "Hangul":
        return (*_KOREAN, *_CJK)
    if script == "symbol":
        return _SYMBOLS
    return f"Noto Sans {script}", f"Noto Serif {script}", "Arial Unicode MS"


def installed() -> dict[str, tuple[str, int]]:
    """List the fonts of the machine by family: file, and number of the face in it.

    The list that matplotlib keeps is from when it was first used; a font installed since is found as well.
    """
    found = {entry.name: (entry.fname, entry.index) for entry in reversed(fontManager.ttflist)}
    known = {path for path, _ in found.values()} | {entry.fname for entry in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - known):
        try:
            faces = FT2Font(path).num_faces
            for index in range(faces):
                found.setdefault(FT2Font(path, face_index=index).family_name, (path, index))
        except (OSError, RuntimeError):
            continue
    return found


def add_for(chars: Iterable[str]) -> bool:
    """Register a font of the machine for each script of these characters; whether any was found."""
    before = len(_scripts)
    fonts: dict[str, tuple[str, int]] | None = None
    for char in sorted(chars):
        if _drawn(char):
            continue
        fonts = installed() if fonts is None else fonts
        for family in _wanted(_script(char)):
            path, index = fonts.get(family, ("", 0))
            if path and _has(path, index, char):
                name = f"her2adc script {len(_scripts) + 1}"
                for weight in _WEIGHTS:
                    _add(FontEntry(fname=path, index=index, name=name, weight=weight, size="scalable"))
                _scripts.append(name)
                break
    return len(_scripts) > before


def warn_of(chars: Iterable[str]) -> None:
    """Say in one line which letters could not be drawn, and which font to install."""
    chars = sorted(chars)
    scripts = {_script(char) for char in chars}
    known = {"Han": "fonts-noto-cjk", "Hangul": "fonts-noto-cjk", "symbol": "fonts-symbola"}
    packages = {known.get(script, "fonts-noto-core") for script in scripts}
    shown = " ".join(chars[:6]) + (" ..." if len(chars) > 6 else "")
    warnings.warn(
        f"no font of this machine has {shown} ({len(chars)} characters of a figure): boxes in the "
        f"PDF and PNG; install one, such as 'apt-get install {' '.join(sorted(packages))}', and build again",
        stacklevel=3,
    )

"""The notes of a study: Markdown of its author, without anything that runs, includes a file, or is HTML.

Paragraphs, headings, lists, tables, emphasis, code, quotations, notes, web links and citations are allowed.
What the book's own parser makes of the text is looked at, so that a check and the page cannot differ.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from her2adc.errors import Problem, StudyError
from her2adc.markup import Myst

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["notes_problems", "read_notes"]

EXTENSIONS = {"attrs_block", "attrs_inline", "colon_fence", "deflist"}
"""As in _config.yml."""
ROLES = {"cite", "cite:t", "cite:p", "cite:ct", "cite:cp", "sub", "sup", "abbr"}
BOXES = {"note", "warning", "tip", "important", "caution", "attention", "hint", "admonition"}
_LINK = re.compile(r"(https?://|mailto:|#)", re.I)
_BLOCK = re.compile(
    r"(paragraph|heading|bullet_list|ordered_list|list_item|table|thead|tbody|tr|th|td|blockquote|dl|dt|dd|"
    r"footnote\w*)(_open|_close)|footnote\w*|inline|hr|code_block|fence|colon_fence|myst_line_comment"
)
_INLINE = re.compile(
    r"text|text_special|softbreak|hardbreak|code_inline|(em|strong|s|link|span)_(open|close)|myst_role|footnote_\w+"
)
_HTML = "HTML is not allowed in notes"
_LONGEST = 200_000
ALLOWED = "allowed are paragraphs, headings, lists, tables, emphasis, code, web links, citations, notes"


def read_notes(folder: Path, name: str) -> Myst:
    """Return the notes of a study.

    Raises
    ------
    StudyError
        When there is no such file, or it holds what notes may not.
    """
    if problems := notes_problems(folder, name):
        raise StudyError(problems)
    return Myst(_text(folder / name))


def notes_problems(folder: Path, name: str) -> list[Problem]:
    """Say what notes may not hold, each with its row.

    Parameters
    ----------
    folder, name
        Folder of the study, and the file named in it.

    Returns
    -------
    list of Problem
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        return [Problem("study.yml", "notes lie outside the folder of the study", "put the file into the "
                        "folder", column="notes", value=name)]  # fmt: skip
    if not path.is_file():
        return [Problem("study.yml", "there is no such file", "write the name of a file beside study.yml",
                        column="notes", value=name)]  # fmt: skip
    try:
        text = _text(path)
    except UnicodeDecodeError:
        return [Problem(name, "is not UTF-8 text", "save it as UTF-8")]
    if len(text) > _LONGEST:
        return [Problem(name, f"is longer than {_LONGEST} characters", "shorten it")]
    return [Problem(name, said, ALLOWED, row=row, value=value) for row, said, value in _refused(text, 0)]


def _text(path: Path) -> str:
    """Text of the notes, with line breaks of one kind."""
    return path.read_text(encoding="utf-8-sig").replace("\x00", "\ufffd")


def _refused(text: str, before: int) -> list[tuple[int, str, str]]:
    """Row, what is wrong, and the text, of everything that is not allowed."""
    from myst_parser.config.main import MdParserConfig
    from myst_parser.mdit_to_docutils.base import DocutilsRenderer
    from myst_parser.parsers.mdit import create_md_parser

    parser = create_md_parser(MdParserConfig(enable_extensions=set(EXTENSIONS)), DocutilsRenderer)
    found: list[tuple[int, str, str]] = []
    row = before + 1
    for token in parser.parse(text, {}):
        row = before + token.map[0] + 1 if token.map else row
        found += _block(token, row)
        for inner in token.children or []:
            found += [(row, said, value) for said, value in _inline(inner)]
    return found


def _block(token: Token, row: int) -> list[tuple[int, str, str]]:
    """What is wrong with a block."""
    if not _BLOCK.fullmatch(token.type):
        said = _HTML if token.type == "html_block" else "is not allowed in notes"
        return [(row, said, _start(token.content or token.markup))]
    if token.type not in ("fence", "colon_fence"):
        return []
    kind = (token.info or "").split(maxsplit=1)
    name = kind[0].strip("{}") if kind else ""
    if not kind or (token.type == "fence" and not kind[0].startswith("{")):
        return []
    if name not in BOXES or not kind[0].startswith("{"):
        return [(row, "this directive is not allowed in notes", kind[0])]
    return _refused(kind[1] if len(kind) > 1 else "", row - 1) + _refused(token.content, row)


def _inline(token: Token) -> list[tuple[str, str]]:
    """What is wrong with a piece of a line."""
    if token.type == "html_inline":
        return [(_HTML, _start(token.content))]
    if token.type == "myst_role" and token.meta.get("name") not in ROLES:
        return [("this role is not allowed in notes", str(token.meta.get("name")))]
    if not _INLINE.fullmatch(token.type):
        return [("is not allowed in notes", _start(str(token.attrs.get("src", "")) or token.content))]
    if token.type == "link_open" and not _LINK.match(str(token.attrs.get("href", ""))):
        return [("links may lead to the web only", _start(str(token.attrs.get("href", ""))))]
    return []


def _start(text: str) -> str:
    """First words of a text."""
    return text.strip().splitlines()[0][:60] if text.strip() else ""

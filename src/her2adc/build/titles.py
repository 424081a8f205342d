"""Sphinx extension: titles as text where the theme and the search would take them for HTML.

The theme prints the title of a page without escaping it, and the search puts titles of sections into the
page as HTML.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_INDEX = "Search.setIndex("
_AS_SPHINX = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "@": "&#64;"})


def setup(app: Any) -> dict[str, Any]:
    """Connect to a build."""
    app.connect("html-page-context", _escape_title, priority=900)
    app.connect("build-finished", _escape_search)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _escape_title(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Escape what the theme has set."""
    for key in ("pagetitle", "page_description"):
        if isinstance(context.get(key), str):
            context[key] = context[key].translate(_AS_SPHINX)


def _escape_search(app: Any, exception: Exception | None) -> None:
    """Escape the titles of sections in the index of the search."""
    path = Path(app.outdir) / "searchindex.js"
    if exception is not None or not path.is_file():
        return
    index = json.loads(path.read_text(encoding="utf-8").removeprefix(_INDEX).removesuffix(")"))
    index["alltitles"] = {title.translate(_AS_SPHINX): where for title, where in index["alltitles"].items()}
    text = json.dumps(index, separators=(",", ":"), sort_keys=True)
    path.write_text(f"{_INDEX}{text})", encoding="utf-8")

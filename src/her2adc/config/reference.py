"""The keys of a study file as Markdown, read from the models themselves."""

from __future__ import annotations

import inspect
from typing import Any

from her2adc.config.models import Study

TITLES = {
    "Study": "The whole file", "Data": "`data`", "Table": "A table", "Source": "A file of a table",
    "Her2": "`her2`", "Variable": "A variable", "Baseline": "`baseline`", "Endpoint": "An endpoint",
    "Response": "`response`", "Outcome": "An outcome", "Evolution": "`evolution`",
    "Stage": "A stage of `evolution`", "Retest": "A `retest` of `evolution`",
    "Sequencing": "`sequencing`", "SequenceComparison": "`comparison`",
    "Drug": "A drug of `sequencing.agents`",
    "Biomarkers": "`biomarkers`", "TimePoint": "A time point of `biomarkers`",
    "Marker": "A marker of `biomarkers`", "Gene": "A gene of `biomarkers`",
    "Step": "A step of `inclusion`", "Population": "A population",
    "Safety": "`safety`", "Period": "A period of `safety`", "Chapter": "A chapter",
}  # fmt: skip
"""Parts of a study file in reading order, and their headings."""
HIDDEN = {("Study", "folder"), ("Study", "id"), ("Variable", "name"), ("Endpoint", "name"),
          ("Outcome", "name")}  # fmt: skip
WORDS = {
    "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
}  # fmt: skip


def study_markdown() -> str:
    """Return every key of ``study.yml``: what it takes, and its default.

    Examples
    --------
    >>> "| `edition` | 2007, 2013, 2018 or 2023 | 2018 |" in study_markdown()
    True
    """
    schema = Study.model_json_schema(by_alias=True)
    parts = {"Study": schema, **schema["$defs"]}
    lines: list[str] = []
    for name, title in TITLES.items():
        about = inspect.cleandoc(parts[name].get("description", "")).replace("``", "`")
        lines += [f"### {title}", "", about, "", "| key | takes | default |", "|---|---|---|"]
        required = parts[name].get("required", [])
        lines += [
            f"| `{key}` | {_takes(field)} | {'**required**' if key in required else _default(field)} |"
            for key, field in parts[name]["properties"].items()
            if (name, key) not in HIDDEN
        ]
        lines.append("")
    return "\n".join(lines)


def _takes(field: dict[str, Any]) -> str:
    """What a key takes, in words."""
    if "$ref" in field:
        return TITLES[field["$ref"].rsplit("/", 1)[-1]].lower()
    if "anyOf" in field:
        found = [_takes(f) for f in field["anyOf"] if f.get("type") != "null"]
        return _or(list(dict.fromkeys(found)))
    if "enum" in field:
        return _or([f"`{v}`" if v in (".", ",") else str(v) for v in field["enum"]])
    if field.get("format") == "date":
        return "date"
    kind = field.get("type", "")
    if kind == "array":
        return f"list of: {_takes(field['items'])}" if "items" in field else "list"
    if kind == "object":
        inner = field.get("additionalProperties")
        return f"by name: {_takes(inner)}" if isinstance(inner, dict) and inner else "by name: any value"
    return WORDS.get(kind, "any value")


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _default(field: dict[str, Any]) -> str:
    """Default of a key, when it says something."""
    value = field.get("default")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(_item(v) for v in value)
    return "" if value is None or isinstance(value, dict) else str(value)


def _item(value: Any) -> str:
    """One item of a list: a part by its name, a list in brackets."""
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return str(value["name"]) if isinstance(value, dict) else str(value)

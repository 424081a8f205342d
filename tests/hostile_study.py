"""A study every text of which is hostile: markup, directives, roles, formulas, marks that turn a line.

Made from the data of a shipped study, whose courses no test has to make up. Each text carries a number of
its own, so that a page can be asked for each of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

SECRET = "SECRET-7F3A"
"""What stands in the file that texts try to put into the page."""
PATIENTS = 90
RUN = "window.hit=(window.hit||0)+1"
PAYLOADS = (
    f"<script>{RUN}</script> <b>bold</b>",
    f'<img src="hostile-request.png" onerror="{RUN}"> &lt;i&gt; &amp;amp;',
    f"[a](javascript:{RUN}) ![b](hostile-request.png) <javascript:{RUN}> https://hostile.invalid/x",
    "*one* _two_ **three** __four__ ~~five~~ `six` ^seven^ ~eight~",
    "$x^2$ $$y$$ \\(z\\) \\[w\\] $5 to $10",
    "a | b || c \\| d \\ e \\\\ f \\n",
    "{include}`SECRETFILE` {download}`SECRETFILE` {raw}`html` {eval}`1` {cite}`Nobody2099`",
    "{{ secret }} {% raw %} %(x)s {0} {name} {",
    '"double" \'single\' -- and --- and ... (c) (tm) “curly” ``back``',
    "=HYPERLINK(\"https://hostile.invalid\") =cmd|'/C calc'!A0",
    "[^1] [x]{.y #z} [ref]: <#a> # hash ## two {#id .class}",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 12 of 98 \u200f(3%) \u65e5\u672c\u8a9e",
    "</td></table></div></section><style>*{display:none}</style><!-- -->",
    "]]> <?php ?> &#60;script&#62; &nbsp; \\u003cscript\\u003e %3Cscript%3E",
)
STARTS = (
    "", "# ", "## ", "- ", "* ", "+ ", "1. ", "2) ", "> ", "| ", "=", "@", "+", "% ", "+++ ", "--- ", "=== ",
    "(target)= ", ":alt: ", ": ", "::: ", "``` ", "~~~ ", "    ", "\t", "{note} ",
)  # fmt: skip
BREAKS = (
    "\n\n:::{include} SECRETFILE\n:::\n\n",
    "\n\n```{include} SECRETFILE\n```\n\n",
    "\r\n\r\n```{raw} html\n<script>window.hit=9</script>\n```\n\n",
    "\n---\n\n# Heading\n\n",
    "\n:name: taken\n:class: other\n\n",
    "\n\n<script>window.hit=8</script>\n\n",
    "\u2028{literalinclude} SECRETFILE\u2029\x0b\x0c",
)


class Texts:
    """Makes hostile texts and remembers what was typed."""

    def __init__(self, secret: Path) -> None:
        self.secret, self.typed = str(secret), {}

    def __call__(self, kind: str, *, breaks: bool = True, more: str = "") -> str:
        """Return a new text of a kind."""
        n = len(self.typed)
        text = f"{STARTS[n % len(STARTS)]}K{n:03d} {PAYLOADS[n % len(PAYLOADS)]}"
        if breaks:
            text += f"{BREAKS[n % len(BREAKS)]}end of K{n:03d}"
        text = f"{text}{more}".replace("SECRETFILE", self.secret)
        self.typed[f"{kind} {n:03d}"] = text
        return text


def write_hostile(root: Path, shipped: Path, secret: Path) -> tuple[Path, dict[str, str]]:
    """Write the study to ``root/hostile``; return its folder, and every text that a page has to print.

    Parameters
    ----------
    root
        Where.
    shipped
        Folder of the study whose data it takes.
    secret
        File that texts try to include.
    """
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    text = Texts(secret)
    study = yaml.safe_load((shipped / "study.yml").read_text(encoding="utf-8"))
    study.pop("notes")
    tables = {p.stem: pd.read_csv(p, dtype=str, keep_default_na=False) for p in shipped.glob("data/*.csv")}
    known = set(tables["patients"]["patient_id"].head(PATIENTS))
    tables = {name: t[t["patient_id"].isin(known)].reset_index(drop=True) for name, t in tables.items()}
    folder = root / "hostile"
    (folder / "data").mkdir(parents=True)
    _head(study, text)
    _variables(study, tables["patients"], text)
    _endpoints(study, text)
    _parts(study, text)
    _records(study, tables, text)
    study["chapters"] = _chapters(text)
    (folder / "study.yml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    for name, table in tables.items():
        table.to_csv(folder / "data" / study["data"][name], index=False)
    return folder, text.typed


def _head(study: dict[str, Any], text: Texts) -> None:
    """What the study is."""
    study.update(id="hostile", data_kind="real", citation="")
    study["short_title"] = text("short title", breaks=False)
    study["title"] = "Not printed"
    for key in ("question", "design", "setting"):
        study[key] = text(key)
    study["source_note"] = text("source note", more=f" {'very long ' * 1000}")
    study["limitations"] = [text("limitation"), text("limitation", more=f" {'x' * 10_000}"),
                            text("limitation", more=" \x07bell \x1b[31m \u202eturned\u202c \u2067isolated")]
    study["data"] = {name: f"{name} &amp; $x$ *y* `z`.csv" for name in study["data"]}
    study["inclusion"] = [
        {"exclude": "age > 78", "reason": text("reason")},
        {"exclude": "age > 75", "reason": text("reason")},
    ]


def _variables(study: dict[str, Any], patients: pd.DataFrame, text: Texts) -> None:
    """Labels, units and levels, and the cells that the levels are read from."""
    variables = study["variables"]
    for name in ("age", "ecog", "hr_status", "histology", "liver_metastasis", "ki67"):
        variables[name]["label"] = text(f"label of {name}")
    variables["age"]["unit"] = text("unit", breaks=False)
    variables["age_65"]["labels"] = [text("level", breaks=False), text("level", breaks=False)]
    raw = {"positive": "<b>pos</b> | $1$ {x}\n*y*", "negative": "=neg @x"}
    patients["hr_status"] = patients["hr_status"].replace(raw)
    variables["hr_status"]["levels"] = {text("level"): [cell] for cell in raw.values()}
    variables["histology"]["levels"] = {text("level"): [cell] for cell in ("ductal", "lobular")} | {
        "Other": ["other"]}


def _endpoints(study: dict[str, Any], text: Texts) -> None:
    """Names, definitions and clocks of endpoints."""
    kept = ("PFS1", "PFS2", "OS")
    study["endpoints"] = {k: study["endpoints"][k] for k in kept}
    for name in kept:
        for key in ("label", "definition"):
            study["endpoints"][name][key] = text(f"{key} of {name}")
        study["endpoints"][name]["clock"] = f"Time *since* $x$ <b> {name}"
    study["outcomes"] = {"mets": {"label": text("outcome"), "definition": text("definition"),
                                  "column": "bone_metastasis"}}  # fmt: skip


def _parts(study: dict[str, Any], text: Texts) -> None:
    """Stages, markers, periods, populations, the target trial."""
    for stage in study["evolution"]["stages"]:
        if stage["name"] in ("before", "after1"):
            stage["label"] = text("stage")
    rule = study["biomarkers"]
    for key in ("before", "between"):
        rule["time_points"][key]["label"] = text("time point")
    rule["markers"]["trop2"].update(label=text("marker"), unit="<b>$p$", cut_source=text("source of a cut"))
    rule["genes"] = {"ESR1": {}, "BRCA": {**rule["genes"]["BRCA"], "label": text("gene", breaks=False)}}
    del rule["markers"]["ki67_index"]
    rule["remark"] = {key: text(f"remark {key}") for key in rule["remark"]}
    rule.update(permutations=99, replicates=50)
    study["safety"]["periods"]["ADC1"]["label"] = text("period")
    study["populations"] = {"young": {"label": text("population"), "where": "age < 55"}}
    study["comparison"]["target_trial"] = {"eligibility": text("target trial")}
    study["comparison"]["covariates"] = ["age", "hr_status", "liver_metastasis"]
    study["adjustment"] = ["age", "hr_status"]
    study["subgroups"] = ["age_65", "hr_status"]
    study["baseline"]["variables"] = ["age", "ecog", "hr_status", "histology", "ki67", "liver_metastasis"]


def _records(study: dict[str, Any], tables: dict[str, pd.DataFrame], text: Texts) -> None:
    """Terms of adverse events, names of drugs, HER2 texts."""
    events = tables["adverse_events"]
    common = events["term"].value_counts().index[:4]
    terms = {term: text("adverse event") for term in common}
    events["term"] = events["term"].replace(terms)
    study["safety"]["special_interest"] = {text("special interest"): list(terms.values())[:2]}
    drugs = tables["exposures"]["agent"].value_counts().index
    strange = next(d for d in drugs if d.casefold() in ("capecitabine", "eribulin", "vinorelbine"))
    tables["exposures"]["agent"] = tables["exposures"]["agent"].replace(strange, "<b>drug</b>*x* $1$")
    study["sequencing"]["unknown"] = "keep"
    tests = tables["her2_tests"]
    unknown = f"KHER2 <script>{RUN}</script> *x* $1$ | `u` {{include}}"
    tests.loc[tests.index[tests["specimen"].eq("before ADC1")][:3], "ihc"] = unknown
    study["her2"]["unknown"] = [unknown]


def _chapters(text: Texts) -> list[Any]:
    """Every notebook once."""
    return [
        "cohort", "baseline", "response", "safety", "biomarkers",
        {"notebook": "sequencing", "title": text("chapter title", breaks=False)},
        {"notebook": "sequence_comparison", "title": "Comparison"},
        {"notebook": "survival", "page": "os", "title": text("chapter title", breaks=False),
         "parameters": {"endpoint": "OS", "by": "hr_status", "population": text("population of a chapter")}},
        {"notebook": "her2_evolution", "title": text("chapter title", breaks=False),
         "parameters": {"before": "before", "after": "after1"}},
        {"notebook": "subgroups", "parameters": {"endpoint": "PFS1"}},
        {"notebook": "pathological_response", "title": "Outcome", "parameters": {"outcome": "mets"}},
    ]  # fmt: skip

"""Texts come out of MyST as they went in; cells are no formulas; notes are checked; software is named."""

import ast
import csv
import random
import re
from itertools import cycle
from pathlib import Path

import pandas as pd
import pytest
from docutils import nodes
from docutils.core import publish_doctree
from hostile_study import BREAKS, PAYLOADS, STARTS
from matplotlib.figure import Figure
from myst_parser.parsers.docutils_ import Parser
from small_study import write_study

from her2adc import figures, software, tables
from her2adc.__main__ import main
from her2adc.blocks import about, notes, remarks
from her2adc.errors import StudyError
from her2adc.markup import Myst, cite, escape, option, plain, slugs, spreadsheet, token, write_csv
from her2adc.notes import notes_problems
from her2adc.page import Page, Shown, bullets, joined
from her2adc.results import frame, row
from her2adc.stats import logistic_fit, proportions

ROOT = Path(__file__).parents[1]
PLACES = {
    "paragraph": Myst("{}"),
    "sentence": Myst("Before {} after"),
    "bold": Myst("**{}.** after"),
    "list": Myst("- {}\n- **Name:** {}"),
    "heading": Myst("# {}"),
    "cell": Myst("| a | b |\n| :--- | ---: |\n| {} | **{}** |"),
    "head": Myst("| {} | b |\n| :--- | ---: |\n| x | y |"),
    "argument": Myst(":::{{admonition}} {}\n:class: x\n\n{}\n:::"),
    "content": Myst(":::{{note}}\n{}\n:::"),
}
ISOLATES = re.compile("[\u2068\u2069]")
CHARACTERS = "ab 1.)(*_`$|[]{}<>!#+-=~^&\\:;%@'\"/\n\t\u05d0\u200f\x07"


def read(myst):
    """Text that MyST makes of a source, without blanks; fails when it makes anything but text."""
    settings = {"myst_enable_extensions": ["attrs_block", "attrs_inline", "colon_fence", "deflist"],
                "report_level": 5, "halt_level": 6, "line_length_limit": 10**6, "_disable_config": True}
    tree = publish_doctree(str(myst), parser=Parser(), settings_overrides=settings)
    strange = [n for n in tree.findall() if isinstance(n, nodes.raw | nodes.image | nodes.literal |
               nodes.literal_block | nodes.reference | nodes.target | nodes.system_message | nodes.math |
               nodes.comment | nodes.emphasis | nodes.transition | nodes.problematic)]
    assert strange == []
    return ISOLATES.sub("", re.sub(r"\s", "", tree.astext()))


@pytest.mark.parametrize("place", PLACES)
def test_text_reads_as_typed_wherever_it_stands(place):
    rng = random.Random(7)
    texts = [f"{start}K {payload}" for start, payload in zip(STARTS, cycle(PAYLOADS))]
    texts += [f"{start}K{end}" for start, end in zip(STARTS, cycle(BREAKS))] + ["x" * 10_000]
    texts += ["a" + "".join(rng.choices(CHARACTERS, k=rng.randint(1, 30))) for _ in range(60)]
    texts += ["".join(rng.choices(CHARACTERS, k=rng.randint(1, 30))) + "a" for _ in range(60)]
    count = PLACES[place].count("{}") - PLACES[place].count("{{}}")
    for text in texts:
        shown = read(PLACES[place].format(*[text] * count))
        assert re.sub(r"\s", "", plain(text)) in shown, text


def test_direction_and_control_characters_stay_within_the_text():
    assert plain("a\u202eb\u2067c\x00d\ud800e\x1b") == "a�b�c�d�e�"
    isolated = "\u2068\u05d0\u05d1\u2069 12 of 98, \u2068\u05d2\u2069 (3%)"
    assert escape("\u05d0\u05d1 12 of 98, \u05d2 (3%)") == isolated
    assert plain("a\r\nb\u2028c\x85d\x0be") == "a b c d e" and plain("1\u20072") == "1\u20072"


def test_what_is_forgotten_comes_out_escaped():
    assert f"{Myst('*')}".__class__ is str and Shown(f"{Myst('**a**')}").markdown == r"\*\*a\*\*"
    assert joined([Shown(Myst("## A")), Shown("*b*")]).markdown == "## A\n\n\\*b\\*"
    assert Myst("**a**") + " b* " + Myst("c") == "**a** b\\* c" and Myst("a") + "" == "a"
    assert bullets(["<b>", "- x"]).markdown == "- \\<b\\>\n- \\- x"
    assert Shown("<script>").html == "<p>&lt;script&gt;</p>"


def test_only_literals_are_made_into_myst():
    """What becomes MyST without escaping is written in the code; nowhere a variable or an f-string."""
    wrong = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        if path.name in ("markup.py", "notes.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Myst":
                inner = list(ast.walk(node.args[0]))
                if any(isinstance(n, ast.JoinedStr | ast.Call | ast.BinOp) for n in inner):
                    wrong.append(f"{path.name}:{node.lineno}")
    assert wrong == []


def test_names_of_files_and_labels_and_keys():
    with pytest.raises(ValueError, match="no name of a file"):
        token("a`b")
    assert cite("a`{b}") == "a\\`\\{b\\}" and cite("A2020,B2021", "p") == "{cite:p}`A2020,B2021`"
    assert slugs(["<1%", "≥1%", "高", "x" * 90]) == ["1", "1-2", "x", "x" * 40]
    assert option('a\n:name: "x" \\') == '"a :name: \\"x\\" \\\\"'


@pytest.mark.parametrize("text", ["=1+1", "+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1",
                                  '"=1', "＝1", "＋1+1", "－a", "＠a", "\ufeff=1", "+ yes",
                                  "- none", "--", "-1/2"])
def test_texts_that_a_spreadsheet_would_compute_are_neutralised(text):
    assert spreadsheet(text).startswith("'")


@pytest.mark.parametrize("text", ["-0.3", "-1.5e-3", "+5.2%", "-0.3 (-0.9 to 0.2)", "-0.3 (-0.9 to NE)†",
                                  "−3.1", "-12.5 (95% CI -20.1 to -3.0)", "<0.001", "HER2-low", "a=b", "",
                                  "-3,5"])
def test_numbers_and_other_texts_stay(text):
    assert spreadsheet(text) == text


def test_every_offered_csv_is_neutralised(tmp_path):
    wrong = pd.DataFrame({"=h": ["=c", "-1.5"], "n": [-1.5, 2.0], "k": pd.Categorical(["@x", None])})
    write_csv(wrong, tmp_path / "a.csv")
    assert list(csv.reader((tmp_path / "a.csv").open(newline=""))) == [
        ["'=h", "n", "k"], ["'=c", "-1.5", "'@x"], ["-1.5", "2.0", ""]]
    table = tables.Table(pd.DataFrame({"": ["=1"], "@All": ["-0.1 (-0.2 to 0.1)"]}), ("level",))
    assert tables.to_csv(table, tmp_path / "t.csv").read_text() == ",'@All\n    '=1,-0.1 (-0.2 to 0.1)\n"
    report = Page(str(write_study(tmp_path)), "pfs", out=str(tmp_path / "out"))
    report.add(frame([row("a", "x", -1.0, variable="=cmd()")]))
    report.close()
    assert "'=cmd()" in (tmp_path / "out/tables/pfs-results.csv").read_text()
    assert pd.read_csv(tmp_path / "out/results.csv")["variable"].tolist() == ["=cmd()"]
    figures.save(Figure(figsize=(1, 1)), tmp_path, "f", pd.DataFrame({"term": ["=cmd()"]}))
    assert (tmp_path / "f.csv").read_text() == "term\n'=cmd()\n"


def test_study_texts_and_remarks_are_escaped(tmp_path):
    texts = {"question": "*q*\n:::{include} /etc/passwd\n:::", "source_note": "$x$", "design": "<b>"}
    folder = write_study(tmp_path, study={**texts, "limitations": ["# l"]})
    report = Page(str(folder), "pfs", out=str(tmp_path))
    shown = about(report).markdown
    assert "\\*q\\* :::\\{include\\} /etc/passwd :::" in shown and "\\$x\\$" in shown and "\\<b\\>" in shown
    assert report.limits().markdown == "- \\# l"
    report.cohort.remarks[:] = ["file `a` *b*"]
    assert remarks(report).markdown == "**Noticed in the data.**\n\n- file \\`a\\` \\*b\\*"


NOTES = """## Why

Text *a*, [web](https://x.org), {cite:t}`Shi2023`.

| a | b |
|---|---|
| 1 | 2 |

:::{note}
Mind.
:::

```python
1 + 1
```
"""
REFUSED = {
    "html": "a <b>c</b>",
    "block of html": "<script>1</script>",
    "include": "```{include} /etc/passwd\n```",
    "colon": ":::{include} x\n:::",
    "nested": ":::{note}\n```{literalinclude} x\n```\n:::",
    "title": ":::{admonition} a {download}`x`\nb\n:::",
    "raw": "```{raw} html\n```",
    "rst": "```{eval-rst}\n```",
    "code": "```{code-cell}\n```",
    "role": "{download}`/etc/passwd`",
    "picture": "![a](/etc/x.png)",
    "file": "[a](../../x.csv)",
    "path": "[a](path:x)",
    "reference": "[a]\n\n[a]: /etc/passwd",
    "break": "+++",
    "target": "(x)=\n\na",
    "front": "---\na: 1\n---\n",
    "figure": ":::{figure} x.png\n:::",
    "div": ":::warning\n:::",
}


def test_notes_are_markdown(tmp_path):
    folder = write_study(tmp_path, study={"notes": "notes.md"})
    (folder / "notes.md").write_text(NOTES, encoding="utf-8")
    assert notes(Page(str(folder), "cohort", out=str(tmp_path))).markdown == NOTES


@pytest.mark.parametrize("kind", REFUSED)
def test_notes_include_and_run_nothing(tmp_path, kind):
    (tmp_path / "notes.md").write_text(f"# Notes\n\nFirst.\n\n{REFUSED[kind]}\n" if kind != "front"
                                       else REFUSED[kind], encoding="utf-8")
    problems = notes_problems(tmp_path, "notes.md")
    assert re.search("not allowed|to the web only", problems[0].message) and problems[0].row is not None


def test_notes_that_are_not_there(tmp_path):
    assert "outside" in notes_problems(tmp_path, "../x.md")[0].message
    assert "no such file" in notes_problems(tmp_path, "x.md")[0].message
    report = Page(str(write_study(tmp_path, study={"notes": "x.md"})), "cohort", out=str(tmp_path))
    with pytest.raises(StudyError, match="no such file"):
        notes(report)


def test_validate_looks_at_the_notes(tmp_path, capsys):
    folder = write_study(tmp_path, study={"notes": "notes.md"})
    (folder / "notes.md").write_text("First.\n\n```{include} /etc/passwd\n```\n", encoding="utf-8")
    assert main(["validate", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "notes.md, row 3: this directive is not allowed in notes (found: '{include}')" in said


def test_software_is_what_computed(monkeypatch):
    for name in software.OTHERS:
        monkeypatch.delitem(__import__("sys").modules, name, raising=False)
    software.start()
    assert not re.search("lifelines|scikit|statsmodels|firth", software.named())
    proportions.clopper_pearson(2, 9)
    assert "statsmodels" in software.named() and "firth" not in software.named()
    logistic_fit.fit_firth_logistic(pd.DataFrame({"x": [0.0, 0, 1, 1]}).to_numpy(),
                                    pd.Series([True, False, True, True]).to_numpy())
    assert re.search(r"firthmodels \d", software.named()) and "matplotlib" in software.named(drawn=True)


def test_every_use_of_a_library_is_noted():
    """A function that calls statsmodels, scikit-learn or firthmodels says so."""
    wrong = []
    for path in sorted((ROOT / "src/her2adc").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        foreign = {alias.asname or alias.name.split(".")[0]: module.split(".")[0]
                   for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)
                   for alias in node.names
                   for module in [(node.module or "") if isinstance(node, ast.ImportFrom) else alias.name]
                   if module.split(".")[0] in ("statsmodels", "sklearn", "firthmodels", "lifelines")}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & set(foreign)
                called = {a.value for n in ast.walk(node) if isinstance(n, ast.Call)
                          and getattr(n.func, "id", "") == "uses" for a in n.args}
                wanted = {{"sklearn": "scikit-learn"}.get(foreign[n], foreign[n]) for n in names
                          if not n.endswith(("Warning", "Error"))}
                wrong += [f"{path.name}: {node.name}"] if wanted - called else []
    assert wrong == []

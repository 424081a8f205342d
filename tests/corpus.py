"""A good study, and several hundred ways in which a file of it can be another one.

Each input either means the same (another spelling, another file format, columns nobody uses) or is wrong
in one place. What comes out has to be the same cohort, or a problem that names the place.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import yaml

N = 12
PATIENTS = pd.DataFrame(
    {
        "patient_id": [f"P{i:02d}" for i in range(1, N + 1)],
        "age": [44, 51, 63, 70, 38, 55, 61, 49, 72, 58, 66, 47],
        "ki67": [12, 25, 40, 8, 60, 33, 20, 15, 70, 45, 30, 22],
        "liver": ["yes", "no"] * 6,
        "pcr": ["1", "0", "0"] * 4,
        "her2_ihc": ["1+", "2+", "2+", "3+", "3+", "1+", "0", "2+", "3+", "1+", "2+", "3+"],
        "her2_ish": [
            "",
            "not amplified",
            "not amplified",
            "",
            "",
            "",
            "",
            "amplified",
            "",
            "",
            "not amplified",
            "",
        ],
        "start": [f"2022-{m:02d}-10" for m in range(1, 13)],
        "progression": [
            "2022-09-14",
            "",
            "2023-02-03",
            "",
            "",
            "2022-12-05",
            "",
            "2023-01-20",
            "",
            "2023-06-06",
            "",
            "2023-05-01",
        ],
        "death": ["2023-01-15", "", "", "", "2023-04-21", "", "", "2023-03-01", "", "", "", ""],
        "last_seen": [
            "2023-01-15",
            "2023-09-01",
            "2023-06-01",
            "2024-01-15",
            "2023-04-21",
            "2023-04-15",
            "2023-10-10",
            "2023-03-01",
            "2024-02-02",
            "2023-07-05",
            "2023-07-07",
            "2023-12-01",
        ],
        "dfs_months": [5.5, 20, 13.25, 30, 8, 11, 24, 9.5, 18, 12, 15, 10],
        "dfs_event": ["1", "0", "1", "0", "1", "0", "0", "1", "0", "1", "0", "1"],
        "best": ["PR", "SD", "CR", "PD", "SD", "PR", "NE", "SD", "PR", "CR", "PD", "SD"],
    }
)
EVENTS = pd.DataFrame(
    {
        "patient_id": ["P01", "P02", "P02", "P04", "P07"],
        "term": ["Nausea", "Nausea", "Neutropenia", "Pneumonitis", "Fatigue"],
        "grade": [1, 3, 4, 2, 2],
        "onset": ["2022-02-01", "2022-03-01", "2022-05-02", "2022-06-11", "2022-09-30"],
        "related": ["yes", "no", "yes", "yes", "no"],
    }
)
STUDY: dict[str, Any] = {
    "title": "A study that is right",
    "short_title": "Right",
    "question": "Is it?",
    "design": "Made up",
    "data_kind": "real",
    "data": {"patients": "patients.csv", "adverse_events": "adverse_events.csv"},
    "her2": {"edition": 2018},
    "variables": {
        "age": {"label": "Age", "unit": "years", "minimum": 18, "maximum": 110},
        "ki67": {"label": "Ki-67", "unit": "%"},
        "liver": {"label": "Liver metastasis", "levels": "yes_no"},
    },
    "baseline": {"variables": ["age", "ki67", "liver"]},
    "endpoints": {
        "PFS": {
            "label": "Progression-free survival",
            "definition": "from start to progression or death",
            "start": "start",
            "events": ["progression", "death"],
            "censor": "last_seen",
        },
        "DFS": {
            "label": "Disease-free survival",
            "definition": "as recorded",
            "time": "dfs_months",
            "event": "dfs_event",
        },
    },
    "main_endpoint": "PFS",
    "follow_up": {"start": "start", "end": "last_seen"},
    "response": {"column": "best"},
    "outcomes": {"pcr": {"label": "pCR", "definition": "as recorded", "column": "pcr"}},
    "subgroups": ["liver"],
    "chapters": [
        "cohort",
        {"notebook": "survival", "page": "pfs", "title": "PFS", "parameters": {"endpoint": "PFS"}},
    ],
}
DATES = ("start", "progression", "death", "last_seen")


@dataclass
class Input:
    """One way to write the study, and where a problem has to point (file, row, column)."""

    name: str
    write: Callable[[Path], None]
    file: str = ""
    row: int | None = None
    column: str = ""
    same: bool = False
    """Whether it has to be read: another spelling of the same cohort."""


@dataclass
class Files:
    """The files of a study, still to be changed."""

    patients: pd.DataFrame = field(default_factory=lambda: PATIENTS.astype(object))
    events: pd.DataFrame = field(default_factory=lambda: EVENTS.astype(object))
    study: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(STUDY))

    def write(self, folder: Path) -> None:
        """Write them as CSV."""
        self.study_to(folder)
        self.patients.to_csv(folder / "data/patients.csv", index=False)

    def study_to(self, folder: Path) -> None:
        """Write the study file and the table of adverse events."""
        (folder / "data").mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(self.study, sort_keys=False, allow_unicode=True)
        (folder / "study.yml").write_text(text, encoding="utf-8")
        self.events.to_csv(folder / "data/adverse_events.csv", index=False)


def inputs() -> list[Input]:
    """All inputs, in a fixed order."""
    found = [*_cells(), *_texts(), *_workbooks(), *_tables(), *_study_files()]
    names = [i.name for i in found]
    assert len(set(names)) == len(names), [n for n in names if names.count(n) > 1]
    return found


# --- cells -------------------------------------------------------------------------------------------


def _date_forms(text: str) -> tuple[list[str], list[str]]:
    """Other spellings of a date, and texts that are none (or not one that can be)."""
    day = dt.date.fromisoformat(text)
    same = [text.replace("-", "/"), text.replace("-", ""), f" {text} ", f"{text} 00:00:00", f"\u00a0{text}"]
    other = [
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{text}T00:00:00",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}-{day.month}-{day.day}",
    ]
    wrong = [
        f"{day.day:02d}/{day.month:02d}/{day.year}",
        f"{day.month:02d}/{day.day:02d}/{day.year}",
        text[:7],
        text[:7].replace("-", ""),
        text.replace("-", "")[:7],
        text[:4],
        f"2203{text[4:]}",
        f"1823{text[4:]}",
        f"0{text[1:]}",
        text[:5] + "13-01",
        text[:5] + "02-30",
        f"{text[:-2]}00",
        f"{text}T16:00:00.000Z",
        f"{text}T00:00:00+08:00",
        f"{text} 16:00:00+08:00",
        f"{text}?",
        f"ca. {text}",
        f"{text}, {text}",
        f"{text[:-2]}xx",
        f"{text[:4]}–{text[5:]}",
        str((day - dt.date(1899, 12, 30)).days),
        "unknown",
        "0",
        "1",
        "-",
        "?",
        "alive",
        "n.k.",
        "00000000",
        f"{day.day} {day:%B} {day.year}",
        f"{day:%y}-{day:%m}-{day:%d}",
        f"{day:%d.%m.%y}",
        "99999999",
        "9999-12-31",
        f"{text}\u202e",
        f"‐{text}",
        f"{text}１",
        "31.11.2022",
        f"{day:%Y-%j}",
        f"{day:%G-W%V-%u}",
        "1e4",
        "Mon",
    ]
    return same, [*other, *wrong]


def _cells() -> Iterator[Input]:
    """One cell of a good file, written otherwise."""
    for column in DATES:
        row = next(i for i, text in enumerate(PATIENTS[column]) if text and i > 1)
        same, rest = _date_forms(PATIENTS[column][row])
        yield from _changed("patients", column, row, same, True)
        yield from _changed("patients", column, row, rest, False)
    same, rest = _date_forms(EVENTS["onset"][2])
    yield from _changed("events", "onset", 2, same, True)
    yield from _changed("events", "onset", 2, rest, False)
    yield from _changed(
        "patients", "age", 2, ["63.0", " 63 ", "6.3e1", "063", "+63", "63.", "63\u00a0"], True
    )
    yield from _changed(
        "patients",
        "age",
        2,
        [
            "63 years",
            "63岁",
            "<63",
            ">63",
            "≥63",
            "63,0",
            "6,3",
            "63_0",
            "6_3",
            "0x3f",
            "inf",
            "-inf",
            "1e400",
            "６３",
            "63%",
            "630",
            "-63",
            "true",
            "63-64",
            "~63",
            "63a",
            "sixty-three",
            "63;",
            "1.963",
            "63/1",
            "1959-05-01",
            "six",
            "?",
            "-",
            ".",
            "63.0.0",
            "6 3",
            "'63",
            "=63",
            "63 (y)",
            "1e-400",
            "0",
        ],
        False,
    )
    yield from _changed("patients", "ki67", 2, ["40.0", "40%", "40 %", "4e1"], True)
    yield from _changed(
        "patients",
        "ki67",
        2,
        [
            "<40",
            "<1%",
            "30-50",
            "30-50%",
            "1500",
            "1500%",
            "-4",
            "40,0",
            "４０",
            "40.5.1",
            "high",
            ">90%",
            "~40",
            "40 % (MIB1)",
            "101",
            "+++",
            "40%%",
            "%",
            "4O",
        ],
        False,
    )
    yield from _changed("patients", "dfs_months", 2, ["13.250", "1.325e1"], True)
    yield from _changed(
        "patients", "dfs_months", 2, ["13,25", "13.25 m", "-13.25", "1325", "13 months", "", "0x1"], False
    )
    yes_no = {"patients": (("liver", 1), ("pcr", 1), ("dfs_event", 1)), "events": (("related", 1),)}
    for table, cells in yes_no.items():
        for column, row in cells:
            yield from _changed(
                table,
                column,
                row,
                [
                    "NO",
                    "No",
                    "no ",
                    "N",
                    "0",
                    "0.0",
                    "False",
                    "false",
                    "否",
                    "无",
                    "none",
                    "x",
                    "2",
                    "2.0",
                    "-",
                    "nein",
                    "non",
                    "no?",
                    "n o",
                    "ｎｏ",
                    "00",
                    "-0",
                    "absent",
                    "neg",
                    "0,0",
                    "unknown",
                    "0:no",
                    "no/yes",
                    "1/0",
                    "nо",
                ],
                False,
            )
    yield from _changed(
        "patients", "her2_ihc", 2, ["2", "IHC 2+", "2 +", "HER2 2+", "++", "2＋", "2+ ", "Score 2+"], False
    )
    yield from _changed(
        "patients",
        "her2_ihc",
        2,
        [
            "4+",
            "2.5",
            "-2",
            "阳性",
            "22",
            "H-score 150",
            "+++++",
            "IHC",
            "2 or so",
            "yes",
            "２",
            "(2+)",
            "2+*",
            "2+, FISH+",
            "12",
            "2+3+",
            "?",
        ],
        False,
    )
    yield from _changed(
        "patients", "her2_ish", 2, ["Not amplified", "non-amplified", "FISH-", "negative"], False
    )
    yield from _changed(
        "patients",
        "her2_ish",
        2,
        [
            "1.0",
            "1.8",
            "2.3",
            "0",
            "1",
            "2",
            "0.0",
            "-",
            "未扩增",
            "n",
            "y",
            "ratio 1.2",
            "1,2",
            "not ampl",
            "amp?",
            "not",
            "amplified?",
            "1.2/3.4",
        ],
        False,
    )
    yield from _changed(
        "patients", "best", 2, ["cr", "Complete response", "CR ", "complete remission", "Cr"], False
    )
    yield from _changed(
        "patients",
        "best",
        2,
        ["CR*", "C R", "CRR", "1", "PR/CR", "完全缓解", "CR?", "iCR", "non-CR/non-PD", "pCR", "4", "ΠR"],
        False,
    )
    yield from _changed("events", "grade", 2, ["4.0", " 4 "], True)
    yield from _changed(
        "events",
        "grade",
        2,
        ["Grade 4", "G4", "IV", "4级", "6", "0", "-4", "3-4", "4a", "4,0", "44", "＃", "four", "3.5", "≥4"],
        False,
    )
    yield from _changed(
        "events",
        "patient_id",
        2,
        ["P2", "p02", "P 02", "Ｐ02", "P02\u200b", "P-02", "02", "P99", "", "P02.0", "P02,P03", "PO2"],
        False,
    )
    yield from _changed("events", "patient_id", 2, [" P02", "P02 ", "P02\u00a0"], True)
    yield from _changed("patients", "patient_id", 2, ["P04", "P04 ", ""], False)
    for alike in _changed("patients", "patient_id", 2, ["p04", "P04\u200b", "Ｐ04"], False):
        yield replace(alike, row=None)  # either of the two rows may be named


def _changed(table: str, column: str, row: int, texts: list[str], same: bool) -> Iterator[Input]:
    """One input for each text in the place of a cell."""
    file = "patients.csv" if table == "patients" else "adverse_events.csv"
    for text in texts:

        def write(folder: Path, text: str = text) -> None:
            files = Files()
            getattr(files, table).loc[row, column] = text
            files.write(folder)

        yield Input(f"{file} {column}[{row}] = {text!r}", write, file, row + 2, column, same)


# --- the text of a CSV file --------------------------------------------------------------------------


def _texts() -> Iterator[Input]:
    """The same table as another text, or a text that is broken."""
    good = PATIENTS.to_csv(index=False)
    lines = good.splitlines()

    def text(
        name: str,
        content: str | bytes,
        same: bool = False,
        study: dict[str, Any] | None = None,
        row: int | None = None,
        column: str = "",
    ) -> Input:
        def write(folder: Path) -> None:
            files = Files()
            if study:
                files.study["data"] = {**files.study["data"], **study}
            files.study_to(folder)
            data = content if isinstance(content, bytes) else content.encode()
            (folder / "data/patients.csv").write_bytes(data)

        return Input(f"text: {name}", write, "patients.csv", row, column, same)

    source = {"file": "patients.csv"}
    yield text("byte order mark", good.encode("utf-8-sig"), True)
    yield text("CRLF", good.replace("\n", "\r\n"), True)
    yield text("no line end at the end", good.rstrip("\n"), True)
    yield text("blank lines", "\n".join([*lines[:4], "", "  ", *lines[4:], "", ""]), True)
    yield text("lines of commas", "\n".join([*lines, "," * 13, "," * 13]), True)
    for n in (1, 2, 3, 9):
        yield text(f"{n} empty columns at the right", "\n".join(line + "," * n for line in lines), True)
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        yield text(name, good.replace(",", mark), mark == ";")
        yield text(
            f"{name}, declared", good.replace(",", mark), True, {"patients": {**source, "delimiter": mark}}
        )
    yield text("sep line", "sep=,\n" + good)
    yield text("all quoted", PATIENTS.to_csv(index=False, quoting=1), True)
    yield text(
        "header in quotes with blanks",
        ",".join(f'" {c} "' for c in PATIENTS) + "\n" + "\n".join(lines[1:]),
        True,
    )
    yield text("UTF-16", good.encode("utf-16"))
    yield text(
        "UTF-16, declared", good.encode("utf-16"), False, {"patients": {**source, "encoding": "utf-16"}}
    )
    yield replace(
        text("unknown encoding", good, False, {"patients": {**source, "encoding": "utf-99"}}), file=""
    )
    yield text("Latin-1 in the header", good.replace("best", "beßt").encode("latin-1"))
    yield text("empty file", "")
    yield text("header only", lines[0] + "\n")
    yield text("NUL bytes", good.encode().replace(b"P05", b"P\x0005"))
    yield text("binary", bytes(range(256)) * 8)
    yield text("a zip", b"PK\x03\x04" + bytes(200))
    yield text("HTML", "<html><body><table><tr><td>patient_id</td></tr></table></body></html>")
    yield text("JSON", '[{"patient_id": "P01"}]')
    for i in (1, 5, 12):
        cut = lines[i].rsplit(",", 3)[0]
        yield text(f"row {i + 1} cut short", "\n".join([*lines[:i], cut, *lines[i + 1 :]]), row=i + 1)
        yield text(
            f"row {i + 1} with more cells",
            "\n".join([*lines[:i], lines[i] + ",x,y", *lines[i + 1 :]]),
            row=i + 1,
        )
        yield text(f"row {i + 1} twice", "\n".join([*lines[: i + 1], *lines[i:]]), row=i + 2)
        yield text(
            f"row {i + 1} with an open quote",
            "\n".join([*lines[:i], lines[i].replace("P", '"P', 1), *lines[i + 1 :]]),
        )
        moved = lines[i].replace(",", ",,", 1)
        yield text(f"row {i + 1} moved by a cell", "\n".join([*lines[:i], moved, *lines[i + 1 :]]), row=i + 1)
    yield text("total row", "\n".join([*lines, "Total,54.8,31,6,4,,,,,,,,,"]))
    yield text("note below", "\n".join([*lines, "Data as of 1 Jan 2024" + "," * 13]))
    yield text("title above", "\n".join(["Cohort" + "," * 13, *lines]))
    yield text(
        "title above, declared",
        "\n".join(["Cohort" + "," * 13, *lines]),
        True,
        {"patients": {**source, "header_row": 2}},
    )
    yield text(
        "units below the names",
        "\n".join([lines[0], ",years,%,,,,,date,date,date,date,months,,", *lines[1:]]),
    )
    yield text("names twice", "\n".join([lines[0], *lines]))
    yield text(
        "names twice, declared",
        "\n".join([lines[0], *lines]),
        True,
        {"patients": {**source, "extra_header_rows": 1}},
    )
    yield replace(
        text("a data row taken for a header", good, False, {"patients": {**source, "extra_header_rows": 1}}),
        file="",
    )
    yield text("header row too far down", good, False, {"patients": {**source, "header_row": 99}})
    yield text("rows in another order", "\n".join([lines[0], *reversed(lines[1:])]), True)
    yield text("a huge cell", good.replace("P05", "P" + "9" * 200_000))
    european = PATIENTS.to_csv(index=False, sep=";", decimal=",")
    yield text("European numbers", european, True, {"patients": {**source, "decimal": ","}})
    yield text(
        "a point under decimal comma",
        good.replace("13.25", "1.325"),
        False,
        {"patients": {**source, "decimal": ","}},
        4,
        "dfs_months",
    )
    for column in (
        "patient_id",
        "age",
        "liver",
        "her2_ihc",
        "her2_ish",
        "start",
        "last_seen",
        "dfs_event",
        "best",
    ):
        yield text(f"column {column} is called otherwise", good.replace(column, f"{column}_x", 1))
        yield text(
            f"column {column} twice",
            "\n".join([f"{lines[0]},{column}", *(f"{line},zz" for line in lines[1:])]),
            column=column,
        )
    yield text(
        "an unused column twice", "\n".join([f"{lines[0]},x,x", *(f"{line},1,2" for line in lines[1:])]), True
    )
    yield text("a column without a name", "\n".join([f"{lines[0]},", *(f"{line},7" for line in lines[1:])]))
    for own in (
        "her2_class",
        "PFS_time",
        "PFS_event",
        "best_response",
        "eligible",
        "clinical_benefit",
        "follow_up_time",
        "liver__raw",
        "her2_result",
    ):
        yield text(
            f"a column of the file is called {own}",
            "\n".join([f"{lines[0]},{own}", *(f"{line},7" for line in lines[1:])]),
            column=own,
        )


# --- workbooks ---------------------------------------------------------------------------------------


def _workbook(patients: pd.DataFrame | None = None) -> openpyxl.Workbook:
    """Make the table of patients a sheet, dates as dates and numbers as numbers."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Baseline"
    frame = PATIENTS if patients is None else patients
    sheet.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        sheet.append(
            [
                dt.datetime.fromisoformat(v) if c in DATES and v else (v if v != "" else None)
                for c, v in zip(frame.columns, row, strict=True)
            ]
        )
    return book


def _workbooks() -> Iterator[Input]:
    """The same table as a workbook, or a workbook with a fault."""
    columns = {c: i + 1 for i, c in enumerate(PATIENTS)}

    def book(
        name: str,
        change: Callable[[openpyxl.Workbook], object] = lambda _: None,
        same: bool = False,
        source: dict[str, Any] | None = None,
        row: int | None = None,
        column: str = "",
    ) -> Input:
        def write(folder: Path) -> None:
            files = Files()
            files.study["data"]["patients"] = {"file": "cohort.xlsx", **(source or {})}
            files.study_to(folder)
            made = _workbook()
            change(made)
            made.save(folder / "data/cohort.xlsx")

        return Input(f"workbook: {name}", write, "cohort.xlsx", row, column, same)

    def cell(row: int, column: str, value: object, style: str = "") -> Callable[[openpyxl.Workbook], None]:
        def change(made: openpyxl.Workbook) -> None:
            target = made["Baseline"].cell(row, columns[column])
            target.value = value
            if style:
                target.number_format = style

        return change

    yield book("as it is", same=True)
    yield book("sheet by name", same=True, source={"sheet": "Baseline"})
    yield book("sheet misspelt", source={"sheet": "baselines"})
    yield book("sheet that is not there", source={"sheet": 5})
    yield book("another sheet after it", lambda b: b.create_sheet("Notes").append(["text"]))
    yield book("another sheet before it", lambda b: b.create_sheet("Notes", 0).append(["text"]))
    yield book("two empty rows at the end", lambda b: b["Baseline"].cell(20, 1, " "), True)
    yield book(
        "title row above", lambda b: (b["Baseline"].insert_rows(1), b["Baseline"].cell(1, 1, "Our cohort"))
    )
    yield book(
        "title row above, declared",
        lambda b: (b["Baseline"].insert_rows(1), b["Baseline"].cell(1, 1, "Our cohort")),
        True,
        {"header_row": 2},
    )
    yield book("total row", lambda b: b["Baseline"].append(["Total", 55, 31]))
    yield book("total row in Chinese", lambda b: b["Baseline"].append(["合计", 55, 31]))
    yield book("note below the table", lambda b: b["Baseline"].append(["as of 2024"]))
    yield book(
        "unused column twice",
        lambda b: [
            b["Baseline"].cell(1, 20, "x"),
            b["Baseline"].cell(1, 21, "x"),
            b["Baseline"].cell(3, 21, 5),
        ],
        True,
    )
    for column in ("progression", "age", "her2_ihc"):
        yield book(
            f"column {column} twice",
            lambda b, c=column: [b["Baseline"].cell(1, 15, c), b["Baseline"].cell(3, 15, 5)],
            column=column,
        )
    yield book("merged ids", lambda b: b["Baseline"].merge_cells("A3:A4"))
    yield book(
        "merged header",
        lambda b: (
            b["Baseline"].insert_rows(1),
            b["Baseline"].cell(1, 1, "Baseline"),
            b["Baseline"].merge_cells("A1:G1"),
            b["Baseline"].cell(1, 8, "Follow-up"),
            b["Baseline"].merge_cells("H1:N1"),
        ),
    )
    yield book("locked", lambda b: b.security.set_workbook_password("x"))
    for column, row in (
        ("age", 4),
        ("start", 5),
        ("liver", 6),
        ("her2_ihc", 5),
        ("dfs_event", 7),
        ("best", 3),
    ):
        for error in ("#N/A", "#REF!", "#DIV/0!", "#VALUE!"):
            yield book(f"{error} in {column}", cell(row, column, error), row=row, column=column)
        yield book(
            f"a formula without a value in {column}", cell(row, column, "=A1&A2"), row=row, column=column
        )
    for column, row in (("start", 5), ("last_seen", 6)):
        day = dt.datetime.fromisoformat(str(PATIENTS[column][row - 2]))
        serial = (day - dt.datetime(1899, 12, 30)).days
        yield book(
            f"{column} as a serial number", cell(row, column, serial, "General"), row=row, column=column
        )
        yield book(
            f"{column} as a serial number in text",
            cell(row, column, str(serial), "@"),
            row=row,
            column=column,
        )
        yield book(f"{column} with an hour", cell(row, column, day.replace(hour=16)), row=row, column=column)
        yield book(f"{column} as text", cell(row, column, f"{day:%Y-%m-%d}", "@"), True)
        yield book(
            f"{column} as text, day first", cell(row, column, f"{day:%d/%m/%Y}", "@"), row=row, column=column
        )
        yield book(f"{column} in 1900", cell(row, column, 3, "General"), row=row, column=column)
        yield book(f"{column} as a time", cell(row, column, dt.time(12, 30)), row=row, column=column)
        yield book(f"{column} as true", cell(row, column, True), row=row, column=column)
    yield book(
        "Ki-67 as per cent",
        lambda b: [_percent(b["Baseline"].cell(r, columns["ki67"])) for r in range(2, 14)],
        True,
    )
    yield book("Ki-67 as a share in one cell", cell(4, "ki67", 0.4, "0%"), True)
    yield book("age in text", cell(4, "age", "63", "@"), True)
    yield book("age in text with a blank", cell(4, "age", "63 ", "@"), True)
    yield book("age as a date", cell(4, "age", dt.datetime(1900, 3, 3)), row=4, column="age")
    yield book("yes as true", cell(4, "liver", True), row=4, column="liver")
    yield replace(
        book("id as a number", lambda b: [b["Baseline"].cell(r, 1, r) for r in range(2, 14)]), file=""
    )
    yield book("1904 dates", lambda b: setattr(b, "epoch", dt.datetime(1904, 1, 1)))
    for name, content in (
        ("truncated", b"PK\x03\x04" + bytes(300)),
        ("empty", b""),
        ("text", b"a,b\n1,2\n"),
        ("old format", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)),
    ):

        def write(folder: Path, content: bytes = content) -> None:
            files = Files()
            files.study["data"]["patients"] = "cohort.xlsx"
            files.study_to(folder)
            (folder / "data/cohort.xlsx").write_bytes(content)

        yield Input(f"workbook: {name}", write, "cohort.xlsx")


def _percent(cell: Any) -> None:
    cell.value, cell.number_format = cell.value / 100, "0%"


# --- other tables ------------------------------------------------------------------------------------


def _tables() -> Iterator[Input]:
    """Parquet files, files that are joined or stacked."""

    def parquet(name: str, frame: pd.DataFrame, same: bool = False) -> Input:
        def write(folder: Path) -> None:
            files = Files()
            files.study["data"]["patients"] = "patients.parquet"
            files.study_to(folder)
            frame.to_parquet(folder / "data/patients.parquet")

        return Input(f"parquet: {name}", write, "patients.parquet", same=same)

    typed = PATIENTS.assign(**{c: pd.to_datetime(PATIENTS[c]) for c in DATES})
    yield parquet("texts", PATIENTS, True)
    yield parquet("dates", typed, True)
    yield parquet("nullable", typed.convert_dtypes(), True)
    yield parquet("categories", typed.astype({"liver": "category", "best": "category"}), True)
    yield parquet("yes and no as booleans", typed.assign(liver=typed["liver"].eq("yes")))
    yield parquet(
        "yes and no as nullable booleans", typed.assign(liver=typed["liver"].eq("yes").astype("boolean"))
    )
    yield parquet(
        "codes as floats",
        typed.assign(pcr=typed["pcr"].astype(float), dfs_event=typed["dfs_event"].astype(float)),
        True,
    )
    yield parquet("codes as nullable integers", typed.assign(pcr=typed["pcr"].astype("Int64")), True)
    yield parquet("dates with a zone", typed.assign(start=typed["start"].dt.tz_localize("Asia/Shanghai")))
    yield parquet("float32", typed.assign(dfs_months=typed["dfs_months"].astype("float32")), True)
    yield parquet("lists", typed.assign(best=[[v] for v in typed["best"]]))
    yield parquet("an index", typed.set_index("patient_id"))
    yield parquet("no rows", typed.iloc[:0])

    def two(
        name: str,
        first: pd.DataFrame,
        second: pd.DataFrame,
        same: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> Input:
        def write(folder: Path) -> None:
            files = Files()
            files.study["data"]["patients"] = {
                "sources": [{"file": "a.csv"}, {"file": "b.csv"}],
                **(extra or {}),
            }
            files.study_to(folder)
            first.to_csv(folder / "data/a.csv", index=False)
            second.to_csv(folder / "data/b.csv", index=False)

        return Input(f"joined: {name}", write, same=same)

    left, right = PATIENTS.iloc[:, :7], PATIENTS[["patient_id", *PATIENTS.columns[7:]]]
    yield two("two halves", left, right, True)
    yield two("two halves, other order", left, right.iloc[::-1], True)
    yield two("shared columns that agree", PATIENTS.iloc[:, :9], right, True)
    empty = PATIENTS.copy()
    empty.loc[2:5, "last_seen"] = ""
    yield two("the later file fills empty cells", empty, PATIENTS[["patient_id", "last_seen"]], True)
    later = PATIENTS[["patient_id", "last_seen"]].copy()
    later.loc[3, "last_seen"] = "2024-03-15"
    yield two("cells that disagree", PATIENTS, later)
    yield two("an id with other capitals", left, right.replace({"patient_id": {"P03": "p03"}}))
    yield two("an id with an invisible sign", left, right.replace({"patient_id": {"P03": "P03\u200b"}}))
    yield two("an id with a leading zero", left, right.replace({"patient_id": {"P03": "P003"}}))
    yield two("nobody in common", left, right.assign(patient_id=[f"Q{i}" for i in range(N)]))
    yield two("a patient twice in the second", left, pd.concat([right, right.iloc[[2]]]))


# --- study files -------------------------------------------------------------------------------------


def _study_files() -> Iterator[Input]:
    """Faults of the study file: each has to be found, and to be placed in it."""

    def study(name: str, change: Callable[[dict[str, Any]], object]) -> Input:
        def write(folder: Path) -> None:
            files = Files()
            change(files.study)
            files.write(folder)

        return Input(f"study: {name}", write, "study.yml")

    for key in STUDY:
        yield study(f"{key} is called otherwise", lambda s, k=key: s.update({f"{k}_x": s.pop(k)}))
        yield study(f"{key} is a number", lambda s, k=key: s.update({k: -3}))
        yield study(f"{key} is a deep list", lambda s, k=key: s.update({k: [[[["x"]]]]}))
    wrong: dict[str, Callable[[dict[str, Any]], object]] = {
        "unknown endpoint as main": lambda s: s.update(main_endpoint="OS"),
        "unknown subgroup": lambda s: s.update(subgroups=["lung"]),
        "unknown row of Table 1": lambda s: s["baseline"].update(variables=["age", "ecog"]),
        "unknown event": lambda s: s["endpoints"]["PFS"].update(events=["relapse"]),
        "unknown start": lambda s: s["endpoints"]["PFS"].update(start="begin"),
        "unknown column of a variable": lambda s: s["variables"].update(bmi={"label": "BMI"}),
        "unknown column of benefit": lambda s: s["response"].update(clinical_benefit="benefit"),
        "unknown notebook": lambda s: s["chapters"].append("survivals"),
        "unknown parameter": lambda s: s["chapters"][1]["parameters"].update(horizon=3),
        "unknown endpoint of a page": lambda s: s["chapters"][1]["parameters"].update(endpoint="OS"),
        "page twice": lambda s: s["chapters"].append("cohort"),
        "page name with a blank": lambda s: s["chapters"][1].update(page="my page"),
        "page name that a shell would run": lambda s: s["chapters"][1].update(page="$(touch X)"),
        "page name that leaves the folder": lambda s: s["chapters"][1].update(page="../../x"),
        "file that leaves the folder": lambda s: s["data"].update(patients="../../../../etc/passwd"),
        "file with a whole path": lambda s: s["data"].update(patients="/etc/passwd"),
        "file that is not there": lambda s: s["data"].update(patients="patient.csv"),
        "file of another kind": lambda s: s["data"].update(patients="patients.docx"),
        "call in exclude": lambda s: s.update(inclusion=[{"exclude": "age.sum() > 3", "reason": "x"}]),
        "import in exclude": lambda s: s.update(
            inclusion=[{"exclude": "__import__('os').system('x')", "reason": "x"}]
        ),
        "variable by value in exclude": lambda s: s.update(inclusion=[{"exclude": "@pd.x", "reason": "x"}]),
        "huge power": lambda s: s["variables"].update(p={"label": "P", "expression": "9 ** 9 ** 9 ** 9"}),
        "unknown column in exclude": lambda s: s.update(inclusion=[{"exclude": "ecog > 2", "reason": "x"}]),
        "level that is none": lambda s: s.update(inclusion=[{"exclude": "liver == 'y'", "reason": "x"}]),
        "syntax of exclude": lambda s: s.update(inclusion=[{"exclude": "age >", "reason": "x"}]),
        "nobody left": lambda s: s.update(inclusion=[{"exclude": "age > 1", "reason": "x"}]),
        "where of a page": lambda s: s["chapters"].append(
            {
                "notebook": "survival",
                "page": "b",
                "title": "B",
                "parameters": {"endpoint": "PFS", "where": "agee > 3"},
            }
        ),
        "where of a population": lambda s: s.update(
            populations={"old": {"label": "Old", "where": "agee > 70"}}
        ),
        "event_where": lambda s: s["endpoints"]["PFS"].update(event_where="cause == 'x'"),
        "event value of both kinds": lambda s: s["endpoints"]["DFS"].update(event_values=["1", "0"]),
        "landmark that is no number": lambda s: s["endpoints"]["PFS"].update(landmarks=["a year"]),
        "horizon below zero": lambda s: s["endpoints"]["PFS"].update(horizon_months=-1),
        "response chapter without response": lambda s: (s.pop("response"), s["chapters"].append("response")),
        "sequencing chapter without sequencing": lambda s: s["chapters"].append("sequencing"),
        "evolution chapter without evolution": lambda s: s["chapters"].append("her2_evolution"),
        "biomarkers chapter without biomarkers": lambda s: s["chapters"].append("biomarkers"),
        "missing code that is a level": lambda s: s["data"].update(missing=["no"]),
        "values of a column that is not there": lambda s: s["data"].update(
            patients={"file": "patients.csv", "values": {"ki76": {"a": "b"}}}
        ),
        "group that is none": lambda s: s.update(group="arm"),
        "two equal labels": lambda s: s["variables"]["ki67"].update(label="Age"),
    }
    for name, change in wrong.items():
        elsewhere = name.startswith(("file ", "unknown event", "unknown start", "unknown column"))
        yield replace(study(name, change), file="") if elsewhere else study(name, change)
    texts = {
        "duplicate key": "title: a\ntitle: b\n",
        "tabs": "title:\n\t- a\n",
        "empty": "",
        "a list": "- a\n- b\n",
        "a word": "hello",
        "not YAML": "title: [a\n",
        "binary": "\x00\x01",
        "bomb": _bomb(),
        "a tag": "title: !!python/object/apply:os.system [ls]\n",
        "two documents": "title: a\n---\ntitle: b\n",
    }
    for name, text in texts.items():

        def write(folder: Path, text: str = text) -> None:
            Files().write(folder)
            (folder / "study.yml").write_text(text, encoding="utf-8")

        yield Input(f"study file: {name}", write, "study.yml")


def _bomb() -> str:
    """Aliases of aliases: a text of a few lines that stands for a billion items."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(lines) + "\n"


def meaning(frame: pd.DataFrame) -> pd.DataFrame:
    """What a cohort says: its columns without those that keep the texts of the file."""
    texts = [
        c
        for c in frame
        if c.endswith(("__raw", "_found", "_note", "_reason"))
        or c in ("her2_ihc", "her2_ish", "best", "pcr_raw", "dfs_event", "x")
    ]
    kept = frame.drop(columns=texts).sort_values("patient_id").reset_index(drop=True)
    kept = kept[[c for c in sorted(kept) if c in _known()]]
    return kept.apply(
        lambda c: (
            c
            if np.issubdtype(getattr(c.dtype, "type", object), np.number)
            else c.astype(object).where(c.notna(), None).map(str)
        )
    )


def _known() -> set[str]:
    """Columns of which a cohort consists."""
    return {
        "patient_id",
        "age",
        "ki67",
        "liver",
        "pcr",
        "her2_class",
        "her2_result",
        *DATES,
        "best_response",
        "clinical_benefit",
        "follow_up_time",
        *(f"{e}_{x}" for e in ("PFS", "DFS") for x in ("time", "event")),
    }

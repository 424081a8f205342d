"""What a notebook calls: data in, results recorded, figures and tables shown with their captions.

In a build, figures, tables and results are written below ``out`` and the notebook shows MyST that
points at them. Opened by hand in JupyterLab, the same calls show the figure and the table itself.
"""

from __future__ import annotations

import base64
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from her2adc import figures, prose, results, tables
from her2adc.cohort import Cohort, prepare_cohort
from her2adc.config import Study, Variable, load_study
from her2adc.expressions import holds

LIBRARIES = ("pandas", "lifelines", "statsmodels", "scipy")
KINDS = {
    "reconstructed": "reconstructed so that it gives the figures printed in {source}",
    "simulated": "simulated from the protocol of {source}",
}
BANNER = (
    "**No patient on this page is real.** The cohort was {how}. "
    "It shows what the book does; it is not evidence."
)


class Shown:
    """Something a cell displays: MyST for the book, HTML for JupyterLab."""

    def __init__(self, markdown: str, html: str = "") -> None:
        self.markdown, self.html = markdown, html

    def __repr__(self) -> str:
        return self.markdown

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        bundle = {"text/markdown": self.markdown}
        return {**bundle, "text/html": self.html} if self.html else bundle


class Page:
    """A page of a study.

    Parameters
    ----------
    study
        Folder of the study.
    page
        Name of the page.
    prepared
        Folder written by :func:`her2adc.prepare.prepare`; empty to prepare the study here.
    out
        Work folder of a build; empty when the notebook is run by hand (files go to ``_build/lab``).

    Attributes
    ----------
    study : Study
        What the study is.
    cohort : Cohort
        Its cohort; ``data`` is the table of the analysed patients.
    results : DataFrame
        The estimates recorded so far.
    """

    def __init__(self, study: str, page: str, prepared: str = "", out: str = "") -> None:
        root = next(
            (p for p in (Path.cwd(), *Path.cwd().parents) if (p / "_config.yml").is_file()),
            Path.cwd(),
        )
        folder = Path(study) if Path(study).is_dir() else root / study
        self.study: Study = load_study(folder)
        self.name = page
        self.by_hand = not out
        self.out = Path(out) if out else root / "_build" / "lab" / self.study.id / page
        self.cohort = Cohort.load(Path(prepared)) if prepared else prepare_cohort(self.study)
        self.results = results.frame([])

    @property
    def data(self) -> pd.DataFrame:
        """Return the analysed patients, one row each."""
        return self.cohort.data

    @property
    def by(self) -> str | None:
        """Return the grouping variable of the study, when it has at least two levels with patients."""
        group = self.data.get(self.study.group)
        return None if group is None or group.nunique() < 2 else self.study.group

    def variables(self, names: Sequence[str]) -> list[Variable]:
        """Return the variables of these names; of the HER2 result, the levels that occur."""
        found = [self.study.variable(n) for n in names]
        if "her2_result" in names:
            levels = {v: (v,) for v in self.data["her2_result"].cat.categories}
            i = list(names).index("her2_result")
            found[i] = found[i].model_copy(update={"levels": levels})
        return found

    def labels(self, names: Sequence[str]) -> dict[str, str]:
        """Return the labels of variables or endpoints by name."""
        return {n: self.study.label(n) for n in names}

    def select(self, where: str = "") -> pd.DataFrame:
        """Return the patients for whom an expression over the columns is true (all when empty)."""
        if not where:
            return self.data
        return self.data[holds(self.data, where, levels=self.study.level_names)]

    def add(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Record estimates in the results table and return them.

        Parameters
        ----------
        rows
            Rows as :func:`her2adc.results.frame` makes them.

        Returns
        -------
        DataFrame
            The same rows with study and page filled in.
        """
        rows = rows.assign(study=self.study.id, page=self.name)
        self.results = rows if self.results.empty else results.concat([self.results, rows])
        return rows

    def banner(self) -> Shown | None:
        """Say that no patient is real, on the pages of a pseudo-cohort; nothing otherwise."""
        if not self.study.pseudo:
            return None
        source = f"{{cite:t}}`{self.study.citation}`" if self.study.citation else "the source"
        text = BANNER.format(how=KINDS[self.study.data_kind].format(source=source))
        return Shown(
            f":::{{admonition}} Pseudo-cohort\n:class: warning pseudo-cohort\n\n{text}\n:::",
            f"<p>{text}</p>",
        )

    def lead(self, sentence: str) -> Shown:
        """Show the sentence that answers the question of the page."""
        return Shown(f":::{{div}} lead-sentence\n{sentence}\n:::", f"<p><b>{sentence}</b></p>")

    def text(self, markdown: str) -> Shown:
        """Show a piece of prose."""
        return Shown(markdown)

    def figure(
        self,
        name: str,
        fig: Figure,
        drawn: pd.DataFrame,
        *,
        title: str,
        caption: str,
        alt: str,
        details: Mapping[str, str] | None = None,
    ) -> Shown:
        """Save a figure and show it with its caption, how it was made, and its files.

        Parameters
        ----------
        name
            Short name, unique on the page.
        fig
            The figure.
        drawn
            The data drawn.
        title, caption
            What the figure is, and what its signs mean; together they stand alone.
        alt
            What the figure shows, for a reader who cannot see it.
        details
            Population, n, events, clock, censoring, method ...

        Returns
        -------
        Shown
        """
        stem = f"{self.name}-{name}"
        files = figures.save(fig, self.out / "figures", stem, drawn)
        links = [
            f"{{download}}`{kind.upper()} <figures/{stem}.{kind}>`"
            for kind in ("svg", "pdf", "png")
        ]
        links.append(f"{{download}}`data drawn (CSV) <figures/{stem}.csv>`")
        markdown = (
            f":::{{figure}} figures/{stem}.svg\n:name: {self._label('figure', name)}\n:alt: {one_line(alt)}\n"
            f":class: study-figure\n\n**{title}.** {one_line(caption)}\n:::\n\n"
            + self._fold(details, links)
        )
        html = ""
        if self.by_hand:
            picture = base64.b64encode(files["svg"].read_bytes()).decode()
            html = (
                f'<img alt="{alt}" src="data:image/svg+xml;base64,{picture}">'
                f"<p><b>{title}.</b> {caption}</p>"
            )
        return Shown(markdown, html)

    def table(
        self,
        name: str,
        table: tables.Table,
        *,
        title: str,
        caption: str = "",
        details: Mapping[str, str] | None = None,
    ) -> Shown:
        """Save a table and show it with its caption, how it was made, and its file.

        Parameters
        ----------
        name
            Short name, unique on the page.
        table
            The table, already formatted.
        title, caption
            What it is, and how to read it.
        details
            Population, n, events, clock, censoring, method ...

        Returns
        -------
        Shown
        """
        stem = f"{self.name}-{name}"
        folder = self.out / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        tables.to_csv(table, folder / f"{stem}.csv")
        notes = tables.notes_markdown(table)
        markdown = (
            f":::{{table}} **{title}.** {one_line(caption)}\n"
            f":name: {self._label('table', name)}\n:class: study-table{' words' if table.wordy else ''}\n\n"
            f"{tables.to_markdown(table)}\n:::\n\n"
            + (f"{notes}\n\n" if notes else "")
            + self._fold(details, [f"{{download}}`table (CSV) <tables/{stem}.csv>`"])
        )
        return Shown(markdown, tables.to_html(table, title) if self.by_hand else "")

    def close(self) -> Shown:
        """Write the results of the page, and show where they are."""
        folder = self.out / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self.name}-results.csv"
        for path in (self.out / "results.csv", folder / name):
            self.results.to_csv(path, index=False)
        link = f"{{download}}`all {len(self.results)} estimates of this page (CSV) <tables/{name}>`"
        return Shown(f":::{{div}} page-end\nUnrounded: {link}.\n:::")

    def limits(self) -> Shown:
        """Show what limits the findings of the study."""
        return Shown("\n".join(f"- {text}" for text in self.study.limitations))

    def groups(self) -> list[str]:
        """Return the levels of the grouping variable; none when there is nothing to compare."""
        return [] if self.by is None else list(self.data[self.by].cat.categories)

    def group_sizes(self) -> dict[str, int]:
        """Return the number of patients of each group."""
        return {g: int(self.data[str(self.by)].eq(g).sum()) for g in self.groups()}

    def names(self, group: str | None, patients: pd.DataFrame) -> dict[str, str]:
        """Return the levels of a grouping column that patients have, and how to print them."""
        if group is None:
            return {results.ALL_PATIENTS: results.ALL_PATIENTS}
        levels = [lv for lv in patients[group].cat.categories if patients[group].eq(lv).any()]
        alone = group == self.study.group and not {"Yes", "No"} & set(levels)
        return {lv: lv if alone else prose.level_name(self.study.variable(group), lv) for lv in levels}

    def covariates(self, group: str | None) -> list[str]:
        """Return the terms of the Cox model: the groups and, for the study's own, its adjustment."""
        if group is None:
            return []
        return [group, *(self.study.adjustment if group == self.study.group else ())]

    def _label(self, kind: str, name: str) -> str:
        return f"{self.study.id}-{self.name}-{kind}-{name}"

    def _fold(self, details: Mapping[str, str] | None, links: Sequence[str]) -> str:
        """Fold with how something was made and its files."""
        facts = {**(details or {}), "Software": software()}
        body = "\n".join(f"- **{k}:** {one_line(v)}" for k, v in facts.items() if v)
        return f":::{{dropdown}} How this was made, and files\n{body}\n- **Files:** {', '.join(links)}\n:::\n"


def software() -> str:
    """Versions of what computed the page."""
    parts = [f"her2adc {version('her2adc')}", f"Python {platform.python_version()}"]
    return ", ".join(parts + [f"{name} {version(name)}" for name in LIBRARIES])


def one_line(text: str) -> str:
    """One line, so that a directive option or caption does not end early."""
    return " ".join(str(text).split())

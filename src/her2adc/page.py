"""What a notebook calls: data in, results recorded, figures and tables shown with their captions.

In a build, figures, tables and results are written below ``out`` and the notebook shows MyST that
points at them. Opened by hand in JupyterLab, the same calls show the figure and the table itself.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from her2adc import figures, prose, results, software, tables
from her2adc.cohort import Cohort, prepare_cohort
from her2adc.config import Study, Variable, load_study
from her2adc.expressions import holds
from her2adc.markup import Myst, cite, escape, option, slugs, to_html, token, write_csv

KINDS = {
    "reconstructed": Myst("reconstructed so that it gives the figures printed in {}"),
    "simulated": Myst("simulated from the protocol of {}"),
}
BANNER = Myst(
    "**No patient on this page is real.** The cohort was {}. It shows what the book does; it is not evidence."
)
DOWNLOAD = Myst("{{download}}`{} <{}>`")
FACT = Myst("- **{}:** {}")
FIGURE = Myst(
    ":::{{figure}} figures/{stem}.svg\n:name: {label}\n:alt: {alt}\n:class: study-figure\n\n"
    "**{title}.** {caption}\n:::\n\n{fold}"
)
TABLE = Myst(
    ":::{{table}} **{title}.** {caption}\n:name: {label}\n:class: study-table{kind}\n\n"
    "{cells}\n:::\n\n{notes}{fold}"
)
FOLD = Myst(":::{{dropdown}} How this was made, and files\n{}\n:::\n")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


class Shown:
    """Something a cell displays: MyST for the book, HTML for JupyterLab.

    Text is escaped unless it is :class:`~her2adc.markup.Myst`. Parts are joined by :func:`joined`.
    """

    def __init__(self, text: str, html: str = "") -> None:
        self.markdown = escape(text)
        self.html = html or ("" if isinstance(text, Myst) else f"<p>{to_html(text)}</p>")

    def __repr__(self) -> str:
        return self.markdown

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        bundle: dict[str, str] = {"text/markdown": self.markdown}
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
        software.start()

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
        source = cite(self.study.citation) if self.study.citation else "the source"
        text = BANNER.format(KINDS[self.study.data_kind].format(source))
        box = Myst(":::{{admonition}} Pseudo-cohort\n:class: warning pseudo-cohort\n\n{}\n:::")
        return Shown(box.format(text), f"<p>{to_html(text)}</p>")

    def lead(self, sentence: str) -> Shown:
        """Show the sentence that answers the question of the page."""
        box = Myst(":::{{div}} lead-sentence\n{}\n:::")
        return Shown(box.format(sentence), f"<p><b>{to_html(sentence)}</b></p>")

    def text(self, text: str) -> Shown:
        """Show a piece of prose: text, or MyST as :class:`her2adc.markup.Myst`."""
        return Shown(text)

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
        stem = self._stem(name)
        files = figures.save(fig, self.out / "figures", stem, drawn)
        words = {"svg": "SVG", "pdf": "PDF", "png": "PNG", "csv": "data drawn (CSV)"}
        links = [DOWNLOAD.format(text, token(f"figures/{stem}.{kind}")) for kind, text in words.items()]
        markdown = FIGURE.format(
            stem=token(stem), label=self._label("figure", name), alt=option(alt), title=title,
            caption=caption,
            fold=self._fold({**(details or {}), "Software": software.named(drawn=True)}, links),
        )  # fmt: skip
        html = ""
        if self.by_hand:
            picture = base64.b64encode(files["svg"].read_bytes()).decode()
            html = (
                f'<img alt="{to_html(alt)}" src="data:image/svg+xml;base64,{picture}">'
                f"<p><b>{to_html(title)}.</b> {to_html(caption)}</p>"
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
        stem = self._stem(name)
        tables.to_csv(table, self.out / "tables" / f"{stem}.csv")
        links = [DOWNLOAD.format("table (CSV)", token(f"tables/{stem}.csv"))]
        notes = tables.notes_markdown(table)
        markdown = TABLE.format(
            label=self._label("table", name), kind=Myst(" words" if table.wordy else ""), title=title,
            caption=caption, cells=tables.to_markdown(table), notes=notes + Myst("\n\n" if notes else ""),
            fold=self._fold({**(details or {}), "Software": software.named()}, links),
        )  # fmt: skip
        return Shown(markdown, tables.to_html(table, title) if self.by_hand else "")

    def close(self) -> Shown:
        """Write the results of the page, and show where they are."""
        name = self._stem("results")
        self.out.mkdir(parents=True, exist_ok=True)
        self.results.to_csv(self.out / "results.csv", index=False)
        write_csv(self.results, self.out / "tables" / f"{name}.csv")
        text = f"all {len(self.results)} estimates of this page (CSV)"
        box = Myst(":::{{div}} page-end\nUnrounded: {}.\n:::")
        return Shown(box.format(DOWNLOAD.format(text, token(f"tables/{name}.csv"))))

    def limits(self) -> Shown:
        """Show what limits the findings of the study."""
        return bullets(self.study.limitations)

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

    def _stem(self, name: str, kind: str = "") -> str:
        """File name of a figure or table, without ending; with a kind, its label on the page."""
        short = name if NAME.fullmatch(name) else slugs([name])[0]
        return f"{self.name}-{kind}{'-' if kind else ''}{short}"

    def _label(self, kind: str, name: str) -> Myst:
        return token(f"{self.study.id}-{self._stem(name, kind)}")

    def _fold(self, details: Mapping[str, str], links: Sequence[Myst]) -> Myst:
        """Fold with how something was made and its files."""
        facts = [FACT.format(k, v) for k, v in details.items() if v]
        return FOLD.format(Myst("\n").join([*facts, FACT.format("Files", Myst(", ").join(links))]))


def bullets(texts: Sequence[str], head: str = "") -> Shown:
    """Show texts as a list, below a line in bold."""
    lines = Myst("\n").join(Myst("- {}").format(text) for text in texts)
    return Shown(Myst("**{}**\n\n").format(head) + lines if head else lines)


def facts(named: Sequence[tuple[str, str]]) -> Shown:
    """Show facts with their names as a list; those without a text are left out."""
    return Shown(Myst("\n").join(FACT.format(k, v) for k, v in named if v))


def joined(parts: Sequence[Shown]) -> Shown:
    """Show several things below each other."""
    html = "".join(p.html or f"<p>{to_html(p.markdown)}</p>" for p in parts)
    return Shown(Myst("\n\n").join(p.markdown for p in parts), html)

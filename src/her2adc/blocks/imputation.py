"""The adjusted Cox model after multiple imputation, beside that of complete cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from her2adc import prose, results, tables
from her2adc.markup import Myst
from her2adc.page import Page, Shown, joined
from her2adc.stats import rubin
from her2adc.stats.groups import Comparison

IMPUTATION = Myst("""## Missing covariates

Patients with a missing covariate are not in the adjusted model above. Multiple imputation draws the
missing values several times from what is known of each patient, the outcome included, and pools the
models. It rests on the assumption that, given what is known, whether a value is missing does not depend
on the value itself; no data can prove that.
""")


def imputed(
    report: Page,
    ask: Comparison,
    endpoint: str,
    covariates: Sequence[str],
    complete: pd.DataFrame,
    reference: Mapping[str, str] | None = None,
) -> Shown | None:
    """Show the adjusted model of complete cases beside that after multiple imputation.

    Parameters
    ----------
    report
        The page.
    ask
        Whose, and how they are compared.
    endpoint
        Name of the endpoint.
    covariates
        Variables of the adjusted model.
    complete
        Rows of the model of complete cases (analysis ``cox``).
    reference
        Reference level of a variable.

    Returns
    -------
    Shown or None
        Nothing with fewer than two covariates, when none has a missing value, or for strata of their own.
    """
    patients, population = ask.data, ask.population
    usable = [c for c in covariates if len(patients[c].dropna().unique()) > 1]
    shown = results.select(complete, analysis="cox")
    if len(usable) < 2 or shown.empty or ask.strata:
        return None
    chosen = {k: v for k, v in (reference or {}).items() if k in usable}
    rows = report.add(rubin.cox_imputed(patients, endpoint, usable, reference=chosen, population=population))
    if rows.empty:
        return None
    table = report.table(
        "imputed",
        tables.imputed(results.concat([shown, rows]), report.labels(usable)),
        title=f"{report.study.label(endpoint)}: complete cases and multiple imputation",
        caption="Hazard ratios with 95% confidence intervals of the adjusted model.",
        details={"Population": population or "all analysed patients", "Method": prose.methods(rows)},
    )
    return joined([Shown(IMPUTATION), table])

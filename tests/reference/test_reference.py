"""Every entry of the reference set against this package."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from . import (  # noqa: F401  (each registers its adapters)
    adapters_cohort,
    adapters_competing,
    adapters_cox,
    adapters_iptw,
    adapters_logistic,
    adapters_paired,
    adapters_proportions,
    adapters_survival,
    methods_table,
)
from .compare import compare, relative
from .registry import ADAPTERS, PENDING, Adapter
from .source import ABSENT, data_of, entries
from .summary import PROPERTY

UPDATE = "python -m reference.methods_table, with src and tests on the path"
METHODS = sorted({entry["method"] for entry in entries()})


@pytest.mark.skipif(not entries(), reason=ABSENT)
def test_the_reference_is_there() -> None:
    assert entries()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_an_adapter_or_is_pending(method: str) -> None:
    assert (method in ADAPTERS) != (method in PENDING), (
        f"{method}: write its adapter, or list it in PENDING of registry.py and say why; not both"
    )


COMPARED = [entry for entry in entries() if entry["method"] not in PENDING]


@pytest.mark.parametrize("entry", COMPARED, ids=lambda entry: entry["id"])
def test_entry(entry: dict[str, Any], record_property: Any) -> None:
    method = entry["method"]
    adapter = ADAPTERS[method]
    found = compare(entry["results"], adapter.run(entry, data_of(entry)), adapter)
    record_property(PROPERTY, json.dumps({"method": method, **asdict(found)}))
    assert not found.wrong, "\n".join(found.wrong[:20])
    assert found.compared, f"nothing of {entry['id']} was compared"
    printed = methods_table.read().get(entry["id"])
    assert printed is not None, f"{entry['id']} is not in agreement.csv: {UPDATE}"
    assert printed["values"] == found.compared - found.loosely, f"agreement.csv is out of date: {UPDATE}"
    # below 1e-9 it is the rounding of this machine's linear algebra
    assert found.largest <= max(printed["largest"], 1e-9), f"agreement.csv has {printed['largest']}: {UPDATE}"


def test_the_page_of_methods_is_up_to_date() -> None:
    text = methods_table.PAGE.read_text(encoding="utf-8")
    assert text == methods_table.page(text, methods_table.read()), UPDATE


def test_every_method_is_on_the_page() -> None:
    compared = {line["method"] for line in methods_table.read().values()}
    assert compared - {"logistic_exact_profile"} == {method for *_, method in methods_table.METHODS}


def test_a_wrong_value_is_seen() -> None:
    adapter = Adapter("none", lambda entry, data: {}, loose={"b": (0.1, "rounded")}, left_out={"c": "no"})
    results = {"a": [1.0, None], "b": 1.0, "c": 2.0, "d": "text"}
    assert not compare(results, {"a": [1.0], "b": 1.05}, adapter).wrong
    assert not compare(results, {"a": "why not", "b": 1.0}, adapter).wrong
    assert len(compare(results, {"a": [1.00001], "b": 1.2}, adapter).wrong) == 2
    assert len(compare(results, {"b": 1.0, "e": 1.0}, adapter).wrong) == 2
    assert compare(results, {"a": [1.0, 3.0], "b": 1.0}, adapter).wrong


def test_relative_difference() -> None:
    nan, inf = float("nan"), float("inf")
    assert relative(nan, nan) == relative(inf, inf) == relative(1e-14, 0.0) == 0
    assert relative(1e-3, 0.0) == inf
    assert relative(nan, 1.0) == relative(inf, 1.0) == relative(inf, -inf) == inf
    assert relative(1.1, 1.0) == pytest.approx(0.1)

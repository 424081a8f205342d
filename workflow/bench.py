"""Time Kaplan-Meier and log-rank of this package against lifelines and R, as ratios in one run.

Each measurement is the best of several; all run one after the other on the same simulated patients.
R (package survival) takes part when ``Rscript`` is there; it times itself, without its start.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test

from her2adc.stats.kaplan_meier import km
from her2adc.stats.logrank import logrank

SIZES = (100, 1_000, 10_000)
REPEATS = 7
R_SCRIPT = """
suppressMessages(library(survival))
d <- read.csv(commandArgs(TRUE)[1])
best <- function(f) min(replicate({repeats}, {{ t <- proc.time()[["elapsed"]]; for (i in 1:{loops}) f();
  (proc.time()[["elapsed"]] - t) / {loops} }}))
cat(best(function() survfit(Surv(time, event) ~ 1, d, conf.type = "log-log")),
    best(function() survdiff(Surv(time, event) ~ group, d)))
"""


def patients(n: int) -> pd.DataFrame:
    """Simulate times in days, a third of them censored, in two groups."""
    random = np.random.default_rng(20)
    event_time = np.ceil(random.exponential(400, n))
    censor_time = np.ceil(random.uniform(100, 1500, n))
    return pd.DataFrame({
        "time": np.minimum(event_time, censor_time),
        "event": event_time <= censor_time,
        "group": random.choice(["low", "positive"], n),
    })


def best(task: Callable[[], object], loops: int) -> float:
    """Seconds of one call, the best of several repeats."""
    return min(timeit.repeat(task, number=loops, repeat=REPEATS)) / loops


def in_r(data: pd.DataFrame, loops: int) -> tuple[float, float] | None:
    """Seconds of survfit and survdiff in R, or None without R."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file, script = Path(folder, "data.csv"), Path(folder, "bench.R")
        data.assign(event=data["event"].astype(int)).to_csv(file, index=False)
        script.write_text(R_SCRIPT.format(repeats=REPEATS, loops=loops), encoding="utf-8")
        run = subprocess.run(["Rscript", str(script), str(file)], capture_output=True, text=True)
    if run.returncode:
        return None
    first, second = map(float, run.stdout.split())
    return first, second


def row(name: str, n: int, own: float, lifelines: float, r: float | None) -> str:
    """One line of the report: time and ratios (below 1: this package is faster)."""
    ratio = f"{own / r:10.2f}" if r else f"{'-':>10}"
    return f"{name:14} {n:>7} {own * 1e3:>9.2f} ms {own / lifelines:>12.2f} {ratio}"


def main() -> None:
    """Print the table."""
    print(f"{'':14} {'n':>7} {'her2adc':>12} {'/ lifelines':>12} {'/ R':>10}")
    for n in SIZES:
        data = patients(n)
        named = data.rename(columns={"time": "X_time", "event": "X_event"})
        loops = max(3, 20_000 // n)
        r = in_r(data, loops) or (None, None)
        own = best(lambda d=data: km(d["time"], d["event"]), loops)
        other = best(lambda d=data: KaplanMeierFitter().fit(d["time"], d["event"]), loops)
        print(row("Kaplan-Meier", n, own, other, r[0]))
        own = best(lambda d=named: logrank(d, "X", "group"), loops)
        other = best(lambda d=data: multivariate_logrank_test(d["time"], d["group"], d["event"]), loops)
        print(row("log-rank", n, own, other, r[1]))


if __name__ == "__main__":
    main()

"""Time this package against R on the same simulated patients, as ratios in one run.

Kaplan-Meier, log-rank, Cox (with its tests of proportional hazards and concordance) and Table 1 at
1e3, 1e5 and 1e6 rows, the quickest of several calls each. R (package survival) takes part where
``Rscript`` is there; it times itself, without its start and without reading the file. Memory is the
peak of what a call allocates, over the size of the data; at 1e3 rows it is the fixed cost of a call.
Sizes can be named: ``bench.py 1000 100000``. Last comes a short form of ``simulation.py``: bias and
coverage of the comparisons of sequences where there is no effect.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import simulation

from her2adc.stats.baseline import table_one
from her2adc.stats.regression import cox
from her2adc.stats.survival import logrank, summarise

SIZES = (1_000, 100_000, 1_000_000)
SECONDS = 2.0
REPLICATES = 25
R_SCRIPT = """
suppressMessages(library(survival))
d <- readRDS(commandArgs(TRUE)[1])
groups <- levels(d$her2)
clock <- function() as.numeric(Sys.time())
best <- function(f) { times <- c(); start <- clock()
  repeat { t <- clock(); f(); times <- c(times, clock() - t)
    if (length(times) > 1 && clock() - start > SECONDS) return(min(times[-1])) } }
smd <- function(m, v) { pairs <- combn(length(m), 2)
  mean(abs(m[pairs[1, ]] - m[pairs[2, ]]) / sqrt((v[pairs[1, ]] + v[pairs[2, ]]) / 2)) }
smd_levels <- function(p) mean(apply(combn(ncol(p), 2), 2, function(k) { a <- p[-1, k[1]]; b <- p[-1, k[2]]
  s <- (diag(a) - tcrossprod(a) + diag(b) - tcrossprod(b)) / 2; sqrt(drop((a - b) %*% solve(s, a - b))) }))
table1 <- function() {
  for (name in c("age", "nodes")) { x <- split(d[[name]], d$her2)
    lapply(c(list(d[[name]]), x), function(v) c(quantile(v, c(0, .25, .5, .75, 1)), mean(v), sd(v)))
    smd(sapply(x, mean), sapply(x, var)) }
  counts <- table(d$grade, d$her2); smd_levels(prop.table(counts, 2)) }
cat(best(function() for (g in list(TRUE, groups[1], groups[2], groups[3])) {
      f <- survfit(Surv(time, event) ~ 1, if (isTRUE(g)) d else d[d$her2 == g, ], conf.type = "log-log")
      quantile(f, 0.5); summary(f, times = 365, extend = TRUE) }),
    best(function() survdiff(Surv(time, event) ~ her2, d)),
    best(function() { f <- coxph(Surv(time, event) ~ her2 + age + nodes, d); cox.zph(f) }),
    best(table1))
"""
CONVERT = """
d <- read.csv("{csv}", stringsAsFactors = TRUE); d$event <- d$event == "True"; saveRDS(d, "{rds}")
"""


def patients(n: int) -> pd.DataFrame:
    """Simulate times in days, a third of them censored, with a group and what Table 1 describes."""
    random = np.random.default_rng(20)
    group = random.choice(3, n, p=[0.3, 0.5, 0.2])
    event_time = np.ceil(random.exponential(400, n) * np.array([1.0, 1.2, 1.6])[group])
    censor_time = np.ceil(random.uniform(100, 1500, n))
    return pd.DataFrame(
        {
            "patient_id": np.arange(n),
            "OS_time": np.minimum(event_time, censor_time),
            "OS_event": event_time <= censor_time,
            "her2": pd.Categorical.from_codes(group, ["zero", "low", "positive"]),
            "age": random.normal(57, 11, n).round(1),
            "nodes": random.poisson(3, n).astype(float),
            "grade": pd.Categorical.from_codes(random.choice(3, n), ["1", "2", "3"]),
        }
    )


def tasks(data: pd.DataFrame) -> dict[str, Callable[[], object]]:
    """Return what is measured."""
    variables = [
        SimpleNamespace(name="age", kind="continuous", levels=[]),
        SimpleNamespace(name="nodes", kind="continuous", levels=[]),
        SimpleNamespace(name="grade", kind="categorical", levels=[]),
    ]
    return {
        "Kaplan-Meier": lambda: summarise(data, "OS", "her2", landmarks=(365,)),
        "log-rank": lambda: logrank(data, "OS", "her2"),
        "Cox": lambda: cox(data, "OS", ["her2", "age", "nodes"]),
        "Table 1": lambda: table_one(data, variables, "her2"),
    }


def seconds(task: Callable[[], object]) -> float:
    """Seconds of the quickest call, the first left out."""
    task()
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < SECONDS:
        begin = time.perf_counter()
        task()
        times.append(time.perf_counter() - begin)
    return min(times)


def peak(task: Callable[[], object]) -> int:
    """Bytes that a call has allocated at most."""
    tracemalloc.start()
    task()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def in_r(data: pd.DataFrame) -> list[float] | None:
    """Seconds of the same in R, or None without R."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        csv, rds = Path(folder, "data.csv").as_posix(), Path(folder, "data.rds").as_posix()
        named = data.rename(columns={"OS_time": "time", "OS_event": "event"})
        named.assign(her2=named["her2"].astype(str)).to_csv(csv, index=False)
        scripts = {"convert.R": CONVERT.format(csv=csv, rds=rds), "bench.R": R_SCRIPT}
        for name, text in scripts.items():
            path = Path(folder, name)
            path.write_text(text.replace("SECONDS", str(SECONDS)), encoding="utf-8")
            run = subprocess.run(["Rscript", str(path), rds], capture_output=True, text=True)
            if run.returncode:
                print(run.stderr, file=sys.stderr)
                return None
    return [float(value) for value in run.stdout.split()]


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Print the table: below 1 this package is the faster."""
    print(f"{'':14}{'rows':>9}{'her2adc':>12}{'R':>12}{'her2adc / R':>13}{'memory / data':>15}")
    for n in sizes:
        data = patients(n)
        size = int(data.memory_usage(deep=True, index=False).sum())
        r = in_r(data) or [float("nan")] * 4
        for (name, task), other in zip(tasks(data).items(), r, strict=True):
            own, memory = seconds(task), peak(task) / size
            ratio = f"{own / other:.2f}" if other > 0 else "-"
            times = f"{own * 1e3:10.1f}ms{other * 1e3:10.1f}ms"
            print(f"{name:14}{n:9}{times}{ratio:>13}{memory:15.2f}", flush=True)
    simulation.main(REPLICATES, scenarios=("no effect",))


if __name__ == "__main__":
    main(tuple(int(float(size)) for size in sys.argv[1:]) or SIZES)

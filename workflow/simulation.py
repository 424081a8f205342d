"""How far each comparison of sequences is from the truth, over simulated samples.

Prints, for no effect and for a hazard ratio of 0.7, the mean log hazard ratio of each method, its bias
with the Monte-Carlo standard error, the empirical and the mean model standard error, and the coverage of
the 95% intervals with its Monte-Carlo standard error. Replicates and patients can be named:
``simulation.py 200 400``.
"""

from __future__ import annotations

import sys
import time

import pandas as pd

from her2adc.simulate import SimulationParameters
from her2adc.stats.sequences_truth import performance, replicates, truth

SCENARIOS = {
    "no effect": SimulationParameters(),
    "order: hazard ratio 0.7": SimulationParameters(order_hazard_ratio=0.7),
    "second ADC: hazard ratio 0.7": SimulationParameters(second_hazard_ratio=0.7),
}
"""What is simulated."""
REPLICATES, PATIENTS = 200, 400


def main(count: int = REPLICATES, n: int = PATIENTS, scenarios: tuple[str, ...] = tuple(SCENARIOS)) -> None:
    """Print the tables."""
    pd.set_option("display.width", 200, "display.max_columns", 20, "display.max_rows", 100)
    for name in scenarios:
        parameters = SimulationParameters(**{**vars(SCENARIOS[name]), "n": n})
        start = time.perf_counter()
        table = performance(replicates(parameters, count), truth(parameters))
        seconds = time.perf_counter() - start
        print(f"\nSimulated sequences, {name}: {count} replicates of {n} patients, {seconds:.0f} s")
        print(table.to_string(index=False, float_format=lambda value: f"{value:.3f}"), flush=True)


if __name__ == "__main__":
    main(*(int(float(value)) for value in sys.argv[1:3]))

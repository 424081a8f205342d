"""What a simulation of sequential antibody-drug conjugates can be told.

The model is a multistate one in continuous time. Everyone starts a first ADC at time 0::

    ADC1 -> progression -> ADC2 | other therapy | no further therapy -> progression -> ...

and can die in every state. All that a patient brings works through linear predictors: of progression
and of death (log hazard ratios), of the choice of the first ADC (confounding) and of the chance to
receive the second (selection), both log odds ratios. The predictors are centred on their expected
values, so that the medians and shares given here are those of the average patient.

Progression on each therapy is a Weibull time from its start. Death has the Weibull hazard ``h0(t)`` of
the time since ADC1, multiplied by

* ``exp(death predictor + frailty)``, and ``order_hazard_ratio`` if the second of the two agents came
  first: the effect of the order by intention, from the first day;
* ``death_after_progression`` once the patient has progressed on ADC1;
* ``second_hazard_ratio`` once ADC2 has begun, and ``order_hazard_ratio_after_second`` besides if the
  second of the two agents came first.

Truth. With ``death_after_progression = 1``, the default, death does not depend on when patients
progress, so that the three ratios are the conditional effects exactly, and a ratio of 1 means no effect,
conditional or marginal, whatever the arms' times to progression and their chances of ADC2. A marginal
hazard ratio other than 1 is nearer to 1 than the conditional one (the hazard ratio is not
collapsible); :func:`her2adc.stats.sequences_truth.order_truth` finds it in a large sample whose first
ADC is drawn by lot. With ``death_after_progression`` other than 1 the drug with the shorter time to
progression also loses on survival, and that sample is the only source of the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["COVARIATES", "Covariate", "SimulationParameters"]

Pair = tuple[float, float]
"""A number for each of the two agents."""


@dataclass(frozen=True)
class Covariate:
    """A variable known at the first ADC, and what it does.

    Attributes
    ----------
    name : str
        Column.
    levels : tuple of str
        Values.
    shares : tuple of float
        How often each occurs; they sum to 1.
    progression, death : tuple of float
        Log hazard ratio of each level; empty for none.
    first : tuple of float
        Log odds ratio of each level of starting with the second agent; empty for none.
    second : tuple of float
        Log odds ratio of each level of receiving ADC2 after progression; empty for none.
    """

    name: str
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    progression: tuple[float, ...] = ()
    death: tuple[float, ...] = ()
    first: tuple[float, ...] = ()
    second: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.shares) != len(self.levels) or abs(sum(self.shares) - 1) > 1e-9:
            raise ValueError(f"{self.name}: give one share for each of {self.levels}, summing to 1")
        for kind in ("progression", "death", "first", "second"):
            if len(getattr(self, kind)) not in (0, len(self.levels)):
                raise ValueError(f"{self.name}: {kind} needs one number for each of {self.levels}, or none")


COVARIATES = (
    Covariate(
        "performance_status",
        ("0", "1", "2"),
        (0.40, 0.45, 0.15),
        progression=(0.0, 0.15, 0.40),
        death=(0.0, 0.35, 0.90),
        first=(0.0, 0.35, 0.90),
        second=(0.0, -0.40, -1.30),
    ),
    Covariate(
        "liver_metastasis",
        ("no", "yes"),
        (0.45, 0.55),
        progression=(0.0, 0.30),
        death=(0.0, 0.45),
        first=(0.0, -0.30),
        second=(0.0, -0.30),
    ),
    Covariate(
        "previous_lines",
        ("0-1", "2", "3+"),
        (0.40, 0.35, 0.25),
        progression=(0.0, 0.10, 0.25),
        death=(0.0, 0.15, 0.40),
        first=(0.0, 0.20, 0.50),
        second=(0.0, -0.10, -0.30),
    ),
    Covariate(
        "hormone_receptor",
        ("positive", "negative"),
        (0.75, 0.25),
        progression=(0.0, 0.30),
        death=(0.0, 0.45),
        first=(0.0, 1.00),
    ),
    Covariate("her2_ihc", ("0", "1+", "2+"), (0.10, 0.50, 0.40), first=(0.40, 0.0, -0.50)),
)
"""Patients with metastatic breast cancer, frail ones more often on the second agent first."""


@dataclass(frozen=True)
class SimulationParameters:
    """What is simulated; times are in months.

    Medians default to round numbers near published ones: progression-free survival of 10.1 months on
    trastuzumab deruxtecan and 5.5 on sacituzumab govitecan as first ADC in HR-positive disease
    [1]_ [2]_, and about half of it on the second ADC.

    Attributes
    ----------
    n : int
        Patients.
    agents : tuple of str
        The two ADCs.
    first_share : float
        Chance of the average patient to start with the second agent.
    first_by : tuple of str and mapping, optional
        A covariate and the agent that each of its levels starts with, where a protocol says so.
    covariates : tuple of Covariate
        What is known of the patients.
    frailty_sd : float
        Standard deviation of an unmeasured normal log frailty.
    frailty_progression, frailty_death : float
        How much of it is in the log hazards.
    frailty_first, frailty_second : float
        How much of it is in the log odds of starting with the second agent (unmeasured
        confounding) and of receiving ADC2 (unmeasured selection).
    progression_first, progression_second : tuple of float
        Median time from the start to progression on each agent, as ADC1 and as ADC2.
    progression_other, progression_shape : float
        Median on any other therapy; Weibull shape of all.
    death_median, death_shape : float
        Weibull time from ADC1 to death.
    order_hazard_ratio, second_hazard_ratio, order_hazard_ratio_after_second, death_after_progression : float
        See the module.
    second_share : tuple of float
        Chance of the average patient to receive ADC2 next after progression, by first agent.
    other_share : float
        Share of those who do not that receive another therapy.
    second_later : float
        Chance of ADC2 after that therapy.
    gap : tuple of float
        Mean time from progression to the next therapy, by first agent.
    gap_least : float
        Shortest such time.
    lines : int
        Lines of therapy at most, ADC1 included.
    toxicity : tuple of float
        Hazard, per month, of stopping each agent before progression.
    response_first, response_second : tuple of float
        Response rate on each agent, as ADC1 and as ADC2.
    visit_weeks : float
        Time between tumour assessments.
    seen_at_visits : bool
        Whether progression is dated at the assessment that shows it, or when it happens.
    accrual, cut_off : float
        Months from the study's opening over which patients start, evenly, and to the data cut-off.
    loss_per_year : float
        Hazard of being lost to follow-up.

    References
    ----------
    .. [1] Modi, S. et al. (2022). New England Journal of Medicine 387, 9-20.
    .. [2] Rugo, H. S. et al. (2022). Journal of Clinical Oncology 40, 3365-3376.
    """

    n: int = 400
    agents: tuple[str, str] = ("T-DXd", "SG")
    first_share: float = 0.45
    first_by: tuple[str, Mapping[str, str]] | None = None
    covariates: tuple[Covariate, ...] = COVARIATES
    frailty_sd: float = 0.4
    frailty_progression: float = 1.0
    frailty_death: float = 1.0
    frailty_first: float = 0.0
    frailty_second: float = 0.0
    progression_first: Pair = (10.0, 5.5)
    progression_second: Pair = (4.5, 3.0)
    progression_other: float = 3.5
    progression_shape: float = 1.2
    death_median: float = 22.0
    death_shape: float = 1.6
    order_hazard_ratio: float = 1.0
    second_hazard_ratio: float = 1.0
    order_hazard_ratio_after_second: float = 1.0
    death_after_progression: float = 1.0
    second_share: Pair = (0.60, 0.60)
    other_share: float = 0.6
    second_later: float = 0.3
    gap: Pair = (1.0, 1.0)
    gap_least: float = 0.25
    lines: int = 4
    toxicity: Pair = (0.010, 0.006)
    response_first: Pair = (0.50, 0.25)
    response_second: Pair = (0.25, 0.15)
    visit_weeks: float = 8.0
    seen_at_visits: bool = False
    accrual: float = 36.0
    cut_off: float = 60.0
    loss_per_year: float = 0.03

    def __post_init__(self) -> None:
        if self.agents[0] == self.agents[1]:
            raise ValueError(f"agents are {self.agents}; name two that differ")
        if not self.cut_off >= self.accrual >= 0:
            raise ValueError("cut_off comes before the end of accrual; give cut_off >= accrual >= 0")
        if self.n < 0 or self.lines < 1:
            raise ValueError(f"n is {self.n} and lines is {self.lines}; give n >= 0 and lines >= 1")
        shares = (self.first_share, *self.second_share)
        if not all(0 < share < 1 for share in shares):
            raise ValueError(f"first_share and second_share are {shares}; give fractions between 0 and 1")

"""The part of a study file that says how HER2 is followed over the specimens of a patient."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from her2adc.config.parts import CLASSES, ClassName, Names, Part, Variable

CONCORDANT, DISCORDANT = "Concordant", "Discordant"
DIRECTIONS = ("Same class", "To a higher class", "To a lower class")


class Stage(Part):
    """A time point of the disease, and which specimen of a patient stands for it.

    Of the specimens of these kinds with a HER2 class, the ``earliest`` or the ``latest`` is taken;
    without any classified one, the first that has a score, with the reason why it has no class.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    specimen: Names = Field(min_length=1)
    pick: Literal["earliest", "latest"] = "earliest"


class Retest(Part):
    """Agreement of two readings of the same specimen, as published.

    ``kappa`` is Cohen's or Fleiss' kappa over the classes; ``source`` is a citation key or a text.
    """

    kappa: float = Field(gt=0, le=1)
    source: str


class Evolution(Part):
    """How HER2 is followed over the specimens of a patient.

    ``stages`` are the time points in order; the first two make the pairs. Discordance is shown by each
    variable of ``strata`` and by the interval between the specimens of a pair, divided at the months of
    ``interval_cut``. ``eligible`` are the classes for which a HER2-directed ADC is an option. ``retest``
    lists published agreement on one specimen, from which follows the discordance that reading alone
    would give. ``endpoint`` is compared between concordant and discordant pairs.
    """

    stages: tuple[Stage, ...] = Field(
        default=(
            Stage(name="primary", label="Primary tumour", specimen=("primary",)),
            Stage(name="recurrence", label="Recurrence", specimen=("recurrence", "metastasis")),
        ),
        min_length=2,
    )
    strata: Names = ()
    eligible: tuple[ClassName, ...] = ("HER2-low", "HER2-positive")
    interval_cut: tuple[float, ...] = (24, 60)
    retest: tuple[Retest, ...] = ()
    endpoint: str | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Evolution:
        names = [s.name for s in self.stages]
        if len(set(names)) < len(names):
            raise ValueError("two stages have the same name")
        if reserved := sorted({"class", "result", "change", "direction"} & set(names)):
            raise ValueError(f"a stage cannot be called {reserved[0]}: choose another name")
        if list(self.interval_cut) != sorted(set(self.interval_cut)):
            raise ValueError("'interval_cut' has to rise: for example [24, 60]")
        return self

    def column(self, stage: str) -> str:
        """Return the name of the column that holds the class at a stage."""
        return f"her2_{stage}"

    @property
    def columns(self) -> list[str]:
        """Columns of the classes, in the order of the stages."""
        return [self.column(s.name) for s in self.stages]

    @property
    def variables(self) -> dict[str, Variable]:
        """Return the derived variables: class at each stage, and what happened between the first two."""
        found = {
            self.column(s.name): Variable(
                name=self.column(s.name),
                label=f"HER2, {s.label[:1].lower()}{s.label[1:]}",
                levels={c: (c,) for c in CLASSES},
            )
            for s in self.stages
        }
        found["her2_change"] = Variable(
            name="her2_change",
            label="HER2 class of the pair",
            levels={CONCORDANT: (CONCORDANT,), DISCORDANT: (DISCORDANT,)},
        )
        found["her2_direction"] = Variable(
            name="her2_direction",
            label="Change of HER2 class",
            levels={d: (d,) for d in DIRECTIONS},
        )
        found["her2_interval"] = Variable(
            name="her2_interval",
            label="Interval between the specimens",
            unit="months",
            cut=self.interval_cut,
        )
        return found

"""Experiments that check claims with numbers: `shinso lab list`, `shinso lab run NAME`."""

from shinso.lab import digits_from_noise, mnist_2006
from shinso.lab.experiment import Experiment, Outcome, Settings, Verdict

EXPERIMENTS: dict[str, Experiment] = {
    e.name: e for e in (mnist_2006.EXPERIMENT, digits_from_noise.EXPERIMENT)
}

__all__ = ["EXPERIMENTS", "Experiment", "Outcome", "Settings", "Verdict"]

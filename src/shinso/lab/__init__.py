"""Experiments that check claims with numbers: `shinso lab list`, `shinso lab run NAME`.

Needs `pip install 'shinso[lab]'`.
"""

from shinso.lab import _needs as _needs
from shinso.lab.catalog import ROWS, all_experiments, experiment
from shinso.lab.exercises.checking import check
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text

__all__ = [
    "ROWS",
    "Experiment",
    "Figure",
    "Outcome",
    "Settings",
    "Table",
    "Text",
    "Verdict",
    "all_experiments",
    "check",
    "experiment",
]

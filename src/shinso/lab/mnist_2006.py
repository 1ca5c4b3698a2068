"""MNIST with the methods between the first and the third generation, beside what was published.

Accuracies and times of others: G.-B. Huang, E. Cambria and colleagues' table of multilayer extreme
learning machines beside deep networks (2013), as course texts repeat it.
"""

from __future__ import annotations

import time

from shinso import classical
from shinso.classical.recipes import MNIST
from shinso.lab.experiment import Experiment, Outcome, Settings, Verdict
from shinso.lab.mnist import mnist_rows

TOLERANCE = 0.15
_THEIR_TIME = {"elm": "< 7.5 min", "dbn": "5.7 h", "dbm": "19 h", "sae": "> 17 h", "sdae": "> 17 h"}


def run(settings: Settings) -> Outcome:
    """Train every recipe on all 60 000 images, count right answers on the 10 000 test images.

    Raises ValueError for a part that there is not.
    """
    if unknown := set(settings.only) - set(MNIST):
        raise ValueError(f"mnist-2006 has no {min(unknown)!r}; it has {', '.join(MNIST)}")
    (x, y), (test_x, test_y) = mnist_rows(settings.data_dir)
    outcome = Outcome(("method", "test accuracy", "seconds", "published", "their time", "verdict"))
    for name in settings.only or MNIST:
        recipe = MNIST[name]
        settings.say(f"{recipe.method}: about {recipe.seconds / 60:.0f} minutes")
        model = getattr(classical, recipe.method)(**recipe.arguments)
        start = time.perf_counter()
        model.fit(x, y)
        seconds = time.perf_counter() - start
        accuracy = 100 * float((model.predict(test_x) == test_y).mean())
        verdict = Verdict(f"{recipe.method} on MNIST", accuracy, recipe.published, TOLERANCE)
        outcome.verdicts.append(verdict)
        outcome.rows.append(
            (
                recipe.method,
                f"{accuracy:.2f} %",
                f"{seconds:.0f}",
                f"{recipe.published:.2f} %",
                _THEIR_TIME[name],
                "reached" if verdict.holds else "missed",
            )
        )
    return outcome


EXPERIMENT = Experiment(
    "mnist-2006",
    "B3 to B6",
    "Layers learned one by one reach 98.6 to 99.05 % on MNIST, as published, in minutes.",
    tuple(MNIST),
    run,
)

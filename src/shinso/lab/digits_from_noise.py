"""What generative models of MNIST imagine, and what autoencoders make of damaged digits."""

from __future__ import annotations

import numpy as np

from shinso.cell import Array
from shinso.classical import (
    RBM,
    DBMClassifier,
    DBNClassifier,
    ELMAutoEncoder,
    ELMClassifier,
    StackedDenoisingAutoEncoder,
)
from shinso.classical.recipes import MNIST
from shinso.lab.experiment import Experiment, Outcome, Settings, Verdict
from shinso.lab.mnist import mnist_rows
from shinso.train.png import encode_png

SHOWN = 10
STEPS = 2000
"""Gibbs steps of a sample."""

PARTS = ("rbm", "dbn", "dbm", "sdae", "elm-ae")
_RECOGNIZED = "a classifier names the class that was asked for, in percent"
_SURE = "a classifier's mean probability of the class that it sees, in percent"
_LESS = "how many times less squared error after denoising"
_KEPT = "variance of the pixels that is reconstructed, in percent"


def run(settings: Settings) -> Outcome:
    """Train each model, draw a hundred samples or rows of before and after, and judge them.

    The judge is an ELM that never saw anything but MNIST's training images.
    Raises ValueError for a part that there is not.
    """
    if unknown := set(settings.only) - set(PARTS):
        raise ValueError(f"this experiment has no {min(unknown)!r}; it has {', '.join(PARTS)}")
    (x, y), (test_x, _) = mnist_rows(settings.data_dir)
    outcome = Outcome(("model", "measure", "found", "wanted", "verdict"))
    judge = ELMClassifier(2000, activation="sigmoid", random_state=0).fit(x, y)
    for name in settings.only or PARTS:
        settings.say(f"{name}: training")
        figure, measure, found, wanted = _PARTS[name](x, y, test_x, judge)
        verdict = Verdict(f"{name}: {measure}", found, wanted, 0.0)
        outcome.verdicts.append(verdict)
        outcome.figures[f"{name}.png"] = encode_png(figure)
        said = "reached" if verdict.holds else "missed"
        outcome.rows.append((name, measure, f"{found:.1f}", f"{wanted:g}", said))
    return outcome


Part = tuple[Array, str, float, float]


def _rbm(x: Array, y: Array, test: Array, judge: ELMClassifier) -> Part:
    model = RBM(500, algorithm="pcd", learning_rate=0.05, batch_size=100, n_iter=15, random_state=0)
    samples = model.fit(x).sample(SHOWN**2, STEPS, random_state=1)
    return _grid(samples), _SURE, _sure(judge, samples), 60


def _dbn(x: Array, y: Array, test: Array, judge: ELMClassifier) -> Part:
    arguments = {**MNIST["dbn"].arguments, "max_iter": 0}  # the generator is what pretraining found
    model = DBNClassifier(**arguments).fit(x, y)
    asked = np.repeat(np.arange(SHOWN), SHOWN)
    samples = model.sample(len(asked), STEPS, y=asked, random_state=1)
    right = 100 * float((judge.predict(samples) == asked).mean())
    return _grid(samples), _RECOGNIZED, right, 80


def _dbm(x: Array, y: Array, test: Array, judge: ELMClassifier) -> Part:
    arguments = {**MNIST["dbm"].arguments, "max_iter": 0}
    model = DBMClassifier(**arguments).fit(x, y)
    samples = model.sample(SHOWN**2, STEPS, random_state=1)
    return _grid(samples), _SURE, _sure(judge, samples), 60


def _sdae(x: Array, y: Array, test: Array, judge: ELMClassifier) -> Part:
    model = StackedDenoisingAutoEncoder(
        (800,), activation="relu", noise="masking", noise_level=0.5, pretrain_epochs=10,
        max_iter=0, random_state=0,
    ).fit(x, y)  # fmt: skip
    clean = test[: 3 * SHOWN]
    damaged = model.corrupt(clean, random_state=1)
    mended = model.denoise(damaged)
    less = float(np.square(damaged - clean).mean() / np.square(mended - clean).mean())
    return _rows_of(clean, damaged, mended), _LESS, less, 4


def _elm(x: Array, y: Array, test: Array, judge: ELMClassifier) -> Part:
    model = ELMAutoEncoder(300, random_state=0).fit(x)
    clean = test[: 3 * SHOWN]
    again = model.reconstruct(clean)
    lost = np.square(again - clean).mean() / clean.var(axis=0).mean()
    return _rows_of(clean, again), _KEPT, 100 * (1 - float(lost)), 80


_PARTS = {"rbm": _rbm, "dbn": _dbn, "dbm": _dbm, "sdae": _sdae, "elm-ae": _elm}


def _sure(judge: ELMClassifier, samples: Array) -> float:
    return 100 * float(judge.predict_proba(samples).max(axis=1).mean())


def _grid(rows: Array, across: int = SHOWN) -> Array:
    """Pictures of 28×28 side by side, white lines between them: uint8 (H, W)."""
    pictures = (255 * np.clip(rows, 0, 1)).round().astype(np.uint8).reshape(-1, across, 28, 28)
    framed = np.pad(pictures, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=255)
    whole = framed.transpose(0, 2, 1, 3).reshape(len(framed) * 30, across * 30)
    return np.repeat(np.repeat(whole, 2, axis=0), 2, axis=1)


def _rows_of(*kinds: Array) -> Array:
    """Each row of pictures before, damaged and after, one below the other."""
    pieces = [k[i : i + SHOWN] for i in range(0, len(kinds[0]), SHOWN) for k in kinds]
    return _grid(np.concatenate(pieces))


EXPERIMENT = Experiment(
    "digits-from-noise",
    "B3 to B6",
    "RBM, DBN and DBM imagine digits, a denoising autoencoder mends them, an ELM-AE keeps them.",
    PARTS,
    run,
)

"""What a trained model does with held-out data: classes and probabilities, or residuals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from shinso.cell import Array
from shinso.train.compiling import COMPILED
from shinso.train.outputs import main_output
from shinso.train.sources import pair, sample_numbers

if TYPE_CHECKING:
    from shinso.train.trainer import Trainer

MOST_SAMPLES = 20_000
MISTAKES = 12


@dataclass
class Mistake:
    """One sample that was classified wrongly. probability: of the class that was predicted."""

    number: int
    x: Array
    true: int
    predicted: int
    probability: float


@dataclass
class Outcome:
    """Outputs and targets, and what they mean.

    task: "classification" (true and predicted hold classes), "regression" (true and predicted hold
    values), or "other". numbers: the sample that each entry belongs to. complete: whether all
    samples were looked at. classes: names, or None.
    """

    task: str
    true: Array
    predicted: Array
    numbers: Array
    complete: bool
    classes: tuple[str, ...] | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    input_shape: tuple[int, ...] = ()


def measure_outcome(trainer: Trainer, loader: Any) -> Outcome:
    """Run the model over (at most 20 000 samples of) a loader's data."""
    outputs, targets, numbers = [], [], []
    seen, shape, complete = 0, (), True
    # The step that has measured these data before, if it was compiled, still is.
    compiled = trainer.compiling.executor == COMPILED
    with trainer.evaluating():
        for batch_number, batch in enumerate(loader.batches(0)):
            if seen >= MOST_SAMPLES:
                complete = False
                break
            x, t = pair(batch)
            y = trainer.compiling.test_step(x, t)[0] if compiled else main_output(trainer.model(x))
            outputs.append(y.numpy())
            targets.append(np.asarray(t))
            known = sample_numbers(loader, 0, batch_number)
            numbers.append(np.arange(seen, seen + len(x)) if known is None else known)
            seen += len(x)
            shape = x.shape[1:]
    # All batches at once: one alone may look like something else.
    task, true, predicted, probability = interpret(np.concatenate(outputs), np.concatenate(targets))
    each = np.concatenate(numbers)
    classes = getattr(getattr(loader, "dataset", None), "classes", None)
    found = Outcome(task, true, predicted, each, complete, classes, [], shape)
    if task == "classification":
        found.mistakes = _mistakes(found, probability, loader)
    elif task == "regression":
        found.numbers = np.repeat(each, len(true) // max(seen, 1))
    return found


def interpret(y: Array, t: Array) -> tuple[str, Array, Array, Array]:
    """What outputs and targets mean: (task, true, predicted, probability of the predicted class).

    Classes are recognized by targets that are whole numbers of shape (N,) beside scores (N, C),
    by one-hot rows or shares of classes (the largest counts), or by targets 0 and 1 (or -1 and 1)
    beside one output. Outputs that are no probabilities yet are taken for logits.
    """
    nothing = np.zeros(0)
    if y.ndim == 2 and y.shape[1] > 1:
        if t.ndim == 1 and t.dtype.kind in "iub" and (t.size == 0 or t.max() < y.shape[1]):
            return "classification", t.astype(np.int64), y.argmax(axis=1), probabilities(y)
        if t.shape == y.shape and np.all(t >= 0) and np.allclose(t.sum(axis=1), 1, atol=1e-5):
            return "classification", t.argmax(axis=1), y.argmax(axis=1), probabilities(y)
    if y.ndim in (1, 2) and y.size == len(y) == t.size and _two_valued(t):
        p = y.reshape(-1).astype(np.float64)
        if p.size and (p.min() < 0 or p.max() > 1):
            p = 0.5 * (1 + np.tanh(p / 2))
        predicted = (p > 0.5).astype(np.int64)
        return "classification", (t.reshape(-1) > 0).astype(np.int64), predicted, _of(p, predicted)
    if y.shape == t.shape and t.dtype.kind in "fiu":
        return "regression", t.reshape(-1), y.reshape(-1), nothing
    return "other", nothing, nothing, nothing


def probabilities(y: Array) -> Array:
    """The probability of the largest of the scores (N, C): as it is, or by a softmax. (N,)."""
    y = y.astype(np.float64)
    if y.min(initial=0) >= 0 and np.allclose(y.sum(axis=1), 1, atol=1e-3):
        return np.asarray(y.max(axis=1))
    shifted = np.exp(np.maximum(y - y.max(axis=1, keepdims=True), -700))
    return 1 / np.asarray(shifted.sum(axis=1))


def _of(p: Array, predicted: Array) -> Array:
    return np.where(predicted == 1, p, 1 - p)


def _two_valued(t: Array) -> bool:
    values = set(np.unique(t).tolist())
    return values <= {0, 1} or values <= {-1, 1}


def _mistakes(found: Outcome, probability: Array, loader: Any) -> list[Mistake]:
    """The wrong answers that the model was most certain of, with their inputs."""
    wrong = np.flatnonzero((found.true != found.predicted) & np.isfinite(probability))
    worst = wrong[np.argsort(-probability[wrong], kind="stable")][:MISTAKES].tolist()
    inputs: dict[int, Array] = {}
    start = 0
    for batch in loader.batches(0):  # a second look, instead of keeping all inputs of the first
        if len(inputs) == len(worst):
            break
        inputs |= {
            i: np.array(batch[0][i - start]) for i in worst if 0 <= i - start < len(batch[0])
        }
        start += len(batch[0])
    return [
        Mistake(
            int(found.numbers[i]),
            inputs[i],
            int(found.true[i]),
            int(found.predicted[i]),
            float(probability[i]),
        )
        for i in worst
    ]

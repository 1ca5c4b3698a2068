"""Callbacks that watch a number, on made-up sequences of it."""

import re

import numpy as np
import pytest

from shinso import nn, ops, optim
from shinso.data import DataError
from shinso.train import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau, Trainer
from shinso.train.checkpoint import safetensors

NAN = float("nan")


class Stage:
    """As much of a trainer as these callbacks look at."""

    fast_dev_run = False

    def __init__(self, names=("loss", "val_loss", "val_accuracy", "lr")):
        self.log_names, self.stop_training = list(names), False
        self.model = nn.Linear(1, 1)
        self.optimizer = optim.SGD(self.model.parameters(), lr=1.0)


def play(callback, values, name="val_loss", stage=None):
    """Feed values epoch by epoch; returns the number of epochs run and the stage."""
    stage = stage or Stage()
    callback.set_trainer(stage)
    callback.on_train_begin()
    epochs = 0
    for epoch, value in enumerate(values):
        stage.model.weight.data = np.array([[epoch]], dtype=np.float32)
        callback.on_epoch_end(epoch, {name: value, "loss": 0.0})
        epochs += 1
        if stage.stop_training:
            break
    return epochs, stage


@pytest.mark.parametrize(
    ("options", "values", "epochs", "stopped"),
    [
        ({}, [3, 2, 2, 1], 3, True),
        ({"patience": 1}, [3, 2, 2, 1], 3, True),
        ({"patience": 2}, [3, 2, 2, 1, 1, 1, 1], 6, True),
        ({"patience": 2}, [3, 2, 2, 1, 2, 0.5], 6, False),
        ({"min_delta": 0.5, "patience": 1}, [3, 2.9, 2], 2, True),
        ({"mode": "max", "patience": 1}, [1, 2, 3, 2], 4, True),
        ({"baseline": 1.0, "patience": 3}, [5, 4, 3, 2, 1], 3, True),
        ({"baseline": 4.5, "patience": 3}, [5, 4, 3, 2, 1], 5, False),
        ({"patience": 2}, [NAN, NAN, 1, 2], 2, True),
        ({"patience": 3}, [NAN, NAN, 1, 2], 4, False),
    ],
)
def test_early_stopping(options, values, epochs, stopped):
    callback = EarlyStopping(**options)
    run, stage = play(callback, values)
    assert (run, stage.stop_training) == (epochs, stopped)
    assert callback.stopped_epoch == (epochs - 1 if stopped else 0)


def test_early_stopping_says_when_and_what():
    callback = EarlyStopping(patience=2)
    play(callback, [3, 1, 2, 2, 2])
    assert (callback.stopped_epoch, callback.best_epoch, callback.best) == (3, 1, 1)


@pytest.mark.parametrize(("restore", "weight"), [(True, 1), (False, 3)])
def test_restoring_the_best_weights(restore, weight):
    callback = EarlyStopping(patience=2, restore_best_weights=restore)
    _, stage = play(callback, [3, 1, 2, 2])
    callback.on_train_end()
    assert stage.model.weight.item() == weight


def test_best_weights_come_back_without_a_stop_too():
    callback = EarlyStopping(patience=9, restore_best_weights=True)
    _, stage = play(callback, [1, 3, 2])
    callback.on_train_end()
    assert stage.model.weight.item() == 0
    assert callback.stopped_epoch == 0


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [("val_loss", "min"), ("val_accuracy", "max"), ("top_5_accuracy", "max"), ("f1", "max"),
     ("rmse", "min")],
)  # fmt: skip
def test_auto_mode(monitor, mode):
    assert EarlyStopping(monitor).mode == mode


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        ("val_los", "this run has loss, val_loss, val_accuracy, lr. Did you mean 'val_loss'?"),
        ("zzz", "(monitor='zzz'): this run has loss"),
    ],
)
@pytest.mark.parametrize("kind", [EarlyStopping, ReduceLROnPlateau])
def test_unknown_monitor(kind, monitor, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        play(kind(monitor), [1])


def test_no_validation():
    with pytest.raises(ValueError, match="There is no validation data"):
        play(EarlyStopping(), [1], stage=Stage(["loss", "lr"]))


def test_unknown_monitor_is_told_before_training():
    model = nn.Linear(2, 1)
    trainer = Trainer(
        model,
        ops.mse_loss,
        optim.SGD(model.parameters(), lr=1.0),
        callbacks=[EarlyStopping("accuracy")],
        progress=False,
    )
    with pytest.raises(ValueError, match="this run has loss, lr"):
        trainer.fit((np.ones((2, 2), "f"), np.ones((2, 1), "f")))
    assert trainer.step == 0


def test_unknown_mode():
    with pytest.raises(ValueError, match='mode is "auto"'):
        EarlyStopping(mode="best")


def rates(options, values):
    stage, seen = Stage(), []
    callback = ReduceLROnPlateau(**options)
    callback.set_trainer(stage)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"val_loss": value})
        seen.append(round(stage.optimizer.param_groups[0]["lr"], 6))
    return seen


@pytest.mark.parametrize(
    ("options", "values", "expected"),
    [
        ({"patience": 1}, [3, 2, 2, 2], [1, 1, 0.1, 0.01]),
        ({"patience": 2, "factor": 0.5}, [3, 3, 3, 3, 3], [1, 1, 0.5, 0.5, 0.25]),
        ({"patience": 1, "min_delta": 1}, [3, 2.5, 1], [1, 0.1, 0.1]),
        ({"patience": 1, "cooldown": 2}, [1, 1, 1, 1, 1, 1], [1, 0.1, 0.1, 0.01, 0.01, 0.001]),
        ({"patience": 1, "min_lr": 0.05}, [1, 1, 1], [1, 0.1, 0.05]),
        ({"patience": 1, "min_lr": 5}, [1, 1, 1], [1, 1, 1]),
        ({"patience": 1}, [NAN, NAN], [0.1, 0.01]),
    ],
)
def test_reduce_lr_on_plateau(options, values, expected):
    assert rates(options, values) == expected


@pytest.mark.parametrize("factor", [0, 1, 2])
def test_reduce_lr_refuses_a_factor(factor):
    with pytest.raises(ValueError, match="factor must lie between 0 and 1"):
        ReduceLROnPlateau(factor=factor)


def weight_of(path):
    return safetensors.numpy.load_file(path)["weight"].item()


def test_model_checkpoint_each_epoch(tmp_path):
    callback = ModelCheckpoint(tmp_path / "sub" / "m-{epoch:02d}-{val_loss:.1f}.safetensors")
    play(callback, [3, 2.25])
    files = sorted(tmp_path.rglob("*.safetensors"))
    assert [f.name for f in files] == ["m-01-3.0.safetensors", "m-02-2.2.safetensors"]
    assert [weight_of(f) for f in files] == [0, 1]


def test_model_checkpoint_best_only(tmp_path):
    path = tmp_path / "best.safetensors"
    play(ModelCheckpoint(path, save_best_only=True), [3, 1, 2])
    assert weight_of(path) == 1
    play(
        ModelCheckpoint(path, "val_accuracy", save_best_only=True),
        [0.1, 0.2, 0.3, 0.1],
        "val_accuracy",
    )
    assert weight_of(path) == 2


def test_model_checkpoint_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        play(ModelCheckpoint(tmp_path / "file" / "m"), [1])
    with pytest.raises(ValueError, match="it may use epoch, val_loss, loss"):
        play(ModelCheckpoint(tmp_path / "{acc}"), [1])


def test_start_from_epoch():
    patient = EarlyStopping(patience=2, start_from_epoch=3)
    assert play(patient, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])[0] == 6
    assert patient.best == 4.0
    assert patient.best_epoch == 3


def test_verbose_tells_what_was_done(tmp_path):
    told = []

    class Telling(Stage):
        def say(self, text):
            told.append(text)

    play(EarlyStopping(patience=2, verbose=1), [1.0, 1.0, 1.0, 1.0], stage=Telling())
    play(ReduceLROnPlateau(patience=2, verbose=1), [1.0, 1.0, 1.0], stage=Telling())
    path = tmp_path / "w.safetensors"
    play(ModelCheckpoint(path, verbose=1, save_best_only=True), [1.0, 2.0], stage=Telling())
    assert told == [
        "EarlyStopping after epoch 3: no better val_loss for 2 epochs, so the run ends.",
        "ReduceLROnPlateau after epoch 3: the learning rate is now 0.1.",
        f"ModelCheckpoint after epoch 1: weights written to {path}.",
    ]


def test_model_checkpoint_writes_weights_only():
    with pytest.raises(ValueError, match="weights only"):
        ModelCheckpoint("w", save_weights_only=False)

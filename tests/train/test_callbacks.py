"""Simple callbacks, and how callbacks are found and restored."""

import numpy as np
import pytest

from shinso import nn, ops, optim
from shinso.train import Callback, EarlyStopping, LambdaCallback, LearningRateScheduler, Trainer
from shinso.train.callbacks import callback_states, overriding, restore_callbacks

X, T = np.ones((4, 2), dtype=np.float32), np.zeros((4, 1), dtype=np.float32)


def trainer_with(*callbacks):
    model = nn.Linear(2, 1)
    sgd = optim.SGD(model.parameters(), lr=0.1)
    return Trainer(model, ops.mse_loss, sgd, callbacks=callbacks, progress=False)


@pytest.mark.parametrize(
    "schedule", [lambda epoch: 0.1 / 2**epoch, lambda epoch, lr: lr / 2 if epoch else lr]
)
def test_learning_rate_scheduler(schedule):
    history = trainer_with(LearningRateScheduler(schedule)).fit((X, T), epochs=3).history
    assert history["lr"] == [0.1, 0.05, 0.025]


def test_a_schedule_that_gives_no_rate():
    with pytest.raises(TypeError, match="lr takes a number"):
        trainer_with(LearningRateScheduler(lambda epoch: "fast")).fit((X, T))


def test_lambda_callback():
    seen = []
    callback = LambdaCallback(
        on_train_begin=lambda logs: seen.append("begin"),
        on_epoch_end=lambda epoch, logs: seen.append((epoch, sorted(logs))),
        on_train_batch_begin=lambda batch, logs: seen.append(batch),
        on_train_end=lambda logs: seen.append("end"),
    )
    trainer_with(callback).fit((X, T))
    assert seen == ["begin", 0, (0, ["loss", "lr"]), "end"]


def test_callbacks_reach_trainer_and_model():
    class Look(Callback):
        def on_train_begin(self, logs=None):
            assert self.trainer is trainer
            assert self.model is trainer.model
            assert self.trainer.log_names == ["loss", "val_loss", "lr"]

    trainer = trainer_with(Look())
    trainer.fit((X, T), validation=(X, T))


def test_callbacks_see_the_batch_that_is_trained_on():
    seen = []

    class Look(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append([array.copy() for array in self.trainer.current])

        def on_train_batch_end(self, batch, logs=None):
            x, t = self.trainer.current
            np.testing.assert_array_equal(x, seen[-1][0])
            np.testing.assert_array_equal(t, seen[-1][1])

    x = np.arange(8, dtype=np.float32).reshape(4, 2)
    trainer = trainer_with(Look())
    assert trainer.current is None
    trainer.fit((x, T), epochs=1, batch_size=3, shuffle=False)
    assert [len(pair[0]) for pair in seen] == [3, 1]
    np.testing.assert_array_equal(np.concatenate([pair[0] for pair in seen]), x)
    assert trainer.current is None


def test_only_hooks_that_do_something_are_called():
    class One(Callback):
        def on_epoch_end(self, epoch, logs=None):
            pass

    callbacks = [Callback(), One(), LambdaCallback(on_epoch_end=print), LambdaCallback()]
    assert len(overriding(callbacks, "on_epoch_end")) == 2
    assert overriding(callbacks, "on_train_batch_end") == []


def test_states_are_matched_by_kind_and_order():
    a, b = EarlyStopping(patience=1), EarlyStopping(patience=2)
    a.wait, b.wait = 3, 4
    saved = callback_states([a, LambdaCallback(), b])
    assert [entry["kind"] for entry in saved] == ["EarlyStopping"] * 2
    c, d = EarlyStopping(), EarlyStopping()
    restore_callbacks([Callback(), c, d], saved)
    assert (c.wait, d.wait) == (3, 4)
    with pytest.raises(ValueError, match="had the callbacks EarlyStopping, EarlyStopping, this"):
        restore_callbacks([c], saved)
    saved[0]["state"].pop("wait")
    with pytest.raises(ValueError, match="the saved state of EarlyStopping holds"):
        restore_callbacks([c, d], saved)

"""`Watch`: what it records, when, and that training goes on as if it were not there."""

import numpy as np
import pytest

import shinso
from shinso import nn, ops, optim
from shinso.train import Callback, Trainer
from shinso.viz.watch import KINDS, Watch

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 1, 6, 6)).astype(np.float32)
T = RANDOM.integers(0, 3, 40)


def trainer_with(*callbacks, compile=False, **options):
    shinso.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(),
        nn.Linear(32, 3),
    )  # fmt: skip
    adam = optim.Adam(model.parameters(), lr=0.01)
    loss = nn.CrossEntropyLoss()
    options = {"progress": False, "compile": compile, **options}
    return Trainer(model, loss, adam, callbacks=callbacks, **options)


def bits(trainer):
    states = [cell for cells in trainer.optimizer.state.values() for cell in cells.values()]
    return [
        a.tobytes() for a in (*trainer.model.state_dict().values(), *(c.numpy() for c in states))
    ]


@pytest.mark.parametrize("compile", [False, True])
def test_training_is_not_disturbed_by_a_single_bit(compile):
    watch = Watch(every=2, examples=7)
    seen, alone = trainer_with(watch, compile=compile), trainer_with(compile=compile)
    for trainer in (seen, alone):
        trainer.fit((X, T), epochs=2, batch_size=8)
    assert len(watch.snapshots) == 6
    assert bits(seen) == bits(alone)
    assert seen.history.history == alone.history.history
    if compile:
        assert seen.compiling._train.traces == alone.compiling._train.traces


def test_what_is_recorded():
    watch = Watch(every=3, examples=10, bins=11)
    trainer = trainer_with(watch)
    start = trainer.model[0].weight.numpy()
    trainer.fit((X, T), epochs=2, batch_size=8, shuffle=False)
    assert [(s.step, s.epoch) for s in watch.snapshots] == [(0, 0), (3, 0), (6, 1), (9, 1)]
    first = watch.snapshots[0].of
    assert tuple(first) == KINDS
    assert first["activation"].layers == ("0", "1", "2", "3", "4", "5")
    assert first["gradient"].layers == first["activation"].layers
    assert first["weight"].layers == first["update"].layers == ("0", "5")
    assert first["activation"].counts.shape == (6, 11)
    assert first["activation"].edges.shape == (6, 12)
    assert first["activation"].counts[0].sum() == 8 * 2 * 4 * 4  # a batch has no 10 examples
    np.testing.assert_allclose(first["weight"].mean[0], start.mean(), rtol=1e-6)
    np.testing.assert_allclose(first["weight"].std[0], start.std(), rtol=1e-6)
    # Adam's first step moves every weight by about the learning rate.
    np.testing.assert_allclose(first["update"].std[0], 0.01, rtol=0.1)
    assert first["activation"].zeros[0] == 0
    assert 0.2 < first["activation"].zeros[2] < 0.8  # ReLU
    assert first["activation"].zeros[3] > first["activation"].zeros[2]  # and dropout


def test_the_update_is_what_the_optimizer_would_do():
    model = nn.Linear(3, 2)
    sgd = optim.SGD(model.parameters(), lr=0.5)
    watch = Watch(every=1)
    x, t = X[:4, 0, 0, :3], X[:4, 0, 1, :2]
    before = model.weight.numpy()
    trainer = Trainer(model, ops.mse_loss, sgd, callbacks=watch, progress=False, compile=False)
    trainer.fit((x, t), batch_size=4, shuffle=False)
    update = watch.snapshots[0].of["update"]
    assert update.layers == ("(model)",)
    np.testing.assert_allclose(update.mean[0], (model.weight.data - before).mean(), rtol=1e-4)
    np.testing.assert_allclose(update.std[0], (model.weight.data - before).std(), rtol=1e-4)


def test_epochs_are_skipped_where_looking_takes_too_long():
    class Clock(Callback):
        """Makes every snapshot seem to take no time, or very much."""

        def on_epoch_begin(self, epoch, logs=None):
            watch.seconds = watch._last = 0.0 if epoch % 2 else 1e6

    watch = Watch()
    trainer_with(Clock(), watch).fit((X, T), epochs=7, batch_size=40)
    # The first, those that were affordable, and the last.
    assert [s.epoch for s in watch.snapshots] == [0, 1, 2, 4, 6, 7]


def test_a_run_that_goes_on_and_one_that_begins_again():
    watch = Watch(every=5)
    trainer = trainer_with(watch)
    trainer.fit((X, T), epochs=1, batch_size=8)
    trainer.fit((X, T), epochs=1, batch_size=8)
    assert [s.step for s in watch.snapshots] == [0, 5, 10]
    trainer_with(watch).fit((X[::-1], T), epochs=1, batch_size=8)
    assert [s.step for s in watch.snapshots] == [0, 5]


def test_a_resumed_run_keeps_its_record(tmp_path):
    whole = Watch(every=4, examples=6)
    trainer_with(whole).fit((X, T), epochs=3, batch_size=8)
    for epochs, resume in ((1, False), (3, True)):
        watch = Watch(every=4, examples=6)
        trainer_with(watch, out=tmp_path / "run").fit(
            (X, T), epochs=epochs, batch_size=8, resume=resume
        )
    assert [s.step for s in watch.snapshots] == [s.step for s in whole.snapshots] == [0, 4, 8, 12]
    for mine, theirs in zip(watch.snapshots, whole.snapshots, strict=True):
        for kind in KINDS:
            assert mine.of[kind].layers == theirs.of[kind].layers
            for name in ("edges", "counts", "mean", "std", "zeros"):
                np.testing.assert_array_equal(
                    getattr(mine.of[kind], name), getattr(theirs.of[kind], name)
                )
    assert watch.seconds > 0


def test_a_record_with_other_bins_is_refused():
    watch = Watch(bins=11)
    with pytest.raises(ValueError, match="41 bins, this Watch 11"):
        watch.load_state_dict(Watch().state_dict())


def test_numbers_that_are_not_finite_end_the_run_as_without_watch():
    watch = Watch(every=1)
    trainer = trainer_with(watch)
    x = X.copy()
    x[0] = np.nan
    with pytest.raises(ArithmeticError, match="not finite"):
        trainer.fit((x, T), batch_size=8, shuffle=False)
    assert len(watch.snapshots) == 1
    assert watch.snapshots[0].of["update"].zeros[0] == 1  # nothing would be updated
    seen = watch.snapshots[0].of["activation"]
    assert seen.counts.sum(axis=1)[:2].tolist() == [7 * 2 * 4 * 4, 0]  # batch norm spreads it
    assert np.isfinite(seen.mean[0])
    assert np.isnan(seen.mean[1])


@pytest.mark.parametrize("wrong", [{"every": 0}, {"examples": 2.5}, {"bins": True}, {"bins": None}])
def test_wrong_numbers(wrong):
    with pytest.raises(ValueError, match=f"Watch: {next(iter(wrong))} is a whole number"):
        Watch(**wrong)

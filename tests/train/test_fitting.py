"""The promise of resuming: stopped anywhere and continued, a run ends with the same bits."""

import os
import signal

import numpy as np
import pytest

from shinso import nn, ops, optim
from shinso.data import ArrayDataset, DataError, DataLoader
from shinso.train import (
    CSVLogger,
    EarlyStopping,
    Interrupted,
    LambdaCallback,
    ReduceLROnPlateau,
    Trainer,
    read_metrics,
)
from shinso.train.checkpoint import load_checkpoint

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 6)).astype(np.float32)
T = (X[:, 0] * X[:, 1] > 0).astype(np.int64)
EPOCHS, BATCHES = 4, 7


def shake(x, rng):
    return x + rng.normal(0, 0.1, x.shape).astype(x.dtype)


def make(folder, *extra, seed_model=True, clip=None, **options):
    """A run in which everything that can be forgotten is in use."""
    if seed_model:
        ops.manual_seed(11)
    model = nn.Sequential(
        nn.Linear(6, 12), nn.BatchNorm1d(12), nn.Tanh(), nn.Dropout(0.3), nn.Linear(12, 2)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-3)
    callbacks = [
        EarlyStopping(patience=9, restore_best_weights=True),
        ReduceLROnPlateau(patience=1, monitor="loss"),
        CSVLogger(folder.parent / f"{folder.name}.csv"),
        *extra,
    ]
    trainer = Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        schedule=optim.StepLR(optimizer, 10, gamma=0.9),
        schedule_every="step",
        metrics=["accuracy", "f1"],
        callbacks=callbacks,
        seed=5,
        out=folder,
        progress=False,
        clip_grad_norm=clip,
        **options,
    )
    loader = DataLoader(ArrayDataset(X, T), 8, shuffle=True, seed=3, transform=shake, num_workers=1)
    return trainer, loader


def fit(trainer, loader, **options):
    return trainer.fit(loader, epochs=EPOCHS, validation=(X[:20], T[:20]), **options)


def bits(trainer):
    """Everything that a run ends with, as bytes."""
    arrays = trainer.model.state_dict()
    for index, state in trainer.optimizer.state_dict()["state"].items():
        arrays |= {f"{index}.{name}": a for name, a in state.items()}
    arrays["random"] = np.array(ops.random.get_rng_state()["generator"])
    return {name: a.tobytes() for name, a in arrays.items()}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    trainer, loader = make(folder)
    history = fit(trainer, loader)
    table = (folder.parent / "run.csv").read_text()
    return bits(trainer), (folder / "metrics.jsonl").read_bytes(), history.records, table


def assert_same(trainer, history, folder, uninterrupted):
    state, metrics, records, table = uninterrupted
    assert (folder / "metrics.jsonl").read_bytes() == metrics
    assert history.records == records
    assert (folder.parent / f"{folder.name}.csv").read_text() == table
    found = bits(trainer)
    assert found.keys() == state.keys()
    for name, content in state.items():
        assert found[name] == content, name


def ctrl_c(epoch, batch):
    """Press Ctrl-C after a batch of an epoch (both from 0)."""
    at = {"epoch": -1}

    def begin(e, logs):
        at["epoch"] = e

    def end(b, logs):
        if (at["epoch"], b) == (epoch, batch):
            os.kill(os.getpid(), signal.SIGINT)

    return LambdaCallback(on_epoch_begin=begin, on_train_batch_end=end)


@pytest.mark.parametrize(("epoch", "batch"), [(0, 0), (1, 0), (1, 3), (1, 6), (2, 5)])
def test_ctrl_c_and_resume(tmp_path, uninterrupted, capfd, epoch, batch):
    folder = tmp_path / "run"
    handler = signal.getsignal(signal.SIGINT)
    trainer, loader = make(folder, ctrl_c(epoch, batch))
    with pytest.raises(Interrupted, match=rf"epoch {epoch + 1}, after batch .*resume=True"):
        fit(trainer, loader)
    assert signal.getsignal(signal.SIGINT) is handler
    assert "finishing this batch" in capfd.readouterr().err
    ops.manual_seed(99)  # a new process stands elsewhere
    trainer, loader = make(folder, seed_model=False)
    history = fit(trainer, loader, resume=True)
    assert_same(trainer, history, folder, uninterrupted)


def test_ctrl_c_during_validation(tmp_path, uninterrupted, capfd):
    folder = tmp_path / "run"
    pressed = []

    class Press(LambdaCallback):
        def on_test_begin(self, logs=None):
            if not pressed:
                pressed.append(os.kill(os.getpid(), signal.SIGINT))

    trainer, loader = make(folder, Press())
    with pytest.raises(Interrupted, match="epoch 1, after batch 7"):
        fit(trainer, loader)
    trainer, loader = make(folder)
    assert_same(trainer, fit(trainer, loader, resume=True), folder, uninterrupted)


def test_several_interruptions(tmp_path, uninterrupted, capfd):
    folder = tmp_path / "run"
    for place in ((0, 4), (1, 1), (3, 6)):
        trainer, loader = make(folder, ctrl_c(*place))
        with pytest.raises(Interrupted):
            fit(trainer, loader, resume=place != (0, 4))
    trainer, loader = make(folder)
    assert_same(trainer, fit(trainer, loader, resume=True), folder, uninterrupted)


@pytest.mark.parametrize("every", ["epoch", 1, 4])
def test_resume_after_a_crash(tmp_path, uninterrupted, every):
    folder = tmp_path / "run"

    def crash(batch, logs):
        if trainer.step == 17:
            raise RuntimeError("power failure")

    options = {"checkpoint_every": every}
    trainer, loader = make(folder, LambdaCallback(on_train_batch_end=crash), **options)
    with pytest.raises(RuntimeError, match="power"):
        fit(trainer, loader)
    last = load_checkpoint(folder)
    assert last.epoch * BATCHES + last.batch == {"epoch": 14, 1: 16, 4: 16}[every]
    trainer, loader = make(folder, **options)
    assert_same(trainer, fit(trainer, loader, resume=True), folder, uninterrupted)


def test_resume_into_another_folder_and_from_a_file(tmp_path, uninterrupted, capfd):
    trainer, loader = make(tmp_path / "a", ctrl_c(1, 2))
    with pytest.raises(Interrupted):
        fit(trainer, loader)
    trainer, loader = make(tmp_path / "b")
    history = fit(trainer, loader, resume=tmp_path / "a" / "checkpoints" / "last.json")
    assert_same(trainer, history, tmp_path / "b", uninterrupted)
    assert len(read_metrics(tmp_path / "a")) == 1  # the old folder is left alone


def test_a_finished_run_resumes_to_itself(tmp_path, uninterrupted):
    trainer, loader = make(tmp_path / "run")
    fit(trainer, loader)
    trainer, loader = make(tmp_path / "run")
    history = fit(trainer, loader, resume=True)
    assert history.records == uninterrupted[2]
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == uninterrupted[1]


def test_more_epochs_than_before(tmp_path, uninterrupted):
    trainer, loader = make(tmp_path / "run")
    trainer.fit(loader, epochs=2, validation=(X[:20], T[:20]))
    trainer, loader = make(tmp_path / "run")
    fit(trainer, loader, resume=True)
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == uninterrupted[1]


def test_the_second_ctrl_c_stops_at_once(tmp_path, capfd):
    class Slow(Trainer):
        def train_step(self, x, t):
            if self.step == 3:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)
            return super().train_step(x, t)

    model = nn.Linear(6, 2)
    sgd = optim.SGD(model.parameters(), lr=0.1)
    trainer = Slow(model, ops.cross_entropy, sgd, out=tmp_path / "r", progress=False)
    with pytest.raises(Interrupted, match="in the middle of an update"):
        trainer.fit((X, T), epochs=2)
    assert load_checkpoint(tmp_path / "r").epoch == 1  # two batches per epoch: the first is whole


def test_interrupted_without_a_folder(capfd):
    model = nn.Linear(6, 2)
    trainer = Trainer(
        model,
        ops.cross_entropy,
        optim.SGD(model.parameters(), lr=0.1),
        callbacks=[ctrl_c(0, 1)],
        progress=False,
    )
    with pytest.raises(Interrupted, match="Nothing was saved"):
        trainer.fit((X, T), epochs=3)


def resumed_with(tmp_path, change, **options):
    trainer, loader = make(tmp_path / "run")
    trainer.fit(loader, epochs=1, validation=(X[:20], T[:20]))
    trainer, loader = make(tmp_path / "run", **options)
    change(trainer, loader)
    with pytest.raises(DataError, match="does not fit this run") as caught:
        fit(trainer, loader, resume=True)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_resume_with_another_model(tmp_path):
    def change(trainer, loader):
        trainer.model = nn.Linear(6, 2)

    assert "missing from the state" in resumed_with(tmp_path, change)


def test_resume_with_another_optimizer(tmp_path):
    def change(trainer, loader):
        trainer.optimizer = optim.SGD(trainer.model.parameters(), lr=0.1)

    assert "optimizer: the checkpoint has 'Adam', this run 'SGD'" in resumed_with(tmp_path, change)


def test_resume_with_other_data(tmp_path):
    def change(trainer, loader):
        loader.batch_size = 9

    assert "batches of the training data: the checkpoint has 7" in resumed_with(tmp_path, change)


def test_resume_with_other_metrics_schedule_callbacks(tmp_path):
    message = resumed_with(tmp_path / "a", lambda trainer, loader: trainer.metrics.pop())
    assert "metrics: the checkpoint has ['loss', 'accuracy', 'f1']" in message
    message = resumed_with(tmp_path / "b", lambda trainer, loader: trainer.callbacks.pop(0))
    assert "had the callbacks EarlyStopping, ReduceLROnPlateau, CSVLogger" in message

    def change(trainer, loader):
        trainer.schedule = None

    assert "schedule: the checkpoint has 'StepLR'" in resumed_with(tmp_path / "c", change)


def test_resume_with_an_invalid_position(tmp_path, monkeypatch):
    trainer, loader = make(tmp_path / "run")
    trainer.fit(loader, epochs=1, validation=(X[:20], T[:20]))
    checkpoint = load_checkpoint(tmp_path / "run")
    for position in ({"epoch": -1, "batch": 0, "step": 0}, {"epoch": 1}):
        checkpoint.state["position"] = position
        monkeypatch.setattr("shinso.train.trainer.load_checkpoint", lambda path: checkpoint)
        trainer, loader = make(tmp_path / "run")
        with pytest.raises(DataError, match=r"is no count|'batch' is missing"):
            fit(trainer, loader, resume=True)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("history", 0, "loss"), "x"), (("history", 0, "epoch"), 7), (("history",), True),
        (("history", 0), [1]), (("optimizer", "state", "0"), [1]), (("metrics", 0), {}),
        (("callbacks",), None), (("random",), []), (("schedule", "state"), 3),
        (("optimizer", "state", "1", "step"), 10**40), (("data",), []), (("seconds",), "soon"),
    ],
)  # fmt: skip
def test_resume_with_nonsense_in_the_checkpoint(tmp_path, monkeypatch, place, value):
    trainer, loader = make(tmp_path / "run")
    trainer.fit(loader, epochs=1, validation=(X[:20], T[:20]))
    checkpoint = load_checkpoint(tmp_path / "run")
    inner = checkpoint.state
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    monkeypatch.setattr("shinso.train.trainer.load_checkpoint", lambda path: checkpoint)
    trainer, loader = make(tmp_path / "run")
    with pytest.raises(DataError, match=r"last\.json: does not fit this run: "):
        fit(trainer, loader, resume=True)


def test_every_checkpoint_knows_the_time_until_then(tmp_path):
    trainer, loader = make(tmp_path / "run")
    seen = []
    last = tmp_path / "run" / "checkpoints"
    trainer.callbacks.append(
        LambdaCallback(
            on_epoch_begin=lambda epoch, logs: seen.append(load_checkpoint(last).state["seconds"])
        )
    )
    fit(trainer, loader)
    assert len(seen) == EPOCHS
    assert seen == sorted(seen)
    assert 0 < seen[-1] < trainer.seconds


def test_a_full_disk_is_told_in_one_line(tmp_path, monkeypatch):
    trainer, loader = make(tmp_path / "run")
    trainer.fit(loader, epochs=1, validation=(X[:20], T[:20]))
    before = load_checkpoint(tmp_path / "run").state["position"]

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shinso.train.checkpoint.write_bytes", full)
    with pytest.raises(DataError, match="checkpoints: the checkpoint cannot be written: No space"):
        trainer.fit(loader, epochs=1, validation=(X[:20], T[:20]))
    assert load_checkpoint(tmp_path / "run").state["position"] == before


def test_another_machine_is_mentioned(tmp_path, monkeypatch, capsys):
    trainer, loader = make(tmp_path / "run")
    trainer.fit(loader, epochs=1, validation=(X[:20], T[:20]))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "77")
    trainer, loader = make(tmp_path / "run")
    trainer.progress = True
    fit(trainer, loader, resume=True)
    assert "note: this checkpoint was made with" in capsys.readouterr().out


def test_the_best_epoch_is_kept(tmp_path):
    trainer, loader = make(tmp_path / "run")
    history = fit(trainer, loader)
    best = load_checkpoint(tmp_path / "run" / "checkpoints" / "best.json")
    losses = history.history["val_loss"]
    assert best.epoch == 1 + losses.index(min(losses))
    assert best.state["best"] == min(losses)
    for name, value in best.weights.items():  # EarlyStopping put the best weights back
        assert np.array_equal(trainer.model.state_dict()[name], value)


def test_the_report_is_there(tmp_path):
    trainer, loader = make(tmp_path / "run")
    fit(trainer, loader)
    assert "Learning curves" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")

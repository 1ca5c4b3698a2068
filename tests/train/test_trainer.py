"""Trainer: learning, kinds of data, second fits, debugging switches, evaluation, prediction."""

import numpy as np
import pytest

from shinso import nn, ops, optim
from shinso.data import ArrayDataset, DataError, DataLoader
from shinso.graph import Tensor
from shinso.train import Callback, CSVLogger, ModelCheckpoint, Trainer
from shinso.train.trainer import square_sum

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype(np.float32)
T = (X[:, 0] + X[:, 1] > 0).astype(np.int64)


def make(kind=Trainer, dropout=0.0, lr=0.1, **options):
    ops.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 2))
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    options = {"metrics": ["accuracy"], "progress": False, **options}
    return kind(model, nn.CrossEntropyLoss(), optimizer, **options)


HOOKS = [name for name in vars(Callback) if name.startswith("on_") and name != "on_non_finite"]


class Record(Callback):
    """Writes down every hook as it is called."""

    def __init__(self):
        self.calls = []
        for name in HOOKS:
            setattr(self, name, lambda *args, name=name: self.calls.append((name, *args)))

    def names(self):
        return [call[0] for call in self.calls]


class RecordBatches(Trainer):
    """Keeps what it was given to learn from."""

    def train_step(self, x, t):
        self.seen.append(x.copy())
        return super().train_step(x, t)


def recorded(**options):
    trainer = make(RecordBatches, **options)
    trainer.seen = []
    return trainer


def test_it_learns():
    trainer = make()
    history = trainer.fit((X, T), epochs=20, validation=(X, T))
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy", "lr"}
    assert history.history["accuracy"][-1] > 0.9
    assert history.history["loss"][-1] < history.history["loss"][0] / 2
    assert history.epoch == list(range(20))
    assert trainer.evaluate((X, T))["accuracy"] == history.history["val_accuracy"][-1]


def test_the_same_as_the_textbook_loop():
    trainer = make()
    trainer.fit((X, T), epochs=2, batch_size=16, shuffle=False)
    ops.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.0), nn.Linear(8, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):
        for start in range(0, 60, 16):
            loss = ops.cross_entropy(model(X[start : start + 16]), T[start : start + 16])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    for name, value in model.state_dict().items():
        assert np.array_equal(trainer.model.state_dict()[name], value)


def test_the_seed_decides_everything():
    def run(seed, noise):
        trainer = make(dropout=0.5, seed=seed)
        ops.random.random_bits(noise)  # what came before must not matter
        return trainer.fit((X, T), epochs=2).history["loss"]

    assert run(1, 3) == run(1, 77)
    assert run(1, 3) != run(2, 3)


@pytest.mark.parametrize(
    "data",
    [
        (X, T),
        ArrayDataset(X, T),
        DataLoader(ArrayDataset(X, T), 32),
        DataLoader(ArrayDataset(X, T), 32, num_workers=2),
    ],
)
def test_kinds_of_data(data):
    trainer = make()
    reference = make().fit((X, T), shuffle=False).history
    assert trainer.fit(data, shuffle=False).history == reference


def test_epochs_differ_in_order_and_the_last_batch_may_be_smaller():
    trainer = recorded()
    trainer.fit((X, T), epochs=2, batch_size=25)
    assert [len(x) for x in trainer.seen] == [25, 25, 10] * 2
    first, second = np.concatenate(trainer.seen[:3]), np.concatenate(trainer.seen[3:])
    assert not np.array_equal(first, second)
    assert np.array_equal(np.sort(first, axis=0), np.sort(X, axis=0))


def test_fit_again_goes_on(tmp_path):
    whole = make().fit((X, T), epochs=5).records
    trainer = make(out=tmp_path / "run")
    trainer.fit((X, T), epochs=2)
    history = trainer.fit((X, T), epochs=3)
    assert history.records == whole
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 5


def test_no_epochs():
    assert len(make().fit((X, T), epochs=0)) == 0


@pytest.mark.parametrize("epochs", [-1, 1.5, "3"])
def test_epochs_must_be_a_count(epochs):
    with pytest.raises(ValueError, match="epochs is a whole number"):
        make().fit((X, T), epochs=epochs)


def test_validation_split():
    trainer = recorded()
    history = trainer.fit((X, T), epochs=1, validation_split=0.25)
    assert sum(map(len, trainer.seen)) == 45
    assert "val_loss" in history.history
    with pytest.raises(ValueError, match="not both"):
        trainer.fit((X, T), validation=(X, T), validation_split=0.5)
    with pytest.raises(TypeError, match="validation_split needs arrays"):
        trainer.fit(DataLoader(ArrayDataset(X, T), 8), validation_split=0.5)


@pytest.mark.parametrize("data", [X, [1, 2], "digits", None, {"x": X}, 5])
def test_data_of_the_wrong_kind(data):
    with pytest.raises(TypeError, match="takes a DataLoader, a data set or a tuple"):
        make().fit(data)


def test_data_without_a_batch():
    with pytest.raises(ValueError, match=r"fit\(train\) has no batch"):
        make().fit((X[:0], T[:0]))
    with pytest.raises(ValueError, match="drop_last=True"):
        make().fit(DataLoader(ArrayDataset(X, T), 100, drop_last=True))
    with pytest.raises(ValueError, match=r"fit\(validation\) has no batch"):
        make().fit((X, T), validation=(X[:0], T[:0]))


@pytest.mark.parametrize("arrays", [(X,), (X, X, T)])
def test_batches_are_pairs(arrays):
    with pytest.raises(ValueError, match="training takes two"):
        make().fit(arrays)


def test_hooks_in_order():
    record = Record()
    make(callbacks=[record]).fit((X, T), epochs=2, batch_size=40, validation=(X, T))
    batch = ["on_train_batch_begin", "on_train_batch_end"]
    epoch = ["on_epoch_begin", *batch * 2, "on_test_begin", "on_test_end", "on_epoch_end"]
    assert record.names() == ["on_train_begin", *epoch * 2, "on_train_end"]
    epochs = [c for c in record.calls if c[0] == "on_epoch_end"]
    assert [c[1] for c in epochs] == [0, 1]
    assert set(epochs[0][2]) == {"loss", "accuracy", "val_loss", "val_accuracy", "lr"}
    ends = [c for c in record.calls if c[0] == "on_train_batch_end"]
    assert [c[1] for c in ends] == [0, 1, 0, 1]
    assert set(ends[0][2]) == {"loss"}


def test_fast_dev_run_writes_nothing(tmp_path):
    record = Record()
    trainer = make(
        callbacks=[record, CSVLogger(tmp_path / "log.csv"), ModelCheckpoint(tmp_path / "w")],
        out=tmp_path / "run",
        fast_dev_run=True,
    )
    trainer.fit((X, T), epochs=50, batch_size=8, validation=(X, T))
    assert record.names().count("on_train_batch_end") == 1
    assert record.names().count("on_test_end") == 1
    assert list(tmp_path.iterdir()) == []


def test_overfit_batches():
    trainer = recorded(overfit_batches=2)
    trainer.fit((X, T), epochs=3, batch_size=8)
    assert len(trainer.seen) == 6
    assert all(np.array_equal(trainer.seen[i], trainer.seen[i % 2]) for i in range(6))
    assert not np.array_equal(trainer.seen[0], trainer.seen[1])


def test_stop_training_in_the_middle_of_an_epoch():
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.trainer.stop_training = batch == 1

    trainer = recorded(callbacks=[Stop()])
    assert len(trainer.fit((X, T), epochs=5, batch_size=10)) == 1
    assert len(trainer.seen) == 2


@pytest.mark.parametrize("every", ["epoch", "step"])
def test_schedules(every):
    trainer = make()
    trainer.schedule = optim.StepLR(trainer.optimizer, 1, gamma=0.5)
    trainer.schedule_every = every
    rates = trainer.fit((X, T), epochs=2, batch_size=30).history["lr"]
    assert rates == ([0.1, 0.05] if every == "epoch" else [0.025, 0.00625])


def test_plateau_schedule_watches_the_loss():
    trainer = make(lr=0.0)
    trainer.schedule = optim.ReduceLROnPlateau(trainer.optimizer, patience=0, factor=0.5)
    trainer.fit((X, T), epochs=3, validation=(X, T), shuffle=False)
    assert trainer.schedule.last_epoch == 3
    with pytest.raises(ValueError, match="whole epochs"):
        make(schedule=trainer.schedule, schedule_every="step")


def test_clipping():
    def largest_step(**options):
        trainer = make(lr=1.0, **options)
        before = trainer.model.state_dict()
        trainer.train_step(X * 100, T)
        after = trainer.model.state_dict()
        return max(np.abs(after[k] - before[k]).max() for k in before)

    assert largest_step() > 0.1
    assert largest_step(clip_grad_norm=0.01) <= 0.0101
    assert largest_step(clip_grad_value=0.02) <= 0.0201
    assert largest_step(clip_grad_value=0.02, clip_grad_norm=0.01) <= 0.0101


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule_every": "batch"}, "schedule_every"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
        ({"checkpoint_every": "step"}, "checkpoint_every"),
        ({"overfit_batches": -1}, "overfit_batches"),
        ({"metrics": ["acc"]}, "no metric is called 'acc'"),
    ],
)
def test_options_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_arguments_of_the_wrong_kind():
    model = nn.Linear(2, 2)
    sgd = optim.SGD(model.parameters(), lr=1)
    with pytest.raises(TypeError, match="the model is a Module"):
        Trainer(lambda x: x, ops.mse_loss, sgd)
    with pytest.raises(TypeError, match="the loss a Module or function"):
        Trainer(model, "mse", sgd)
    with pytest.raises(TypeError, match="Trainer takes an optimizer"):
        Trainer(model, ops.mse_loss, "sgd")


def test_an_optimizer_of_another_model_is_refused():
    model, other = nn.Linear(2, 1), nn.Linear(2, 1)
    with pytest.raises(ValueError, match="the optimizer has no parameter of this model"):
        Trainer(model, nn.MSELoss(), optim.SGD(other.parameters(), lr=0.1))
    Trainer(model, nn.MSELoss(), optim.SGD([model.weight], lr=0.1))  # a part of it will do


def test_callbacks_are_callbacks():
    with pytest.raises(TypeError, match=r"list of Callback objects.*not of object"):
        make(callbacks=[object()])
    assert len(make(callbacks=Record()).callbacks) == 1


def test_a_loss_without_gradient_is_refused():
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    trainer = Trainer(model, lambda y, t: 3.0, optimizer, progress=False)
    with pytest.raises(TypeError, match="the loss function gave a float, not a Tensor"):
        trainer.fit((np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)))


def test_evaluate_is_in_evaluation_mode_and_leaves_the_modes():
    trainer = make(dropout=0.5)
    trainer.model.train()
    next(iter(trainer.model.children())).eval()
    modes = [m.training for m in trainer.model.modules()]
    values = [trainer.evaluate((X, T), batch_size=n) for n in (7, 60)]
    assert values[0]["accuracy"] == values[1]["accuracy"]
    assert values[0]["loss"] == pytest.approx(values[1]["loss"], rel=1e-6)
    assert [m.training for m in trainer.model.modules()] == modes


def test_predict():
    trainer = make(dropout=0.5)
    whole = trainer.predict(X, batch_size=60)
    assert whole.shape == (60, 2)
    for data in (X, (X, T), ArrayDataset(X, T), DataLoader(ArrayDataset(X, T), 7), Tensor(X)):
        assert trainer.predict(data, batch_size=7) == pytest.approx(whole, abs=1e-6)
    assert trainer.predict(X[:0]).shape == (0, 2)
    assert trainer.predict(X[:1]).shape == (1, 2)
    with pytest.raises(ValueError, match="shuffles"):
        trainer.predict(DataLoader(ArrayDataset(X, T), 7, shuffle=True))


def test_regression_and_a_function_as_loss():
    model = nn.Linear(4, 1)
    trainer = Trainer(
        model,
        ops.mse_loss,
        optim.SGD(model.parameters(), lr=0.1),
        metrics=["mae", "rmse"],
        progress=False,
    )
    y = (X @ np.array([[1.0], [2], [3], [4]], dtype=np.float32)).astype(np.float32)
    history = trainer.fit((X, y), epochs=30).history
    assert history["rmse"][-1] < 0.05
    assert history["rmse"][-1] ** 2 == pytest.approx(history["loss"][-1], rel=1e-5)


def test_a_run_folder_is_not_overwritten(tmp_path):
    make(out=tmp_path / "run").fit((X, T))
    before = {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()}
    with pytest.raises(DataError, match=r"already holds a run .*resume"):
        make(out=tmp_path / "run").fit((X, T))
    assert before == {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()}


def test_resume_needs_something_to_resume(tmp_path):
    with pytest.raises(ValueError, match="resume=True needs the run's folder"):
        make().fit((X, T), resume=True)
    with pytest.raises(DataError, match="no checkpoint here"):
        make(out=tmp_path / "new").fit((X, T), resume=True)
    assert not (tmp_path / "new").exists()
    make(out=tmp_path / "run").fit((X, T), epochs=1)
    trainer = make()
    assert len(trainer.fit((X, T), epochs=2, resume=tmp_path / "run")) == 2
    assert trainer.folder.path == tmp_path / "run"


def test_a_config_that_cannot_be_saved(tmp_path):
    trainer = make(out=tmp_path / "run", config={"model": object()})
    with pytest.raises(TypeError, match="config/model: a object cannot be saved"):
        trainer.fit((X, T))


def test_square_sum_tells_bad_numbers():
    def of(*values, dtype=np.float32):
        p = nn.Parameter(np.zeros(len(values), dtype=dtype))
        p.grad = np.array(values, dtype=dtype)
        return square_sum([p, nn.Parameter(np.zeros(3))])

    assert of(3, 4) == 25
    assert of(3, 4).dtype == np.float64
    assert not np.isfinite(of(1, np.nan))
    assert not np.isfinite(of(1, -np.inf))
    with np.errstate(over="ignore"):
        assert not np.isfinite(of(1e30))  # its square is no float32: as good as infinite
    assert np.isfinite(of(1e30, dtype=np.float64))

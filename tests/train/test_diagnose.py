"""First-bad-layer reports: forward, backward, data, weights; the bad batch changes nothing."""

import numpy as np
import pytest

from shinso import nn, ops, optim
from shinso.data import ArrayDataset, DataLoader
from shinso.train import Callback, NonFiniteError, TerminateOnNaN, Trainer
from shinso.train.diagnose import statistics

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 4)).astype(np.float32)
T = RNG.integers(0, 3, 24)
Y = RNG.normal(size=(24, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def quiet(strict_numbers):
    with np.errstate(all="ignore"):
        yield


class Apply(nn.Module):
    """Any function as a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def trainer_of(*layers, loss=ops.mse_loss, lr=0.1, **options):
    ops.manual_seed(0)
    model = nn.Sequential({"body": nn.Sequential(nn.Linear(4, 3), *layers)})
    optimizer = optim.SGD(model.parameters(), lr=lr)
    return Trainer(model, loss, optimizer, progress=False, **options)


def report(trainer, x=X, t=Y, **options):
    before = trainer.model.state_dict()
    with pytest.raises(NonFiniteError) as caught:
        trainer.fit((x, t), batch_size=8, shuffle=False, **options)
    if trainer.step == 0:
        for name, value in trainer.model.state_dict().items():
            assert np.array_equal(before[name], value), name
    assert all(p.grad is None for p in trainer.model.parameters())
    return caught.value


def test_log_of_zero():
    error = report(trainer_of(nn.ReLU(), Apply(ops.log)))
    text = str(error)
    assert "The loss is not finite: epoch 1, batch 1." in text
    assert 'came out of Logarithm in Apply "body.2"' in text
    assert "min 0," in text
    assert "-inf: " in text
    assert "the log of 0 or of a negative number" in text
    assert (error.finding.op, error.finding.direction) == ("Logarithm", "forward")
    assert (error.epoch, error.batch, error.samples) == (0, 0, [])


def test_division_by_zero():
    text = str(report(trainer_of(nn.ReLU(), Apply(lambda x: 1.0 / x))))
    assert 'Divide in Apply "body.2"' in text
    assert "a division by 0" in text


def test_exp_overflow():
    text = str(report(trainer_of(Apply(lambda x: ops.exp(x * 1000.0)))))
    assert "Exponential in" in text
    assert "is too large for float32 (at most about 89)" in text


def test_power_and_root_of_a_negative_number():
    assert "a power of 0 or of a negative" in str(report(trainer_of(Apply(lambda x: x**0.5))))
    assert "the square root of a negative" in str(report(trainer_of(Apply(ops.sqrt))))


def test_backward_only():
    class Root(nn.Module):
        def forward(self, x):
            return ops.sqrt(ops.relu(x))

    error = report(trainer_of(Root()))
    text = str(error)
    assert "The gradient is not finite: epoch 1, batch 1." in text
    assert 'came out of the backward pass of SquareRoot in Root "body.1"' in text
    assert "the slope of the square root at 0 is infinite" in text
    assert error.finding.direction == "backward"


def test_exploding_activations():
    trainer = trainer_of(nn.Linear(3, 3), Apply(lambda x: x * x), Apply(lambda x: x * x), lr=1e6)
    error = report(trainer, epochs=5)
    text = str(error)
    assert "exploding" in text or "already not finite" in text
    assert "1e+06" in text
    assert all(np.isfinite(p.data).all() for p in trainer.model.parameters())


def test_weights_that_were_bad_before():
    trainer = trainer_of()
    bias = trainer.model.get_submodule("body.0").bias
    bias.data = np.array([0, np.nan, 0], dtype=np.float32)
    with pytest.raises(NonFiniteError, match=r"already not finite: body\.0\.bias"):
        trainer.fit((X, Y))


def test_bad_input_data_names_the_samples():
    x = X.copy()
    x[10, 2] = np.nan
    x[13, 0] = np.inf
    error = report(trainer_of(), x)
    assert "The input data itself is not finite: 1 NaN and 1 infinite values" in str(error)
    assert "samples 2, 5 of the batch (in the data set: 10, 13)" in str(error)
    assert (error.batch, error.samples, error.finding) == (1, [2, 5], None)
    shuffled = DataLoader(ArrayDataset(x, Y), 8, shuffle=True, seed=4)
    with pytest.raises(NonFiniteError, match=r"in the data set: (10|13)"):
        trainer_of().fit(shuffled)


def test_bad_targets():
    y = Y.copy()
    y[3] = np.nan
    assert "The target data itself is not finite: 3 NaN" in str(report(trainer_of(), t=y))


def test_a_loader_that_cannot_tell_numbers():
    class Plain:
        def __len__(self):
            return 1

        def batches(self, epoch, start=0):
            yield np.full((2, 4), np.nan, dtype=np.float32), Y[:2]

    with pytest.raises(NonFiniteError, match="in samples 0, 1 of the batch\\."):
        trainer_of().fit(Plain())


def test_in_the_loss():
    def my_loss(y, t):
        return ops.mean(ops.log(y - y))

    text = str(report(trainer_of(loss=my_loss)))
    assert "Logarithm in the loss function my_loss" in text

    class MyLoss(nn.Module):
        def forward(self, y, t):
            return my_loss(y, t)

    assert "Logarithm in the loss MyLoss" in str(report(trainer_of(loss=MyLoss())))


def test_the_masks_are_the_same_in_the_replay():
    class Spike(nn.Module):
        """Infinite where the mask of the dropout before it is 0."""

        def forward(self, x):
            return ops.mean(1.0 / x) + x

    bad = []

    class Watching(Trainer):
        def train_step(self, x, t):
            state = ops.random.get_rng_state()["generator"]
            try:
                return super().train_step(x, t)
            finally:
                bad.append((state, ops.random.get_rng_state()["generator"]))

    ops.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.01), Spike())
    trainer = Watching(model, ops.mse_loss, optim.SGD(model.parameters(), lr=0.0), progress=False)
    with pytest.raises(NonFiniteError, match="division by 0"):
        trainer.fit((X, Y), epochs=200, batch_size=4)
    assert trainer.step > 3  # some batches had a mask without zeros
    assert bad[-1] == bad[-2]
    assert ops.random.get_rng_state()["generator"] == bad[-1][0]


def test_running_statistics_are_put_back():
    x = X.copy()
    x[20] = np.nan
    trainer = trainer_of(nn.BatchNorm1d(3))
    states = []

    class Keep(Callback):
        def on_train_batch_end(self, batch, logs=None):
            states.append(self.model.state_dict())

    trainer.callbacks.append(Keep())
    report(trainer, x)
    assert len(states) == 2
    for name, value in trainer.model.state_dict().items():
        assert np.array_equal(states[-1][name], value), name


def test_gradients_unchecked_are_found_at_the_next_batch():
    class Root(nn.Module):
        def forward(self, x):
            return ops.sqrt(ops.relu(x))

    trainer = trainer_of(Root(), check_gradients=False)
    with pytest.raises(NonFiniteError, match=r"batch 2[\s\S]*already not finite"):
        trainer.fit((X, Y), batch_size=8)


@pytest.mark.parametrize("clip", [{"clip_grad_norm": 1.0}, {"clip_grad_value": 1.0}])
def test_with_clipping(clip):
    class Root(nn.Module):
        def forward(self, x):
            return ops.sqrt(ops.relu(x))

    assert "backward pass of SquareRoot" in str(report(trainer_of(Root(), **clip)))


def test_gradients_whose_squares_overflow():
    trainer = trainer_of(Apply(lambda x: x * 1e13), Apply(lambda x: x * 1e9), loss=ops.l1_loss)
    text = str(report(trainer))
    assert "no single operation" in text
    assert "clip_grad_norm" in text


def test_unknown_operations_get_an_answer_too():
    from shinso.graph import Function

    class Broken(Function):
        def forward(self, x):
            return x * np.float32(np.nan)

        def backward(self, dy):
            return dy

    text = str(report(trainer_of(Apply(lambda x: Broken()(x)))))
    assert "Broken in Apply" in text
    assert "check_gradient(Broken()" in text


def test_terminate_on_nan(capsys):
    x = X.copy()
    x[10] = np.nan
    trainer = trainer_of(callbacks=[TerminateOnNaN()])
    trainer.progress = True
    history = trainer.fit((x, Y), epochs=3, batch_size=8, shuffle=False)
    assert len(history) == 0
    assert trainer.batch == 1
    assert "in the data set: 10" in capsys.readouterr().out
    with pytest.raises(NonFiniteError):
        trainer_of(callbacks=[TerminateOnNaN(raise_error=True)]).fit((x, Y))


def test_other_errors_pass_through():
    trainer = trainer_of(loss=ops.cross_entropy)
    with pytest.raises(ValueError, match="cross_entropy"):
        trainer.fit((X, T + 5))


def test_statistics():
    assert statistics(np.zeros((0, 3))) == "float64[0, 3]: empty"
    text = statistics(np.array([1, 3, np.nan, np.inf, -np.inf], dtype=np.float32))
    assert text == ("float32[5]: min 1, mean 2, max 3; NaN: 1 of 5; +inf: 1 of 5; -inf: 1 of 5")
    assert statistics(np.array([np.nan])) == "float64[1]: NaN: 1 of 1"

"""Whole training steps, compiled: every optimizer, batch norm, dropout, a residual network."""

import warnings

import numpy as np
import pytest

import shinso
from bench.networks import Framework, lenet, resnet20
from shinso import nn, ops, optim


@pytest.fixture(autouse=True)
def float64():
    shinso.set_default_dtype("float64")
    shinso.manual_seed(0)
    yield
    shinso.set_default_dtype("float32")


FRAMEWORK = Framework(nn, nn.ReLU, ops.pad)


def batch(n: int, *shape: int, classes: int = 10, seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, *shape)), rng.integers(0, classes, n)


class Training:
    """A model with its optimizer, and one step of learning."""

    def __init__(self, model, optimizer=None, order="after", **options):
        shinso.manual_seed(0)
        self.model = model()
        make = optimizer or (lambda p: optim.SGD(p, lr=0.05, momentum=0.9))
        self.optimizer = make(self.model.parameters())
        self.order = order

    def step(self, x, t):
        if self.order == "before":
            self.optimizer.zero_grad()
        loss = ops.cross_entropy(self.model(x), t)
        loss.backward()
        self.optimizer.step()
        if self.order == "after":
            self.optimizer.zero_grad()
        return loss

    def state(self):
        found = dict(self.model.state_dict())
        for i, held in self.optimizer.state_dict()["state"].items():
            found |= {f"optimizer.{i}.{name}": array for name, array in held.items()}
        return found


def side_by_side(model, optimizer=None, order="after"):
    plain, made = Training(model, optimizer, order), Training(model, optimizer, order)
    return plain, made, shinso.compile(made.step)


def assert_equal(plain, made, rtol=0.0):
    a, b = plain.state(), made.state()
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype
        if rtol:
            np.testing.assert_allclose(a[name], b[name], rtol=rtol, atol=rtol, err_msg=name)
        else:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def mlp():
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.1),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "L1": lambda p: optim.SGD(p, lr=0.1, penalty=optim.L1(1e-3)),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "AMSGrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
    "NAdam": lambda p: optim.NAdam(p),
    "RAdam": lambda p: optim.RAdam(p),
    "RMSprop": lambda p: optim.RMSprop(p, centered=True, momentum=0.5),
    "Adagrad": lambda p: optim.Adagrad(p, lr_decay=0.1),
    "Adadelta": lambda p: optim.Adadelta(p),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("order", ["after", "before"])
def test_optimizers(name, order):
    plain, made, step = side_by_side(mlp, OPTIMIZERS[name], order)
    for i in range(7):
        x, t = batch(5, 6, classes=3, seed=i)
        a, b = plain.step(x, t), step(x, t)
        np.testing.assert_allclose(a.data, b.data, rtol=1e-14)
        assert_equal(plain, made, rtol=1e-14)
    assert step.traces == 2


def test_every_optimizer_is_tried():
    kinds = {n for n in optim.__all__ if isinstance(getattr(optim, n), type)
             and issubclass(getattr(optim, n), optim.Optimizer)} - {"Optimizer"}  # fmt: skip
    tried = {type(make(mlp().parameters())).__name__ for make in OPTIMIZERS.values()}
    assert kinds <= tried


def test_lenet_to_the_last_bit():
    plain, made, step = side_by_side(lambda: lenet(FRAMEWORK))
    for i in range(3):
        x, t = batch(4, 1, 28, 28, seed=i)
        a, b = plain.step(x, t), step(x, t)
        assert a.data == b.data
        assert_equal(plain, made)


def test_resnet20_to_the_last_bit():
    plain, made, step = side_by_side(lambda: resnet20(FRAMEWORK))
    for i in range(3):
        x, t = batch(2, 3, 32, 32, seed=i)
        a, b = plain.step(x, t), step(x, t)
        assert a.data == b.data
        assert_equal(plain, made)
    assert step.traces == 2


def normalized():
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5),
                         nn.Linear(8, 3))  # fmt: skip


def test_batch_norm_dropout_and_a_smaller_last_batch():
    plain, made, step = side_by_side(normalized)
    for i, n in enumerate([8, 8, 8, 5, 8, 5]):
        x, t = batch(n, 6, classes=3, seed=i)
        shinso.manual_seed(i)
        a = plain.step(x, t)
        shinso.manual_seed(i)
        b = step(x, t)
        assert a.data == b.data  # so the masks are the same
        assert_equal(plain, made)
    assert step.traces == 4


def test_random_numbers_go_on_where_they_were():
    layer = nn.Dropout(0.5)
    step = shinso.compile(lambda x: layer(x))
    x = np.ones((4, 5))
    first, second = step(x), step(x)
    assert not np.array_equal(first.data, second.data)
    shinso.manual_seed(0)
    for expected in (first, second):
        assert np.array_equal(layer(shinso.tensor(x)).data, expected.data)


def test_evaluation_switch():
    plain, made, step = side_by_side(normalized)
    x, t = batch(8, 6, classes=3)
    predict = shinso.compile(lambda x: made.model(x))
    for _ in range(2):
        for training in (True, False):
            plain.model.train(training)
            made.model.train(training)
            shinso.manual_seed(3)
            a = plain.model(x)
            shinso.manual_seed(3)
            assert np.array_equal(a.data, predict(x).data)
        plain.model.train()
        made.model.train()
        shinso.manual_seed(3)
        a = plain.step(x, t)
        shinso.manual_seed(3)
        b = step(x, t)
        assert a.data == b.data
        assert_equal(plain, made)


def test_learning_rate_changes_without_a_trace():
    plain, made, step = side_by_side(mlp)
    schedules = [optim.StepLR(t.optimizer, 2, gamma=0.5) for t in (plain, made)]
    for i in range(6):
        x, t = batch(5, 6, classes=3, seed=i)
        plain.step(x, t)
        step(x, t)
        assert_equal(plain, made)
        for schedule in schedules:
            schedule.step()
        if i == 3:
            for training in (plain, made):
                training.optimizer.param_groups[0]["lr"] = 0.3
    assert step.traces == 2


def test_switching_an_option_is_seen():
    plain, made, step = side_by_side(mlp)
    for i in range(4):
        if i == 2:
            for training in (plain, made):
                training.optimizer.param_groups[0]["weight_decay"] = 0.1
                training.optimizer.param_groups[0]["nesterov"] = True
        x, t = batch(5, 6, classes=3, seed=i)
        plain.step(x, t)
        step(x, t)
        assert_equal(plain, made)


def test_a_frozen_layer_and_a_replaced_head_are_seen():
    plain, made, step = side_by_side(mlp)
    x, t = batch(5, 6, classes=3)
    plain.step(x, t), step(x, t)
    for training in (plain, made):
        training.model[0].weight.requires_grad = False
    plain.step(x, t), step(x, t)
    assert_equal(plain, made)
    for training in (plain, made):
        shinso.manual_seed(9)
        setattr(training.model, "2", nn.Linear(8, 3))
        training.optimizer.add_param_group({"params": training.model[2].parameters()})
    for i in range(2):
        x, t = batch(5, 6, classes=3, seed=i)
        plain.step(x, t), step(x, t)
        assert_equal(plain, made)


def test_clipping_and_checks_before_anything_is_written():
    def make():
        training = Training(mlp)

        def step(x, t):
            loss = ops.cross_entropy(training.model(x), t)
            loss.backward()
            norm = optim.clip_grad_norm_(training.model.parameters(), 0.1)
            training.optimizer.step()
            training.optimizer.zero_grad()
            return loss, norm

        return training, step

    (plain, a), (made, b) = make(), make()
    step = shinso.compile(b)
    x, t = batch(5, 6, classes=3)
    for _ in range(3):
        first, second = a(x, t), step(x, t)
        assert first[0].data == second[0].data
        assert_equal(plain, made)
    before = made.state()
    wrong = t.copy()
    wrong[2] = 7
    with pytest.raises(ValueError, match="7") as plainly:
        a(x, wrong)
    with pytest.raises(ValueError, match="7") as compiled:
        step(x, wrong)
    assert str(plainly.value) == str(compiled.value)
    for name, array in made.state().items():
        np.testing.assert_array_equal(array, before[name])


def test_trainer_step_with_its_checks():
    from shinso.train import Trainer

    trainers = []
    for _ in range(2):
        training = Training(mlp)
        trainers.append(
            Trainer(
                training.model,
                nn.CrossEntropyLoss(),
                training.optimizer,
                progress=False,
                check_gradients=False,
            )
        )
    plain, made = trainers
    step = shinso.compile(made.train_step)
    for i in range(3):
        x, t = batch(5, 6, classes=3, seed=i)
        (a, y), (b, z) = plain.train_step(x, t), step(x, t)
        assert a.data == b.data
        assert np.array_equal(y.data, z.data)
    before = made.model.state_dict()
    x[0, 0] = np.nan
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="finite"):
            step(x, t)
    for name, array in made.model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])

"""Compiled or not, a run is the same run; what cannot be compiled says so and goes on."""

import numpy as np
import pytest

from shinso import nn, optim
from shinso.compiler import TraceError
from shinso.compiler.workers import CompilerCrash
from shinso.graph import Observer, observe
from shinso.ops import log
from shinso.ops.random import manual_seed
from shinso.train import NonFiniteError, Trainer
from shinso.train.compiling import COMPILED, MEASURED, NUMPY, predicted_cost, predicted_saving

X = np.random.default_rng(0).normal(size=(22, 3))
T = (X.sum(axis=1) > 0).astype(np.int64)


def make(compile="auto", model=None, **options):
    manual_seed(1)
    if model is None:
        model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 2))
    model.double()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    options = {"progress": False, "metrics": ["accuracy"]} | options
    return Trainer(model, nn.CrossEntropyLoss(), optimizer, compile=compile, **options)


def weights(trainer):
    return {name: p.numpy() for name, p in trainer.model.named_parameters()}


@pytest.mark.parametrize("options", [{}, {"clip_grad_norm": 0.1}, {"clip_grad_value": 0.01}])
def test_compiled_equals_numpy(options):
    runs = [make(compile, **options) for compile in (False, True)]
    found = [r.fit((X, T), 3, validation=(X[:7], T[:7]), batch_size=8) for r in runs]
    assert [r.compiling.executor for r in runs] == [NUMPY, COMPILED]
    assert runs[1].compiling._train.traces >= 2  # the smaller last batch is another plan
    for name, numbers in found[0].history.items():
        np.testing.assert_allclose(numbers, found[1].history[name], rtol=1e-9)
    for name, value in weights(runs[0]).items():
        np.testing.assert_allclose(weights(runs[1])[name], value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(runs[1].predict(X), runs[0].predict(X), rtol=1e-9, atol=1e-12)


def test_a_schedule_changes_the_rate_of_compiled_steps():
    runs = [make(compile) for compile in (False, True)]
    for run in runs:
        run.schedule, run.schedule_every = optim.ExponentialLR(run.optimizer, 0.5), "step"
        run.fit((X, T), 2, batch_size=11)
    for name, value in weights(runs[0]).items():
        np.testing.assert_allclose(weights(runs[1])[name], value, rtol=1e-9, atol=1e-12)


def test_resuming_a_compiled_run_gives_the_same_bits(tmp_path):
    whole = make(True)
    whole.fit((X, T), 3, batch_size=8)
    make(True, out=tmp_path / "run").fit((X, T), 1, batch_size=8)
    resumed = make("auto", out=tmp_path / "run")  # the checkpoint says that it was compiled
    resumed.fit((X, T), 3, batch_size=8, resume=True)
    assert resumed.compiling.executor == COMPILED
    for name, value in weights(whole).items():
        np.testing.assert_array_equal(weights(resumed)[name], value)


class Log(nn.Module):
    def forward(self, x):
        return log(x)


def test_a_loss_that_is_not_finite_names_the_layer_and_updates_nothing():
    trainer = make(True, nn.Sequential(nn.Linear(3, 2), Log()))
    before = weights(trainer)
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError, match="Log"):
        trainer.fit((X, T), 1, batch_size=8)
    for name, value in weights(trainer).items():
        np.testing.assert_array_equal(before[name], value)


def test_auto_leaves_small_work_to_numpy_and_decides_once():
    trainer = make()
    trainer.fit((X, T), 3, batch_size=8)
    assert (trainer.compiling.executor, trainer.compiling.decided_at) == (NUMPY, MEASURED)


def test_auto_compiles_what_saves_more_than_it_costs(monkeypatch):
    monkeypatch.setattr("shinso.train.compiling.predicted_cost", lambda layers: 0.0)
    trainer = make()
    trainer.fit((X, T), 3, batch_size=8)
    assert (trainer.compiling.executor, trainer.compiling.decided_at) == (COMPILED, MEASURED)
    assert trainer.compiling._train.traces > 0


def test_the_rule_grows_with_steps_and_layers():
    assert predicted_saving(0.1, 200) > predicted_saving(0.1, 100) > predicted_saving(0.05, 100)
    assert predicted_cost(20) > predicted_cost(2) > 0


def test_a_crash_of_the_compiler_is_told_and_the_run_goes_on(monkeypatch):
    def crash(graph):
        raise CompilerCrash("kernel_1", "killed")

    monkeypatch.setattr("shinso.compiler.plan.prepare", crash)
    runs = [make(False), make(True)]
    runs[0].fit((X, T), 1, batch_size=8)
    with pytest.warns(RuntimeWarning, match="goes on in NumPy"):
        runs[1].fit((X, T), 1, batch_size=8)
    assert runs[1].compiling.executor == NUMPY
    for name, value in weights(runs[0]).items():
        np.testing.assert_array_equal(weights(runs[1])[name], value)


class Branching(Trainer):
    def train_step(self, x, t):
        if x.sum() > 1e9:
            raise AssertionError
        return super().train_step(x, t)


def test_what_cannot_be_traced():
    def branching(compile):
        model = nn.Linear(3, 2).double()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        return Branching(model, nn.CrossEntropyLoss(), optimizer, progress=False, compile=compile)

    with pytest.raises(TraceError):
        branching(True).fit((X, T), 1)
    trainer = branching("auto")
    trainer.compiling.decide(True, 0)
    with pytest.warns(RuntimeWarning, match="goes on in NumPy"):
        trainer.fit((X, T), 1)
    assert trainer.compiling.executor == NUMPY


def test_an_observer_sees_every_operation():
    class Counter(Observer):
        seen = 0

        def forward(self, function, inputs, outputs):
            self.seen += 1

    trainer = make(True)
    trainer.fit((X, T), 1, batch_size=11)
    with observe(Counter()) as counter:
        trainer.fit((X, T), 1, batch_size=11)
    assert counter.seen > 0


def test_a_wrong_choice():
    with pytest.raises(ValueError, match="auto"):
        make("sometimes")

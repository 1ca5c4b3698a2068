"""Networks that give several outputs: what is learned from, measured and predicted."""

from typing import NamedTuple

import numpy as np
import pytest

from shinso import nn, ops, optim
from shinso.data import ArrayDataset, DataLoader
from shinso.graph import Tensor
from shinso.train import Metric, Trainer, read_config
from shinso.train.compiling import COMPILED
from shinso.train.outputs import main_output

X = np.random.default_rng(0).normal(size=(22, 4))
T = (X.sum(axis=1) > 0).astype(np.int64)


class Outputs(NamedTuple):
    logits: Tensor
    aux: Tensor


class TwoHeads(nn.Module):
    """In training the logits and an auxiliary head's; in evaluation only the first, or `always`."""

    def __init__(self, always=False):
        super().__init__()
        self.always = always
        self.body, self.head, self.aux = nn.Linear(4, 6), nn.Linear(6, 2), nn.Linear(6, 2)

    def forward(self, x):
        h = ops.tanh(self.body(x))
        y = self.head(h)
        return Outputs(y, self.aux(h)) if self.training or self.always else y


def make(model=None, loss=None, **options):
    ops.manual_seed(1)
    model = (model or TwoHeads()).double()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    options = {"metrics": ["accuracy"], "progress": False, **options}
    return Trainer(model, loss or nn.CrossEntropyLoss(), optimizer, **options)


def test_main_output():
    assert main_output(Outputs(1, 2)) == 1
    assert main_output([3, 4]) == 3
    assert main_output("ab") == "ab"
    assert main_output(()) == ()


@pytest.mark.parametrize("compile", [False, True])
def test_training_learns_from_both_heads_and_measures_the_main_one(compile):
    trainer = make(auxiliary_weight=0.3, compile=compile)
    history = trainer.fit((X, T), 4, validation=(X, T), batch_size=8).history
    assert trainer.compiling.executor == (COMPILED if compile else "numpy")
    by_hand = make()
    model, optimizer = by_hand.model, by_hand.optimizer
    loader = DataLoader(ArrayDataset(X, T), 8, True)
    for epoch in range(4):
        right = total = 0
        for x, t in loader.batches(epoch):
            y, aux = model(x)
            loss = ops.cross_entropy(y, t) + 0.3 * ops.cross_entropy(aux, t)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            right += int((y.data.argmax(1) == t).sum())
            total += loss.item() * len(x)
        assert history["loss"][epoch] == pytest.approx(total / 22, rel=1e-9)
        assert history["accuracy"][epoch] == right / 22
    for name, value in model.state_dict().items():
        np.testing.assert_allclose(trainer.model.state_dict()[name], value, rtol=1e-9)
    plain = ops.cross_entropy(model.eval()(X), T).item()
    assert history["val_loss"][-1] == pytest.approx(plain, rel=1e-9)
    assert trainer.predict(X).shape == (22, 2)


@pytest.mark.parametrize("compile", [False, True])
def test_tuples_in_evaluation_too(compile, tmp_path):
    trainer = make(TwoHeads(always=True), auxiliary_weight=1.0, compile=compile, out=tmp_path / "r")
    trainer.fit((X, T), 1, validation=(X, T))
    assert trainer.predict(X).shape == (22, 2)
    assert trainer.predict(X[:0]).shape == (0, 2)
    assert 0 <= trainer.evaluate((X, T))["accuracy"] <= 1
    assert "<svg" in (tmp_path / "r" / "report.html").read_text()
    assert read_config(tmp_path / "r")["loss"].startswith("AuxiliaryLoss(weight=1 (loss): Cross")


def test_a_loss_of_one_output_says_what_to_do():
    with pytest.raises(TypeError, match=r"gave 2 outputs \(Outputs\).*auxiliary_weight=0.3"):
        make(compile=False).fit((X, T))
    with pytest.raises(TypeError, match="auxiliary_weight"):
        make(TwoHeads(always=True), compile=False).evaluate((X, T))


def test_a_loss_of_ones_own_gets_the_tuple():
    class Count(Metric):
        name = "shape"
        counted = ("seen",)

        def update(self, y, t):
            self.seen += y.shape == (len(t), 2)

        def compute(self):
            return float(self.seen)

    def both(y, t):
        assert isinstance(y, Outputs)
        return ops.cross_entropy(y.aux, t)

    trainer = make(TwoHeads(always=True), both, metrics=[Count()], compile=False)
    assert trainer.fit((X, T), batch_size=11).history["shape"] == [2.0]


def test_a_train_step_of_ones_own_may_return_all_outputs():
    class Mine(Trainer):
        def train_step(self, x, t):
            y = self.model(x)
            loss = self.loss(y.logits, t)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            return loss, y

    model = TwoHeads().double()
    trainer = Mine(
        model, ops.cross_entropy, optim.SGD(model.parameters(), lr=0.1), metrics=["accuracy"],
        progress=False, compile=True,
    )  # fmt: skip
    assert "accuracy" in trainer.fit((X, T)).history

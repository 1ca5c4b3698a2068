"""Trainings with hidden and mixed examples: they learn, resume to the same bits, and compile."""

import numpy as np
import pytest

from shinso import models, nn, ops, optim
from shinso.data import (
    ArrayDataset,
    CutMix,
    Cutout,
    DataLoader,
    Mixup,
    RandomChoice,
    RandomErasing,
    digits,
)
from shinso.train import Trainer
from shinso.train.compiling import COMPILED

FEW = 300
METHODS = {
    "nothing": {},
    "cutout": {"transform": Cutout(3)},
    "random_erasing": {"transform": RandomErasing()},
    "mixup": {"batch_transform": Mixup(0.4, 10)},
    "mixup_per_image": {"batch_transform": Mixup(0.4, 10, per_image=True)},
    "cutmix": {"batch_transform": CutMix(1.0, 10)},
    "all": {
        "transform": Cutout(3),
        "batch_transform": RandomChoice([Mixup(0.4, 10), CutMix(1.0, 10)]),
    },
}


def few_digits(part="train", count=FEW):
    x, t = digits(part)[:count]
    return (x.astype(np.float32) / 16 - 0.3) / 0.38, t


def make(smoothing=0.0, **options):
    ops.manual_seed(0)
    model = models.create("mlp", 10, (1, 8, 8), hidden=(40,))
    optimizer = optim.AdamW(model.parameters(), lr=0.003)
    loss = nn.CrossEntropyLoss(label_smoothing=smoothing)
    options = {"metrics": ["accuracy"], "progress": False, "compile": False, **options}
    return Trainer(model, loss, optimizer, **options)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_learns_from_few_images(name):
    trainer = make(**METHODS[name])
    found = trainer.fit(few_digits(), 12, validation=few_digits("test"), batch_size=32).history
    assert np.isfinite(found["loss"]).all()
    assert found["loss"][-1] < 0.8 * found["loss"][0]
    assert found["val_loss"][-1] < 0.5 * found["val_loss"][0]
    assert found["val_accuracy"][-1] > 0.75


def test_smoothed_labels():
    trainer = make(smoothing=0.1)
    found = trainer.fit(few_digits(), 12, validation=few_digits("test")).history
    entropy = -(0.91 * np.log(0.91) + 0.09 * np.log(0.01))  # the least that the loss can be
    assert entropy < found["loss"][-1] < found["loss"][0]
    assert found["val_accuracy"][-1] > 0.75


def test_the_training_accuracy_counts_the_larger_part():
    """Of a mixture the network can see which part is larger: it is right although it is unsure."""
    x, t = np.eye(10, dtype=np.float32).repeat(40, axis=0), np.arange(10).repeat(40)
    model = nn.Linear(10, 10)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.1), metrics=["accuracy"],
        batch_transform=Mixup(1.0, 10), progress=False, compile=False,
    )  # fmt: skip
    trainer.fit((x, t), 20)
    assert trainer.history.history["accuracy"][-1] > 0.9
    assert trainer.history.history["loss"][-1] > 0.3
    assert trainer.evaluate((x, t))["accuracy"] == 1.0


@pytest.mark.parametrize("name", ["cutout", "mixup", "all"])
def test_resuming_gives_the_same_bits(name, tmp_path):
    whole = make(**METHODS[name])
    whole.fit(few_digits(), 3)
    make(out=tmp_path / "r", **METHODS[name]).fit(few_digits(), 1)
    resumed = make(out=tmp_path / "r", **METHODS[name])
    resumed.fit(few_digits(), 3, resume=True)
    assert resumed.history.records == whole.history.records
    for key, value in whole.model.state_dict().items():
        assert np.array_equal(resumed.model.state_dict()[key], value)


def test_compiled_steps_take_mixed_targets():
    runs = [make(batch_transform=Mixup(0.4, 10), compile=compile) for compile in (False, True)]
    x, t = few_digits(count=80)
    for run in runs:
        run.model.double()
        run.fit((x.astype(np.float64), t), 2, validation=(x.astype(np.float64), t))
    assert runs[1].compiling.executor == COMPILED
    for first, second in zip(*(run.history.records for run in runs), strict=True):
        assert first == pytest.approx(second, rel=1e-9)


def test_a_report_of_mixed_training_data(tmp_path):
    make(out=tmp_path / "r", batch_transform=Mixup(0.4, 10)).fit(few_digits(), 1)
    assert "accuracy" in (tmp_path / "r" / "report.html").read_text()


def test_loaders_have_transforms_of_their_own():
    loader = DataLoader(ArrayDataset(*few_digits()), 32)
    for option in ({"transform": Cutout(3)}, {"batch_transform": Mixup(0.4, 10)}):
        with pytest.raises(ValueError, match="give them to this DataLoader instead"):
            make(**option).fit(loader)
        make(**option).fit(ArrayDataset(*few_digits(count=40)))


def test_validation_data_stay_as_they_are():
    class Seen(Cutout):
        def __call__(self, x, rng=None):
            seen.append(len(x))
            return super().__call__(x, rng)

    seen = []
    trainer = make(transform=Seen(3))
    trainer.fit(few_digits(), 1, validation=few_digits("test"), batch_size=100)
    trainer.evaluate(few_digits())
    trainer.predict(few_digits()[0])
    assert seen == [100, 100, 100]

"""Counting from shapes: the same as running the network, and as the table of figures says."""

from pathlib import Path

import numpy as np
import pytest

from shinso import Tensor, models, nn, ops
from shinso.cli import counting
from shinso.cli.counting import count, count_multiply_adds, figures
from shinso.models import figures as table


def test_the_table_of_figures(request):
    """Every model's figures, counted anew.

    After a change that is meant, or with a new model: pytest tests/cli/test_counting.py
    --update-figures.
    """
    counted = {name: count(name) for name in models.list()}
    if request.config.getoption("--update-figures"):
        path = Path(table.__file__)
        head, _, _ = path.read_text().partition("FIGURES")
        rows = "".join(f'    "{n}": ({p:_}, {m:_}),\n' for n, (p, m) in counted.items())
        path.write_text(f"{head}FIGURES: dict[str, tuple[int, int]] = {{\n{rows}}}\n")
        return
    assert counted == table.FIGURES


# Multiply-adds in millions of torchvision's and timm's networks, counted there.
MILLIONS = {
    "alexnet": 714.2, "vgg11": 7609.1, "googlenet": 1498.4, "inception_v3": 5713.2,
    "resnet18": 1814.1, "resnet50": 4089.2, "resnext50_32x4d": 4230.5, "densenet121": 2834.2,
    "squeezenet1_1": 349.2, "mobilenet_v2": 300.8, "mobilenet_v3_small": 56.5,
    "seresnet50": 4091.7, "senet154": 20688.4, "xception": 8357.4, "efficientnet_b0": 385.8,
    "shufflenet_v2_x1_0": 144.9, "mnasnet1_0": 314.4, "cifar_resnet20": 40.6,
}  # fmt: skip


@pytest.mark.parametrize("name", MILLIONS)
def test_multiply_adds_are_the_known_ones(name):
    assert round(figures(name)[1] / 1e6, 1) == MILLIONS[name]


@pytest.mark.parametrize("name", ["lenet5", "mlp", "logistic", "squeezenet1_1"])
def test_shapes_alone_count_what_a_run_counts(name):
    shape = (2, *models.entry(name).input_shape)
    model = models.create(name)
    expected = nn.summary(model, shape)
    assert count_multiply_adds(model.eval(), shape) == expected.multiply_adds
    assert count(name) == (expected.parameters, expected.multiply_adds // 2)


def test_every_kind_of_product_counts():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.grouped = nn.Conv2d(4, 8, 3, groups=2, padding=1)
            self.back = nn.ConvTranspose2d(8, 3, 2, stride=2)
            self.dense = nn.Linear(12, 5)

        def forward(self, x):
            x = self.dense(self.back(self.grouped(x)))
            return ops.einsum("nchw,nchv->nwv", x, x) @ Tensor(np.ones((5, 2), np.float32))

    model = Net().eval()
    assert count_multiply_adds(model, (1, 4, 6, 6)) == nn.summary(model, (1, 4, 6, 6)).multiply_adds


def test_a_model_without_figures_is_counted(monkeypatch):
    monkeypatch.setattr(counting, "FIGURES", {})
    assert figures("lenet5") == table.FIGURES["lenet5"]


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())
    before = model.state_dict()
    assert count_multiply_adds(model, (1, 3, 8, 8)) == 4 * 27 * 36
    assert model.training
    for key, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[key])
    with pytest.raises(ValueError, match="3"):
        count_multiply_adds(model, (1, 2, 8, 8))

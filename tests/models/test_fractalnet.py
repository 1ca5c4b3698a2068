"""FractalNet: all columns against pytorchcv's, each column alone, drop-path of both kinds."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn, ops
from shinso.graph import no_grad
from shinso.models.fractalnet import FractalBlock, FractalNet
from shinso.ops.random import generator_cell

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, check_model, count, trained_once, undrawn

NARROW = {"widths": (4, 6, 8, 10, 10), "dropout": (0.0,) * 5}
SMALL = {"widths": (4, 6), "dropout": (0.0, 0.3), "num_classes": 3, "in_channels": 1}


@pytest.fixture(autouse=True)
def fresh_seed():
    ops.manual_seed(0)
    yield
    ops.manual_seed(0)


def images(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_keys_and_count():
    check_golden("fractalnet20")


def test_golden():
    assert check_golden("fractalnet20", "fractalnet20_narrow", drop_path=0.0, **NARROW)


@pytest.mark.parametrize("column", [0, 1, 2])
def test_golden_columns(column):
    with undrawn():
        model = FractalNet(**NARROW)
    model.column = column
    assert check_model(model, f"fractalnet20_column{column}")


def test_columns_have_so_many_convolutions():
    block = FractalBlock(3, 4)
    rows = [list(row) for row in block.rows]
    assert rows == [
        ["column2"],
        ["column2", "column1"],
        ["column2"],
        ["column2", "column1", "column0"],
    ]
    inputs = [row["column2"].conv.in_channels for row in block.rows]
    assert inputs == [3, 4, 4, 4]
    assert (
        block.rows[1]["column1"].conv.in_channels,
        block.rows[3]["column0"].conv.in_channels,
    ) == (3, 3)
    assert len(FractalBlock(3, 4, columns=1).rows) == 1
    with nn.init.skip():
        model = models.create("fractalnet20")
    deepest = [name for name, _ in model.named_modules() if name.endswith("column2.conv")]
    assert len(deepest) == 20


def test_every_way_to_ask_for_a_column_is_the_same():
    model = FractalNet(**SMALL).eval()
    x = images(2, 1, 8, 8)
    with no_grad():
        answers = [model(x, column=c).data for c in (0, 1, 2, -1, -3)]
        np.testing.assert_array_equal(answers[2], answers[3])
        np.testing.assert_array_equal(answers[0], answers[4])
        assert (answers[0] != answers[1]).any()
        model.column = 1
        np.testing.assert_array_equal(model(x).data, answers[1])
        np.testing.assert_array_equal(model(x, column=2).data, answers[2])
        for wrong in (3, -4):
            with pytest.raises(ValueError, match=rf"column={wrong};.*2"):
                model(x, column=wrong)


@pytest.mark.parametrize("level", ["batch", "image"])
def test_global_drop_path_is_one_column(level):
    """With global_ratio=1 every answer in training is that of some column alone."""
    model = FractalNet(global_ratio=1.0, level=level, **{**SMALL, "dropout": (0.0, 0.0)})
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()  # so that an image's answer depends on nothing but itself
    x = images(3, 1, 8, 8)
    with no_grad():
        columns = np.stack([model(x, column=c).data for c in range(3)])
        seen = set()
        for _ in range(12):
            y = model(x).data
            which = [int(np.abs(columns[:, i] - y[i]).max(axis=1).argmin()) for i in range(3)]
            for i, c in enumerate(which):
                np.testing.assert_allclose(y[i], columns[c, i], rtol=1e-5, atol=1e-6)
            assert level == "image" or len(set(which)) == 1
            seen |= set(which)
    assert seen == {0, 1, 2}


def test_only_the_chosen_column_learns():
    model = FractalNet(global_ratio=1.0, **{**SMALL, "dropout": (0.0, 0.0)})
    model(images(2, 1, 8, 8)).sum().backward()
    learned = {
        name.split(".")[4]
        for name, p in model.named_parameters()
        if "conv" in name and (p.grad != 0).any()
    }
    assert len(learned) == 1


def test_local_drop_path_draws_and_evaluation_does_not():
    x = images(2, 1, 8, 8)
    model = FractalNet(global_ratio=0.0, drop_path=0.5, **{**SMALL, "dropout": (0.0, 0.0)})
    with no_grad():
        answers = {model(x).data.tobytes() for _ in range(6)}
        assert len(answers) > 1
        before = generator_cell().numpy()
        model.eval()(x)
        model(x, column=1)
    np.testing.assert_array_equal(generator_cell().data, before)


@pytest.mark.parametrize("columns", [1, 2, 4])
def test_small_ones_learn(columns):
    model = FractalNet(columns=columns, drop_path=0.0, **SMALL)
    assert trained_once(model, (3, 1, 9, 8)).shape == (3, 3)
    assert count(model) > 0
    random = FractalNet(columns=columns, level="image", **SMALL)
    assert trained_once(random, (3, 1, 9, 8)).shape == (3, 3)


def test_errors():
    with pytest.raises(ValueError, match=r"16×40: 5 poolings.*at least 32"):
        FractalNet(**NARROW)(images(1, 3, 16, 40))
    with pytest.raises(ValueError, match="3 channels, not 1"):
        FractalNet(**NARROW)(images(1, 1, 32, 32))
    with pytest.raises(ValueError, match="2 widths and 1 probabilities"):
        FractalNet(widths=(3, 4), dropout=(0.1,))
    with pytest.raises(ValueError, match="0 columns"):
        FractalNet(columns=0)
    with pytest.raises(ValueError, match="share"):
        FractalNet(global_ratio=1.5)
    with pytest.raises(ValueError, match="'pixel'"):
        FractalNet(level="pixel")
    with pytest.raises(ValueError, match="between 0 and 1, not 2"):
        FractalNet(drop_path=2, **SMALL)

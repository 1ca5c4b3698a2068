"""The summary table: shapes, counts and costs."""

import numpy as np
import pytest

from shinso import models, nn
from shinso.nn.summary import size


def test_lenet5():
    s = nn.summary(models.LeNet5(), (1, 1, 32, 32))
    assert s.parameters == 61_706
    shapes = [r.output_shape for r in s.rows if r.layer in ("Conv2d", "MaxPool2d", "Linear")]
    assert shapes == [
        (1, 6, 28, 28), (1, 6, 14, 14), (1, 16, 10, 10), (1, 16, 5, 5), (1, 120), (1, 84), (1, 10),
    ]  # fmt: skip
    assert s.multiply_adds == 28 * 28 * 6 * 25 + 100 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10
    text = str(s)
    assert "parameters 61,706" in text
    assert "LeNet5" in text


def test_frozen_and_shared_parameters():
    layer = nn.Linear(3, 3)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    layer.bias.requires_grad = False
    s = nn.summary(model, np.zeros((2, 3), dtype=np.float32))
    assert (s.parameters, s.trainable) == (12, 9)
    assert "(3 frozen)" in str(s)


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout())
    model[2].eval()
    before = model.state_dict()
    nn.summary(model, (4, 1, 8, 8))
    assert [m.training for m in model] == [True, True, False]
    for key, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[key])


def test_costs_of_transposed_and_grouped_convolutions():
    s = nn.summary(nn.ConvTranspose2d(4, 6, 3, stride=2), (1, 4, 5, 5))
    assert s.multiply_adds == 4 * 25 * 6 * 9
    s = nn.summary(nn.Conv2d(4, 4, 3, groups=4), (1, 4, 5, 5))
    assert s.multiply_adds == 4 * 9 * 9


def test_sizes_in_words():
    assert [size(n) for n in (10, 1500, 2.5e6, 3e9)] == ["10 B", "1.5 KB", "2.5 MB", "3.0 GB"]


def test_a_wrong_shape_says_where():
    with pytest.raises(ValueError, match="32×32"):
        nn.summary(models.LeNet5(), (1, 1, 28, 28))

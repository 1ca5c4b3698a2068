"""Projections to pixels against small networks worked out by hand."""

import numpy as np
import pytest

from shinso import Tensor, nn, ops
from shinso.viz.deconvnet import deconvnet, deconvnet_picture
from shinso.viz.layer_output import layer_output
from shinso.viz.style import language


def conv(weight, padding=0, bias=None):
    outputs, inputs, *size = np.shape(weight)
    layer = nn.Conv2d(inputs, outputs, tuple(size), padding=padding, bias=bias is not None)
    layer.weight.data = np.asarray(weight, np.float64)
    if bias is not None:
        layer.bias.data = np.asarray(bias, np.float64)
    return layer


def correlated(x, w):
    """A convolution without padding, in loops: x (C, H, W), w (O, C, K, K)."""
    k = w.shape[2]
    size = x.shape[1] - k + 1
    y = np.zeros((len(w), size, size))
    for o, i, j in np.ndindex(y.shape):
        y[o, i, j] = (x[:, i : i + k, j : j + k] * w[o]).sum()
    return y


def transposed(y, w):
    """Its filters applied transposed, in loops."""
    k = w.shape[2]
    x = np.zeros((w.shape[1], y.shape[1] + k - 1, y.shape[2] + k - 1))
    for o, i, j in np.ndindex(y.shape):
        x[:, i : i + k, j : j + k] += y[o, i, j] * w[o]
    return x


def pooled(y):
    """Maxima of 2×2 windows and their switches."""
    out = np.zeros((len(y), y.shape[1] // 2, y.shape[2] // 2))
    switches = {}
    for c, i, j in np.ndindex(out.shape):
        window = y[c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        a, b = divmod(int(window.argmax()), 2)
        out[c, i, j] = window[a, b]
        switches[c, i, j] = (c, 2 * i + a, 2 * j + b)
    return out, switches


def test_two_layers_by_hand():
    rng = np.random.default_rng(0)
    w1, w2 = rng.normal(size=(3, 2, 3, 3)), rng.normal(size=(4, 3, 2, 2))
    x = rng.normal(size=(1, 2, 8, 8))
    model = nn.Sequential(conv(w1), nn.ReLU(), nn.MaxPool2d(2), conv(w2), nn.ReLU())
    first, switches = pooled(np.maximum(correlated(x[0], w1), 0))
    top = np.maximum(correlated(first, w2), 0)
    back = transposed(np.maximum(top, 0), w2)  # the ReLU above rectifies, then the filters
    unpooled = np.zeros((3, 6, 6))
    for place, source in switches.items():
        unpooled[source] += back[place]
    expected = transposed(np.maximum(unpooled, 0), w1)
    found = deconvnet(model, x, "4")
    assert np.allclose(found[0], expected, rtol=0, atol=1e-12)
    gradient = pixel_gradient(model, x, "4")
    assert not np.allclose(found, gradient)


def pixel_gradient(model, x, layer):
    """The ordinary gradient of ½ Σ maps², that is with the maps as gradient at the layer."""
    images = Tensor(x, requires_grad=True)
    maps = layer_output(model, images, layer)[1]
    maps.backward(maps.data)
    return images.grad


@pytest.mark.parametrize("layer", ["0", "1", "2"])
def test_in_a_linear_network_it_is_the_gradient(layer):
    rng = np.random.default_rng(1)
    norm = nn.BatchNorm2d(3)
    model = nn.Sequential(
        conv(rng.normal(size=(3, 1, 3, 3)), 1, [1, -2, 3]), norm.double(), nn.AvgPool2d(2)
    )
    norm.running_var.data = np.array([0.25, 4, 9])
    norm.running_mean.data = np.array([1.0, 2, 3])
    x = rng.normal(size=(3, 1, 6, 6))
    assert np.allclose(deconvnet(model, x, layer), pixel_gradient(model, x, layer))


def test_batch_norm_scales_back():
    norm = nn.BatchNorm2d(1, eps=1e-12).double()
    norm.running_var.data, norm.weight.data = np.array([4.0]), np.array([3.0])
    x = np.array([[[[2.0, -2.0]]]])
    # y = 3 x / 2 forward, and once more back.
    assert np.allclose(deconvnet(nn.Sequential(norm), x, "0"), x * 2.25)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = conv([[[[-1.0]]]])
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.conv(x) + 3 * x)


def test_branches_add_up():
    x = np.array([[[[2.0, -5.0]]]])
    # relu(-x + 3x) = 4, 0; back: (-1 + 3) · 4.
    assert deconvnet(Residual(), x, "relu").tolist() == [[[[8.0, 0.0]]]]


def test_relu_rectifies_what_comes_back_and_not_where_it_was_closed():
    lower = conv([[[[1.0]]], [[[-1.0]]]])
    model = nn.Sequential(lower, nn.ReLU(), conv([[[[1.0]], [[2.0]]]], bias=[4.0]))
    # x = 3: maps 3 and 0, on top 3 + 4 = 7. Both lower units get a positive signal back, 7 and 14,
    # also the closed one; its filter is -1.
    assert deconvnet(model, np.full((1, 1, 1, 1), 3.0), "2").item() == 7 - 14
    negative = nn.Sequential(lower, nn.ReLU(), conv([[[[1.0]], [[-2.0]]]]))
    assert deconvnet(negative, np.full((1, 1, 1, 1), 3.0), "2").item() == 3


@pytest.mark.parametrize(
    ("activation", "expected"),
    [(nn.ReLU6(), 10 * 1.0), (nn.LeakyReLU(0.5), 10 * 1.0), (nn.Sigmoid(), 10 * 0.25)],
)
def test_other_activations(activation, expected):
    start = 7.0 if isinstance(activation, nn.ReLU6) else 0.0 if expected < 5 else 2.0
    model = nn.Sequential(conv([[[[1.0]]]]), activation, Ten())
    found = deconvnet(model, np.full((1, 1, 1, 1), start), "2")
    assert found.item() == pytest.approx(expected)


class Ten(nn.Module):
    """Adds what is missing to 10, so that 10 goes back."""

    def forward(self, x):
        return x + (10 - x.data)


def test_one_unit_is_projected_from_its_strongest_place_or_its_whole_map():
    model = nn.Sequential(conv([[[[1.0]]], [[[2.0]]]]))
    x = np.array([[[[1.0, 3.0], [2.0, 0.0]]], [[[4.0, 0.0], [0.0, 0.0]]]])
    strongest = deconvnet(model, x, "0", unit=1)
    assert strongest[:, 0].tolist() == [[[0, 12], [0, 0]], [[16, 0], [0, 0]]]
    assert np.array_equal(deconvnet(model, x, "0", unit=1, whole=True), 4 * x)
    assert np.array_equal(deconvnet(model, x, "0"), x + 4 * x)


def test_one_image_does_not_change_the_next():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2, 1))
    x = rng.normal(size=(3, 3, 6, 6)).astype(np.float32)
    together = deconvnet(model, x, "2", unit=2)
    assert together.dtype == np.float32
    for i in range(3):
        alone = deconvnet(model, x[i : i + 1], "2", unit=2)
        assert np.allclose(together[i], alone[0], atol=1e-6)


def test_unknown_units():
    model = nn.Sequential(nn.Conv2d(1, 2, 1))
    for unit in (2, -1):
        with pytest.raises(ValueError, match=f"channels 0 to 1; there is no unit {unit}"):
            deconvnet(model, np.zeros((1, 1, 2, 2)), "0", unit=unit)


def test_a_model_that_leaves_the_graph_is_refused():
    class Leaves(nn.Module):
        def forward(self, x):
            return Tensor(x.data)

    model = nn.Sequential(Leaves(), nn.Conv2d(1, 1, 1))
    for layer in ("0", "1"):
        with pytest.raises(ValueError, match="leaves the graph"):
            deconvnet(model, np.zeros((1, 1, 2, 2)), layer)


def test_the_picture_has_a_row_for_each_image_and_the_strongest_units():
    model = nn.Sequential(conv([[[[1.0]]], [[[3.0]]], [[[2.0]]]]), nn.ReLU())
    x = np.random.default_rng(0).uniform(size=(2, 1, 3, 3))
    picture = deconvnet_picture(model, x, "1", most=2)
    assert [t.get_text() for t in picture.axes[0].texts] == ["image", "unit 1", "unit 2"]
    assert len(picture.axes[0].images) == 6
    assert np.allclose(picture.axes[0].images[3].get_array(), x[1, 0])
    with language("ja"):
        chosen = deconvnet_picture(model, x, "1", units=[0])
    assert [t.get_text() for t in chosen.axes[0].texts] == ["画像", "ユニット 0"]


def test_ops_count_as_layers_do():
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = conv([[[[1.0]]], [[[-1.0]]]])
            self.top = conv([[[[1.0]], [[2.0]]]], bias=[4.0])

        def forward(self, x):
            return self.top(ops.relu(self.conv(x)))

    assert deconvnet(Functional(), np.full((1, 1, 1, 1), 3.0), "top").item() == -7

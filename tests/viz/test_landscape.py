"""The loss around a model: its directions, its values, and that the model stays as it was."""

import numpy as np
import pytest

from shinso import nn, ops
from shinso.ops.random import manual_seed
from shinso.viz.landscape import filter_direction, landscape_values, loss_landscape


@pytest.fixture
def model():
    manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(),
        nn.Linear(12, 2),
    )  # fmt: skip


X = np.random.default_rng(0).normal(size=(5, 1, 4, 4)).astype(np.float32)
T = np.array([0, 1, 0, 1, 1])
LOSS = nn.CrossEntropyLoss()


def state(model):
    return {name: value.tobytes() for name, value in model.state_dict().items()}


def direction(model, seed=0):
    return filter_direction(model, np.random.default_rng(seed))


def test_each_filter_is_as_long_as_the_models(model):
    found = direction(model)
    assert set(found) == {"0.weight", "5.weight"}
    for name, axes in (("0.weight", (1, 2, 3)), ("5.weight", (1,))):
        weight = dict(model.named_parameters())[name].data
        assert found[name].shape == weight.shape
        lengths = [np.sqrt((v**2).sum(axis=axes)) for v in (found[name], weight)]
        np.testing.assert_allclose(*lengths, rtol=1e-6)


def test_a_filter_of_zeros_stays(model):
    weight = model[5].weight.numpy()
    weight[1] = 0
    model[5].weight.data = weight
    found = direction(model)["5.weight"]
    assert (found[1] == 0).all()
    assert (found[0] != 0).all()


def test_filters_of_transposed_convolutions():
    layer = nn.ConvTranspose2d(4, 6, 2, groups=2)
    found, weight = direction(nn.Sequential(layer))["0.weight"], layer.weight.data
    for group in (slice(0, 2), slice(2, 4)):
        for channel in range(3):
            np.testing.assert_allclose(
                np.linalg.norm(found[group, channel]),
                np.linalg.norm(weight[group, channel]),
                rtol=1e-6,
            )


def test_scales_of_normalization_are_no_filters():
    assert set(direction(nn.Sequential(nn.LayerNorm((3, 4)), nn.Linear(4, 2)))) == {"1.weight"}


@pytest.mark.parametrize("compile", [True, False])
def test_values_are_the_losses_along_the_directions(model, compile):
    at, losses = landscape_values(
        model, LOSS, X, T, points=3, span=0.5, seed=7, dimensions=2, compile=compile
    )
    assert at.tolist() == [-0.5, 0, 0.5]
    assert losses.shape == (3, 3)
    random = np.random.default_rng(7)
    d1, d2 = filter_direction(model, random), filter_direction(model, random)
    model.eval()
    np.testing.assert_allclose(losses[1, 1], float(LOSS(model(X), T).data), rtol=1e-6)
    start = {name: p.numpy() for name, p in model.named_parameters()}
    for name, p in model.named_parameters():
        if name in d1:
            p.data = (start[name] + 0.5 * d1[name] - 0.5 * d2[name]).astype(np.float32)
    np.testing.assert_allclose(losses[0, 2], float(LOSS(model(X), T).data), rtol=1e-5)


def test_a_parabola_by_its_formula():
    layer = nn.Linear(1, 1, bias=False).double()
    layer.weight.data = np.array([[2.0]])
    at, losses = landscape_values(
        layer, nn.MSELoss(), np.ones((1, 1)), np.zeros((1, 1)), points=5, dimensions=1
    )
    # One weight: the direction is ±2, and the loss (2 ± 2a)².
    sign = np.sign(direction(layer)["weight"].item())
    np.testing.assert_allclose(losses, (2 + sign * 2 * at) ** 2)


@pytest.mark.parametrize("compile", [True, False])
def test_the_model_is_as_before(model, compile):
    model[1].eval()
    before, modes = state(model), [m.training for m in model.modules()]
    landscape_values(model, LOSS, X, T, points=3, compile=compile)
    assert state(model) == before
    assert [m.training for m in model.modules()] == modes
    assert all(p.grad is None for p in model.parameters())


def test_the_model_is_as_before_when_it_fails(model):
    calls = []

    def breaks(y, t):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("third")
        return LOSS(y, t)

    before = state(model)
    with pytest.raises(RuntimeError, match="third"):
        landscape_values(model, breaks, X, T, points=3, compile=False)
    assert state(model) == before
    assert model.training


def test_the_seed_decides(model):
    one, again, other = (
        landscape_values(model, LOSS, X, T, points=3, seed=s, compile=False)[1] for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert one[1, 1] == other[1, 1]
    assert (one[0] != other[0]).all()


def test_pictures(model):
    plane = loss_landscape(model, LOSS, X, T, points=5, title="T", compile=False)
    assert plane.get_suptitle() == "T"
    assert [axes.name for axes in plane.axes] == ["rectilinear", "rectilinear", "3d"]
    assert plane.encoded("png", 40).startswith(b"\x89PNG")
    line = loss_landscape(model, LOSS, X, T, points=5, dimensions=1, compile=False)
    _, losses = landscape_values(model, LOSS, X, T, points=5, dimensions=1, compile=False)
    np.testing.assert_array_equal(line.axes[0].lines[0].get_ydata(), losses)
    np.testing.assert_array_equal(line.axes[0].lines[1].get_xydata(), [[0, losses[2]]])


def test_losses_too_large_are_gaps():
    layer = nn.Linear(1, 1, bias=False).double()
    layer.weight.data = np.array([[710.0]])  # exp(710 (1 + a)) overflows on one side
    x = np.ones((1, 1))
    options = {"points": 5, "dimensions": 1, "compile": False, "span": 0.5}
    _, losses = landscape_values(layer, lambda y, t: ops.exp(y).sum() * 9, x, x, **options)
    assert 0 < np.isfinite(losses).sum() < 5
    picture = loss_landscape(layer, lambda y, t: ops.exp(y).sum() * 9, x, x, **options)
    assert np.isnan(picture.axes[0].lines[0].get_ydata()).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimensions": 3}, "1 or 2 dimensions, not 3"),
        ({"points": 4}, "points is odd"),
        ({"points": 1}, "points is odd"),
        ({"span": 0}, "span is a length above 0"),
    ],
)
def test_errors(model, options, message):
    with pytest.raises(ValueError, match=message):
        landscape_values(model, LOSS, X, T, **options)


def test_errors_of_models(model):
    with pytest.raises(ValueError, match="Sequential has no weights with filters"):
        landscape_values(nn.Sequential(nn.BatchNorm2d(1)), LOSS, X, T)
    with pytest.raises(ValueError, match=r"the loss has shape \(5,\)"):
        landscape_values(model, nn.CrossEntropyLoss(reduction="none"), X, T, compile=False)
    with pytest.raises(ValueError, match="finite nowhere"):
        loss_landscape(model, lambda y, t: LOSS(y, t) * np.nan, X, T, points=3, compile=False)

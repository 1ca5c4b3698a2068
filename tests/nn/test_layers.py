"""Every layer against PyTorch's of the same name, against finite differences, and on probes."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import nn
from shinso.cell import overlaid
from shinso.graph import check_gradient
from shinso.graph.probe import Probe, ProbeOverlay

GOLDEN = Path(__file__).parent.parent / "golden"
sys.path.insert(0, str(GOLDEN))

from layer_cases import LAYERS, layer_input, value  # noqa: E402

named = pytest.mark.parametrize("name", LAYERS)


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "nn.npz") as file:
        return dict(file)


def build(name: str) -> nn.Module:
    layer = LAYERS[name][0](nn).double()
    layer.load_state_dict({k: value(k, v.shape) for k, v in layer.state_dict().items()})
    return layer


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


@named
def test_layer_agrees_with_pytorch(name, golden):
    layer, x = build(name), layer_input(name)
    close(layer.eval()(x).data, golden[f"{name}|eval|output"])
    layer.train()
    y = layer(nn.Parameter(x))
    close(y.data, golden[f"{name}|train|output"])
    g = np.random.default_rng(1).standard_normal(y.shape)
    layer = build(name)
    x = nn.Parameter(x)
    layer(x).backward(g)
    close(x.grad, golden[f"{name}|input_grad"])
    for key, p in layer.named_parameters():
        close(p.grad, golden[f"{name}|grad|{key}"])
    expected = {k.split("|after|")[1] for k in golden if k.startswith(f"{name}|after|")}
    state = layer.state_dict()
    assert set(state) == expected
    for key, array in state.items():
        close(array, golden[f"{name}|after|{key}"])


@named
def test_gradient_agrees_with_finite_differences(name):
    layer = build(name)
    check_gradient(layer, layer_input(name), parameters=list(layer.parameters()))


@named
def test_nothing_escapes_to_a_real_array(name):
    layer, x = build(name), layer_input(name)
    plain = layer(x)
    reference = build(name)
    with overlaid(ProbeOverlay()):
        y = reference(Probe(x))
        assert isinstance(y.data, Probe)
        np.testing.assert_array_equal(y.data.array, plain.data)
        if y.requires_grad:
            y.backward(Probe(np.ones(y.shape)))
            assert all(isinstance(p.grad, Probe) for p in reference.parameters())
    # Dropping the overlay leaves the layer as it was, running statistics included.
    for key, array in reference.state_dict().items():
        np.testing.assert_array_equal(array, value(key, array.shape))


@named
def test_float32_stays_float32(name):
    layer = LAYERS[name][0](nn)
    y = layer(layer_input(name).astype(np.float32))
    assert y.dtype == np.float32
    assert all(v.dtype in (np.float32, np.int64) for v in layer.state_dict().values())


@named
def test_repr_names_the_layer(name):
    assert repr(LAYERS[name][0](nn)).startswith(name.split("/")[0])

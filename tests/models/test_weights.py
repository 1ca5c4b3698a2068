"""Other libraries' names for the same networks, and networks built from what a file holds."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.graph import no_grad
from shinso.models import weights
from shinso.nn import init

sys.path.insert(0, str(Path(__file__).parent))

from zoo import formula_weights

GOLDEN = Path(__file__).parent.parent / "golden" / "weights"
TIMM = json.loads((GOLDEN / "timm.json").read_text())


def shapes_of(name, **options):
    with init.skip():
        return {k: v.shape for k, v in models.create(name, **options)._named_state()}


def blank(shapes):
    """A state of zeros that takes no memory."""
    zero = {True: np.int64(0), False: np.float32(0)}
    return {
        key: np.broadcast_to(zero[key.endswith("num_batches_tracked")], shape)
        for key, shape in shapes.items()
    }


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("mobilenetv2_100", "mobilenet_v2"), ("efficientnet_b0", "efficientnet_b0"),
     ("mnasnet_100", "mnasnet1_0")],
)  # fmt: skip
def test_timms_names_give_timms_output(theirs, ours):
    """Weights made from timm's names, in our network, give what timm's network gave."""
    state = formula_weights(blank({key: tuple(shape) for key, shape in TIMM[theirs]}))
    model = weights.build(ours, state).double()
    model.load_state_dict(weights.renamed(state, ours))  # again, in full precision
    x = np.random.default_rng(0).standard_normal((1, 3, 64, 64))
    with no_grad():
        y = model(x).data[:, ::8]
    with np.load(GOLDEN / "timm.npz") as golden:
        expected = golden[theirs]
    np.testing.assert_allclose(y, expected, atol=1e-9 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("name", ["vgg11", "vgg16_bn"])
def test_timms_convolutions_become_fully_connected(name):
    state = blank({key: tuple(shape) for key, shape in TIMM[name]})
    found = {key: array.shape for key, array in weights.renamed(state, name).items()}
    assert found == shapes_of(name)
    kernel = np.arange(2 * 3 * 7 * 7, dtype=np.float32).reshape(2, 3, 7, 7)
    flat = weights.renamed({"pre_logits.fc1.weight": kernel}, name)["classifier.0.weight"]
    np.testing.assert_array_equal(flat, kernel.reshape(2, -1))  # as flatten(1) lays an image out


def older(name, pattern, replacement):
    """Our names as an older version of a library had them."""
    shapes = shapes_of(name)
    state = {re.sub(pattern, replacement, key): array for key, array in blank(shapes).items()}
    assert set(state) != set(shapes)
    return state, shapes


@pytest.mark.parametrize(
    ("name", "pattern", "replacement"),
    [
        ("densenet121", r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2"),
        ("xception", r"^fc\.", "last_linear."),
        ("inception_resnet_v2", r"^classif\.", "last_linear."),
        ("cifar_resnet20", r"^fc\.", "linear."),
        ("resnet18", "^", "module."),
        ("resnet18", "^", "_orig_mod."),
    ],
)
def test_older_names(name, pattern, replacement):
    state, shapes = older(name, pattern, replacement)
    before = list(state)
    found = weights.renamed(state, name)
    assert {key: array.shape for key, array in found.items()} == shapes
    assert list(state) == before
    again = weights.renamed(found, name)
    assert list(again) == list(found)  # what has our names keeps them


@pytest.mark.parametrize("name", models.list())
def test_our_own_names_stay(name):
    shapes = shapes_of(name)
    assert list(weights.renamed(blank(shapes), name)) == list(shapes)


def test_every_renaming_is_of_a_model():
    for rule in weights.RENAMINGS:
        assert any(re.fullmatch(rule.models, name) for name in models.list()), rule.models


def test_networks_that_only_look_alike_are_refused():
    state = {"layer0.conv1.weight": np.zeros((64, 3, 7, 7))}
    with pytest.raises(ValueError, match="Use the model legacy_seresnet50"):
        weights.renamed(state, "seresnet50")
    assert list(weights.renamed(state, "legacy_seresnet50")) == list(state)
    with pytest.raises(ValueError, match="variance"):
        weights.renamed({"conv_stem.weight": np.zeros(1)}, "mobilenet_v3_large")


def test_two_names_for_one():
    with pytest.raises(ValueError, match=r"both 'classif\.bias'"):
        weights.renamed(
            {"last_linear.bias": np.ones(2), "classif.bias": np.ones(2)}, "inception_resnet_v2"
        )
    with pytest.raises(ValueError, match="Did you mean"):
        weights.renamed({}, "resnet8")


def test_build_reads_classes_and_channels_off_the_state():
    original = models.create("squeezenet1_1", num_classes=7, in_channels=1)
    model = weights.build("squeezenet1_1", original.state_dict())
    assert not model.training
    for key, array in original.state_dict().items():
        np.testing.assert_array_equal(model.state_dict()[key], array)
    tanh = models.create("lenet5", num_classes=3, in_channels=3, activation="tanh")
    model = weights.build("lenet5", tanh.state_dict(), activation="tanh")
    x = np.random.default_rng(0).standard_normal((2, 3, 32, 32)).astype(np.float32)
    with no_grad():
        np.testing.assert_array_equal(model(x).data, tanh.eval()(x).data)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_heads_come_and_go(name):
    full = blank(shapes_of(name, num_classes=4))
    assert weights.build(name, full).transform_input
    headless = {k: v for k, v in full.items() if not k.startswith(("aux", "Aux"))}
    assert len(headless) < len(full)
    small = weights.build(name, headless)
    assert set(small.state_dict()) == set(headless)
    dropped = weights.build(name, full, aux_logits=False, transform_input=False)
    assert set(dropped.state_dict()) == set(headless)
    assert not dropped.transform_input


def test_build_says_what_does_not_fit():
    state = models.create("squeezenet1_1", num_classes=3).state_dict()
    with pytest.raises(ValueError, match="does not fit SqueezeNet"):
        weights.build("squeezenet1_0", state)
    with pytest.raises(ValueError, match="3 classes, this one has 5"):
        weights.build("squeezenet1_1", state, num_classes=5)
    del state["features.0.bias"]
    with pytest.raises(ValueError, match=r"missing from the state: features\.0\.bias"):
        weights.build("squeezenet1_1", state)
    with pytest.raises(TypeError, match="not a SqueezeNet"):
        weights.build("squeezenet1_1", models.create("squeezenet1_1"))
    with pytest.raises(ValueError, match="missing from the state"):
        weights.build("lenet5", {})


def test_building_draws_nothing():
    from shinso.ops import manual_seed

    manual_seed(0)
    expected = nn.Linear(2, 2).weight.numpy()
    state = models.create("lenet5").state_dict()
    manual_seed(0)
    weights.build("lenet5", state)
    np.testing.assert_array_equal(nn.Linear(2, 2).weight.data, expected)

"""Modules: registration, modes, state, hooks, and errors that name the layer."""

import copy
import pickle

import numpy as np
import pytest

from shinso import nn, ops
from shinso.cell import version
from shinso.graph import Observer, Tensor, no_grad, observe


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 3)
        self.norm = nn.BatchNorm1d(3)
        self.heads = nn.ModuleList([nn.Linear(3, 2), nn.Linear(3, 1)])
        self.scale = nn.Parameter([1.0])

    def forward(self, x):
        h = ops.relu(self.norm(self.hidden(x)))
        return self.heads[0](h) * self.scale


def batch(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_parameters_are_found_under_dotted_names():
    names = [name for name, _ in Net().named_parameters()]
    assert names == [
        "scale", "hidden.weight", "hidden.bias", "norm.weight", "norm.bias",
        "heads.0.weight", "heads.0.bias", "heads.1.weight", "heads.1.bias",
    ]  # fmt: skip
    state = Net().state_dict()
    assert {"norm.running_mean", "norm.running_var", "norm.num_batches_tracked"} < set(state)


def test_shared_parameters_count_once():
    net = Net()
    net.heads[1].weight = net.heads[0].weight
    assert len(list(net.parameters())) == 8


def test_train_and_eval_reach_every_layer_and_count_as_a_change():
    net = Net()
    before = version()
    net.eval()
    assert version() > before
    assert not any(m.training for m in net.modules())
    before = version()
    net.eval()
    assert version() == before
    net.train()
    assert all(m.training for m in net.modules())


def test_attributes_keep_their_kind():
    net = Net()
    with pytest.raises(TypeError, match=r"Net\.scale is a parameter"):
        net.scale = Tensor([2.0])
    with pytest.raises(TypeError, match="buffer"):
        net.norm.running_mean = np.zeros(3)
    net.scale = None
    assert "scale" not in dict(net.named_parameters())
    net.hidden = nn.Identity()
    assert "hidden.weight" not in dict(net.named_parameters())
    del net.norm
    assert "norm.weight" not in net.state_dict()


def test_forgetting_super_init_is_explained():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"super\(\).__init__"):
        Forgetful()

    class NoForward(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="NoForward must define forward"):
        NoForward()(1)


def test_state_dict_round_trip_is_a_copy():
    net, other = Net(), Net()
    state = net.state_dict()
    assert other.load_state_dict(state) == ([], [])
    x = batch(5, 4)
    np.testing.assert_array_equal(net.eval()(x).data, other.eval()(x).data)
    state["scale"][:] = 99
    assert net.scale.data[0] == 1


def test_a_state_that_does_not_fit_is_listed_and_nothing_is_written():
    net = Net()
    state = net.state_dict()
    before = net.state_dict()
    del state["hidden.bias"]
    state["extra"] = np.zeros(1)
    state["hidden.weight"] = np.zeros((3, 5))
    state["norm.num_batches_tracked"] = np.array(0.5)
    state["scale"] = np.array([7.0])
    with pytest.raises(ValueError, match="does not fit Net") as caught:
        net.load_state_dict(state)
    message = str(caught.value)
    assert "missing from the state: hidden.bias" in message
    assert "not in the model: extra" in message
    assert "hidden.weight is (3, 5) in the state, (3, 4) in the model" in message
    assert "num_batches_tracked is float64" in message
    for key, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[key])
    good = {"extra": np.zeros(1), "scale": np.array([7.0])}
    result = net.load_state_dict(good, strict=False)
    assert result.unexpected == ["extra"]
    assert "hidden.bias" in result.missing
    assert net.scale.data[0] == 7


def test_deepcopy_and_pickle_are_independent():
    net = Net()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        twin.hidden.weight.data = np.zeros((3, 4), dtype=np.float32)
        assert net.hidden.weight.data.any()
        assert twin._parameters["scale"] is twin.scale
        twin(batch(5, 4)).sum().backward()
        assert net.scale.grad is None


def test_dtype_conversion():
    net = Net().double()
    assert net.hidden.weight.dtype == np.float64
    assert net.norm.num_batches_tracked.dtype == np.int64
    assert net(batch(5, 4).astype(np.float64)).dtype == np.float64
    assert net.float()(batch(5, 4)).dtype == np.float32


def test_freezing():
    net = Net().requires_grad_(False)
    assert not net(batch(5, 4)).requires_grad
    net.requires_grad_(True)
    net(batch(5, 4)).sum().backward()
    assert net.hidden.weight.grad is not None
    net.zero_grad()
    assert net.hidden.weight.grad is None


def test_hooks_see_and_may_replace_the_output():
    net = Net()
    seen = []
    handle = net.hidden.register_forward_hook(lambda m, args, y: seen.append(y.shape))
    net(batch(5, 4))
    handle.remove()
    net(batch(5, 4))
    assert seen == [(5, 3)]
    net.hidden.register_forward_hook(lambda m, args, y: y * 0)
    with no_grad():
        assert not net.hidden(batch(5, 4)).data.any()


def test_wrong_width_names_the_layer_and_the_remedy():
    model = nn.Sequential(
        {"features": nn.Identity(), "classifier": nn.Sequential(nn.Linear(784, 100))}
    )
    with pytest.raises(ValueError, match="last axis") as caught:
        model(batch(32, 28, 28))
    assert str(caught.value) == (
        'Linear "classifier.0" (784 → 100) got an input of shape (32, 28, 28): its last axis '
        "must be 784. Flatten first: nn.Flatten()."
    )
    with pytest.raises(ValueError, match=r"^Linear \(784 → 100\) got an input of shape \(3,\)"):
        nn.Linear(784, 100)(batch(3))


def test_wrong_dtype_names_both():
    with pytest.raises(TypeError, match=r"got an input of float64, but its parameters are float32"):
        Net()(batch(5, 4).astype(np.float64))


def test_an_error_inside_a_list_is_located_too():
    net = Net()
    net.heads._modules["0"] = nn.Linear(7, 2)
    with pytest.raises(ValueError, match=r'^Linear "heads.0" \(7 → 2\) got'):
        net(batch(5, 4))


def test_an_error_of_an_operation_is_located():
    class Wrong(nn.Module):
        def forward(self, x):
            return x @ batch(9, 9)

    with pytest.raises(ValueError, match=r'^Wrong "1": matmul of shapes \(5, 4\)'):
        nn.Sequential(nn.Identity(), Wrong())(Tensor(batch(5, 4)))


def test_images_of_the_wrong_kind():
    conv = nn.Conv2d(3, 8, 3)
    with pytest.raises(ValueError, match=r"Conv2d \(3 → 8\) got .* \(N, C, H, W\).*x\[None\]"):
        conv(batch(3, 5, 5))
    with pytest.raises(ValueError, match="3 channels, not 1"):
        conv(batch(2, 1, 5, 5))
    with pytest.raises(ValueError, match="groups=2"):
        nn.Conv2d(3, 8, 3, groups=2)
    with pytest.raises(ValueError, match="stride 1"):
        nn.Conv2d(3, 8, 3, stride=2, padding="same")
    with pytest.raises(ValueError, match="2 of them"):
        nn.Conv2d(3, 8, (3, 3, 3))
    with pytest.raises(ValueError, match="4 axes"):
        nn.BatchNorm2d(3)(batch(2, 3))
    with pytest.raises(ValueError, match="3 channels"):
        nn.BatchNorm2d(3)(batch(2, 4, 2, 2))
    with pytest.raises(ValueError, match="between 0 and 1"):
        nn.Dropout(1.5)
    with pytest.raises(ValueError, match="into 4 groups"):
        nn.GroupNorm(4, 6)


def test_containers():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    model.append(nn.Linear(3, 1))
    assert len(model) == 3
    assert isinstance(model[1], nn.ReLU)
    assert len(model[:2]) == 2
    assert [type(m).__name__ for m in model] == ["Linear", "ReLU", "Linear"]
    parts = nn.ModuleDict({"a": nn.ReLU()})
    parts["b"] = nn.Linear(1, 1)
    assert "b" in parts
    assert list(parts) == ["a", "b"]
    assert len(nn.ModuleList([nn.ReLU(), nn.ReLU()])[1:]) == 1
    with pytest.raises(TypeError, match="Module"):
        nn.Sequential(3)
    with pytest.raises(KeyError, match="no dot"):
        nn.ModuleDict({"a.b": nn.ReLU()})
    assert model.get_submodule("2") is model[2]
    with pytest.raises(KeyError, match="no child '7'"):
        model.get_submodule("7")


def test_repr_of_a_network():
    text = repr(nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU())))
    assert text == (
        "Sequential(\n  (0): Linear(2, 3, bias=True)\n  (1): Sequential(\n    (0): ReLU()\n  )\n)"
    )


def test_random_layers_only_act_in_training():
    x = batch(200, 50)
    for layer in (nn.Dropout(0.5), nn.AlphaDropout(0.5), nn.GaussianNoise(0.5)):
        assert not np.array_equal(layer(x).data, x)
        np.testing.assert_array_equal(layer.eval()(x).data, x)
    images = batch(8, 16, 3, 3)
    dropped = nn.Dropout2d(0.5)(images).data.reshape(8 * 16, 9)
    assert 20 < (dropped == 0).all(axis=1).sum() < 108


def test_unpooling_puts_values_back():
    x = batch(1, 1, 4, 4)
    y, places = nn.MaxPool2d(2, return_indices=True)(x)
    back = nn.MaxUnpool2d(2)(y, places).data
    assert np.count_nonzero(back) == 4
    np.testing.assert_array_equal(np.sort(back[back != 0]), np.sort(y.data.ravel()))


@pytest.mark.parametrize("given", [[[1.0, 2.0]], None, "abc"])
@pytest.mark.parametrize("make", [lambda: nn.Linear(2, 1), lambda: nn.Conv2d(1, 1, 3)])
def test_an_input_that_is_no_array_is_refused_by_the_layer(make, given):
    with pytest.raises(TypeError, match=r'"0" .* got a \w+ as input'):
        nn.Sequential(make())(given)


def test_integers_are_not_advised_to_convert_the_model():
    with pytest.raises(TypeError, match=r"x\.astype\('float32'\)$"):
        nn.Linear(2, 1)(np.zeros((1, 2), dtype=np.uint8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Linear(-1, 2), "in_features is a whole number"),
        (lambda: nn.Linear(2, 2.5), "out_features is a whole number"),
        (lambda: nn.Linear("4", 2), "in_features is a whole number"),
        (lambda: nn.Conv2d(1, 1, 0), "kernel_size must be .* at least 1"),
        (lambda: nn.Conv2d(1, 1, 3, stride=0), "stride must be .* at least 1"),
        (lambda: nn.Conv2d(1, 1, 3, padding=-1), "padding must be .* at least 0"),
    ],
)
def test_impossible_sizes_are_refused_when_the_layer_is_made(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_state_is_a_dictionary():
    with pytest.raises(TypeError, match="takes a dictionary of arrays by name, not a str"):
        Net().load_state_dict("weights.safetensors")


def test_inplace_is_accepted_and_unknown_options_are_not():
    x = Tensor([-1.0, 2.0])
    for layer in (nn.ReLU(inplace=True), nn.ReLU(True), nn.Dropout(0.0, inplace=True)):
        layer(x)
        assert x.tolist() == [-1.0, 2.0]
    with pytest.raises(TypeError, match="slope"):
        nn.ReLU(slope=0.1)


def test_indices_of_adaptive_pooling_and_unpooling_of_one_and_three_axes():
    for pool, unpool, x in (
        (nn.MaxPool1d(2, return_indices=True), nn.MaxUnpool1d(2), batch(1, 2, 4)),
        (nn.MaxPool3d(2, return_indices=True), nn.MaxUnpool3d(2), batch(1, 2, 4, 4, 2)),
    ):
        y, at = pool(x)
        back = unpool(y, at).data
        np.testing.assert_array_equal(back, np.where(back != 0, x, 0))
        assert (back != 0).sum() == y.size
    y, at = nn.AdaptiveMaxPool2d(1, return_indices=True)(batch(1, 1, 3, 3))
    assert batch(1, 1, 3, 3).ravel()[at.item()] == y.item()


def test_gradients_are_forgotten_or_zeroed():
    layer = nn.Linear(2, 1)
    layer(batch(3, 2)).sum().backward()
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad.tolist() == [[0.0, 0.0]]
    layer.zero_grad()
    assert layer.weight.grad is None


def test_an_observer_sees_what_modules_give_back():
    seen = []

    class Watcher(Observer):
        def returned(self, module, output):
            seen.append((module, output))

        def leave(self, module):
            seen.append((module, "left"))

    inner = nn.Linear(2, 3)
    outer = nn.Sequential(inner)
    outer.register_forward_hook(lambda module, args, output: output * 2)
    with observe(Watcher()):
        y = outer(np.ones((1, 2), dtype=np.float32))
        with pytest.raises(ValueError, match="Linear"):
            outer(np.ones((1, 7), dtype=np.float32))
    assert [module for module, _ in seen] == [inner, inner, outer, outer, inner, outer]
    assert seen[2][1] is y  # after hooks
    assert [what for _, what in seen[4:]] == ["left", "left"]

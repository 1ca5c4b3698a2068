"""Loading a state: converted numbers, other heads, long lists; all of it or nothing."""

import numpy as np
import pytest

from shinso import nn
from shinso.nn import init


def net(classes=10, width=6):
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.Linear(width, classes))


def unchanged(model, before):
    return all(np.array_equal(before[k], v) for k, v in model.state_dict().items())


def test_another_number_of_classes_says_how_to_go_on():
    model, state = net(10), net(1000).state_dict()
    before = model.state_dict()
    with pytest.raises(ValueError, match="does not fit Sequential") as caught:
        model.load_state_dict(state)
    message = str(caught.value)
    assert "2.weight is (1000, 6) in the state, (10, 6) in the model" in message
    assert "2.bias is (1000,) in the state, (10,) in the model" in message
    assert "a network with 1000 classes, this one has 10" in message
    assert "num_classes=1000" in message
    assert unchanged(model, before)
    # What the message says is what works.
    advice = message[message.index("{k: v") : message.index(", strict=False")]
    rest = eval(advice, {"state": state})
    result = model.load_state_dict(rest, strict=False)
    assert result == (["2.weight", "2.bias"], [])
    assert np.array_equal(model[0].weight.data, state["0.weight"])


def test_two_heads_are_named_both():
    def two(classes):
        return nn.ModuleDict({"aux": nn.Linear(3, classes), "fc": nn.Linear(3, classes)})

    with pytest.raises(ValueError) as caught:
        two(10).load_state_dict(two(7).state_dict())
    assert "k.startswith(('aux.', 'fc.'))" in str(caught.value)


def test_other_widths_are_no_matter_of_the_head():
    with pytest.raises(ValueError) as caught:
        net(10, 8).load_state_dict(net(12, 6).state_dict())
    assert "0.weight is (6, 3, 3, 3) in the state, (8, 3, 3, 3) in the model" in str(caught.value)
    assert "head" not in str(caught.value)


def test_long_lists_are_cut():
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(20)])
    with pytest.raises(ValueError) as caught:
        model.load_state_dict({f"k{i}": np.ones(1) for i in range(30)})
    message = str(caught.value)
    assert "missing from the state: 0.weight, 0.bias, 1.weight" in message
    assert "and 32 more; not in the model: k0, k1" in message
    assert message.endswith("and 22 more")
    result = model.load_state_dict({"k": np.ones(1)}, strict=False)
    assert len(result.missing) == 40
    assert result.unexpected == ["k"]


def test_numbers_take_the_models_type():
    model = net()
    state = {k: v.astype(np.float64) if v.ndim else v.astype(np.int32)
             for k, v in net().state_dict().items()}  # fmt: skip
    state["0.weight"] = state["0.weight"].astype(np.float16)
    state["1.num_batches_tracked"] = np.array(7, np.int32)
    assert model.load_state_dict(state) == ([], [])
    assert {v.dtype for v in model.state_dict().values()} == {np.dtype("f4"), np.dtype("i8")}
    assert model[1].num_batches_tracked.data == 7
    assert np.array_equal(model[0].weight.data, state["0.weight"].astype(np.float32))


def test_a_number_too_large_leaves_everything_as_it_was():
    model, state = net(), net().state_dict()
    before = model.state_dict()
    state["2.bias"] = np.full(10, 1e300)
    with pytest.raises(FloatingPointError):  # tests turn NumPy's warnings into errors
        model.load_state_dict(state)
    assert unchanged(model, before)


def test_old_files_have_no_counters():
    model, state = net(), net().state_dict()
    del state["1.num_batches_tracked"]
    assert model.load_state_dict(state) == ([], [])
    assert np.array_equal(model[1].running_var.data, state["1.running_var"])
    del state["1.running_var"]
    with pytest.raises(ValueError, match=r"missing from the state: 1.running_var$"):
        model.load_state_dict(state)


def test_what_is_no_number_is_refused():
    model, state = net(), net().state_dict()
    for wrong in (np.array(["a"] * 10), np.full(10, None), np.ones(10, complex)):
        with pytest.raises(ValueError, match=r"2\.bias is"):
            model.load_state_dict(state | {"2.bias": wrong})


def test_the_model_does_not_share_memory_with_the_state():
    model, state = net(), net().state_dict()
    model.load_state_dict(state)
    kept = model[0].weight.data.copy()
    state["0.weight"][:] = 9
    assert np.array_equal(model[0].weight.data, kept)


def test_skip_draws_nothing_and_leaves_the_stream():
    from shinso.ops import manual_seed

    manual_seed(3)
    expected = nn.Linear(4, 3).weight.numpy()
    manual_seed(3)
    with init.skip():
        model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))
        init.kaiming_normal_(model[0].weight)
        init.orthogonal_(model[2].weight)
        init.trunc_normal_(model[2].weight)
        with init.skip():
            pass
        assert not nn.Linear(2, 2).weight.data.any()
    assert not model[0].weight.data.any()
    assert (model[1].weight.data == 1).all()
    np.testing.assert_array_equal(nn.Linear(4, 3).weight.data, expected)


def test_skip_ends_with_an_error_too():
    with pytest.raises(ValueError, match="nothing"), init.skip():
        raise ValueError("nothing")
    assert nn.Linear(4, 3).weight.data.any()

"""States taken apart and put together: every kind of value, odd numbers, what cannot be saved."""

import json
import math

import numpy as np
import pytest

from shinso.train.packing import pack, unpack


def test_round_trip():
    state = {
        "a": {"0": np.arange(6, dtype=np.float32).reshape(2, 3).T, "n": np.int64(3)},
        "list": [1, 2.5, "x", None, True, np.array(7), {"deep": np.zeros((0, 2))}],
        "odd": [math.inf, -math.inf],
    }
    tensors = {}
    plain = json.loads(json.dumps(pack(state, tensors), allow_nan=False))
    assert set(tensors) == {"a/0", "list/5", "list/6/deep"}
    assert tensors["a/0"].flags.c_contiguous
    back = unpack(plain, tensors)
    assert np.array_equal(back["a"]["0"], state["a"]["0"])
    assert back["a"]["n"] == 3
    assert back["list"][:5] == [1, 2.5, "x", None, True]
    assert back["list"][5].shape == ()
    assert back["list"][6]["deep"].shape == (0, 2)
    assert back["odd"] == state["odd"]


def test_nan():
    assert math.isnan(unpack(pack({"x": math.nan}, {}), {})["x"])


def test_foreign_byte_order_becomes_our_own():
    tensors = {}
    pack({"x": np.array([1.0, 2.0], dtype=">f8")}, tensors)
    assert tensors["x"].dtype.isnative
    assert tensors["x"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "state",
    [{"x": object()}, {"x": {1: 2}}, {"x": np.array(["a"])}, {"$tensor": 1}, {"x": {1, 2}}],
)
def test_what_cannot_be_saved(state):
    with pytest.raises(TypeError, match=r"^(x|state)"):
        pack(state, {})


@pytest.mark.parametrize(
    "plain",
    [
        {"$tensor": "gone"}, {"$float": "7"}, {"$tensor": {}}, {"$tensor": [1]}, {"$float": []},
    ],
)  # fmt: skip
def test_damage(plain):
    with pytest.raises(ValueError, match=r"missing|no number"):
        unpack({"a": [plain]}, {})

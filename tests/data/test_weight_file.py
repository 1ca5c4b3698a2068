"""Weight files: what comes back, what is converted, what is refused; nothing half-written."""

import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import safetensors.numpy

import shinso
from shinso import nn
from shinso.data import DataError
from shinso.data.weight_file import Weights


def raw(header: dict | bytes, body: bytes = b"") -> bytes:
    """A safetensors file by hand."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_a_network_comes_back(tmp_path):
    one, two = (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)) for _ in range(2))
    path = tmp_path / "net.safetensors"
    shinso.save(one.state_dict(), path, {"model": "mine"})
    state = shinso.load(str(path))
    assert isinstance(state, Weights)
    assert state.metadata == {"model": "mine"}
    assert state.converted == {}
    assert two.load_state_dict(state) == ([], [])
    for key, array in one.state_dict().items():
        np.testing.assert_array_equal(two.state_dict()[key], array)
        assert state[key].dtype == array.dtype
    assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]


def test_every_type_and_order_comes_back(tmp_path):
    rng = np.random.default_rng(0)
    kinds = ["f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
    state = {k: rng.integers(0, 2, (2, 3)).astype(k) for k in kinds}
    state |= {"turned": rng.standard_normal((2, 3, 4)).T, "none": np.zeros((0, 3), np.float32)}
    state["count"] = np.array(7)
    shinso.save(state, tmp_path / "a.safetensors")
    found = shinso.load(tmp_path / "a.safetensors")
    assert found.metadata == {}
    assert set(found) == set(state)
    for key, array in state.items():
        assert found[key].dtype == array.dtype
        np.testing.assert_array_equal(found[key], array)


def test_half_precision_becomes_float32_exactly(tmp_path):
    half = np.array([1.5, -2.0, 6.1e-5, np.inf, np.nan, 65504], np.float16)
    whole = np.array([1.0, -3.140625, 1e-38, np.inf, np.nan, 3.3895e38], np.float32)
    upper = (whole.view(np.uint32) >> 16).astype(np.uint16)
    header = {
        "a": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]},
        "b": {"dtype": "BF16", "shape": [6], "data_offsets": [12, 24]},
        "c": {"dtype": "F32", "shape": [], "data_offsets": [24, 28]},
    }
    body = half.tobytes() + upper.tobytes() + np.float32(2).tobytes()
    (tmp_path / "h.safetensors").write_bytes(raw(header, body))
    found = shinso.load(tmp_path / "h.safetensors")
    assert found.converted == {"a": "F16", "b": "BF16"}
    assert all(array.dtype == np.float32 for array in found.values())
    np.testing.assert_array_equal(found["a"], half.astype(np.float32).reshape(2, 3))
    expected = (upper.astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(found["b"], expected)
    np.testing.assert_allclose(found["b"][:3], whole[:3], rtol=0.01)
    assert found["c"] == 2


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin", ".safetensors", ""])
@pytest.mark.parametrize("zipped", [True, False])
def test_pickles_are_refused_with_a_way_out(tmp_path, suffix, zipped):
    path = tmp_path / f"net{suffix}"
    if zipped:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("data.pkl", pickle.dumps({"a": 1}))
    else:
        path.write_bytes(pickle.dumps({"a": [1.0] * 50}, protocol=2))
    with pytest.raises(DataError, match="is a pickle") as caught:
        shinso.load(path)
    lines = str(caught.value).splitlines()
    assert lines[1].strip() == "import torch, safetensors.torch"
    name = path.name
    assert f"torch.load('{name}', weights_only=True), 'net.safetensors')" in lines[2]


def test_the_name_does_not_matter_if_the_content_is_right(tmp_path):
    # This header is as long as a pickle's first two bytes say: 0x0280.
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    text = json.dumps({"a": entry}).encode().ljust(0x0280)
    (tmp_path / "model.bin").write_bytes(raw(text, np.float32(3).tobytes()))
    assert shinso.load(tmp_path / "model.bin")["a"] == [3]


def damaged():
    good = safetensors.numpy.save({"a": np.ones(3, np.float32)}, {"x": "y"})
    entry = {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}
    body = bytes(12)
    yield "empty", b""
    yield "cut in the length", good[:5]
    yield "cut in the header", good[:40]
    yield "cut in the numbers", good[:-1]
    yield "something behind", good + b"x"
    yield "header of exabytes", b"\xff" * 8 + good[8:]
    yield "no JSON", raw(b"{nonsense", body)
    yield "not UTF-8", raw(b'{"\xff": 1}', body)
    yield "deep JSON", raw(b'{"a":' + b"[" * 100_000, body)
    yield "a list", raw(b"[]")
    yield "beyond the end", raw({"a": entry | {"data_offsets": [0, 1 << 40]}}, body)
    yield "backwards", raw({"a": entry | {"data_offsets": [12, 0]}}, body)
    yield "negative", raw({"a": entry | {"data_offsets": [-12, 0]}}, body)
    yield "overlapping", raw({"a": entry, "b": entry}, body)
    yield "shape of another size", raw({"a": entry | {"shape": [4]}}, body)
    yield "huge shape", raw({"a": entry | {"shape": [1 << 62, 1 << 62]}}, body)
    yield "unknown type", raw({"a": entry | {"dtype": "F31"}}, body)
    yield "metadata of lists", raw({"__metadata__": {"x": [1]}, "a": entry}, body)
    yield "metadata of text", raw({"__metadata__": "x", "a": entry}, body)


@pytest.mark.parametrize(("what", "content"), [pytest.param(*d, id=d[0]) for d in damaged()])
def test_damaged_files_are_refused(tmp_path, what, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.safetensors: is no whole safetensors file"):
        shinso.load(path)


def test_a_type_without_a_counterpart_is_named(tmp_path):
    entry = {"dtype": "F8_E4M3", "shape": [3], "data_offsets": [0, 3]}
    (tmp_path / "f8.safetensors").write_bytes(raw({"layer.weight": entry}, bytes(3)))
    with pytest.raises(DataError, match=r"layer\.weight holds numbers of type F8_E4M3"):
        shinso.load(tmp_path / "f8.safetensors")


def test_what_is_no_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        shinso.load(tmp_path / "missing.safetensors")
    with pytest.raises(DataError, match="is no file but a folder"):
        shinso.load(tmp_path)
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(DataError, match="is no file"):
        shinso.load(tmp_path / "pipe.safetensors")
    np.savez(tmp_path / "a.npz", a=np.ones(2))
    with pytest.raises(DataError, match="no whole safetensors file"):
        shinso.load(tmp_path / "a.npz")


def test_save_refuses_and_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.safetensors"
    shinso.save({"a": np.ones(2)}, path)
    before = path.read_bytes()
    for wrong, says in (
        (nn.Linear(2, 2), "a dictionary of arrays"),
        ({"a": "text"}, "numbers under names"),
        ({"a": np.ones(2, complex)}, "numbers under names"),
        ({1: np.ones(2)}, "numbers under names"),
    ):
        with pytest.raises(TypeError, match=says):
            shinso.save(wrong, path)
    with pytest.raises(TypeError, match="texts by name"):
        shinso.save({"a": np.ones(2)}, path, {"classes": 10})
    assert path.read_bytes() == before
    with pytest.raises(DataError, match="cannot be written"):
        shinso.save({"a": np.ones(2)}, tmp_path / "no" / "a.safetensors")
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]

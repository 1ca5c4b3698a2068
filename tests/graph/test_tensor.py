"""Tensors: what they hold, how they are written, and how they meet the rest of the world."""

import copy
import pickle

import numpy as np
import pytest

from shinso import ops
from shinso.cell import overlaid, version
from shinso.graph import Tensor, no_grad, set_default_dtype, tensor
from shinso.graph.probe import Probe, ProbeOverlay


def test_dtypes_of_new_tensors():
    assert Tensor([1.0, 2.0]).dtype == np.float32
    assert Tensor(3).dtype == np.int64
    assert Tensor(np.zeros(3)).dtype == np.float64
    assert Tensor(np.float64(3)).dtype == np.float64
    assert tensor([1, 2], dtype="float64").dtype == np.float64
    set_default_dtype("float64")
    try:
        assert Tensor([1.0]).dtype == np.float64
    finally:
        set_default_dtype("float32")


def test_bad_data_is_refused():
    with pytest.raises(ValueError, match="cannot make a tensor of list"):
        Tensor([[1.0], [1.0, 2.0]])
    with pytest.raises(TypeError, match="not numbers"):
        Tensor([object()])
    with pytest.raises(TypeError, match="int64"):
        Tensor([1, 2], requires_grad=True)
    with pytest.raises(ValueError, match="float32 or float64"):
        set_default_dtype("float16")


def test_data_is_copied_in_and_live_and_read_only():
    array = np.ones(3)
    x = Tensor(array)
    array[0] = 5
    assert x.data[0] == 1
    view = x.data
    x.data = np.full(3, 7.0)
    assert view[0] == 7
    with pytest.raises(ValueError, match="read-only"):
        x.data[0] = 1
    with pytest.raises(TypeError, match=r"ops\.where"):
        x[0] = 1


def test_a_write_of_another_shape_counts_as_a_change():
    x = Tensor(np.zeros(3))
    before = version()
    x.data = np.ones(3)
    assert version() == before
    x.data = 2  # a number takes the tensor's dtype, but not its shape
    assert x.shape == ()
    assert version() == before + 1


def test_numpy_is_a_copy():
    x = Tensor([1.0])
    kept = x.numpy()
    x.data = np.array([2.0], dtype=np.float32)
    assert kept[0] == 1


def test_item_and_friends():
    assert Tensor(2.5).item() == 2.5
    assert float(Tensor([2.5])) == 2.5
    assert int(Tensor(2)) == 2
    assert bool(Tensor(0.0)) is False
    assert f"{Tensor(2.5):.2f}" == "2.50"
    with pytest.raises(ValueError, match=r"exactly one element.*\(2,\)"):
        Tensor([1.0, 2.0]).item()
    with pytest.raises(TypeError, match="no length"):
        len(Tensor(1.0))


def test_repr_says_what_it_is():
    x = Tensor([1.0], requires_grad=True, name="w")
    assert repr(x) == "Tensor([1.], requires_grad=True, name='w')"
    assert "creator=Multiply" in repr(x * 2)


def test_numpy_and_dlpack_see_a_tensor():
    x = Tensor([1.0, 2.0])
    assert np.asarray(x).tolist() == [1.0, 2.0]
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    shared = np.from_dlpack(x)
    assert shared.tolist() == [1.0, 2.0]
    assert not np.shares_memory(shared, x.data)


def test_deepcopy_and_pickle():
    x = Tensor([1.0, 2.0], requires_grad=True, name="w")
    (x * x).sum().backward()
    twin = copy.deepcopy(x)
    twin.data = np.zeros(2, dtype=np.float32)
    assert x.tolist() == [1.0, 2.0]
    assert twin.grad.tolist() == [2.0, 4.0]
    again = pickle.loads(pickle.dumps(x))
    assert again.requires_grad
    assert again.name == "w"
    with pytest.raises(RuntimeError, match="detach"):
        copy.deepcopy(x * 2)


def test_grad_must_fit():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        x.grad = np.zeros(3)


def test_requires_grad_of_a_result_is_not_for_setting():
    x = Tensor([1.0], requires_grad=True)
    y = x * 2
    with pytest.raises(RuntimeError, match="Multiply"):
        y.requires_grad = False
    assert not y.detach().requires_grad
    before = version()
    x.requires_grad_(False)
    assert version() == before + 1


def test_no_grad_records_nothing():
    x = Tensor([1.0], requires_grad=True)
    with no_grad():
        y = x * 2
    assert y.creator is None
    assert not y.requires_grad


def test_an_overlay_catches_reads_and_writes():
    p = Tensor([1.0], requires_grad=True)
    with overlaid(ProbeOverlay()) as overlay:
        assert isinstance(p.data, Probe)
        p.data = p.data * 2
        (p * 3).sum().backward()
        assert isinstance(p.grad, Probe)
        assert p.data.array.tolist() == [2.0]
        assert (id(p), "data") in overlay.values
    assert p.tolist() == [1.0]
    assert p.grad is None


def test_lists_are_refused_by_operations():
    with pytest.raises(TypeError, match=r"Add got a list.*shinso\.tensor"):
        ops.add(Tensor([1.0]), [1.0])


@pytest.mark.parametrize("data", ["abc", [1j], ["1", "2"], None, np.array(["2020"], "M8[Y]")])
def test_what_is_no_real_number_is_refused(data):
    with pytest.raises(TypeError, match=r"its elements are (not numbers|complex)"):
        Tensor(data)

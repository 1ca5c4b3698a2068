"""Both sides get the same data, of the kind the loss takes."""

import numpy as np
import pytest

from bench.workloads import WORKLOADS


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=lambda w: w.name)
def test_data(workload):
    x, t = workload.data(3)
    assert x.shape == (3, *workload.shape)
    assert x.dtype == np.float32
    if workload.binary:
        assert t.shape == (3, 1)
        assert t.dtype == np.float32
        assert set(t.ravel()) <= {0, 1}
    else:
        assert t.shape == (3,)
        assert t.dtype == np.int64
        assert 0 <= t.min() <= t.max() < workload.classes


def test_data_is_the_same_every_time():
    for first, second in zip(WORKLOADS["mlp"].data(5), WORKLOADS["mlp"].data(5), strict=True):
        np.testing.assert_array_equal(first, second)


def test_names_are_the_keys():
    assert all(name == workload.name for name, workload in WORKLOADS.items())

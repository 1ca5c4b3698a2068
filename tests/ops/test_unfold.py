"""im2col is the convolution: what the table of cases cannot say."""

import numpy as np
import pytest

from shinso import ops


@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_is_a_matrix_product_with_im2col(groups):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 4, 7, 6))
    w = rng.standard_normal((6, 4 // groups, 3, 2))
    how = {"stride": 2, "padding": 1, "dilation": 2}
    y = ops.conv2d(x, w, groups=groups, **how).data
    columns = ops.im2col(x, (3, 2), **how).data
    rows = w.reshape(groups, 6 // groups, -1)
    parts = columns.reshape(2, groups, rows.shape[2], -1)
    np.testing.assert_allclose((rows @ parts).reshape(y.shape), y, rtol=1e-12, atol=1e-12)


def test_col2im_counts_the_windows_over_each_pixel():
    back = ops.col2im(ops.im2col(np.ones((1, 1, 3, 4)), 2), (3, 4), 2).data
    np.testing.assert_array_equal(back[0, 0], [[1, 2, 2, 1], [2, 4, 4, 2], [1, 2, 2, 1]])


def test_the_transposed_convolution_is_the_transpose_of_the_convolution():
    """⟨conv(x), y⟩ = ⟨x, conv_transpose(y)⟩ with the same weight."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 4, 8, 7)), rng.standard_normal((6, 2, 3, 2))
    how = {"stride": 2, "padding": 1, "groups": 2}
    y = rng.standard_normal(ops.conv2d(x, w, **how).shape)
    back = ops.conv_transpose2d(y, w, output_padding=1, **how).data
    assert back.shape == x.shape
    np.testing.assert_allclose((ops.conv2d(x, w, **how).data * y).sum(), (x * back).sum())

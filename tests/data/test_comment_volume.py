"""Names, labels and the measure of the comment volume data, on a few made-up rows."""

import numpy as np
import pytest

from shinso.data import DataError
from shinso.data.comment_volume import CATEGORY, COLUMNS, TARGET, comment_volume, hits_at_10


def write(folder, columns=54):
    rng = np.random.default_rng(0)
    for name in ["Features_Variant_1", *(f"Test_Case_{i}" for i in range(1, 11))]:
        rows = rng.integers(0, 50, (30, columns))
        np.savetxt(folder / f"{name}.csv", rows, "%d", delimiter=",", newline="\r\n")


def test_the_columns():
    assert len(COLUMNS) == len(set(COLUMNS)) == 54
    assert COLUMNS[3] == CATEGORY
    assert COLUMNS[29] == "comments before the base time"
    assert COLUMNS[38:40] == ("H", "posted on Sunday")
    assert COLUMNS[-1] == TARGET


@pytest.mark.parametrize("inside", [False, True])
def test_reading(tmp_path, inside):
    folder = tmp_path / "facebook_comment_volume" if inside else tmp_path
    folder.mkdir(exist_ok=True)
    write(folder)
    train, cases = comment_volume(tmp_path)
    assert list(train) == list(COLUMNS)
    assert len(cases) == 10
    assert train[CATEGORY].dtype == "category"
    assert train[TARGET].dtype == np.float64


def test_what_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"has no Test_Case_1\.csv"):
        comment_volume(tmp_path)
    write(tmp_path, columns=53)
    with pytest.raises(DataError, match="has 53 columns, not 54"):
        comment_volume(tmp_path)


def test_hits():
    t = np.arange(100.0)
    assert hits_at_10([t], [t]) == 10
    assert hits_at_10([t], [-t]) == 0
    assert hits_at_10([t, t], [t, np.roll(t, 5)]) == 7.5

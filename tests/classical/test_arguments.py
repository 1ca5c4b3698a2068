import numpy as np
import pytest

from shinso.classical.arguments import check_choice, check_count, check_number, check_widths


def test_counts():
    assert check_count("k", np.int64(3)) == 3
    assert check_count("k", 0, least=0) == 0
    for bad in (0, -1, 1.0, True, "3", None):
        with pytest.raises(ValueError, match="k is a whole number of at least 1"):
            check_count("k", bad)


def test_numbers():
    assert check_number("p", 0) == 0.0
    assert check_number("p", np.float32(0.5), high=1) == 0.5
    with pytest.raises(ValueError, match="p is a number above 0, not 0"):
        check_number("p", 0, open_low=True)
    with pytest.raises(ValueError, match="of at least 0 and at most 1, not 2"):
        check_number("p", 2, high=1)
    for bad in (np.nan, "1", None, True, -1):
        with pytest.raises(ValueError, match="p is a number"):
            check_number("p", bad)


def test_choices():
    assert check_choice("solver", "sgd", ("adam", "sgd")) == "sgd"
    with pytest.raises(ValueError, match="did you mean 'adam'"):
        check_choice("solver", "adm", ("adam", "sgd"))
    with pytest.raises(ValueError, match="is one of 'adam', 'sgd', not 3"):
        check_choice("solver", 3, ("adam", "sgd"))


def test_widths():
    assert check_widths("w", 5) == (5,)
    assert check_widths("w", [5, np.int64(3)]) == (5, 3)
    assert check_widths("w", np.array([4, 2])) == (4, 2)
    for bad in ((), None, "ab", 2.5):
        with pytest.raises(ValueError, match="w is widths"):
            check_widths("w", bad)
    with pytest.raises(ValueError, match="at least 1"):
        check_widths("w", (3, 0))

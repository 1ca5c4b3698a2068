"""Tables are joined by keys, and what does not fit is said."""

import numpy as np
import pandas as pd
import pytest

from shinso.data import DataError
from shinso.data.tabular import join

SALES = pd.DataFrame({"shop": [3, 1, 9, 3], "sold": [10, 20, 30, 40]})
SHOPS = pd.DataFrame(
    {"shop": [1, 2, 3], "city": ["Nara", "Kobe", "Kyoto"], "sold": [0.1, 0.2, 0.3]}
)


def test_left():
    found, how = join(SALES, SHOPS, "shop")
    assert found["city"].tolist() == ["Kyoto", "Nara", np.nan, "Kyoto"]
    assert found["sold"].tolist() == [10, 20, 30, 40]
    assert how.renamed == {"sold": "sold (joined)"}
    assert (how.rows, how.matched, how.unused) == (4, 0.75, 1)
    assert "25 % of the rows find no partner" in how.notes[0]
    assert "1 of 3 rows on the right" in how.notes[1]


def test_inner():
    found, how = join(SALES, SHOPS, "shop", how="inner")
    assert found["shop"].tolist() == [3, 1, 3]
    assert how.rows == 3


def test_texts_and_numbers_are_compared_as_texts():
    shops = SHOPS.assign(shop=["1", "2", " 3"])
    found, how = join(SALES, shops, "shop")
    assert found["city"].tolist()[0] == "Kyoto"
    assert "compared as texts" in how.notes[0]
    categories = SALES.assign(shop=pd.Categorical(["3", "1", "9", "3"]))
    assert join(categories, shops, "shop")[0]["city"].tolist()[1] == "Nara"


def test_two_keys_of_other_names():
    left = pd.DataFrame({"year": [2020, 2021], "shop": [1, 1]})
    right = pd.DataFrame({"y": [2021, 2020], "s": [1, 1], "rent": [5.0, 4.0]})
    found, _ = join(left, right, ["year", "shop"], ["y", "s"])
    assert found["rent"].tolist() == [4.0, 5.0]


def test_missing_keys_match_nothing():
    left = SALES.assign(shop=[3, np.nan, 9, 3])
    right = pd.concat([SHOPS, pd.DataFrame({"shop": [np.nan], "city": ["Nowhere"]})])
    found, how = join(left, right, "shop")
    assert found["city"].tolist() == ["Kyoto", np.nan, np.nan, "Kyoto"]
    assert "1 rows on the right have no key" in how.notes[0]


def test_rows_would_multiply():
    with pytest.raises(DataError, match=r"1 rows on the right .* \[3\]: rows would multiply"):
        join(SALES, pd.concat([SHOPS, SHOPS[2:]]), "shop")


@pytest.mark.parametrize(
    ("on", "right_on", "match"),
    [("ship", "shop", "left table has no key column 'ship'"), ("shop", "x", "right table has no")],
)
def test_keys_that_are_not_there(on, right_on, match):
    with pytest.raises(DataError, match=match):
        join(SALES, SHOPS, on, right_on)


def test_nothing_matches():
    with pytest.raises(DataError, match=r"no row finds a partner: .*\[\[3\], \[1\], \[9\]\]"):
        join(SALES, SHOPS.assign(shop=[100, 200, 300]), "shop")


def test_wrong_arguments():
    with pytest.raises(ValueError, match="not 'outer'"):
        join(SALES, SHOPS, "shop", how="outer")
    with pytest.raises(ValueError, match="as many keys"):
        join(SALES, SHOPS, ["shop", "sold"], "shop")

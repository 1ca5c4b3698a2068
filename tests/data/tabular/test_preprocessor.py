"""Tables become numbers: beside scikit-learn's own transformers, and saved and read again."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from shinso.data import DataError
from shinso.data.tabular import (
    Choices,
    ColumnChoice,
    TablePreprocessor,
    load_choices,
    read_preprocessor,
)

SCALERS = {"standard": StandardScaler(), "minmax": MinMaxScaler(), "robust": RobustScaler()}


def frame(rows=200, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(5, 3, rows)
    x[rng.random(rows) < 0.2] = np.nan
    return pd.DataFrame(
        {
            "x": x,
            "size": rng.choice(["S", "M", "L"], rows),
            "city": rng.choice(["Kyoto", "Osaka", "Nara", None], rows),
            "flag": rng.choice(["no", "yes"], rows),
            "day": pd.to_datetime("2021-03-01") + pd.to_timedelta(rng.integers(0, 99, rows), "D"),
            "y": rng.integers(0, 3, rows),
        }
    )


def chosen(task="classification", **columns) -> Choices:
    return Choices("y", task, "none", {k: v or ColumnChoice("number") for k, v in columns.items()})


@pytest.mark.parametrize("scale", SCALERS)
@pytest.mark.parametrize(("missing", "strategy"), [("median",) * 2, ("mean",) * 2, ("zero", None)])
def test_numbers_as_scikit_learn_has_them(scale, missing, strategy):
    choice = ColumnChoice("number", missing, indicator=True, scale=scale)
    data, other = frame(), frame(seed=1)
    prepared = TablePreprocessor(chosen(x=choice)).fit(data)
    fill = (
        SimpleImputer(strategy=strategy)
        if strategy
        else SimpleImputer(strategy="constant", fill_value=0.0)
    )
    theirs = make_pipeline(fill, SCALERS[scale]).fit(data[["x"]].to_numpy())
    x = prepared.transform(other)
    np.testing.assert_allclose(
        x[:, :1], theirs.transform(other[["x"]].to_numpy()), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(x[:, 1], other["x"].isna())
    assert prepared.names_ == ["x", "x (missing)"]


def test_categories_as_scikit_learn_has_them():
    data, other = frame(), frame(seed=1)
    columns = {
        "size": ColumnChoice("category", "most frequent"),
        "flag": ColumnChoice("category", "level"),
    }
    prepared = TablePreprocessor(chosen(**columns)).fit(data)
    theirs = ColumnTransformer(
        [("s", OneHotEncoder(sparse_output=False), ["size"]), ("f", OrdinalEncoder(), ["flag"])]
    ).fit(data)
    np.testing.assert_array_equal(prepared.transform(other), theirs.transform(other))
    assert prepared.names_ == ["size = L", "size = M", "size = S", "flag = yes"]


def test_missing_values_can_be_a_level():
    prepared = TablePreprocessor(chosen(city=ColumnChoice("category", "level"))).fit(frame())
    assert prepared.names_[-1] == "city = (missing)"
    rows = pd.DataFrame({"city": [None, "Nara", "Tokyo"]})
    np.testing.assert_array_equal(
        prepared.transform(rows), [[0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]]
    )


def test_rare_levels_share_one():
    data = pd.DataFrame({"c": [*"a" * 9, *"b" * 6, *"cdefg"], "y": [0, 1] * 10})
    prepared = TablePreprocessor(chosen(c=ColumnChoice("category", "level", levels=3))).fit(data)
    assert prepared.names_ == ["c = a", "c = b", "c = (other)"]
    rows = pd.DataFrame({"c": ["e", "new", "b"]})
    np.testing.assert_array_equal(prepared.transform(rows), [[0, 0, 1], [0, 0, 1], [0, 1, 0]])


def test_an_order():
    choice = ColumnChoice(
        "category", "most frequent", scale="none", encode="ordinal", order=["S", "M", "L"]
    )
    prepared = TablePreprocessor(chosen(size=choice)).fit(frame())
    rows = pd.DataFrame({"size": ["L", "S", "M"]})
    np.testing.assert_array_equal(prepared.transform(rows)[:, 0], [2, 0, 1])
    assert len(prepared.names_) == 1


def test_numeric_labels_have_the_same_names_everywhere():
    """3, 3.0 and "3" are one level: a column with a gap is of floats."""
    data = pd.DataFrame({"c": [1, 2, 3] * 4, "y": [0, 1] * 6})
    prepared = TablePreprocessor(chosen(c=ColumnChoice("category", "level"))).fit(data)
    for values in ([3, 1], [3.0, 1.0], ["3", "1"]):
        x = prepared.transform(pd.DataFrame({"c": values}))
        np.testing.assert_array_equal(x, [[0, 0, 1], [1, 0, 0]])


def test_dates():
    prepared = TablePreprocessor(chosen(day=ColumnChoice("date", scale="none"))).fit(frame())
    assert prepared.names_ == ["day, days", "day, day of the year", "day, weekday"]
    for value in ("2021-03-02", "2021/3/2", pd.Timestamp("2021-03-02")):
        x = prepared.transform(pd.DataFrame({"day": [value]}))
        np.testing.assert_array_equal(x, [[18688, 61, 1]])  # a Tuesday
    x = prepared.transform(pd.DataFrame({"day": ["no date", "2021-03-02"]}))
    assert np.isfinite(x).all()


def test_dates_with_times():
    data = pd.DataFrame({"at": ["2021-03-02 15:30", "2021-03-03T01:00", None], "y": [0, 1, 1]})
    prepared = TablePreprocessor(chosen(at=ColumnChoice("date", scale="none"))).fit(data)
    assert prepared.names_[-1] == "at, hour"
    np.testing.assert_array_equal(prepared.transform(data)[:, 3], [15, 1, 8])


def test_rows_may_be_dropped():
    data = frame()
    prepared = TablePreprocessor(chosen(x=ColumnChoice("number", "drop rows"))).fit(data)
    rows = prepared.rows(data)
    np.testing.assert_array_equal(rows, data["x"].notna())
    assert np.isfinite(prepared.transform(data)).all()  # prediction needs an answer for each


def test_long_tails():
    data = pd.DataFrame({"x": [0.0, 1, 10, 100, np.nan], "y": [0, 1, 0, 1, 0]})
    prepared = TablePreprocessor(chosen(x=ColumnChoice("number", scale="log"))).fit(data)
    rows = pd.DataFrame({"x": [100.0, -5, np.nan]})
    logs = np.log1p([0, 1, 10, 100, 5.5])
    wanted = (np.log1p([100, 0, 5.5]) - logs.mean()) / logs.std()
    np.testing.assert_allclose(prepared.transform(rows)[:, 0], wanted, rtol=1e-5)
    again = read_preprocessor(json.loads(json.dumps(prepared.plain())))
    np.testing.assert_array_equal(again.transform(rows), prepared.transform(rows))


def test_predictions_by_a_logarithm_stay_within_what_was_seen():
    data = pd.DataFrame({"x": range(50), "y": np.arange(50.0)})
    choices = Choices("y", "regression", "log", {"x": ColumnChoice("number")})
    prepared = TablePreprocessor(choices).fit(data)
    found = read_preprocessor(prepared.plain()).restore(np.array([-50.0, 0.0, 50.0]))
    np.testing.assert_allclose(found[[0, 2]], [0, 49])
    plain = prepared.plain()
    plain["target"][1] = float("nan")
    with pytest.raises(ValueError, match="target's scale"):
        read_preprocessor(plain)


@pytest.mark.parametrize("transform", ["none", "standard", "log"])
def test_a_numeric_target_comes_back(transform):
    data = pd.DataFrame({"x": range(50), "y": np.arange(50.0) ** 2})
    choices = Choices("y", "regression", transform, {"x": ColumnChoice("number")})
    prepared = TablePreprocessor(choices).fit(data)
    y = prepared.target(data)
    np.testing.assert_allclose(prepared.restore(y), data["y"], rtol=1e-5, atol=1e-3)
    if transform != "none":
        np.testing.assert_allclose([y.mean(), y.std()], [0, 1], atol=1e-5)


def test_labels():
    data = pd.DataFrame({"x": range(6), "y": ["b", "a", None, "c", "a", "b"]})
    prepared = TablePreprocessor(chosen(x=None)).fit(data)
    assert prepared.classes_ == ["a", "b", "c"]
    known = data[prepared.rows(data)]
    np.testing.assert_array_equal(prepared.target(known), [1, 0, 2, 0, 1])
    with pytest.raises(DataError, match="did not have: 'd'"):
        prepared.target(pd.DataFrame({"y": ["a", "d"]}))


def test_saved_and_read():
    data = frame()
    columns = {
        "x": ColumnChoice("number", indicator=True),
        "size": ColumnChoice("category", "level", encode="ordinal", order=["S", "M", "L"]),
        "city": ColumnChoice("category", "level"),
        "flag": ColumnChoice("category", "most frequent"),
        "day": ColumnChoice("date"),
    }
    prepared = TablePreprocessor(chosen(**columns)).fit(data)
    plain = json.loads(json.dumps(prepared.plain(), allow_nan=False))
    read = read_preprocessor(plain)
    other = frame(seed=7)
    np.testing.assert_array_equal(read.transform(other), prepared.transform(other))
    assert (read.names_, read.classes_) == (prepared.names_, prepared.classes_)


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p.pop("parts"),
        lambda p: p.update(format=9),
        lambda p: p["parts"][0].update(kind="pickle"),
        lambda p: p["parts"][0]["numbers"].update(scale=0),
        lambda p: p["parts"][0]["numbers"].update(fill="x"),
        lambda p: p["parts"].clear(),
        lambda p: p["choices"]["columns"]["x"].update(use="magic"),
        lambda p: p["parts"][0].pop("column"),
    ],
)
def test_damaged_values(damage):
    plain = TablePreprocessor(chosen(x=None)).fit(frame()).plain()
    damage(plain)
    with pytest.raises(ValueError, match=r"."):
        read_preprocessor(plain)


def test_choices_in_a_file(tmp_path):
    choices = chosen(x=ColumnChoice("number", "mean"), city=ColumnChoice("category", "level"))
    choices.save(tmp_path / "c.json")
    assert load_choices(tmp_path / "c.json") == choices
    text = (tmp_path / "c.json").read_text().replace('"mean"', '"guess"')
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(DataError, match=r"'x': missing is one of .* not 'guess'"):
        load_choices(tmp_path / "c.json")
    (tmp_path / "c.json").write_text('{"target": "y"}')
    with pytest.raises(DataError, match="task, columns is missing"):
        load_choices(tmp_path / "c.json")


@pytest.mark.parametrize(
    ("choices", "match"),
    [
        (Choices("y", "ranking", "none", {"x": ColumnChoice("number")}), "task is one of"),
        (Choices("y", "regression", "square", {"x": ColumnChoice("number")}), "transform is one"),
        (Choices("y", "regression", "none", {"y": ColumnChoice("number")}), "among the inputs"),
        (Choices("y", "regression", "none", {"x": ColumnChoice("drop")}), "no column is used"),
        (Choices("y", "regression", "none", {"x": ColumnChoice("number", "level")}), "'level'"),
        (Choices("y", "regression", "none", {"x": ColumnChoice("number", scale="big")}), "'big'"),
    ],
)
def test_choices_that_there_are_not(choices, match):
    with pytest.raises(ValueError, match=match):
        TablePreprocessor(choices)


def test_the_nearest_column_is_named():
    with pytest.raises(ValueError, match="Did you mean 'city'"):
        chosen(city=None).column("citi")


def test_tables_that_do_not_fit():
    prepared = TablePreprocessor(chosen(x=None, city=ColumnChoice("category", "level")))
    with pytest.raises(DataError, match="learned nothing"):
        prepared.transform(frame())
    with pytest.raises(DataError, match="no column 'city'"):
        prepared.fit(frame().drop(columns="city"))
    with pytest.raises(DataError, match="no column 'x'"):
        prepared.fit(frame()).transform(frame().drop(columns="x"))
    with pytest.raises(DataError, match="has no values"):
        prepared.fit(frame().assign(x=np.nan))
    texts = prepared.fit(frame()).transform(frame().assign(x="7"))
    np.testing.assert_allclose(texts[:, 0], prepared.transform(frame().assign(x=7.0))[:, 0])


def test_negative_targets_have_no_logarithm():
    data = pd.DataFrame({"x": range(3), "y": [-1.0, 2, 3]})
    choices = Choices("y", "regression", "log", {"x": ColumnChoice("number")})
    with pytest.raises(DataError, match="negative"):
        TablePreprocessor(choices).fit(data)


def test_no_rows():
    prepared = TablePreprocessor(chosen(x=None, city=ColumnChoice("category", "level")))
    prepared.fit(frame())
    assert prepared.transform(frame()[:0]).shape == (0, len(prepared.names_))

"""What the report says of columns whose nature is known, because they were made so."""

import numpy as np
import pandas as pd
import pytest

from shinso.data import DataError
from shinso.data.tabular import report

N = 4000


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Columns of every kind, and a target that some of them decide."""
    rng = np.random.default_rng(0)
    effects = rng.normal(0, 1, 15)
    shop = rng.integers(1, 16, N)
    age = rng.integers(18, 90, N)
    city = rng.choice(["Kyoto", "Osaka", "Nara"], N)
    score = 0.06 * (age - 50) + effects[shop - 1] + (city == "Nara") + rng.logistic(0, 1, N)
    label = score > 0
    lab = np.where(rng.random(N) < 0.4, np.nan, score + rng.normal(0, 4, N))
    return pd.DataFrame(
        {
            "number": np.arange(N) + 5000,
            "shop": shop,
            "age": age,
            "city": city,
            "lab": lab,
            "mostly gone": np.where(rng.random(N) < 0.8, np.nan, 1.0 + rng.random(N)),
            "always": "x",
            "never": np.nan,
            "until": np.where(label, rng.normal(9, 1, N), rng.normal(0, 1, N)),
            "code": rng.integers(1, 8, N),
            "day": pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 700, N), "D"),
            "day as text": [f"2021-{m:02}-01" for m in rng.integers(1, 13, N)],
            "remark": ["a text with many words, number " + str(i) for i in rng.random(N)],
            "smoker": rng.choice([0, 1], N),
            "shop name": np.array([f"shop {s}" for s in shop]),
            "mail": [f"user{i}@example.com" for i in rng.permutation(N)],
            "height": rng.normal(170, 10, N),
            "bought": np.where(label, "yes", "no"),
        }
    )


@pytest.mark.parametrize(
    ("name", "use", "why"),
    [
        ("number", "drop", "identifies the row"),
        ("shop", "category", "labels, no quantity"),
        ("age", "number", ""),
        ("city", "category", ""),
        ("lab", "number", ""),
        ("mostly gone", "drop", "mostly missing: 80 %"),
        ("always", "drop", "always 'x'"),
        ("never", "drop", "no values"),
        ("until", "drop", "leak?"),
        ("code", "category", "and its name"),
        ("day", "date", ""),
        ("day as text", "date", ""),
        ("remark", "drop", "prose"),
        ("smoker", "number", ""),
        ("shop name", "drop", "says the same as 'shop'"),
        ("mail", "drop", "identifies the row"),
        ("height", "number", ""),
    ],
)
def test_recommendations(frame, name, use, why):
    found = {c.name: c for c in report(frame, "bought").columns}[name]
    assert (found.use, why in found.why) == (use, True), found


def test_facts(frame):
    found = report(frame, "bought")
    assert (found.task, found.classes, found.rows) == ("classification", ["no", "yes"], N)
    by_name = {c.name: c for c in found.columns}
    assert by_name["lab"].missing == pytest.approx(0.4, abs=0.03)
    assert "an input says where" in by_name["lab"].findings[0]
    assert (by_name["age"].low, by_name["age"].high, by_name["age"].whole) == (18, 89, True)
    assert by_name["shop"].distinct == 15
    rows = found.table()
    assert len(rows) == 17
    assert all(len(row) == 7 for row in rows)


def test_choices_follow(frame):
    choices = report(frame, "bought").choices()
    assert choices.used == [
        "shop",
        "age",
        "city",
        "lab",
        "code",
        "day",
        "day as text",
        "smoker",
        "height",
    ]
    assert choices.columns["lab"].indicator
    assert not choices.columns["age"].indicator
    assert choices.columns["city"].missing == "level"


def test_a_category_of_rare_values():
    rng = np.random.default_rng(0)
    code = pd.Series([f"{n:05}" for n in rng.integers(0, 2000, 6000)])
    often = code.where(rng.random(6000) < 0.5, "00000")
    frame = pd.DataFrame({"code": code, "often": often, "y": rng.normal(size=6000)})
    found = {c.name: c for c in report(frame, "y").columns}
    assert found["code"].use == "drop"
    assert "none of them frequent" in found["code"].why
    assert found["often"].use == "category"


def test_a_smooth_relation_is_no_label():
    """Hours since a post: few whole numbers, but what they predict falls steadily."""
    rng = np.random.default_rng(1)
    hours = rng.integers(0, 72, 20_000)
    y = np.exp(-hours / 20) * 30 + rng.exponential(10, 20_000)
    [column] = report(pd.DataFrame({"hours": hours, "y": y}), "y").columns
    assert column.use == "number"


def test_three_labels_need_an_effect():
    """Whole numbers that say nothing of the target stay numbers; unordered ones do not."""
    rng = np.random.default_rng(2)
    x = rng.integers(1, 7, 6000)
    noise = rng.normal(0, 1, 6000)
    silent = report(pd.DataFrame({"x": x, "y": noise}), "y").columns[0]
    jumpy = report(pd.DataFrame({"x": x, "y": noise + 2.0 * (x % 2)}), "y").columns[0]
    assert (silent.use, jumpy.use) == ("number", "category")


def test_a_leak_of_a_number():
    rng = np.random.default_rng(3)
    price = rng.lognormal(3, 1, 3000)
    frame = pd.DataFrame(
        {"taxed": price * 1.1 + rng.normal(0, 0.01, 3000), "rooms": 1.5, "p": price}
    )
    frame["rooms"] = np.sqrt(price) + rng.normal(0, 1, 3000)
    found = {c.name: c for c in report(frame, "p").columns}
    assert found["taxed"].use == "drop"
    assert "leak" in found["taxed"].why
    assert found["rooms"].use == "number"


def test_a_leak_by_absence():
    """A date of leaving is there for those only who left."""
    rng = np.random.default_rng(4)
    left = rng.random(2000) < 0.3
    when = np.where(left, rng.random(2000), np.nan)
    [column] = report(pd.DataFrame({"when": when, "left": left}), "left").columns
    assert column.use == "drop"
    assert "leak" in column.why


def test_an_identifier_of_sorted_rows_is_told():
    frame = pd.DataFrame({"id": range(1000), "y": ["a"] * 500 + ["b"] * 500})
    [column] = report(frame, "y").columns
    assert column.use == "drop"
    assert "sorted" in column.findings[0]


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1, 2, 1] * 30, "classification"),
        ([0.5, 1, 2, 1] * 30, "regression"),
        (range(120), "regression"),
        (["a", "b"] * 60, "classification"),
        ([True, False] * 60, "classification"),
    ],
)
def test_the_task(values, task):
    frame = pd.DataFrame({"x": np.arange(120.0) % 7, "y": list(values)})
    found = report(frame, "y")
    assert found.task == task
    assert (found.classes is None) == (task == "regression")


def test_long_tails_are_bent():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"x": rng.random(500), "y": rng.lognormal(2, 1.5, 500)})
    assert report(frame, "y").transform == "log"
    assert report(frame.assign(y=frame.y - 20), "y").transform == "standard"
    assert report(frame.assign(y=rng.normal(size=500)), "y").transform == "standard"


def test_inputs_with_long_tails():
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"income": rng.lognormal(8, 1, 900), "age": rng.normal(40, 9, 900)})
    choices = report(frame.assign(y=rng.normal(size=900)), "y").choices()
    assert choices.columns["income"].scale == "log"
    assert choices.columns["age"].scale == "standard"


def test_rows_without_a_target_are_left_out():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": ["a", None, "b", "a"]})
    found = report(frame, "y")
    assert found.rows == 3
    assert "1 rows have no value" in found.notes[0]


@pytest.mark.parametrize(
    ("target", "match"),
    [("prize", "Did you mean 'price'"), ("gone", "no values"), ("same", "same value")],
)
def test_targets_that_cannot_be(target, match):
    frame = pd.DataFrame({"price": [1.0, 2], "gone": [None, None], "same": ["a", "a"]})
    with pytest.raises(DataError, match=match):
        report(frame, target)


def test_tasks_that_cannot_be():
    frame = pd.DataFrame({"x": [1.0, 2, 3], "y": ["a", "b", "a"]})
    with pytest.raises(DataError, match="no number"):
        report(frame, "y", task="regression")
    with pytest.raises(ValueError, match="not 'ranking'"):
        report(frame, "y", task="ranking")
    with pytest.raises(DataError, match="must be texts"):
        report(frame.rename(columns={"x": 7}), "y")


@pytest.mark.parametrize("rows", [2, 3, 12])
def test_tiny_tables(rows):
    rng = np.random.default_rng(rows)
    frame = pd.DataFrame({"x": rng.random(rows), "w": [*"ab" * rows][:rows], "y": range(rows)})
    assert len(report(frame, "y").columns) == 2

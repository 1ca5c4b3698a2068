"""A table in, predictions out, for every kind of model; and how good they are."""

import numpy as np
import pandas as pd
import pytest

from shinso.classical.table_model import KINDS, TableModel, load_table_model
from shinso.classical.table_scores import cross_validate
from shinso.data import DataError
from shinso.data.tabular import report


def frame(rows=600, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, rows))
    group = rng.choice([*"abc"], rows)
    score = 2 * x + 1.5 * (group == "b") - z
    x[rng.random(rows) < 0.1] = np.nan
    said = np.where(score > 0.5, "yes", "no")
    return pd.DataFrame({"x": x, "z": z, "group": group, "score": score, "said": said})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", ["said", "score"])
def test_every_kind(tmp_path, kind, target):
    data = frame().drop(columns="score" if target == "said" else "said")
    choices = report(data, target).choices()
    model = TableModel(choices, kind).fit(data)
    new = frame(seed=1).drop(columns=target)
    said = model.predict(new)
    if target == "said":
        assert (said == frame(seed=1)["said"]).mean() > 0.8
        p = model.predict_proba(new)
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_array_equal(np.array(["no", "yes"])[p.argmax(axis=1)], said)
    else:
        assert np.corrcoef(said, frame(seed=1)["score"])[0, 1] > 0.85
    model.save(tmp_path / "m")
    read = load_table_model(tmp_path / "m")
    np.testing.assert_array_equal(read.predict(new), said)


@pytest.mark.parametrize("target", ["said", "score"])
def test_cross_validation_beats_the_simple_answer(target):
    data = frame().drop(columns="score" if target == "said" else "said")
    folds = []
    found = cross_validate(data, report(data, target).choices(), "tree", 4, progress=folds.append)
    assert folds == [0, 1, 2, 3]
    assert found.rows == len(data)
    for name, values in found.values.items():
        assert len(values) == 4
        better = np.mean(values) - found.simple[name]
        assert better < 0 if "error" in name else better > 0 or name == "log loss"
    assert found.predictions.shape == (600,)
    assert (found.probabilities is None) == (target == "score")


def test_rows_with_unknown_targets_teach_nothing():
    data = frame().drop(columns="score")
    holes = data.assign(said=data["said"].where(np.arange(600) % 2 == 0))
    choices = report(holes, "said").choices()
    assert cross_validate(holes, choices, "tree").rows == 300
    one, other = (TableModel(choices, "tree").fit(d) for d in (holes, data[::2]))
    np.testing.assert_array_equal(one.predict(data), other.predict(data))


def test_scores_repeat():
    data = frame(200).drop(columns="said")
    choices = report(data, "score").choices()
    first, again = (cross_validate(data, choices, "mlp", 2, seed=3).values for _ in range(2))
    assert first == again


def test_a_class_of_one_row():
    data = frame(60).drop(columns="score")
    data.loc[5, "said"] = "perhaps"
    choices = report(data, "said").choices()
    with pytest.raises(DataError, match="'perhaps' has a single row"):
        cross_validate(data, choices, "tree")
    data.loc[6, "said"] = "perhaps"
    found = cross_validate(data, report(data, "said").choices(), "tree", 5)
    assert found.probabilities.shape == (60, 3)


def test_too_few_rows():
    data = frame(8).drop(columns="said")
    with pytest.raises(DataError, match="needs 10 rows; 8 given"):
        cross_validate(data, report(data, "score").choices(), "tree", 5)


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"table\.json: cannot be read"):
        load_table_model(tmp_path)
    (tmp_path / "table.json").write_text("{}")
    with pytest.raises(DataError, match="holds no model"):
        load_table_model(tmp_path)
    data = frame(100).drop(columns="said")
    TableModel(report(data, "score").choices(), "tree").fit(data).save(tmp_path / "a")
    smaller = data.drop(columns="group")
    TableModel(report(smaller, "score").choices(), "tree").fit(smaller).save(tmp_path / "b")
    (tmp_path / "a" / "estimator.safetensors").replace(tmp_path / "b" / "estimator.safetensors")
    with pytest.raises(DataError, match="not from one model"):
        load_table_model(tmp_path / "b")


def test_unknown_kinds():
    with pytest.raises(ValueError, match="mlp, elm, linear, tree, not 'forest'"):
        TableModel(report(frame(50), "score").choices(), "forest")

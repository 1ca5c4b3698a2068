"""Trees as plain arrays answer as scikit-learn's do."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import TreeClassifier, TreeRegressor, load


@parametrize_with_checks([TreeClassifier(), TreeRegressor()])
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_answers(tmp_path, dtype):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5)).astype(dtype)
    y = (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(int) + (x[:, 2] > 1)
    options = {"min_samples_leaf": 3, "max_leaf_nodes": 20, "random_state": 1}
    theirs = DecisionTreeClassifier(**options).fit(x, y)
    ours = TreeClassifier(**options).fit(x, y)
    new = rng.normal(size=(500, 5)).astype(dtype)
    np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(new))
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    ours.save(tmp_path / "tree")
    np.testing.assert_array_equal(load(tmp_path / "tree").predict(new), ours.predict(new))
    target = x @ rng.normal(size=5).astype(dtype)
    theirs = DecisionTreeRegressor(max_depth=4).fit(x, target)
    ours = TreeRegressor(max_depth=4).fit(x, target)
    np.testing.assert_allclose(ours.predict(new), theirs.predict(new))


def test_a_single_leaf():
    assert TreeRegressor().fit(np.zeros((4, 1)), np.arange(4.0)).predict(np.ones((2, 1)))[0] == 1.5

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression as Reference
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import LogisticRegression

IRIS = load_iris(return_X_y=True)


def reference(x, y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Reference(max_iter=20000, tol=1e-9, **options).fit(x, y)


@parametrize_with_checks([LogisticRegression()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("c", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("classes", [2, 3])
def test_same_solution_as_scikit_learn(c, intercept, classes):
    x, y = IRIS
    x, y = x[y < classes], y[y < classes]
    ours = LogisticRegression(C=c, fit_intercept=intercept, tol=1e-9, max_iter=500).fit(x, y)
    theirs = reference(x, y, C=c, fit_intercept=intercept)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(
        ours.intercept_ - ours.intercept_.mean() * (classes > 2),
        theirs.intercept_ - theirs.intercept_.mean() * (classes > 2),
        atol=1e-3,
    )
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=1e-4)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


def test_columns_of_all_scales():
    x, y = load_breast_cancer(return_X_y=True)
    ours = LogisticRegression(tol=1e-8, max_iter=300).fit(x, y)
    scaled = StandardScaler().fit(x)  # where the reference can get to the end
    theirs = reference(x, y, solver="newton-cholesky")
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)
    assert ours.n_iter_[0] < 100
    assert scaled.scale_.max() / scaled.scale_.min() > 1e4


def test_digits_and_float32():
    x, y = load_digits(return_X_y=True)
    x = x / 16
    ours = LogisticRegression(tol=1e-7, max_iter=300).fit(x, y)
    theirs = reference(x, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)
    low = LogisticRegression(tol=1e-5).fit(x.astype(np.float32), y)
    assert low.coef_.dtype == np.float32
    assert low.predict_proba(x.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(low.coef_, ours.coef_, atol=2e-2)


def test_without_penalty():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 3))
    y = x @ [1, -2, 0.5] + rng.logistic(size=400) > 0.3
    ours = LogisticRegression(penalty=None, tol=1e-9).fit(x, y)
    p = ours.predict_proba(x)[:, 1]
    np.testing.assert_allclose(x.T @ (p - y), 0, atol=1e-6)
    np.testing.assert_allclose((p - y).sum(), 0, atol=1e-6)


def test_softmax_of_two_classes_is_the_sigmoid():
    """Scores ±s/2 for two classes have the sigmoid's probabilities σ(s)."""
    x, y = IRIS
    x, y = x[y < 2], y[y < 2]
    model = LogisticRegression().fit(x, y)
    half = model.decision_function(x) / 2
    e = np.exp(np.stack([-half, half], axis=1))
    np.testing.assert_allclose(model.predict_proba(x), e / e.sum(axis=1, keepdims=True))


def test_log_probabilities_do_not_overflow():
    x, y = np.array([[-1.0], [1.0]]), [0, 1]
    model = LogisticRegression(C=1e6).fit(x, y)
    logs = model.predict_log_proba([[1e4]])
    assert np.isfinite(logs).all()
    assert logs[0, 0] < -1000
    three = LogisticRegression().fit(*IRIS)
    np.testing.assert_allclose(
        three.predict_log_proba(IRIS[0]), np.log(three.predict_proba(IRIS[0])), atol=1e-12
    )


def test_wide_data_and_many_rows_per_part():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((60, 300))
    y = rng.integers(0, 3, 60)
    ours = LogisticRegression(tol=1e-8, max_iter=1000, C=0.1).fit(x, y)
    np.testing.assert_allclose(ours.coef_, reference(x, y, C=0.1).coef_, atol=1e-3)


def test_more_columns_than_are_factored(monkeypatch):
    monkeypatch.setattr("shinso.classical.logistic._WIDEST", 2)
    ours = LogisticRegression(tol=1e-6, max_iter=2000).fit(*IRIS)
    np.testing.assert_allclose(ours.coef_, reference(*IRIS).coef_, atol=1e-2)
    monkeypatch.undo()
    monkeypatch.setattr("shinso.classical.logistic._OWN_FACTOR", 2)
    ours = LogisticRegression(tol=1e-7, max_iter=2000).fit(*IRIS)
    np.testing.assert_allclose(ours.coef_, reference(*IRIS).coef_, atol=1e-2)


def test_warns_when_it_is_not_done_and_prints(capsys):
    with pytest.warns(ConvergenceWarning, match=r"stopped after 2 steps \(max_iter\)"):
        LogisticRegression(max_iter=2, verbose=1).fit(*IRIS)
    assert "step 2: loss" in capsys.readouterr().out


def test_in_a_pipeline_and_a_search():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1]}, cv=3).fit(*IRIS)
    assert search.best_score_ > 0.93


@pytest.mark.parametrize(
    "wrong", [{"C": 0}, {"penalty": "l1"}, {"tol": -1}, {"max_iter": 0}, {"C": True}]
)
def test_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LogisticRegression(**wrong).fit(*IRIS)

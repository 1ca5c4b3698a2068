import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.kernel_ridge import KernelRidge as Reference
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import KernelClassifier, KernelRidge

RNG = np.random.default_rng(0)
X = RNG.standard_normal((80, 4))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
NEW = RNG.standard_normal((30, 4))


@parametrize_with_checks([KernelRidge(), KernelRidge(kernel="rbf"), KernelClassifier()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly"])
@pytest.mark.parametrize("gamma", [None, 0.3])
@pytest.mark.parametrize("outputs", [0, 2])
def test_same_as_scikit_learn(kernel, gamma, outputs):
    y = np.stack([Y, -2 * Y + X[:, 3]], axis=1) if outputs else Y
    options = {"alpha": 0.2, "kernel": kernel, "gamma": gamma, "degree": 2, "coef0": 0.7}
    ours, theirs = KernelRidge(**options).fit(X, y), Reference(**options).fit(X, y)
    np.testing.assert_allclose(ours.predict(NEW), theirs.predict(NEW), atol=1e-9)
    np.testing.assert_allclose(ours.dual_coef_, theirs.dual_coef_, atol=1e-9)


def test_linear_with_more_columns_than_rows():
    wide = RNG.standard_normal((10, 30))
    y = RNG.standard_normal(10)
    ours, theirs = KernelRidge().fit(wide, y), Reference().fit(wide, y)
    np.testing.assert_allclose(ours.predict(wide), theirs.predict(wide), atol=1e-10)


def test_alpha_of_almost_nothing_goes_through_all_points():
    model = KernelRidge(1e-10, kernel="rbf").fit(X, Y)
    np.testing.assert_allclose(model.predict(X), Y, atol=1e-6)


def test_alpha_that_is_too_small_is_said():
    double = np.concatenate([X, X])
    with pytest.raises(ValueError, match="alpha=0 is too small"):
        KernelRidge(0.0, kernel="rbf").fit(double, np.concatenate([Y, Y]))


def test_the_classifier_bends():
    x, y = make_moons(300, noise=0.1, random_state=0)
    names = np.array(["left", "right"])[y]
    straight = KernelClassifier(0.1, kernel="linear").fit(x, names)
    bent = KernelClassifier(0.1, gamma=2.0).fit(x, names)
    assert straight.score(x, names) < 0.9 < 0.98 < bent.score(x, names)
    np.testing.assert_allclose(bent.predict_proba(x).sum(axis=1), 1)
    np.testing.assert_array_equal(bent.predict(x) == "right", bent.predict_proba(x)[:, 1] > 0.5)


def test_the_classifier_is_ridge_on_signs():
    y = RNG.integers(0, 3, 80)
    signs = np.where(y[:, np.newaxis] == np.arange(3), 1.0, -1.0)
    model = KernelClassifier(0.5).fit(X, y)
    reference = Reference(alpha=0.5, kernel="rbf").fit(X, signs)
    np.testing.assert_allclose(model.decision_function(NEW), reference.predict(NEW), atol=1e-10)


def test_float32_and_search():
    model = KernelRidge(0.1, kernel="rbf").fit(X.astype(np.float32), Y)
    assert model.predict(NEW.astype(np.float32)).dtype == np.float32
    search = GridSearchCV(KernelRidge(kernel="rbf"), {"gamma": [0.01, 0.1]}, cv=2).fit(X, Y)
    assert search.best_params_["gamma"] in (0.01, 0.1)


@pytest.mark.parametrize(
    "wrong", [{"alpha": -1}, {"kernel": "rfb"}, {"gamma": 0}, {"degree": 0}, {"coef0": "x"}]
)
def test_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        KernelRidge(**wrong).fit(X, Y)


def test_a_typo_gets_a_hint():
    with pytest.raises(ValueError, match="did you mean 'rbf'"):
        KernelRidge(kernel="rfb").fit(X, Y)

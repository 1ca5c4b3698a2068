import numpy as np
import pytest
from sklearn.kernel_approximation import RBFSampler
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import KernelRidge, RandomFourierFeatures
from shinso.classical.kernels import kernel_matrix

X = np.random.default_rng(0).standard_normal((60, 5))


@parametrize_with_checks([RandomFourierFeatures(), RandomFourierFeatures(variant="cos_sin")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_same_features_as_scikit_learn():
    ours = RandomFourierFeatures(gamma=0.3, n_components=40, random_state=7).fit_transform(X)
    theirs = RBFSampler(gamma=0.3, n_components=40, random_state=7).fit_transform(X)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("variant", ["cos", "cos_sin"])
def test_the_error_falls_as_one_over_the_root_of_d(variant):
    exact = kernel_matrix(X, X, "rbf", 0.2, 1, 0.0)
    sizes = 2 ** np.arange(5, 12)
    errors = []
    for d in sizes:
        squares = []
        for seed in range(12):
            f = RandomFourierFeatures(
                gamma=0.2, n_components=int(d), variant=variant, random_state=seed
            ).fit_transform(X)
            squares.append(np.square(f @ f.T - exact).mean())
        errors.append(np.sqrt(np.mean(squares)))
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert -0.56 < slope < -0.44


def test_pairs_are_exact_on_the_diagonal():
    f = RandomFourierFeatures(variant="cos_sin", n_components=20, random_state=0).fit_transform(X)
    np.testing.assert_allclose((f * f).sum(axis=1), 1)


def test_linear_ridge_on_the_features_comes_near_the_kernel():
    y = np.sin(X[:, 0]) + X[:, 1]
    features = RandomFourierFeatures(gamma=0.1, n_components=4000, random_state=0)
    linear = KernelRidge(0.1).fit(features.fit_transform(X), y)
    exact = KernelRidge(0.1, kernel="rbf", gamma=0.1).fit(X, y)
    new = np.random.default_rng(1).standard_normal((20, 5))
    gap = linear.predict(features.transform(new)) - exact.predict(new)
    assert np.abs(gap).max() < 0.1


def test_scale_and_names():
    x = 3 * X
    features = RandomFourierFeatures(gamma="scale", n_components=4, random_state=0).fit(x)
    theirs = RBFSampler(gamma="scale", n_components=4, random_state=0).fit(x)
    np.testing.assert_allclose(features.random_weights_, theirs.random_weights_)
    assert features.get_feature_names_out().tolist()[:1] == ["randomfourierfeatures0"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"gamma": 0},
        {"gamma": "auto"},
        {"n_components": 0},
        {"variant": "sin"},
    ],
)
def test_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RandomFourierFeatures(**wrong).fit(X)

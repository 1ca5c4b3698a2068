import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import ELMClassifier, ELMRegressor, KernelRidge, RandomFourierFeatures
from shinso.classical.hidden import draw_weights, rectangles

RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 3))
Y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
ACTIVATIONS = ["sigmoid", "tanh", "relu", "linear", "cos", "cos_sin"]


@parametrize_with_checks([ELMRegressor(), ELMClassifier(), ELMClassifier(activation="cos_sin")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("variant", ["cos", "cos_sin"])
def test_with_cosines_it_is_ridge_on_random_fourier_features(variant):
    features = RandomFourierFeatures(
        gamma=0.3, n_components=50 if variant == "cos" else 25, variant=variant, random_state=3
    ).fit(X)
    elm = ELMRegressor(
        50,
        activation=variant,
        alpha=0.01,
        weights=features.random_weights_,
        biases=features.random_offset_,
    ).fit(X, Y)
    f = features.transform(X)
    new = RNG.standard_normal((40, 3))
    for linear in (Ridge(0.01, fit_intercept=False), KernelRidge(0.01)):
        expected = linear.fit(f, Y).predict(features.transform(new))
        np.testing.assert_allclose(elm.predict(new), expected, atol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n", [30, 200])
def test_output_weights_solve_the_normal_equations(activation, n):
    x, y = X[:n], Y[:n]
    elm = ELMRegressor(60, activation=activation, alpha=0.1, random_state=0).fit(x, y)
    h = elm._hidden(x)
    assert h.shape == (n, 60)
    left = h.T @ (h @ elm.output_weights_[:, 0] - y) + 0.1 * elm.output_weights_[:, 0]
    np.testing.assert_allclose(left, 0, atol=1e-8)


def test_blocks_do_not_matter(monkeypatch):
    whole = ELMRegressor(40, random_state=1).fit(X, Y)
    monkeypatch.setattr("shinso.classical.elm._BLOCK_BYTES", 40 * 8 * 7)
    parts = ELMRegressor(40, random_state=1).fit(X, Y)
    np.testing.assert_allclose(parts.predict(X), whole.predict(X), atol=1e-8)


def test_partial_fit_gives_what_all_data_give():
    whole = ELMRegressor(40, random_state=1).fit(X, Y)
    parts = ELMRegressor(40, random_state=1)
    for i in range(0, 200, 50):
        parts.partial_fit(X[i : i + 50], Y[i : i + 50])
    np.testing.assert_allclose(parts.predict(X), whole.predict(X), atol=1e-7)
    assert parts.output_weights_.shape == (40, 1)


@pytest.mark.parametrize("n", [20, 100])
def test_partial_fit_goes_on_from_fit(n):
    whole = ELMRegressor(40, random_state=1).fit(X, Y)
    model = ELMRegressor(40, random_state=1).fit(X[:n], Y[:n]).partial_fit(X[n:], Y[n:])
    np.testing.assert_allclose(model.predict(X), whole.predict(X), atol=1e-7)


def test_a_large_layer_keeps_no_sums(monkeypatch):
    monkeypatch.setattr("shinso.classical.elm._KEPT", 30)
    model = ELMRegressor(40, alpha=0.1, random_state=1).fit(X.astype(np.float32), Y)
    assert model.output_weights_.dtype == np.float32
    with pytest.raises(ValueError, match="at most 30 hidden units"):
        model.partial_fit(X, Y)


def test_partial_fit_of_classes():
    x, y = load_digits(return_X_y=True)
    x = x / 16
    whole = ELMClassifier(100, random_state=0).fit(x, y)
    parts = ELMClassifier(100, random_state=0)
    with pytest.raises(ValueError, match="needs classes="):
        parts.partial_fit(x, y)
    parts.partial_fit(x[:900], y[:900], classes=range(10)).partial_fit(x[900:], y[900:])
    np.testing.assert_allclose(parts.decision_function(x), whole.decision_function(x), atol=1e-6)
    with pytest.raises(ValueError, match="not among"):
        parts.partial_fit(x[:2], [0, 10])


def test_digits():
    x, y = load_digits(return_X_y=True)
    model = make_pipeline(
        StandardScaler(), ELMClassifier(500, alpha=3.0, weight_scale=0.2, random_state=0)
    )
    test = np.arange(len(x)) % 3 == 0
    model.fit(x[~test], y[~test])
    assert model.score(x[test], y[test]) > 0.93
    search = GridSearchCV(ELMClassifier(50, random_state=0), {"alpha": [1e-3, 1.0]}, cv=2)
    assert search.fit(x / 16, y).best_score_ > 0.8


def test_float32_stays_float32():
    model = ELMRegressor(20, random_state=0).fit(X.astype(np.float32), Y)
    assert model.output_weights_.dtype == np.float32
    assert model.predict(X.astype(np.float32)).dtype == np.float32
    exact = ELMRegressor(20, random_state=0).fit(X, Y)
    np.testing.assert_allclose(model.predict(X), exact.predict(X), atol=0.1)


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (6, 6)])
def test_orthogonal_weights(shape):
    w, b = draw_weights("orthogonal", *shape, 2.0, np.random.RandomState(0))
    assert w.shape == shape
    small = w.T @ w if shape[0] >= shape[1] else w @ w.T
    np.testing.assert_allclose(small, 4 * np.eye(min(shape)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(b), 2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_hidden": 0}, "n_hidden"),
        ({"alpha": -1.0}, "alpha"),
        ({"activation": "sigmoidal"}, "did you mean 'sigmoid'"),
        ({"weights": "gauss"}, "weights"),
        ({"weight_scale": 0}, "weight_scale"),
        ({"activation": "cos_sin", "n_hidden": 5}, "even number"),
        ({"weights": np.zeros((2, 500))}, "weights have shape"),
        ({"biases": np.zeros(500)}, "biases go with weights"),
        ({"weights": np.full((3, 500), np.nan)}, "finite"),
        ({"weights": np.zeros((3, 500)), "alpha": 0.0}, "alpha=0 is too small"),
    ],
)
def test_wrong_arguments(wrong, message):
    with pytest.raises(ValueError, match=message):
        ELMRegressor(**wrong).fit(X, Y)


def test_differences_are_of_two_classes_and_see_rectangles():
    x, y = load_digits(return_X_y=True)
    options = {"weights": "differences", "random_state": 0, "alpha": 0.1}
    model = ELMClassifier(300, activation="tanh", weight_scale=0.7, **options).fit(x / 16, y)
    z = (x / 16) @ model.hidden_weights_ + model.hidden_biases_
    np.testing.assert_allclose(z.std(axis=0), 0.7, rtol=0.01)
    assert (z.min(axis=0) < 0).all()
    assert (z.max(axis=0) > 0).all()
    fields = ELMClassifier(300, image_shape=(8, 8), **options).fit(x / 16, y).hidden_weights_
    seen = fields.reshape(8, 8, 300) != 0
    rows, columns = seen.any(axis=1).sum(axis=0), seen.any(axis=0).sum(axis=0)
    assert rows.max() <= 8
    assert rows.min() < 8
    assert columns.min() < 8
    assert (fields == 0).mean() > (model.hidden_weights_ == 0).mean() + 0.05


def test_receptive_fields_and_standardized_rows_help_with_digits():
    x, y = load_digits(return_X_y=True)
    test = np.arange(len(x)) % 3 == 0
    model = ELMClassifier(
        600, activation="cos", weights="differences", image_shape=(8, 8), standardize_rows=True,
        alpha=1e-3, random_state=0,
    )  # fmt: skip
    model.fit(x[~test], y[~test])
    assert model.score(x[test], y[test]) > 0.975
    assert np.isfinite(model.decision_function(np.zeros((1, 64)))).all()


def test_differences_for_numbers_and_wrong_images():
    model = ELMRegressor(
        60, weights="differences", weight_scale=2.0, alpha=1e-2, random_state=0
    ).fit(X, Y)
    assert model.score(X, Y) > 0.9
    with pytest.raises(ValueError, match=r"image_shape=\(2, 2\) is no"):
        ELMRegressor(5, weights="differences", image_shape=(2, 2)).fit(X, Y)


@pytest.mark.parametrize("shape", [(28, 28), (1, 3), (5, 9)])
def test_rectangles(shape):
    inside = rectangles(shape, 200, np.random.RandomState(0))
    assert inside.shape == (*shape, 200)
    rows, columns = inside.any(axis=1).sum(axis=0), inside.any(axis=0).sum(axis=0)
    np.testing.assert_array_equal(inside.sum(axis=(0, 1)), rows * columns)
    for sides, length in ((rows, shape[0]), (columns, shape[1])):
        assert sides.min() >= min(6, length)
        assert sides.max() <= length

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import ELMAutoEncoder, MultilayerELM
from shinso.classical import elm_autoencoder as module

X, Y = load_digits(return_X_y=True)
X = X / 16


@parametrize_with_checks([ELMAutoEncoder(), MultilayerELM((10, 50))])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_hidden_weights_are_orthogonal_and_the_output_solves():
    model = ELMAutoEncoder(30, alpha=0.1, random_state=0).fit(X)
    w, b = model.hidden_weights_, model.hidden_biases_
    np.testing.assert_allclose(w.T @ w, np.eye(30), atol=1e-12)
    np.testing.assert_allclose(b @ b, 1)
    h = 1 / (1 + np.exp(-(X @ w + b)))
    left = h.T @ (h @ model.components_ - X) + 0.1 * model.components_
    np.testing.assert_allclose(left, 0, atol=1e-8)
    np.testing.assert_allclose(model.transform(X), X @ model.components_.T)
    np.testing.assert_allclose(model.reconstruct(X), h @ model.components_)


def test_more_units_reconstruct_better():
    errors = [
        np.square(ELMAutoEncoder(k, alpha=1e-6, random_state=0).fit(X).reconstruct(X) - X).mean()
        for k in (10, 30, 60, 200)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-4


def test_a_linear_one_with_one_unit_more_gives_the_input_back():
    x = np.random.default_rng(0).standard_normal((200, 12))
    model = ELMAutoEncoder(13, activation="linear", alpha=1e-9, random_state=0).fit(x)
    np.testing.assert_allclose(model.reconstruct(x), x, atol=1e-6)


def test_blocks_do_not_matter(monkeypatch):
    options = {"hidden_layer_sizes": (30, 100), "random_state": 0}
    whole = MultilayerELM(**options).fit(X, Y)
    monkeypatch.setattr(module, "_BLOCK_BYTES", 8 * 100 * 37)
    parts = MultilayerELM(**options).fit(X, Y)
    np.testing.assert_allclose(parts.decision_function(X), whole.decision_function(X), atol=1e-7)


def test_layers_have_the_gain_asked_for():
    model = MultilayerELM((30, 100), activation="linear", gain=(2.0, 0.5), random_state=0)
    model.fit(X, Y)
    h = X @ model.components_[0].T + model.offsets_[0]
    np.testing.assert_allclose(h.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(np.sqrt(h.var(axis=0).mean()), 2)


def test_digits_beat_one_random_layer_and_print(capsys):
    test = np.arange(len(X)) % 3 == 0
    model = MultilayerELM((60, 800), weight_scale=4.0, random_state=0, verbose=1)
    model.fit(X[~test], Y[~test])
    assert model.score(X[test], Y[test]) > 0.96
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert "800 units" in capsys.readouterr().out
    search = GridSearchCV(MultilayerELM((20, 50), random_state=0), {"alpha": [0.1, 1]}, cv=2)
    assert search.fit(X, Y).best_score_ > 0.8


def test_float32_stays_float32():
    x = X.astype(np.float32)
    model = MultilayerELM((20, 50), random_state=0).fit(x, Y)
    assert model.decision_function(x).dtype == np.float32
    assert model.output_weights_.dtype == np.float32


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hidden_layer_sizes": ()}, "hidden_layer_sizes"),
        ({"activation": "sin"}, "activation"),
        ({"activation": ("tanh",)}, "activation has 1 values for 3 layers"),
        ({"alphas": -1.0}, "alphas"),
        ({"gain": 0.0}, "gain"),
        ({"weight_scale": (1, 1)}, "weight_scale has 2 values"),
    ],
)
def test_wrong_arguments(wrong, message):
    with pytest.raises(ValueError, match=message):
        MultilayerELM(**wrong).fit(X, Y)

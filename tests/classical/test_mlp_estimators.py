import copy
import pickle
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as ReferenceClassifier
from sklearn.neural_network import MLPRegressor as ReferenceRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso import ops
from shinso.classical import MLPClassifier, MLPRegressor
from shinso.classical import running as classical_running

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
GATES = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "nand": [1, 1, 1, 0], "xor": [0, 1, 1, 0]}
DIGITS = load_digits(return_X_y=True)
X, Y = DIGITS[0][:300] / 16, DIGITS[1][:300]
RNG = np.random.default_rng(0)
XR = RNG.standard_normal((150, 4))
YR = np.sin(XR[:, 0]) + XR[:, 1]


def quietly(model, *data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*data)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([MLPClassifier(max_iter=100), MLPRegressor(max_iter=100)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("gate", GATES)
def test_gates_and_xor_are_learned(gate):
    for options in ({"solver": "lbfgs"}, {"learning_rate_init": 0.05, "max_iter": 400}):
        model = MLPClassifier((8,), activation="tanh", random_state=1, **options)
        assert quietly(model, CORNERS, GATES[gate]).predict(CORNERS).tolist() == GATES[gate]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": False, "alpha": 0.5, "batch_size": 64},
        {"solver": "sgd", "learning_rate_init": 0.1},
        {"solver": "sgd", "nesterovs_momentum": False, "learning_rate": "adaptive", "tol": 0.05,
         "n_iter_no_change": 1, "learning_rate_init": 0.2, "momentum": 0.0},
        {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0.0},
        {"activation": "tanh", "hidden_layer_sizes": (20, 10)},
        {"activation": "logistic", "hidden_layer_sizes": 15},
        {"activation": "identity", "hidden_layer_sizes": ()},
        {"early_stopping": True, "validation_fraction": 0.2},
        {"tol": 0.1, "n_iter_no_change": 2},
    ],
)  # fmt: skip
@pytest.mark.parametrize("classes", [2, 10])
def test_same_path_as_scikit_learn(options, classes):
    x, y = DIGITS[0] / 16, DIGITS[1]
    x, y = x[y < classes][:300], y[y < classes][:300]
    ours = quietly(MLPClassifier(random_state=3, max_iter=8, **options), x, y)
    theirs = quietly(ReferenceClassifier(random_state=3, max_iter=8, **options), x, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert ours.n_iter_ == theirs.n_iter_
    for mine, its in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, its, atol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=1e-7)


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_regressor_takes_the_same_path(outputs):
    y = YR if outputs == 1 else np.stack([YR, -YR, XR[:, 2]], axis=1)
    ours = quietly(MLPRegressor(hidden_layer_sizes=20, random_state=0, max_iter=10), XR, y)
    theirs = quietly(ReferenceRegressor(hidden_layer_sizes=20, random_state=0, max_iter=10), XR, y)
    np.testing.assert_allclose(ours.predict(XR), theirs.predict(XR), atol=1e-9)


def test_lbfgs_finds_a_minimum():
    model = MLPRegressor(10, activation="tanh", solver="lbfgs", max_iter=2000, random_state=0)
    model = quietly(model, XR, YR)
    assert model.score(XR, YR) > 0.99
    classifier = quietly(MLPClassifier(20, solver="lbfgs", random_state=0, max_iter=50), X, Y)
    assert classifier.score(X, Y) == 1
    with pytest.raises(AttributeError, match="partial_fit needs"):
        model.partial_fit(XR, YR)


def test_machine_code_takes_the_same_path(monkeypatch):
    options = {"random_state": 0, "max_iter": 3, "batch_size": 70, "hidden_layer_sizes": 12}
    plain = quietly(MLPClassifier(**options), X, Y)
    monkeypatch.setattr(classical_running, "COMPILING", 0.0)
    compiled = quietly(MLPClassifier(**options), X, Y)
    np.testing.assert_allclose(compiled.loss_curve_, plain.loss_curve_, rtol=1e-9)
    low = quietly(MLPClassifier(**options), X.astype(np.float32), Y)
    assert low.coefs_[0].dtype == np.float32
    assert low.predict_proba(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(low.loss_curve_, plain.loss_curve_, rtol=1e-4)


def test_partial_fit_is_an_epoch_and_goes_on_after_a_copy():
    options = {"hidden_layer_sizes": 10, "random_state": 0, "shuffle": False}
    whole = quietly(MLPClassifier(max_iter=3, **options), X, Y)
    parts = MLPClassifier(**options)
    with pytest.raises(ValueError, match="needs classes="):
        parts.partial_fit(X, Y)
    parts.partial_fit(X, Y, classes=np.arange(10))
    parts = copy.deepcopy(parts.partial_fit(X, Y))
    parts = pickle.loads(pickle.dumps(parts))
    parts.partial_fit(X, Y)
    np.testing.assert_allclose(parts.coefs_[0], whole.coefs_[0], atol=1e-12)
    assert len(parts.loss_curve_) == 3
    with pytest.raises(ValueError, match="not among"):
        parts.partial_fit(X[:2], [0, 11])


def test_warm_start_goes_on():
    model = MLPClassifier(10, random_state=0, max_iter=5, warm_start=True)
    first = quietly(model, X, Y).loss_
    assert quietly(model, X, Y).loss_ < first
    assert len(model.loss_curve_) == 10
    with pytest.raises(ValueError, match="goes on with the classes"):
        model.fit(X, Y + 1)


def test_other_random_numbers_are_left_alone():
    ops.manual_seed(5)
    expected = ops.dropout(np.ones(50, np.float32), 0.5).numpy()
    ops.manual_seed(5)
    quietly(MLPClassifier(5, max_iter=2), X, Y)
    np.testing.assert_array_equal(ops.dropout(np.ones(50, np.float32), 0.5).numpy(), expected)


def test_verbose_and_search(capsys):
    quietly(MLPClassifier(5, max_iter=2, verbose=1, early_stopping=True), X, Y)
    said = capsys.readouterr().out
    assert "epoch 2: loss" in said
    assert "validation score" in said
    quietly(MLPClassifier(5, max_iter=2, verbose=1, solver="lbfgs"), X, Y)
    assert "step 2: loss" in capsys.readouterr().out
    model = MLPClassifier(20, max_iter=60, random_state=0, learning_rate_init=0.01)
    search = GridSearchCV(model, {"alpha": [0, 1]}, cv=2)
    assert quietly(search, X, Y).best_score_ > 0.5


def test_says_when_it_is_not_done():
    with pytest.warns(ConvergenceWarning, match="still falls after max_iter=2"):
        MLPClassifier(max_iter=2).fit(X, Y)


def test_a_loss_that_explodes_is_an_error():
    model = MLPRegressor(10, solver="sgd", learning_rate_init=1e6, momentum=0.0, random_state=0)
    with pytest.raises(ValueError, match="no longer a finite number"), np.errstate(all="ignore"):
        model.fit(XR, YR)


@pytest.mark.parametrize(
    "wrong",
    [
        {"activation": "rellu"},
        {"solver": "newton"},
        {"hidden_layer_sizes": (5, 0)},
        {"hidden_layer_sizes": "wide"},
        {"learning_rate_init": 0},
        {"batch_size": 0},
        {"beta_1": 1.0},
        {"learning_rate": "fast"},
    ],
)
def test_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MLPClassifier(**wrong).fit(X, Y)

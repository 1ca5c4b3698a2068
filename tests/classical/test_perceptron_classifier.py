import numpy as np
import pytest
from sklearn.datasets import load_iris, make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import PerceptronClassifier
from shinso.classical.perceptron import separable
from shinso.models import Perceptron

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
GATES = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "nand": [1, 1, 1, 0]}
XOR = np.array([0, 1, 1, 0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([PerceptronClassifier(max_iter=50)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("gate", GATES)
def test_gates_are_learned(gate):
    model = PerceptronClassifier(random_state=0).fit(CORNERS, GATES[gate])
    assert model.predict(CORNERS).tolist() == GATES[gate]
    assert model.stop_ == "no mistakes"
    assert model.mistakes_[-1] == 0
    assert model.n_iter_ == len(model.mistakes_) < 20


def test_xor_never_converges():
    model = PerceptronClassifier(max_iter=500, random_state=0)
    with pytest.warns(ConvergenceWarning, match="are not linearly separable"):
        model.fit(CORNERS, XOR)
    assert model.stop_ == "max_iter"
    assert model.n_iter_ == 500
    assert min(model.mistakes_) > 0
    assert model.score(CORNERS, XOR) < 1


def test_too_few_epochs_is_told_apart_from_inseparable():
    x, y = make_blobs(200, centers=2, random_state=3)
    x = x * [1, 1000]
    assert separable(x, y == 1)
    with pytest.warns(ConvergenceWarning, match="separable, and more epochs will do"):
        PerceptronClassifier(max_iter=1, random_state=0).fit(x, y)


def test_several_classes_name_the_inseparable_ones():
    x, y = load_iris(return_X_y=True)
    model = PerceptronClassifier(max_iter=30, random_state=0)
    with pytest.warns(ConvergenceWarning, match="from all others: class 1, 2"):
        model.fit(x, y)
    assert model.coef_.shape == (3, 4)
    assert model.decision_function(x).shape == (150, 3)


def test_it_is_the_rule_one_example_at_a_time():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((700, 5))
    y = (x @ rng.standard_normal(5) + 0.3 * rng.standard_normal(700) > 0).astype(int)
    with pytest.warns(ConvergenceWarning):
        model = PerceptronClassifier(max_iter=3, shuffle=False, eta0=0.5).fit(x, y)
    w, b, mistakes = np.zeros(5), 0.0, []
    for _ in range(3):
        mistakes.append(0)
        for row, label in zip(x, 2 * y - 1, strict=True):
            if label * (w @ row + b) <= 0:
                w, b = w + 0.5 * label * row, b + 0.5 * label
                mistakes[-1] += 1
    np.testing.assert_allclose(model.coef_[0], w, atol=1e-12)
    np.testing.assert_allclose(model.intercept_[0], b, atol=1e-12)
    assert model.mistakes_ == mistakes


def test_agrees_with_the_unit_of_shinso_models():
    unit = Perceptron(2)
    unit.fit(CORNERS, np.array(GATES["and"]), shuffle=False)
    model = PerceptronClassifier().fit(CORNERS, GATES["and"])
    assert unit.predict(CORNERS).tolist() == model.predict(CORNERS).tolist()


def test_partial_fit_is_one_epoch():
    whole = PerceptronClassifier(shuffle=False).fit(CORNERS, GATES["or"])
    parts = PerceptronClassifier(shuffle=False)
    with pytest.raises(ValueError, match="needs classes="):
        parts.partial_fit(CORNERS, GATES["or"])
    for _ in range(whole.n_iter_):
        parts.partial_fit(CORNERS, GATES["or"], classes=[0, 1])
    assert parts.stop_ == "no mistakes"
    np.testing.assert_array_equal(parts.coef_, whole.coef_)
    with pytest.raises(ValueError, match="not among"):
        parts.partial_fit(CORNERS, [0, 1, 2, 0])
    with pytest.raises(ValueError, match="in the first call"):
        parts.partial_fit(CORNERS, XOR, classes=[0, 2])


def test_without_intercept_and_verbose(capsys):
    x = np.array([[1.0, 2.0], [-1.0, -2.0]])
    model = PerceptronClassifier(fit_intercept=False, verbose=1).fit(x, ["b", "a"])
    assert model.intercept_.tolist() == [0]
    assert model.predict(x).tolist() == ["b", "a"]
    assert "mistakes" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [{"eta0": 0}, {"max_iter": 0}, {"eta0": "fast"}])
def test_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PerceptronClassifier(**wrong).fit(CORNERS, XOR)

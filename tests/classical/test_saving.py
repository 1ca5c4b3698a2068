import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from shinso.classical import (
    ELMAutoEncoder,
    ELMClassifier,
    ELMRegressor,
    KernelClassifier,
    KernelRidge,
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    MultilayerELM,
    PerceptronClassifier,
    RandomFourierFeatures,
    load,
)
from shinso.classical.saving import Saving
from shinso.data import DataError
from shinso.data.weight_file import load as load_weights
from shinso.data.weight_file import save as save_weights

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3))
NAMES = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]
MODELS = [
    ELMAutoEncoder(5, random_state=0),
    ELMClassifier(20, random_state=0),
    ELMRegressor(20, random_state=0, weights=RNG.standard_normal((3, 20))),
    KernelClassifier(),
    KernelRidge(kernel="poly"),
    LogisticRegression(),
    MLPClassifier(5, random_state=0, tol=10.0, early_stopping=True),
    MLPRegressor((5, 4), random_state=np.random.RandomState(0), tol=10.0),
    MultilayerELM((5, 20), random_state=0),
    PerceptronClassifier(random_state=0),
    RandomFourierFeatures(random_state=0),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_comes_back_the_same(model, tmp_path):
    regression = "Regressor" in type(model).__name__ or isinstance(model, KernelRidge)
    model.fit(X, X[:, 0] if regression else NAMES)
    model.save(tmp_path / "model.safetensors")
    back = load(tmp_path / "model.safetensors")
    assert type(back) is type(model)
    method = "transform" if hasattr(model, "transform") else "predict"
    np.testing.assert_array_equal(getattr(back, method)(X), getattr(model, method)(X))
    assert str(back.get_params().keys()) == str(model.get_params().keys())
    assert vars(back).keys() == model.__getstate__().keys() - {"_sklearn_version"}
    back.fit(X, X[:, 0] if regression else NAMES)


def test_not_fitted_and_column_names(tmp_path):
    PerceptronClassifier(eta0=2.0).save(tmp_path / "m")
    assert load(tmp_path / "m").eta0 == 2
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    LogisticRegression().fit(frame, NAMES).save(tmp_path / "m")
    back = load(tmp_path / "m")
    assert back.feature_names_in_.tolist() == ["a", "b", "c"]
    assert back.feature_names_in_.dtype == object
    assert set(back.predict(frame)) == {"no", "yes"}


def test_partial_fit_goes_on_after_loading(tmp_path):
    y = (X[:, 0] > 0).astype(int)
    model = MLPClassifier(5, random_state=0, shuffle=False).partial_fit(X, y, classes=[0, 1])
    model.save(tmp_path / "m")
    back = load(tmp_path / "m").partial_fit(X, y)
    np.testing.assert_allclose(back.coefs_[0], model.partial_fit(X, y).coefs_[0], atol=1e-14)


def test_what_cannot_be_saved_is_said(tmp_path):
    class Mine(Saving, BaseEstimator):
        pass

    with pytest.raises(TypeError, match="a class of your own"):
        Mine().save(tmp_path / "m")
    with pytest.raises(TypeError, match=r"PerceptronClassifier\.eta0 is a function"):
        PerceptronClassifier(eta0=lambda: 1).save(tmp_path / "m")
    with pytest.raises(TypeError, match="no texts or numbers"):
        PerceptronClassifier(eta0=np.array([object()])).save(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def rewritten(path, change):
    """The file again, with its JSON changed."""
    weights = load_weights(path)
    tree = json.loads(weights.metadata["shinso.classical"])
    change(tree)
    save_weights(weights, path, {"shinso.classical": json.dumps(tree)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.update(format=2), "format is 2"),
        (lambda t: t.update(estimator=3), "does not describe an estimator"),
        (lambda t: t["estimator"].update({"class": "Popen"}), "no estimator called 'Popen'"),
        (lambda t: t["estimator"]["arguments"].update(shell=True), "shell"),
        (lambda t: t["estimator"]["learned"].update(fit=1), "learns no 'fit'"),
        (lambda t: t["estimator"]["learned"].update(__class__=1), "learns no '__class__'"),
        (lambda t: t["estimator"]["learned"].update(coef_={"array": "99"}), "99"),
        (lambda t: t["estimator"]["learned"].update(coef_={"run": "x"}), "kind 'run'"),
        (lambda t: t["estimator"]["learned"].update(coef_={"a": 1, "b": 2}), "an entry with"),
        (
            lambda t: t["estimator"]["learned"].update(
                coef_={"texts": ["1"], "dtype": "<f8", "kind": "array"}
            ),
            "texts of type",
        ),
        (lambda t: t.pop("estimator"), "does not describe"),
    ],
)
def test_hostile_files(change, message, tmp_path):
    path = tmp_path / "m"
    LogisticRegression().fit(X, NAMES).save(path)
    rewritten(path, change)
    with pytest.raises(DataError, match=message):
        load(path)


def test_other_files(tmp_path):
    path = tmp_path / "m"
    with pytest.raises(DataError):
        load(path)
    save_weights({"w": np.ones(3)}, path)
    with pytest.raises(DataError, match="weights but no estimator"):
        load(path)
    for text in ("[1", "[]", "[" * 100_000):
        save_weights({"w": np.ones(3)}, path, {"shinso.classical": text})
        with pytest.raises(DataError, match="no estimator that can be read"):
            load(path)

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import DBNClassifier, load, running
from shinso.ops.random import get_rng_state

SMALL = {"pretrain_epochs": 2, "max_iter": 15, "learning_rate_init": 0.05}


@parametrize_with_checks(
    [
        DBNClassifier((8,), **SMALL),
        DBNClassifier((8, 6), **SMALL, label_units=True, dropout=0.05, top_algorithm="cd"),
    ]
)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def fitted(digits):
    x, _, y, _ = digits
    return DBNClassifier((60, 50), label_units=True, max_iter=15, learning_rate_init=0.02,
                         pretrain_epochs=10, random_state=0).fit(x, y)  # fmt: skip


def test_digits(fitted, digits):
    _, x, _, y = digits
    assert fitted.score(x, y) > 0.9
    assert [w.shape for w in fitted.weights_] == [(64, 60), (70, 50)]
    assert [w.shape for w in fitted.coefs_] == [(64, 60), (60, 50), (50, 10)]
    assert fitted.transform(x).shape == (len(x), 50)
    np.testing.assert_allclose(fitted.predict_proba(x).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        np.exp(fitted.predict_log_proba(x)), fitted.predict_proba(x), atol=1e-6
    )
    assert len(fitted.loss_curve_) == fitted.n_iter_ == 15


def test_samples_of_a_class_look_like_it():
    """Four noisy patterns; a sample counts as the pattern that it is nearest to."""
    rng = np.random.default_rng(0)
    patterns = (rng.random((4, 24)) < 0.5).astype(np.float32)
    y = np.repeat(np.arange(4), 50)
    x = np.where(rng.random((200, 24)) < 0.05, 1 - patterns[y], patterns[y]).astype(np.float32)
    model = DBNClassifier((20, 20), label_units=True, max_iter=0, pretrain_epochs=80,
                          random_state=0).fit(x, y)  # fmt: skip
    wanted = np.repeat(np.arange(4), 25)
    samples = model.sample(100, 60, y=wanted, random_state=0)
    found = np.square(samples[:, None] - patterns[None]).sum(2).argmin(1)
    assert (found == wanted).mean() > 0.8
    free = model.sample(100, 60, random_state=0)
    assert np.square(free[:, None] - patterns[None]).mean(2).min(1).mean() < 0.1


def test_sampling(fitted):
    one = fitted.sample(5, 3, y=[1, 2, 3, 4, 4], random_state=0)
    np.testing.assert_array_equal(one, fitted.sample(5, 3, y=[1, 2, 3, 4, 4], random_state=0))
    assert (fitted.sample(5, 3) != fitted.sample(5, 3)).any()
    assert fitted.sample(3, 2, y=4).shape == (3, 64)
    with pytest.raises(ValueError, match="11 is not one of classes_"):
        fitted.sample(2, 2, y=[1, 11])


def test_without_label_units_no_class_can_be_asked_for(digits):
    x, _, y, _ = digits
    model = DBNClassifier((10,), pretrain_epochs=1, max_iter=1, random_state=0).fit(x, y)
    assert model.sample(4, 3).shape == (4, 64)
    with pytest.raises(ValueError, match="label_units=True"):
        model.sample(2, 2, y=1)


def test_pretraining_alone_and_none_at_all(digits):
    x, _, y, _ = digits
    model = DBNClassifier((12, 8), pretrain_epochs=3, max_iter=0, random_state=0).fit(x, y)
    np.testing.assert_array_equal(model.coefs_[0], model.weights_[0])
    np.testing.assert_array_equal(model.intercepts_[1], model.hidden_biases_[1])
    model = DBNClassifier((12,), pretrain_epochs=0, max_iter=1, random_state=0).fit(x, y)
    assert np.abs(model.weights_[0]).max() < 0.3


def test_gaussian_units_where_values_leave_the_interval(digits):
    x, _, y, _ = digits
    scaled = (x - x.mean(0)) / (x.std(0) + 0.1)
    model = DBNClassifier((30,), pretrain_epochs=3, max_iter=20, learning_rate_init=0.01,
                          random_state=0).fit(scaled, y)  # fmt: skip
    assert model.gaussian_
    assert model.score(scaled, y) > 0.9
    assert model.sample(5, 3).min() < 0
    assert not DBNClassifier((5,), max_iter=0, pretrain_epochs=1).fit(x, y).gaussian_


def test_same_seed_same_model_and_nobody_is_disturbed(digits):
    x, _, y, _ = digits
    state = get_rng_state()
    one, two, other = (
        DBNClassifier((9,), random_state=seed, **SMALL).fit(x[:200], y[:200]) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.coefs_[0], two.coefs_[0])
    assert (one.coefs_[0] != other.coefs_[0]).any()
    assert get_rng_state() == state


def test_labels_may_be_words_and_grids_work(digits):
    x, _, y, _ = digits
    words = np.array(["even", "odd"])[y % 2][:300]
    grid = GridSearchCV(
        DBNClassifier((20,), pretrain_epochs=3, max_iter=10, random_state=0),
        {"learning_rate_init": [1e-5, 0.02]}, cv=2,
    ).fit(x[:300], words)  # fmt: skip
    assert grid.best_params_ == {"learning_rate_init": 0.02}
    assert set(grid.predict(x)) == {"even", "odd"}


def test_saved_and_loaded(fitted, digits, tmp_path):
    x = digits[1]
    fitted.save(tmp_path / "dbn.safetensors")
    again = load(tmp_path / "dbn.safetensors")
    np.testing.assert_array_equal(again.predict_proba(x), fitted.predict_proba(x))
    one, two = (m.sample(3, 5, y=1, random_state=0) for m in (again, fitted))
    np.testing.assert_array_equal(one, two)


def test_compiled_is_the_same(digits, monkeypatch):
    x, _, y, _ = digits
    found = []
    for cost in (np.inf, 0.0):
        monkeypatch.setattr(running, "COMPILING", cost)
        model = DBNClassifier((9,), label_units=True, pretrain_epochs=1, max_iter=0,
                              random_state=0).fit(x[:60], y[:60])  # fmt: skip
        found.append([model.coefs_[0], model.predict_proba(x[:9]), model.sample(2, 3, y=1,
                      random_state=0)])  # fmt: skip
    for plain, compiled in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, plain, atol=5e-4)


def test_verbose(digits, capsys):
    x, _, y, _ = digits
    DBNClassifier((5,), pretrain_epochs=1, max_iter=2, verbose=1).fit(x[:60], y[:60])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("[DBNClassifier layer 1] epoch 1/1: reconstruction error 0.")
    assert lines[2].startswith("[DBNClassifier fine-tuning] epoch 2/2: loss ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden_layer_sizes": ()}, "hidden_layer_sizes is widths of layers"),
        ({"visible": "gauss"}, "visible is one of"),
        ({"solver": "adamw"}, "did you mean 'adam'"),
        ({"dropout": 1}, "dropout is a number of at least 0 and at most 0.99"),
        ({"batch_size": "big"}, "batch_size is a whole number"),
        ({"top_algorithm": "pdc"}, "did you mean"),
        ({"learning_rate": "linera"}, "did you mean 'linear'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        DBNClassifier(**arguments).fit(np.zeros((4, 2)), [0, 1, 0, 1])

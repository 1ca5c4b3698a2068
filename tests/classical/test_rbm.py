import itertools

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import RBM, load, running
from shinso.ops.random import get_rng_state


@parametrize_with_checks(
    [
        RBM(6, n_iter=3),
        RBM(6, n_iter=3, visible="gaussian", learning_rate=0.01, algorithm="cd", momentum=0.5),
    ]
)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return (x / 16).astype(np.float32), y


def test_defaults_are_those_of_scikit_learn():
    ours, theirs = RBM().get_params(), BernoulliRBM().get_params()
    assert {name: ours[name] for name in theirs} == theirs


def test_learns_as_well_as_scikit_learn(digits):
    x, _ = digits
    x = (x > 0.4).astype(np.float64)
    ours = RBM(40, n_iter=5, random_state=0).fit(x)
    theirs = BernoulliRBM(40, n_iter=5, random_state=0).fit(x)
    score = RBM.score  # theirs by our exact measure
    copied = clone(ours).fit(x[:20])
    copied.components_ = theirs.components_
    copied.intercept_hidden_ = theirs.intercept_hidden_
    copied.intercept_visible_ = theirs.intercept_visible_
    assert score(ours, x) > score(copied, x) - 1.0
    np.testing.assert_allclose(copied.transform(x), theirs.transform(x), rtol=1e-6)
    np.testing.assert_allclose(copied.free_energy(x), theirs._free_energy(x), rtol=1e-9)


def test_same_seed_same_model_and_nobody_is_disturbed(digits):
    x = digits[0][:200]
    state = get_rng_state()
    one = RBM(10, n_iter=2, random_state=3).fit(x)
    two = RBM(10, n_iter=2, random_state=3).fit(x)
    other = RBM(10, n_iter=2, random_state=4).fit(x)
    one.sample(2, 3)
    np.testing.assert_array_equal(one.components_, two.components_)
    assert (one.components_ != other.components_).any()
    assert get_rng_state() == state


def test_partial_fit_goes_on(digits):
    x = digits[0][:100]
    for algorithm in ("pcd", "cd"):
        rbm = RBM(10, batch_size=20, random_state=0, algorithm=algorithm, momentum=0.5)
        before = None
        for _ in range(30):
            for start in range(0, 100, 20):
                rbm.partial_fit(x[start : start + 20])
            if before is None:
                before = rbm.score(x)
        assert rbm.score(x) > before
        assert rbm.h_samples_.shape == (20, 10)


def test_one_partial_fit_is_one_epoch_of_one_batch(digits):
    x = digits[0][:20]
    whole = RBM(5, batch_size=20, n_iter=1, shuffle=False, random_state=0).fit(x)
    part = RBM(5, batch_size=20, random_state=0).partial_fit(x)
    np.testing.assert_array_equal(whole.components_, part.components_)
    np.testing.assert_array_equal(whole.h_samples_, part.h_samples_)


def test_scores_are_the_same_every_time(digits):
    x = digits[0][:50]
    rbm = RBM(10, n_iter=1, random_state=0).fit(x)
    np.testing.assert_array_equal(rbm.score_samples(x), rbm.score_samples(x))
    np.testing.assert_allclose(rbm.score_samples(x[7:9]), rbm.score_samples(x)[7:9], rtol=1e-5)
    assert rbm.score(x) == pytest.approx(rbm.score_samples(x).mean())
    assert rbm.score_samples(x).max() <= 0


def test_samples_have_the_distribution_of_the_model():
    """All 8 states of 3 visible units, counted."""
    rng = np.random.default_rng(0)
    v = np.array(list(itertools.product([0.0, 1.0], repeat=3)))
    rbm = RBM(2, n_iter=0, random_state=0).fit(v)
    rbm.components_ = rng.normal(size=(2, 3)) * 1.5
    p = np.exp(-rbm.free_energy(v))
    p /= p.sum()
    drawn = np.repeat(v, 3000, axis=0)
    for seed in range(15):
        drawn = rbm.gibbs(drawn, random_state=seed)
    found = [(drawn == row).all(axis=1).mean() for row in v]
    np.testing.assert_allclose(found, p, atol=0.012)
    np.testing.assert_allclose(rbm.sample(20_000, 30).mean(0), p @ v, atol=0.012)


def test_sample_begins_where_it_is_told(digits):
    x = digits[0][:4]
    rbm = RBM(10, n_iter=2, random_state=0).fit(digits[0])
    one = rbm.sample(4, 2, start=x, random_state=1)
    np.testing.assert_array_equal(one, rbm.sample(4, 2, start=x, random_state=1))
    assert one.shape == (4, 64)
    assert 0 <= one.min() <= one.max() <= 1
    assert (rbm.sample(4, 2) != rbm.sample(4, 2)).any()
    with pytest.raises(ValueError, match="start has 4 rows"):
        rbm.sample(3, 2, start=x)
    with pytest.raises(ValueError, match="steps is a whole number"):
        rbm.sample(3, 0)


def test_up_and_down(digits):
    x = digits[0]
    rbm = RBM(60, n_iter=15, learning_rate=0.1, random_state=0).fit(x)
    error = np.square(rbm.reconstruct(x) - x).mean()
    assert error < 0.5 * np.square(x.mean(0) - x).mean()
    np.testing.assert_array_equal(rbm.reconstruct(x), rbm.inverse_transform(rbm.transform(x)))
    with pytest.raises(ValueError, match=r"hidden units come as \(n, 60\)"):
        rbm.inverse_transform(x)


def test_gaussian_units():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5)) + np.where(rng.random((300, 1)) < 0.5, 2, -2)
    x = (x - x.mean(0)) / x.std(0)
    rbm = RBM(8, visible="gaussian", learning_rate=0.01, n_iter=40, algorithm="cd", random_state=0)
    start = clone(rbm).set_params(n_iter=0).fit(x).reconstruct(x)
    rbm.fit(x)
    assert np.square(rbm.reconstruct(x) - x).mean() < 0.7 * np.square(start - x).mean()
    np.testing.assert_allclose(rbm.score_samples(x), -rbm.free_energy(x))
    sampled = rbm.sample(200, 50)
    assert sampled.std() > 0.3


def test_in_a_pipeline_and_a_grid(digits):
    x, y = digits[0][:300], digits[1][:300]
    pipeline = make_pipeline(RBM(30, n_iter=15, random_state=0), LogisticRegression(max_iter=500))
    grid = GridSearchCV(pipeline, {"rbm__learning_rate": [1e-4, 0.1]}, cv=2).fit(x, y)
    assert grid.best_params_ == {"rbm__learning_rate": 0.1}
    assert grid.best_score_ > 0.75
    names = grid.best_estimator_[0].get_feature_names_out()
    assert list(names[:2]) == ["rbm0", "rbm1"]


def test_saved_and_loaded(digits, tmp_path):
    x = digits[0][:100]
    rbm = RBM(10, n_iter=2, momentum=0.5, random_state=0).fit(x)
    rbm.save(tmp_path / "rbm.safetensors")
    again = load(tmp_path / "rbm.safetensors")
    np.testing.assert_array_equal(again.transform(x), rbm.transform(x))
    np.testing.assert_array_equal(again.sample(3, 4), rbm.sample(3, 4))
    rbm.partial_fit(x)
    again.partial_fit(x)
    np.testing.assert_array_equal(again.components_, rbm.components_)


def test_compiled_results_are_the_same(digits, monkeypatch):
    x = digits[0][:130]
    found = []
    for cost in (np.inf, 0.0):
        monkeypatch.setattr(running, "COMPILING", cost)
        rbm = RBM(7, n_iter=2, random_state=0).fit(x)
        found.append([rbm.components_, rbm.score_samples(x), rbm.sample(5, 6, random_state=0)])
    for plain, compiled in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=2e-4, atol=2e-4)


def test_verbose(digits, capsys):
    RBM(5, n_iter=2, verbose=1, random_state=0).fit(digits[0][:50])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("[RBM] epoch 2/2: reconstruction error 0.")
    assert "pseudo-likelihood -" in lines[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_components": 0}, "n_components is a whole number of at least 1"),
        ({"visible": "gaussia"}, "did you mean 'gaussian'"),
        ({"algorithm": "cdk"}, "did you mean 'cd'"),
        ({"learning_rate": 0}, "learning_rate is a number above 0"),
        ({"momentum": 1.5}, "at most 1"),
        ({"schedule": "cosine"}, "schedule is one of"),
        ({"n_iter": -1}, "n_iter is a whole number of at least 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        RBM(**arguments).fit(np.zeros((4, 2)))

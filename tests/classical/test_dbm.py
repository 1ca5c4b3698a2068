import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import DBMClassifier, load
from shinso.classical.finetuning import LayeredNetwork, run_network
from shinso.ops.random import get_rng_state

SMALL = {"pretrain_epochs": 2, "joint_epochs": 2, "mean_field_rounds": 3, "max_iter": 15}


@parametrize_with_checks([DBMClassifier((8, 6), learning_rate_init=0.1, **SMALL)])
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def fitted(digits):
    x, _, y, _ = digits
    return DBMClassifier((60, 40), max_iter=15, learning_rate_init=0.02, pretrain_epochs=15,
                         joint_epochs=15, joint_learning_rate=0.02, mean_field_rounds=5,
                         random_state=0).fit(x, y)  # fmt: skip


def test_digits(fitted, digits):
    _, x, _, y = digits
    assert fitted.score(x, y) > 0.92
    assert [w.shape for w in fitted.weights_] == [(64, 60), (60, 40)]
    assert [w.shape for w in fitted.coefs_] == [(104, 60), (60, 40), (40, 10)]
    assert fitted.transform(x).shape == (len(x), 40)


def test_the_network_begins_where_the_machine_stands(digits):
    """Before fine-tuning its hidden layers are one more round of mean field."""
    x, _, y, _ = digits
    for widths in ((12, 8), (12, 8, 6)):
        model = DBMClassifier(widths, pretrain_epochs=2, joint_epochs=1, max_iter=0,
                              mean_field_rounds=500, random_state=0)  # fmt: skip
        model.fit(x[:200], y[:200])
        mus = model.mean_field(x[:50])
        assert [m.shape[1] for m in mus] == list(widths)
        network = LayeredNetwork(model.coefs_, model.intercepts_, side=model._side())
        for depth, mu in enumerate(mus, 1):
            values = run_network(network, model._inputs(x[:50]), depth)
            np.testing.assert_allclose(values, mu, atol=1e-4)


def test_reconstruction_and_samples(fitted, digits):
    x = digits[1]
    error = np.square(fitted.reconstruct(x) - x).mean()
    assert error < 0.7 * np.square(x - x.mean(0)).mean()
    samples = fitted.sample(50, 60, random_state=0)
    assert samples.shape == (50, 64)
    assert 0 <= samples.min() <= samples.max() <= 1
    np.testing.assert_array_equal(samples, fitted.sample(50, 60, random_state=0))
    # They are as near to some digit as digits are to others, noise is not.
    train = digits[0]

    def nearest(rows):
        return np.square(rows[:, None] - train[None]).sum(2).min(1).mean()

    noise = np.random.default_rng(0).permuted(x[:50], axis=1)
    assert nearest(samples) < 0.4 * nearest(noise)


def test_gaussian_units(digits):
    x, _, y, _ = digits
    scaled = (x - x.mean(0)) / (x.std(0) + 0.1)
    model = DBMClassifier((20, 10), **{**SMALL, "max_iter": 30}, learning_rate_init=0.02,
                          random_state=0).fit(scaled, y)  # fmt: skip
    assert model.gaussian_
    assert model.score(scaled, y) > 0.8
    assert model.sample(3, 2).min() < 0


def test_same_seed_same_model_and_nobody_is_disturbed(digits):
    x, _, y, _ = digits
    state = get_rng_state()
    one, two, other = (
        DBMClassifier((9, 5), random_state=seed, **SMALL).fit(x[:100], y[:100])
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.coefs_[0], two.coefs_[0])
    assert (one.coefs_[0] != other.coefs_[0]).any()
    assert get_rng_state() == state


def test_saved_and_loaded(fitted, digits, tmp_path):
    x = digits[1]
    fitted.save(tmp_path / "dbm.safetensors")
    again = load(tmp_path / "dbm.safetensors")
    np.testing.assert_array_equal(again.predict_proba(x), fitted.predict_proba(x))
    one, two = (m.sample(3, 5, random_state=0) for m in (again, fitted))
    np.testing.assert_array_equal(one, two)


def test_verbose(digits, capsys):
    x, _, y, _ = digits
    DBMClassifier((5, 4), pretrain_epochs=1, joint_epochs=1, max_iter=1, verbose=1).fit(
        x[:60], y[:60]
    )
    names = [line.split("]")[0][1:] for line in capsys.readouterr().out.splitlines()]
    assert names == [f"DBMClassifier {n}" for n in ("layer 1", "layer 2", "jointly", "fine-tuning")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden_layer_sizes": (5,)}, "two or more hidden layers"),
        ({"hidden_layer_sizes": 5}, "two or more hidden layers"),
        ({"joint_epochs": -1}, "joint_epochs is a whole number"),
        ({"joint_learning_rate": 0}, "joint_learning_rate is a number above 0"),
        ({"mean_field_rounds": 0}, "mean_field_rounds is a whole number"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        DBMClassifier(**arguments).fit(np.zeros((4, 2)), [0, 1, 0, 1])

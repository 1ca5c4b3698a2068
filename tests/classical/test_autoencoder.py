import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from shinso.classical import StackedAutoEncoder, StackedDenoisingAutoEncoder, load
from shinso.ops.random import get_rng_state

SMALL = {"pretrain_epochs": 2, "max_iter": 12, "learning_rate_init": 0.05}


@parametrize_with_checks(
    [
        StackedAutoEncoder((8, 6), **SMALL),
        StackedDenoisingAutoEncoder((8,), activation="tanh", tied=False, **SMALL),
    ]
)
def test_scikit_learn(estimator, check):
    check(estimator)


def fit(digits, kind=StackedDenoisingAutoEncoder, **options):
    chosen = {"max_iter": 15, "learning_rate_init": 0.01, "pretrain_epochs": 15,
              "pretrain_learning_rate": 0.005, "random_state": 0, **options}  # fmt: skip
    return kind((60, 40), **chosen).fit(digits[0], digits[2])


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu"])
@pytest.mark.parametrize("tied", [True, False])
def test_digits(digits, activation, tied):
    _, x, _, y = digits
    model = fit(digits, StackedAutoEncoder, activation=activation, tied=tied)
    assert model.score(x, y) > 0.93
    spread = np.square(x - x.mean(0)).mean()
    assert np.square(model.reconstruct(x, 1) - x).mean() < 0.35 * spread
    assert np.square(model.reconstruct(x) - x).mean() < 0.5 * spread
    assert model.encode(x).shape == model.transform(x).shape == (len(x), 40)
    assert [d.shape for d in model.decoders_] == [(60, 64), (40, 60)]
    if tied:
        np.testing.assert_array_equal(model.decoders_[0], model.weights_[0].T)


@pytest.mark.parametrize(
    ("noise", "level"), [("masking", 0.3), ("salt_and_pepper", 0.3), ("gaussian", 0.3)]
)
def test_noise_is_taken_away(digits, noise, level):
    _, x, _, y = digits
    model = fit(digits, noise=noise, noise_level=level, pretrain_epochs=30)
    noisy = model.corrupt(x, random_state=0)
    np.testing.assert_array_equal(noisy, model.corrupt(x, random_state=0))
    assert (noisy != x).mean() > 0.1
    before = np.square(noisy - x).mean()
    assert np.square(model.denoise(noisy, 1) - x).mean() < 0.6 * before
    assert model.score(x, y) > 0.93


def test_layers_can_be_asked_for(digits):
    model = fit(digits, StackedAutoEncoder, pretrain_epochs=1, max_iter=0)
    x = digits[1]
    assert model.encode(x, 1).shape == (len(x), 60)
    with pytest.raises(ValueError, match="there are 2 layers"):
        model.reconstruct(x, 3)
    with pytest.raises(ValueError, match="layers is a whole number"):
        model.encode(x, 0)
    # Nothing was fine-tuned: both codes are the same.
    np.testing.assert_allclose(model.encode(x), model.transform(x), rtol=1e-5)


def test_values_outside_the_interval_are_reconstructed_in_a_line(digits):
    x, _, y, _ = digits
    model = make_pipeline(
        StandardScaler(),
        StackedDenoisingAutoEncoder((50,), noise="gaussian", pretrain_epochs=30,
                                    pretrain_learning_rate=0.005, learning_rate_init=0.01,
                                    random_state=0),
    ).fit(x, y)  # fmt: skip
    assert model.score(x, y) > 0.95
    scaled = model[0].transform(x)
    assert not model[1].unit_interval_
    assert np.square(model[1].reconstruct(scaled) - scaled).mean() < 0.8
    low, high = model[1].range_
    assert (low, high) == (pytest.approx(scaled.min()), pytest.approx(scaled.max()))


def test_same_seed_same_model_and_nobody_is_disturbed(digits):
    state = get_rng_state()
    one, two = (fit(digits, pretrain_epochs=1, max_iter=1) for _ in range(2))
    other = fit(digits, pretrain_epochs=1, max_iter=1, random_state=1)
    np.testing.assert_array_equal(one.coefs_[0], two.coefs_[0])
    assert (one.coefs_[0] != other.coefs_[0]).any()
    assert get_rng_state() == state


def test_saved_and_loaded(digits, tmp_path):
    x = digits[1]
    model = fit(digits, pretrain_epochs=1, max_iter=1)
    model.save(tmp_path / "sdae.safetensors")
    again = load(tmp_path / "sdae.safetensors")
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))
    np.testing.assert_array_equal(again.denoise(x), model.denoise(x))


def test_the_denoising_one_takes_all_arguments_of_the_plain_one():
    plain = StackedAutoEncoder().get_params()
    denoising = StackedDenoisingAutoEncoder().get_params()
    assert {k: denoising[k] for k in plain} == plain
    assert set(denoising) - set(plain) == {"noise", "noise_level"}


def test_verbose(digits, capsys):
    fit(digits, StackedAutoEncoder, verbose=1, pretrain_epochs=1, max_iter=1)
    names = [line.split("]")[0][1:] for line in capsys.readouterr().out.splitlines()]
    assert names == [f"StackedAutoEncoder {n}" for n in ("layer 1", "layer 2", "fine-tuning")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"noise": "salt"}, "noise is one of"),
        ({"noise_level": 1.5}, "noise_level is a number of at least 0 and at most 1"),
        ({"activation": "sigmoid"}, "activation is one of 'logistic'"),
        ({"pretrain_solver": "lbfgs"}, "pretrain_solver is one of"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        StackedDenoisingAutoEncoder(**arguments).fit(np.zeros((4, 2)), [0, 1, 0, 1])

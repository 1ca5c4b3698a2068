"""Experiments of rows B1, B2, B7 and C1 to C5: their numbers, in forms smaller than the quick."""

import math

import numpy as np
import pytest

from shinso.classical.kernels import kernel_matrix
from shinso.data import read_image
from shinso.lab import Settings
from shinso.lab.experiments import b01_random_fourier_features as b1
from shinso.lab.experiments import b02_extreme_learning as b2
from shinso.lab.experiments import b07_why_depth_failed as b7
from shinso.lab.experiments import c01_vanishing_gradient as c1
from shinso.lab.experiments import c02_initialization as c2
from shinso.lab.experiments import c03_batch_norm as c3
from shinso.lab.experiments import c04_learning_rate as c4
from shinso.lab.experiments import c05_optimizers as c5
from shinso.lab.samples import rows_and_classes

FAST = Settings(fast=True)


@pytest.fixture(scope="module")
def digits():
    return rows_and_classes(FAST)


def first(part, count):
    return part[0][:count], part[1][:count]


def png_size(figure, folder):
    """Height and width of a figure's PNG."""
    path = folder / "figure.png"
    path.write_bytes(figure.content.encoded("png", 40))
    return read_image(path).shape[1:]


# -- B1 --------------------------------------------------------------------------------------------


def test_kernel_error_falls_as_one_over_the_root_of_d(digits):
    x = digits[0][0][:80].astype(float)
    sizes = (64, 256, 1024)
    for kind in b1.VARIANTS:
        errors = [
            np.mean([b1.kernel_error(kind, d, x, 0.05, seed) for seed in range(4)]) for d in sizes
        ]
        assert b1.slope(sizes, errors) == pytest.approx(-0.5, abs=0.1)
        assert errors[-1] < 0.05
    assert b1.slope((1, 10, 100), (1, 0.1, 0.01)) == pytest.approx(-1)


def test_kernel_error_leaves_the_diagonal_out():
    x = np.zeros((2, 3))  # both rows alike: k = 1, and for "cos_sin" that is exact
    assert b1.kernel_error("cos_sin", 5, x, 1.0, 0) == pytest.approx(0, abs=1e-12)
    assert b1.kernel_error("cos", 5, x, 1.0, 0) > 0.01


def test_random_features_outcome(monkeypatch):
    monkeypatch.setattr(b1, "SIZES", (32, 128, 512))
    found = b1.work(FAST)
    assert [v.holds for v in found.verdicts] == [True, True, True]
    assert [f.name for f in found.figures] == ["error", "kernel", "accuracy"]
    assert len(found.tables[0].rows) == 4  # and the exact kernel


# -- B2 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cos", "cos_sin"])
def test_cos_elm_is_random_fourier_features(digits, kind):
    assert b2.difference_from_features(kind, *digits, seed=3) < 1e-10


def test_cos_hidden_layer_approaches_the_kernel(digits):
    x = digits[0][0][:100].astype(float)
    few, many = (b2.distance_from_kernel(x, units, 0) for units in (64, 4096))
    assert many < 0.06 < few


def test_elm_by_width(monkeypatch, digits):
    monkeypatch.setattr(b2, "WIDTHS", (20, 300))
    monkeypatch.setattr(b2, "SEEDS", 1)
    found = b2._by_width(FAST, *digits)
    assert set(found) == set(b2.ACTIVATIONS)
    for name, ((narrow,), (wide,)) in found.items():
        assert narrow + 0.05 < wide > 0.93, name
        assert b2._grows(name, found[name]).found == pytest.approx(100 * (wide - narrow))


# -- B7 --------------------------------------------------------------------------------------------


def test_gradients_shrink_towards_the_input_and_relu_mends_it(digits):
    train, test = first(digits[0], 200), digits[1]
    plain, relu = (b7.fit(model, train, test, 1, 0) for model in (b7.deep(64), b7.with_he(64)))
    for kind in ("gradient", "update"):
        sizes = b7.of_hidden(plain.watch, kind, 0)
        assert sizes.shape == (b7.DEPTH,)
        assert (np.diff(np.log(sizes)) > 0.5).all()  # each layer up has more
        assert b7.first_over_last(plain.watch, kind) < 1e-2
        assert b7.first_over_last(relu.watch, kind) > 0.1


def test_layers_begin_where_pretraining_left_them():
    weights = [np.full((64 if i == 0 else b7.WIDTH, b7.WIDTH), i, np.float32)
               for i in range(b7.DEPTH)]  # fmt: skip
    biases = [np.full(b7.WIDTH, -i, np.float32) for i in range(b7.DEPTH)]
    *hidden, scores = b7.linear_layers(b7.pretrained(64, weights, biases))
    for i, layer in enumerate(hidden):
        assert (layer.weight.numpy() == i).all()
        assert (layer.bias.numpy() == -i).all()
    assert scores.weight.shape == (10, b7.WIDTH)


def test_pretraining_lets_gradients_through(digits):
    train = digits[0]
    coded = b7.by_autoencoders(train, 5, 0)
    sizes = [c1_size(model, train) for model in (b7.deep(64), coded)]
    assert sizes[0] < 1e-3 < sizes[1]


def c1_size(model, train):
    found = c1.gradient_sizes(model, train[0][:200], train[1][:200])
    return float(found[0] / found[-1])


# -- C1 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("activation", "wanted"), [("sigmoid", 0.25), ("relu", 1.0)])
def test_factor_per_layer(digits, activation, wanted):
    sizes = c1._mean_sizes(digits[0], activation, 1)
    assert sizes.shape == (c1.DEEP,)
    assert c1.factor(sizes) == pytest.approx(wanted, rel=0.2)


def test_factor_is_geometric():
    assert c1.factor(np.array([1.0, 3.0, 9.0])) == pytest.approx(1 / 3)


def test_relu_learns_sooner(digits):
    train, test = first(digits[0], 480), first(digits[1], 100)
    runs = {a: [c1.fit(a, train, test, 3, 0)] for a in c1.ACTIVATIONS}
    verdicts = c1._slower({a: [h for h, _ in each] for a, each in runs.items()})
    assert [v.holds for v in verdicts] == [True, True]
    watch = runs["relu"][0][1]
    assert len(watch.snapshots) > 10
    assert len(watch.snapshots[0].of["gradient"].layers) == 2 * c1.TRAINED + 1


# -- C2 --------------------------------------------------------------------------------------------


def test_distinct_rows():
    assert c2.distinct_rows(np.ones((4, 3))) == 1
    assert c2.distinct_rows(np.zeros((4, 3))) == 1
    assert c2.distinct_rows(np.array([[1.0, 2], [1, 2 + 1e-6], [2, 1]])) == 2


def test_units_that_begin_alike_stay_alike(digits):
    verdicts = c2._alike(FAST, digits[0])
    assert [v.found for v in verdicts] == [1, c2.WIDTH]


def test_piles_and_what_suits(digits):
    x = digits[0][0][:300]
    x = (x - x.mean()) / x.std()
    assert [v.holds for v in c2._piles(x, 1)] == [True, True]
    held = {v.claim.en.split(":")[0]: [] for v in c2._suits(x, 1)}
    for v in c2._suits(x, 1):
        held[v.claim.en.split(":")[0]].append(v.holds)
    assert held.pop("Xavier normal suits sigmoid") == [True, False]  # by one measure, not by both
    assert all(each == [True] for each in held.values())


def test_spread_and_signal_differ():
    values = np.array([[0.0, 1.0], [0.0, 1.0]])  # units differ, examples do not
    assert c2.spread(values) == 0.5
    assert c2.signal(values) == 0.0


# -- C3 --------------------------------------------------------------------------------------------


def test_batch_norm_by_hand():
    assert [v.holds for v in c3._formula(5)] == [True, True]
    y = c3.batch_norm_by_hand(np.array([[1.0], [3.0]]), np.array([2.0]), np.array([7.0]))
    np.testing.assert_allclose(y, [[5.0], [9.0]], rtol=1e-4)


def test_batch_norm_is_less_sensitive(monkeypatch, digits):
    monkeypatch.setattr(c3, "SCALES", (0.01, 0.1))
    runs = [c3._by_scale(FAST, *digits, norm, 2, 1) for norm in (False, True)]
    assert c3._faster(*runs).holds
    assert c3._less_sensitive(*runs).holds
    assert c3.spread(runs[1]) < 20 < c3.spread(runs[0])
    assert runs[0].best == 0.1


def test_normalizations_of_images():
    x = np.random.default_rng(0).random((4, 1, 8, 8), np.float32)
    for kind in c3.NORMS:
        assert c3.convolutional(kind, 8, 0)(x).shape == (4, 10)
    names = [type(m).__name__ for m in c3.convolutional("after", 8, 0)][:4]
    assert names == ["Conv2d", "ReLU", "BatchNorm2d", "MaxPool2d"]


# -- C4 --------------------------------------------------------------------------------------------


def test_schedules_begin_large_and_end_small(digits):
    setup = c4.Setup(*digits, 2, 16)
    assert setup.steps == 2 * math.ceil(len(digits[0][0]) / 16)
    for name in c4.DECAYING:
        rates = rates_of(name, setup.steps)
        assert max(rates) == pytest.approx(0.3, rel=0.02), name
        assert rates[-1] < 0.3 / 90, name
    assert rates_of("step", 100)[48:51] == pytest.approx([0.3, 0.3, 0.03])
    assert set(rates_of("constant", 10)) == {0.3}


def rates_of(name, steps):
    rule = c4.optim.SGD([c4.nn.Parameter(np.zeros(1))], lr=0.3)
    schedule = c4.SCHEDULES[name](rule, steps)
    return [schedule.lr_at(step) for step in range(steps)]


def test_spoiled_classes():
    part = np.zeros((5000, 2)), np.zeros(5000, np.int64)
    classes = c4.spoiled(part, 0.2, 0)[1]
    assert (classes != 0).mean() == pytest.approx(0.18, abs=0.02)  # a tenth is drawn right


def test_cosine_beats_the_constants_where_noise_remains(digits):
    train = c4.spoiled(digits[0], c4.WRONG, 0)
    setup = c4.Setup(train, digits[1], 5, 8)
    losses = {
        name: c4.run(setup, how, lr, 0).loss
        for name, how, lr in (
            ("large", "constant", 0.3), ("small", "constant", 0.003), ("cosine", "cosine", 0.3),
        )
    }  # fmt: skip
    assert losses["cosine"] < min(losses["large"], losses["small"])


# -- C5 --------------------------------------------------------------------------------------------


def test_forms_of_momentum_and_rmsprop():
    assert [v.holds for v in c5._forms()] == [True, True]


@pytest.mark.parametrize(
    ("name", "turned", "leaves"),
    [
        ("AdaGrad", False, True), ("RMSProp", False, True), ("Adam", False, True),
        ("AdaGrad", True, False), ("RMSProp", True, True), ("Adam", True, True),
    ],
)  # fmt: skip
def test_who_leaves_the_saddle(name, turned, leaves):
    points, distance = c5.way_out(name, turned)
    assert len(points) == c5.SADDLE_STEPS + 1
    assert distance[0] == pytest.approx(c5.BESIDE)
    assert distance[-1] > 1 if leaves else distance[-1] < 0.1
    assert np.hypot(*points[0]) == pytest.approx(c5.FAR, abs=1e-5)


def test_the_saddles_are_the_same_but_for_a_turn():
    x, y = np.random.default_rng(0).standard_normal((2, 9))
    along, out = (x + y) / math.sqrt(2), (x - y) / math.sqrt(2)
    np.testing.assert_allclose(c5.turned(x, y), c5.saddle(along, out), rtol=1e-9, atol=1e-12)


def test_paths_and_pictures(tmp_path):
    outcome = c5.Outcome()
    c5._on_the_ravine(outcome)
    assert outcome.verdicts[0].holds
    assert len(outcome.tables[0].rows) == len(c5.RULES)
    height, width = png_size(outcome.figures[0], tmp_path)
    assert width > height > 100


def test_training_with_each_optimizer(digits):
    part = digits[0]
    for name, rule in c5.RULES.items():
        _, history = c5.train(name, rule.rates[-1], part, 2, 0)
        assert history.history["loss"][1] < history.history["loss"][0], name


def test_kernel_matrix_on_the_page_is_the_exact_one():
    x = np.array([[0.0, 0.0], [1.0, 1.0]])
    np.testing.assert_allclose(
        kernel_matrix(x, x, "rbf", 0.5, 0, 0.0), [[1, math.exp(-1)], [math.exp(-1), 1]]
    )


# -- whole -----------------------------------------------------------------------------------------


WHOLE = {
    b2: (8, 1, 2, {"WIDTHS": (20, 40)}),
    b7: (14, 8, 1, {"DEPTH": 3}),
    c1: (5, 8, 1, {"TRAINED": 2}),
    c2: (11, 9, 1, {}),
    c3: (5, 3, 2, {"SCALES": (0.03, 0.1)}),
    c5: (9, 7, 3, {"SADDLE_STEPS": 20}),
}


@pytest.mark.parametrize("module", WHOLE, ids=lambda m: m.EXPERIMENT.name)
def test_whole_on_few_images(module, monkeypatch, digits):
    verdicts, figures, tables, smaller = WHOLE[module]
    small = first(digits[0], 64), first(digits[1], 40)
    monkeypatch.setattr(module, "rows_and_classes", lambda settings: small)
    if module is c3:
        images = [(x.reshape(-1, 1, 8, 8), y) for x, y in small]
        monkeypatch.setattr(module, "images_and_classes", lambda settings: images)
    for name, value in smaller.items():
        monkeypatch.setattr(module, name, value)
    said = []
    settings = Settings(fast=True, progress=lambda text, share: said.append(text))
    found = module.EXPERIMENT.run(settings)
    assert len(found.verdicts) == verdicts
    assert len({f.name for f in found.figures}) == figures
    assert len(found.tables) == tables
    assert all(np.isfinite(v.found) for v in found.verdicts)
    assert all(len(text) < 50 for text in said)


def test_learning_rates_whole(monkeypatch, digits):
    small = first(digits[0], 240), first(digits[1], 40)
    monkeypatch.setattr(c4, "rows_and_classes", lambda settings: small)
    monkeypatch.setattr(c4, "DECAYING", ("step", "cosine"))
    found = c4.EXPERIMENT.run(Settings(fast=True, only=("clean",)))
    assert [f.name for f in found.figures] == ["rates", "range-clean", "loss-clean"]
    assert len(found.verdicts) == len(c4.DECAYING)
    assert len(found.tables[0].rows) == len(c4.DECAYING) + 3
    monkeypatch.setattr(c4, "RATES", (1e-6,))
    with pytest.raises(ValueError, match="none of the rates"):
        c4.largest_rate(c4.Setup(*small, 1, 8), 0)


def test_parts_of_the_learning_rates():
    assert c4.EXPERIMENT.parts == ("clean", "noisy")
    with pytest.raises(ValueError, match="has no 'dirty'"):
        c4.EXPERIMENT.run(Settings(fast=True, only=("dirty",)))

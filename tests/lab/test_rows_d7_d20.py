"""Experiments on rows D7 to D18 and D20: their numbers, in forms of seconds."""

import dataclasses
import importlib
import math

import numpy as np
import pytest

from shinso import models, nn
from shinso.lab import Settings, experiment
from shinso.lab.experiments import (
    d07_alexnet as d7,
)
from shinso.lab.experiments import (
    d08_zfnet as d8,
)
from shinso.lab.experiments import (
    d09_inception as d9,
)
from shinso.lab.experiments import (
    d10_vgg as d10,
)
from shinso.lab.experiments import (
    d11_residual_networks as d11,
)
from shinso.lab.experiments import (
    d12_senet as d12,
)
from shinso.lab.experiments import (
    d13_wide_and_pyramid as d13,
)
from shinso.lab.experiments import (
    d14_grouped_convolutions as d14,
)
from shinso.lab.experiments import (
    d15_many_paths as d15,
)
from shinso.lab.experiments import (
    d16_random_networks as d16,
)
from shinso.lab.experiments import (
    d17_augmentation as d17,
)
from shinso.lab.experiments import (
    d20_imagenet as d20,
)
from shinso.lab.learning import few, learn, pictures
from shinso.lab.timing import least_milliseconds
from shinso.lab.zoo import count_verdict, parameters, published_error, zoo_table

NAMES = {
    "D7": "d7-alexnet", "D8": "d8-zfnet", "D9": "d9-inception", "D10": "d10-vgg",
    "D11": "d11-residual-networks", "D12": "d12-senet", "D13": "d13-wide-and-pyramid",
    "D14": "d14-grouped-convolutions", "D15": "d15-many-paths", "D16": "d16-random-networks",
    "D17": "d17-augmentation", "D18": "d18-small-networks", "D20": "d20-imagenet",
}  # fmt: skip


def run(name, *parts):
    return experiment(name).run(Settings(fast=True, only=parts))


def found(outcome):
    return {v.claim.en: v.found for v in outcome.verdicts}


def one(outcome, words):
    """The number of the only verdict whose claim has these words."""
    (number,) = [v for claim, v in found(outcome).items() if words in claim]
    return number


def smaller(monkeypatch, module, **changes):
    """A plan of less work than the fast one."""
    monkeypatch.setattr(module, "FAST", dataclasses.replace(module.FAST, **changes))


@pytest.mark.parametrize("row", list(NAMES))
def test_every_row_has_its_experiment(row):
    e = experiment(row)
    assert e.name == NAMES[row]
    assert e.code
    assert e.formulas


# -- what the experiments share ------------------------------------------------------------------


def test_pictures_are_normalized_and_enlarged():
    (x, t), (test, _) = pictures(Settings(fast=True), side=16)
    assert x.shape == (1437, 1, 16, 16)
    assert test.shape == (360, 1, 16, 16)
    assert x.dtype == np.float32
    assert abs(x.mean()) < 1e-4
    assert x.std() == pytest.approx(1, abs=1e-4)
    assert len(t) == 1437


def test_few_takes_all_classes_alike():
    part = (np.arange(30)[:, None], np.repeat([0, 1, 2], [20, 6, 4]))
    x, t = few(part, 9, seed=1)
    assert np.bincount(t).tolist() == [3, 3, 3]
    assert len(np.unique(x)) == 9
    assert np.array_equal(x, few(part, 9, seed=1)[0])
    assert not np.array_equal(x, few(part, 9, seed=2)[0])
    assert np.bincount(few(part, 25)[1]).tolist() == [15, 6, 4]


def test_learn_gives_the_same_twice():
    train, test = pictures(Settings(fast=True))
    some = few(train, 64)

    def loss():
        d7.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        return learn(model, some, test, epochs=3).history.history["loss"]

    first = loss()
    assert first == loss()
    assert first[-1] < first[0]


def test_zoo_counts():
    assert parameters("lenet5") == 61_706
    assert count_verdict("lenet5", 61_706, "x").holds
    assert not count_verdict("lenet5", 61_707, "x").holds
    assert published_error("alexnet_lrn") == "18.2 % top-5"
    assert published_error("mlp") == "–"
    table = zoo_table(("lenet5",), more=("time", {"lenet5": "3"}))
    assert table.columns[-1] == "time"
    assert table.rows[0][2] == "61,706"
    assert table.rows[0][-1] == "3"


def test_times_take_turns():
    order = []
    times = least_milliseconds({n: lambda n=n: order.append(n) for n in "ab"}, 3)
    assert order == list("abababab")
    assert all(0 <= ms < 100 for ms in times.values())


# -- D7 ------------------------------------------------------------------------------------------


def test_alexnet_counts():
    outcome = run("d7-alexnet", "network")
    assert one(outcome, "alexnet: parameters") == 61_100_840
    assert one(outcome, "alexnet_lrn") == 60_965_224
    assert one(outcome, "dense layers") == pytest.approx(100 * 58_631_144 / 61_100_840)
    rows = {row[0]: row[1] for row in outcome.tables[0].rows}
    assert rows["features.0 Conv2d"] == "64×55×55"


def test_epochs_until():
    assert d7.epochs_until([50.0, 10.0], 30.0) == pytest.approx(1.5)
    assert d7.epochs_until([30.0], 30.0) == 1
    assert d7.epochs_until([50.0, 40.0], 30.0) == math.inf


def test_relu_and_tanh(monkeypatch):
    smaller(monkeypatch, d7, epochs=2, width=4, seeds=1, wanted=60.0)
    monkeypatch.setattr(d7, "RATES", (0.05,))
    outcome = run("d7-alexnet", "relu")
    assert [v.relation for v in outcome.verdicts] == [">", ">"]
    assert outcome.verdicts[0].found == outcome.verdicts[1].found > 0  # one rate only
    assert d7._median([[50.0, 40.0]], 30.0) == 2


# -- D8 ------------------------------------------------------------------------------------------


def test_aliasing_of_known_waves():
    place = np.arange(64)
    wave = np.cos(2 * np.pi * place * 3 / 16)[None] * np.ones((64, 1))  # 3/16 cycles per pixel
    power = np.abs(np.fft.fft2(wave)) ** 2
    assert d8.beyond(power, 2) == pytest.approx(0, abs=1e-9)
    assert d8.beyond(power, 4) == pytest.approx(100)


def test_white_filters_are_aliased_by_area():
    weight = np.random.default_rng(0).standard_normal((200, 1, 11, 11))
    assert d8.beyond(d8.filter_power(weight), 4) == pytest.approx(100 * (1 - 1 / 16), abs=3)


def test_dead_filters():
    responses = np.ones((2, 4, 3, 3))
    responses[:, 1] = 0.01
    assert d8.dead(responses) == 25.0


def test_zfnet(monkeypatch):
    smaller(monkeypatch, d8, epochs=1, seeds=1, width=4)
    train, test = pictures(Settings(fast=True), side=d8.SIDE)
    short = ((train[0][:64], train[1][:64]), (test[0][:40], test[1][:40]))
    monkeypatch.setattr(d8, "pictures", lambda settings, side: short)
    outcome = run("d8-zfnet")
    assert one(outcome, "aliased energy of the filters") < 0
    projection = outcome.verdicts[-1]
    assert 0 < projection.found <= projection.wanted == 27
    assert len(outcome.figures) == 4


# -- D9 to D12 -----------------------------------------------------------------------------------


def test_inception_counts_and_work():
    outcome = run("d9-inception", "networks", "modules")
    assert all(v.holds for v in outcome.verdicts)
    assert one(outcome, "googlenet") == 6_624_904
    assert one(outcome, "3a: 5×5 behind") == pytest.approx(0.10333, abs=1e-5)


def test_auxiliary_losses(monkeypatch):
    smaller(monkeypatch, d9, epochs=1, seeds=1, width_mult=0.0625)
    train, test = pictures(Settings(fast=True), side=16)
    monkeypatch.setattr(d9, "pictures", lambda settings, side: (few(train, 64), test))
    outcome = run("d9-inception", "auxiliary")
    assert one(outcome, "above the heads") == pytest.approx(1, abs=1e-6)
    assert one(outcome, "before training") == pytest.approx(1, abs=0.2)


def test_vgg_windows():
    outcome = run("d10-vgg", "windows")
    assert all(v.holds for v in outcome.verdicts)
    assert d10.extent(d10.seen(d10.window(1, 3, 3))) == 7


def test_vgg_counts():
    outcome = run("d10-vgg", "networks")
    assert len(outcome.verdicts) == 8
    assert one(outcome, "vgg16:") == 138_357_544
    assert all(v.holds for v in outcome.verdicts)


def test_small_vgg_has_fewer_weights_in_pairs():
    sizes = [
        sum(p.size for p in d10.small_vgg(size, times, 8, 1, 8).parameters())
        for size, times in ((5, 1), (3, 2))
    ]
    assert sizes[0] - sizes[1] == 7 * (8**2 + 16**2)  # 25 C² against 18 C²


def test_residual_networks(monkeypatch):
    smaller(monkeypatch, d11, deep=2, width=4, epochs=1)
    train, test = pictures(Settings(fast=True))
    monkeypatch.setattr(d11, "pictures", lambda settings: (few(train, 128), test))
    outcome = run("d11-residual-networks")
    assert len(outcome.verdicts) == 4
    names = [row[0] for row in outcome.tables[0].rows]
    assert names == ["plain-8", "plain-14", "residual-8", "residual-14"]
    assert d11.depth(9) == 56


def test_plain_and_residual_start_alike():
    train, _ = pictures(Settings(fast=True))
    grown = {}
    for kind in d11.KINDS:
        d11.manual_seed(0)
        model = d11.KINDS[kind](10, 1, (5, 5, 5), 4)
        each = list(d11.sizes(model, train).values())
        grown[kind] = each[0] / each[-1]
    # Without shortcuts gradients grow towards the input; with them they grow less.
    assert grown["plain"] > grown["residual"] > 1


def test_senet_counts():
    outcome = run("d12-senet", "networks")
    assert all(v.holds for v in outcome.verdicts)
    assert d12.added({256: 3, 512: 4, 1024: 6, 2048: 3}) == 2_530_992
    assert d12.added({64: 1}, reduction=4) == sum(
        p.size for p in d12.squeeze_excitation(64, 4).parameters()
    )


def test_channel_weights_by_class():
    d12.manual_seed(0)
    model = models.CifarSEResNet(10, 1, (1, 1, 1), 4, reduction=2)
    x = np.random.default_rng(0).standard_normal((20, 1, 8, 8)).astype(np.float32)
    weights = d12.weights_by_class(model, (x, np.arange(20) % 10))
    assert [w.shape for w in weights.values()] == [(10, 4), (10, 8), (10, 16)]
    assert all(((w > 0) & (w < 1)).all() for w in weights.values())
    assert d12.by_class(np.ones((10, 4))) == 0


# -- D13 to D15 ----------------------------------------------------------------------------------


def test_wide_counts():
    outcome = run("d13-wide-and-pyramid", "networks")
    assert all(v.holds for v in outcome.verdicts)
    rows = d13._growth()
    assert rows["pyramid"][-1] == 64
    assert rows["wide"][0] == 64
    assert len(rows["resnet"]) == 54


def test_wide_and_deep_have_as_many_parameters():
    sizes = [sum(p.size for p in make(1).parameters()) for make in d13.FAST.networks.values()]
    assert max(sizes) / min(sizes) < 1.25


def test_separable_work():
    outcome = run("d14-grouped-convolutions", "counts", "networks")
    assert all(v.holds for v in outcome.verdicts)
    assert d14.ratio(3, 32, 64) == pytest.approx(1 / 9 + 1 / 64, abs=1e-12)


def test_times_of_convolutions(monkeypatch):
    monkeypatch.setattr(d14, "GROUPS", (1, 4))
    layers = {"plain": nn.Conv2d(8, 8, 3), "depthwise": nn.Conv2d(8, 8, 3, groups=8)}
    times = d14.milliseconds(layers, np.ones((1, 8, 6, 6), np.float32), 3)
    assert set(times) == {"plain", "depthwise"}
    assert all(ms > 0 for ms in times.values())


def test_fractal_paths():
    assert d15.fractal_paths(1) == {1: 1}
    assert d15.fractal_paths(3) == {1: 1, 2: 1, 3: 2, 4: 1}
    for columns in range(1, 5):
        block = d15.FractalBlock(1, 1, columns)
        assert d15.counted_paths(block) == sum(d15.fractal_paths(columns).values())


def test_one_number_is_not_met():
    outcome = run("d15-many-paths", "structure")
    failed = [v for v in outcome.verdicts if not v.holds]
    assert [v.found for v in failed] == [33_724_618]


def test_columns_alone(monkeypatch):
    smaller(monkeypatch, d15, widths=(4,), epochs=1)
    train, test = pictures(Settings(fast=True))
    monkeypatch.setattr(d15, "pictures", lambda settings: (few(train, 64), few(test, 50)))
    outcome = run("d15-many-paths", "columns")
    assert len(outcome.verdicts) == 2
    assert all(-100 <= v.found <= 100 for v in outcome.verdicts)


def test_feature_reuse_of_known_weights():
    block = models.CifarDenseNet(10, 1, 2, (3,), bn_size=0).get_submodule("features.denseblock1")
    last = [*block][2].conv1.weight
    weights = np.zeros(last.shape, np.float32)
    weights[:, 4:6] = 2  # channels 0 to 3: the input; 4 and 5: of the first layer
    weights[:, 6:] = 1
    last.data = weights
    used = d15.feature_reuse(block, 4, 2)
    assert used[2].tolist() == [0, 1, 0.5]
    assert np.isnan(used[0, 1:]).all()
    d15.cut_old(block, 4, 2)
    assert not last.data[:, :6].any()
    assert (last.data[:, 6:] == 1).all()


# -- D16 to D20 ----------------------------------------------------------------------------------


def test_expectations(monkeypatch):
    monkeypatch.setattr(d16, "DRAWS", 800)
    outcome = run("d16-random-networks", "expectation")
    assert [v.holds for v in outcome.verdicts] == [True] * 4
    expected = {row[0]: float(row[2]) for row in outcome.tables[0].rows}
    assert expected == {
        "StochasticDepth": 1.0,
        "Swapout": pytest.approx(0.7 - 2 * 0.5),
        "ShakeShake": -0.5,
        "ShakeDrop": 0.5,
    }


def test_forward_and_backward_differ():
    outcome = run("d16-random-networks", "coefficients")
    assert all(v.holds for v in outcome.verdicts)
    a, b = d16.coefficients(nn.ShakeDrop(1.0, level="image"), 500, 0)
    assert a.min() < -0.5
    assert b.min() >= 0


def test_noise_on_few_images(monkeypatch):
    smaller(monkeypatch, d16, images=30, epochs=1, width=2, seeds=1)
    outcome = run("d16-random-networks", "training")
    assert len(outcome.verdicts) == 4
    assert len(outcome.tables[0].rows) == 5


def test_augmentation(monkeypatch):
    smaller(monkeypatch, d17, images=40, epochs=2, width=4, seeds=2)
    outcome = run("d17-augmentation")
    assert [v.claim.en.partition(":")[0] for v in outcome.verdicts] == [
        "cutout", "random erasing", "mixup", "cutmix",
    ]  # fmt: skip
    rows = outcome.tables[0].rows
    errors = [[float(e) for e in row[2].split(", ")] for row in rows]
    difference = np.mean(errors[1]) - np.mean(errors[0])
    assert outcome.verdicts[0].found == pytest.approx(difference, abs=0.1)


def test_small_networks_counts():
    outcome = run("d18-small-networks", "counts")
    assert all(v.holds for v in outcome.verdicts)
    assert one(outcome, "AlexNet (paper: 50)") == pytest.approx(61_100_840 / 1_248_424)


def test_imagenet():
    outcome = run("d20-imagenet")
    assert [v.found for v in outcome.verdicts[:3]] == [16.4, 2.251, 7]
    assert one(outcome, "GoogLeNet") == pytest.approx(60_965_224 / 6_624_904)
    assert one(outcome, "rank correlation") < 0
    assert len(outcome.figures) == 2
    with pytest.raises(ValueError, match="no published top-5 error"):
        d20._error("resnet18")


def test_rank_correlation():
    assert d20.rank_correlation([1, 2, 3], [9.0, 5.0, 1.0]) == pytest.approx(-1)
    assert d20.rank_correlation([1, 2, 2, 3], [1.0, 4.0, 4.0, 5.0]) == pytest.approx(1)


def test_modules_are_named_after_their_rows():
    for row, name in NAMES.items():
        module = importlib.import_module(experiment(name).work.__module__)
        assert module.__name__.rsplit(".", 1)[1].startswith(f"d{int(row[1:]):02d}_")

"""Pictures of histograms: what is drawn from what was recorded."""

import numpy as np
import pytest

from shinso import nn, ops, optim
from shinso.train import Trainer
from shinso.viz.distributions import measure
from shinso.viz.histograms import activation_histograms, evenly, heat_map, histograms, sizes
from shinso.viz.style import language
from shinso.viz.watch import KINDS, Snapshot, Watch

X = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)


def watched(every=1, depth=2, epochs=2):
    layers = [layer for _ in range(depth) for layer in (nn.Linear(4, 4), nn.Tanh())]
    model = nn.Sequential(*layers)
    watch = Watch(every=every, bins=9)
    sgd = optim.SGD(model.parameters(), lr=0.1)
    trainer = Trainer(model, ops.mse_loss, sgd, callbacks=watch, progress=False, compile=False)
    trainer.fit((X, X), epochs=epochs, batch_size=15)
    return watch


def titles(picture):
    return [axes.get_title() for axes in picture.axes if axes.get_title()]


def test_a_panel_for_each_layer_with_the_same_axes():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    picture = activation_histograms(model, X, bins=10)
    assert titles(picture) == ["0", "1", "2"]
    assert len({axes.get_ylim() for axes in picture.axes[:3]}) == 1
    assert len({axes.get_xlim() for axes in picture.axes[:3]}) == 1
    y = model(X).data
    assert picture.axes[2].get_xlabel().split("\n")[0].startswith("mean ")
    stairs = picture.axes[2].patches[0].get_data()
    np.testing.assert_allclose(stairs.values.sum(), 1)
    expected, _ = np.histogram(y, stairs.edges)
    np.testing.assert_allclose(stairs.values, expected / y.size)
    picture.encoded("png", 60)


def test_histograms_of_one_example_of_a_constant_layer_and_in_japanese():
    model = nn.Sequential(nn.Linear(4, 1), nn.ReLU())
    model[0].weight.data = np.zeros((1, 4), np.float32)
    model[0].bias.data = np.zeros(1, np.float32)
    with language("ja"):
        picture = activation_histograms(model, X[:1], layers=["1"])
        assert "標準偏差 0" in picture.axes[0].get_xlabel()
        picture.encoded("png", 60)


def test_many_layers_are_chosen_evenly_and_that_is_said():
    model = nn.Sequential(*[nn.ReLU() for _ in range(50)])
    picture = activation_histograms(model, X)
    assert len(titles(picture)) == 20
    assert titles(picture)[0] == "0"
    assert titles(picture)[-1] == "49"
    assert "20 of 50 layers" in picture.get_suptitle()
    assert evenly(list("abcde"), 3) == ["a", "c", "e"]


def test_outputs_that_cannot_be_shown():
    with pytest.raises(ValueError, match="the output of 0 has values that are NaN"):
        activation_histograms(nn.Sequential(nn.ReLU()), np.array([[np.nan, 1.0]]))

    class Empty(nn.Module):
        def forward(self, x):
            return x

    with pytest.raises(ValueError, match="Empty ran no layer"):
        activation_histograms(Empty(), X)  # gives back an array, no Tensor


@pytest.mark.parametrize("what", KINDS)
def test_every_kind_over_training(what):
    watch = watched()
    layers = ["0", "1", "2", "3"] if what in KINDS[:2] else ["0", "2"]
    picture, lines = histograms(watch, what), sizes(watch, what)
    assert titles(picture) == layers
    assert picture.axes[0].get_xlim() == (-0.5, 4.5)  # 5 snapshots at steps 0 to 4
    drawn = lines.axes[0].get_lines()
    assert [line.get_label() for line in drawn] == layers
    stds = [s.of[what].std[0] for s in watch.snapshots]
    np.testing.assert_allclose(drawn[0].get_ydata(), stds)
    np.testing.assert_array_equal(drawn[0].get_xdata(), range(5))
    assert lines.axes[0].get_yscale() == "log"
    for made in (picture, lines):
        made.encoded("png", 60)


def test_epochs_are_the_axis_where_the_watch_counts_epochs():
    picture = histograms(watched(every=None), "weight")
    assert "epoch" in {axes.get_xlabel() for axes in picture.axes}
    with language("ja"):
        words = {axes.get_xlabel() for axes in histograms(watched(), "weight").axes}
        assert "ステップ" in words


def test_over_twelve_layers_twelve_are_drawn():
    watch = watched(depth=10, epochs=1)
    assert len(titles(histograms(watch, "activation"))) == 12
    assert "12 of 20 layers" in histograms(watch, "activation").get_suptitle()
    assert len(sizes(watch, "activation").axes[0].get_lines()) == 12


def record(*arrays):
    """A watch that has seen a layer's outputs."""
    watch = Watch(every=1, bins=8)
    for step, array in enumerate(arrays):
        of = {kind: measure({"layer": array}, watch.bins) for kind in KINDS}
        watch.snapshots.append(Snapshot(step, 0, of))
    return watch


def test_the_heat_map_keeps_all_shares_and_their_places():
    narrow, wide = np.linspace(-1, 1, 500), np.linspace(-3, 5, 500)
    times, values, shares = heat_map(record(narrow, wide), "activation", "layer")
    np.testing.assert_array_equal(times, [-0.5, 0.5, 1.5])
    assert shares.shape == (len(values) - 1, 2)
    middles = (values[1:] + values[:-1]) / 2
    np.testing.assert_allclose(shares[:, 0].sum(), 1)
    np.testing.assert_allclose((shares * middles[:, None]).sum(axis=0)[0], 0, atol=0.05)
    assert shares[middles > 1.2, 0].max() == 0
    assert shares[middles > 1.2, 1].max() > 0


def test_one_snapshot_and_a_layer_that_is_always_the_same():
    watch = record(np.zeros(5))
    histograms(watch, "activation").encoded("png", 60)
    assert np.isnan(sizes(watch, "activation").axes[0].get_lines()[0].get_ydata()).all()
    watch = record(np.full(3, np.nan), np.ones(4))
    histograms(watch, "gradient").encoded("png", 60)


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match="what is one of activation, gradient, weight, update"):
        histograms(watched(), "bias")
    with pytest.raises(ValueError, match="recorded no weight"):
        sizes(Watch(), "weight")

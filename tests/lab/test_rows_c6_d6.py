"""Rows C6 to C10 and D1 to D6: the pieces of each experiment, and its fast form made smaller."""

import numpy as np
import pytest

from shinso import nn, ops
from shinso.lab import Settings, experiment
from shinso.lab.experiments import c06_overfitting as c6
from shinso.lab.experiments import c07_weight_penalties as c7
from shinso.lab.experiments import c08_dropout as c8
from shinso.lab.experiments import c09_small_remedies as c9
from shinso.lab.experiments import c10_processors as c10
from shinso.lab.experiments import d01_convolutions as d1
from shinso.lab.experiments import d02_im2col as d2
from shinso.lab.experiments import d03_pooling as d3
from shinso.lab.experiments import d04_local_response as d4
from shinso.lab.experiments import d05_neighbours as d5
from shinso.lab.experiments import d06_lenet as d6
from shinso.models import LeNet5
from shinso.optim import L1, L2, PNorm

FAST = Settings(fast=True)


@pytest.fixture(scope="module")
def rows():
    return c6.rows_and_classes(FAST)


@pytest.fixture(scope="module")
def images():
    return d3.images_and_classes(FAST)


def by_start(outcome, start):
    """The one verdict whose English claim starts like that."""
    [found] = [v for v in outcome.verdicts if v.claim.en.startswith(start)]
    return found


def names(outcome):
    return [f.name for f in outcome.figures]


# -- C6 ---------------------------------------------------------------------------------------


def test_curves_part_with_few_examples(monkeypatch):
    monkeypatch.setattr(c6, "FAST", c6.Plan((60, 600), (2, 32), 160, 2, 1))
    outcome = experiment("c6-overfitting").run(FAST)
    assert by_start(outcome, "60 examples are learned").found > 95
    assert by_start(outcome, "the curves part").found > 8
    assert by_start(outcome, "more data close").found < 0.7
    few_rows, width_rows = (table.rows for table in outcome.tables)
    assert [row[0] for row in few_rows] == ["60", "600"]
    assert few_rows[0][1:] == width_rows[1][1:]  # the same runs: widest network, fewest examples
    assert names(outcome) == ["loss", "gap"]


def test_a_course_counts_updates_and_measures_gaps(rows):
    train, test = rows
    run = c6.overfit(c6.few(train, 50, 0), test, 8, c6.Plan((), (), 40, 4, 1), 0)
    assert run.steps == [10, 20, 30, 40]  # 50 examples in batches of 25
    assert run.gap() == run.train[-1]["accuracy"] - run.test[-1]["accuracy"]
    assert run.gap("loss", 0) == run.test[0]["loss"] - run.train[0]["loss"]


def test_few_draws_without_replacement(rows):
    x, t = c6.few(rows[0], 1437, 3)
    assert sorted(x.sum(axis=1)) == pytest.approx(sorted(rows[0][0].sum(axis=1)))
    assert (c6.few(rows[0], 20, 3)[1] == t[:20]).all()


# -- C7 ---------------------------------------------------------------------------------------


def test_only_thresholding_makes_zeros(rows, monkeypatch):
    monkeypatch.setattr(c7, "EPOCHS", 15)
    part = c6.few(rows[0], 200, 0)
    zeros = {}
    for name, penalty in {"L1": L1(3e-3, proximal=True), "plain": L1(3e-3), "L2": L2(3e-3)}.items():
        run = c7.fitted(part, rows[1], (penalty, None), 0)
        zeros[name] = run.zeros(0)
        assert run.zeros(1) == 0  # the second layer has no penalty
    assert zeros["L1"] > 5
    assert zeros["plain"] == zeros["L2"] == 0


@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 4])
def test_slope_of_the_p_norm(p):
    assert c7.slope_error(PNorm(0.3, p)) < 1e-6


def test_slope_error_sees_a_wrong_slope():
    class Wrong(L2):
        def gradient(self, w):
            return 2 * w * self.strength

    assert c7.slope_error(Wrong(1.0)) == pytest.approx(2, abs=0.01)


def test_penalties_experiment(monkeypatch):
    monkeypatch.setattr(c7, "EPOCHS", 3)
    monkeypatch.setattr(c7, "CENTERS", 30)
    monkeypatch.setattr(c7, "SEEDS", 1)
    monkeypatch.setattr(c7, "STRENGTHS", (1e-3, 1e-2, 1e-1))
    monkeypatch.setattr(c7, "KINDS", {k: c7.KINDS[k] for k in ("L1", "L1, gradient only", "L2",
                                                              "elastic")})  # fmt: skip
    outcome = experiment("c7-weight-penalties").run(FAST)
    shares = [v for v in outcome.verdicts if "constrained problems" in v.claim.en]
    assert [v.relation for v in shares] == [">", ">", "=", "="]
    assert all(v.holds for v in shares)
    assert shares[0].found > shares[1].found > 0
    assert names(outcome) == ["norm-balls", "weights", "images"]
    assert len(outcome.tables[0].rows) == 13


# -- C8 ---------------------------------------------------------------------------------------


def test_dropout_narrows_the_gap_of_the_loss(monkeypatch):
    monkeypatch.setattr(c8, "SEEDS", 2)
    monkeypatch.setattr(c8, "STEPS", 120)
    monkeypatch.setattr(c8, "LOOKS", 2)
    monkeypatch.setattr(c8, "EXAMPLES", 150)
    monkeypatch.setattr(c8, "MASKS", 200)
    outcome = experiment("c8-dropout").run(Settings(fast=True, only=("element",)))
    assert by_start(outcome, "element dropout (dense network): the gap of the loss").found < 1
    assert by_start(outcome, "the mean over 200 masks").holds
    assert by_start(outcome, "in evaluation").found == 0
    assert by_start(outcome, "channel dropout drops").found == 100
    assert [row[1] for row in outcome.tables[0].rows] == ["0", "0.5"]
    assert names(outcome) == ["masks", "loss-element"]


@pytest.mark.parametrize("side", [8, 28])
def test_networks_of_dropout_take_both_sizes(side):
    x = np.zeros((2, 1, side, side), np.float32)
    for kind in c8.KINDS.values():
        assert kind.network(side, 0.5)(x).shape == (2, 10)


def test_mean_over_masks():
    values = iter([np.float64(1), np.float64(2), np.float64(6)])
    assert c8.mean_over_masks(lambda: next(values), 3) == 3


# -- C9 ---------------------------------------------------------------------------------------


def test_early_stopping_ends_sooner(monkeypatch):
    monkeypatch.setattr(c9, "EPOCHS", 60)
    monkeypatch.setattr(c9, "SEEDS", 1)
    outcome = experiment("c9-small-remedies").run(Settings(fast=True, only=("early-stopping",)))
    share = by_start(outcome, "early stopping: share").found
    assert outcome.tables[0].rows[0][1] == f"{60 * share / 100:.0f}"
    assert names(outcome) == ["early-stopping"]


def test_smoothed_labels_bound_the_probability():
    outcome = experiment("c9-small-remedies").run(Settings(fast=True, only=("label-smoothing",)))
    found = by_start(outcome, "label smoothing: probability")
    assert (found.wanted, found.holds) == (pytest.approx(0.91), True)
    plain, smooth = outcome.tables[0].rows
    assert float(plain[1]) > 0.99 > float(smooth[1])
    assert by_start(outcome, "label smoothing: mean of the largest").holds


def test_a_clipped_step_is_short(rows):
    x, t = c6.few(rows[0], 32, 0)
    norm, length = c9.step_length((x * 1000, t), 0, None)
    assert norm > 100
    assert length == pytest.approx(0.1 * norm, rel=1e-4)
    again, clipped = c9.step_length((x * 1000, t), 0, 1.0)
    assert again == norm  # the norm is given as it was before clipping
    assert clipped == pytest.approx(0.1, rel=1e-4)


def test_clipping_saves_a_run_with_broken_images(rows):
    part = c9.broken(c6.few(rows[0], 400, 0), 0)
    assert (part[0].max(axis=1) > 100).sum() == 8
    accuracy = [c9.clipped(part, 0, limit, 10).evaluate(rows[1], 500)["accuracy"]
                for limit in (None, 1.0)]  # fmt: skip
    assert accuracy[0] < 0.3 < 0.7 < accuracy[1]


# -- C10 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 3, 2), (2, 5, 7)])
def test_a_systolic_array_multiplies(shape):
    m, k, n = shape
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    y, cycles = c10.systolic_product(x, w)
    assert y == pytest.approx(x @ w, abs=1e-12)
    assert cycles == m + k + n - 2


def test_compiled_gives_the_same_numbers(monkeypatch):
    monkeypatch.setattr(c10, "SIDES", {True: 64})
    monkeypatch.setattr(c10, "BATCHES", {True: 4})
    monkeypatch.setattr(c10, "REPEATS", 2)
    small = nn.Sequential(nn.Conv2d(1, 2, 5, stride=4), nn.Flatten(), nn.Linear(72, 10))
    monkeypatch.setattr(c10, "convolutional", lambda: small)
    threads = c10.get_num_threads()
    outcome = experiment("c10-processors").run(Settings(fast=True, only=("compiled", "tpu")))
    assert by_start(outcome, "the compiled chain").holds
    assert all(v.found > 0 for v in outcome.verdicts if "over the compiled one" in v.claim.en)
    assert by_start(outcome, "a systolic array").holds
    assert c10.get_num_threads() == threads
    assert any("GPU" in note.en for note in outcome.notes)


def test_threads_and_instructions_are_put_back(monkeypatch):
    before = c10.get_num_threads()
    with c10.threads(before + 1):
        assert c10.get_num_threads() == before + 1
    assert c10.get_num_threads() == before
    monkeypatch.delenv(c10.VARIABLE, raising=False)
    with c10.instructions("x86-64"):
        assert c10.os.environ[c10.VARIABLE] == "x86-64"
    assert c10.VARIABLE not in c10.os.environ
    monkeypatch.setenv(c10.VARIABLE, "native")
    with c10.instructions("x86-64"):
        pass
    assert c10.os.environ[c10.VARIABLE] == "native"


def test_one_core_says_so(monkeypatch):
    monkeypatch.setattr(c10, "usable_cpus", lambda: 1)
    outcome = experiment("c10-processors").run(Settings(fast=True, only=("threads",)))
    assert outcome.verdicts == []
    assert any("one CPU only" in note.en for note in outcome.notes)


# -- D1 ---------------------------------------------------------------------------------------


def test_every_kind_of_data_is_borne_out():
    for seed in (0, 1):
        shown = d1.kinds(seed)
        assert {s.x.ndim for s in shown.values()} == {3, 4, 5}
        assert all(s.verdict.holds for s in shown.values())


def test_sizes_of_all_geometries():
    tried, wrong, slip = d1.compare_sizes((1, 2, 3), (5, 8))
    assert tried > 400
    assert (wrong, slip) == (0, tried)
    assert d1.size_of_output(227, 11, 0, 4) == 55
    assert d1.size_of_output(32, 5, 0, 1) == 28
    assert d1.size_of_output(9, 3, 0, 1, dilation=4) == 1


def test_a_wrong_formula_is_noticed(monkeypatch):
    true = d1.size_of_output
    monkeypatch.setattr(d1, "size_of_output", lambda *a: true(*a) - 1)
    tried, wrong, slip = d1.compare_sizes((1,), (8,))
    assert (wrong, slip) == (tried, tried)


def test_borders():
    assert d1.corners() == pytest.approx({"zeros": 4 / 9, "replicate": 1, "reflect": 1})
    assert d1.same_sizes() == 0


def test_convolutions_experiment():
    outcome = experiment("d1-convolutions").run(FAST)
    assert all(v.holds for v in outcome.verdicts)
    assert len(outcome.tables[0].rows) == 6
    assert outcome.tables[0].rows[1][4] == "1 × 75 × 118"  # 120 frames, kernel 3


# -- D2 ---------------------------------------------------------------------------------------


def test_loops_by_hand():
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    w = np.ones((1, 1, 2, 2))
    assert d2.direct(x, w, 1, 0, 1).ravel().tolist() == [8, 12, 20, 24]
    assert d2.direct(x, w, 1, 0, 2).ravel().tolist() == [16]  # the four corners
    assert d2.direct(x, w, 2, 1, 1).ravel().tolist() == [0, 3, 9, 24]


def test_im2col_experiment():
    outcome = experiment("d2-im2col").run(FAST)
    assert all(v.holds for v in outcome.verdicts)
    table = {row[0]: row for row in outcome.tables[0].rows}
    assert table["LeNet"][2:] == ("1,024", "19,600", "19.14 ×")  # 28² windows of 25
    assert table["VGG, 1×1"][4] == "1.00 ×"
    assert names(outcome) == ["matrix", "windows"]


def test_im2col_against_loops_can_fail(monkeypatch):
    monkeypatch.setattr(d2, "GEOMETRIES", ((3, 1, 1, 1),))
    monkeypatch.setattr(d2, "by_columns", lambda x, w, *how: d2.direct(x, -w, *how))
    columns, ours, backward = d2.worst_differences(0)
    assert columns > 1
    assert max(ours, backward) < 1e-12


# -- D3 ---------------------------------------------------------------------------------------


def test_sizes_and_parameters_of_pooling():
    assert [v.holds for v in d3._size_verdicts()] == [True] * 5
    assert d3._dense(256, 4096) == 256 * 4096 + 4096
    assert [row[2] for row in d3._dense_table().rows] == ["177,213,440", "37,752,832", "1,052,672"]


def test_shifts_move_by_one_pixel():
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 2] = 1
    places = {tuple(np.argwhere(m[0, 0])[0]) for m in d3.shifted(x)}
    assert places == {(1, 2), (3, 2), (2, 1), (2, 3)}


def test_only_a_global_average_is_invariant(images, monkeypatch):
    monkeypatch.setattr(d3, "EPOCHS", 1)
    part = d3._framed(c6.few(images[0], 200, 0))
    test = d3._framed((images[1][0][:60], images[1][1][:60]))
    found = {
        kind: d3.measures(d3.fitted(kind, part, 0), test) for kind in ("none", "max", "global max")
    }
    assert found["global max"]["change"] < 1e-5
    assert found["global max"]["accuracy"] == found["global max"]["shifted"]
    assert found["none"]["change"] > found["max"]["change"] > 0.1
    assert found["global max"]["features"] == 32
    assert found["none"]["features"] == 16 * 16 * 32


def test_pooling_experiment(monkeypatch):
    monkeypatch.setattr(d3, "EPOCHS", 1)
    monkeypatch.setattr(d3, "EXAMPLES", {True: 100})
    outcome = d3.work(FAST)
    assert len(outcome.tables[1].rows) == len(d3.POOLS)
    assert by_start(outcome, "global average alone, of maps").holds
    assert by_start(outcome, "global maximum alone: accuracy").found == 0


# -- D4 ---------------------------------------------------------------------------------------


def test_local_response_by_hand():
    a = np.zeros((1, 4, 1, 1))
    a[0, :, 0, 0] = 1, 2, 3, 4
    wanted = [1 / (2 + 14) ** 2, 2 / (2 + 30) ** 2, 3 / (2 + 30) ** 2, 4 / (2 + 29) ** 2]
    found = d4.by_the_paper(a, 5, 1.0, 2.0, 2.0).ravel()
    assert found == pytest.approx(wanted)
    ours = ops.local_response_norm(a, 5, alpha=5.0, beta=2.0, k=2.0).data.ravel()
    assert ours == pytest.approx(wanted)


def test_local_response_experiment(monkeypatch):
    monkeypatch.setattr(d4, "EXAMPLES", 100)
    monkeypatch.setattr(d4, "EPOCHS", 1)
    monkeypatch.setattr(d4, "SEEDS", 1)
    outcome = experiment("d4-local-response").run(FAST)
    assert all(v.holds for v in outcome.verdicts[:5])
    near = by_start(outcome, "a neighbour")
    assert near.found == pytest.approx(((2 + 0.05) / (2 + 0.04 + 9)) ** 0.75)
    assert [row[0] for row in outcome.tables[1].rows] == ["255", "255", "1", "1"]


def test_pixels_lose_their_mean(images):
    x, _ = d4._pixels(images[0], 50, 255)
    assert x.shape == (50, 1, 8, 8)
    assert abs(x.mean()) < 1e-3
    assert x.max() - x.min() == pytest.approx(255)


# -- D5 ---------------------------------------------------------------------------------------


def test_shuffling_keeps_the_pixels(images):
    part = images[0][0][:5], images[0][1][:5]
    mixed = d5.shuffled(part)
    assert (mixed[0] != part[0]).any()
    assert np.sort(mixed[0].reshape(5, -1)) == pytest.approx(np.sort(part[0].reshape(5, -1)))
    again = d5.shuffled((part[0][3:], part[1][3:]))
    assert (again[0] == mixed[0][3:]).all()  # the same order for every image


def test_a_dense_layer_does_not_see_the_order(images):
    layer = d5.fully_connected(8, 4)
    x = images[0][0][:6].astype(np.float32)
    plain = layer(x).data
    order = np.random.default_rng(0).permutation(64)
    first = layer.layers[0]
    first.weight.data = first.weight.data[:, order]
    assert layer(d5.shuffled((x, x))[0]).data == pytest.approx(plain, abs=1e-5)


def test_neighbours_experiment(monkeypatch):
    monkeypatch.setattr(d5, "FAST", d5.Plan(300, 200, 128, 3, 2))
    outcome = experiment("d5-neighbours").run(FAST)
    assert by_start(outcome, "fewer parameters").found == pytest.approx(6090 / 9610)
    assert [row[1] for row in outcome.tables[0].rows] == ["6,090", "9,610"]
    assert names(outcome) == ["shuffled", "accuracy"]


# -- D6 ---------------------------------------------------------------------------------------


def test_sizes_of_lenet():
    found = d6.sizes_of(LeNet5(in_channels=3), np.zeros((1, 3, 32, 32), np.float32))
    assert tuple(found) == d6.SIZES
    smaller = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 5))
    assert d6.sizes_of(smaller, np.zeros((1, 1, 6, 6), np.float32)) == [(6, 6, 1), (4, 4, 2), (5,)]


def test_other_sizes_are_not_borne_out():
    other = [(32, 32, 3), (30, 30, 6), *d6.SIZES[2:]]
    assert [v.holds for v in d6._verdicts(other, 61706)] == [False, True]
    assert [v.holds for v in d6._verdicts(list(d6.SIZES)[:5], 61705)] == [False, False]


def test_images_become_32_wide():
    assert d6.in_32(np.zeros((2, 1, 8, 8), np.float32)).shape == (2, 1, 32, 32)
    framed = d6.in_32(np.ones((2, 1, 28, 28), np.float32))
    assert framed.shape == (2, 1, 32, 32)
    assert framed.sum() == 2 * 28 * 28


def test_lenet_experiment(monkeypatch):
    monkeypatch.setattr(d6, "EPOCHS", {True: 1})
    outcome = experiment("d6-lenet").run(FAST)
    assert [v.found for v in outcome.verdicts[:2]] == [8, 61706]
    assert outcome.verdicts[2].found < 60
    assert [row[3] for row in outcome.tables[0].rows] == [
        "156", "2,416", "48,120", "10,164", "850", "61,706",
    ]  # fmt: skip
    assert names(outcome) == ["architecture", "curves", "filters", "maps-1", "maps-2"]

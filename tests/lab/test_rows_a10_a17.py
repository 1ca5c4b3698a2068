"""The experiments of rows A10 to A17 in their quick form: their numbers, and that they can fail."""

import dataclasses

import numpy as np
import pytest

from shinso import ops
from shinso.data import DataError
from shinso.data.comment_volume import COLUMNS, TARGET
from shinso.lab import Settings, experiment
from shinso.lab.experiments import (
    a10_gradient_check,
    a11_matrix_backprop,
    a12_softmax,
    a13_activations,
    a14_losses,
    a15_input_layer,
    a16_comment_volume,
    a17_cats_and_dogs,
)
from shinso.lab.page import mathml

FAST = Settings(fast=True)


def by_claim(outcome):
    return {v.claim.en: v for v in outcome.verdicts}


def the(outcome, words):
    [found] = [v for claim, v in by_claim(outcome).items() if words in claim]
    return found


@pytest.mark.parametrize("row", [f"a{i}" for i in range(10, 18)])
def test_every_row_has_a_page(row):
    e = experiment(row)
    assert e.rows[0].lower() == row
    assert e.code
    assert all("<math" in mathml(f) for f in e.formulas)


# -- A10 ------------------------------------------------------------------------------------------


def test_a10_step_and_wrong_ones():
    found = experiment("a10").run(Settings(fast=True, only=("step", "wrong")))
    assert all(v.holds for v in found.verdicts)
    assert the(found, "central difference falls").found == pytest.approx(2, abs=0.01)
    assert the(found, "best h").found == pytest.approx(np.log10(6e-6), abs=0.75)
    assert the(found, "deliberately wrong").found == 3
    assert [f.name for f in found.figures] == ["step"]


def test_a10_operations(monkeypatch):
    known = a10_gradient_check.smooth_cases()
    few = {op: known[op] for op in ("matmul", "softmax", "batch_norm", "max_pool2d")}
    monkeypatch.setattr(a10_gradient_check, "smooth_cases", lambda: few)
    found = experiment("a10").run(Settings(fast=True, only=("operations", "networks")))
    assert the(found, "every case passes").found == 4
    assert 0 < the(found, "largest relative error").found < 1e-7
    assert the(found, "whole networks").found == 2
    assert len(found.tables[0].rows) == 2  # three operations in a row


def test_a10_covers_every_operation_with_a_gradient():
    checked = set(a10_gradient_check.smooth_cases())
    without = {"argmax", "argmin", "eq", "ne", "lt", "le", "gt", "ge", "step"}
    assert {case.op for case in a10_gradient_check.CASES} == checked | without


def test_a10_a_small_error_is_measured():
    x = np.random.default_rng(0).standard_normal((3, 4))
    right = a10_gradient_check.worst_error(lambda v: v * v, x)
    wrong = a10_gradient_check.worst_error(lambda v: a10_gradient_check.NearlySquare()(v), x)
    assert right < 1e-9
    assert wrong == pytest.approx(1e-4, rel=0.01)
    assert not a10_gradient_check.passes(lambda v: a10_gradient_check.NearlySquare()(v), x)


# -- A11 ------------------------------------------------------------------------------------------


def test_a11():
    found = experiment("a11").run(FAST)
    assert all(v.holds for v in found.verdicts)
    assert the(found, "is wrong by").found > 0.5
    assert [row[:2] for row in found.tables[0].rows] == [("dX", "5×4"), ("dW", "4×3"), ("db", "3")]


def test_a11_by_hand():
    x, w, g = a11_matrix_backprop.whole_numbers()
    dx, dw, db = a11_matrix_backprop.by_formula(x, w, g)
    np.testing.assert_array_equal(dx, [[3, 5], [-3, 4], [-1, 2]])
    np.testing.assert_array_equal(dw, [[-2, 3, -2, 7], [1, -1, -5, 5]])
    np.testing.assert_array_equal(db, [0, 3, -1, 2])


def test_a11_full_form_checks_a_layer_over_images(monkeypatch):
    rows = np.random.default_rng(0).random((300, 20), dtype=np.float32)
    part = (rows, np.zeros(300, np.int64))
    monkeypatch.setattr(a11_matrix_backprop, "rows_and_classes", lambda settings: (part, part))
    found = experiment("a11").run(Settings())
    assert the(found, "passes").found == 1
    assert all(v.holds for v in found.verdicts)


# -- A12 ------------------------------------------------------------------------------------------


def test_a12():
    found = experiment("a12").run(FAST)
    assert all(v.holds for v in found.verdicts)
    assert the(found, "second class is right").found == 20_000
    assert the(found, "as it is printed: share").found == 100
    # p = softmax(2, 1, 0, -1): twice the product of the two largest.
    assert the(found, "off by up to").found == pytest.approx(2 * 0.6439 * 0.2369, abs=1e-4)


def test_a12_where_each_way_ends():
    ends = a12_softmax.finite_up_to()
    assert ends["naive32"] == pytest.approx(88.7, rel=0.03)
    assert ends["naive"] == pytest.approx(709.8, rel=0.03)
    assert ends["two steps"] == pytest.approx(2 * 745, rel=0.03)  # e^-745 is the least float64
    assert ends["together"] == pytest.approx(1e4)


def test_a12_jacobian():
    z = np.array([0.0, np.log(3.0)])
    np.testing.assert_allclose(
        a12_softmax.jacobian(ops.softmax, z), [[3 / 16, -3 / 16], [-3 / 16, 3 / 16]], atol=1e-9
    )


# -- A13 ------------------------------------------------------------------------------------------


def test_a13():
    found = experiment("a13").run(FAST)
    assert all(v.holds for v in found.verdicts)
    assert the(found, "largest slope of sigmoid").found == 0.25
    assert the(found, "largest slope of tanh").found == 1.0
    assert the(found, "by convention").found == 0.0
    rows = {row[0]: row[1:] for row in found.tables[0].rows}
    assert len(rows) == 15
    assert rows["relu"] == ("0.0000", "0.0000", "2.0000", "0.0000", "0.0000", "1.0000", "1.0000")


def test_a13_chains():
    slopes = a13_activations.chain_slopes(ops.sigmoid, 2, np.zeros(1))
    y = 1 / (1 + np.exp(-0.5))
    np.testing.assert_allclose(slopes, 0.25 * y * (1 - y))
    np.testing.assert_array_equal(a13_activations.chain_slopes(ops.relu, 5, np.ones(2)), [1, 1])


def test_a13_softmax_of_a_row():
    p, slope = a13_activations.softmax_slope(np.array([0.0]))
    assert (p[0], slope[0]) == pytest.approx((1 / 3, 2 / 9))


# -- A14 ------------------------------------------------------------------------------------------


def test_a14():
    found = experiment("a14").run(FAST)
    assert all(v.holds for v in found.verdicts)
    assert the(found, "least squared error").found == pytest.approx(20, abs=0.01)
    assert the(found, "median").found == pytest.approx(3, abs=0.01)
    assert the(found, "as hard as").found == pytest.approx(405.4, abs=0.1)
    assert [row[1] for row in found.tables[0].rows][3] == "−t / y"


def test_a14_a_wrong_rule_is_seen():
    wrong = a14_losses.Loss(
        a14_losses.LOSSES[0].name, "2 (y − t)", ops.squared_error, lambda y, t: 2 * (y - t)
    )
    formula, numeric = a14_losses.errors_of(wrong, np.array([0.2, 0.7]), np.array([0.0, 1.0]))
    assert formula == pytest.approx(1.0)
    assert numeric < 1e-6


# -- A15 ------------------------------------------------------------------------------------------


def test_a15():
    found = experiment("a15").run(FAST)
    assert all(v.holds for v in found.verdicts)
    assert the(found, "defects").found == 8
    assert the(found, "against always").found > 75
    assert the(found, "promises more").found > 95
    assert the(found, "worse than the honest").found < 70
    uses = {row[0]: row[2] for row in found.tables[0].rows}
    assert uses["member no"] == uses["fax"] == uses["cancellation fee"] == "drop"
    assert (uses["shop"], uses["age"]) == ("category", "number")
    assert len(found.tables[1].rows) == 4


def test_a15_a_defect_that_is_not_seen_is_named():
    rng = np.random.default_rng(0)
    frame = a15_input_layer.members(rng, 300, a15_input_layer.shops(rng))
    frame["country"] = np.where(np.arange(300) % 3, "JP", "US")
    seen = a15_input_layer.report(frame, a15_input_layer.TARGET)
    assert not a15_input_layer.found_defects(seen)["country"]
    scores = dict.fromkeys(("mlp", "mlp new", "always", "leak", "leak new"), 50.0)
    first = a15_input_layer._verdicts(seen, 1.0, scores)[0]
    assert "missed: " in first.claim.en
    assert "country" in first.claim.en
    assert not first.holds


# -- A16 ------------------------------------------------------------------------------------------


@pytest.fixture
def small_models(monkeypatch):
    """The quick form's models, smaller still."""
    made = a16_comment_volume.made_posts
    monkeypatch.setattr(a16_comment_volume, "made_posts", lambda seed: made(seed, 800))


def test_a16_without_the_data(small_models):
    found = experiment("a16").run(FAST)
    assert "WITHOUT THE FACEBOOK DATA" in found.notes[0].en
    assert the(found, "always the median").holds
    assert len(found.verdicts) == 3  # nothing is said of the real data
    errors = {row[0].en: float(row[1]) for row in found.tables[0].rows}
    assert set(errors) == {
        "always the median", "MLP, 100 and 50 ReLUs", "ELM, 300 sigmoids", "decision tree",
        "MLP, target as it is",
    }  # fmt: skip
    assert errors["MLP, 100 and 50 ReLUs"] < errors["always the median"]


def test_a16_full_form_needs_the_data(tmp_path):
    with pytest.raises(DataError, match="give --data-dir"):
        experiment("a16").run(Settings())
    with pytest.raises(DataError, match="data set 363"):
        experiment("a16").run(Settings(data_dir=tmp_path))


def test_a16_reads_the_data(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    files = ["Features_Variant_1.csv", *(f"Test_Case_{i}.csv" for i in range(1, 11))]
    for name in files:
        rows = rng.integers(0, 50, (200 if "Features" in name else 20, len(COLUMNS)))
        rows[:, -1] = rng.poisson(rows[:, 0])
        np.savetxt(tmp_path / name, rows, fmt="%d", delimiter=",")
    posts = a16_comment_volume.real_posts(Settings(data_dir=tmp_path))
    assert (len(posts.train), len(posts.test), len(posts.cases)) == (160, 40, 10)
    assert posts.choices.target == TARGET
    known = a16_comment_volume.models(True)
    monkeypatch.setattr(a16_comment_volume, "models", lambda fast: {
        "mlp": known["mlp"], "tree": known["tree"],
    })  # fmt: skip
    found = experiment("a16").run(Settings(data_dir=tmp_path))
    board = the(found, "leaderboard, restricted")
    assert (board.wanted, board.relation, board.tolerance) == (3.75, "≤", 0.0)
    assert the(found, "unrestricted").wanted == 3.59
    assert found.tables[1].rows[0][0].en == "always the median"


# -- A17 ------------------------------------------------------------------------------------------


def shortened(monkeypatch, epochs, seeds):
    whole = a17_cats_and_dogs.digits_task

    def shorter(settings):
        task = whole(settings)
        return dataclasses.replace(task, epochs=epochs, seeds=seeds)

    monkeypatch.setattr(a17_cats_and_dogs, "digits_task", shorter)


def test_a17(monkeypatch):
    shortened(monkeypatch, 8, 1)
    found = experiment("a17").run(FAST)
    assert all(v.holds for v in found.verdicts)
    assert the(found, "about as many").found > 90
    sizes = [int(row[1].replace(",", "")) for row in found.tables[0].rows]
    assert sizes[0] == pytest.approx(sizes[2], rel=0.02)
    assert sizes[1] > 8 * sizes[0]
    assert [f.name for f in found.figures] == ["accuracy", "curves", "answers"]


def test_a17_every_seed_counts_and_repeats(monkeypatch):
    shortened(monkeypatch, 1, 2)
    monkeypatch.setattr(a17_cats_and_dogs, "PLACES", 1)
    one, again = (experiment("a17").run(FAST) for _ in range(2))
    assert [v.found for v in one.verdicts] == [v.found for v in again.verdicts]
    assert one.tables[0].rows[0][-1].count(",") == 1


def test_a17_images_somewhere():
    x = np.ones((20, 1, 2, 3), np.float32)
    framed = a17_cats_and_dogs.somewhere(x, 8, np.random.default_rng(0))
    assert framed.shape == (20, 1, 8, 8)
    assert (framed.sum(axis=(1, 2, 3)) == 6).all()
    assert len({tuple(np.argwhere(image[0])[0]) for image in framed}) > 5


def test_a17_two_classes():
    x, t = a17_cats_and_dogs.two_of((np.arange(6.0)[:, None], np.array([3, 5, 1, 3, 0, 5])), 3, 5)
    np.testing.assert_array_equal(x[:, 0], [0, 1, 3, 5])
    np.testing.assert_array_equal(t, [[0], [1], [0], [1]])
    assert t.dtype == np.float32

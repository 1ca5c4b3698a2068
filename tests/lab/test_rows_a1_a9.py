"""From the neuron to backpropagation: experiments A1 to A9, the quick form, by number."""

import functools
import itertools

import numpy as np
import pytest

from shinso.data import read_image
from shinso.graph import check_gradient
from shinso.lab import Settings, experiment
from shinso.lab.experiments import (
    a01_neuron,
    a02_perceptron,
    a03_logistic_regression,
    a04_multilayer_perceptron,
    a05_parabola,
    a06_gradient_descent,
    a07_batches,
    a08_computation_graph,
    a09_gates,
)
from shinso.viz.picture import Picture
from shinso.viz.style import language


@functools.cache
def run(name, *only, seed=0):
    return experiment(name).run(Settings(fast=True, only=only, seed=seed))


def found(outcome):
    return [v.found for v in outcome.verdicts]


def test_a1_gates_and_what_a_neuron_cannot_do():
    outcome = run("a1-neuron")
    assert found(outcome) == [4, 4, 4, 4, 3, 14]
    assert all(v.holds for v in outcome.verdicts)
    assert [row[1:] for row in outcome.tables[0].rows] == [
        ("0", "0", "1", "0"), ("0", "1", "1", "1"), ("0", "1", "1", "1"), ("1", "1", "0", "0"),
    ]  # fmt: skip


def test_a1_search_agrees_with_the_neuron_itself():
    counts = a01_neuron.search()
    assert counts["0110"] == counts["1001"] == 0  # XOR, XNOR
    assert counts["0001"] == counts["1110"] > 0  # by symmetry AND and NAND come as often
    steps = round(4 / a01_neuron.STEP)
    assert sum(counts.values()) == (steps + 1) ** 2 * 2 * steps
    assert a01_neuron.right(np.array([0, 1, 1, 1]), "0110") == 3


def test_a2_perceptron():
    outcome = run("a2-perceptron")
    last, ratio, distance, step, sigmoid, rule = found(outcome)
    assert last == 0
    assert 0 < ratio <= 1
    assert distance < 1e-9
    assert min(step, sigmoid) >= 1
    assert rule < 1e-12
    assert [row[2] for row in outcome.tables[1].rows] == ["0", "0", "0", "2"]


def test_a2_novikoffs_bound_of_two_points():
    # (1, 0) and (-1, 0): with w = (1, 0) and b = 0 the margin is 1, and R² = 1² + 0² + 1².
    x, y = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([1, 0])
    assert a02_perceptron.novikoff_bound(x, y, np.array([2.0, 0.3, 0.1])) == pytest.approx(2)


def test_a2_data_keep_their_distance():
    for gap in a02_perceptron.GAPS:
        x, y = a02_perceptron.separable_data(gap, 1)
        assert (x.shape, set(y.tolist())) == ((100, 2), {0, 1})
        nearest = np.linalg.norm(x[y == 0][:, None] - x[y == 1], axis=2).min()
        assert nearest >= 2 * gap


def test_a3_same_solution_as_the_reference():
    outcome = run("a3-logistic-regression")
    assert all(v.holds for v in outcome.verdicts)
    assert max(found(outcome)) < 1e-3
    assert len(set(outcome.tables[0].rows[0][1:]) & set(outcome.tables[0].rows[2][1:])) == 4


def test_a3_apart_sees_a_difference_and_ignores_a_common_bias():
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((3, 4)), rng.standard_normal(3)
    assert a03_logistic_regression.apart((w, b), (w, b + 5)) == pytest.approx(0, abs=1e-12)
    assert a03_logistic_regression.apart((w, b), (w + 0.25, b)) == pytest.approx(0.25)
    one = (w[:1], b[:1])
    assert a03_logistic_regression.apart(one, (w[:1], b[:1] + 5)) == pytest.approx(5)


def test_a3_two_units_need_twice_the_c():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((60, 3))
    t = (x[:, 0] + rng.standard_normal(60) > 0).astype(np.int64)
    solved = a03_logistic_regression
    two = solved.difference_of(solved.train_softmax(x, t, 1.0))
    assert solved.apart(two, solved.train_sigmoid(x, t, 2.0)) < 1e-4
    assert solved.apart(two, solved.train_sigmoid(x, t, 1.0)) > 1e-2


def test_a4_xor():
    outcome = run("a4-multilayer-perceptron", "xor")
    assert [f.name for f in outcome.figures] == ["xor"]
    wide, narrow = found(outcome)
    assert wide == 100
    assert 0 < narrow <= 100
    assert not a04_multilayer_perceptron.learned(a04_multilayer_perceptron.learn_xor(2, 0, 1))


def test_a4_approximation():
    outcome = run("a4-multilayer-perceptron", "approximation")
    ratio, falls = found(outcome)
    assert ratio < 0.1
    assert 3 <= falls <= 4
    medians = [float(row[1]) for row in outcome.tables[0].rows]
    assert falls == sum(b < a for a, b in itertools.pairwise(medians))
    assert outcome.notes


def test_a5_parabola_comes_to_least_squares():
    outcome = run("a5-parabola")
    assert all(v.holds for v in outcome.verdicts)
    distance, gradient, rises, below, above = found(outcome)
    assert distance < 1e-6
    assert gradient < 1e-12
    assert rises == 0
    assert below < 1 < above
    rows = outcome.tables[0].rows
    assert rows[-1][1:4] == rows[-2][1:4] != rows[3][1:4]  # the last step, least squares


def test_a5_first_step_by_hand():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 5.0])
    path = a05_parabola.fit(x, y, 0.01, 1)
    np.testing.assert_allclose(path, [[0, 0, 0], [0.08, 0.12, 0.22]], rtol=1e-12)  # c, b, a
    np.testing.assert_allclose(a05_parabola.loss(path[:1], x, y), [15])


def test_a6_gradient_descent():
    outcome = run("a6-gradient-descent")
    assert all(v.holds for v in outcome.verdicts)
    assert found(outcome)[3:5] == pytest.approx([1.0, 0.2], abs=1e-3)
    assert [row[1] for row in outcome.tables[0].rows[:4]] == ["2", "1.2", "0.72", "0.432"]
    counts = {row[0]: row[3] for row in outcome.tables[1].rows}
    assert counts["0.1818"] == "35"
    assert counts["0.205"].en == "never: it diverges"


def test_a6_figures(tmp_path):
    figures = {f.name: f for f in run("a6-gradient-descent").figures}
    assert list(figures) == ["line", "bowl", "ravine", "surface", "descent", "values"]
    assert figures["descent"].kind == "gif"
    assert len(figures["descent"].content.frames) == a06_gradient_descent.SHOWN + 1
    (tmp_path / "a.png").write_bytes(figures["ravine"].content.encoded("png", 50))
    assert read_image(tmp_path / "a.png").shape[0] == 3


def test_a6_divergence_is_seen():
    assert a06_gradient_descent.diverges(a06_gradient_descent.bowl, 1.05)
    assert a06_gradient_descent.diverges(a06_gradient_descent.bowl, 1e6)  # beyond all numbers
    assert not a06_gradient_descent.diverges(a06_gradient_descent.bowl, 0.95)
    # f falls by (1 − η)^2 in a step: 0.36^k < 1e-6 from k = 14 on.
    assert a06_gradient_descent.steps_until_near(a06_gradient_descent.bowl, 0.2) == 14


def test_a7_passes():
    outcome = run("a7-batches", "passes")
    mini, one = found(outcome)
    assert 1 <= one <= 10  # instead of 100 passes of batch descent
    assert 1 <= mini <= 20
    sizes, _, passes, updates, losses = zip(*outcome.tables[0].rows, strict=True)
    assert sizes == ("1,437", "32", "1")
    assert updates[0] == passes[0] == "100"
    assert updates[1] == f"{45 * mini:,}"
    assert max(map(float, losses[1:])) <= float(losses[0])


def test_a7_order_matters():
    outcome = run("a7-batches", "order")
    [shuffling] = found(outcome)
    assert shuffling > 5
    assert outcome.verdicts[0].holds


def test_a7_speed():
    [ratio] = found(run("a7-batches", "speed"))
    assert ratio > 1


def test_a7_stops_at_the_goal():
    losses = iter([3.0, 2.0, 1.0, 0.5])
    assert a07_batches.until(losses, 1.0, 10) == [3.0, 2.0, 1.0]
    assert a07_batches.until(itertools.repeat(1.0), 0.0, 3) == [1.0] * 3


def test_a7_one_batch_of_all_is_gradient_descent():
    x = np.eye(3, dtype=np.float32)
    t = np.array([0, 1, 2])
    learner = a07_batches.Learner(x, t)
    assert next(learner.passes(3, 0.5)) < np.log(3)
    expected = -0.5 * (np.full((3, 3), 1 / 3) - np.eye(3)) / 3
    np.testing.assert_allclose(learner.model.linear.weight.data, expected.T, atol=1e-6)


def test_a8_graph_and_an_operation_of_our_own():
    outcome = run("a8-computation-graph")
    assert found(outcome)[:3] == [5, -2, 1]
    assert all(v.holds for v in outcome.verdicts)
    assert [row[2] for row in outcome.tables[1].rows] == [row[3] for row in outcome.tables[1].rows]
    check_gradient(a08_computation_graph.bell, np.linspace(-2, 2, 7))
    dot = outcome.figures[1].content.dot
    assert 'label="Bell"' in dot
    assert "0.8521" in dot


def test_a9_gates():
    outcome = run("a9-gates")
    assert all(v.holds for v in outcome.verdicts)
    assert found(outcome)[:6] == [4, 4, -3, -3, 5, 2]
    gradients = {row[0]: row[2] for row in outcome.tables[1].rows}
    assert (gradients["x"], gradients["y"], gradients["z"], gradients["w"]) == ("5", "4", "−3", "2")
    assert "sum of gradients 5" in outcome.figures[0].content.dot
    gate, _ = a09_gates.RULES["add"]
    assert a09_gates.gap(gate, lambda x, y, d: (d, -d), 0) > 1  # a wrong rule is noticed


@pytest.mark.parametrize("row", [f"a{i}" for i in range(1, 10)])
def test_one_experiment_for_each_row(row):
    e = experiment(row)
    assert e.rows == (row.upper(),)
    assert len(e.text.en.split("\n\n")) == len(e.text.ja.split("\n\n"))
    outcome = run(e.name) if row not in ("a4", "a7") else run(e.name, e.parts[0])
    assert len({f.name for f in outcome.figures}) == len(outcome.figures)
    assert all(v.tolerance >= 0 for v in outcome.verdicts)


def test_figures_speak_japanese():
    with language("ja"):
        drawn = a02_perceptron.draw_bound(np.array([[0.1, 5.0, 100.0]]))
    assert isinstance(drawn, Picture)
    assert drawn.axes[0].get_ylabel() == "実際の誤り数"

"""Decision boundaries of everything that predicts."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from shinso import nn
from shinso.viz.boundary import _ask, _decide, decision_boundary

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
AND = np.array([0, 0, 0, 1])


def line_of(picture):
    """The points of all lines between regions."""
    lines = [c for c in picture.axes[0].collections if getattr(c, "filled", True) is False]
    return np.concatenate([path.vertices for c in lines for path in c.get_paths()])


def on_the_line(picture, tolerance=1e-9):
    """Is x₁ + x₂ = 1.5 where it changes?"""
    points = line_of(picture)
    return len(points) > 5 and np.abs(points.sum(axis=1) - 1.5).max() < tolerance


def and_network(outputs):
    model = nn.Sequential(nn.Linear(2, outputs), nn.Dropout(0.9))
    weight, bias = [[1.0, 1.0]], [-1.5]
    if outputs == 2:
        weight, bias = [[0.0, 0.0], *weight], [0.0, *bias]
    model[0].weight.data, model[0].bias.data = np.float32(weight), np.float32(bias)
    return model


@pytest.mark.parametrize("outputs", [1, 2])
def test_modules(outputs):
    model = and_network(outputs)
    model.train()
    assert on_the_line(decision_boundary(model, X, AND, points=40), 1e-5)
    assert model.training
    assert model[1].training
    assert model[0].weight.grad is None


def test_functions_of_scores_and_of_classes():
    assert on_the_line(decision_boundary(lambda x: x.sum(axis=1) - 1.5, X, AND, points=40))
    scores = decision_boundary(lambda x: x.sum(axis=1, keepdims=True) - 1.5, X, AND, points=40)
    assert on_the_line(scores)
    step = decision_boundary(lambda x: np.where(x.sum(axis=1) > 1.5, 1.0, 0.0), X, AND, points=300)
    assert on_the_line(step, 0.01)


def test_estimators():
    names = np.array(["no", "yes"])
    model = LogisticRegression(C=1e4).fit(X, names[AND])
    picture = decision_boundary(model, X, names[AND], points=200)
    assert on_the_line(picture, 0.05)
    texts = [t.get_text() for t in picture.legends[0].get_texts()]
    assert texts == ["class no", "class yes"]


def test_decisions():
    scores = np.array([[1.0, 3.0, 2.0], [5.0, 5.0, 0.0]])
    found = _decide(scores, np.array([0, 1, 2]))
    np.testing.assert_array_equal(found.margins.T, [[-2, 1, -1], [0, 0, -5]])
    two = _decide(np.array([-0.5, 0.2]), np.array([-1, 1]))
    assert two.values.tolist() == [-1, 1]
    np.testing.assert_array_equal(two.margins, [[0.5, -0.2], [-0.5, 0.2]])
    # Classes that the examples lack are there, too.
    assert _decide(np.array([0, 2]), np.array([0, 1])).values.tolist() == [0, 1, 2]
    assert _decide(scores, np.array([0, 2])).values.tolist() == [0, 1, 2]


def test_points_of_each_class_have_their_own_look():
    y = np.arange(7).repeat(4)
    x = np.random.default_rng(0).normal(size=(28, 2))
    centres = np.stack([x[y == i].mean(axis=0) for i in range(7)])
    names = [f"c{i}" for i in range(7)]
    picture = decision_boundary(
        lambda p: -((p[:, None] - centres) ** 2).sum(axis=2), x, y, classes=names, points=40
    )
    clouds = [c for c in picture.axes[0].collections if c.get_label() in names]
    assert [len(c.get_offsets()) for c in clouds] == [4] * 7
    np.testing.assert_array_equal(clouds[3].get_offsets(), x[y == 3])
    assert len({tuple(c.get_facecolor()[0]) for c in clouds}) == 7
    assert len({c.get_paths()[0].vertices.tobytes() for c in clouds}) == 7


def test_one_example_of_one_class():
    picture = decision_boundary(lambda p: p[:, 0] - 3, X[3:], AND[3:], points=20)
    assert len(line_of(decision_boundary(lambda p: p[:, 0] - 1, X[3:], AND[3:], points=20)))
    assert picture.axes[0].get_xlim() == (0.75, 1.25)


def test_a_margin_around_the_examples():
    axes = decision_boundary(lambda p: p[:, 0], X, AND[:, None], points=20, margin=0.5).axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-0.5, 1.5), (-0.5, 1.5))


def test_a_float64_module_is_asked_in_float64():
    model = and_network(1).double()
    assert _ask(model, X).dtype == np.float64
    np.testing.assert_allclose(_ask(model, X), [-1.5, -0.5, -0.5, 0.5])


@pytest.mark.parametrize(
    ("predict", "x", "y", "options", "message"),
    [
        (np.sum, X[:, :1], AND, {}, r"examples \(n, 2\)"),
        (np.sum, X, AND[:3], {}, "one class for each of the 4 examples"),
        (np.sum, X, AND, {}, "predict gave shape"),
        (lambda p: p, X, np.arange(4), {}, "scores 2 classes, and y has 4"),
        (lambda p: p[:, 0], X, AND, {"classes": ["a"]}, "2 classes, and 1 names"),
        (lambda p: np.arange(len(p)) % 8, X, AND, {}, "at most 7 colours"),
    ],
)
def test_errors(predict, x, y, options, message):
    with pytest.raises(ValueError, match=message):
        decision_boundary(predict, x, y, points=16, **options)

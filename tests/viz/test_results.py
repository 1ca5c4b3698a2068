"""Confusion matrices, learning curves, worst mistakes."""

from itertools import pairwise

import numpy as np
import pytest

from shinso.train.history import History
from shinso.viz.results import confusion, learning_curves, worst_first, worst_mistakes
from shinso.viz.style import language


def texts(axes):
    return {t.get_position(): t.get_text() for t in axes.texts}


def test_confusion_has_counts_and_shares():
    axes = confusion(np.array([[8, 2], [0, 0]]), ["no", "yes"], title="T").axes[0]
    assert texts(axes) == {(0, 0): "8\n80.0 %", (1, 0): "2\n20.0 %", (0, 1): "0", (1, 1): "0"}
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.8, 0.2], [0, 0]])
    assert [t.get_text() for t in axes.get_yticklabels()] == ["no", "yes"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("predicted", "true", "T")


@pytest.mark.parametrize("k", [2, 10, 11, 25])
def test_counts_fit_into_their_cells(k):
    matrix = np.full((k, k), 12345)
    with language("ja"):
        picture = confusion(matrix, [f"クラス{i}" for i in range(k)])
    picture.draw_without_rendering()
    axes = picture.axes[0]
    assert len(axes.texts) == k * k
    assert all(t.get_fontsize() >= 11 for t in axes.texts)
    cell = axes.get_window_extent().width / k
    box = axes.texts[0].get_window_extent()
    assert box.width < cell
    assert box.height < cell
    labels = [t.get_window_extent() for t in axes.get_yticklabels()]
    assert all(a.y0 > b.y1 for a, b in pairwise(labels))
    names = axes.get_xticklabels()
    if not names[0].get_rotation():
        boxes = [t.get_window_extent() for t in names]
        assert all(a.x1 < b.x0 for a, b in pairwise(boxes))


def test_empty_cells_of_a_large_matrix_stay_empty():
    axes = confusion(np.eye(12, dtype=int), range(12)).axes[0]
    assert texts(axes) == {(i, i): "1" for i in range(12)}


@pytest.mark.parametrize(
    ("matrix", "classes", "message"),
    [
        ([[1, 2]], ["a"], r"not \(1, 2\)"),
        ([[1]], ["a"], "2 to 25 classes"),
        (np.ones((26, 26), int), range(26), "2 to 25 classes"),
        ([[1, 2], [3, 4]], ["a"], "2 classes, and 1 names"),
        ([[1, -2], [3, 4]], ["a", "b"], "none below 0"),
        ([[0.5, 0.5], [0, 1]], ["a", "b"], "whole numbers"),
    ],
)
def test_errors_of_confusion(matrix, classes, message):
    with pytest.raises(ValueError, match=message):
        confusion(matrix, classes)


RUN = History(
    [
        {"epoch": 1, "loss": 3.0, "accuracy": 0.3, "val_loss": 3.5, "val_accuracy": 0.2, "lr": 0.1},
        {"epoch": 2, "loss": 2.0, "accuracy": 0.5, "val_loss": 2.5, "val_accuracy": 0.4, "lr": 0.1},
        {"epoch": 3, "loss": 1.0, "accuracy": 0.9, "val_loss": 2.9, "val_accuracy": 0.4, "lr": 0.1},
    ]
)


def test_learning_curves_of_a_run():
    picture = learning_curves(RUN)
    assert [axes.get_ylabel() for axes in picture.axes] == ["loss", "accuracy"]
    train, held_out, lowest = picture.axes[0].lines
    np.testing.assert_array_equal(train.get_xydata(), [[1, 3], [2, 2], [3, 1]])
    np.testing.assert_array_equal(held_out.get_ydata(), [3.5, 2.5, 2.9])
    assert (train.get_linestyle(), held_out.get_linestyle()) == ("-", "--")
    assert lowest.get_xydata().tolist() == [[2, 2.5]]
    with language("ja"):
        assert learning_curves(RUN, metrics=["accuracy"]).axes[0].get_ylabel() == "正解率"


def test_learning_curves_of_lists():
    picture = learning_curves({"loss": [3.0], "val_loss": [np.nan], "own": [1.0], "val_f1": [0.5]})
    assert [axes.get_ylabel() for axes in picture.axes] == ["loss", "own", "F1"]
    assert [len(axes.lines) for axes in picture.axes] == [2, 1, 1]
    assert picture.encoded("png", 40).startswith(b"\x89PNG")


def test_four_metrics_leave_two_places_empty():
    picture = learning_curves({name: [1, 2] for name in "abcd"})
    assert [axes.axison for axes in picture.axes] == [True] * 4 + [False] * 2


def test_errors_of_learning_curves():
    with pytest.raises(KeyError, match="'f1' was not measured; there are loss, accuracy"):
        learning_curves(RUN, metrics=["f1"])
    for empty in (History(), {}, {"loss": []}, {"lr": [1.0]}):
        with pytest.raises(ValueError, match="nothing was measured"):
            learning_curves(empty)


TRUE, SAID = np.array([0, 1, 2, 1, 0]), np.array([0, 2, 1, 0, 1])
SURE = np.array([0.99, 0.5, 0.9, 0.5, 0.7])
IMAGES = np.arange(5 * 16, dtype=float).reshape(5, 4, 4) / 80


def test_the_surest_mistake_comes_first():
    assert worst_first(TRUE, SAID, SURE).tolist() == [2, 4, 1, 3]
    picture = worst_mistakes(IMAGES, TRUE, SAID, SURE, classes=["a", "b", "c"], count=2)
    found = [t.get_text() for t in picture.axes[0].texts]
    assert found == ["true c\npredicted b\n90.0 %", "true a\npredicted b\n70.0 %"]
    shown = [np.asarray(image.get_array()) for image in picture.axes[0].images]
    np.testing.assert_array_equal(shown, IMAGES[[2, 4]])
    with language("ja"):
        picture = worst_mistakes(IMAGES[:, None], TRUE, SAID, SURE, count=1)
    assert [t.get_text() for t in picture.axes[0].texts] == ["正解 2\n予測 1\n90.0 %"]


def test_errors_of_worst_mistakes():
    with pytest.raises(ValueError, match="all 5 images are classified rightly"):
        worst_mistakes(IMAGES, TRUE, TRUE, SURE)
    with pytest.raises(ValueError, match=r"predicted has shape \(4,\)"):
        worst_mistakes(IMAGES, TRUE, SAID[1:], SURE)
    with pytest.raises(ValueError, match="count is how many"):
        worst_mistakes(IMAGES, TRUE, SAID, SURE, count=0)

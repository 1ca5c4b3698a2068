"""Decision trees, to stand beside networks: grown by scikit-learn, kept as plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn.tree
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso.cell import Array
from shinso.classical.saving import Saving

FLOATS = (np.float64, np.float32)


class _Tree(Saving, BaseEstimator):  # type: ignore[misc]
    """What classifier and regressor share.

    Node i asks whether feature features_[i] is at most thresholds_[i], and goes on with node
    left_[i] or right_[i]; at a leaf, left_[i] is -1 and values_[i] the answer.
    """

    def __init__(
        self,
        max_depth: int | None = None,
        *,
        min_samples_leaf: int | float = 1,
        max_leaf_nodes: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.max_leaf_nodes = max_leaf_nodes
        self.random_state = random_state

    def _grow(self, kind: Any, x: Array, y: Array) -> None:
        grown = kind(**self.get_params(deep=False)).fit(x, y).tree_
        self.left_, self.right_ = grown.children_left.copy(), grown.children_right.copy()
        self.features_, self.thresholds_ = grown.feature.copy(), grown.threshold.copy()
        self.values_ = grown.value[:, 0, :].copy()

    def _answers(self, X: Any) -> Array:
        """The values of the leaves that the rows of X end in, (n, outputs)."""
        check_is_fitted(self)
        # scikit-learn compares features as float32
        x = validate_data(self, X, reset=False, dtype=FLOATS).astype(np.float32)
        nodes = np.zeros(len(x), np.int64)
        going = np.arange(len(x))
        while len(going := going[self.left_[nodes[going]] >= 0]):
            at = nodes[going]
            low = x[going, self.features_[at]] <= self.thresholds_[at]
            nodes[going] = np.where(low, self.left_[at], self.right_[at])
        answers: Array = self.values_[nodes]
        return answers


class TreeClassifier(ClassifierMixin, _Tree):  # type: ignore[misc]
    """A decision tree that tells classes apart, split by split where Gini's impurity falls most.

    max_depth: the most questions in a row; None for no limit. min_samples_leaf: the fewest rows of
    a leaf, or their share. max_leaf_nodes: the most leaves. random_state: decides between equal
    splits. After fit: classes_, n_features_in_, and the tree (see `_Tree`).
    L. Breiman, J. Friedman, R. Olshen, C. Stone, "Classification and regression trees", 1984.
    """

    def fit(self, X: Any, y: Any) -> TreeClassifier:
        """Learn from X (n, features) and the classes y (n,). Returns self.

        Raises ValueError for arguments or data that do not fit.
        """
        x, y = validate_data(self, X, y, dtype=FLOATS)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        self._grow(sklearn.tree.DecisionTreeClassifier, x, labels)
        return self

    def predict_proba(self, X: Any) -> Array:
        """The share of each class in the leaf that a row ends in, (n, classes)."""
        return self._answers(X)

    def predict(self, X: Any) -> Array:
        """The most frequent class of that leaf, (n,)."""
        answers = self._answers(X)
        return self.classes_[answers.argmax(axis=1)]


class TreeRegressor(RegressorMixin, _Tree):  # type: ignore[misc]
    """A decision tree that predicts numbers: the mean of the rows in the leaf.

    Arguments and what is there after fit: as for `TreeClassifier`, without classes_. Splits where
    the squared error falls most.
    """

    def fit(self, X: Any, y: Any) -> TreeRegressor:
        """Learn from X (n, features) and the numbers y (n,). Returns self.

        Raises ValueError for arguments or data that do not fit.
        """
        x, y = validate_data(self, X, y, dtype=FLOATS, y_numeric=True)
        self._grow(sklearn.tree.DecisionTreeRegressor, x, y)
        return self

    def predict(self, X: Any) -> Array:
        """The value for each row of X (n, features): (n,)."""
        return self._answers(X)[:, 0]

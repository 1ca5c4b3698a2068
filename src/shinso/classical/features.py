"""Random Fourier features: a few hundred cosines in place of a kernel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.base import ClassNamePrefixFeaturesOutMixin as NamesMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso.cell import Array
from shinso.classical.arguments import check_choice, check_count, check_number
from shinso.classical.hidden import activate
from shinso.classical.saving import Saving

FLOATS = (np.float64, np.float32)
VARIANTS = ("cos", "cos_sin")


class RandomFourierFeatures(Saving, NamesMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """φ(x) with φ(x)·φ(z) ≈ exp(-γ|x - z|²): an RBF kernel as features, for linear methods.

    "cos": φ(x) = √(2/D) cos(xW + b), W from N(0, 2γ) and b even over [0, 2π).
    "cos_sin": φ(x) = √(1/D) [cos(xW), sin(xW)], with the same W and no b.

    The error of φ(x)·φ(z) falls as 1/√D; for near x and z the second variant has less of it, and
    none at all for x = z.

    gamma: γ, or "scale" for 1 / (features · variance of X). n_components: D, the columns of W; as
    many come out for "cos", and twice as many for "cos_sin". variant: see above.
    random_state: decides what is drawn; "cos" draws what scikit-learn's RBFSampler does.
    Keeps float32 and float64. After fit: random_weights_ (features, D),
    random_offset_ (D,) or None, n_features_in_.
    A. Rahimi, B. Recht, "Random features for large-scale kernel machines", 2007; D. J. Sutherland,
    J. Schneider, "On the error of random Fourier features", 2015.
    """

    def __init__(
        self,
        *,
        gamma: float | str = 1.0,
        n_components: int = 100,
        variant: str = "cos",
        random_state: Any = None,
    ) -> None:
        self.gamma = gamma
        self.n_components = n_components
        self.variant = variant
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> RandomFourierFeatures:
        """Draw the weights for data like X (n, features); of X only the width counts, and for
        gamma="scale" the variance. y is not used. Returns self.

        Raises ValueError for arguments or data that do not fit.
        """
        components = check_count("n_components", self.n_components)
        pairs = check_choice("variant", self.variant, VARIANTS) == "cos_sin"
        x = validate_data(self, X, dtype=FLOATS)
        if isinstance(self.gamma, str):
            check_choice("gamma", self.gamma, ("scale",))
            variance = float(x.var())
            gamma = 1.0 / (x.shape[1] * variance) if variance else 1.0
        else:
            gamma = check_number("gamma", self.gamma, open_low=True)
        rng = check_random_state(self.random_state)
        weights = math.sqrt(2 * gamma) * rng.normal(size=(x.shape[1], components))
        self.random_weights_ = weights.astype(x.dtype, copy=False)
        self.random_offset_ = None
        if not pairs:
            self.random_offset_ = rng.uniform(0, 2 * np.pi, size=components).astype(x.dtype)
        self._n_features_out = 2 * components if pairs else components
        return self

    def transform(self, X: Any) -> Array:
        """φ of each row of X: (n, features) → (n, columns)."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=FLOATS)
        weights = self.random_weights_.astype(x.dtype, copy=False)
        z = x @ weights
        if self.random_offset_ is not None:
            z += self.random_offset_.astype(x.dtype, copy=False)
        return activate(z, self.variant)

    def __sklearn_tags__(self) -> Any:
        """Keeps float32 and float64."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

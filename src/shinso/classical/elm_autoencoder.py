"""ELM autoencoders, and the multilayer extreme learning machine made of a stack of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.base import ClassNamePrefixFeaturesOutMixin as NamesMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso.cell import Array
from shinso.classical.arguments import check_choice, check_count, check_number, check_widths
from shinso.classical.hidden import activate, draw_weights
from shinso.classical.ridge import Normal
from shinso.classical.running import Report, chunks
from shinso.classical.saving import Saving
from shinso.classical.scores import ScoreClassifier

FLOATS = (np.float64, np.float32)
ACTIVATIONS = ("sigmoid", "tanh", "relu", "linear")
_BLOCK_BYTES = 1 << 26
_EXACT = 2048


def autoencode(
    x: Array, units: int, activation: str, alpha: float, scale: float, rng: Any
) -> tuple[Array, Array, Array]:
    """W (features, units), b (units,) and B (units, features) with g(xW + b) B ≈ x.

    W and b are orthogonal and stay as drawn; B is solved for, block by block.
    """
    w, b = (
        part.astype(x.dtype) for part in draw_weights("orthogonal", x.shape[1], units, scale, rng)
    )
    normal = Normal(units, x.shape[1], np.float64 if units <= _EXACT else x.dtype)
    for part in _parts(x, units):
        rows = x[part]
        normal.add(activate(rows @ w + b, activation), rows)
    return w, b, normal.solve(alpha).astype(x.dtype, copy=False)


def _parts(x: Array, units: int) -> Any:
    return chunks(len(x), max(1, _BLOCK_BYTES // (units * x.itemsize)))


class ELMAutoEncoder(Saving, NamesMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """x ≈ g(xW + b) B with orthogonal random W and b, B solved for; its features are xBᵀ.

    n_components: hidden units; fewer than features compress, more expand. activation: g, "sigmoid",
    "tanh", "relu" or "linear". alpha: against large B, (HᵀH + αI) B = HᵀX. weight_scale: the length
    of W's columns and of b. random_state: decides what is drawn.

    Computes in X's type, float32 or float64; equations are solved in float64 up to 2048 units, and
    in X's type above. After fit: hidden_weights_ (features, units), hidden_biases_ (units,),
    components_ (units, features), which is B, and n_features_in_.
    L. L. C. Kasun, H. Zhou, G.-B. Huang, C. M. Vong, "Representational learning with extreme
    learning machine for big data", 2013.
    """

    def __init__(
        self,
        n_components: int = 100,
        *,
        activation: str = "sigmoid",
        alpha: float = 1e-3,
        weight_scale: float = 1.0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.activation = activation
        self.alpha = alpha
        self.weight_scale = weight_scale
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> ELMAutoEncoder:
        """Learn from X (n, features); y is not used. Returns self.

        Raises ValueError for arguments or data that do not fit, and for an alpha too small for the
        equations to have one solution.
        """
        units = check_count("n_components", self.n_components)
        check_choice("activation", self.activation, ACTIVATIONS)
        check_number("alpha", self.alpha)
        check_number("weight_scale", self.weight_scale, open_low=True)
        x = validate_data(self, X, dtype=FLOATS)
        rng = check_random_state(self.random_state)
        self.hidden_weights_, self.hidden_biases_, self.components_ = autoencode(
            x, units, self.activation, self.alpha, self.weight_scale, rng
        )
        self._n_features_out = units
        return self

    def transform(self, X: Any) -> Array:
        """xBᵀ for each row x of X: (n, features) → (n, n_components)."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=FLOATS)
        return x @ self.components_.T.astype(x.dtype, copy=False)

    def reconstruct(self, X: Any) -> Array:
        """g(xW + b) B, what the autoencoder makes of each row of X: (n, features) → the same."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=FLOATS)
        z = x @ self.hidden_weights_.astype(x.dtype) + self.hidden_biases_.astype(x.dtype)
        return activate(z, self.activation) @ self.components_.astype(x.dtype)

    def __sklearn_tags__(self) -> Any:
        """Keeps float32 and float64."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class MultilayerELM(Saving, ScoreClassifier, BaseEstimator):  # type: ignore[misc]
    """Layers h ← g(s·hBᵀ), each B learned by an ELM autoencoder, and ridge regression on the last.

    hidden_layer_sizes: widths, the last usually by far the largest. Nothing is trained twice: each
    layer is one solution of linear equations.
    activation: g of all layers, or one for each; see `ELMAutoEncoder`. alphas: α of each
    autoencoder, one number or one for each. alpha: α of the output. weight_scale: of the
    autoencoders' random weights, one number or one for each. gain: s, one number or one for each:
    what the features are multiplied with, in units of their standard deviation.
    center: subtract each feature's mean before the gain. verbose: print a line per layer.
    random_state: decides what is drawn.

    Computes in X's type, float32 or float64; equations are solved in float64 up to 2048 units, and
    in X's type above, where float32 needs a larger α. Rows are taken block by block: besides X the
    memory is that of one square matrix of the widest layer, 0.9 GB for 15 000 units in float32.
    After fit: classes_, components_ (the Bs, scaled), offsets_, output_weights_, n_features_in_.
    L. L. C. Kasun et al., 2013; J. Tang, C. Deng, G.-B. Huang, "Extreme learning machine for
    multilayer perceptron", 2016.
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (100, 100, 1000),
        *,
        activation: str | Sequence[str] = "sigmoid",
        alphas: float | Sequence[float] = 1e-1,
        alpha: float = 1e-1,
        weight_scale: float | Sequence[float] = 1.0,
        gain: float | Sequence[float] = 1.0,
        center: bool = True,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.alphas = alphas
        self.alpha = alpha
        self.weight_scale = weight_scale
        self.gain = gain
        self.center = center
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> MultilayerELM:
        """Learn from X (n, features) and the classes y (n,). Returns self.

        Raises ValueError for arguments or data that do not fit, and for an alpha too small for the
        equations to have one solution.
        """
        widths = check_widths("hidden_layer_sizes", self.hidden_layer_sizes)
        count = len(widths)
        self._activations = _each("activation", self.activation, count)
        for name in self._activations:
            check_choice("activation", name, ACTIVATIONS)
        alphas, scales, gains = (
            [check_number(name, v, open_low=name != "alphas") for v in _each(name, value, count)]
            for name, value in (
                ("alphas", self.alphas),
                ("weight_scale", self.weight_scale),
                ("gain", self.gain),
            )
        )
        check_number("alpha", self.alpha)
        x, y = validate_data(self, X, y, dtype=FLOATS)
        targets = self._targets(y, x.dtype)
        rng = check_random_state(self.random_state)
        report = Report(self.verbose, "multilayer ELM", count + 1)
        self.components_: list[Array] = []
        self.offsets_: list[Array] = []
        h = x
        for layer, units in enumerate(widths):
            *_, b = autoencode(
                h, units, self._activations[layer], alphas[layer], scales[layer], rng
            )
            self._keep(h, b, gains[layer])
            if layer < count - 1:
                h = self._layer(h, layer)
            report(lambda units=units: f"{units} units")  # type: ignore[misc]
        normal = Normal(
            widths[-1], targets.shape[1], np.float64 if widths[-1] <= _EXACT else x.dtype
        )
        for part in _parts(x, widths[-1]):
            normal.add(self._layer(h[part], count - 1), targets[part])
        self.output_weights_ = normal.solve(self.alpha).astype(x.dtype, copy=False)
        report(lambda: f"{targets.shape[1]} outputs")
        return self

    def _keep(self, h: Array, b: Array, gain: float) -> None:
        """A layer's weights and offsets: features of mean 0 and standard deviation `gain`."""
        total, squares = np.zeros(len(b)), np.zeros(len(b))
        for part in _parts(h, len(b)):
            z = h[part] @ b.T
            total += z.sum(axis=0, dtype=np.float64)
            squares += np.einsum("ij,ij->j", z, z)
        mean = total / len(h)
        spread = np.sqrt(np.maximum(squares / len(h) - mean**2, 0).mean())
        scale = gain / spread if spread > 0 else gain
        self.components_.append((b * scale).astype(h.dtype))
        self.offsets_.append((-mean * scale * bool(self.center)).astype(h.dtype))

    def _layer(self, h: Array, layer: int) -> Array:
        z = h @ self.components_[layer].T.astype(h.dtype, copy=False)
        z += self.offsets_[layer].astype(h.dtype, copy=False)
        return activate(z, self._activations[layer])

    def decision_function(self, X: Any) -> Array:
        """The outputs for each row of X: (n,) for two classes, else (n, classes)."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=FLOATS)
        weights = self.output_weights_.astype(x.dtype, copy=False)
        outputs = []
        for part in _parts(x, len(weights)):
            h = x[part]
            for layer in range(len(self.components_)):
                h = self._layer(h, layer)
            outputs.append(h @ weights)
        scores = np.concatenate(outputs)
        return scores[:, 0] if len(self.classes_) == 2 else scores


def _each(name: str, value: Any, count: int) -> list[Any]:
    """A value for each layer, from one for all or a list of them."""
    if isinstance(value, (list, tuple, np.ndarray)):
        if len(value) != count:
            raise ValueError(f"{name} has {len(value)} values for {count} layers")
        return list(value)
    return [value] * count

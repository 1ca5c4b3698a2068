"""Stacked autoencoders, plain and denoising, as classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from shinso.cell import Array
from shinso.classical.arguments import check_choice, check_count, check_number
from shinso.classical.coding import ACTIVATION_VALUES, Coder, Noise
from shinso.classical.finetuning import ACTIVATIONS
from shinso.classical.pretrained import PretrainedClassifier
from shinso.classical.running import Report
from shinso.classical.seeding import next_seed, stream
from shinso.ops.activation import stable_sigmoid


class StackedAutoEncoder(PretrainedClassifier):
    """Autoencoders on top of each other, fine-tuned as a classifier.

    Each learns to give its input back, h = f(xW + b), x̂ = g(hV + c), and its h is the input of the
    next. g is a sigmoid, judged by cross-entropy, where the input lies between 0 and 1, and the
    identity, judged by the squared error, where it does not. Then the encoders become the layers of
    a network with a softmax on top, trained by backpropagation.

    hidden_layer_sizes: widths. activation: f, "logistic", "tanh" or "relu". tied: V = Wᵀ; False
    learns V on its own. pretrain_epochs, pretrain_solver ("adam", "sgd"), pretrain_learning_rate:
    of each autoencoder. max_iter … input_dropout: of fine-tuning, as for `DBNClassifier`.
    batch_size: examples per update, in both parts; "auto" takes n / 20, from 10 to 100.
    verbose: print a line per epoch. random_state: decides all that is drawn.

    After fit, beside what `PretrainedClassifier` lists: weights_ (in, out), biases_, decoders_
    (out, in) and decoder_biases_, all before fine-tuning.
    Y. Bengio et al., "Greedy layer-wise training of deep networks", 2007.
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (500, 500),
        *,
        activation: str = "logistic",
        tied: bool = True,
        pretrain_epochs: int = 10,
        pretrain_solver: str = "adam",
        pretrain_learning_rate: float = 1e-3,
        max_iter: int = 100,
        solver: str = "adam",
        learning_rate_init: float = 1e-3,
        learning_rate: str = "linear",
        momentum: float = 0.9,
        alpha: float = 0.0,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        batch_size: Any = "auto",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.tied = tied
        self.pretrain_epochs = pretrain_epochs
        self.pretrain_solver = pretrain_solver
        self.pretrain_learning_rate = pretrain_learning_rate
        self.max_iter = max_iter
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.alpha = alpha
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.batch_size = batch_size
        self.verbose = verbose
        self.random_state = random_state

    def _check_pretraining(self) -> None:
        super()._check_pretraining()
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("pretrain_solver", self.pretrain_solver, ("adam", "sgd"))

    def _noise(self, x: Array) -> Noise:
        return Noise("none", 0.0, 0.0, 1.0)

    def _pretrain(
        self, x: Array, t: Array, widths: tuple[int, ...], rng: np.random.Generator
    ) -> tuple[list[Array], list[Array]]:
        self.weights_: list[Array] = []
        self.biases_: list[Array] = []
        self.decoders_: list[Array] = []
        self.decoder_biases_: list[Array] = []
        data, name = x, type(self).__name__
        for i, width in enumerate(widths):
            unit = self.unit_interval_ if i == 0 else self.activation == "logistic"
            low, high = ACTIVATION_VALUES[self.activation]
            noise = self._noise(x) if i == 0 else self._noise(x).between(low, high)
            coder = Coder(
                data.shape[1], width, rng, x.dtype,
                activation=self.activation, unit=unit, tied=bool(self.tied), noise=noise,
            )  # fmt: skip
            coder.fit(
                data,
                rng,
                Report(self.verbose, f"{name} layer {i + 1}", self.pretrain_epochs),
                solver=self.pretrain_solver,
                learning_rate=self.pretrain_learning_rate,
                batch_size=self._batch(len(x)),
                epochs=self.pretrain_epochs,
            )
            self.weights_.append(coder.weight.numpy())
            self.biases_.append(coder.bias.numpy())
            self.decoders_.append(np.ascontiguousarray(coder.decoder_weight()))
            self.decoder_biases_.append(coder.decoder_bias.numpy())
            if i + 1 < len(widths):
                data = coder.encode(data)
        return list(self.weights_), list(self.biases_)

    # -- coding ----------------------------------------------------------------------------------

    def encode(self, X: Any, layers: int | None = None) -> Array:
        """The code before fine-tuning: (n, features) → (n, width). layers: how many; None for all.

        `transform` gives that of the fine-tuned network.
        """
        h = self._validated(X)
        function = ACTIVATIONS[self.activation]
        for w, b in list(zip(self.weights_, self.biases_, strict=True))[: self._depth(layers)]:
            h = np.asarray(function(h @ w.astype(h.dtype, copy=False) + b.astype(h.dtype)).data)
        return h

    def reconstruct(self, X: Any, layers: int | None = None) -> Array:
        """Encode and decode: (n, features) → (n, features). layers: how many; None for all."""
        h = self.encode(X, layers)
        for i in reversed(range(self._depth(layers))):
            z = h @ self.decoders_[i].astype(h.dtype, copy=False)
            z = z + self.decoder_biases_[i].astype(h.dtype)
            unit = self.unit_interval_ if i == 0 else self.activation == "logistic"
            h = stable_sigmoid(z) if unit else z
        return h

    def _depth(self, layers: int | None) -> int:
        check_is_fitted(self)
        depth = len(self.weights_)
        if layers is None:
            return depth
        if check_count("layers", layers) > depth:
            raise ValueError(f"there are {depth} layers, and layers={layers} are asked for")
        return layers


class StackedDenoisingAutoEncoder(StackedAutoEncoder):
    """Stacked autoencoders that learn to undo noise, fine-tuned as a classifier.

    As `StackedAutoEncoder`, but each layer sees its input with noise and must give it back without.
    noise: "masking" sets each value to 0 with probability noise_level; "salt_and_pepper" sets it to
    the lowest or the highest value, half and half; "gaussian" adds normal numbers of standard
    deviation noise_level. All other arguments are those of `StackedAutoEncoder`. Fine-tuning and
    prediction see no noise.
    P. Vincent et al., "Stacked denoising autoencoders", JMLR 11, 2010.
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (500, 500),
        *,
        noise: str = "masking",
        noise_level: float = 0.25,
        activation: str = "logistic",
        tied: bool = True,
        pretrain_epochs: int = 10,
        pretrain_solver: str = "adam",
        pretrain_learning_rate: float = 1e-3,
        max_iter: int = 100,
        solver: str = "adam",
        learning_rate_init: float = 1e-3,
        learning_rate: str = "linear",
        momentum: float = 0.9,
        alpha: float = 0.0,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        batch_size: Any = "auto",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes, activation=activation, tied=tied, pretrain_epochs=pretrain_epochs,
            pretrain_solver=pretrain_solver, pretrain_learning_rate=pretrain_learning_rate,
            max_iter=max_iter, solver=solver, learning_rate_init=learning_rate_init,
            learning_rate=learning_rate, momentum=momentum, alpha=alpha, dropout=dropout,
            input_dropout=input_dropout, batch_size=batch_size, verbose=verbose,
            random_state=random_state,
        )  # fmt: skip
        self.noise = noise
        self.noise_level = noise_level

    def _check_pretraining(self) -> None:
        super()._check_pretraining()
        check_choice("noise", self.noise, ("masking", "salt_and_pepper", "gaussian"))
        high = np.inf if self.noise == "gaussian" else 1
        check_number("noise_level", self.noise_level, high=high)

    def _noise(self, x: Array) -> Noise:
        self.range_ = (0.0, 1.0) if self.unit_interval_ else (float(x.min()), float(x.max()))
        return Noise(self.noise, float(self.noise_level), *self.range_)

    def corrupt(self, X: Any, random_state: Any = None) -> Array:
        """X with noise as in training: (n, features) → (n, features).

        random_state: None goes on with the estimator's own random numbers.
        """
        x = self._validated(X)
        with stream(next_seed(random_state, self.random_state_)):
            return np.asarray(Noise(self.noise, float(self.noise_level), *self.range_).add(x))

    def denoise(self, X: Any, layers: int | None = None) -> Array:
        """Noisy examples without their noise: the same as `reconstruct`."""
        return self.reconstruct(X, layers)

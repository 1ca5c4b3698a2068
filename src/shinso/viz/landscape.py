"""The loss around a trained network, along random directions that fit the size of its filters.

Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the loss landscape of neural
nets", NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from shinso import compiler
from shinso.cell import Array
from shinso.graph import Tensor, no_grad
from shinso.nn import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, LayerNorm
from shinso.nn.evaluating import evaluating
from shinso.nn.module import Module
from shinso.viz.legend import legend_below
from shinso.viz.picture import Picture, new_picture, one_axes
from shinso.viz.style import BLACK, BLUE, say, styled
from shinso.viz.surface import draw_contours, draw_surface

Loss = Callable[[Any, Any], Tensor]


@styled
def loss_landscape(
    model: Module,
    loss: Loss,
    x: Any,
    t: Any,
    *,
    span: float = 1.0,
    points: int = 21,
    seed: int = 0,
    dimensions: int = 2,
    compile: bool = True,
    title: str = "",
) -> Picture:
    """Draw the loss around the model's weights: along a line, or over a plane.

    Arguments and errors: see `landscape_values`; ValueError also for a loss that is finite nowhere
    or, over a plane, the same everywhere. The plane is shown as contours and as a surface;
    the model stands in the middle, at (0, 0).
    """
    at, losses = landscape_values(
        model,
        loss,
        x,
        t,
        span=span,
        points=points,
        seed=seed,
        dimensions=dimensions,
        compile=compile,
    )
    if not np.isfinite(losses).any():
        raise ValueError("the loss is finite nowhere around this model: there is nothing to draw")
    return _line(at, losses, title) if dimensions == 1 else _plane(at, losses, title)


def landscape_values(
    model: Module,
    loss: Loss,
    x: Any,
    t: Any,
    *,
    span: float = 1.0,
    points: int = 21,
    seed: int = 0,
    dimensions: int = 2,
    compile: bool = True,
) -> tuple[Array, Array]:
    """The loss L(w + a d₁ + b d₂) for a, b from −span to span.

    Each of d₁ and d₂ is drawn from a normal distribution and then, filter by filter, brought to the
    norm of the model's filter: d_f ← d_f · ‖w_f‖ / ‖d_f‖. A filter is what leads to one output of a
    layer. Biases and parameters of normalization stay as they are. Without this, a network with
    larger weights would look flatter.

    model: runs in evaluation mode; its parameters and modes are as before afterwards, also if
    something goes wrong. loss: of (output, target), a scalar. x, t: the batch, in one piece.
    span: 1 goes as far as the filters are long. points: along each axis; odd, so that the model
    itself is among them. seed: decides the directions. dimensions: 1 or 2.
    compile: compute the losses by machine code; False takes NumPy.
    Returns (a, losses): (points,) and (points,) or (points, points), b along the first axis.
    A loss that is too large for its type is inf or NaN.
    Raises ValueError for other numbers, for a loss that is no scalar, for a model without filters;
    TraceError for a model that cannot be compiled.
    """
    if dimensions not in (1, 2):
        raise ValueError(f"a landscape has 1 or 2 dimensions, not {dimensions}")
    if points < 3 or points % 2 == 0:
        raise ValueError(f"points is odd and at least 3, so that 0 is among them, not {points}")
    if not (np.isfinite(span) and span > 0):
        raise ValueError(f"span is a length above 0, not {span}")
    random = np.random.default_rng(seed)
    directions = [filter_direction(model, random) for _ in range(dimensions)]
    at = np.linspace(-span, span, points)
    at[points // 2] = 0.0

    def value(x: Any, t: Any) -> Tensor:
        return loss(model(x), t)

    measure = compiler.compile(value) if compile else value
    losses = np.empty((points,) * dimensions)
    with _kept(model) as start, np.errstate(over="ignore", invalid="ignore"):
        for place in np.ndindex(losses.shape):
            _move(model, start, directions, at[list(place[::-1])])
            losses[place] = _number(measure(x, t))
    return at, losses


def filter_direction(model: Module, random: np.random.Generator) -> dict[str, Array]:
    """A random direction with filters as long as the model's, by name of the parameter.

    Raises ValueError for a model without filters.
    """
    found = {}
    for name, p in model.named_parameters():
        layer = model.get_submodule(name.rpartition(".")[0])
        # The scales of a LayerNorm are no filters, though they may have several axes.
        if p.data.ndim >= 2 and not isinstance(layer, LayerNorm):
            found[name] = _scaled(random.normal(size=p.shape), p.data, layer)
    if not found:
        raise ValueError(
            f"{type(model).__name__} has no weights with filters: no parameter has two axes or more"
        )
    return found


def _scaled(d: Array, w: Array, layer: Module) -> Array:
    """A direction whose filters are as long as those of w."""
    whole = shape = w.shape
    if isinstance(layer, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)):
        # (C, OC/groups, …): a filter is one of the second axis, within its group of channels.
        shape = (layer.groups, shape[0] // layer.groups, *shape[1:])
        inside = (1, *range(3, len(shape)))
    else:
        inside = tuple(range(1, len(shape)))
    d, w = d.reshape(shape), w.reshape(shape)
    length, own = (np.sqrt(np.square(v, dtype=float).sum(inside, keepdims=True)) for v in (w, d))
    return (d * (length / own)).reshape(whole)


@contextmanager
def _kept(model: Module) -> Iterator[dict[str, Array]]:
    """Evaluation mode without gradients; afterwards every parameter has the same bits as before."""
    start = {name: p.numpy() for name, p in model.named_parameters()}
    try:
        with evaluating(model), no_grad():
            yield start
    finally:
        for name, p in model.named_parameters():
            p.data = start[name]


def _move(
    model: Module, start: Mapping[str, Array], directions: Sequence[Mapping[str, Array]], at: Array
) -> None:
    """Put the parameters at start + Σ aᵢ dᵢ."""
    for name, p in model.named_parameters():
        if name in directions[0]:
            step = sum(a * d[name] for a, d in zip(at, directions, strict=True))
            p.data = (start[name] + step).astype(start[name].dtype)


def _number(loss: Tensor) -> float:
    if loss.data.size != 1:
        raise ValueError(f"the loss has shape {loss.shape}: a landscape shows one number, a scalar")
    return float(loss.data)


_MODEL: dict[str, Any] = {
    "linestyle": "none",
    "marker": "X",
    "markersize": 11,
    "markerfacecolor": "white",
    "markeredgecolor": BLACK,
    "markeredgewidth": 1.4,
    "zorder": 5,
}


def _line(at: Array, losses: Array, title: str) -> Picture:
    picture, axes = one_axes(title=title)
    axes.plot(at, np.where(np.isfinite(losses), losses, np.nan), color=BLUE)
    axes.plot(0.0, losses[len(at) // 2], label=say("the model", "モデル"), **_MODEL)
    axes.set_xlabel(say("a, along d₁", "a(d₁ 方向)"))
    axes.set_ylabel(say("loss", "損失"))
    legend_below(picture, axes)
    return picture


def _plane(at: Array, losses: Array, title: str) -> Picture:
    """Contours at the left, the surface at the right; logarithmic where losses span 1 : 100."""
    shown = np.where(np.isfinite(losses), losses, np.nan)
    log = bool(np.nanmin(shown) > 0 and np.nanmax(shown) > 100 * np.nanmin(shown))
    picture = new_picture(11.0, 5.0, title)
    flat = picture.add_subplot(1, 2, 1)
    a, b = np.meshgrid(at, at)
    draw_contours(picture, flat, a, b, shown, 20, log, say("loss", "損失"))
    flat.plot(0.0, 0.0, label=say("the model", "モデル"), **_MODEL)
    flat.locator_params(nbins=5)
    names = say("a, along d₁", "a(d₁ 方向)"), say("b, along d₂", "b(d₂ 方向)")
    flat.set(aspect="equal", xlabel=names[0], ylabel=names[1])
    space: Any = picture.add_subplot(1, 2, 2, projection="3d", computed_zorder=False)
    heights = np.log10(shown) if log else shown
    draw_surface(space, a, b, heights)
    middle = len(at) // 2
    space.plot(0.0, 0.0, heights[middle, middle], **_MODEL)
    height = say("log₁₀ loss", "log₁₀ 損失") if log else say("loss", "損失")
    space.set(xlabel="a", ylabel="b", zlabel=height)
    legend_below(picture, flat)
    return picture

"""`shinso explain`: the machine code of a model's training step, kernel by kernel."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import typer

from shinso import models, nn, optim
from shinso.cli.listing import parse_shape
from shinso.cli.methods import Methods
from shinso.cli.papers import AUXILIARY_WEIGHTS
from shinso.cli.screen import console, errors
from shinso.cli.session import absolute, load_splits, loss_for, make_plan
from shinso.compiler.step import Step
from shinso.graph import no_grad
from shinso.ops import manual_seed

_TOP = 20  # so many kernels are shown: large networks have hundreds


@dataclass(frozen=True)
class _Task:
    """A model, its loss, and the shape of one input; classes: 0 where numbers are predicted."""

    model: nn.Module
    loss: nn.Module
    shape: tuple[int, ...]
    classes: int
    outputs: int


def command(
    model: Annotated[str, typer.Argument(help="A name from `shinso models`.")],
    data: Annotated[
        str | None,
        typer.Option(help="Shapes and classes of this data set. [default: the model's own]"),
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", "--batch", help="Examples per batch.", min=1)
    ] = 128,
    input_shape: Annotated[
        str | None,
        typer.Option(help="Shape of one input, such as 3,32,32; the model's own by default."),
    ] = None,
    num_classes: Annotated[int, typer.Option(help="Number of outputs.", min=1)] = 10,
    infer: Annotated[
        bool, typer.Option("--infer", help="Inference instead of a training step.")
    ] = False,
    top: Annotated[
        int | None,
        typer.Option(
            min=0, help="So many kernels, the longest first; 0: all, in their order. [default: 20]"
        ),
    ] = None,
    kernel: Annotated[
        int | None, typer.Option(min=0, help="All about this kernel: lines, loops, memory.")
    ] = None,
    ir: Annotated[int | None, typer.Option(min=0, help="LLVM IR of this kernel.")] = None,
    asm: Annotated[int | None, typer.Option(min=0, help="Machine code of this kernel.")] = None,
) -> None:
    """Show what a model's training step became: every kernel, its work, its time, its lines.

    The step is forward, backward and SGD with momentum, on random inputs; nothing is trained.
    """
    if os.environ.get("SHINSO_COMPILE", "1") == "0":
        raise ValueError("SHINSO_COMPILE=0 is set: everything runs in NumPy; unset it to explain")
    if sum(choice is not None for choice in (kernel, ir, asm, top)) > 1:
        raise ValueError("choose one of --top, --kernel, --ir and --asm")
    if data is not None and input_shape is not None:
        raise ValueError("--input-shape is for random inputs without --data")
    manual_seed(0)
    task = _of_data(model, data) if data else _of_shape(model, input_shape, num_classes)
    step, arguments = _inference(task, batch_size) if infer else _training(task, batch_size)
    errors.print(
        f"{model}, {'inference' if infer else 'training step'}, batch of {batch_size}, inputs of "
        f"{'×'.join(map(str, task.shape))}",
        markup=False,
    )  # apart from the table and the code, which may go into a file
    text = _asked(step, arguments, top, kernel, ir, asm)
    console.print(text, markup=False, soft_wrap=True)


def _asked(
    step: Step, arguments: tuple[Any, ...], top: int | None, kernel: int | None,
    ir: int | None, asm: int | None,
) -> str:  # fmt: skip
    explanation = step.explain(*arguments)
    try:
        if ir is not None:
            return step.ir(ir)
        if asm is not None:
            return step.asm(asm)
        if kernel is not None:
            return explanation.kernel(kernel)
    except IndexError as error:
        raise ValueError(str(error)) from None
    shown = _TOP if top is None else top
    return explanation.text(shown or None, by_time=shown > 0)


def _of_shape(name: str, input_shape: str | None, classes: int) -> _Task:
    """A model for random inputs of its usual shape, or of a given one."""
    shape = parse_shape(input_shape)
    if shape is None:
        shape = models.entry(name).input_shape
    network = models.create(name, classes, shape)
    return _Task(network, _loss(name, nn.CrossEntropyLoss()), shape, classes, classes)


def _of_data(name: str, spec: str) -> _Task:
    """A model as `shinso train` would make it for a data set."""
    models.entry(name)  # a typing error is told before data are read or downloaded
    spec = absolute(spec)
    plan = make_plan(name, load_splits(spec, None, None, None), spec, None, None, {})
    classes = plan.outputs if plan.task == "classification" else 0
    loss = _loss(name, loss_for(plan))
    return _Task(plan.build(), loss, plan.pipeline.output_shape, classes, plan.outputs)


def _loss(name: str, plain: nn.Module) -> nn.Module:
    """The loss to train a model with, which may have auxiliary heads."""
    return Methods(aux_weight=AUXILIARY_WEIGHTS.get(models.entry(name).name)).loss(plain)


def _inputs(task: _Task, batch: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    x = random.standard_normal((batch, *task.shape)).astype(np.float32)
    if task.classes:
        return x, random.integers(0, task.classes, batch)
    return x, random.standard_normal((batch, task.outputs)).astype(np.float32)


def _named(model: nn.Module) -> nn.Module:
    """The model, its parameters and buffers called by their names in it: the table shows them."""
    for name, parameter in model.named_parameters():
        parameter.name = name
    return model


def _training(task: _Task, batch: int) -> tuple[Step, tuple[Any, ...]]:
    model, loss = _named(task.model), task.loss
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    def step(x: Any, t: Any) -> Any:
        value = loss(model(x), t)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        return value

    return Step(step), _inputs(task, batch)


def _inference(task: _Task, batch: int) -> tuple[Step, tuple[Any, ...]]:
    model = _named(task.model).eval()

    def predict(x: Any) -> Any:
        with no_grad():
            return model(x)

    chosen: Callable[[Any], Any] = predict
    return Step(chosen), _inputs(task, batch)[:1]

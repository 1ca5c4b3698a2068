"""A network's plan: its layers and blocks with sizes and parameters, and how they are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from shinso import nn
from shinso.graph import get_default_dtype
from shinso.nn.evaluating import evaluating
from shinso.nn.module import Module
from shinso.viz.boxes import Box, Drawing, frame, table, text
from shinso.viz.diagram import Diagram
from shinso.viz.flow import Call, Operation, Value, record
from shinso.viz.style import QUIET, say
from shinso.viz.symbols import CIRCLES, symbol
from shinso.viz.words import (
    has_weights,
    operation_box,
    parameters,
    shape_of,
    sizes,
    style,
    thousands,
)


def architecture(model: Module, input_shape: Sequence[int]) -> Diagram:
    """Draw a network's plan, from input to output.

        viz.architecture(models.resnet18(), (1, 3, 224, 224)).save("resnet18.svg")

    input_shape: of a batch, such as (1, 1, 32, 32); the model runs once on zeros, in evaluation
    mode, and is left as it was.
    A layer's row says what it is, the shape of its output for one example and how many parameters
    it has; layers that only change values (norms, activations) stand in the box of the layer before
    them. A block, which is a module with more than one layer of weights, is one box; blocks of a
    kind that follow each other in one shape, or with equal growth, are one box with their number.
    In the saved SVG a click on a block shows its inside. Arrows are what really flowed.
    Raises what the model raises for such an input.
    """
    shape = tuple(int(n) for n in input_shape)
    dtype = next((p.dtype for p in model.parameters()), get_default_dtype())
    with evaluating(model):
        top, result = record(model, (np.zeros(shape, dtype),))
    call = top.calls()[0]
    count = sum(p.size for p in model.parameters())
    title = f"{type(model).__name__}: {thousands(count)} {say('parameters', 'パラメータ')}"
    boxes, parts = _boxes(_folded(_units(call)))
    drawing = Drawing(boxes, result, say("output", "出力"), title=title, shapes=False,
                      tables=True)  # fmt: skip
    return Diagram(drawing.dot(), parts)


@dataclass(eq=False)
class Unit:
    """What becomes one box: rows of layers or operations, or blocks of one kind in a row."""

    rows: list[Call | Operation]
    is_block: bool = False
    inert: list[Call] = field(default_factory=list)

    @property
    def operations(self) -> list[Operation]:
        """All operations in it."""
        return [op for row in self.rows for op in row.operations()]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what it gives for one example."""
        return shape_of(self.rows[-1])


# -- from calls to units --------------------------------------------------------------------------


def _units(call: Call) -> list[Unit]:
    """A call's inside: its layers, operations and blocks."""
    units: list[Unit] = []
    if not call.calls() and call.module is not None:  # the model itself is a layer
        return [Unit([call])]
    for item in call.items:
        if isinstance(item, Call) and item.calls():
            inside = _units(item)
            if type(item.module) is nn.Sequential or (len(inside) == 1 and not inside[0].is_block):
                for unit in inside:
                    _add(units, unit)
            else:
                units.append(Unit([item], is_block=True))
        elif next(item.operations(), None) is not None:
            _add(units, Unit([item]))
        elif isinstance(item, Call) and units:  # dropout, which does nothing here
            units[-1].inert.append(item)
    return units


def _add(units: list[Unit], unit: Unit) -> None:
    """Put a unit below the last one, if it only changes that one's values, or at the end."""
    if units and not unit.is_block and not units[-1].is_block and _continues(units[-1], unit):
        units[-1].rows += [*units[-1].inert, *unit.rows]
        units[-1].inert = unit.inert
    else:
        units.append(unit)


def _continues(before: Unit, unit: Unit) -> bool:
    """Whether a unit takes just what the one before gives, to nobody else, and keeps its shape."""
    own = {id(op) for op in unit.operations}
    flowing = _inflow(unit.operations)
    if len(flowing) != 1 or has_weights(unit.rows) or _is_join(before):
        return False
    value = flowing[0]
    made = any(value is v for op in before.operations for v in op.outputs)
    alone = all(id(user) in own for user in value.users)
    return made and alone and unit.shape == value.shape[1:]


def _is_join(unit: Unit) -> bool:
    """Whether it is a bare operation that brings several values together."""
    first = unit.rows[0]
    return isinstance(first, Operation) and len(_inflow([first])) > 1


def _inflow(operations: list[Operation]) -> list[Value]:
    """What comes in from elsewhere and is no parameter or constant."""
    own = {id(op) for op in operations}
    values = [v for op in operations for v in op.inputs if not v.parameter]
    outside = [v for v in values if (v.name if v.maker is None else id(v.maker) not in own)]
    return list({id(v): v for v in outside}.values())


def _folded(units: list[Unit]) -> list[Unit]:
    """Blocks that are alike and follow each other put together."""
    found: list[Unit] = []
    for unit in units:
        last = found[-1] if found else None
        if last is not None and last.is_block and unit.is_block and _alike(last, unit):
            last.rows += unit.rows
        else:
            found.append(Unit(list(unit.rows), unit.is_block, unit.inert))
    return [part for unit in found for part in _split(unit)]


def _alike(last: Unit, unit: Unit) -> bool:
    """Whether a block goes on with a run: of its kind, its input, and with the growth so far."""
    before, block = last.rows[-1], unit.rows[0]
    assert isinstance(before, Call)
    assert isinstance(block, Call)
    if type(before.module) is not type(block.module):
        return False
    made = {id(v) for op in before.operations() for v in op.outputs}
    if not any(id(v) in made for v in _inflow(list(block.operations()))):
        return False
    shapes = [shape_of(row) for row in (*last.rows[-2:], block)]
    if len({s[1:] for s in shapes}) > 1 or () in shapes:
        return False
    growth = [b[0] - a[0] for a, b in pairwise(shapes)]
    return max(growth) - min(growth) <= 1  # a PyramidNet rounds


def _split(unit: Unit) -> list[Unit]:
    """Two blocks that only happen to differ in their channels are no run of equal growth."""
    if len(unit.rows) == 2 and shape_of(unit.rows[0]) != shape_of(unit.rows[1]):
        return [Unit([row], is_block=True) for row in unit.rows]
    return [unit]


# -- from units to boxes --------------------------------------------------------------------------


def _boxes(units: list[Unit]) -> tuple[list[Box], dict[str, Diagram]]:
    boxes, parts = [], {}
    for unit in units:
        if not unit.is_block:
            boxes.append(_layer_box(unit))
            continue
        first = unit.rows[0]
        assert isinstance(first, Call)
        parts[first.name] = _inside([row for row in unit.rows if isinstance(row, Call)])
        boxes.append(_block_box(unit, first))
    return boxes, parts


def _layer_box(unit: Unit) -> Box:
    first = unit.rows[0]
    if isinstance(first, Operation) and len(unit.rows) == 1 and symbol(first.function) in CIRCLES:
        return operation_box(first)
    kind = "weights" if has_weights(unit.rows) else "other"
    rows = [_row(row) for row in (*unit.rows, *unit.inert)]
    head, *others = rows
    # One shape for all: a box is a layer and what keeps its shape.
    return Box(unit.operations, table([head, *((a, "", c) for a, _, c in others)]), style(kind))


def _row(row: Call | Operation) -> tuple[str, str, str]:
    """What it is, what shape it gives, how many parameters it has."""
    if isinstance(row, Operation):
        return f"<b>{text(symbol(row.function))}</b>", sizes(shape_of(row)), ""
    assert row.module is not None
    count = parameters([row])
    return _words(row), sizes(shape_of(row)), thousands(count) if count else ""


def _words(call: Call) -> str:
    """A layer's type, its sizes if it has weights, its window if it has one."""
    assert call.module is not None
    words = [call.module.label()] if has_weights([call]) and call.module.label() else []
    known = {**getattr(call.module, "arguments", {}), **vars(call.module)}
    window, step = known.get("kernel_size"), _step(known.get("stride"))
    if window is not None:
        words.append(_size(window) + (f" /{step}" if step not in ("", "1") else ""))
    return f"<b>{text(type(call.module).__name__)}</b> {text(', '.join(words))}"


def _size(window: Any) -> str:
    return "×".join(map(str, window)) if isinstance(window, tuple) else f"{window}×{window}"


def _step(stride: Any) -> str:
    """A stride in words, one number if it is the same in both directions."""
    if stride is None:
        return ""
    steps = set(stride) if isinstance(stride, tuple) else {stride}
    return str(*steps) if len(steps) == 1 else "×".join(map(str, stride))


def _block_box(unit: Unit, first: Call) -> Box:
    times = f" ×{len(unit.rows)}" if len(unit.rows) > 1 else ""
    head = f"<b>{text(type(first.module).__name__)}</b>{times}"
    count = thousands(parameters(unit.rows))
    names = ", ".join(row.name for row in unit.rows if isinstance(row, Call))
    label = table([(head, sizes(unit.shape), count), (_quiet(_few(unit)), "", "")])
    return Box(unit.operations, label, style("block"), first.name, names)


def _few(unit: Unit) -> str:
    """The names of a run of blocks, of a long one the first and the last."""
    names = [row.name for row in unit.rows if isinstance(row, Call)]
    return ", ".join(names) if len(names) < 3 else f"{names[0]} … {names[-1]}"


def _quiet(words: str) -> str:
    return f'<font point-size="11" color="{QUIET}">{text(words)}</font>'


def _inside(calls: list[Call]) -> Diagram:
    """What is in blocks of one kind: one of each form."""
    forms: dict[str, list[Call]] = {}
    for call in calls:
        forms.setdefault(_form(call), []).append(call)
    bodies: list[str] = []
    parts: dict[str, Diagram] = {}
    for number, alike in enumerate(forms.values()):
        boxes, more = _boxes(_folded(_units(alike[0])))
        parts |= more
        drawing = Drawing(boxes, alike[0].output, say("output", "出力"), shapes=False,
                          prefix=f"c{number}")  # fmt: skip
        names = ", ".join(call.name for call in alike)
        bodies.append(
            f"subgraph cluster{number} {{ label=<{text(names)}>; labeljust=l; "
            f'color="#c8c8c4"; margin=20;\n  {drawing.body()}\n  }}'
        )
    title = f"← {say('back', '戻る')}   {type(calls[0].module).__name__}"
    head = f'label=<{text(title)}>; labelloc=t; labeljust=l; URL="back:";'
    return Diagram(frame(";\n  ".join(bodies), head), parts)


def _form(call: Call) -> str:
    """What tells blocks with different insides apart: their operations and what these join."""
    operations = list(call.operations())
    numbers = {id(op): i for i, op in enumerate(operations)}
    joins = [
        [numbers.get(id(v.maker), -1) for v in op.inputs if not v.parameter] for op in operations
    ]
    return repr(
        [(type(op.function).__name__, join) for op, join in zip(operations, joins, strict=True)]
    )

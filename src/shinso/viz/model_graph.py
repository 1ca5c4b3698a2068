"""The computation graph of a network, folded by its modules, with their insides a click away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shinso.graph import Tensor
from shinso.nn.module import Module
from shinso.viz.boxes import Box, Drawing, text
from shinso.viz.diagram import Diagram
from shinso.viz.flow import Call, Operation, Value, record
from shinso.viz.style import QUIET, say
from shinso.viz.words import has_weights, operation_box, parameters, style, thousands

MOST_BOXES = 40


def model_graph(
    model: Module, *inputs: Any, loss: Callable[[Any], Tensor] | None = None
) -> Diagram:
    """Draw the operations that a model runs for some input, folded by its modules.

        viz.model_graph(net, x, loss=lambda y: ops.cross_entropy(y, t)).save("net.svg")

    inputs: what the model takes. loss: a function of the model's output, to be drawn as well.
    Modules are opened as deep as leaves at most about 40 boxes. Arrows carry shapes. In the saved
    SVG a click on a box opens its inside, down to single operations with their parameters; what is
    in a box is also said when the mouse is over it. A module that runs twice is there twice.
    The model runs once in the mode that it is in, and every write is thrown away.
    Raises what the model or the loss raises, ValueError if nothing was computed.
    """
    top, result = record(model, inputs, loss)
    if next(top.operations(), None) is None:
        raise ValueError(f"{type(model).__name__} ran no operation on this input: nothing to draw")
    name = say("loss", "損失") if loss is not None else say("output", "出力")
    return _diagram(top, type(model).__name__, result, name, part=False)


def _diagram(call: Call, title: str, result: Value | None, name: str, part: bool) -> Diagram:
    """What is in a call, with the insides of its boxes as parts."""
    units = _units(call)
    parts = {
        unit.name: _diagram(unit, _title(unit), unit.output, say("output", "出力"), part=True)
        for unit in units
        if isinstance(unit, Call)
    }
    drawing = Drawing([_box(unit, call.name) for unit in units], result, name, parameters=True,
                      title=title, back=part)  # fmt: skip
    return Diagram(drawing.dot(), parts)


def _title(call: Call) -> str:
    return f"{call.name} ({type(call.module).__name__})"


def _units(call: Call) -> list[Call | Operation]:
    """The calls and operations that become boxes: as deep as there are not too many."""
    items = call.items
    if call.module is None and isinstance(items[0], Call):  # the model itself is always opened
        items = [*items[0].items, *items[1:]]
    units = _with_operations(items)
    while True:
        deeper = [
            inner
            for unit in units
            for inner in (
                _with_operations(unit.items) if isinstance(unit, Call) and unit.calls() else [unit]
            )
        ]
        if len(deeper) > MOST_BOXES or deeper == units:
            return units
        units = deeper


def _with_operations(items: Sequence[Call | Operation]) -> list[Call | Operation]:
    return [item for item in items if next(item.operations(), None) is not None]


def _box(unit: Call | Operation, around: str) -> Box:
    if isinstance(unit, Operation):
        return operation_box(unit)
    operations = list(unit.operations())
    count = parameters([unit])
    kind = "block" if unit.calls() else "weights" if has_weights([unit]) else "other"
    name = unit.name.removeprefix(around.split("#")[0] + ".") if around else unit.name
    kind_of = f'<font color="{QUIET}">{text(type(unit.module).__name__)}</font>'
    lines = [f"<b>{text(name or type(unit.module).__name__)}</b>", kind_of]
    words = ", ".join(type(op.function).__name__ for op in operations[:12])
    more = f", … ({len(operations)})" if len(operations) > 12 else ""
    tip = f"{unit.name}: {words}{more}; {thousands(count)} {say('parameters', 'パラメータ')}"
    return Box(operations, "<br/>".join(lines), style(kind), unit.name, tip)

"""The computation graph as one draws it on a blackboard: values forward, gradients backward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler.step import Method, Step
from shinso.graph import Function, Observer, Tensor, observe
from shinso.graph.backward import fit, in_reverse_order, run_backward
from shinso.viz.diagram import Diagram, font, quoted
from shinso.viz.numbers import short
from shinso.viz.step_graph import step_graph
from shinso.viz.style import BLUE, ORANGE, QUIET, say
from shinso.viz.symbols import CIRCLES, symbol

MOST_OPERATIONS = 80
_GAP = '<font point-size="5"> </font>'
"""A low last line of labels, which keeps level arrows off the letters."""


def graph(
    of: Tensor | Step | Method,
    *,
    names: Mapping[str, Tensor] | None = None,
    gradients: bool = True,
    local: bool = True,
) -> Diagram:
    """Draw the operations behind a tensor: what flows forward, and what flows back.

        x, y, z = (tensor(v, requires_grad=True) for v in (-2.0, 5.0, 3.0))
        viz.graph(x * y + z, names={"x": x, "y": y, "z": z})

    of: the result; a scalar if gradients are wanted. A compiled step is drawn by `step_graph`, and
    the other arguments are for tensors only. names: what to call tensors; parameters that
    have a name keep it. gradients: with those of the result. local: where everything is a single
    number, say how each gradient comes about, as gradient of the output × local gradient.
    On an arrow the value is blue and the gradient orange; arrays show their shape.
    No `.grad` changes. Raises RuntimeError if backward has freed the graph (draw before it, or call
    it with retain_graph=True), ValueError for more than 80 operations (`model_graph` folds them).
    """
    if isinstance(of, (Step, Method)):
        return step_graph(of)
    if not isinstance(of, Tensor):
        raise TypeError(
            "graph draws a tensor's or a compiled step's operations, not a "
            f"{type(of).__name__}; for a network use viz.model_graph(model, x)"
        )
    creator = of.creator
    if creator is None:
        raise ValueError("this tensor was not made by recorded operations: nothing to draw")
    functions = in_reverse_order(creator)[::-1]
    if any(f.released for f in functions):
        raise RuntimeError(
            "the graph was freed by backward(): draw it before, or call backward(retain_graph=True)"
        )
    if len(functions) > MOST_OPERATIONS:
        raise ValueError(
            f"the graph has {len(functions)} operations, too many to read. For a network use "
            "viz.model_graph(model, x), which folds each layer into a box"
        )
    flow = _Flow(of) if gradients else None
    called = {id(t): name for name, t in (names or {}).items()}
    drawing = _Drawing(functions, flow, called, local)
    return Diagram(drawing.dot(of))


class _Flow(Observer):
    """One backward pass, watched; afterwards every leaf's `.grad` is what it was."""

    def __init__(self, of: Tensor) -> None:
        self.out: dict[int, Any] = {}
        self.into: dict[int, tuple[Any, ...]] = {}
        self.sums: dict[int, Array] = {}
        assert of.creator is not None
        functions = in_reverse_order(of.creator)
        leaves = {id(x): x for f in functions for x in f.inputs if x is not None and x.is_leaf}
        before = {key: leaf.grad for key, leaf in leaves.items()}
        for leaf in leaves.values():
            leaf.grad = None
        try:
            with observe(self):
                run_backward(of, None, retain_graph=True)
            for key, leaf in leaves.items():
                if leaf.grad is not None:
                    self.sums[key] = leaf.grad
        finally:
            for key, leaf in leaves.items():
                leaf.grad = before[key]

    def backward(self, function: Function, dout: tuple[Any, ...], din: tuple[Any, ...]) -> None:
        """Keep what flows."""
        self.out[id(function)], self.into[id(function)] = dout[0], din


class _Drawing:
    def __init__(
        self,
        functions: list[Function],
        flow: _Flow | None,
        names: dict[int, str],
        local: bool,
    ) -> None:
        self.functions, self.flow, self.names, self.local = functions, flow, names, local
        self.numbers = {id(f): i for i, f in enumerate(functions)}
        self.leaves: dict[int, Tensor] = {}
        self.edges: list[str] = []

    def dot(self, of: Tensor) -> str:
        """The whole drawing."""
        for f in self.functions:
            for i, x in enumerate(f.inputs):
                if x is not None:
                    self._edge(f, i, x)
        nodes = [
            f"f{i} [{_shape(symbol(f))}, label={quoted(symbol(f))}]"
            for i, f in enumerate(self.functions)
        ]
        nodes += [self._leaf(key, x) for key, x in self.leaves.items()]
        result = self.names.get(id(of)) or of.name or say("result", "結果")
        nodes.append(f"result [label={quoted(result)}]")
        ones = np.ones_like(of.data) if self.flow is not None else None
        last = self.numbers[id(of.creator)]
        self.edges.append(f"f{last} -> result [label={_label(of.data, ones, '')}]")
        legend = f'<font color="{BLUE}">{say("value", "値")}</font>'
        if self.flow is not None:
            legend += f', <font color="{ORANGE}">{say("gradient of the result", "勾配")}</font>'
        body = ";\n  ".join([*nodes, *self.edges])
        return (
            "digraph {\n  rankdir=LR; bgcolor=white; nodesep=0.35; ranksep=0.7;\n"
            f'  fontname="{font()}"; fontsize=13;\n'
            f"  label=<{legend}>; labelloc=b;\n"
            f'  node [fontname="{font()}", fontsize=15, shape=box, style="rounded,filled", '
            'fillcolor="#f5f5f3", color="#8a8a8a"];\n'
            f'  edge [fontname="{font()}", fontsize=13, color="{QUIET}", arrowsize=0.7];\n'
            f"  {body};\n}}\n"
        )

    def _edge(self, f: Function, i: int, x: Tensor) -> None:
        gradient, how = None, ""
        if self.flow is not None and f.needs_grad[i]:
            raw = self.flow.into.get(id(f), (None,) * len(f.inputs))[i]
            if raw is not None:
                gradient = fit(raw, x, f)
                how = self._how(f, i, gradient)
        if x.creator is None:
            self.leaves[id(x)] = x
            start = f"x{id(x)}"
        else:
            start = f"f{self.numbers[id(x.creator)]}"
        self.edges.append(
            f"{start} -> f{self.numbers[id(f)]} [label={_label(x.data, gradient, how)}]"
        )

    def _how(self, f: Function, i: int, gradient: Array) -> str:
        """The gradient as product of the output's gradient and the local one."""
        assert self.flow is not None
        out = self.flow.out[id(f)]
        if not self.local or gradient.size != 1 or np.size(out) != 1 or f.outputs != 1:
            return ""
        slopes = f.backward(np.ones_like(out))
        slope = slopes[i] if isinstance(slopes, tuple) else slopes
        return f"{short(out)} × {short(slope)}"

    def _leaf(self, key: int, x: Tensor) -> str:
        name = self.names.get(key) or x.name or ("constant" if not x.requires_grad else "leaf")
        lines = [name]
        used = sum(x is y for f in self.functions for y in f.inputs)
        if self.flow is not None and used > 1 and key in self.flow.sums:
            lines.append(say("sum of gradients", "勾配の和") + f" {short(self.flow.sums[key])}")
        return f"x{key} [label={quoted(chr(10).join(lines))}]"


def _shape(sign: str) -> str:
    """Signs stand in circles; longer names would make them huge."""
    return "shape=circle" if sign in CIRCLES else "shape=box"


def _label(value: Any, gradient: Any, how: str) -> str:
    lines = [f'<font color="{BLUE}">{short(value)}</font>']
    if gradient is not None:
        line = f'<font color="{ORANGE}">{short(gradient)}</font>'
        if how:
            line += f'<font color="{QUIET}"> = {how}</font>'
        lines.append(line)
    return f"<{'<br/>'.join([*lines, _GAP])}>"

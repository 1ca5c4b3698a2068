"""The graph of a compiled step, forward, backward and update, folded by lines of source code."""

from __future__ import annotations

import html
import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from shinso.compiler.graph import Argument, Constant, Graph, Iota, Node, State
from shinso.compiler.step import Method, Step
from shinso.compiler.words import shape_text, short_source
from shinso.nn.module import Module
from shinso.optim import Optimizer
from shinso.viz.boxes import LEAF, frame, text
from shinso.viz.diagram import Diagram
from shinso.viz.step_words import operation_words
from shinso.viz.style import BLUE, QUIET, say
from shinso.viz.words import style

MOST_BOXES = 80
_SHOWN = 3
"""Lines of code in a box, names in a leaf."""

Place = tuple[Any, ...]


def _line(node: Node) -> Place:
    return () if node.source is None else (node.source.file, node.source.line)


def _function(node: Node) -> Place:
    return () if node.source is None else (node.source.file, node.source.function)


def step_graph(step: Step | Method) -> Diagram:
    """Draw what `shinso.compile` has traced: a whole training step, say.

        step = shinso.compile(train_step)
        step(x, t)
        viz.step_graph(step).save("step.svg")

    step: a compiled function that has been called. The drawing is of its last program.
    A box is a line of source code, with the operations that it became and that hang together. Where
    that makes more than about 80 boxes, a box is a call of a function, and the functions that are
    called most (an optimizer's, once for each parameter) are one box each.
    Arguments and cells (weights, the optimizer's memory) are dashed, and so is what comes out.
    Arrows carry shapes. Numbers that are part of the program are left out.
    Raises TypeError for another thing, RuntimeError if it has not been called yet, ValueError if it
    computes nothing.
    """
    if not isinstance(step, (Step, Method)):
        raise TypeError(
            f"step_graph draws a compiled function, not a {type(step).__name__}: "
            "step = shinso.compile(function), call it once, then step_graph(step)"
        )
    folded = _folded(step)
    if not folded.boxes:
        raise ValueError("this step computes nothing: it hands on what it was given")
    return Diagram(folded.dot())


def _folded(step: Step | Method) -> _Folded:
    """The graph with as few put together as leaves at most so many boxes."""
    given = step.graph, _names(step), step.argument_names
    folded = _Folded(*given)
    together: set[Place] = set()
    while folded.count > MOST_BOXES:
        folded = _Folded(*given, _function, frozenset(together))
        calls = Counter(_function(box[0]) for box in folded.boxes)
        most, count = calls.most_common(1)[0] if calls else ((), 0)
        if count < 2:
            break
        together.add(most)
    return folded


class _Folded:
    """A graph with its nodes put into boxes: those of one place that hang together.

    together: places whose nodes are one box also if they do not.
    """

    def __init__(
        self,
        graph: Graph,
        cells: list[str],
        arguments: tuple[str, ...],
        place: Callable[[Node], Place] = _line,
        together: frozenset[Place] = frozenset(),
    ) -> None:
        self.graph, self.names, self.arguments = graph, cells, arguments
        self.by_line = place is _line
        self.boxes = _grouped(graph, place, together)
        self.homes = {id(node): i for i, box in enumerate(self.boxes) for node in box}
        self.leaves = self._leaves()
        self.results = self._results()
        self.count = len(self.boxes) + len(self.leaves) + len(self.results)

    def dot(self) -> str:
        """The drawing in Graphviz's language."""
        lines = [f"b{i} [label=<{self._label(box)}>, {style('other')}]"
                 for i, box in enumerate(self.boxes)]  # fmt: skip
        for i, box in enumerate(self.boxes):
            for start, shapes in self._inflow(i, box).items():
                lines.append(f"b{start} -> b{i} [label=<{_shapes(shapes)}>]")
        for n, (users, nodes) in enumerate(self.leaves.items()):
            shown = _listed([self._leaf_name(node) for node in nodes])
            lines.append(f"v{n} [label=<{shown}>, {LEAF}]")
            size = _shapes([shape_text(node.shape) for node in nodes])
            lines += [f"v{n} -> b{user} [label=<{size}>]" for user in sorted(users)]
        for n, ((start, _), words) in enumerate(self.results.items()):
            lines.append(f"r{n} [label=<{_listed(words)}>, {LEAF}, penwidth=1.6]")
            lines.append(f"b{start} -> r{n}")
        count = len(self.graph.nodes())
        title = say(
            f"a compiled step: {count} operations", f"コンパイルしたステップ: {count} 個の演算"
        )
        return frame(";\n  ".join(lines), f"label=<{text(title)}>; labelloc=t; labeljust=l;")

    def _label(self, box: list[Node]) -> str:
        sources = [node.source for node in box if node.source is not None]
        lines = []
        if sources:
            place = short_source(sources[0])
            if not self.by_line:
                place = f"{place.rsplit(':', 1)[0]} {sources[0].function}"
            lines.append(f"<b>{text(place)}</b>")
            code = list(dict.fromkeys(source.text for source in sources))
            lines += [f'<font color="{QUIET}">{text(_cut(line))}</font>' for line in code[:_SHOWN]]
            lines += ["…"] if len(code) > _SHOWN else []
        found = list(Counter(operation_words(node) for node in box))
        words = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
        lines.append(f'<font color="{BLUE}">{text(words)}</font>')
        return "<br/>".join(lines)

    def _inflow(self, i: int, box: list[Node]) -> dict[int, list[str]]:
        """The shapes of what comes in, by the box that it comes from."""
        found: dict[int, list[str]] = {}
        for operand in {id(x): x for node in box for x in node.operands}.values():
            start = self.homes.get(id(operand))
            if start is not None and start != i:
                found.setdefault(start, []).append(shape_text(operand.shape))
        return found

    def _leaves(self) -> dict[frozenset[int], list[Node]]:
        """Arguments and states by the boxes that read them: those read by the same are one."""
        users: dict[int, set[int]] = {}
        nodes: dict[int, Node] = {}
        for node in self.graph.nodes():
            for x in node.operands:
                if isinstance(x.operation, (Argument, State)) and id(node) in self.homes:
                    users.setdefault(id(x), set()).add(self.homes[id(node)])
                    nodes[id(x)] = x
        found: dict[frozenset[int], list[Node]] = {}
        for key, homes in users.items():
            found.setdefault(frozenset(homes), []).append(nodes[key])
        return found

    def _results(self) -> dict[tuple[int, str], list[str]]:
        """What comes out of which box: results, new values of cells, demands."""
        found: dict[tuple[int, str], list[str]] = {}

        def add(node: Node | None, kind: str, words: str) -> None:
            if node is not None and id(node) in self.homes:
                found.setdefault((self.homes[id(node)], kind), []).append(words)

        for node in self.graph.outputs:
            add(node, "result", say("result", "結果"))
        for update in self.graph.updates:
            add(update.value, "write", "→ " + self.names[update.cell])
        for check in self.graph.checks:
            add(check.condition, "demand", say("must be true", "真でなければならない"))
        return found

    def _leaf_name(self, node: Node) -> str:
        if isinstance(node.operation, Argument):
            return self.arguments[node.operation.index]
        assert isinstance(node.operation, State)
        return self.names[node.operation.index]


# -- boxes ---------------------------------------------------------------------------------------


def _grouped(
    graph: Graph, place: Callable[[Node], Place], together: frozenset[Place]
) -> list[list[Node]]:
    left_out = (Argument, State, Constant, Iota)
    nodes = [n for n in graph.nodes() if not isinstance(n.operation, left_out)]
    places = {id(n): place(n) for n in nodes}
    parents: dict[Any, Any] = {}

    def root(key: Any) -> Any:
        while parents.setdefault(key, key) != key:
            key = parents[key]
        return key

    for node in nodes:
        here = places[id(node)]
        near = [id(x) for x in node.operands if places.get(id(x)) == here]
        for other in [here] if here in together else near:
            parents[root(id(node))] = root(other)
    found: dict[Any, list[Node]] = {}
    for node in nodes:
        found.setdefault(root(id(node)), []).append(node)
    return list(found.values())


# -- names ---------------------------------------------------------------------------------------


def _names(step: Step | Method) -> list[str]:
    """What the cells of a step are called: by the models and optimizers that its function sees."""
    known: dict[int, str] = {}
    for thing in _seen(step):
        if isinstance(thing, Module):
            known |= {id(t): n for n, t in (*thing.named_parameters(), *thing.named_buffers())}
    for thing in _seen(step):
        for p, cells in thing.state.items() if isinstance(thing, Optimizer) else ():
            owner = known.get(id(p), p.name or "")
            known |= {id(cell): f"{owner} {name}".strip() for name, cell in cells.items()}
    names = []
    for i, (cell, slot) in enumerate(step.cells):
        name = known.get(id(cell)) or getattr(cell, "name", None) or say(f"cell {i}", f"セル {i}")
        names.append(f"{name}.grad" if slot == "grad" else name)
    return names


def _seen(step: Step | Method) -> Iterator[Any]:
    """What a step's function reaches by name, and the attributes of these things."""
    function = step.step.function if isinstance(step, Method) else step.function
    things = [step.instance] if isinstance(step, Method) else []
    things += [getattr(function, "__self__", None)]
    code = inspect.unwrap(getattr(function, "__func__", function))
    if inspect.isfunction(code):
        variables = inspect.getclosurevars(code)
        things += [*variables.nonlocals.values(), *variables.globals.values()]
    for thing in things:
        yield thing
        if not isinstance(thing, (Module, Optimizer, type)) and not inspect.ismodule(thing):
            yield from getattr(thing, "__dict__", {}).values()


# -- words ---------------------------------------------------------------------------------------


def _shapes(shapes: list[str]) -> str:
    """Shapes in a few words."""
    found = list(dict.fromkeys(shapes))
    return "&#160;" + html.escape(", ".join(found[:2]) + (", …" if len(found) > 2 else ""))


def _listed(names: list[str]) -> str:
    names = list(dict.fromkeys(names))
    more = [f"… ({len(names)})"] if len(names) > _SHOWN + 1 else []
    return "<br/>".join(text(name) for name in [*names[: _SHOWN + 1 - len(more)], *more])


def _cut(line: str) -> str:
    return line if len(line) <= 44 else line[:43] + "…"

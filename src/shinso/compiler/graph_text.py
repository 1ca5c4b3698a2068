"""Graphs and fusion plans in writing, node by node."""

from __future__ import annotations

from collections.abc import Sequence

from shinso.compiler.fuse import Plan
from shinso.compiler.graph import (
    Accumulate,
    Argument,
    Cast,
    Concatenate,
    Constant,
    Contract,
    Gather,
    Graph,
    Host,
    Iota,
    Item,
    Map,
    Node,
    Pad,
    Pick,
    Reduce,
    Reshape,
    Row,
    Scan,
    Scatter,
    State,
    View,
    Write,
)
from shinso.compiler.root import Root
from shinso.compiler.words import shape_text, short_source


def graph_text(graph: Graph) -> str:
    """A graph, a line for each node: its number, what makes it, its shape and dtype, its source."""
    number = {id(node): i for i, node in enumerate(graph.nodes())}
    rows = []
    for i, node in enumerate(graph.nodes()):
        source = None if isinstance(node.operation, (Argument, State)) else node.source
        where = "" if source is None else f"{short_source(source)}  {source.text}"
        made = f"%{i} = {operation_text(node, number)}"
        rows.append((made, f"{node.dtype} {shape_text(node.shape)}", where))
    wide = [min(48, max((len(row[k]) for row in rows), default=0)) for k in range(2)]
    lines = [_cut(f"{a:{wide[0]}}  {b:{wide[1]}}  {c}".rstrip(), a, b) for a, b, c in rows]
    lines += [f"return %{number[id(node)]}" for node in graph.outputs]
    for update in graph.updates:
        value = "none" if update.value is None else f"%{number[id(update.value)]}"
        lines.append(f"cell {update.cell}: {update.slot} = {value}")
    lines += [f"demand %{number[id(c.condition)]}" for c in graph.checks]
    return "\n".join(lines)


def _cut(line: str, *whole: str) -> str:
    """A line without what is over 120 columns of the source's text."""
    most = max(120, sum(map(len, whole)) + 4)
    return line if len(line) <= most else line[: most - 1] + "…"


def operation_text(node: Node, number: dict[int, int]) -> str:
    """What makes a node, with its operands by number."""
    names = [f"%{number[id(x)]}" for x in node.operands]
    given = ", ".join(names)
    match node.operation:
        case Argument(index):
            return f"argument {index}"
        case State(index):
            return f"state {index}"
        case Constant(array):
            return f"constant {array.item()!r}" if array.size == 1 else "constant"
        case Iota():
            return "0, 1, 2, …"
        case Map(function):
            return f"{function}({given})"
        case Cast():
            return f"{node.dtype}({given})"
        case Reduce(function, axes):
            return f"{function} over {_axes_text(axes)} of {given}"
        case Pick(function, axis):
            return f"{function} along {axis} of {given}"
        case Scan(function, axis):
            return f"running {function} along {axis} of {given}"
        case Contract(left, right, out):
            letters = [_letters(x) for x in (left, right, out)]
            return f"Σ {names[0]}[{letters[0]}] · {names[1]}[{letters[1]}] to [{letters[2]}]"
        case View(rows):
            return f"{names[0]}[{_rows_text(rows, names)}]"
        case Reshape():
            return f"reshape {given}"
        case Pad(widths):
            return f"pad {names[0]} with {names[1]}, widths {widths}"
        case Gather(rows):
            return f"{names[0]}[{_rows_text(rows, names)}]"
        case Concatenate(axis):
            return f"concatenate {given} along {axis}"
        case Write(rows, add):
            return f"{names[0]} with [{_rows_text(rows, names)}] {'+=' if add else '='} {names[1]}"
        case Accumulate(places):
            added = (f"[{_rows_text(p, names)}] += {x}" for p, x in zip(places, names[1:],
                     strict=True))  # fmt: skip
            return f"{names[0]} with {', '.join(added)}"
        case Scatter(rows):
            return f"{names[0]} with [{_rows_text(rows, names)}] += {names[1]}, one by one"
        case Host(name, _):
            return f"NumPy's {name}({given})"
        case Item(index):
            return f"result {index} of {given}"


def _letters(names: tuple[int, ...]) -> str:
    return " ".join(chr(ord("a") + n) if n < 26 else f"a{n}" for n in names)


def _axes_text(axes: tuple[int, ...]) -> str:
    return ("axis " if len(axes) == 1 else "axes ") + ", ".join(map(str, axes))


def _rows_text(rows: Sequence[Row | int], names: list[str]) -> str:
    """Positions in the terms of the node's own axes i0, i1, …"""
    return ", ".join(names[r] if isinstance(r, int) else _row_text(r) for r in rows)


def _row_text(row: Row) -> str:
    terms = [f"i{a}" if s == 1 else f"{s}·i{a}" for a, s in enumerate(row.steps) if s]
    if row.start or not terms:
        terms.append(str(row.start))
    return " + ".join(terms).replace("+ -", "- ")


def plan_text(plan: Plan) -> str:
    """A fusion plan: levels, in them stages, in them the roots that get computed together.

    Nodes have the numbers of `graph_text` of the plan's graph.
    """
    number = {id(node): i for i, node in enumerate(plan.graph.nodes())}
    lines = []
    for level in sorted(plan.levels):
        phase = f"example by example, {plan.batch} of them" if level % 2 else "one after the other"
        lines.append(f"level {level}: {phase}")
        for count, stage in enumerate(s for s in plan.levels[level] if s.roots):
            for k, root in enumerate(stage.roots):
                head = f"  stage {count}: " if not k else "           with "
                lines.append(head + _root_text(root, number, plan))
    return "\n".join(lines)


def _root_text(root: Root, number: dict[int, int], plan: Plan) -> str:
    known = number.get(id(root.node))
    name = "" if known is None else f" %{known}"
    loops = " × ".join(f"{x.variable} {x.extent}" for x in root.pure if x.extent > 1)
    folded = " × ".join(f"{x.variable} {x.extent}" for x in root.reduction)
    read = dict.fromkeys(f"%{number[id(r.node)]}" for r in root.reads if id(r.node) in number)
    text = f"{root.kind}{name}" + (f" over {loops}" if loops else "")
    text += f", folding {folded}" if folded else ""
    text += f", from {', '.join(read)}" if read else ""
    return text + (f", in place in cell {plan.in_place[id(root)]}"
                   if id(root) in plan.in_place else "")  # fmt: skip

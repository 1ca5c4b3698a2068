"""Boxes with arrows between them: operations folded into boxes, in Graphviz's language."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from shinso.viz.diagram import font
from shinso.viz.flow import Operation, Value
from shinso.viz.style import BLUE, QUIET, say

LEAF = 'shape=box, style="rounded,dashed", color="#8a8a8a"'


@dataclass(eq=False)
class Box:
    """Operations that are drawn as one. label: in HTML as Graphviz takes it. part: the name of what
    a click on it opens. tip: what stands there when the mouse is over it. single: whether it is one
    operation, whose parameters can be drawn."""

    operations: list[Operation]
    label: str
    style: str
    part: str = ""
    tip: str = ""
    single: bool = False


@dataclass
class Drawing:
    """Boxes, what flows between them, and what flows in and out of them.

    result: the value that comes out at the end, with its name; what else is used outside is drawn
    as output. parameters: whether those of single operations are drawn, and constants. shapes:
    whether arrows say what flows. back: whether it is a part, with a link back. tables: whether the
    boxes are tables, whose colours are to be explained. prefix: before the names of its nodes.
    """

    boxes: Sequence[Box]
    result: Value | None
    result_name: str
    parameters: bool = False
    shapes: bool = True
    title: str = ""
    back: bool = False
    tables: bool = False
    prefix: str = ""

    def dot(self) -> str:
        """The whole drawing in Graphviz's language."""
        link = ' URL="back:";' if self.back else ""
        arrow = f"← {say('back', '戻る')}   " if self.back else ""
        words = text(arrow + self.title) + (f"<br align='left'/>{legend()}" if self.tables else "")
        head = f"label=<{words}<br align='left'/> <br/>>; labelloc=t; labeljust=l;{link}"
        return frame(self.body(), head)

    def body(self) -> str:
        """The boxes and arrows without what is around them."""
        homes = {id(op): i for i, box in enumerate(self.boxes) for op in box.operations}
        lines = [self._box(i, box) for i, box in enumerate(self.boxes)]
        leaves: dict[int, Value] = {}
        flows: dict[tuple[str, str, str], None] = {}
        for i, box in enumerate(self.boxes):
            for value in [v for op in box.operations for v in op.inputs]:
                start = self._start(value, box, homes, leaves)
                if start and start != self._name(i):
                    flows[start, self._name(i), _size(value)] = None
        for number, value in enumerate(self._outputs(homes)):
            name = f"{self.prefix}out{number}"
            shown = self.result_name if value is self.result else say("output", "出力")
            lines.append(f"{name} [label=<{text(shown)}>, {LEAF}]")
            flows[self._name(homes[id(value.maker)]), name, _size(value)] = None
        lines += [self._leaf(n, value) for n, value in enumerate(leaves.values())]
        for start, end, size in flows:
            label = f" [label=<&#160;{text(size)}>]" if self.shapes and size else ""
            lines.append(f"{start} -> {end}{label}")
        return ";\n  ".join(lines)

    def _name(self, i: int) -> str:
        return f"{self.prefix}b{i}"

    def _box(self, i: int, box: Box) -> str:
        link = f', URL="part:{box.part}", target="_top"' if box.part else ""
        tip = f', tooltip="{html.escape(box.tip)}"' if box.tip else ""
        return f"{self._name(i)} [label=<{box.label}>, {box.style}{link}{tip}]"

    def _start(
        self, value: Value, box: Box, homes: dict[int, int], leaves: dict[int, Value]
    ) -> str:
        """The node that a value comes from; empty for what is not drawn."""
        if value.maker is not None and id(value.maker) in homes:
            return self._name(homes[id(value.maker)])
        detailed = self.parameters and box.single
        constant = value.maker is None and not value.name
        if (value.parameter and not detailed) or (constant and not (detailed and value.shape)):
            return ""
        leaves[id(value)] = value
        return f"{self.prefix}v{list(leaves).index(id(value))}"

    def _leaf(self, number: int, value: Value) -> str:
        if value.maker is not None:
            shown = say("input", "入力")
        else:
            shown = value.name or say("constant", "定数")
        return f"{self.prefix}v{number} [label=<{text(shown)}>, {LEAF}]"

    def _outputs(self, homes: dict[int, int]) -> list[Value]:
        """What is made here and used elsewhere, or comes out at the end."""
        made = [v for box in self.boxes for op in box.operations for v in op.outputs]
        return [v for v in made if v is self.result or any(id(u) not in homes for u in v.users)]


def frame(body: str, head: str) -> str:
    """A whole drawing around its nodes and edges."""
    letters = font()
    return (
        f"digraph {{\n  bgcolor=white; nodesep=0.3; ranksep=0.4;\n"
        f'  fontname="{letters}"; fontsize=14;\n  {head}\n'
        f'  node [fontname="{letters}", fontsize=13];\n'
        f'  edge [fontname="{letters}", fontsize=11, fontcolor="{QUIET}", color="{QUIET}", '
        f"arrowsize=0.7];\n  {body};\n}}\n"
    )


def legend() -> str:
    """What the colours in the rows of a table mean."""
    shape = f'<font color="{BLUE}">{say("shape of the output", "出力の形状")}</font>'
    return f'{shape}, <font color="{QUIET}">{say("parameters", "パラメータ数")}</font>'


def table(rows: Sequence[tuple[str, str, str]]) -> str:
    """Rows of what a layer is, the shape of its output and its number of parameters."""
    lines = []
    for row in rows:
        first, *others = row
        cells = f'<td align="left">{first}</td>'
        for cell, colour in zip(others, (BLUE, QUIET), strict=True):
            shown = f"&#160;&#160;&#160;{cell}" if cell else " "
            cells += f'<td align="right"><font color="{colour}">{shown}</font></td>'
        lines.append(f"<tr>{cells}</tr>")
    return f'<table border="0" cellspacing="3" cellpadding="0">{"".join(lines)}</table>'


def text(words: str) -> str:
    """Words as Graphviz's HTML takes them."""
    return html.escape(words) or " "


def _size(value: Value) -> str:
    return "×".join(map(str, value.shape))

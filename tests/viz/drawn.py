"""What a diagram says: boxes and arrows, read back from its description by Graphviz itself."""

import html
import re
import warnings

import pygraphviz


def read(diagram):
    """Texts of the boxes, in their order, and the arrows between them: (text, text, label)."""
    drawing = pygraphviz.AGraph(string=diagram.dot)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        drawing.draw(format="plain", prog="dot")
    assert not [w for w in said if "rror" in str(w.message)], said
    boxes = {str(node): plain(node.attr["label"]) for node in drawing.nodes()}
    arrows = [
        (boxes[start], boxes[end], plain(drawing.get_edge(start, end, key).attr["label"]))
        for start, end, key in drawing.edges(keys=True)
    ]
    return list(boxes.values()), arrows


def joined(arrows):
    """Who is joined with whom, without labels."""
    return {(start, end) for start, end, _ in arrows}


def plain(label):
    """A label without its marks, its lines separated by semicolons."""
    lines = [html.unescape(re.sub(r"<[^>]*>", " ", line))
             for line in re.split(r"</tr>|<br/>", label or "")]  # fmt: skip
    return "; ".join(" ".join(line.split()) for line in lines if line.split())

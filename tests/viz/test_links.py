"""Diagrams with insides: the files, and the links from one to the other."""

import re

import pytest

from shinso.data import DataError
from shinso.viz.diagram import Diagram


def links(svg):
    return re.findall(r'xlink:href="([^"]*)"', svg)


def nested():
    small = Diagram('digraph { graph [label="up", URL="back:"]; c }')
    middle = Diagram(
        'digraph { graph [label="up", URL="back:"]; b [URL="part:in#2"] }', {"in#2": small}
    )
    return Diagram('digraph { a [URL="part:layer1.0", target="_top"] }', {"layer1.0": middle})


def test_parts_lie_in_a_folder_and_link_there_and_back(tmp_path):
    nested().save(tmp_path / "my net.svg")
    top = (tmp_path / "my net.svg").read_text()
    middle = (tmp_path / "my net" / "layer1.0.svg").read_text()
    small = (tmp_path / "my net" / "layer1.0" / "in#2.svg").read_text()
    assert links(top) == ["my%20net/layer1.0.svg"]
    assert sorted(links(middle)) == ["../my%20net.svg", "layer1.0/in%232.svg"]
    assert links(small) == ["../layer1.0.svg"]


def test_without_files_there_are_no_links(tmp_path):
    assert links(nested().svg()) == []
    assert b"part:" not in nested().encoded("svg")
    nested().save(tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "net").write_text("in the way")
    with pytest.raises(DataError, match="cannot be made"):
        nested().save(tmp_path / "net.svg")

"""The worked example in docs/compiler.md shows what the compiler does today."""

import importlib.util
import re
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "docs" / "make_compiler_example.py"
_SPEC = importlib.util.spec_from_file_location("make_compiler_example", SCRIPT)
example = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(example)


def plain(text: str) -> str:
    """Without line numbers, which any edit above them changes, and the system's name."""
    return re.sub(r'\.py:\d+|(?<=target triple = ").*(?=")', "", text)


@pytest.fixture(scope="module")
def page() -> str:
    text = example.PAGE.read_text(encoding="utf-8")
    return plain(text.split(example.BEGIN)[1].split(example.END)[0])


@pytest.mark.parametrize("stage", example.LASTING)
def test_what_does_not_depend_on_the_machine_is_as_printed(page, stage):
    text = plain(example.stages()[stage])
    assert f"```{'llvm' if stage == 'ir' else 'text'}\n{text}\n```" in page, (
        "run python docs/make_compiler_example.py and read what has changed"
    )


def test_the_example_can_be_made_and_takes_its_place():
    page = f"above\n{example.BEGIN}\nthe former text\n{example.END}\nbelow\n"
    made = example.written(page, example.example())
    assert made.startswith("above\n")
    assert made.endswith("\nbelow\n")
    assert "the former text" not in made
    assert made.count("```") == 18
    assert "vfmadd" in made
    assert "class Multiply" in made
    assert "2 kernels" in made
    assert example.written(made, "new").count(example.BEGIN) == 1

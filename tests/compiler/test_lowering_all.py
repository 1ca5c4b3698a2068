"""Every family of lowerings is loaded."""

from pathlib import Path

from shinso.compiler import lowering


def test_every_file_with_a_lowering_is_imported():
    folder = Path(lowering.__file__).parent
    found = {p.stem for p in folder.glob("*.py") if "\n@lowers(" in p.read_text()}
    assert found <= set(lowering.__all__)

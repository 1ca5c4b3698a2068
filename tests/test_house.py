"""The house's order: imports go downwards only, files stay short, the public names are known."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import shinso
import shinso.classical
import shinso.data.tabular
import shinso.lab
import shinso.viz

SOURCE = Path(shinso.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))

CORE = {"version", "cell", "compiler", "graph", "ops", "nn", "optim", "models", "data"}
# Each part may import from itself and from the parts named.
BELOW = {
    "version": set(),
    "cell": set(),
    "compiler": {"version", "cell"},
    "graph": {"cell"},
    "ops": {"cell", "graph"},
    "nn": {"cell", "graph", "ops"},
    "optim": {"cell", "graph"},
    "data": set(),
    "models": {"cell", "graph", "ops", "nn", "optim"},
    "train": CORE,
    "classical": CORE | {"train"},
    "viz": CORE | {"train"},
    "lab": CORE | {"train", "classical", "viz", "checking"},
    "cli": CORE | {"train", "classical", "viz", "lab", "checking"},
    "checking": {"cell", "compiler", "graph", "ops"},
}


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> list[str]:
    """Modules imported at run time; what only type checkers see does not count."""
    found = []
    skipped = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped |= {id(inner) for inner in ast.walk(node)}
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            if node.module == "shinso":
                found += [f"shinso.{alias.name}" for alias in node.names]
            else:
                found.append(node.module)
    return [name for name in found if name == "shinso" or name.startswith("shinso.")]


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_down(path: Path):
    part = part_of(path)
    if part in ("__init__", "__main__"):
        return
    for name in imports_of(path):
        assert name != "shinso", f"{path} imports the root package"
        target = name.split(".")[1]
        assert target == part or target in BELOW[part], f"{part} must not import {target}"


def test_no_import_cycles_between_modules():
    modules = {module_of(path): path for path in FILES if path.name != "__init__.py"}
    edges = {name: set(imports_of(path)) & set(modules) for name, path in modules.items()}
    done: set[str] = set()
    while ready := [m for m, needs in edges.items() if m not in done and needs <= done]:
        done |= set(ready)
    assert set(edges) == done, f"modules in a cycle: {sorted(set(edges) - done)}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_and_functions_stay_short(path: Path):
    text = path.read_text()
    assert len(text.splitlines()) <= 600
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (node.end_lineno - body[0].lineno + 1) if body else 0
            assert length <= 60, f"{node.name} has {length} lines"


PARTS = (
    *(shinso.ops, shinso.nn, shinso.optim, shinso.models, shinso.data, shinso.train),
    *(shinso.data.tabular, shinso.classical, shinso.viz, shinso.lab),
)
NAMES = Path(__file__).parent / "public_names.txt"


def test_public_names(request):
    """The API on one screen: a change there is a change for users.

    After a change that is meant: `.venv/bin/python -m pytest tests/test_house.py --update-names`.
    """
    found = [f"{part.__name__}.{n}" for part in (shinso, *PARTS) for n in sorted(part.__all__)]
    if request.config.getoption("--update-names"):
        NAMES.write_text("\n".join(found) + "\n")
    assert found == NAMES.read_text().splitlines()
    for part in (shinso, *PARTS):
        assert all(hasattr(part, name) for name in part.__all__)


def test_import_is_light():
    """Heavy libraries are imported where they are used."""
    code = "import shinso, sys; print(*sorted(m for m in sys.modules if '.' not in m))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    for heavy in ("PIL", "typer", "pandas", "matplotlib", "torch", "sklearn"):
        assert heavy not in loaded


def test_every_public_thing_is_documented():
    missing = []
    for part in (shinso, *PARTS):
        for name in part.__all__:
            thing = getattr(part, name)
            if callable(thing) and not (thing.__doc__ or "").strip():
                missing.append(f"{part.__name__}.{name}")
    assert missing == []

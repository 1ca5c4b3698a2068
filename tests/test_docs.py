"""The README's code runs, and its links lead somewhere."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_readmes_code_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    loss = float(re.search(r"loss (\d\.\d+)", capsys.readouterr().out).group(1))
    assert loss < 0.05


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_readme_counts_rightly():
    from shinso.ops.cases import CASES

    number = int(re.search(r"All (\d+) operations", (ROOT / "README.md").read_text()).group(1))
    known = len({case.op for case in CASES})
    assert number == known, f"README.md says {number} operations, the table has {known}"


def test_the_lower_bounds_in_the_docs_are_the_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = [*project["dependencies"], *project["optional-dependencies"]["data"]]
    page = (ROOT / "docs" / "dependencies.md").read_text()
    for bound in bounds:
        name, version = bound.split(";")[0].split(">=")
        assert re.search(rf"\b{name} ≥ {re.escape(version.removesuffix('.0'))}", page), bound

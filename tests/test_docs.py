"""The README's code runs, and its links lead somewhere."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "README.ja.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("**/*.md")),
]


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_the_readmes_code_runs(page, capsys):
    (code,) = blocks(page)
    exec(compile(code, page, "exec"), {"__name__": "readme"})
    loss = float(re.search(r"loss (\d\.\d+)", capsys.readouterr().out).group(1))
    assert loss < 0.05


@pytest.mark.parametrize("page", ["docs/start.md", "docs/ja/start.md", "docs/pictures.md"])
def test_code_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    for code in blocks(page):
        exec(compile(code, page, "exec"), names)
    assert (tmp_path / "graph.svg").exists()


def test_chapters_are_what_the_experiments_say(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "site")
    import make_chapters

    for path, text in make_chapters.pages().items():
        found = (ROOT / "docs" / path).read_text(encoding="utf-8")
        assert found == text, f"docs/{path}: python docs/site/make_chapters.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target


def test_the_readme_counts_rightly():
    from shinso.ops.cases import CASES

    number = int(re.search(r"All (\d+) operations", (ROOT / "README.md").read_text()).group(1))
    known = len({case.op for case in CASES})
    assert number == known, f"README.md says {number} operations, the table has {known}"


def test_the_lower_bounds_in_the_docs_are_the_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    chosen = [*extras["data"], *extras["viz"], *extras["lab"]]
    bounds = [*project["dependencies"], *(b for b in chosen if not b.startswith("shinso["))]
    page = (ROOT / "docs" / "dependencies.md").read_text()
    for bound in bounds:
        name, version = bound.split(";")[0].split(">=")
        assert re.search(rf"\b{name} ≥ {re.escape(version.removesuffix('.0'))}", page), bound

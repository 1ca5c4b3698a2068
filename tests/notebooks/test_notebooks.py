"""The notebooks run from top to bottom with their solutions, and are what the sources make."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "notebooks"))

import build  # noqa: E402
from shinso import viz  # noqa: E402
from shinso.lab import check  # noqa: E402
from shinso.lab.exercises.checking import all_tasks  # noqa: E402


def run(cells, language, tmp_path, monkeypatch, capsys, solved=True):
    """Run the code cells one after the other; returns what they print."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "notebook"}
    try:
        for number, code in enumerate(build.code_cells(cells, solved, language)):
            exec(compile(code, f"cell {number}", "exec"), names)
    finally:
        viz.set_language("en")
    return capsys.readouterr().out


@pytest.mark.parametrize("source", build.sources(), ids=lambda s: s.stem)
def test_with_solutions(source, tmp_path, monkeypatch, capsys):
    cells = build.read(source)
    said = run(cells, "en", tmp_path, monkeypatch, capsys)
    asked = sum(cell.kind == "task" for cell in cells)
    assert "✗" not in said, said
    assert said.count("✓") >= asked > 0


def test_in_japanese(tmp_path, monkeypatch, capsys):
    assert "正解" in run(build.read(build.sources()[0]), "ja", tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("source", build.sources(), ids=lambda s: s.stem)
def test_unsolved_tasks_are_not_passed(source):
    """A task as it is given is never right: its answer is still to be written."""
    for cell in build.read(source):
        if cell.kind == "task":
            assert "..." in cell.content, cell.content


def test_files_are_what_the_sources_make():
    for path, text in build.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: python notebooks/build.py"


def test_every_text_is_in_both_languages():
    for source in build.sources():
        cells = build.read(source)
        languages = [cell.language for cell in cells if cell.kind == "text"]
        assert languages[::2] == ["en"] * (len(languages) // 2), source.name
        assert languages[1::2] == ["ja"] * (len(languages) // 2), source.name


def test_every_task_is_asked_and_judged():
    asked = [
        word
        for source in build.sources()
        for cell in build.read(source)
        if cell.kind == "solution"
        for word in all_tasks()
        if f'check("{word}"' in cell.content
    ]
    assert sorted(asked) == sorted(all_tasks())


@pytest.mark.parametrize("answer", [..., None, "no", [1, 2], 5.0])
def test_wrong_answers_get_a_hint(answer, capsys):
    assert check("1.3", answer) is False
    assert "not yet. Hint: " in capsys.readouterr().out


def test_a_function_that_fails_is_a_hint(capsys):
    assert check("1.1", lambda x: 1 / 0) is False
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_unknown_task():
    with pytest.raises(ValueError, match=r"there is no task '99\.1'; there are 1\.1"):
        check("99.1", 1)

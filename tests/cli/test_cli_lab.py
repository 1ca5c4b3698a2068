"""`shinso lab`: the list, one quick part of an experiment, and mistakes."""

import pytest

from tests.cli.test_cli import shinso


def test_list(tmp_path):
    text = shinso("lab", "list", folder=tmp_path)
    assert "b3-mnist-2006" in text
    assert "b4-digits-from-noise" in text
    assert "雑音から数字を" in shinso("lab", "list", "--lang", "ja", folder=tmp_path)


def test_run_leaves_its_figures(tmp_path):
    text = shinso(
        "lab", "run", "b4-digits-from-noise", "--only", "elm-ae", "--fast", folder=tmp_path
    )
    assert "1 of 1 claims borne out" in text
    folder = tmp_path / "runs/lab/b4-digits-from-noise"
    assert (folder / "elm-ae.png").read_bytes()[:4] == b"\x89PNG"
    assert "1 of 1 claims borne out" in shinso("lab", "report", folder=tmp_path)
    assert "elm-ae.png" in (tmp_path / "runs/lab/index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["b3-mnist-1998"], "no experiment is called 'b3-mnist-1998': did you mean b3-mnist-2006"),
        (["b4", "--fast"], "B4 is covered by b3-mnist-2006, b4-digits-from-noise: choose one"),
        (["b4-digits-from-noise", "--only", "gan"], "no 'gan'"),
        (["all", "--only", "gan"], "--only is for the parts of one experiment"),
        (["all", "--lang", "de"], "--lang is one of en, ja"),
    ],
)
def test_mistakes(tmp_path, arguments, message):
    assert message in shinso("lab", "run", *arguments, folder=tmp_path, code=1)

"""Experiments, verdicts, pages, the report: the lab without its experiments."""

import json
import math

import numpy as np
import pytest

from shinso.data import DataError
from shinso.lab import (
    ROWS,
    Experiment,
    Figure,
    Outcome,
    Settings,
    Table,
    Text,
    Verdict,
    all_experiments,
    experiment,
)
from shinso.lab.page import found_text, mathml, one_line, wanted_text
from shinso.lab.report import read_results, write_report
from shinso.lab.runner import run_experiment
from shinso.ops import relu
from shinso.viz.picture import one_axes
from shinso.viz.style import say, styled


@styled
def picture():
    shown, axes = one_axes()
    axes.plot([1, 2], [3, 4])
    axes.set_xlabel(say("step", "ステップ"))
    return shown


def work(settings):
    settings.say("halfway", 0.5)
    found = float(np.random.default_rng(settings.seed).random())
    return Outcome(
        [Verdict(Text("a claim", "主張"), found, 0.0), Verdict("x < y", 2.0, 1.0, 0.5, "<", "s")],
        [Table(("a", Text("b", "い")), [("1", "2")], "a table")],
        [Figure("line", picture(), Text("a line", "直線")), Figure("raw", b"x", "bytes", "gif")],
        [Text("a note", "注")],
    )


EXPERIMENT = Experiment(
    "a5-example", ("A5",), Text("Title & more", "題"), Text("Why?", "なぜ?"), Text("So.", "それ。"),
    Text("One.\n\nTwo\n  lines.", "一。\n\n二\n行。"), work, (r"y = x^2",), (relu,), ("p",),
)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "relation", "holds"),
    [
        (98.86, "≥", True), (98.84, "≥", False), (99.5, "≥", True), (99.14, "≤", True),
        (99.2, "≤", False), (98.9, "=", True), (98.8, "=", False), (98.85, ">", False),
        (99.15, "<", False), (math.nan, "≥", False), (math.nan, "=", False), (math.nan, "<", False),
    ],
)  # fmt: skip
def test_verdict(found, relation, holds):
    # In binary 99 - 0.15 is 98.85 exactly as NumPy would say: limits belong to ≥ and ≤ only.
    assert Verdict("x", found, 99.0, 0.15, relation).holds == holds


def test_unknown_relation():
    with pytest.raises(ValueError, match="relation is one of"):
        Verdict("x", 1, 2, relation="≠")


def test_run_leaves_a_page_in_each_language(tmp_path):
    record = run_experiment(EXPERIMENT, Settings(fast=True), tmp_path)
    assert record.held == 1
    folder = tmp_path / "a5-example"
    assert {p.name for p in folder.iterdir()} == {
        "index.html",
        "result.json",
        "line.png",
        "raw.gif",
    }
    page = (folder / "index.html").read_text()
    for part in ("Title &amp; more", "<math", ">relu<", "line.png", "✗ not borne out", "a note"):
        assert part in page
    english = (folder / "line.png").read_bytes()
    run_experiment(EXPERIMENT, Settings(fast=True), tmp_path, "ja")
    page = (folder / "index.html").read_text()
    assert '<html lang="ja">' in page
    assert "二行。" in page
    assert "主張" in page
    assert (folder / "line.png").read_bytes() != english  # other labels


def test_an_experiment_that_fails_leaves_nothing(tmp_path):
    def broken(settings):
        raise RuntimeError("no")

    e = Experiment("a6-broken", ("A6",), *[Text("x", "x")] * 4, broken)
    with pytest.raises(RuntimeError):
        run_experiment(e, Settings(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_parts_and_seeds(tmp_path):
    with pytest.raises(ValueError, match="a5-example has no 'q'; it has p"):
        EXPERIMENT.run(Settings(only=("q",)))
    one, two, again = (EXPERIMENT.run(Settings(seed=s)).verdicts[0].found for s in (1, 2, 1))
    assert one == again != two


def test_report(tmp_path):
    with pytest.raises(DataError, match="there are no results"):
        read_results(tmp_path)
    run_experiment(EXPERIMENT, Settings(fast=True), tmp_path)
    text = write_report(tmp_path).read_text()
    for part in ("1 / 2", "1 / 54", "a5-example/index.html", "a5-example/line.png"):
        assert part in text
    (tmp_path / "a5-example" / "result.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        write_report(tmp_path)


def test_numbers_in_results(tmp_path):
    record = run_experiment(EXPERIMENT, Settings(), tmp_path)
    found = json.loads((record.folder / "result.json").read_text())
    assert found["rows"] == ["A5"]
    assert [v["holds"] for v in found["verdicts"]] == [True, False]
    assert wanted_text(record.outcome.verdicts[1]) == "< 1 s + 0.5 s"
    assert wanted_text(Verdict("x", 0, 0, 1e-12, "≤")) == "≤ 1e−12"
    assert wanted_text(Verdict("x", 0, 0, 0.5, "=")) == "= 0 ± 0.5"
    assert found_text(Verdict("x", math.inf, 0)) == "inf"


def test_text():
    assert one_line("a\n  b c") == "a b c"
    assert one_line("行が\n   続く。\n  RBM は") == "行が続く。 RBM は"
    assert "<mfrac>" in mathml(r"\frac{a}{b}")


def test_catalog():
    known = all_experiments()
    assert all(name == e.name for name, e in known.items())
    assert {row for e in known.values() for row in e.rows} <= set(ROWS)
    with pytest.raises(ValueError, match="did you mean b3-mnist-2006"):
        experiment("b3-mnist-2007")


def test_every_experiment_is_in_both_languages():
    for e in all_experiments().values():
        assert e.name.startswith(e.rows[0].lower() + "-")
        for text in (e.question, e.claim, e.text):
            assert text.en
            assert any(ord(letter) > 0x3000 for letter in text.ja), f"{e.name}: {text.en}"
        for formula in e.formulas:
            assert "<math" in mathml(formula)

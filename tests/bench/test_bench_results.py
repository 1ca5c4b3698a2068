"""Medians, spreads and ratios, by hand."""

import json

import pytest
from rich.console import Console

from bench.results import Row, Timing
from bench.table import cells, milliseconds, table, write_json


def row(peers=(), seconds=(0.002, 0.001, 0.009)):
    return Row("mlp", "train", 100, Timing("numpy", list(seconds)), list(peers))


def test_median_ignores_one_disturbed_round():
    assert Timing("numpy", [1.0, 3.0, 100.0]).median == 3
    assert Timing("numpy", [1.0, 3.0]).median == 2


def test_spread_is_half_the_quartile_distance():
    assert Timing("numpy", [1.0, 2.0, 3.0, 4.0, 5.0]).spread == pytest.approx((4 - 2) / 2 / 3)
    assert Timing("numpy", [2.0, 2.0, 2.0]).spread == 0
    assert Timing("numpy", [2.0]).spread is None


def test_best_peer_is_the_one_of_lowest_median_and_gives_the_ratio():
    eager = Timing("eager", [0.003, 0.003, 0.003])
    compiled = Timing("compile", [0.0001, 0.004, 0.004])
    result = row([compiled, eager])
    assert result.best is eager
    assert result.ratio == pytest.approx(1.5)


def test_without_a_peer_there_is_no_ratio():
    assert row().best is None
    assert row().ratio is None
    assert cells(row()) == ["mlp", "train", "100", "2.00 ± 100%", *["–"] * 5]


def test_cells_with_a_peer():
    single = row([Timing("eager", [0.003])], seconds=[0.002])
    assert cells(single)[3:] == ["2.00", "3.00", "eager", "1.50", "–", "–"]


def test_inference_is_one_example():
    single = Row("mlp", "infer", 100, Timing("numpy", [1.0]), [])
    assert cells(single)[2] == "1"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0000227, "0.0227"),
        (0.000143, "0.143"),
        (0.0018, "1.80"),
        (0.0274, "27.4"),
        (0.303, "303"),
    ],
)
def test_milliseconds(seconds, text):
    assert milliseconds(seconds) == text


def test_table_shows_every_row():
    console = Console(width=100)
    with console.capture() as capture:
        console.print(table([row(), row([Timing("eager", [0.003])])]))
    assert capture.get().count("mlp") == 2
    assert "eager" in capture.get()


def test_json_holds_every_round(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("old")
    write_json(path, [row([Timing("eager", [0.003])])], {"machine": "here"})
    written = json.loads(path.read_text())
    assert written["machine"] == "here"
    [only] = written["rows"]
    assert only["shinso"]["seconds"] == [0.002, 0.001, 0.009]
    assert only["torch"][0]["variant"] == only["best"] == "eager"
    assert only["ratio"] == pytest.approx(1.5)
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_json_is_whole_or_not_there(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_json(path, [row()], {"machine": object()})
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]

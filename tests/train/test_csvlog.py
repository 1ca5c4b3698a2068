"""CSVLogger: rows, appending, files that cannot be used."""

import csv

import pytest

from shinso.data import DataError
from shinso.train import CSVLogger


class Stage:
    fast_dev_run = False
    log_names = ["loss", "lr"]


def run(path, rows, **options):
    logger = CSVLogger(path, **options)
    logger.set_trainer(Stage())
    logger.on_train_begin()
    for epoch, row in enumerate(rows):
        logger.on_epoch_end(epoch, row)
    return logger


ROWS = [{"loss": 0.5, "lr": 0.1}, {"loss": 1 / 3, "lr": 0.1}]


def test_rows(tmp_path):
    run(tmp_path / "log.csv", ROWS)
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["loss"]) == 1 / 3


def test_append_and_replace(tmp_path):
    path = tmp_path / "log.csv"
    run(path, ROWS, separator=";")
    run(path, ROWS[:1], separator=";", append=True)
    assert [line.split(";")[0] for line in path.read_text().splitlines()] == [
        "epoch",
        "1",
        "2",
        "1",
    ]
    run(path, ROWS[:1])
    assert len(path.read_text().splitlines()) == 2


def test_a_resumed_run_repeats_nothing(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,lr\n9,9,9\n")
    first = run(path, ROWS[:1], append=True)
    saved = first.state_dict()
    first.on_epoch_end(1, {"loss": 7.0, "lr": 7.0})  # lost by the interruption
    again = run(path, [], append=True)
    again.load_state_dict(saved)
    again.on_epoch_end(1, ROWS[1])
    lines = path.read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch", "9", "1", "2"]
    assert "7.0" not in path.read_text()


def test_files_that_cannot_be_used(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        run(tmp_path / "gone" / "log.csv", ROWS)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        run(tmp_path / "binary", ROWS, append=True)

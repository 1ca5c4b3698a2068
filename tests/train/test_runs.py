"""Run folders: made, refused, read back; nothing is begun where nothing can be written."""

import errno
import json

import numpy as np
import pytest

from shinso import nn, ops, optim
from shinso.data import DataError
from shinso.train import History, RunFolder, Trainer, read_config, read_metrics, runs

X, T = np.ones((4, 2), dtype=np.float32), np.zeros((4, 1), dtype=np.float32)


def trainer_in(folder, **options):
    model = nn.Linear(2, 1)
    sgd = optim.SGD(model.parameters(), lr=0.1)
    return Trainer(model, ops.mse_loss, sgd, out=folder, progress=False, **options)


def test_create_and_reopen(tmp_path):
    folder = RunFolder(tmp_path / "a" / "b")
    folder.create()
    assert folder.checkpoints.is_dir()
    with pytest.raises(DataError, match=r"already holds a run \(checkpoints\)"):
        folder.create()
    folder.reopen()


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    RunFolder(tmp_path).create()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    trainer = trainer_in(tmp_path / "file" / "run")
    with pytest.raises(DataError, match=r"cannot be used for a run's files: Not a directory") as e:
        trainer.fit((X, T))
    assert "\n" not in str(e.value)
    assert trainer.step == 0


def test_a_folder_without_write_permission(tmp_path, monkeypatch):
    def refuse(dir):
        raise PermissionError(errno.EACCES, "Permission denied", str(dir))

    monkeypatch.setattr(runs.tempfile, "TemporaryFile", refuse)
    trainer = trainer_in(tmp_path / "run")
    with pytest.raises(DataError, match=r"Permission denied. Give a folder that you may write to"):
        trainer.fit((X, T))
    assert trainer.step == 0


def test_a_disk_that_fills_up(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    folder.create()
    folder.write_metrics(History([{"epoch": 1}]))

    def full(path, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shinso.data.atomic.write_bytes", full)
    with pytest.raises(DataError, match=r"metrics.jsonl: cannot be written: No space"):
        folder.write_metrics(History([{"epoch": 1}, {"epoch": 2}]))
    assert read_metrics(tmp_path) == [{"epoch": 1}]


def test_what_a_run_writes(tmp_path):
    trainer = trainer_in(tmp_path, config={"model": "linear", "arguments": {"size": (2, 1)}})
    trainer.fit((X, T), epochs=2, batch_size=3, validation=(X, T))
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["checkpoints", "config.json", "metrics.jsonl", "report.html"]
    config = read_config(tmp_path)
    assert config["model"] == "linear"
    assert config["arguments"] == {"size": [2, 1]}
    assert config["network"]["parameters"] == 3
    assert config["train"] == {
        "batches": 2, "batch_size": 3, "shuffle": True, "drop_last": False, "seed": 0, "samples": 4,
    }  # fmt: skip
    assert config["loss"] == "mse_loss"
    records = read_metrics(tmp_path)
    assert records == trainer.history.records
    assert set(records[0]) == {"epoch", "loss", "val_loss", "lr"}


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff", "[" * 100_000])
def test_a_damaged_config(tmp_path, text):
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"damaged"):
        read_config(tmp_path)


def test_no_config(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"is .* the folder of a run"):
        read_config(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"a": 1}))
    monkeypatch.setattr(runs, "MAX_CONFIG_BYTES", 3)
    with pytest.raises(DataError, match=r"too large"):
        read_config(tmp_path)


def test_damaged_metrics(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read"):
        read_metrics(tmp_path)
    (tmp_path / "metrics.jsonl").write_text('{"epoch": 1}\n{"epo')
    with pytest.raises(DataError, match=r"line 2: not an object"):
        read_metrics(tmp_path)

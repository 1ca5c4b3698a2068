"""Checkpoints: whole or absent, every kind of damage told in one line, old files cleared away."""

import json
import os
import re

import numpy as np
import pytest

from shinso.data import DataError, atomic
from shinso.train import checkpoint
from shinso.train.checkpoint import load_checkpoint, save_checkpoint

ENVIRONMENT = {"threads": 2}


def state(value=1.0, epoch=1, batch=3):
    return {
        "position": {"epoch": epoch, "batch": batch, "step": 7},
        "model": {"w": np.full((2, 3), value, dtype=np.float32), "n": np.array(4)},
        "best": float("inf"),
        "rates": [0.1, 1e-300, 1 / 3],
    }


def arrays(folder):
    return sorted(p.name for p in folder.glob("*.safetensors"))


def rewrite(path, change):
    """Edit a checkpoint's JSON and make its checksum right again."""
    document = json.loads(path.read_text())
    document.pop("sha256")
    change(document)
    path.write_text(json.dumps({**document, "sha256": checkpoint._digest(document)}))


def test_round_trip(tmp_path):
    path = save_checkpoint(tmp_path, state(), ENVIRONMENT)
    assert path == tmp_path / "last.json"
    for given in (path, tmp_path, str(tmp_path)):
        read = load_checkpoint(given)
        assert (read.epoch, read.batch) == (1, 3)
        assert read.weights["w"].dtype == np.float32
        assert np.array_equal(read.weights["w"], state()["model"]["w"])
        assert read.weights["n"].shape == ()
        assert read.state["rates"] == state()["rates"]
        assert read.state["best"] == float("inf")
        assert read.header["environment"] == ENVIRONMENT


def test_found_in_a_run_folder(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    save_checkpoint(tmp_path / "checkpoints", state(), ENVIRONMENT)
    assert load_checkpoint(tmp_path).epoch == 1


def test_last_and_best_and_clearing_away(tmp_path):
    save_checkpoint(tmp_path, state(1.0, 1, 0), ENVIRONMENT, ("last", "best"))
    assert len(arrays(tmp_path)) == 1
    save_checkpoint(tmp_path, state(2.0, 2, 0), ENVIRONMENT)
    save_checkpoint(tmp_path, state(3.0, 3, 0), ENVIRONMENT)
    assert len(arrays(tmp_path)) == 2
    assert load_checkpoint(tmp_path / "best.json").weights["w"][0, 0] == 1
    assert load_checkpoint(tmp_path / "last.json").weights["w"][0, 0] == 3
    save_checkpoint(tmp_path, state(4.0, 4, 0), ENVIRONMENT, ("last", "best"))
    assert len(arrays(tmp_path)) == 1


def test_saving_the_same_place_again(tmp_path):
    save_checkpoint(tmp_path, state(), ENVIRONMENT)
    save_checkpoint(tmp_path, state(), ENVIRONMENT)
    save_checkpoint(tmp_path, state(5.0), ENVIRONMENT)
    assert load_checkpoint(tmp_path).weights["w"][0, 0] == 5
    assert len(arrays(tmp_path)) == 1


@pytest.mark.parametrize("after", range(4))
def test_a_crash_at_any_moment_leaves_the_older_one(tmp_path, monkeypatch, after):
    save_checkpoint(tmp_path, state(1.0), ENVIRONMENT)
    calls = []

    def crash(*args):
        calls.append(args)
        if len(calls) > after:
            raise OSError(28, "No space left on device")
        return real(*args)

    real = os.fsync
    monkeypatch.setattr(atomic.os, "fsync", crash)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(tmp_path, state(2.0, 2), ENVIRONMENT)
    monkeypatch.undo()
    # The last call syncs the folder after the JSON file is in place: then the new one counts.
    assert load_checkpoint(tmp_path).weights["w"][0, 0] == (2 if after == 3 else 1)
    save_checkpoint(tmp_path, state(3.0, 3), ENVIRONMENT)
    assert sorted(p.name for p in tmp_path.iterdir()) == [arrays(tmp_path)[0], "last.json"]


def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    (tmp_path / ".e0001.safetensors.abc.tmp").write_bytes(b"half")
    (tmp_path / "mine.safetensors").write_bytes(b"not ours")
    save_checkpoint(tmp_path, state(), ENVIRONMENT)
    assert (tmp_path / "mine.safetensors").exists()
    assert not list(tmp_path.glob(".*"))


def damaged(path, what):
    json_file = path / "last.json"
    array_file = next(path.glob("*.safetensors"))
    content = array_file.read_bytes()
    text = json_file.read_text()
    if what == "arrays cut":
        array_file.write_bytes(content[: len(content) // 2])
    elif what == "arrays flipped":
        array_file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif what == "arrays gone":
        array_file.unlink()
    elif what == "json cut":
        json_file.write_text(text[: len(text) // 2])
    elif what == "json empty":
        json_file.write_text("")
    elif what == "json binary":
        json_file.write_bytes(bytes(range(256)))
    elif what == "json nested":
        json_file.write_text("[" * 100_000)
    elif what == "json nan":
        json_file.write_text('{"format": "shinso-checkpoint", "format_version": 1, "x": NaN}')
    elif what == "json edited":
        json_file.write_text(text.replace("0.1", "0.2", 1))
    elif what == "foreign json":
        json_file.write_text('{"name": "something else"}')
    elif what == "a list":
        json_file.write_text("[1, 2]")
    elif what == "version":
        rewrite(json_file, lambda d: d.update(format_version=99))
    elif what == "outside":
        rewrite(json_file, lambda d: d["arrays"].update(file="../../secret.safetensors"))
    elif what == "no names":
        rewrite(json_file, lambda d: d.update(arrays={"file": "x"}))
    elif what == "other names":
        rewrite(json_file, lambda d: d["arrays"]["names"].pop("model/w"))
    elif what == "missing array":
        rewrite(json_file, lambda d: d["state"]["model"].update(v={"$tensor": "model/v"}))
    elif what == "no model":
        rewrite(json_file, lambda d: d["state"].pop("model"))
    elif what == "no safetensors":
        garbage = b"\xff" * len(content)
        array_file.write_bytes(garbage)
        digest = checkpoint.hashlib.sha256(garbage).hexdigest()
        rewrite(json_file, lambda d: d["arrays"].update(sha256=digest))


DAMAGE = {
    "arrays cut": "cut short or damaged",
    "arrays flipped": "its checksum is not the one",
    "arrays gone": "cannot be read: No such file",
    "json cut": "damaged or cut short",
    "json empty": "damaged or cut short",
    "json binary": "damaged or cut short",
    "json nested": "damaged or cut short",
    "json nan": "damaged or cut short",
    "json edited": "its checksum does not fit",
    "foreign json": "not a checkpoint of shinso",
    "a list": "not a checkpoint of shinso",
    "version": "format version 99; this shinso",
    "outside": "which is no file of a checkpoint",
    "no names": "its checksum does not fit",
    "other names": "not those listed in last.json: model/w",
    "missing array": "the array 'model/v' is missing",
    "no model": "no model or no position",
    "no safetensors": "no valid safetensors file",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_told_in_one_line(tmp_path, what):
    save_checkpoint(tmp_path, state(), ENVIRONMENT)
    damaged(tmp_path, what)
    with pytest.raises(DataError, match=re.escape(DAMAGE[what])) as caught:
        load_checkpoint(tmp_path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_json_file_of_absurd_size_is_not_read(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, state(), ENVIRONMENT)
    monkeypatch.setattr(checkpoint, "MAX_JSON_BYTES", 100)
    with pytest.raises(DataError, match="too many for a checkpoint"):
        load_checkpoint(tmp_path)


def test_nothing_is_deleted_beside_a_damaged_one(tmp_path):
    save_checkpoint(tmp_path, state(1.0), ENVIRONMENT, ("last", "best"))
    (tmp_path / "best.json").write_text("{")
    save_checkpoint(tmp_path, state(2.0, 2), ENVIRONMENT)
    assert len(arrays(tmp_path)) == 2


def test_no_checkpoint(tmp_path):
    with pytest.raises(DataError, match="no checkpoint here"):
        load_checkpoint(tmp_path)
    with pytest.raises(DataError, match="no checkpoint here"):
        load_checkpoint(tmp_path / "nowhere")

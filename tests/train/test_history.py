"""History: lists by name, lines of JSON, the best epoch."""

import json
import math

from shinso.train import History


def test_lists_and_lines():
    history = History()
    history.add(0, {"loss": 1.0, "val_loss": math.nan})
    history.add(1, {"loss": 0.5, "val_loss": math.inf, "late": 3})
    assert history.history["loss"] == [1.0, 0.5]
    assert math.isnan(history.history["late"][0])
    assert history.epoch == [0, 1]
    lines = [json.loads(line) for line in history.to_jsonl().splitlines()]
    assert lines == [
        {"epoch": 1, "loss": 1.0, "val_loss": None},
        {"epoch": 2, "loss": 0.5, "val_loss": None, "late": 3},
    ]
    assert "2 epochs" in repr(history)


def test_best():
    history = History([{"epoch": 1, "a": 2.0}, {"epoch": 2, "a": math.nan}, {"epoch": 3, "a": 3.0}])
    assert history.best("a")["epoch"] == 1
    assert history.best("a", highest=True)["epoch"] == 3
    assert history.best("b") is None


def test_empty():
    assert History().history == {}
    assert History().to_jsonl() == ""

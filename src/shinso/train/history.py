"""What a run has measured: one record of numbers per epoch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any


class History:
    """The numbers of all epochs so far, as in Keras.

    `history.history["val_loss"]` is a list with one number per epoch, `history.epoch` the epochs
    (from 0), `history.records` the same as one dictionary per epoch (counted from 1).
    """

    def __init__(self, records: Sequence[Mapping[str, Any]] = ()) -> None:
        self.records: list[dict[str, Any]] = [dict(record) for record in records]

    @property
    def history(self) -> dict[str, list[float]]:
        """Lists of numbers by name; NaN where an epoch lacks one."""
        names = dict.fromkeys(k for record in self.records for k in record if k != "epoch")
        return {name: [r.get(name, math.nan) for r in self.records] for name in names}

    @property
    def epoch(self) -> list[int]:
        """The numbers of the epochs, from 0."""
        return [record["epoch"] - 1 for record in self.records]

    def add(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Add the numbers of an epoch (counted from 0)."""
        self.records.append({"epoch": epoch + 1, **logs})

    def to_jsonl(self) -> str:
        """One line of JSON per epoch; a number that is not finite becomes null."""
        return "".join(json.dumps(_finite(r), allow_nan=False) + "\n" for r in self.records)

    def best(self, name: str, highest: bool = False) -> dict[str, Any] | None:
        """The record in which a number is lowest (or highest); None if it is never finite."""
        found = [r for r in self.records if name in r and math.isfinite(r[name])]
        if not found:
            return None
        return (max if highest else min)(found, key=lambda record: record[name])

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        last = self.records[-1] if self.records else {}
        return f"History({len(self)} epochs; last: {last})"


def _finite(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()
    }

"""The folder of a run: config.json, metrics.jsonl, checkpoints/, report.html."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shinso.data.atomic import save_bytes
from shinso.data.errors import DataError
from shinso.train.history import History

MAX_CONFIG_BYTES = 16 << 20
_OURS = ("config.json", "metrics.jsonl", "checkpoints", "report.html")


class RunFolder:
    """Where a run keeps its files. Every file in it is written whole or not at all."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.metrics = self.path / "metrics.jsonl"
        self.checkpoints = self.path / "checkpoints"
        self.report = self.path / "report.html"

    def create(self) -> None:
        """Make the folder for a new run, and make sure that it can be written.

        Raises DataError if it holds a run already, or cannot be made or written.
        """
        held = [name for name in _OURS if (self.path / name).exists()]
        if held:
            raise DataError(
                f"{self.path} already holds a run ({', '.join(held)}). To go on with it, resume "
                "(fit(resume=True), --resume); for a new run give another folder, or delete "
                "this one."
            )
        self._make()

    def reopen(self) -> None:
        """Prepare to go on with the run in here. Raises DataError if it cannot be written."""
        self._make()

    def _make(self) -> None:
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            for folder in (self.path, self.checkpoints):
                with tempfile.TemporaryFile(dir=folder):
                    pass
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be used for a run's files: {os.strerror(error.errno or 0)}. "
                "Give a folder that you may write to."
            ) from None

    def write_config(self, config: Mapping[str, Any]) -> None:
        """What the run was asked to do. Raises DataError if it cannot be written."""
        self._write(self.config, json.dumps(config, indent=2, ensure_ascii=False) + "\n")

    def write_metrics(self, history: History) -> None:
        """One line per epoch, all epochs: no line is ever there twice."""
        self._write(self.metrics, history.to_jsonl())

    def write_report(self, html: str) -> None:
        """The page about the run."""
        self._write(self.report, html)

    def _write(self, path: Path, text: str) -> None:
        save_bytes(path, text.encode())


def read_config(folder: str | Path) -> dict[str, Any]:
    """The config.json of a run folder. Raises DataError if there is none or it is damaged."""
    path = Path(folder) / "config.json"
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise DataError(f"{path}: too large for a run's config.")
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); is {folder} the folder of a run?"
        ) from None
    except DataError:
        raise
    except (ValueError, RecursionError):
        raise DataError(f"{path}: damaged: it is not JSON.") from None
    if not isinstance(config, dict):
        raise DataError(f"{path}: damaged: expected an object of names and values.")
    return config


def read_metrics(folder: str | Path) -> list[dict[str, Any]]:
    """The records of metrics.jsonl, one per epoch. Raises DataError naming a bad line."""
    path = Path(folder) / "metrics.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}.") from None
    records = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise DataError(f"{path}, line {number}: not an object of names and numbers.")
        records.append(record)
    return records

"""`CSVLogger`: the numbers of each epoch as rows of a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shinso.data.atomic import save_bytes
from shinso.data.errors import DataError
from shinso.train.callbacks import Callback, Logs


class CSVLogger(Callback):
    """Write the numbers of each epoch to a CSV file: epoch (from 1), loss, metrics, val_..., lr.

    filename: the file; it is replaced as a whole after each epoch, so it is never half a table.
    append: keep the rows that are there already. Otherwise an existing file is replaced (a resumed
    run keeps its own rows and repeats none). In a `fast_dev_run` nothing is written.
    Raises DataError if the file cannot be read or written.
    """

    def __init__(self, filename: str | Path, separator: str = ",", append: bool = False) -> None:
        self.path, self.separator, self.append = Path(filename), separator, append
        self.before = ""
        self.rows: list[list[Any]] = []
        self.columns: list[str] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Read what is to be kept."""
        self.rows, self.columns, self.before = [], ["epoch", *self.trainer.log_names], ""
        try:
            if self.append and self.path.exists():
                self.before = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{self.path}: cannot be read: {error}.") from None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Add a row."""
        logs = logs or {}
        self.rows.append([epoch + 1, *(logs.get(name, "") for name in self.columns[1:])])
        if not self.trainer.fast_dev_run:
            self._write()

    def _write(self) -> None:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.separator, lineterminator="\n")
        writer.writerows(self.rows if self.before else [self.columns, *self.rows])
        save_bytes(self.path, (self.before + text.getvalue()).encode())

    def state_dict(self) -> dict[str, Any]:
        """The rows of this run, and the text before them."""
        return {"rows": [list(row) for row in self.rows], "before": self.before}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on below the rows of the interrupted run."""
        self.rows, self.before = [list(row) for row in state["rows"]], str(state["before"])

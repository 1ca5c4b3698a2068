"""Comment volume: a network, an ELM and a decision tree on the data's own ten test cases.

    python -m bench.comment_volume --data-dir FOLDER

Mean absolute error, and how many of the ten most commented posts are among the ten predicted ones.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from shinso.classical import ELMRegressor, MLPRegressor, TableModel, TreeRegressor
from shinso.data import DataError
from shinso.data.comment_volume import CATEGORY, TARGET, comment_volume, hits_at_10
from shinso.data.tabular import ColumnChoice, report

MODELS = {
    "MLP, 100 and 50 ReLUs": lambda: MLPRegressor(
        (100, 50), batch_size=200, max_iter=15, alpha=1e-2, random_state=0
    ),
    "ELM, 1000 sigmoids": lambda: ELMRegressor(1000, alpha=10.0, random_state=0),
    "decision tree": lambda: TreeRegressor(min_samples_leaf=20, random_state=0),
}


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.comment_volume")
    parser.add_argument("--data-dir", type=Path, required=True, metavar="DIR")
    chosen = parser.parse_args(arguments)
    console = Console()
    try:
        train, cases = comment_volume(chosen.data_dir)
    except DataError as error:
        print(f"bench.comment_volume: {error}", file=sys.stderr)
        return 1
    found = report(train, TARGET)
    choices = found.choices()
    # The page's category is a label, whatever the report thinks of it.
    choices.columns[CATEGORY] = ColumnChoice("category", missing="level", levels=60)
    dropped = [name for name, choice in choices.columns.items() if choice.use == "drop"]
    console.print(f"dropped: {', '.join(dropped)}; target: {choices.transform}", markup=False)
    targets = [case[TARGET].to_numpy() for case in cases]
    shown = Table(box=SIMPLE_HEAD)
    for heading in ("model", "mean absolute error", "Hits@10", "seconds"):
        shown.add_column(heading)
    always = float(np.median(train[TARGET]))
    errors = [float(np.abs(t - always).mean()) for t in targets]
    shown.add_row("always the median", f"{np.mean(errors):.2f}", "–", "–")
    for name, make in MODELS.items():
        start = time.perf_counter()
        model = TableModel(choices, make()).fit(train)
        seconds = time.perf_counter() - start
        said = [np.maximum(model.predict(case), 0) for case in cases]
        errors = [float(np.abs(t - y).mean()) for t, y in zip(targets, said, strict=True)]
        shown.add_row(
            name, f"{np.mean(errors):.2f}", f"{hits_at_10(targets, said):.1f}", f"{seconds:.1f}"
        )
    console.print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())

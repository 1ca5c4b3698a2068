"""The golden files are complete, and their README counts them rightly."""

import re
import sys
from pathlib import Path

import numpy as np

from shinso.ops.cases import CASES

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from layer_cases import LAYERS  # noqa: E402


def test_every_case_has_golden_values():
    wanted: dict[str, set[str]] = {}
    for case in CASES:
        if not case.random and not case.no_golden:
            wanted.setdefault(case.op, set()).add(case.label)
    for op, labels in wanted.items():
        with np.load(HERE / "ops" / f"{op}.npz") as file:
            assert labels == {key.split("/")[0] for key in file}, op
    assert {p.stem for p in (HERE / "ops").glob("*.npz")} == set(wanted)


def cases_in(name: str) -> int:
    with np.load(HERE / "optim" / name) as file:
        return len({key.rsplit("/", 1)[0] for key in file})


def test_the_readme_counts_rightly():
    compared = [c for c in CASES if not c.random and not c.no_golden]
    table = (HERE / "README.md").read_text()
    expected = [
        ("`ops/<op>.npz`", f"{len(compared)} of {len({c.op for c in compared})} operations"),
        ("`nn.npz`", f"{len(LAYERS)} layers"),
        ("`optim/optimizers.npz`", f"{cases_in('optimizers.npz')} optimizers and options"),
        ("`optim/schedules.npz`", f"{cases_in('schedules.npz')} schedules"),
        ("`optim/clip.npz`", f"{cases_in('clip.npz')} calls"),
    ]
    for name, count in expected:
        row = re.search(rf"^\| {re.escape(name)} \| ([^|]*) \|", table, re.MULTILINE)
        assert row is not None
        assert row.group(1) == count

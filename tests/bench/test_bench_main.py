"""The command, from its arguments to the table, with worker processes as in earnest."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import main, options
from bench.compiling import time_compiling
from bench.process import THREAD_VARIABLES, BenchError, Process
from bench.results import Row, Timing
from bench.worker import Worker
from bench.workloads import WORKLOADS

ROOT = Path(__file__).parents[2]


def bench_command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_tiny_run_without_the_peer(tmp_path):
    path = tmp_path / "times.json"
    done = bench_command("--no-peer", "--tiny", "--only", "tiny", "mlp", "--json", str(path))
    assert done.returncode == 0, done.stderr
    assert "2 threads" in done.stdout
    assert "NumPy" in done.stdout
    written = json.loads(path.read_text())
    assert [(r["workload"], r["mode"]) for r in written["rows"]] == [
        ("tiny", "train"),
        ("tiny", "infer"),
        ("mlp", "train"),
        ("mlp", "infer"),
    ]
    assert all(r["shinso"]["seconds"][0] > 0 for r in written["rows"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "lenett"], "lenett"),
        (["--rounds", "0"], "whole number of at least 1"),
        (["--threads", "two"], "whole number of at least 1"),
    ],
)
def test_wrong_options(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        options(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_help_names_every_workload(capsys):
    with pytest.raises(SystemExit):
        options(["--help"])
    text = capsys.readouterr().out
    for name in ("tiny", "mlp", "lenet", "resnet20", "alexnet", "61,100,840"):
        assert name in text


def test_a_missing_peer_is_said_at_once(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert main() == 1
    assert "make bench" in capsys.readouterr().err


def test_a_missing_folder_is_said_at_once(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(
        sys, "argv", ["bench", "--no-peer", "--json", str(tmp_path / "none" / "times.json")]
    )
    assert main() == 1
    assert "there is no folder" in capsys.readouterr().err


def test_worker_errors_reach_the_parent_and_do_not_end_it():
    with Process("shinso", 1) as process:
        with pytest.raises(BenchError, match="KeyError: 'unknown'") as caught:
            process.ask("variants", workload="unknown")
        assert "Traceback" in caught.value.traceback
        assert process.ask("variants", workload="mlp") == ["compiled"]
        process.ask("close")


def test_a_worker_that_died_is_reported():
    with Process("shinso", 1) as process:
        process._process.kill()
        process._process.wait()
        with pytest.raises(BenchError, match=r"ended with code -9 .* out of memory"):
            process.ask("versions")


def test_a_worker_does_only_what_it_offers():
    answer = Worker(side=None).answer({"do": "__init__", "side": 1})
    assert "no request is called '__init__'" in answer["error"]


def test_threads_are_set_before_numpy_loads(monkeypatch):
    seen = {}

    def popen(command, **options):
        seen.update(options["env"])
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(KeyboardInterrupt):
        Process("shinso", 3)
    assert {name: seen[name] for name in THREAD_VARIABLES} == dict.fromkeys(THREAD_VARIABLES, "3")


def test_numpy_switch(tmp_path):
    path = tmp_path / "times.json"
    done = bench_command("--no-peer", "--tiny", "--numpy", "--only", "tiny", "--json", str(path))
    assert done.returncode == 0, done.stderr
    rows = json.loads(path.read_text())["rows"]
    assert [r["shinso"]["variant"] for r in rows] == ["numpy", "numpy"]


def test_first_calls_from_an_empty_cache_and_from_disk():
    rows = [Row("tiny", mode, 4, Timing("compiled"), []) for mode in ("train", "infer")]
    time_compiling(WORKLOADS["tiny"], 4, 1, rows)
    assert all(row.cold > 0 and row.disk > 0 for row in rows)

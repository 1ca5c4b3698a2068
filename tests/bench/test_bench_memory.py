"""Memory is that of the process itself and, as a second number, of all that it started."""

import json
import subprocess
import sys

import numpy as np
import pytest

from bench import memory
from bench.memory import Memory, main, options, rows
from bench.process import BenchError
from bench.resident import Watch, available, family, field, forget_peak, peak, resident

linux = pytest.mark.skipif(not available(), reason="counts in /proc, which only Linux has")
MB = 1_000_000


def test_a_field_of_a_status_file():
    status = "Name:\tVmHWM: 3 kB\nVmHWM:\t    12 kB\nVmRSS:\t 7 kB\n"
    assert field(status, "VmHWM") == 12 * 1024
    assert field(status, "VmRSS") == 7 * 1024
    assert field(status, "VmSwap") == 0
    assert field("", "VmRSS") == 0


@linux
def test_a_peak_stays_until_it_is_forgotten():
    before = resident()
    block = np.ones(8_000_000)
    assert resident() > before + 50 * MB
    del block
    assert peak() > before + 50 * MB
    forget_peak()
    assert peak() < before + 40 * MB


@linux
def test_a_process_that_is_gone_has_no_memory():
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
        gone = process.pid
    assert resident(gone) == peak(gone) == 0


@linux
def test_a_family_has_grandchildren():
    inner = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen(
        [sys.executable, "-c", inner], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        while len(found := family(process.pid)) < 2:
            assert process.poll() is None
        with Watch(process.pid) as watch:
            pass
        assert found[0] == process.pid
        assert watch.most > resident(process.pid)
        process.communicate(b"\n")


def test_rows_by_hand():
    def found(before, most, steps, together):
        return Memory(before * MB, most * MB, steps * MB, together * MB)

    results = {
        "cold": [found(100, 300, 300, 500), found(100, 200, 200, 200)],
        "eager": [found(300, 500, 450, 500)],
    }
    first, second = rows(results, "mlp")
    assert first[1:] == [
        *("shinso, kernels compiled", "100 / 100", "300 / 200", "1.00", "200 / 100", "1.00"),
        "500 / 200",
    ]
    assert second[1:] == ["torch eager", "300", "500", "2.50", "150", "1.50", "500"]


@linux
def test_the_command(capsys):
    arguments = ["--no-peer", "--tiny", "--only", "tiny", "--repeats", "1", "--threads", "1"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "kernels from" in shown
    assert "1 threads" in shown


@linux
def test_a_child_says_what_it_took(capsys):
    assert main(["--child", json.dumps(["disk", "tiny", 2])]) == 0
    found = Memory(**json.loads(capsys.readouterr().out))
    assert 0 < found.before <= found.steps <= found.peak


@linux
def test_a_child_that_fails_is_reported(tmp_path, capfd):
    with pytest.raises(BenchError, match=r"kernels from disk on unknown ended with code 1"):
        memory.measure("disk", "unknown", 2, 1, tmp_path)
    assert "KeyError: 'unknown'" in capfd.readouterr().err


@linux
def test_a_missing_peer_is_said_at_once(monkeypatch, capsys):
    monkeypatch.setattr(memory, "find_spec", lambda name: None)
    assert main([]) == 1
    assert "make bench-memory" in capsys.readouterr().err


def test_another_system_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr(memory, "available", lambda: False)
    assert main(["--no-peer"]) == 1
    assert "Linux" in capsys.readouterr().err


def test_an_unknown_workload(capsys):
    with pytest.raises(SystemExit):
        options(["--only", "lenett"])
    assert "lenett" in capsys.readouterr().err

"""Progress: plain lines without control characters, a bar on a terminal, numbers and times."""

import io

import pytest

from shinso.train import progress
from shinso.train.progress import (
    BarProgress,
    LineProgress,
    Progress,
    format_number,
    format_time,
    make_progress,
)


def drive(display, epochs=2, batches=3):
    for epoch in range(epochs):
        display.begin_epoch(epoch, batches, 0)
        for _ in range(batches):
            display.advance(10, lambda: {"loss": 0.5})
        display.end_epoch({"loss": 0.25, "accuracy": 0.875})
    display.close()


def test_lines(capsys):
    drive(LineProgress(2))
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 1/2  loss 0.2500  accuracy 0.8750  ")
    assert "samples/s" in lines[0]
    assert not any(ord(c) < 32 and c != "\n" for c in out)


def test_lines_within_a_long_epoch(capsys, monkeypatch):
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr(progress.time, "perf_counter", lambda: float(next(clock)))
    drive(LineProgress(1), epochs=1, batches=4)
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= len(lines) <= 4
    assert "batch 2/4  loss 0.5000" in lines[0]
    assert "left" in lines[0]


def test_nothing(capsys):
    drive(make_progress(False, 2))
    assert capsys.readouterr().out == ""
    assert type(make_progress(False, 2)) is Progress


def test_which_one(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert type(make_progress(True, 1)) is LineProgress
    monkeypatch.setattr(progress.sys, "stdout", Terminal())
    bar = make_progress(True, 1)
    bar.close()
    assert type(bar) is BarProgress


def test_the_bar(monkeypatch):
    from rich.console import Console

    screen = io.StringIO()
    bar = BarProgress(2)
    bar.close()
    bar.bar.live.console = Console(file=screen, force_terminal=True, width=120)
    monkeypatch.setattr(bar, "interval", 0.0)
    bar.bar.start()
    drive(bar)
    text = screen.getvalue()
    assert "epoch 2/2" in text
    assert "3/3" in text
    assert "loss 0.5000" in text


def test_time_left_counts_what_was_done_before_a_resume(monkeypatch):
    display = Progress(3)
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    display.begin_epoch(1, 10, 6)
    now[0] = 4.0
    for _ in range(2):
        display.advance(5, dict)
    assert display.speed() == 2.5
    assert display.seconds_left() == 2.0 * (2 + 10)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0000"), (0.12345, "0.1235"), (12.3456, "12.35"), (-3.0, "-3.0000"),
     (1234567, "1.23e+06"), (1e-5, "1e-05"), (float("nan"), "nan"), (float("inf"), "inf")],
)  # fmt: skip
def test_numbers(value, text):
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (42.4, "42 s"), (59.7, "1 min 00 s"), (185, "3 min 05 s"),
     (7620, "2 h 07 min")],
)  # fmt: skip
def test_times(seconds, text):
    assert format_time(seconds) == text

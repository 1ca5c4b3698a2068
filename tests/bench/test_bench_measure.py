"""Rounds are taken in turns, and a network that computes something else is found out."""

from contextlib import contextmanager
from math import nan

import pytest

from bench.measure import Plan, check_equal, measure
from bench.process import BenchError
from bench.timing import calibrate, settle, timed_round
from bench.workloads import WORKLOADS
from bench.zoo import ZOO


class Scripted:
    """Stands in for a worker process: answers at once and remembers what it was asked."""

    def __init__(self, side, log, losses=(1.0, 0.9, 0.8), broken=()):
        self.side, self.log, self.losses, self.broken = side, log, list(losses), broken

    def ask(self, do, **arguments):
        variant = arguments.get("variant")
        if (do, variant) in self.broken:
            raise BenchError(f"{self.side}: {variant} cannot {do}")
        self.log.append((self.side, do, variant, arguments.get("mode")))
        seconds = {"numpy": 2.0, "eager": 4.0, "compile": 3.0}
        answers = {
            "variants": ["numpy"] if self.side == "shinso" else ["eager", "compile"],
            "losses": self.losses,
            "calibrate": 7,
            "round": seconds.get(variant),
        }
        return answers.get(do)


def results(shinso, peer, plan=Plan(2)):  # noqa: B008 (it is frozen in use)
    notes = []
    return list(measure(WORKLOADS["mlp"], shinso, peer, plan, notes.append)), notes


def test_sides_take_turns_and_the_first_round_does_not_count():
    log = []
    rows, _ = results(Scripted("shinso", log), Scripted("torch", log))
    turns = [variant for _, do, variant, mode in log if do == "round" and mode == "train"]
    assert turns == ["numpy", "eager", "compile"] * 3
    assert [r.mode for r in rows] == ["train", "infer"]
    assert all(r.shinso.seconds == [2.0, 2.0] for r in rows)
    assert [(r.best.variant, r.ratio) for r in rows] == [("compile", 1.5)] * 2
    assert [do for _, do, _, _ in log[-2:]] == ["close", "close"]


def test_tiny_runs_everything_once():
    log = []
    rows, _ = results(Scripted("shinso", log), None, Plan(1, tiny=True))
    assert [do for _, do, _, _ in log] == ["variants", "open", "round", "round", "close"]
    assert [len(r.shinso.seconds) for r in rows] == [1, 1]
    assert [r.ratio for r in rows] == [None, None]


@pytest.mark.parametrize("request_that_fails", ["open", "losses"])
def test_a_variant_that_fails_is_left_out_and_said_so(request_that_fails):
    log = []
    peer = Scripted("torch", log, broken=[(request_that_fails, "compile")])
    rows, notes = results(Scripted("shinso", log), peer)
    assert [r.best.variant for r in rows] == ["eager", "eager"]
    assert [note for note in notes if note.startswith("left out")] == [
        f"left out: mlp: torch: compile cannot {request_that_fails}"
    ]


def test_a_variant_that_fails_in_one_mode_is_left_out_there():
    peer = Scripted("torch", [], broken=[("calibrate", "compile")])
    rows, notes = results(Scripted("shinso", []), peer)
    assert [len(r.peers) for r in rows] == [1, 1]
    assert sum(note.startswith("left out") for note in notes) == 2


def test_shinso_may_not_fail():
    with pytest.raises(BenchError, match="numpy cannot calibrate"):
        results(Scripted("shinso", [], broken=[("calibrate", "numpy")]), None)


def test_different_losses_end_the_benchmark():
    with pytest.raises(BenchError, match="do not run the same network"):
        results(Scripted("shinso", []), Scripted("torch", [], losses=[1.0, 0.9, 0.81]))


def test_check_equal():
    check_equal("mlp", "eager", [2.0, 1.0], [2.0001, 1.00009])
    for wrong in ([2.0, 1.001], [2.0, nan], [nan, nan]):
        with pytest.raises(BenchError, match=r"mlp: .* \(eager\)"):
            check_equal("mlp", "eager", [2.0, 1.0], wrong)
    with pytest.raises(BenchError):
        check_equal("mlp", "eager", [nan], [nan])


def test_deep_networks_may_drift_with_the_steps():
    tolerances = ZOO["resnet50"].tolerances
    check_equal("resnet50", "eager", [1.0, 1.0, 1.0], [1.0, 1.0009, 1.02], tolerances)
    for wrong in ([1.0003, 1.0, 1.0], [1.0, 1.002, 1.0], [1.0, 1.0, 1.04], [1.0, 1.0, nan]):
        with pytest.raises(BenchError):
            check_equal("resnet50", "eager", [1.0, 1.0, 1.0], wrong, tolerances)


def test_batches():
    assert Plan(1).batch(WORKLOADS["alexnet"]) == 16
    assert Plan(1, tiny=True).batch(WORKLOADS["alexnet"]) == 1
    assert Plan(1, tiny=True).batch(WORKLOADS["resnet20"]) == 2


class Counting:
    """A network that only counts its calls."""

    calls = 0

    @contextmanager
    def ready(self, mode):
        assert mode == "train"
        yield self.call

    def call(self):
        self.calls += 1


def test_calibrate_finds_enough_calls():
    network = Counting()
    repeats = calibrate(network, "train", 0.001)
    assert 1 < repeats < network.calls
    assert calibrate(network, "train", 0.0) == 1


@pytest.mark.parametrize(("repeats", "calls"), [(1, 1), (4, 4), (10, 12)])
def test_a_fifth_more_calls_wake_the_threads(repeats, calls):
    network = Counting()
    assert timed_round(network, "train", repeats) >= 0
    assert network.calls == calls


def test_settle_says_when_threads_never_sleep(monkeypatch):
    settle()
    clock = iter(range(10_000))
    monkeypatch.setattr("bench.timing.time.process_time", lambda: next(clock))
    with pytest.raises(RuntimeError, match="OMP_WAIT_POLICY"):
        settle(limit=0.04)

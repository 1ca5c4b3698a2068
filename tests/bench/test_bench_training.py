"""Seconds to a goal, and a run as the benchmark has it, on a few random pictures."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from bench import training
from bench.process import BenchError
from bench.training import TASKS, Run, cells, main, options, prepare, table, train, typical
from bench.training_sides import Job, train_torch
from shinso.data import ArrayDataset, DataLoader, DataSplits, ToFloat

MNIST, CIFAR = TASKS["mnist"], TASKS["cifar10"]


def splits(shape=(1, 28, 28), name="mnist", examples=96):
    rng = np.random.default_rng(0)
    parts = []
    for n in (examples, 10):
        x = rng.integers(0, 256, (n, *shape), dtype=np.uint8)
        t = np.arange(n) % 10
        parts.append(ArrayDataset(x, t, classes="0123456789", transform=ToFloat(255.0)))
    mean, std = (0.5,) * shape[0], (0.25,) * shape[0]
    facts = (name, "classification", tuple("0123456789"), mean, std, shape, "here")
    return DataSplits(*parts, *facts)


def photos():
    return splits((3, 32, 32), "cifar10")


def short(job, epochs=2):
    """The same job with fewer epochs."""
    recipe = {**job.recipe, "epochs": epochs}
    arrays = {**job.arrays, "orders": job.arrays["orders"][:epochs]}
    return replace(job, recipe=recipe, arrays=arrays)


def test_the_job_is_the_default_recipe():
    job = prepare(MNIST, splits(), seed=3)
    assert job.recipe["optimizer"] == "adamw"
    assert job.recipe["schedule"] == "onecycle"
    assert (job.model, job.mean, job.std, job.seed) == ("lenet5", [0.5], [0.25], 3)
    assert not job.augment
    assert job.arrays["orders"].shape == (job.recipe["epochs"], 96)
    loader = DataLoader(splits().train, 32, shuffle=True, seed=3)
    np.testing.assert_array_equal(job.arrays["orders"][1], loader.order(1))
    assert job.arrays["train_x"].dtype == np.uint8
    weights = job.weights()
    assert sum(w.size for w in weights.values()) == 61_706
    assert weights["features.0.weight"].shape == (6, 1, 5, 5)


def test_a_job_survives_the_disk(tmp_path):
    job = short(prepare(MNIST, splits(), seed=0))
    job.save(tmp_path)
    read = Job.load(tmp_path)
    assert replace(read, arrays={}) == replace(job, arrays={})
    assert read.arrays.keys() == job.arrays.keys()
    assert all(np.array_equal(read.arrays[name], a) for name, a in job.arrays.items())


def test_shinso_trains_in_a_process_of_its_own(tmp_path):
    short(prepare(MNIST, splits(), seed=0)).save(tmp_path)
    notes = []
    run = train("shinso", None, tmp_path, 1, notes.append)
    assert 0 < run.seconds[0] < run.seconds[1]
    assert all(0 <= accuracy <= 1 for accuracy in run.accuracy)
    assert [note.split()[:3] for note in notes] == [
        ["shinso", "epoch", "1"],
        ["shinso", "epoch", "2"],
    ]


def test_a_run_that_fails_is_reported(tmp_path, capfd):
    with pytest.raises(BenchError, match="shinso ended with code 1"):
        train("shinso", None, tmp_path, 1, print)
    assert "job.npz" in capfd.readouterr().err


def test_torch_begins_with_the_same_weights_and_ends_alike(tmp_path):
    pytest.importorskip("torch")
    job = short(prepare(MNIST, splits(), seed=0))
    found = []
    train_torch(job, lambda epoch, accuracy: found.append(accuracy), "eager", 1)
    job.save(tmp_path)
    assert found == pytest.approx(train("shinso", None, tmp_path, 1, print).accuracy, abs=0.1)


def test_photos_are_moved_and_mirrored(tmp_path):
    job = short(prepare(CIFAR, photos(), seed=0), epochs=1)
    assert (job.model, job.augment, job.recipe["optimizer"]) == ("cifar_resnet20", True, "sgd")
    job.save(tmp_path)
    assert len(train("shinso", None, tmp_path, 1, print).seconds) == 1


@pytest.mark.parametrize("variant", ["eager", "channels_last"])
def test_torch_does_so_too(variant):
    pytest.importorskip("torch")
    job = short(prepare(CIFAR, photos(), seed=0), epochs=1)
    found = []
    train_torch(job, lambda epoch, accuracy: found.append(accuracy), variant, 1)
    assert len(found) == 1


def test_without_a_goal_the_end_counts():
    run = Run("eager", None, [1.0, 2.0], [0.5, 0.4])
    assert (run.epochs_to_goal, run.seconds_to_goal) == (2, 2.0)


def test_the_goal_is_reached_after_the_first_epoch_at_or_above_it():
    run = Run("eager", 0.99, [1.0, 2.0, 3.0], [0.98, 0.99, 0.97])
    assert run.epochs_to_goal == 2
    assert run.seconds_to_goal == 2.0
    never = Run("eager", 0.99, [1.0], [0.9899])
    assert never.epochs_to_goal is None
    assert never.seconds_to_goal is None


def test_typical_needs_every_run():
    fast, slow, never = (
        Run("shinso", 0.99, [1.0], [0.99]),
        Run("shinso", 0.99, [2.0], [1.0]),
        Run("shinso", 0.99, [3.0], [0.5]),
    )
    assert typical([fast, slow]) == 1.5
    assert typical([fast, never]) is None


def test_cells():
    runs = [
        Run("eager", 0.99, [4.0, 8.0], [0.98, 0.991]),
        Run("eager", 0.99, [4.0, 8.0], [0.99, 0.992]),
    ]
    assert cells(runs, 3.0) == ["torch eager", "2 / 1", "8.00 / 4.00", "2.00", "99.10%, 99.20%"]
    missed = cells([Run("eager", 0.99, [4.0], [0.98])], 3.0)
    assert missed == ["torch eager", "–", "not reached", "–", "98.00%"]
    assert table({"shinso": runs, "eager": runs}).row_count == 2


def test_a_missing_peer_is_said_at_once(monkeypatch, capsys):
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["bench.training", "mnist"])
    assert main() == 1
    assert "make bench-train" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["mnist", "--threads", "0"], ["mnist", "--repeats", "none"]])
def test_wrong_options(arguments, capsys):
    with pytest.raises(SystemExit):
        options(arguments)
    assert "whole number of at least 1" in capsys.readouterr().err

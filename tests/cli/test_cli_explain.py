"""`shinso explain` as a user runs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


def shinso(*arguments, folder: Path, code: int = 0, **environment) -> str:
    """Run the command in `folder`; returns what it printed. Never a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "shinso", "explain", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": "", "HOME": str(folder), "COLUMNS": "100", **environment},
        check=False,
    )
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    assert "Traceback" not in text
    return text


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> dict[str, str]:
    """Kernels are compiled once for all of these tests."""
    return {"SHINSO_CACHE_DIR": str(tmp_path_factory.mktemp("kernels"))}


def test_a_training_step(tmp_path, cache):
    text = shinso("mlp", "--batch", 32, folder=tmp_path, **cache)
    assert "mlp, training step, batch of 32, inputs of 1×28×28" in text
    assert "matmul 32×784 · 784×100" in text
    assert "ops/matrix.py:" in text
    assert "updates momentum_buffer, layers.0.weight" in text
    assert max(map(len, text.splitlines())) <= 120
    top = shinso("mlp", "--batch-size", 32, "--top", 2, folder=tmp_path, **cache)
    assert re.search(r"\d+ more$", top, re.MULTILINE)
    times = re.findall(r"^ *\d+ +([\d.,]+) +[\d.]+ +[\d.,]+ +\d", top, re.MULTILINE)
    assert len(times) == 2
    assert float(times[0].replace(",", "")) >= float(times[1].replace(",", ""))
    in_order = shinso("mlp", "--batch", 32, "--top", 0, folder=tmp_path, **cache)
    numbers = re.findall(r"^ *(\d+) +[\d.,]+ +[\d.]+ +[\d.,]+ +\d", in_order, re.MULTILINE)
    assert [int(n) for n in numbers] == list(range(len(numbers)))
    assert not [*tmp_path.iterdir()]


def test_inference_and_a_data_sets_shape(tmp_path, cache):
    text = shinso("logistic", "--data", "digits", "--infer", "--batch", 4, folder=tmp_path, **cache)
    assert "logistic, inference, batch of 4, inputs of 1×8×8" in text
    assert "matmul 4×64 · 64×10" in text
    assert "momentum" not in text


def test_one_kernel(tmp_path, cache):
    common = ("logistic", "--input-shape", "12", "--num-classes", 3, "--infer")
    assert "kernel 1: matmul 128×12 · 12×3" in shinso(
        *common, "--kernel", 1, folder=tmp_path, **cache
    )
    ir = shinso(*common, "--ir", 0, folder=tmp_path, **cache)
    name = re.search(r"define void @\"(kernel_\w+)\"", ir).group(1)
    assert f"{name}:" in shinso(*common, "--asm", 0, folder=tmp_path, **cache)
    assert "there is no kernel 9: the kernels are 0 to" in shinso(
        *common, "--asm", 9, folder=tmp_path, code=1, **cache
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lenet",), "lenet5"),
        (("mlp", "--ir", 0, "--asm", 0), "choose one of"),
        (("mlp", "--input-shape", "3,x"), "--input-shape is positive numbers"),
        (("mlp", "--data", "digits", "--input-shape", "4"), "without --data"),
        (("lenet5", "--input-shape", "7"), "Conv2d"),
    ],
)
def test_errors_in_one_line(arguments, words, tmp_path, cache):
    text = shinso(*arguments, folder=tmp_path, code=1, **cache)
    assert words in text
    assert "error: " in text


def test_without_the_compiler(tmp_path):
    text = shinso("mlp", folder=tmp_path, code=1, SHINSO_COMPILE="0")
    assert "SHINSO_COMPILE=0" in text


def test_wrong_options_are_told(tmp_path):
    assert "model" in shinso(folder=tmp_path, code=2)
    assert "--batch" in shinso("mlp", "--batch", 0, folder=tmp_path, code=2)
    assert "--top" in shinso("--help", folder=tmp_path)

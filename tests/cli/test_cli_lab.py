"""`shinso lab`: the list, one quick part of an experiment, and mistakes."""

import gzip

import numpy as np
import pytest

from tests.cli.test_cli import shinso


def mnist(folder):
    """MNIST's four files, with 200 and 50 pictures of noise."""
    rng = np.random.default_rng(0)
    for part, n in (("train", 200), ("t10k", 50)):
        pixels = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        labels = (np.arange(n) % 10).astype(np.uint8)
        for kind, numbers, head in (
            ("images-idx3", pixels, (2051, n, 28, 28)),
            ("labels-idx1", labels, (2049, n)),
        ):
            content = np.array(head, dtype=">i4").tobytes() + numbers.tobytes()
            (folder / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))


def test_list(tmp_path):
    text = shinso("lab", "list", folder=tmp_path)
    assert "mnist-2006" in text
    assert "digits-from-noise" in text


def test_run_leaves_its_figures(tmp_path):
    mnist(tmp_path)
    text = shinso(
        "lab", "run", "digits-from-noise", "--only", "elm-ae", "--data-dir", ".", folder=tmp_path
    )
    assert "of 1 claims borne out" in text
    assert (tmp_path / "runs/lab-digits-from-noise-1/elm-ae.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mnist-1998"], "no experiment is called 'mnist-1998': mnist-2006"),
        (["digits-from-noise", "--only", "gan"], "no 'gan'"),
    ],
)
def test_mistakes(tmp_path, arguments, message):
    assert message in shinso("lab", "run", *arguments, folder=tmp_path, code=1)

"""Methods against overfitting on the command line: they train, are kept, and resume to the bit."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from shinso import nn
from shinso.cli.explain import _loss
from shinso.cli.main import app
from shinso.cli.rescale import Rescaled
from shinso.graph import tensor

ALL = (
    "--mixup", 0.2, "--cutmix", 1, "--cutout", 8, "--random-erasing", 0.25,
    "--label-smoothing", 0.1,
)  # fmt: skip


def shinso(*arguments, folder: Path, monkeypatch) -> str:
    """Run a command in this process; returns what it printed, or the error's text."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    return result.output + (str(result.exception) if result.exception else "")


@pytest.fixture
def run(tmp_path, monkeypatch):
    return lambda *arguments: shinso(*arguments, folder=tmp_path, monkeypatch=monkeypatch)


def test_all_methods_together(run, tmp_path):
    text = run("train", "lenet5", "--data", "digits", "--epochs", 6, "--out", "r", *ALL)
    assert "mixup 0.2, cutmix 1, cutout 8, random erasing 0.25, label smoothing 0.1" in text
    found = json.loads((tmp_path / "r" / "config.json").read_text())
    assert found["settings"]["methods"] == {
        "mixup": 0.2, "cutmix": 1.0, "cutout": 8, "random_erasing": 0.25, "label_smoothing": 0.1,
        "aux_weight": None,
    }  # fmt: skip
    lines = (tmp_path / "r" / "metrics.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert np.isfinite([record["loss"] for record in records]).all()
    assert records[-1]["loss"] < records[0]["loss"]
    assert records[-1]["val_accuracy"] > 0.8


def test_resuming_gives_the_same_bits(run, tmp_path):
    train = ("train", "mlp", "--data", "digits", "--set", "hidden=20", "--epochs", 2, *ALL)
    run(*train, "--out", "whole")
    script = (
        "import sys; from shinso.train.fitting import Fit\n"
        "first = Fit._end_epoch\n"
        "def stop(self, *a):\n"
        "    first(self, *a)\n"
        "    raise KeyboardInterrupt\n"
        "Fit._end_epoch = stop\n"
        "from shinso.cli.main import run\n"
        f"sys.argv = ['shinso', *{[str(a) for a in train]!r}, '--out', 'cut']\n"
        "run()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True)
    assert done.returncode == 130, done.stderr
    assert "report" in run("train", "--resume", "cut")
    arrays = [sorted((tmp_path / name / "checkpoints").glob("*2-*.safetensors")) for name in
              ("whole", "cut")]  # fmt: skip
    assert arrays[0][-1].read_bytes() == arrays[1][-1].read_bytes()
    assert "it takes only" in run("train", "--resume", "cut", "--mixup", 0.2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--mixup", "nan"), "Invalid value"),
        (("--cutmix", "inf"), "--cutmix is 0 or greater, not inf"),
        (("--mixup", "-1"), "Invalid value"),
        (("--random-erasing", "2"), "Invalid value"),
        (("--label-smoothing", "1.5"), "Invalid value"),
        (("--cutout", "2.5"), "Invalid value"),
    ],
)
def test_wrong_numbers(run, tmp_path, options, says):
    assert says in run("train", "mlp", "--data", "digits", *options)
    assert not (tmp_path / "runs").exists()


def test_tables(run, tmp_path):
    rows = [f"{i % 7},{i % 3},{'ab'[i % 2]}" for i in range(60)]
    (tmp_path / "t.csv").write_text("x,y,kind\n" + "\n".join(rows))
    (tmp_path / "n.csv").write_text("x,z\n" + "\n".join(f"{i},{i * 0.5 + 0.25}" for i in range(60)))
    common = ("train", "mlp", "--epochs", 2, "--data")
    assert "report" in run(*common, "csv:t.csv", "--mixup", 0.2, "--label-smoothing", 0.1)
    assert "report" in run(*common, "csv:n.csv", "--mixup", 0.2)
    for option in ("--cutmix", "--cutout", "--random-erasing"):
        assert f"{option} is for images" in run(*common, "csv:t.csv", option, 1)
    assert "--label-smoothing is for classes" in run(*common, "csv:n.csv", "--label-smoothing", 0.1)


def test_0_leaves_a_method_out(run):
    text = run("train", "mlp", "--data", "digits", "--fast-dev-run", "--mixup", 0, "--cutout", 0)
    assert "augmentation none, seed 0" in text


def test_help_has_a_panel_of_its_own(run):
    text = run("train", "--help")
    assert "Against overfitting" in text
    for option in ("--mixup", "--cutmix", "--cutout", "--random-erasing", "--label-smoothing"):
        assert option in text


def test_auxiliary_heads(run):
    """Three heads that know nothing: ln 10 each, the auxiliary ones weighted."""
    train = ("train", "googlenet", "--data", "digits", "--fast-dev-run", "--compile", "off")

    def loss(*options):
        text = run(*train, *options)
        return text, float(text.split("loss ")[1].split()[0])

    (by_default, all_heads), (_, main), (_, twice) = (
        loss(*options) for options in ((), ("--aux-weight", 0), ("--aux-weight", 0.6))
    )
    assert "aux weight 0.3" in by_default
    assert all_heads - main == pytest.approx((twice - main) / 2, abs=1e-3)
    assert all_heads - main == pytest.approx(0.6 * np.log(10), rel=0.2)
    _, without = loss("--set", "aux_logits=false")
    assert without < all_heads
    explained = _loss("googlenet", nn.CrossEntropyLoss())
    assert isinstance(explained, nn.AuxiliaryLoss)
    assert isinstance(_loss("lenet5", nn.CrossEntropyLoss()), nn.CrossEntropyLoss)


def test_regression_with_auxiliary_heads():
    class Heads(nn.Module):
        def forward(self, x):
            return (x, x * 2, None) if self.training else x

    model = Rescaled(Heads(), center=5.0, spread=2.0)
    y, aux, missing = model(tensor(np.ones((3, 1))))
    assert y.data.tolist() == [[7.0]] * 3
    assert aux.data.tolist() == [[9.0]] * 3
    assert missing is None
    assert model.eval()(tensor(np.ones((3, 1)))).data.tolist() == [[7.0]] * 3

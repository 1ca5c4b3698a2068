"""The command line, run as a user runs it: exit codes, messages, and what is left on disk."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shinso.cli.session import read_plan
from shinso.data import DataError
from shinso.version import __version__


def shinso(*arguments, folder: Path, code: int = 0, **environment) -> str:
    """Run the command in `folder`; returns what it printed. Never a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "shinso", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": "", "HOME": str(folder), "COLUMNS": "100", **environment},
        check=False,
    )
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    if "--debug" not in arguments:
        assert "Traceback" not in text
    return text


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    """A small network on the bundled digits, trained for two epochs."""
    folder = tmp_path_factory.mktemp("cli")
    text = shinso(
        "train", "mlp", "--data", "digits", "--epochs", 2, "--set", "hidden=20", folder=folder
    )
    assert "1,437 training and 360 test examples" in text
    assert "report  runs/mlp-digits-1/report.html" in text
    return folder / "runs" / "mlp-digits-1"


def test_training_leaves_a_run(run_folder):
    config = json.loads((run_folder / "config.json").read_text())
    assert config["plan"]["model"] == "mlp"
    assert config["plan"]["options"] == {"hidden": [20]}
    lines = (run_folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2]
    assert "<svg" in (run_folder / "report.html").read_text()


def test_runs_are_numbered_and_never_overwritten(run_folder):
    folder = run_folder.parent.parent
    before = (run_folder / "metrics.jsonl").read_bytes()
    common = ("train", "logistic", "--data", "digits", "--epochs", 1)
    assert "runs/logistic-digits-1" in shinso(*common, folder=folder)
    assert "runs/logistic-digits-2" in shinso(*common, folder=folder)
    text = shinso(*common, "--out", run_folder, folder=folder, code=1)
    assert "already holds a run" in text
    assert (run_folder / "metrics.jsonl").read_bytes() == before


def test_compile_is_kept_with_the_run_and_wrong_choices_are_refused(tmp_path):
    common = ("train", "logistic", "--data", "digits", "--epochs", 1, "--compile")
    shinso(*common, "on", "--out", "a", folder=tmp_path)
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    assert (config["compile"], config["settings"]["compile"]) == (True, "on")
    last = json.loads((tmp_path / "a" / "checkpoints" / "last.json").read_text())
    assert last["state"]["compiling"]["executor"] == "compiled"
    assert "auto, on, off" in shinso(*common, "yes", folder=tmp_path, code=1)


def test_check_has_a_line_for_every_op(tmp_path):
    lines = shinso("check", folder=tmp_path).strip().splitlines()
    assert sum("compiled = NumPy" in line for line in lines) > 100
    assert "agree" in lines[-1]


def test_evaluate(run_folder, tmp_path):
    text = shinso("evaluate", run_folder, folder=tmp_path)
    assert "360 test examples of digits" in text
    last = json.loads((run_folder / "metrics.jsonl").read_text().splitlines()[-1])
    assert f"accuracy {100 * last['val_accuracy']:.2f} %" in text
    assert "precision" in text


def test_predict(run_folder, tmp_path):
    digit = np.zeros((16, 16), dtype=np.uint8)
    digit[2:14, 7:9] = 255
    Image.fromarray(digit).save(tmp_path / "one.png")
    Image.fromarray(255 - digit).save(tmp_path / "dark.png")
    Image.fromarray(digit).save(tmp_path / "a[b]:car:.png")
    assert "a[b]:car:.png" in shinso("predict", run_folder, "a[b]:car:.png", folder=tmp_path)
    light = shinso("predict", run_folder, "one.png", "--top", 2, folder=tmp_path)
    dark = shinso("predict", run_folder, "dark.png", "--top", 2, "--invert", folder=tmp_path)
    assert "%" in light
    assert light.split("one.png")[1].split() == dark.split("dark.png")[1].split()
    (tmp_path / "text.png").write_text("no image")
    assert "text.png" in shinso("predict", run_folder, "text.png", folder=tmp_path, code=1)
    assert "missing.png" in shinso("predict", run_folder, "missing.png", folder=tmp_path, code=1)


def test_resume_gives_the_same_bits(run_folder, tmp_path):
    """Stop after one epoch of two (by cutting the run short), go on, and compare everything."""
    train = ("train", "mlp", "--data", "digits", "--set", "hidden=20", "--epochs", 2)
    script = (
        "import sys; from shinso.train import Trainer; from shinso.train.fitting import Fit\n"
        "first = Fit._end_epoch\n"
        "def stop(self, *a):\n"
        "    first(self, *a)\n"
        "    raise KeyboardInterrupt\n"
        "Fit._end_epoch = stop\n"
        "from shinso.cli.main import run\n"
        f"sys.argv = ['shinso', *{[str(a) for a in train]!r}, '--out', 'cut']\n"
        "run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 130, done.stderr
    assert "shinso train --resume cut" in done.stderr
    text = shinso("train", "--resume", "cut", folder=tmp_path)
    assert "report" in text

    def numbers(folder: Path) -> list[dict]:
        lines = (folder / "metrics.jsonl").read_text().splitlines()
        kept = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "lr")
        return [{k: json.loads(line)[k] for k in kept} for line in lines]

    assert numbers(tmp_path / "cut") == numbers(run_folder)
    assert "only" in shinso("train", "--resume", "cut", "--lr", 1, folder=tmp_path, code=1)


def test_tables(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 3))
    rows = ["a,b,c,kind"] + [
        f"{p:.4f},{q:.4f},{r:.4f},{'yes' if p + q > 0 else 'no'}" for p, q, r in x
    ]
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    text = shinso("train", "mlp", "--data", "csv:table.csv", "--epochs", 5, folder=tmp_path)
    assert "160 training and 40 test examples" in text
    rows[7] += ",1"
    (tmp_path / "broken.csv").write_text("\n".join(rows))
    text = shinso("train", "mlp", "--data", "csv:broken.csv", folder=tmp_path, code=1)
    assert "broken.csv" in text
    assert "8" in text
    text = shinso("train", "lenet5", "--data", "csv:table.csv", folder=tmp_path, code=1)
    assert "takes images" in text
    regression = ["a,b,y"] + [f"{p:.4f},{q:.4f},{p - 2 * q:.4f}" for p, q, _ in x]
    (tmp_path / "numbers.csv").write_text("\n".join(regression))
    train = ("train", "mlp", "--data", "csv:numbers.csv", "--epochs", 5, "--out", "fit")
    assert "mean absolute error" in shinso(*train, folder=tmp_path)
    assert "mean absolute error" in shinso("evaluate", "fit", folder=tmp_path)


def test_image_folders(tmp_path):
    rng = np.random.default_rng(0)
    for kind, low in (("dark", 0), ("light", 150)):
        (tmp_path / "pictures" / kind).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(low, low + 100, (12, 10, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / kind / f"{i}.png")
    common = ("train", "lenet5", "--data", "imagefolder:pictures", "--epochs", 2)
    assert "16 training and 4 test" in shinso(*common, "--out", "r", folder=tmp_path)
    text = shinso("predict", "r", "pictures/dark/0.png", "pictures/light/0.png", folder=tmp_path)
    assert "dark" in text
    (tmp_path / "pictures" / "dark" / "0.png").write_bytes(b"not a picture")
    assert "0.png" in shinso(*common, folder=tmp_path, code=1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "lenet", "--data", "digits"), "Did you mean 'lenet5'"),
        (("train", "mlp", "--data", "digit"), "digits"),
        (("train", "mlp"), "what"),
        (("train", "mlp", "--data", "digits", "--optimizer", "adma"), "Did you mean 'adam'"),
        (("train", "mlp", "--data", "digits", "--schedule", "linear"), "onecycle"),
        (("train", "mlp", "--data", "digits", "--augment", "wobble"), "wobble"),
        (("train", "mlp", "--data", "digits", "--set", "depth=3"), "no option 'depth'"),
        (("train", "mlp", "--data", "digits", "--set", "hidden"), "NAME=VALUE"),
        (("train", "mlp", "--data", "digits", "--set", "hidden=a,b"), "whole numbers"),
        (("train", "mlp", "--data", "digits", "--set", "hidden=0"), "widths of 1 or more"),
        (("train", "mlp", "--data", "digits", "--set", "dropout=abc"), "a probability"),
        (("train", "mlp", "--data", "digits", "--set", "batch_norm=maybe"), "True or False"),
        (("train", "mlp", "--data", "digits", "--set", "activation=3"), "no activation"),
        (("train", "mlp", "--data", "digits", "--set", "num_classes=3"), "cannot be made"),
        (("train", "mlp", "--data", "digits", "--image-size", "1000000"), "too large"),
        (("train", "mlp", "--data", "digits", "--lr", "-1"), "positive"),
        (("train", "mlp", "--data", "csv:nowhere.csv"), "nowhere.csv"),
        (("train", "--resume", "nowhere"), "nowhere"),
        (("evaluate", "nowhere"), "nowhere"),
        (("summary", "lenet5", "--input-shape", "a,b"), "positive numbers"),
        (("summary", "lenet5", "--input-shape", "1,28,28"), "32×32"),
    ],
)
def test_mistakes_get_one_line(arguments, says, tmp_path):
    text = shinso(*arguments, folder=tmp_path, code=1)
    assert says in text
    assert text.startswith("error: ")
    assert list(tmp_path.glob("runs/*")) == []


def test_wrong_options_exit_with_2(tmp_path):
    assert "No such option" in shinso("train", "--nonsense", folder=tmp_path, code=2)
    shinso("train", "mlp", "--data", "digits", "--epochs", 0, folder=tmp_path, code=2)


def test_debug_shows_the_traceback(tmp_path):
    text = shinso("train", "lenet", "--data", "digits", "--debug", folder=tmp_path, code=1)
    assert "Traceback" in text


def test_a_damaged_run_is_refused(run_folder, tmp_path):
    for name in ("config.json",):
        (tmp_path / name).write_text((run_folder / name).read_text()[:200])
    assert "damaged" in shinso("evaluate", tmp_path, folder=tmp_path, code=1)
    (tmp_path / "config.json").write_text('{"plan": {"model": "mlp"}}')
    assert "not written by" in shinso("evaluate", tmp_path, folder=tmp_path, code=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", None), ("options", -1), ("data", []), ("image_size", True), ("target", 3),
        ("task", {}), ("classes", "ab"), ("outputs", -1), ("input_shape", [1, "x"]), ("side", 0.5),
        ("mean", "x"), ("std", []),
    ],
)  # fmt: skip
def test_a_plan_of_nonsense_is_refused(run_folder, tmp_path, name, value):
    config = json.loads((run_folder / "config.json").read_text())
    config["plan"][name] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match=f"damaged config.json: its plan says {name} is"):
        read_plan(tmp_path)


def test_weights_of_another_model_are_refused(run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "run")
    config = json.loads((run_folder / "config.json").read_text())
    config["plan"]["options"]["hidden"] = [21]
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    text = shinso("evaluate", "run", folder=tmp_path, code=1)
    assert text.startswith("error: run/checkpoints/last.json: does not fit mlp: ")
    assert text.count("\n") == 1


def table_of(classes, count: int) -> str:
    rows = (f"{i % 7},{i % len(classes)},{classes[i % len(classes)]}" for i in range(count))
    return "a,b,kind\n" + "\n".join(rows) + "\n"


def test_evaluate_on_other_tables(tmp_path):
    names = ["[b]", ":car:", "[/x]"]
    (tmp_path / "t.csv").write_text(table_of(names, 30))
    shinso("train", "logistic", "--data", "csv:t.csv", "--epochs", 40, "--schedule", "constant",
           "--optimizer", "sgd", "--out", "r", folder=tmp_path)  # fmt: skip
    own = shinso("evaluate", "r", folder=tmp_path)
    assert own.startswith("6 test examples")
    assert all(name in own for name in names)
    # All rows count, and a class that is missing does not shift the numbers of the others.
    (tmp_path / "some.csv").write_text(table_of([names[0], names[1]], 12))
    (tmp_path / "swapped.csv").write_text(table_of([names[1], names[0]], 12))
    assert shinso("evaluate", "r", "--data", "csv:some.csv", folder=tmp_path).startswith("12 test")
    right, wrong = (
        float(shinso("evaluate", "r", "--data", f"csv:{name}.csv", folder=tmp_path)
              .split("accuracy ")[1].split()[0])
        for name in ("some", "swapped")
    )  # fmt: skip
    assert right > 90
    assert wrong < 10
    (tmp_path / "strange.csv").write_text(table_of([names[0], "dog"], 12))
    text = shinso("evaluate", "r", "--data", "csv:strange.csv", folder=tmp_path, code=1)
    assert "has the class 'dog'; the network knows only" in text


def test_one_class_is_nothing_to_learn(tmp_path):
    (tmp_path / "t.csv").write_text(table_of(["x"], 12))
    text = shinso("train", "mlp", "--data", "csv:t.csv", folder=tmp_path, code=1)
    assert "all examples are of one class, 'x'" in text


def test_nonsense_weights_end_with_a_report(tmp_path):
    text = shinso(
        "train", "mlp", "--data", "digits", "--epochs", 2, "--lr", "1e30", "--optimizer", "sgd",
        "--schedule", "constant", folder=tmp_path, code=1,
    )  # fmt: skip
    assert "learning rate" in text


def test_fast_dev_run_writes_nothing(tmp_path):
    text = shinso("train", "lenet5", "--data", "digits", "--fast-dev-run", folder=tmp_path)
    assert "it runs" in text
    assert list(tmp_path.iterdir()) == []


def test_lists_and_help(tmp_path):
    assert "[default: by size]" in shinso("train", "--help", folder=tmp_path)
    assert "lenet5" in shinso("models", folder=tmp_path)
    assert "CC BY 4.0" in shinso("datasets", folder=tmp_path)
    assert "61,706" in shinso("summary", "lenet5", folder=tmp_path)
    assert __version__ in shinso("--version", folder=tmp_path)
    for command in ("train", "evaluate", "predict", "summary", "models", "datasets"):
        assert "Usage" in shinso(command, "--help", folder=tmp_path)


def test_resume_takes_only_the_same_run(run_folder, tmp_path):
    """Other options, other data, damaged settings: each is refused, and the run stays as it was."""
    for option in (("--seed", 1), ("--overfit-batches", 1), ("--fast-dev-run",)):
        text = shinso("train", "--resume", run_folder, *option, folder=tmp_path, code=1)
        assert "it takes only" in text
    assert "current folder" in shinso("train", "--resume", "", folder=tmp_path, code=1)
    config = json.loads((run_folder / "config.json").read_text())
    for change, says in (
        (lambda c: c["settings"]["recipe"].pop("lr"), "lr"),
        (lambda c: c["settings"].update(seed="x"), "seed is 'x'"),
        (lambda c: c["settings"].update(compile="sometimes"), "compile is 'sometimes'"),
        (lambda c: c["settings"]["recipe"].update(optimizer="os.system"), "unknown optimizer"),
        (lambda c: c["plan"].update(mean=[0.5]), "not what it was"),
        (lambda c: c.pop("settings"), "no settings"),
    ):
        changed = json.loads(json.dumps(config))
        change(changed)
        (tmp_path / "config.json").write_text(json.dumps(changed))
        assert says in shinso("train", "--resume", tmp_path, folder=tmp_path, code=1)


def test_large_targets_are_learned_and_runs_work_from_any_folder(tmp_path):
    """Prices around 400 000: the error falls far below their spread, in the column's own units."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 2))
    rows = ["a,b,price"] + [f"{p:.4f},{q:.4f},{4e5 + 1e5 * p - 5e4 * q:.1f}" for p, q in x]
    (tmp_path / "prices.csv").write_text("\n".join(rows))
    text = shinso(
        "train", "mlp", "--data", "csv:prices.csv", "--target", "price", "--epochs", 30,
        "--data-dir", ".", "--out", "run", folder=tmp_path,
    )  # fmt: skip
    error = float(text.split("mean absolute error")[1].split()[1])
    assert 0 < error < 30_000
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    text = shinso("evaluate", tmp_path / "run", folder=elsewhere)
    again = float(text.split("mean absolute error ")[1].split(",")[0])
    assert again == pytest.approx(error, rel=1e-4)  # added up in batches of another size
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["data_dir"] == str(tmp_path)
    assert config["plan"]["data"] == f"csv:{tmp_path / 'prices.csv'}"

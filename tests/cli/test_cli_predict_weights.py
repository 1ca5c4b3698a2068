"""`shinso predict --weights`: network, classes and input come from what the file says."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import shinso
from shinso import models
from shinso.cli.published import Choices, read_published
from shinso.data import DataError, ImagePreprocessing
from shinso.graph import no_grad


def predict(*arguments, folder, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "shinso", "predict", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": "", "HOME": str(folder), "COLUMNS": "100"},
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small ImageNet network of 5 classes, half of it in float16, and images of several kinds."""
    folder = tmp_path_factory.mktemp("weights")
    shinso.ops.manual_seed(0)
    model = models.create("squeezenet1_1", num_classes=5)
    state = model.state_dict()
    state["classifier.1.bias"] = np.linspace(0, 40, 5, dtype=np.float32)  # one stands out
    half = {k: v.astype(np.float16) if v.ndim > 1 else v for k, v in state.items()}
    shinso.save(half, folder / "w.safetensors")
    shinso.save(state, folder / "named.safetensors",
                {"model": "squeezenet1_1", "classes": json.dumps(list("abcde"))})  # fmt: skip
    y, x = np.mgrid[:261, :317]
    grey = (127 + 100 * np.sin(0.1 * x + 0.05 * y)).astype(np.uint8)
    Image.fromarray(grey).save(folder / "grey.png")
    Image.fromarray(np.stack([grey] * 3, -1)).save(folder / "rgb.png")
    Image.fromarray(np.dstack([grey] * 3 + [x.astype(np.uint8)])).save(folder / "clear.png")
    return folder


def test_probabilities_are_the_networks(folder):
    network = read_published(folder / "w.safetensors", Choices(model="squeezenet1_1"))
    model = models.create("squeezenet1_1", num_classes=5).eval()
    model.load_state_dict(shinso.load(folder / "w.safetensors"))
    x = ImagePreprocessing()(shinso.data.read_image(folder / "rgb.png"))
    with no_grad():
        expected = model(x[None]).data
    images = [folder / "rgb.png", folder / "grey.png", folder / "clear.png"]
    scores = network.scores(images, False, batch=2)
    np.testing.assert_allclose(scores, np.repeat(expected, 3, axis=0), rtol=1e-4, atol=1e-5)
    e = np.exp(expected[0].astype(np.float64) - expected.max())
    best = np.argsort(-e)[:2]
    out, remark = predict(
        "--weights", "w.safetensors", "--model", "squeezenet1_1", "--top", 2, "rgb.png", "grey.png",
        folder=folder,
    )  # fmt: skip
    cells = [part for i in best for part in (str(i), f"{100 * e[i] / e.sum():.1f}", "%")]
    assert [line.split()[1:] for line in out.splitlines()[1:]] == [cells, cells]
    assert "squeezenet1_1" in remark
    assert "F16 in the file, float32 here" in remark
    assert "resized to 256 (bilinear), cropped to 224" in remark


def test_the_file_may_name_model_and_classes(folder):
    out, _ = predict("--weights", "named.safetensors", "rgb.png", "--top", 9, folder=folder)
    assert sorted(out.splitlines()[1].split()[1::3]) == list("abcde")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.txt", "one\n two [b]\n\nthree\nfour\nfive\n"),
        ("c.json", '["one", "two [b]", "three", "four", "five"]'),
        ("d.json", '{"0": "one", "1": "two [b]", "2": "three", "4": "five", "3": "four"}'),
        ("e.txt", '{"0": ["n1", "one"], "1": ["n2", "two [b]"], "2": ["n", "three"], '
                  '"3": ["n", "four"], "4": ["n", "five"]}'),
        ("bom.json", '\ufeff["one", "two [b]", "three", "four", "five"]'),
    ],
)  # fmt: skip
def test_class_names(folder, tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    choices = Choices(model="squeezenet1_1", classes=tmp_path / name)
    network = read_published(folder / "w.safetensors", choices)
    assert network.classes == ["one", "two [b]", "three", "four", "five"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("c.json", b'{"0": "a", "2": "b"}', "class names are one per line, a JSON list"),
        ("c.json", b"[1, 2, 3, 4, 5]", "class names are"),
        ("c.json", b'["a", "b"', "class names are"),
        ("c.json", b"[" * 100_000, "class names are"),
        ("c.txt", b"\xff\xfe\x00a", "text in UTF-8"),
        ("c.txt", b"a\nb\n", "names 2 classes; the network has 5"),
        ("c.txt", b"", "names 0 classes"),
    ],
)
def test_wrong_class_names(folder, tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    choices = Choices(model="squeezenet1_1", classes=tmp_path / name)
    with pytest.raises(DataError, match=says):
        read_published(folder / "w.safetensors", choices).scores(
            [folder / "rgb.png"], False, batch=2
        )


def test_preprocessing_can_be_chosen(folder):
    choices = Choices(
        "squeezenet1_1", None, 70, 64, "bicubic", mean="0.5,0.5,0.5", std="0.5,0.5,0.25"
    )
    network = read_published(folder / "w.safetensors", choices)
    assert network.prepare == ImagePreprocessing(
        70, 64, (0.5, 0.5, 0.5), (0.5, 0.5, 0.25), "bicubic"
    )
    one = network.scores([folder / "grey.png"], False, batch=2)
    other = network.scores([folder / "grey.png"], True, batch=2)
    assert one.shape == (1, 5)
    assert not np.array_equal(one, other)


def test_a_network_without_published_preprocessing(folder, tmp_path):
    state = models.create("lenet5", num_classes=4).state_dict()
    shinso.save(state, tmp_path / "l.safetensors", {"model": "lenet5"})
    with pytest.raises(ValueError, match="lenet5 with 1 channel has no published preprocessing"):
        read_published(tmp_path / "l.safetensors", Choices())
    network = read_published(tmp_path / "l.safetensors", Choices(mean="0.1", std="0.3"))
    assert network.prepare == ImagePreprocessing(32, 32, (0.1,), (0.3,))
    assert network.scores([folder / "rgb.png"], False, batch=2).shape == (1, 4)
    for wrong in ("0.1,0.2", "x", ""):
        with pytest.raises(ValueError, match="--mean is 1 numbers joined by commas"):
            read_published(tmp_path / "l.safetensors", Choices(mean=wrong, std="1"))


def test_mistakes_get_one_line(folder, tmp_path):
    for arguments, says in (
        (("--weights", "w.safetensors", "rgb.png"), "add --model NAME"),
        (("--weights", "w.safetensors", "--model", "squeezenet", "rgb.png"), "Did you mean"),
        (("--weights", "w.safetensors", "--model", "lenet5", "rgb.png"), "does not fit LeNet5"),
        (("--model", "lenet5", "run", "rgb.png"), "--model goes with --weights"),
        (("rgb.png",), "say which images"),
    ):
        _, message = predict(*arguments, folder=folder, code=1)
        assert says in message
        assert message.startswith("error: ")
        assert message.count("\n") == 1


def test_what_cannot_be_used(folder, tmp_path):
    named = Choices(model="squeezenet1_1")
    (tmp_path / "w.pth").write_bytes(b"PK\x03\x04" + b"x" * 99)
    with pytest.raises(DataError, match="is a pickle"):
        read_published(tmp_path / "w.pth", named)
    with pytest.raises(ValueError, match="interpolation is one of"):
        read_published(folder / "w.safetensors", Choices("squeezenet1_1", interpolation="nearest"))
    (tmp_path / "text.png").write_text("no image")
    network = read_published(folder / "w.safetensors", named)
    with pytest.raises(DataError, match=r"text\.png"):
        network.scores([tmp_path / "text.png"], False, batch=2)
    state = models.create("mlp").state_dict()
    shinso.save(state, tmp_path / "mlp.safetensors")
    with pytest.raises(DataError, match="takes no images"):
        read_published(tmp_path / "mlp.safetensors", Choices(model="mlp"))
    state = shinso.load(folder / "w.safetensors")
    state["features.0.bias"] = np.full_like(state["features.0.bias"], np.nan)
    shinso.save(state, tmp_path / "nan.safetensors")
    with pytest.raises(DataError, match="not finite"), np.errstate(invalid="ignore"):
        read_published(tmp_path / "nan.safetensors", named).scores(
            [folder / "rgb.png"], False, batch=2
        )

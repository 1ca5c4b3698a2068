"""The report: one file, all parts, everything escaped, empty states."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from shinso import nn, ops, optim
from shinso.data import ArrayDataset
from shinso.train import Trainer
from shinso.train.report import MOST_CLASSES, build_report, first_filters, headline, is_image
from shinso.train.sources import as_loader

F = np.float32
RNG = np.random.default_rng(0)
VOID = {"meta", "img", "br", "link", "input"}
EVIL = "<script>alert('x')</script>"


class Checker(HTMLParser):
    """Every tag is closed, nothing comes from elsewhere, no scripts."""

    def __init__(self):
        super().__init__()
        self.open, self.images, self.headings, self.text = [], 0, [], []

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "iframe", "link", "object")
        for name, value in attributes:
            assert not name.startswith("on")
            if name in ("src", "href"):
                assert value.startswith("data:image/png;base64,")
        self.images += tag == "img"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def check(path):
    html = path.read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    assert "http" not in re.sub(r"base64,[^\"]+", "", html)
    assert 'name="viewport"' in html
    return checker


def run(folder, model, loss, train, validation=None, epochs=2, **options):
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    trainer = Trainer(model, loss, optimizer, out=folder, progress=False, **options)
    trainer.fit(train, epochs=epochs, validation=validation)
    return trainer


def images(channels=1, n=40, classes=3):
    x = RNG.normal(size=(n, channels, 6, 6)).astype(F)
    return x, np.arange(n) % classes


@pytest.mark.parametrize("channels", [1, 3])
def test_classification_of_images(tmp_path, channels):
    ops.manual_seed(0)
    x, t = images(channels)
    data = ArrayDataset(x, t, classes=["cat", EVIL, "a & b"])
    model = nn.Sequential(nn.Conv2d(channels, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 16, 3))
    run(
        tmp_path / EVIL.replace("/", "_"),
        model,
        nn.CrossEntropyLoss(),
        data,
        (x, t),
        metrics=["accuracy"],
        config={"model": EVIL},
    )
    page = check(next(tmp_path.iterdir()) / "report.html")
    first = f'First layer: Conv2d "0" ({channels} → 5)'
    results = ["Learning curves", "Confusion matrix", "Worst mistakes"]
    assert page.headings == [*results, first, "Configuration"]
    assert 5 < page.images <= 5 + 12
    assert any(EVIL in text for text in page.text)


def test_class_names_are_shown(tmp_path):
    x, t = images()
    data = ArrayDataset(x, t, classes=["cat", EVIL, "a & b"])
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    run(tmp_path / "r", model, nn.CrossEntropyLoss(), data, data)
    page = check(tmp_path / "r" / "report.html")
    assert {"cat", EVIL, "a & b"} <= set(page.text)
    assert any(heading.startswith("First layer: Linear") for heading in page.headings)


def test_tables_get_a_list_of_mistakes(tmp_path):
    x, t = RNG.normal(size=(30, 4)).astype(F), np.arange(30) % 2
    run(tmp_path / "r", nn.Linear(4, 2), ops.cross_entropy, (x, t))
    page = check(tmp_path / "r" / "report.html")
    assert page.headings == [
        "Learning curves",
        "Confusion matrix",
        "Worst mistakes",
        "Configuration",
    ]
    assert page.images == 0
    assert any("training data" in text for text in page.text)


def test_no_mistakes(tmp_path):
    x = np.eye(2, dtype=F)[np.arange(20) % 2] * 10
    run(tmp_path / "r", nn.Linear(2, 2), ops.cross_entropy, (x, np.arange(20) % 2), epochs=20)
    text = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert "was classified correctly" in text


def test_many_classes(tmp_path):
    classes = MOST_CLASSES + 5
    x, t = RNG.normal(size=(90, 4)).astype(F), np.arange(90) % classes
    run(tmp_path / "r", nn.Linear(4, classes), ops.cross_entropy, (x, t))
    page = check(tmp_path / "r" / "report.html")
    assert "Most frequent confusions" in page.headings
    assert "Confusion matrix" not in page.headings


def test_more_outputs_than_class_names(tmp_path):
    x, t = RNG.normal(size=(30, 4)).astype(F), np.arange(30) % 2
    run(tmp_path / "r", nn.Linear(4, 5), ops.cross_entropy, ArrayDataset(x, t, classes=["a", "b"]))
    assert "Confusion matrix" in check(tmp_path / "r" / "report.html").headings


def test_regression(tmp_path):
    x = RNG.normal(size=(40, 4)).astype(F)
    run(tmp_path / "r", nn.Linear(4, 1), ops.mse_loss, (x, x[:, :1]), metrics=["mae"])
    page = check(tmp_path / "r" / "report.html")
    assert page.headings == ["Learning curves", "Residuals and largest errors", "Configuration"]


def test_the_largest_errors_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr("shinso.train.report.MOST_POINTS", 10)
    x = RNG.normal(size=(1000, 2)).astype(F)
    t = x[:, :1].copy()
    t[777] = 5000
    run(tmp_path / "r", nn.Linear(2, 1), ops.mse_loss, (x, t), epochs=0)
    page = check(tmp_path / "r" / "report.html")
    text = "".join(page.text)
    assert "One in 100 of 1,000 values is drawn, and the largest errors." in text
    assert "5000" in "".join(page.text[page.text.index("target") - 40 : page.text.index("target")])


def test_long_lists_of_the_configuration_are_shortened(tmp_path):
    config = {"mean": [1 / 3] * 60, "few": [0.1 + 0.2, 7]}
    run(tmp_path / "r", nn.Linear(6 * 6, 3), ops.cross_entropy, flat(images()), config=config)
    text = check(tmp_path / "r" / "report.html").text
    assert "0.3, 7" in text
    assert text[text.index("mean") + 1] == ", ".join(["0.333333"] * 25) + ", … (60 in all)"


def flat(pair):
    return pair[0].reshape(len(pair[0]), -1), pair[1]


def test_other_tasks_have_no_pictures(tmp_path):
    x = RNG.normal(size=(8, 2, 5, 5)).astype(F)
    t = RNG.integers(0, 3, (8, 5, 5))
    run(tmp_path / "r", nn.Conv2d(2, 3, 1), ops.cross_entropy, (x, t))
    assert check(tmp_path / "r" / "report.html").headings == ["Learning curves", "Configuration"]


def test_no_epoch(tmp_path):
    x, t = images()
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    run(tmp_path / "r", model, ops.cross_entropy, (x, t), epochs=0)
    check(tmp_path / "r" / "report.html")
    assert "No epoch was completed" in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")


def test_the_training_goes_on_as_if_there_were_no_report(tmp_path):
    x, t = images()

    def trained(out):
        ops.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(36, 3))
        trainer = run(out, model, ops.cross_entropy, (x, t))
        return trainer.fit((x, t), epochs=1).records

    assert trained(tmp_path / "r") == trained(None)


def test_headline(tmp_path):
    x, t = images()
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    trainer = run(tmp_path / "r", model, ops.cross_entropy, (x, t), (x, t), metrics=["accuracy"])
    numbers, labels = zip(*headline(trainer), strict=True)
    last = trainer.history.records[-1]
    assert numbers[0] == f"{last['val_accuracy']:.2%}"
    assert labels[0].startswith("validation accuracy")
    assert labels[1].startswith("validation loss")
    trainer.history.records[0]["val_accuracy"] = 2.0
    assert headline(trainer)[0][1] == "validation accuracy (best 200.00%, epoch 1)"
    assert list(labels[2:]) == ["epochs", "training time", "parameters"]
    assert headline(trainer)[-1][0] == "111"
    loader = as_loader((x, t), 8, False, 0, "x")
    assert "training loss" in build_report(run_without_validation(tmp_path, x, t), loader, None)


def run_without_validation(tmp_path, x, t):
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    return run(tmp_path / "plain", model, ops.cross_entropy, (x, t))


def test_first_filters():
    shape = (1, 6, 6)
    assert first_filters(nn.Linear(36, 7), shape)[1].shape == (7, 1, 6, 6)
    assert first_filters(nn.Linear(35, 7), shape) is None
    assert first_filters(nn.Conv2d(2, 4, 3), (2, 6, 6))[1].shape == (4, 2, 3, 3)
    assert first_filters(nn.Conv2d(2, 4, 1), (2, 6, 6)) is None
    assert first_filters(nn.ReLU(), shape) is None


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((1, 2, 2), True), ((3, 8, 9), True), ((2, 8, 8), False), ((64,), False), ((1, 1, 9), False)],
)
def test_is_image(shape, expected):
    assert is_image(shape) is expected

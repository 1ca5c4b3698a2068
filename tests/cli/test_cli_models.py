"""`shinso models`: one line per network, at most 100 columns, with the sources of its figures."""

import json
import re
import subprocess
import sys

import pytest

from shinso import models
from shinso.cli import zoo
from shinso.models import Entry, Published


def shinso(*arguments, code=0, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "shinso", "models", *arguments],
        capture_output=True,
        text=True,
        env={"PATH": "", "HOME": "/nowhere", **environment},
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_the_table_fits_and_names_every_model_and_source():
    text = shinso(COLUMNS="100")
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= 100
    first = {line.split()[0]: line for line in lines if line.strip()}
    assert set(models.list()) <= set(first)
    assert re.search(r"61\.7 k +417 k +0\.95 % \[\d+\]", first["lenet5"])
    assert re.search(r"2014 .* 132\.9 M +7,609 M +10\.4 % top-5 \[\d+\]", first["vgg11"])
    cited = {int(n) for n in re.findall(r"% .*\[(\d+)\]", text)}
    listed = {int(n) for n in re.findall(r"^\[(\d+)\]", text, re.MULTILINE)}
    assert cited == listed == set(range(1, len(listed) + 1))
    headings = [line for line in lines if line.endswith("classes")]
    assert "MNIST: grey images, 10 classes" in headings
    assert "ImageNet: colour images, 1000 classes" in headings


def test_piped_lines_are_whole():
    """Without a screen, a line holds a model: for grep."""
    lines = shinso("resnet").splitlines()
    (line,) = [line for line in lines if line.startswith("resnet50 ")]
    assert models.entry("resnet50").idea in line
    assert "lenet5" not in "".join(lines)


def test_json_has_everything():
    rows = json.loads(shinso("vgg11", "--json"))
    assert [row["model"] for row in rows] == ["vgg11", "vgg11_bn"]
    row, entry = rows[0], models.entry("vgg11")
    assert row["parameters"] == 132_863_336
    assert row["multiply_adds"] == 7_609_090_048
    assert row["input_shape"] == [3, 224, 224]
    assert row["error"] == entry.published.error
    assert row["error_source"] == entry.published.source
    assert "milliseconds" not in row


def test_time_is_measured(monkeypatch, capsys):
    monkeypatch.setattr(zoo, "_SECONDS", 0.0)
    zoo.command("lenet5", time_=True, as_json=False)
    text = capsys.readouterr().out
    (line,) = [line for line in text.splitlines() if line.startswith("lenet5")]
    assert float(line.split()[-1]) > 0
    assert "ms here" in text
    assert re.search(r"\d thread", text)
    assert "Another machine" in text


def test_mistakes():
    text = shinso("resnett", code=1)
    assert text.startswith("error: no model has 'resnett' in its name")
    assert "Did you mean" in text
    assert "SHINSO_COMPILE=0 is set" in shinso("--time", "lenet5", code=1, SHINSO_COMPILE="0")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (7_850, "7.85 k"), (61_706, "61.7 k"), (853_018, "853 k"), (999_499, "999 k"),
        (999_500, "1.0 M"), (25_557_032, "25.6 M"), (999_949_999, "999.9 M"),
        (11_513_626_624, "11,514 M"),
    ],
)  # fmt: skip
def test_counts_in_words(number, text):
    assert zoo._millions(number) == text


def test_names_other_names_and_data_are_searched():
    entry = Entry("net", 2000, "", lambda: None, data="MNIST", aliases=("timm_net",))
    assert all(zoo._matches(entry, text) for text in ("NE", "timm", "mnist"))
    assert not zoo._matches(entry, "resnet")


def test_an_error_carries_its_source_and_rank():
    sources = {}
    entries = [
        Entry("a", 2000, "", lambda: None, published=Published(19.376, "top-5, one crop", "A")),
        Entry("b", 2000, "", lambda: None, published=Published(4.0, "moved", "B")),
        Entry("c", 2000, "", lambda: None, published=Published(5, "top-5, one crop", "A")),
        Entry("d", 2000, "", lambda: None),
    ]
    cells = [zoo._error(entry, sources) for entry in entries]
    assert cells == ["19.38 % top-5 [1]", "4 % [2]", "5 % top-5 [1]", "–"]
    assert sources == {"top-5, one crop: A": 1, "moved: B": 2}

"""load: names, specs, splits, preprocessing, and suggestions for typing errors."""

import io

import numpy as np
import pytest
from PIL import Image

from shinso.data import DataError, DataLoader, Normalize, load, names


def test_names():
    listed = names()
    assert [info.name for info in listed] == ["digits", "mnist", "fashion_mnist", "cifar10"]
    for info in listed:
        assert info.examples
        assert info.shape
        assert info.classes == 10
        assert info.source
        assert info.licence


def test_digits():
    splits = load("digits")
    assert splits.name == "digits"
    assert splits.input_shape == (1, 8, 8)
    assert (len(splits.train), len(splits.test)) == (1437, 360)
    x, t = splits.train[:]
    assert x.dtype == np.float32
    assert t.dtype == np.int64
    assert x.min() == 0.0
    assert x.max() == 1.0
    assert splits.mean[0] == pytest.approx(x.mean(dtype=np.float64), abs=1e-6)
    normalize = Normalize(splits.mean, splits.std)
    y = np.concatenate([b for b, _ in DataLoader(splits.train, 100, transform=normalize)])
    assert y.mean() == pytest.approx(0, abs=1e-5)
    assert y.std() == pytest.approx(1, abs=1e-5)


def test_digits_at_another_size():
    splits = load("digits", image_size=28)
    assert splits.input_shape == (1, 28, 28)
    x, _ = splits.train[:50]
    assert x.shape == (50, 1, 28, 28)
    assert len(np.unique(x)) > 100  # interpolated as floats, not rounded to 16 levels


def picture(folder, name, value):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    Image.fromarray(np.full((6, 5, 3), value, np.uint8)).save(out, "PNG")
    path.write_bytes(out.getvalue())


def test_imagefolder_with_parts(tmp_path):
    for n, name in enumerate(["train/a/1.png", "train/b/2.png", "test/a/3.png"]):
        picture(tmp_path, name, 51 * n)
    splits = load(f"imagefolder:{tmp_path}")
    assert splits.name == tmp_path.name
    assert splits.classes == ("a", "b")
    assert (len(splits.train), len(splits.test)) == (2, 1)
    assert splits.input_shape == (3, 6, 5)
    assert splits.mean == pytest.approx((0.1,) * 3)
    assert splits.std == pytest.approx((0.1,) * 3)
    assert splits.test[0][0].max() == pytest.approx(0.4)
    assert load(f"imagefolder:{tmp_path}", image_size=4).input_shape == (3, 4, 4)
    assert load(f"imagefolder:{tmp_path}", mode="L").input_shape == (1, 6, 5)


def test_imagefolder_without_parts_is_split(tmp_path):
    for n in range(20):
        picture(tmp_path, f"{'ab'[n % 2]}/{n}.png", n)
    one, two = (load(f"imagefolder:{tmp_path}", seed=seed) for seed in (0, 1))
    assert (len(one.train), len(one.test)) == (16, 4)
    assert np.bincount(one.test.arrays[1]).tolist() == [2, 2]
    assert not np.array_equal(one.test.arrays[0], two.test.arrays[0])


def test_one_image_is_too_few(tmp_path):
    picture(tmp_path, "a/1.png", 0)
    with pytest.raises(DataError, match="1 example is too few to split"):
        load(f"imagefolder:{tmp_path}")


def test_images_larger_than_any_memory_are_refused():
    with pytest.raises(DataError, match="images of 1000000 x 1000000 pixels are too large"):
        load("digits", image_size=1_000_000)


def test_whether_the_test_part_is_its_own(tmp_path):
    for name in ["train/a/1.png", "train/b/2.png", "test/a/3.png"]:
        picture(tmp_path / "parts", name, 9)
    for n in range(4):
        picture(tmp_path / "plain", f"{'ab'[n % 2]}/{n}.png", n)
    assert not load(f"imagefolder:{tmp_path / 'parts'}").divided
    assert load(f"imagefolder:{tmp_path / 'plain'}").divided
    assert not load("digits").divided


def test_csv_regression(tmp_path):
    rng = np.random.default_rng(0)
    table = rng.normal(3.0, 2.0, (50, 4))
    np.savetxt(tmp_path / "t.csv", table, delimiter=",")
    splits = load(f"csv:{tmp_path / 't.csv'}")
    assert splits.task == "regression"
    assert splits.classes is None
    assert splits.name == "t.csv"
    assert splits.input_shape == (3,)
    assert (len(splits.train), len(splits.test)) == (40, 10)
    x, t = splits.train[:]
    assert x.shape == (40, 3)
    assert t.shape == (40, 1)
    np.testing.assert_allclose(splits.mean, x.mean(axis=0, dtype=np.float64), rtol=1e-6)
    assert load(f"csv:{tmp_path / 't.csv'}", target=0).input_shape == (3,)


def test_csv_classification(tmp_path):
    rows = "".join(f"{n};{n % 3}\n" for n in range(30))
    (tmp_path / "t.csv").write_text("x;kind\n" + rows)
    spec = f"csv:{tmp_path / 't.csv'}"
    splits = load(spec, target="kind", delimiter=";")
    assert splits.task == "classification"
    assert splits.classes == ("0", "1", "2")
    assert np.bincount(splits.test.arrays[1]).tolist() == [2, 2, 2]
    assert load(spec, delimiter=";", task="regression").classes is None


def test_options_without_a_use():
    with pytest.raises(DataError, match="a table has no images; leave --image-size out"):
        load("csv:a.csv", image_size=28)
    for options in ({"target": "t"}, {"target": 0}, {"task": "regression"}):
        with pytest.raises(DataError, match="digits: only csv:PATH takes a target column"):
            load("digits", **options)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnst", r"no data set 'mnst'\. Did you mean 'mnist'\?"),
        ("MNIST", "Did you mean 'mnist'"),
        ("fashion-mnist", "Did you mean 'fashion_mnist'"),
        ("cifar-10", "Did you mean 'cifar10'"),
        ("cvs:a.csv", "Did you mean 'csv:a.csv'"),
        ("imagefolders:x", "Did you mean 'imagefolder:x'"),
        ("zzz", r"no data set 'zzz'\. Known are digits, mnist, .*csv:PATH"),
        ("", "no data set ''"),
        ("csv:", "csv: needs a path"),
        ("imagefolder:", "imagefolder: needs a path"),
        ("csv:gone.csv", r"gone\.csv: there is no such file"),
        ("imagefolder:gone", "gone: there is no such file or folder"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(DataError, match=message):
        load(name)

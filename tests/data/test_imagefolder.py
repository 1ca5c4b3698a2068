"""Folders and archives of class folders: layouts, order, sizes, links, broken images."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shinso.data import DataError, image_folder, image_folder_splits, imagefolder
from shinso.data.imagefolder import arrange


def png(value, height=4, width=5):
    out = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), value, np.uint8)).save(out, "PNG")
    return out.getvalue()


PLAIN = {"cat/1.png": png(1), "cat/2.png": png(2), "dog/1.png": png(3)}
SPLIT = {
    "train/cat/1.png": png(1),
    "train/dog/1.png": png(2),
    "train/dog/2.png": png(3),
    "test/cat/9.png": png(4),
    "test/dog/8.png": png(5),
}


@pytest.fixture(params=["folder", "t.tar", "t.tar.gz"])
def build(request, tmp_path):
    """Put files, given as {name: content}, into a folder or an archive; return its path."""

    def make(files, wrap=""):
        path = tmp_path / request.param
        names = {wrap + name: data for name, data in files.items()}
        if request.param == "folder":
            for name, data in names.items():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                (path / name).write_bytes(data)
            return path
        with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
            for name, data in reversed(names.items()):  # archives have any order
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return path

    return make


@pytest.mark.parametrize("wrap", ["", "pets/"])
def test_class_folders(build, wrap):
    path = build(PLAIN, wrap)
    data = image_folder(path)
    x, t = data.arrays
    assert data.classes == ("cat", "dog")
    assert data.name == path.name
    assert x.shape == (3, 3, 4, 5)
    assert x.dtype == np.uint8
    assert x[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert t.tolist() == [0, 0, 1]
    assert t.dtype == np.int64
    train, test = image_folder_splits(path)
    assert len(train) == 3
    assert test is None


@pytest.mark.parametrize("wrap", ["", "pets/"])
def test_parts_above_the_classes(build, wrap):
    path = build(SPLIT, wrap)
    train, test = image_folder_splits(str(path))
    assert train.arrays[0][:, 0, 0, 0].tolist() == [1, 2, 3]
    assert train.arrays[1].tolist() == [0, 1, 1]
    assert test.arrays[0][:, 0, 0, 0].tolist() == [4, 5]
    assert test.arrays[1].tolist() == [0, 1]
    assert train.classes == test.classes == ("cat", "dog")
    assert image_folder(path, split="test").arrays[0][:, 0, 0, 0].tolist() == [4, 5]
    assert len(image_folder(path)) == 5
    with pytest.raises(DataError, match="has no part 'val'"):
        image_folder(path, split="val")


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Val", "test"])
def test_names_of_the_held_out_part(build, name):
    path = build({"Train/a/1.png": png(1), f"{name}/a/1.png": png(2)})
    train, test = image_folder_splits(path)
    assert (len(train), len(test)) == (1, 1)
    assert test.arrays[0].max() == 2


def test_test_comes_before_val(build):
    path = build({f"{part}/a/1.png": png(n) for n, part in enumerate(["train", "val", "test"])})
    assert image_folder_splits(path)[1].arrays[0].max() == 2
    assert image_folder(path, split="val").arrays[0].max() == 1


def test_a_training_part_alone_and_a_test_part_alone(build):
    train, test = image_folder_splits(build({"train/a/1.png": png(1)}))
    assert len(train) == 1
    assert test is None


def test_a_test_part_alone(build):
    path = build({"test/a/1.png": png(1)})
    assert len(image_folder(path, split="test")) == 1
    with pytest.raises(DataError, match="has a part 'test' but no part 'train'"):
        image_folder_splits(path)


def test_a_class_that_only_one_part_has(build):
    path = build({"train/b/1.png": png(1), "test/a/1.png": png(2)})
    train, test = image_folder_splits(path)
    assert train.classes == test.classes == ("a", "b")
    assert train.arrays[1].tolist() == [1]
    assert test.arrays[1].tolist() == [0]


def test_other_and_hidden_files_are_passed_over(build):
    extra = {"README.md": b"hi", "cat/notes.txt": b"x", "cat/._1.png": b"x", ".git/a/b.png": b"x",
             "__MACOSX/cat/1.png": b"x"}  # fmt: skip
    assert len(image_folder(build(PLAIN | extra))) == 3


def test_folders_below_a_class_belong_to_it(build):
    data = image_folder(build({"cat/2019/may/1.png": png(1), "dog/1.png": png(2)}))
    assert data.arrays[1].tolist() == [0, 1]


def test_suffixes_in_capitals(build):
    assert len(image_folder(build({"a/1.PNG": png(1), "b/2.Png": png(1)}))) == 2


def test_different_sizes(build):
    files = {"a/1.png": png(1), "a/2.png": png(2, 1, 1), "b/1.png": png(3, 8, 6)}
    with pytest.raises(DataError, match=r"pixels \(height x width\).* give --image-size"):
        image_folder(build(files))
    data = image_folder(build(files), size=6)
    assert data.arrays[0].shape == (3, 3, 6, 6)
    assert data.arrays[0][:, 0, 2, 2].tolist() == [1, 2, 3]
    assert image_folder(build(files), size=(2, 3)).arrays[0].shape == (3, 3, 2, 3)
    with pytest.raises(ValueError, match="size must be 1 or greater"):
        image_folder(build(files), size=0)


def test_one_pixel_images(build):
    assert image_folder(build({"a/1.png": png(7, 1, 1)})).arrays[0].shape == (1, 3, 1, 1)


def test_grey(build):
    assert image_folder(build(PLAIN), mode="L").arrays[0].shape == (3, 1, 4, 5)


def test_the_result_does_not_depend_on_threads(build, monkeypatch):
    files = {f"{n % 7}/{n:03}.png": png(n, 9, 9) for n in range(200)}
    path = build(files)
    expected = image_folder(path).arrays
    monkeypatch.setattr(imagefolder, "BYTES_WORTH_A_THREAD", 0)
    monkeypatch.setattr(imagefolder, "IMAGES_PER_TASK", 3)
    for one, other in zip(image_folder(path).arrays, expected, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("threads", [False, True])
def test_a_broken_image_is_named(build, monkeypatch, threads):
    if threads:
        monkeypatch.setattr(imagefolder, "BYTES_WORTH_A_THREAD", 0)
    whole = png(3, 50, 50)
    with pytest.raises(DataError, match=r"dog/1\.png: damaged or cut short"):
        image_folder(build(PLAIN | {"dog/1.png": whole[: len(whole) // 2]}), size=4)
    with pytest.raises(DataError, match=r"cat/0\.png: is no image"):
        image_folder(build(PLAIN | {"cat/0.png": b"text"}))


def test_no_images(build):
    with pytest.raises(DataError, match=r"no images found\. Put them into one folder per class"):
        image_folder(build({"a/readme.txt": b"x"}))


def test_images_outside_of_class_folders(build):
    with pytest.raises(DataError, match=r"x\.png lies outside a class folder"):
        image_folder(build(PLAIN | {"x.png": png(1)}))


def test_images_between_part_and_class(build):
    with pytest.raises(DataError, match=r"train/x\.png lies outside a class folder"):
        image_folder(build(SPLIT | {"train/x.png": png(1)}))


def test_a_class_beside_a_part(build):
    with pytest.raises(DataError, match=r"'bird' lies beside 't(rain|est)'"):
        image_folder(build(SPLIT | {"bird/1.png": png(1)}))


def test_layouts_without_files():
    where = Path("x")
    names = [("w", "a", "1.png"), ("w", "b", "sub", "2.png")]
    assert [file.label for file in arrange(names, where)] == ["a", "b"]
    assert [file.label for file in arrange([("a", "1.png")], where)] == ["a"]
    assert [file.split for file in arrange([("train", "a", "1.png")], where)] == ["train"]


def test_too_much_to_hold(build, monkeypatch):
    monkeypatch.setattr(imagefolder, "MAX_DECODED_BYTES", 100)
    with pytest.raises(DataError, match="make them smaller with --image-size"):
        image_folder(build(PLAIN))
    # The size that was asked for is checked before an image of that size is made.
    monkeypatch.setattr(imagefolder, "read_image", None)
    with pytest.raises(DataError, match="images of 999999 x 999999 take more than"):
        image_folder(build(PLAIN), size=999_999)


def folder_of(tmp_path):
    for name, data in PLAIN.items():
        (tmp_path / "f" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / name).write_bytes(data)
    return tmp_path / "f"


def test_links_that_lead_out(tmp_path):
    folder = folder_of(tmp_path)
    (tmp_path / "secret.png").write_bytes(png(9))
    (folder / "cat" / "3.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(DataError, match=r"cat/3\.png: is a link that leads out of"):
        image_folder(folder)


def test_links_to_folders(tmp_path):
    folder = folder_of(tmp_path)
    (folder / "bird").symlink_to(folder / "cat")
    with pytest.raises(DataError, match="bird: is a link to a folder"):
        image_folder(folder)


def test_links_within(tmp_path):
    folder = folder_of(tmp_path)
    (folder / "cat" / "3.png").symlink_to(folder / "cat" / "1.png")
    assert len(image_folder(folder)) == 4
    (tmp_path / "other").symlink_to(folder)  # the user's own way to the folder is no trick
    assert len(image_folder(tmp_path / "other")) == 4


def test_links_to_nowhere_and_pipes(tmp_path):
    folder = folder_of(tmp_path)
    (folder / "cat" / "3.png").symlink_to(folder / "cat" / "gone.png")
    with pytest.raises(DataError, match=r"3\.png: there is no such file"):
        image_folder(folder)
    (folder / "cat" / "3.png").unlink()
    os.mkfifo(folder / "cat" / "3.png")
    with pytest.raises(DataError, match=r"3\.png: is no file"):
        image_folder(folder)


def test_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(imagefolder, "MAX_MEMBERS", 2)
    with pytest.raises(DataError, match="more than the allowed 2 files"):
        image_folder(folder_of(tmp_path))


def test_an_unreadable_folder(tmp_path, monkeypatch):
    folder = folder_of(tmp_path)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"f: cannot be read \(Permission denied\)"):
        image_folder(folder)


def test_neither_folder_nor_archive(tmp_path):
    with pytest.raises(DataError, match="nothing: there is no such file or folder"):
        image_folder(tmp_path / "nothing")
    (tmp_path / "a.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"a\.zip: is neither a folder nor a \.tar"):
        image_folder(tmp_path / "a.zip")
    with pytest.raises(DataError, match=r"no\.tar: there is no such file"):
        image_folder(tmp_path / "no.tar")


def test_an_archive_that_changes_while_it_is_read(tmp_path, monkeypatch):
    folder = folder_of(tmp_path)
    monkeypatch.setattr(
        imagefolder, "_contents", lambda path, files: iter([(0, "a", png(1)), (1, "b", png(2))])
    )
    with pytest.raises(DataError, match="changed while it was read"):
        image_folder(folder)

"""Tar archives: read in memory, with every trick of a hostile one refused."""

import gzip
import io
import tarfile

import numpy as np
import pytest

from shinso.data import DataError, archive
from shinso.data.archive import tar_files, tar_names


def make_tar(path, members, **options):
    """Write a tar of (name, content) pairs or ready TarInfos."""
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w", **options) as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member, io.BytesIO(bytes(member.size)))
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def read(path):
    return list(tar_files(path, lambda parts: True))


GOOD = [("a/b/1.jpg", b"one"), ("a/2.jpg", b"x" * 512), ("./a/./3.jpg", b"")]


@pytest.mark.parametrize("name", ["t.tar", "t.tar.gz", "t.tgz"])
def test_names_and_contents(tmp_path, name):
    path = make_tar(tmp_path / name, [special("a", tarfile.DIRTYPE), *GOOD])
    assert tar_names(path) == [("a", "b", "1.jpg"), ("a", "2.jpg"), ("a", "3.jpg")]
    assert [data for _, data in read(path)] == [b"one", b"x" * 512, b""]
    some = dict(tar_files(path, lambda parts: parts[-1] == "1.jpg"))
    assert some == {("a", "b", "1.jpg"): b"one", ("a", "2.jpg"): b"", ("a", "3.jpg"): b""}


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_and_foreign_names(tmp_path, format):
    name = "深層/" + "x" * 150 + "/é.jpg"
    path = make_tar(tmp_path / "t.tar", [(name, b"1")], format=format)
    assert read(path) == [(tuple(name.split("/")), b"1")]


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x.jpg", "a/../../x.jpg", "a\\..\\x.jpg", "\\x.jpg", "C:/x.jpg"]
)
def test_names_that_lead_out(tmp_path, name):
    path = make_tar(tmp_path / "t.tar", [("ok.jpg", b"1"), (name, b"2")])
    with pytest.raises(DataError, match=r"t\.tar: the name .* leads out of the archive"):
        read(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links(tmp_path, kind):
    path = make_tar(tmp_path / "t.tar", [special("a/x.jpg", kind, "/etc/passwd")])
    with pytest.raises(DataError, match=r"'a/x\.jpg' is a link to '/etc/passwd'"):
        read(path)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_pipes(tmp_path, kind):
    path = make_tar(tmp_path / "t.tar", [special("a/x.jpg", kind)])
    with pytest.raises(DataError, match="neither a plain file nor a folder"):
        read(path)


def test_a_name_twice(tmp_path):
    path = make_tar(tmp_path / "t.tar", [("a/1.jpg", b"1"), ("./a//1.jpg", b"2")])
    with pytest.raises(DataError, match="in the archive twice"):
        read(path)


def test_no_name(tmp_path):
    with pytest.raises(DataError, match="is no file name"):
        read(make_tar(tmp_path / "t.tar", [("./", b"1")]))


def test_limits(tmp_path, monkeypatch):
    path = make_tar(tmp_path / "t.tar.gz", [(f"{n}.jpg", bytes(1000)) for n in range(20)])
    monkeypatch.setattr(archive, "MAX_MEMBERS", 19)
    with pytest.raises(DataError, match="more than the allowed 19 files"):
        tar_names(path)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 20)
    assert len(tar_names(path)) == 20
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 999)
    with pytest.raises(DataError, match=r"'0\.jpg' has 1,000 bytes; at most 999"):
        tar_names(path)
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 1000)
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 10_000)
    with pytest.raises(DataError, match="more than the allowed 10,000 bytes once inflated"):
        tar_names(path)


def test_a_bomb_in_a_member(tmp_path):
    """100 MB of zeros in 100 kB: refused by its announced size, before it is inflated."""
    head = special("a/x.jpg", tarfile.REGTYPE)
    head.size = 100 << 20
    path = tmp_path / "t.tar.gz"
    path.write_bytes(gzip.compress(head.tobuf() + bytes(10_000)))
    with pytest.raises(DataError, match="104,857,600 bytes; at most 67,108,864"):
        read(path)


def test_a_bomb_in_an_extended_header(tmp_path):
    """A name of 4 GB: tarfile would read it whole into memory."""
    head = special("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    head.size = 4 << 30
    path = tmp_path / "t.tar"
    path.write_bytes(head.tobuf(tarfile.GNU_FORMAT) + bytes(10_000))
    with pytest.raises(DataError, match="announces a piece of 4,294,967,296 bytes"):
        read(path)


def test_a_long_chain_of_extended_headers(tmp_path):
    head = special("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    head.size = 10
    path = tmp_path / "t.tar"
    path.write_bytes((head.tobuf(tarfile.GNU_FORMAT) + bytes(512)) * 5000)
    with pytest.raises(DataError, match=r"t\.tar: damaged or no tar archive"):
        read(path)


def test_sparse_files(tmp_path):
    head = special("x.jpg", tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "t.tar").write_bytes(head + bytes(1024))
    with pytest.raises(DataError, match=r"t\.tar"):
        read(tmp_path / "t.tar")


def test_an_archive_cut_short(tmp_path):
    whole = make_tar(tmp_path / "t.tar", GOOD).read_bytes()
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    path = tmp_path / "t.tar"
    for size in (100, 512, 700, 1024, 1100, 1536, 1540, 2000, 2048, end):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"t\.tar: .*(cut short|damaged)"):
            read(path)


def test_damage_in_the_middle_does_not_pass_for_the_end(tmp_path):
    whole = bytearray(make_tar(tmp_path / "t.tar", GOOD).read_bytes())
    whole[1024 + 150] ^= 1  # the second header's checksum
    (tmp_path / "t.tar").write_bytes(whole)
    with pytest.raises(DataError, match="damaged or cut short at byte 1,024"):
        read(tmp_path / "t.tar")


def test_gzip_damage_behind_the_last_file_is_found(tmp_path):
    path = make_tar(tmp_path / "t.tar.gz", GOOD)
    data = path.read_bytes()
    path.write_bytes(data[:-8] + bytes(4) + data[-4:])
    with pytest.raises(DataError, match="CRC"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"x" * 2000])
def test_no_archive(tmp_path, content):
    (tmp_path / "t.tar").write_bytes(content)
    with pytest.raises(DataError, match=r"t\.tar: damaged or no tar archive"):
        read(tmp_path / "t.tar")


def test_random_damage_gives_files_or_a_data_error(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("t.tar", "t.tar.gz"):
        good = make_tar(tmp_path / name, [*GOOD, ("z" * 120, b"1")]).read_bytes()
        messages = []
        for _ in range(300):
            bad = bytearray(good)
            for place in rng.integers(0, min(4000, len(bad)), rng.integers(1, 6)):
                bad[place] = rng.integers(0, 256)
            (tmp_path / name).write_bytes(bad)
            try:
                read(tmp_path / name)
            except DataError as error:
                messages.append(str(error))
        assert len(messages) > 100
        assert all(str(tmp_path / name) in message for message in messages)

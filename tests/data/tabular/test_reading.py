"""CSV and Parquet files as people have them, and what is told about them."""

import gzip

import numpy as np
import pandas as pd
import pytest

from shinso.data import DataError
from shinso.data.tabular import read_table
from shinso.data.tabular.encoding import detect_encoding

JAPANESE = "都市,商店,人\n東京,さくら書店,12\n大阪,たこ焼き,7\n札幌,ラーメン横丁,3\n"
WESTERN = "city,name,n\nMünchen,José,1\nOrléans,André,2\nMálaga,Zoë,3\n"


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_numbers_and_categories(tmp_path):
    path = write(tmp_path / "a.csv", "n,word,mixed\n1,a,2.5\n?,b,-3\n3,,NA\n")
    frame, reading = read_table(path)
    assert (reading.rows, reading.broken, reading.delimiter, reading.notes) == (3, 0, ",", [])
    np.testing.assert_array_equal(frame["n"], [1, np.nan, 3])
    np.testing.assert_array_equal(frame["mixed"], [2.5, -3, np.nan])
    assert frame["word"].tolist() == ["a", "b", np.nan]
    assert frame["word"].dtype == "category"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"])
def test_japanese(tmp_path, encoding):
    frame, reading = read_table(write(tmp_path / "a.csv", JAPANESE, encoding))
    assert list(frame) == ["都市", "商店", "人"]
    assert frame["商店"].tolist() == ["さくら書店", "たこ焼き", "ラーメン横丁"]
    assert bool(reading.notes) == (encoding not in ("utf-8", "utf-8-sig"))


def test_western(tmp_path):
    path = write(tmp_path / "a.csv", WESTERN, "latin-1")
    assert detect_encoding(path, 1 << 20) == ("cp1252", True)
    assert read_table(path)[0]["city"].tolist() == ["München", "Orléans", "Málaga"]


def test_a_few_damaged_bytes_do_not_change_the_encoding(tmp_path):
    lines = ["名,数"] + [f"東京{i},{i}" for i in range(300)]
    content = "\n".join(lines).encode().replace("東京7,".encode(), b"\xff\xfe7,")
    (tmp_path / "a.csv").write_bytes(content)
    frame, reading = read_table(tmp_path / "a.csv")
    assert frame["名"][8] == "東京8"
    assert "\ufffd" in frame["名"][7]
    assert any("\ufffd" in note for note in reading.notes)


def test_an_encoding_of_ones_own(tmp_path):
    path = write(tmp_path / "a.csv", JAPANESE, "cp932")
    assert list(read_table(path, encoding="cp932")[0]) == ["都市", "商店", "人"]
    with pytest.raises(DataError, match="no encoding called 'klingon'"):
        read_table(path, encoding="klingon")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path, delimiter):
    text = "a,b\n1,x\n2,y\n".replace(",", delimiter)
    frame, reading = read_table(write(tmp_path / "a.csv", text))
    assert reading.delimiter == delimiter
    assert frame.shape == (2, 2)


def test_gzip(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert read_table(tmp_path / "a.csv.gz")[0].shape == (1, 2)


def test_broken_rows_are_left_out_and_told(tmp_path):
    rows = "".join(f"{i},x,{i}\n" for i in range(40))
    frame, reading = read_table(write(tmp_path / "a.csv", "a,b,c\n1,2\n" + rows + "1,2,3,4\n"))
    assert len(frame) == 40
    assert reading.broken_rows == [(2, 2), (43, 4)]
    assert "2 rows have not 3 cells" in reading.notes[0]
    assert "line 2 (2 cells), line 43 (4 cells)" in reading.notes[0]


def test_too_many_broken_rows(tmp_path):
    with pytest.raises(DataError, match=r"3 of 4 rows .*line 3 has 3"):
        read_table(write(tmp_path / "a.csv", "a,b\n1,2\n1,2,3\n1,2,3\n1,2,3\n"))


def test_quotes(tmp_path):
    text = 'a,b\n"x, y","two\nlines"\n"he said ""no""",2\nplain,"3"\n'
    frame, reading = read_table(write(tmp_path / "a.csv", text))
    assert frame["a"].tolist() == ["x, y", 'he said "no"', "plain"]
    assert frame["b"].tolist() == ["two\nlines", "2", "3"]
    assert reading.broken == 0


def test_an_open_quote_does_not_swallow_the_rest(tmp_path):
    text = 'a,b\n"open,1\n' + "x,2\n" * 30 + 'pipe 5",3\n' + "y,4\n" * 30
    frame, reading = read_table(write(tmp_path / "a.csv", text))
    assert len(frame) == 62
    assert reading.broken == 0
    assert '"open' in set(frame["a"])
    assert 'pipe 5"' in set(frame["a"])


def test_names(tmp_path):
    frame, reading = read_table(write(tmp_path / "a.csv", "x,,x\n1,2,3\n"))
    assert list(frame) == ["x", "column 2", "x (2)"]
    assert len(reading.notes) == 2
    frame, _ = read_table(write(tmp_path / "b.csv", "1,2\n3,4\n"), header=False)
    assert list(frame) == ["column 1", "column 2"]
    assert frame["column 1"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,234", "2,000.5", "7"], [1234, 2000.5, 7]),
        (["¥1,200", "¥80", "$3"], [1200, 80, 3]),
        (["12%", "7 %", "0.5"], [12, 7, 0.5]),
        (["１２", "３．５", "-4"], [12, 3.5, -4]),
        (["1e3", "-2E-1", "+5"], [1000, -0.2, 5]),
    ],
)
def test_numbers_as_people_write_them(tmp_path, cells, values):
    text = "n;z\n" + "".join(f"{cell};a\n" for cell in cells)
    np.testing.assert_array_equal(read_table(write(tmp_path / "a.csv", text))[0]["n"], values)


@pytest.mark.parametrize("cells", [["007", "12", "13"], ["1_000", "2_000"], ["inf", "x"]])
def test_codes_and_texts_stay_texts(tmp_path, cells):
    text = "n,z\n" + "".join(f"{cell},a\n" for cell in cells)
    frame, _ = read_table(write(tmp_path / "a.csv", text))
    assert frame["n"].tolist() == cells


def test_a_few_words_among_numbers_are_told(tmp_path):
    text = "n,z\n" + "5,a\n" * 18 + "unknown,a\nbroken,a\n"
    frame, reading = read_table(write(tmp_path / "a.csv", text))
    assert frame["n"].isna().sum() == 2
    assert "2 cells are no number" in reading.notes[0]
    assert "'unknown' (1 times)" in reading.notes[0]


def test_pieces_are_one_column(tmp_path, monkeypatch):
    monkeypatch.setattr("shinso.data.tabular.reading.ROWS_PER_CHUNK", 4)
    cells = [*map(str, range(8)), "x", "x", "2.5", *"yyyyy"]
    text = "n,m\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells))
    frame, reading = read_table(write(tmp_path / "a.csv", text))
    assert frame["n"].tolist() == cells  # of the first piece only numbers were kept
    assert frame["m"].tolist() == [*range(16)]
    assert reading.rows == 16


@pytest.mark.parametrize(
    ("text", "match"),
    [("", "empty"), ("\n \n", "empty"), ("a,b\n", "no rows"), ("a\n1\n", "only one column")],
)
def test_no_tables(tmp_path, text, match):
    with pytest.raises(DataError, match=match):
        read_table(write(tmp_path / "a.csv", text))


def test_no_file_and_wrong_delimiter(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "gone.csv")
    with pytest.raises(ValueError, match="one sign"):
        read_table(tmp_path / "gone.csv", delimiter="::")


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    wanted = pd.DataFrame({"a": [1.5, None], "b": ["x", "y"], "c": [True, False]})
    wanted.to_parquet(tmp_path / "a.parquet")
    frame, reading = read_table(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(frame, wanted, check_dtype=False)
    assert reading.rows == 2
    (tmp_path / "b.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="no Parquet file"):
        read_table(tmp_path / "b.parquet")

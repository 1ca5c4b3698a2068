"""csv_table: headers, targets, tasks, and every kind of bad cell with its line and column."""

import gzip
import importlib

import numpy as np
import pytest

from shinso.data import DataError, csv_table

# The function has the name of its file, and hides it in the package.
csv_table_module = importlib.import_module("shinso.data.csv_table")


@pytest.fixture
def table(tmp_path):
    """Write text (or bytes) to t.csv and read it."""

    def write_and_read(content, **options):
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return csv_table(path, **options)

    return write_and_read


def test_numbers_without_a_header(table):
    data = table("1,2.5,0.1\n-3,4e2,0.7\n")
    x, t = data.arrays
    assert x.dtype == t.dtype == np.float32
    assert x.tolist() == [[1, 2.5], [-3, 400]]
    np.testing.assert_allclose(t, [[0.1], [0.7]])
    assert t.shape == (2, 1)
    assert data.classes is None
    assert data.name == "t.csv"


IRIS = "length,width,species\n5.1,3.5,setosa\n7,3.2,versicolor\n5.1,3.4,setosa\n"


def test_text_targets_are_classes_sorted_by_name(table):
    data = table(IRIS)
    assert data.classes == ("setosa", "versicolor")
    assert data.arrays[1].tolist() == [0, 1, 0]
    assert data.arrays[1].dtype == np.int64
    assert data.arrays[0].shape == (3, 2)
    assert table(IRIS.split("\n", 1)[1]).classes == ("setosa", "versicolor")


def test_whole_numbers_of_few_values_are_classes(table):
    data = table("1,-1\n2,1\n3,-1.0\n4,1\n5,1\n")
    assert data.classes == ("-1", "1")
    assert data.arrays[1].tolist() == [0, 1, 0, 1, 1]
    ten = table("".join(f"0,{n % 11}\n" for n in range(50)))
    assert ten.classes == tuple(map(str, range(11)))  # 2 comes before 10


def test_whole_numbers_of_many_values_are_quantities(table):
    assert table("".join(f"0,{n % 21}\n" for n in range(100))).classes is None
    assert table("0,1\n0,2\n0,1\n").classes is None  # too few rows to tell
    assert table("0,1.5\n0,2\n0,2\n0,2\n0,2\n").classes is None


def test_the_task_can_be_forced(table):
    text = "0,1\n0,2\n0,1\n"
    assert table(text, task="classification").classes == ("1", "2")
    assert table(text * 9, task="regression").arrays[1].shape == (27, 1)
    assert table("0,a\n0,1\n", task="classification").classes == ("1", "a")
    with pytest.raises(
        DataError, match=r"line 2, column 3 \('species'\): the target 'setosa' is no"
    ):
        table(IRIS, task="regression")
    with pytest.raises(ValueError, match="task must be"):
        table(text, task="clustering")


def test_the_target_column(table):
    text = "a,b,c\n1,2,3\n4,5,6\n"
    for target in ("b", 1, -2):
        data = table(text, target=target)
        assert data.arrays[0].tolist() == [[1, 3], [4, 6]]
        assert data.arrays[1].tolist() == [[2], [5]]
    with pytest.raises(DataError, match=r"no column 'bb'\. Did you mean 'b'\?"):
        table(text, target="bb")
    with pytest.raises(DataError, match=r"no column 'zzz'\. There are a, b, c\."):
        table(text, target="zzz")
    with pytest.raises(DataError, match="target column 3 does not exist; positions go from 0 to 2"):
        table(text, target=3)
    with pytest.raises(DataError, match="has no header, so there is no column 'b'"):
        table("1,2\n3,4\n", target="b")


def test_headers(table):
    assert len(table("2019,2020\n1,2\n", header=False)) == 2
    assert len(table("2019,2020\n1,2\n", header=True)) == 1
    assert len(table(",a,b\n0,1,2\n")) == 1
    with pytest.raises(DataError, match=r"line 1: the name 'a' stands above column 1 and column 3"):
        table("a,b, a\n1,2,3\n")
    with pytest.raises(DataError, match=r"line 1, column 1: 'id' is no number.*header=True"):
        table("id,2020,x\n1,2,3\n")


def test_other_delimiters_spaces_quotes_and_line_ends(table):
    assert table("1;2\n3;4\n", delimiter=";").arrays[0].tolist() == [[1], [3]]
    assert table("1\t2\r\n3\t4\r\n", delimiter="\t").arrays[0].tolist() == [[1], [3]]
    assert table('a, b\n "1", 2 \n\n3,  "4"\n').arrays[1].tolist() == [[2], [4]]
    assert table("1,2\r3,4").arrays[0].tolist() == [[1], [3]]
    assert table(b"\xef\xbb\xbfa,b\n1,2\n", target="a").arrays[1].tolist() == [[1]]
    assert table('x,t\n1,"two\nlines"\n2,"a,b"\n').classes == ("a,b", "two\nlines")
    for delimiter in ("", "::", '"', "\n"):
        with pytest.raises(ValueError, match="delimiter must be one sign"):
            table("1,2\n", delimiter=delimiter)


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_first_line(table, sign):
    rows = [["height", "width", "kind"], ["1", "2", "x"], ["3", "4", "y"]]
    data = table("\n\n" + "\n".join(map(sign.join, rows)))
    assert data.arrays[0].tolist() == [[1, 2], [3, 4]]
    assert data.classes == ("x", "y")


def test_too_many_rows_or_cells(table, monkeypatch):
    monkeypatch.setattr(csv_table_module, "MOST_ROWS", 3)
    assert len(table("1,2\n" * 3)) == 3
    with pytest.raises(DataError, match="line 4: the table is too large; at most 3 rows"):
        table("1,2\n" * 4)
    monkeypatch.setattr(csv_table_module, "MOST_ROWS", 100)
    monkeypatch.setattr(csv_table_module, "MOST_CELLS", 10)
    with pytest.raises(DataError, match="line 7: the table is too large"):
        table("1,2\n" * 8)


def test_wide_tables_are_turned_into_arrays_a_few_rows_at_a_time(table, monkeypatch):
    monkeypatch.setattr(csv_table_module, "CELLS_PER_CHUNK", 5)
    text = "".join(f"{i},{i + 1},{i * 0.5}\n" for i in range(50))
    x, t = table(text).arrays
    assert x.tolist() == [[i, i + 1] for i in range(50)]
    assert t[:, 0].tolist() == [i * 0.5 for i in range(50)]


def test_gzip(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n3,4\n"))
    assert csv_table(str(path)).arrays[0].tolist() == [[1], [3]]
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(DataError, match=r"t\.csv\.gz: gzip file cut short"):
        csv_table(path)
    path.write_bytes(b"1,2\n")
    with pytest.raises(DataError, match="named like a gzip file but is none"):
        csv_table(path)


def test_a_bomb(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n" * 300))
    with pytest.raises(DataError, match="more than the allowed 1,000 bytes once inflated"):
        csv_table(path, max_bytes=1000)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2", r"t\.csv, line 3: 2 cells; the first row has 3\."),
        ("1,2,3,4", r"t\.csv, line 3: 4 cells; the first row has 3\."),
        ("1,x,3", r"t\.csv, line 3, column 2 \('b'\): 'x' is no number\.$"),
        ("1,1_000,3", r"line 3, column 2 \('b'\): '1_000' is no number"),
        ("1,,3", r"line 3, column 2 \('b'\): is empty; fill the gap"),
        ("1,  ,3", r"line 3, column 2 \('b'\): is empty"),
        ("1,2,", r"line 3, column 3 \('c'\): is empty; every example needs a target"),
        ("nan,2,3", r"line 3, column 1 \('a'\): nan is no finite number"),
        ("1,-inf,3", r"line 3, column 2 \('b'\): -inf is no finite number"),
        ("1,1e39,3", r"line 3, column 2 \('b'\): 1e\+39 is no finite number that float32"),
        ("1,2,nan", r"line 3, column 3 \('c'\): nan is no finite number"),
        ("1,2,x", r"line 3, column 3 \('c'\): the target 'x' is no number, but others are"),
        ('1,"2"x,3', r"line 3: is no valid CSV"),
        ("1,2,\0", r"line 3|is no valid CSV"),
    ],
)
def test_bad_rows(table, row, message):
    with pytest.raises(DataError, match=message):
        table(f"a,b,c\n1,2,3\n{row}\n4,5,6\n")


def test_the_line_counts_blank_lines_and_other_chunks(table):
    rows = "1,2\n" * 9000
    with pytest.raises(DataError, match=r"line 9003, column 1 \('a'\): nan"):
        table(f"a,b\n\n{rows}nan,2\n")


def test_the_column_counts_the_target(table):
    with pytest.raises(DataError, match=r"column 3 \('c'\): inf"):
        table("a,b,c\n1,2,inf\n", target="a")
    with pytest.raises(DataError, match=r"column 2 \('b'\): 'x'"):
        table("a,b,c\n1,x,2\n", target="c")


def test_files_without_a_table(table, tmp_path):
    with pytest.raises(DataError, match="the file is empty"):
        table("")
    with pytest.raises(DataError, match="the file is empty"):
        table("\n\n")
    with pytest.raises(DataError, match="has a header but no rows"):
        table("a,b\n")
    with pytest.raises(DataError, match=r"line 1: only one column.*delimiter"):
        table("1;2\n", delimiter=",")
    with pytest.raises(DataError, match="there is no such file"):
        csv_table(tmp_path / "no.csv")
    with pytest.raises(DataError, match="is no file but a folder"):
        csv_table(tmp_path)


def test_encodings(table):
    with pytest.raises(
        DataError, match=r"is not UTF-8 text \(byte 0xe9\)\. Save the table as UTF-8"
    ):
        table("é,b\n1,2\n".encode("latin-1"))
    with pytest.raises(DataError, match="is not UTF-8"):
        table("a,b\n1,2\n".encode("utf-16"))
    assert table("長さ,幅\n1,2\n", target="長さ").arrays[1].tolist() == [[1]]


def test_a_line_without_end(table):
    with pytest.raises(DataError, match="longer than 1,048,576 characters"):
        table("1," * 600_000)
    with pytest.raises(DataError, match="field larger than field limit"):
        table("1," + "2" * 200_000)


def test_random_damage_gives_a_table_or_a_data_error(table):
    rng = np.random.default_rng(0)
    good = IRIS.encode()
    messages = []
    for _ in range(300):
        bad = bytearray(good)
        for place in rng.integers(0, len(bad), rng.integers(1, 4)):
            bad[place] = rng.integers(0, 256)
        try:
            assert np.isfinite(table(bytes(bad)).arrays[0]).all()
        except DataError as error:
            messages.append(str(error))
    assert len(messages) > 100
    assert all("t.csv" in message for message in messages)

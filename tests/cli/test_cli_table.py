"""`shinso table` on a table with everything wrong that tables have, and what it leaves."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_cli import shinso

N = 900


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """customers.csv: Shift JIS, a broken row, an identifier, a leak, labels as numbers, gaps."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    effects = rng.normal(0, 2, 10)
    shop = rng.integers(1, 10, N)
    age = rng.normal(40, 12, N).round(1)
    city = rng.choice(["東京", "大阪", "札幌"], N)
    bought = 0.08 * (age - 40) + effects[shop] + (city == "大阪") + rng.logistic(0, 1, N) > 0
    lab = rng.normal(0, 1, N).round(2).astype(str)
    lab[rng.random(N) < 0.4] = ""
    leak = np.where(bought, 10, 2) + rng.normal(0, 0.5, N).round(2)
    with (folder / "customers.csv").open("w", encoding="cp932", newline="") as file:
        write = csv.writer(file).writerow
        write(["番号", "年齢", "店舗", "都市", "検査", "解約まで", "備考", "購入"])
        for i in range(N):
            said = "はい" if bought[i] else "いいえ"
            write([1000 + i, age[i], shop[i], city[i], lab[i], leak[i], "x", said])
            if i == 500:
                file.write("broken,row\n")
    with (folder / "shops.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["店舗", "面積"], *([s, 50 * s] for s in range(1, 10))])
    return folder


@pytest.fixture(scope="module")
def result(folder) -> str:
    return shinso(
        "table", "customers.csv", "--target", "購入", "--model", "tree", "--out", "t", folder=folder
    )


def test_the_report(folder, result):
    lines = {line.split()[0]: line for line in result.splitlines() if line.split()}
    assert "read as cp932" in result
    assert "line 503 (2 cells)" in result
    assert "drop" in lines["番号"]
    assert "identifies" in lines["番号"]
    assert "category" in lines["店舗"]
    assert "leak?" in lines["解約まで"]
    assert "40 %" in lines["検査"] or "missing" in lines["検査"]
    assert "always" in lines["備考"]
    assert "simple answer" in result
    page = (folder / "t" / "report.html").read_text()
    for text in ("customers.csv", "balanced accuracy", "identifies the row", "confusion", "cp932"):
        assert text in page


def test_choices_can_be_changed_and_given_again(folder, result):
    path = folder / "t" / "choices.json"
    choices = json.loads(path.read_text())
    assert choices["columns"]["番号"]["use"] == "drop"
    choices["columns"]["年齢"] = {"use": "number", "missing": "mean", "scale": "minmax"}
    choices["columns"]["都市"] = {"use": "drop"}
    (folder / "mine.json").write_text(json.dumps(choices))
    shinso(
        "table",
        "customers.csv",
        "--target",
        "購入",
        "--choices",
        "mine.json",
        "--model",
        "elm",
        "--folds",
        2,
        "--out",
        "t2",
        folder=folder,
    )
    kept = json.loads((folder / "t2" / "choices.json").read_text())
    assert kept["columns"]["年齢"]["scale"] == "minmax"
    assert kept["columns"]["都市"]["use"] == "drop"


def test_predict(folder, result):
    text = shinso("predict", "t", "customers.csv", folder=folder)
    assert "購入 (predicted)" in text
    assert "… 900 rows in all" in text
    shinso("predict", "t", "customers.csv", "--out", "said.csv", folder=folder)
    with (folder / "said.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == N
    assert {row["購入 (predicted)"] for row in rows} == {"はい", "いいえ"}
    assert all(0.5 <= float(row["probability"]) <= 1 for row in rows)


def test_options_and_a_join(folder):
    text = shinso(
        "table",
        "customers.csv",
        "--target",
        "購入",
        "--report-only",
        "--join",
        "shops.csv:店舗",
        "--drop",
        "年齢",
        "--category",
        "店舗",
        "--ordinal",
        "都市=東京,大阪,札幌",
        "--missing",
        "mean",
        folder=folder,
    )
    assert "joined shops.csv: 9 rows, 100 % of the rows have a partner" in text
    assert "面積" in text
    assert text.count("chosen") == 3
    assert not (folder / "runs").exists()


def test_a_regression(folder):
    text = shinso(
        "table",
        "customers.csv",
        "--target",
        "年齢",
        "--model",
        "linear",
        "--folds",
        2,
        folder=folder,
    )
    assert "mean absolute error" in text
    assert (folder / "runs" / "table-customers-1" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.csv", "--target", "x"], "no such file"),
        (["customers.csv", "--target", "購"], "Did you mean '購入'"),
        (["customers.csv", "--target", "購入", "--model", "forest"], "one of mlp, elm"),
        (["customers.csv", "--target", "購入", "--drop", "年"], "Did you mean '年齢'"),
        (["customers.csv", "--target", "購入", "--missing", "guess"], "not 'guess'"),
        (["customers.csv", "--target", "購入", "--ordinal", "都市"], "COLUMN=A,B,C"),
        (["customers.csv", "--target", "購入", "--join", "shops.csv"], "FILE:KEY"),
        (["customers.csv", "--target", "購入", "--out", "t"], "is there already"),
        (["customers.csv", "--target", "購入", "--task", "regression"], "no number"),
    ],
)
def test_mistakes(folder, result, arguments, message):
    assert message in shinso("table", *arguments, folder=folder, code=1)


def test_predict_needs_the_same_columns(folder, result):
    (folder / "few.csv").write_text("年齢,都市\n1,東京\n2,大阪\n")
    assert "no column '店舗'" in shinso("predict", "t", "few.csv", folder=folder, code=1)
    assert "say which tables" in shinso("predict", "t", folder=folder, code=1)

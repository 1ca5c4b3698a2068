"""A table with everything wrong that tables have goes in, and a trained model comes out."""

from __future__ import annotations

import copy
import math

import numpy as np
import pandas as pd

from shinso.classical import TableModel, cross_validate
from shinso.data.tabular import Choices, ColumnChoice, TableReport, join, report
from shinso.data.tabular.doubts import looks_like_labels, predictive_power
from shinso.data.tabular.report import LEAK, target_values
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.viz.bars import bars
from shinso.viz.picture import Picture
from shinso.viz.style import say

TARGET, LEAKING = "left", "cancellation fee"
SHOPS = 25
JOINED = ("station km", "size")
DEFECTS = {
    "member no": ("drop", "identifies the row", Text("identifier", "識別子")),
    "country": ("drop", "always", Text("constant", "定数")),
    "fax": ("drop", "mostly missing", Text("mostly missing", "ほとんど欠損")),
    LEAKING: ("drop", "leak", Text("leaks the target", "目的変数の漏洩")),
    "shop": ("category", "labels", Text("labels written as numbers", "数で書かれたラベル")),
    "plan": ("category", "", Text("a category", "カテゴリ")),
    "age": ("number", "% missing", Text("missing values", "欠損値")),
    "income": ("number", "long tail", Text("a long tail", "裾の長い分布")),
}
"""By column: what should become of it, what the reason should say, and the defect."""


def shops(rng: np.random.Generator) -> pd.DataFrame:
    """The second table: one row for each shop, and one for a shop that has no members."""
    number = np.arange(1, SHOPS + 2)
    return pd.DataFrame({
        "shop": number,
        "station km": rng.integers(1, 9, len(number)) / 2,
        "size": rng.choice(["small", "medium", "large"], len(number)),
    })  # fmt: skip


def members(rng: np.random.Generator, rows: int, shop: pd.DataFrame) -> pd.DataFrame:
    """Members of a sports club, and whether they left within the year.

    Leaving depends on visits, age, plan and how far the shop is from the station, and on chance.
    The fee is charged when a member leaves: nobody knows it before.
    """
    where = rng.integers(1, SHOPS + 1, rows)
    visits, age = rng.gamma(2.0, 2.0, rows), rng.normal(45, 14, rows).clip(16, 90).round()
    plan = rng.choice(["day", "full", "family"], rows, p=[0.4, 0.4, 0.2])
    pull = 0.8 * (visits - 4) + 0.05 * (age - 45) + np.where(plan == "family", 1.5, -0.3)
    pull -= 1.2 * (shop["station km"].to_numpy()[where - 1] - 2)
    left = rng.logistic(0, 0.7, rows) > pull
    return pd.DataFrame({
        "member no": rng.permutation(rows) + 10_000,
        "country": "JP",
        "plan": plan,
        "shop": where,
        "age": np.where(rng.random(rows) < 0.15, np.nan, age),
        "visits": visits.round(2),
        "income": rng.lognormal(15, 1.0, rows).round(),
        "fax": np.where(rng.random(rows) < 0.93, np.nan, rng.integers(10**6, 10**7, rows)),
        LEAKING: np.where(left, rng.integers(2, 9, rows) * 1000.0, np.nan),
        TARGET: np.where(left, "yes", "no"),
    })  # fmt: skip


def found_defects(seen: TableReport) -> dict[str, bool]:
    """Whether each column of DEFECTS was judged as it should be."""
    by_name = {c.name: c for c in seen.columns}
    found = {}
    for name, (use, reason, _) in DEFECTS.items():
        column = by_name[name]
        found[name] = column.use == use and reason in "; ".join([column.why, *column.findings])
    return found


def with_leak(choices: Choices) -> Choices:
    """The same choices, with the leaking column left in; 0 where no fee is known."""
    changed = copy.deepcopy(choices)
    changed.columns[LEAKING] = ColumnChoice("number", missing="zero", indicator=True)
    return changed


def treated(choices: Choices, how: str) -> Choices:
    """The same choices with another treatment of the gaps in `age`."""
    changed = copy.deepcopy(choices)
    if how == "column dropped":
        changed.columns["age"] = ColumnChoice("drop")
    else:
        changed.columns["age"] = ColumnChoice("number", missing=how)
    return changed


def accuracy(frame: pd.DataFrame, choices: Choices, kind: str, folds: int) -> float:
    """The mean over the parts of cross-validation, in per cent."""
    return 100 * float(np.mean(cross_validate(frame, choices, kind, folds).values["accuracy"]))


def on_new(model: TableModel, new: pd.DataFrame) -> float:
    """Accuracy on members of whom nobody knows yet whether they leave, in per cent."""
    asked = new.drop(columns=TARGET).assign(**{LEAKING: np.nan})
    return 100 * float((model.predict(asked) == new[TARGET].to_numpy()).mean())


def work(settings: Settings) -> Outcome:
    """Join, look, choose, train; then once more with the leak left in."""
    rng = np.random.default_rng(settings.seed)
    shop = shops(rng)
    rows, folds = (1500, 3) if settings.fast else (20_000, 5)
    frame, joined = join(members(rng, rows, shop), shop, "shop")
    new, _ = join(members(rng, rows, shop), shop, "shop")
    settings.say("report", 0.1)
    seen = report(frame, TARGET)
    choices = seen.choices()
    settings.say("models", 0.3)
    scores = _scores(frame, new, choices, folds)
    outcome = Outcome(_verdicts(seen, joined.matched, scores), [_columns(seen)])
    settings.say("missing values", 0.7)
    outcome.tables.append(_gaps(frame, choices, folds))
    outcome.figures = [
        Figure("power", power_picture(frame), _CAPTIONS["power"]),
        Figure("accuracy", accuracy_picture(scores), _CAPTIONS["accuracy"]),
    ]
    return outcome


def _scores(
    frame: pd.DataFrame, new: pd.DataFrame, choices: Choices, folds: int
) -> dict[str, float]:
    leaky = with_leak(choices)
    always = 100 * float(frame[TARGET].value_counts(normalize=True).max())
    return {
        "always": always,
        "tree": accuracy(frame, choices, "tree", folds),
        "mlp": accuracy(frame, choices, "mlp", folds),
        "mlp new": on_new(TableModel(choices, "mlp").fit(frame), new),
        "leak": accuracy(frame, leaky, "mlp", folds),
        "leak new": on_new(TableModel(leaky, "mlp").fit(frame), new),
    }


def _verdicts(seen: TableReport, matched: float, scores: dict[str, float]) -> list[Verdict]:
    found = found_defects(seen)
    missed = ", ".join(name for name, there in found.items() if not there)
    also = f" (missed: {missed})" if missed else ""
    # Three standard deviations of the difference of two such shares.
    share = scores["mlp"] / 100
    chance = round(300 * math.sqrt(2 * share * (1 - share) / seen.rows), 1)
    claims = (
        Text(f"defects that are found and treated{also}", f"見つかり、処置された欠陥の数{also}"),
        Text("rows that find their shop in the second table", "二つ目の表に店舗が見つかる行"),
        Text(
            "accuracy of the network (cross-validation), against always the same answer",
            "ネットワークの正解率(交差検証)。つねに同じ答えとの比較",
        ),
        Text("its accuracy on new members", "新しい会員での正解率"),
        Text(
            "with the leak left in, cross-validation promises more than the honest model",
            "漏洩を残すと、交差検証は漏洩のないモデルを上回る正解率を約束する",
        ),
        Text(
            "but on new members that model is worse than the honest one",
            "しかし新しい会員では、漏洩のないモデルより悪い",
        ),
    )
    return [
        Verdict(claims[0], sum(found.values()), len(DEFECTS), relation="="),
        Verdict(claims[1], 100 * matched, 100, relation="=", unit="%"),
        Verdict(_USED, sum(c.use != "drop" for c in seen.columns if c.name in JOINED), len(JOINED),
                relation="="),
        Verdict(claims[2], scores["mlp"], scores["always"], relation=">", unit="%"),
        Verdict(claims[3], scores["mlp new"], scores["mlp"], chance, "=", "%"),
        Verdict(claims[4], scores["leak"], scores["mlp"], relation=">", unit="%"),
        Verdict(claims[5], scores["leak new"], scores["mlp new"], relation="<", unit="%"),
    ]  # fmt: skip


def _columns(seen: TableReport) -> Table:
    rows = [(name, missing, use, reason) for name, _, missing, _, _, use, reason in seen.table()]
    columns = (
        Text("column", "列"),
        Text("missing", "欠損"),
        Text("use", "扱い"),
        Text("reason", "理由"),
    )
    caption = Text(
        "What `tabular.report` says of the joined table.",
        "結合した表についての `tabular.report` の判断(英語のまま)。",
    )
    return Table(columns, rows, caption, numbers=False)


def _gaps(frame: pd.DataFrame, choices: Choices, folds: int) -> Table:
    names = {
        "median": Text("filled with the median", "中央値で埋める"),
        "zero": Text("filled with zero", "0 で埋める"),
        "drop rows": Text("rows dropped in training", "学習からその行を除く"),
        "column dropped": Text("column dropped", "列を除く"),
    }
    rows = [
        (name, f"{accuracy(frame, treated(choices, how), 'linear', folds):.1f} %")
        for how, name in names.items()
    ]
    columns = (Text("gaps in `age`", "`age` の欠損"), Text("accuracy", "正解率"))
    caption = Text(
        "What to do with missing values: logistic regression, cross-validation.",
        "欠損値の扱い:ロジスティック回帰、交差検証。",
    )
    return Table(columns, rows, caption)


def power_picture(frame: pd.DataFrame) -> Picture:
    """How well each column alone says the target; from LEAK on it is taken for a leak."""
    target, _ = target_values(frame[TARGET], "classification")
    names = [name for name in frame.columns if name != TARGET]
    powers = {n: round(100 * predictive_power(frame[n], target, True), 1) for n in names}
    xlabel = say("mistakes avoided by this column alone (%)", "その列だけで減らせる誤りの割合(%)")
    return bars(powers, xlabel=xlabel, groups={n: int(p >= 100 * LEAK) for n, p in powers.items()})


def accuracy_picture(scores: dict[str, float]) -> Picture:
    """Promised and kept, without and with the leak."""
    names = {
        "always": say("always the same answer", "つねに同じ答え"),
        "tree": say("tree, cross-validation", "決定木(交差検証)"),
        "mlp": say("network, cross-validation", "ネットワーク(交差検証)"),
        "mlp new": say("network, new members", "ネットワーク(新会員)"),
        "leak": say("with the leak, cross-validation", "漏洩あり(交差検証)"),
        "leak new": say("with the leak, new members", "漏洩あり(新会員)"),
    }
    values = {names[how]: value for how, value in scores.items()}
    groups = {names[how]: int(how.startswith("leak")) for how in scores}
    return bars(values, xlabel=say("accuracy (%)", "正解率(%)"), groups=groups)


_USED = Text("columns of the second table that are used", "二つ目の表の列のうち使われる数")
_CAPTIONS = {
    "power": Text(
        "A small tree on one column alone, tested on rows that it has not seen. A column that "
        "says everything is too good to be true: the fee is charged when a member leaves.",
        "一つの列だけで小さな決定木を作り、見ていない行で試した結果。"
        "すべてを言い当てる列は話がうますぎる。解約手数料は退会するときに初めて決まる。",
    ),
    "accuracy": Text(
        "With the leak left in, cross-validation promises nearly everything. Of new members no fee "
        "is known yet, and the model that had learned to look there is worse than the honest one.",
        "漏洩を残すと、交差検証はほぼ完全な正解率を約束する。新しい会員の手数料はまだ分からないの"
        "で、そこを見ることを覚えたモデルは、漏洩のないモデルより悪くなる。",
    ),
}

EXPERIMENT = Experiment(
    name="a15-input-layer",
    rows=("A15",),
    title=Text("The input layer", "入力層"),
    question=Text(
        "Between a table as it is kept and numbers that a network takes stands a lot of work. What "
        "must be seen and done?",
        "実際の表と、ネットワークに入れられる数値との間には多くの作業がある。何に気づき、"
        "何をすべきか。",
    ),
    claim=Text(
        "A table with all the usual defects, and a second one to join, go in and a trained model "
        "comes out. A leak left in promises what it cannot keep.",
        "よくある欠陥をすべて含む表と、結合する二つ目の表を入れると、学習したモデルが出てくる。"
        "漏洩を残したモデルは、守れない約束をする。",
    ),
    text=Text(
        """A network takes numbers of about the same size, without gaps. So columns that cannot
        help are dropped (constants, identifiers, mostly missing ones); categories become one-hot
        vectors; numbers are scaled, those with a long tail by their logarithm; gaps are filled, and
        a further input says where. What is filled in and how one scales is learned from the
        training rows alone.

        Whole numbers may be labels: shop 7 is not more than shop 3. Look at the column `shop`. It
        is told by the target, which jumps from one number to the next as if their order meant
        nothing. (Of a handful of labels chance may make an order: then only their name helps.)

        The worst is a leak: a column that is known only after the target. It does not look broken,
        it looks like success. Cross-validation does not help, for the leak is in its test rows,
        too. Ask of every column that says too much: would I know this at the time of the question?

        Filling with zero, which courses often show, says that the age is 0. After scaling that is
        an extreme value. Dropping rows costs examples, and in prediction a row cannot be dropped.
        The table compares all of them; here, where gaps come at random, little depends on it.""",
        """ネットワークが受け取れるのは、欠損がなく、大きさのそろった数値である。そこで、役に立たな
        い列(定数、識別子、ほとんど欠損の列)を除き、カテゴリを one-hot ベクトルにし、数値の尺度をそ
        ろえ(裾の長いものは対数をとり)、欠損を埋め、どこが欠損だったかを示す入力を加える。埋める値や
        尺度は学習用の行だけから決める。

        整数はラベルかもしれない。店舗 7 は店舗 3 より大きいわけではない。`shop` の列を見てほしい。
        隣り合う番号の間で目的変数が不規則に跳ぶことから、順序に意味がないと分かる。(ラベルが数個し
        かないと偶然に順序ができることもあり、そのときは列の名前だけが頼りになる。)

        最も悪いのは漏洩、すなわち目的変数より後になって初めて分かる列である。壊れているようには見え
        ず、成功に見える。交差検証も役に立たない。テストの行にも漏洩があるからである。予測力の強すぎ
        る列については、問いの時点でそれを知りえたかと問うこと。

        講義でよく見る「0 で埋める」は、年齢が 0 だと言うのに等しい。尺度をそろえた後では極端な値に
        なる。行を除けば例が減り、予測のときには行を除けない。表で比べている。ここでは欠損が無作為に
        生じるので、違いは小さい。""",
    ),
    work=work,
    formulas=(
        r"x\mapsto\frac{x-\bar{x}}{s},\qquad x\mapsto\frac{\log(1+x)-m}{s}",
        r"\mathrm{power}=1-\frac{\mathrm{errors\ of\ a\ tree\ on\ this\ column}}"
        r"{\mathrm{errors\ of\ the\ most\ frequent\ class}}",
    ),
    code=(members, with_leak, looks_like_labels),
)

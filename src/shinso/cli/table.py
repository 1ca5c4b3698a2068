"""`shinso table`: what is in a table, and a model that predicts one of its columns."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shinso.cli.screen import console, errors, show_table
from shinso.data.atomic import save_bytes

if TYPE_CHECKING:
    import pandas as pd

    from shinso.classical.table_scores import Scores
    from shinso.data.tabular import Choices, TableReport

CHOICES, PAGE, TABLE = "choices.json", "report.html", "table.json"
COLUMNS = "What becomes of single columns (each repeatable)"


def command(
    file: Annotated[Path, typer.Argument(help="A CSV file (plain or .gz) or a Parquet file.")],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    model: Annotated[str, typer.Option(help="mlp, elm, linear or tree.")] = "mlp",
    task: Annotated[
        str | None,
        typer.Option(help="classification or regression. [default: by the target's values]"),
    ] = None,
    join: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE:KEY", help="Add the columns of another table. Repeatable."),
    ] = None,
    choices: Annotated[
        Path | None,
        typer.Option(help="Choices of an earlier run (its choices.json), perhaps changed."),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="Leave a column out.", rich_help_panel=COLUMNS)
    ] = None,
    number: Annotated[
        list[str] | None,
        typer.Option(help="Take a column for a number.", rich_help_panel=COLUMNS),
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(help="Take a column for a category.", rich_help_panel=COLUMNS),
    ] = None,
    ordinal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=A,B,C",
            help="Take a column for a category whose values have an order.",
            rich_help_panel=COLUMNS,
        ),
    ] = None,
    missing: Annotated[
        str | None,
        typer.Option(help="For numbers: median, mean, zero or 'drop rows'. [default: median]"),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            help="For numbers: standard, minmax, robust, log or none. [default: by column]"
        ),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Parts for cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(help="Decides parts, weights and order.")] = 0,
    encoding: Annotated[
        str | None, typer.Option(help="Of the file's text. [default: found out]")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Between cells. [default: found out]")
    ] = None,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Look at the columns; train nothing.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the result. [default: runs/table-NAME, numbered]"),
    ] = None,
) -> None:
    """Report on every column, train a model, cross-validate it, and leave a folder with a report.

    The folder then predicts: shinso predict FOLDER OTHER.csv. Every choice is in its choices.json,
    which can be changed and given again with --choices.
    """
    from shinso.classical.table_model import KINDS, TableModel
    from shinso.classical.table_scores import cross_validate
    from shinso.cli.table_page import write_page
    from shinso.data.tabular import load_choices, read_table, report

    if model not in KINDS:
        raise ValueError(f"--model is one of {', '.join(KINDS)}, not {model!r}")
    if out is not None and out.exists() and any(out.iterdir() if out.is_dir() else [out]):
        raise ValueError(f"{out} is there already: choose another folder")
    frame, reading = read_table(file, encoding=encoding, delimiter=delimiter)
    console.print(f"{file}: {len(frame):,} rows, {len(frame.columns)} columns", markup=False)
    _notes(reading.notes)
    for text in join or []:
        frame = _joined(frame, text)
    found = report(frame, target, task, seed)
    chosen = found.choices()
    if choices is not None:
        chosen = load_choices(choices)
        if chosen.target != target:
            raise ValueError(f"{choices} is for the target {chosen.target!r}, not {target!r}")
    _change(chosen, drop or [], number or [], category or [], ordinal or [], missing, scale)
    _notes(found.notes)
    _show_columns(found, chosen)
    if report_only:
        return
    folder = out or _new_folder(file.stem.partition(".")[0])
    start = time.perf_counter()

    def progress(fold: int) -> None:
        errors.print(f"cross-validation: part {fold + 1} of {folds}", style="dim")

    scores = cross_validate(frame, chosen, model, folds, seed, progress)
    validated = time.perf_counter() - start
    start = time.perf_counter()
    fitted = TableModel(chosen, model, seed).fit(frame)
    trained = time.perf_counter() - start
    fitted.save(folder)
    chosen.save(folder / CHOICES)
    write_page(folder / PAGE, str(file), reading, found, fitted, scores)
    _show_scores(model, scores)
    console.print(
        f"\n{len(fitted.preprocessor.names_)} inputs; cross-validation {validated:.1f} s, training "
        f"on all rows {trained:.1f} s\nreport   {folder / PAGE}\nchoices  {folder / CHOICES}\n"
        f"predict  shinso predict {folder} FILE.csv",
        markup=False,
        soft_wrap=True,
    )


def _joined(frame: pd.DataFrame, text: str) -> pd.DataFrame:
    """The frame with the columns of the table that FILE:KEY names."""
    from shinso.data.tabular import join, read_table

    path, colon, key = text.rpartition(":")
    if not colon or not path or not key:
        raise ValueError(f"--join takes FILE:KEY, such as shops.csv:shop_id, not {text!r}")
    other, reading = read_table(path)
    _notes(reading.notes)
    left, _, right = key.partition("=")
    result, how = join(frame, other, left, right or None)
    console.print(
        f"joined {path}: {len(other):,} rows, {100 * how.matched:.3g} % of the rows have a partner",
        markup=False,
    )
    _notes(how.notes)
    return result


def _change(
    chosen: Choices,
    drop: list[str],
    number: list[str],
    category: list[str],
    ordinal: list[str],
    missing: str | None,
    scale: str | None,
) -> None:
    """Apply the options to the choices."""
    from shinso.data.tabular import ColumnChoice

    for names, use in ((drop, "drop"), (number, "number"), (category, "category")):
        for name in names:
            before = chosen.column(name)
            chosen.columns[name] = ColumnChoice(
                use,
                missing="level" if use == "category" else "median",
                indicator=before.indicator and use == "number",
                why=f"chosen: {use}",
            )
    for text in ordinal:
        name, equals, values = text.partition("=")
        order = [value.strip() for value in values.split(",") if value.strip()]
        if not equals or len(order) < 2:
            raise ValueError(f"--ordinal takes COLUMN=A,B,C, lowest first, not {text!r}")
        chosen.column(name)
        chosen.columns[name] = ColumnChoice(
            "category", "most frequent", encode="ordinal", order=order, why="chosen: an order"
        )
    for choice in chosen.columns.values():
        if choice.use == "number":
            choice.missing = missing or choice.missing
            choice.indicator = choice.indicator and missing != "drop rows"
        if choice.use in ("number", "date"):
            choice.scale = scale or choice.scale
    chosen.check()


def _show_columns(found: TableReport, chosen: Choices) -> None:
    from shinso.cli.table_page import HEADS, column_rows

    console.print()
    shown = [HEADS, *column_rows(found, chosen)]
    if console.width < _WIDE:
        shown = [(*cells[:4], *cells[5:]) for cells in shown]
    show_table(shown[0], shown[1:], numbers=("missing", "distinct"))
    console.print()


def _show_scores(model: str, scores: Scores) -> None:
    from shinso.cli.table_page import score_rows

    console.print(f"{scores.folds} parts of {scores.rows:,} rows, each tested once:\n")
    show_table(("", model, "simple answer"), score_rows(scores), numbers=(model, "simple answer"))


def _notes(notes: list[str]) -> None:
    for note in notes:
        console.print(f"  · {note}", markup=False, soft_wrap=True)


def _new_folder(name: str) -> Path:
    from shinso.cli.train import new_folder

    return new_folder(f"table-{name}")


def is_table(folder: Path) -> bool:
    """Whether a folder is one that `shinso table` left."""
    return (folder / TABLE).is_file()


def predict(folder: Path, tables: list[Path], out: Path | None) -> None:
    """Predict every row of tables with what `shinso table` left in a folder."""
    from shinso.classical.table_model import load_table_model
    from shinso.data.tabular import read_table

    if not tables:
        raise ValueError(f"say which tables: shinso predict {folder} FILE.csv")
    model = load_table_model(folder)
    if out is not None and len(tables) > 1:
        raise ValueError("--out is for the rows of one table")
    for path in tables:
        frame, reading = read_table(path)
        _notes(reading.notes)
        said = model.predict(frame)
        name = model.preprocessor.choices.target
        result = frame.drop(columns=name, errors="ignore").assign(**{f"{name} (predicted)": said})
        if model.classes is not None:
            result["probability"] = model.predict_proba(frame).max(axis=1)
        if out is not None:
            save_bytes(out, result.to_csv(index=False).encode())
            console.print(f"{len(result):,} rows in {out}", markup=False)
            continue
        added = [c for c in result.columns if c.endswith("(predicted)") or c == "probability"]
        rows = [
            (str(number), *(_cell(row[c]) for c in added))
            for number, row in enumerate(result[added].head(_SHOWN_ROWS).to_dict("records"), 1)
        ]
        show_table(("row", *added), rows, numbers=("row", "probability"))
        if len(result) > _SHOWN_ROWS:
            console.print(f"… {len(result):,} rows in all: --out FILE.csv keeps them")


_SHOWN_ROWS = 20
_WIDE = 110  # letters in a line, to show examples, too


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

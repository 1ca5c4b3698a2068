"""Tables as input: read them, see what is in every column, choose, and turn them into numbers.

frame, reading = tabular.read_table("houses.csv")
found = tabular.report(frame, target="price")
prepared = tabular.TablePreprocessor(found.choices()).fit(frame)
x, y = prepared.transform(frame), prepared.target(frame)
"""

from shinso.data.tabular import _needs as _needs
from shinso.data.tabular.choices import Choices, ColumnChoice, load_choices
from shinso.data.tabular.columns import Column
from shinso.data.tabular.joining import JoinReport, join
from shinso.data.tabular.preprocessor import TablePreprocessor, read_preprocessor
from shinso.data.tabular.reading import Reading, read_table
from shinso.data.tabular.report import TableReport, report

__all__ = [
    "Choices",
    "Column",
    "ColumnChoice",
    "JoinReport",
    "Reading",
    "TablePreprocessor",
    "TableReport",
    "join",
    "load_choices",
    "read_preprocessor",
    "read_table",
    "report",
]

"""The zoo's figures for the pages of experiments: parameters as published, tables of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shinso import models, nn
from shinso.lab.experiment import Table, Verdict, Words
from shinso.lab.text import Text
from shinso.models.figures import FIGURES


def parameters(name: str, **options: Any) -> int:
    """The parameters of a network of the zoo, counted on the network itself."""
    with nn.init.skip():
        model = models.create(name, **options)
    return sum(p.size for p in model.parameters())


def count_verdict(
    name: str, published: float, source: str, tolerance: float = 0.0, **options: Any
) -> Verdict:
    """That a network has as many parameters as somebody states.

    published, tolerance: numbers of parameters. source: who states them. options: of the network.
    """
    claim = Text(f"{name}: parameters ({source})", f"{name} のパラメータ数({source})")
    return Verdict(claim, parameters(name, **options), published, tolerance, "=")


def zoo_table(
    names: Sequence[str],
    caption: Words = "",
    more: tuple[Words, Mapping[str, Words]] | None = None,
) -> Table:
    """Year, parameters, multiply-adds and published error of networks of the zoo.

    more: a further column: its heading, and what it says of each network.
    """
    head: tuple[Words, ...] = (
        Text("network", "ネットワーク"),
        Text("year", "年"),
        Text("parameters", "パラメータ数"),
        Text("multiply-adds", "積和演算"),
        Text("published error", "公表された誤り率"),
    )
    if more is None:
        return Table(head, [_figures(name) for name in names], caption)
    heading, texts = more
    return Table((*head, heading), [(*_figures(name), texts[name]) for name in names], caption)


def _figures(name: str) -> tuple[Words, ...]:
    entry = models.entry(name)
    count, work = FIGURES[name]
    return name, str(entry.year), f"{count:,}", millions(work), published_error(name)


def millions(number: int) -> str:
    """A count in millions: "1,498 M", "0.4 M"."""
    return f"{number / 1e6:,.{0 if number >= 1e8 else 1}f} M"


def published_error(name: str) -> str:
    """The published error and what it is of, such as "18.2 % top-5"; "–" without one."""
    found = models.entry(name).published
    if found is None:
        return "–"
    kind = found.measure.partition(",")[0]
    return f"{round(found.error, 2):g} % {kind}"

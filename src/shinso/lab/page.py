"""The page of an experiment: question, formula, the code itself, pictures, tables, verdict."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Sequence
from html import escape
from typing import Any

import latex2mathml.converter
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from shinso.lab.experiment import Experiment, Figure, Outcome, Table, Verdict
from shinso.lab.text import Text, words
from shinso.train.page import page, section
from shinso.viz.numbers import number

_STYLE = """
.claim { font-weight: 600; }
.formula { overflow-x: auto; overflow-y: hidden; padding: 6px 0; font-size: 1.15em; }
.formula math { display: block; margin: 0 auto; width: max-content; max-width: none; }
.code { overflow-x: auto; margin: 0 0 14px; }
.code pre { padding: 12px 14px; background: #f8f8f6; border-radius: 6px; width: max-content;
  min-width: 100%; }
.code + .code { margin-top: 14px; }
.where { font-size: 13px; color: #5a5a5a; margin: 0 0 4px; overflow-wrap: anywhere; }
figure.shown { margin: 0 0 22px; }
figure.shown:last-child { margin-bottom: 0; }
figure.shown img { max-width: min(100%, 760px); height: auto; display: block; }
figure.shown figcaption { max-width: 72ch; }
.verdicts .yes, .verdicts .no { white-space: nowrap; font-weight: 600; }
.verdicts .yes { color: #00684a; }
.verdicts .no { color: #a63c00; }
.verdicts .said { width: 70%; min-width: 16em; }
.verdicts .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.texts td, .texts th { min-width: 7em; }
.caption { font-size: 14px; color: #5a5a5a; margin: 0 0 6px; }
.scroll + .caption { margin-top: 18px; }
.pages { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 16px; }
.pages a { color: inherit; text-decoration: none; }
.pages img { width: 100%; height: 150px; object-fit: contain; background: #fff;
  border: 1px solid #e2e2de; border-radius: 6px; }
.verdicts td a { color: inherit; }
"""

QUESTION = Text("The question", "問い")
FORMULA = Text("The formula", "式")
CODE = Text("The code of it", "そのコード")
PICTURES = Text("What it looks like", "図で見る")
NUMBERS = Text("The numbers", "数値")
VERDICT = Text("The verdict", "判定")
HOLDS, FAILS = Text("borne out", "成立"), Text("not borne out", "不成立")
FOUND, WANTED = Text("found", "実測"), Text("claimed", "主張")
CLAIM = Text("claim", "主張の内容")
CODE_NOTE = Text(
    "Taken from shinso's own source when this page was made.",
    "このページを作ったときの shinso のソースそのものです。",
)


def experiment_page(e: Experiment, found: Outcome, facts: str, language: str) -> str:
    """The whole page as HTML, with its figures as files beside it. facts: how it was run."""

    def say(text: Text | str) -> str:
        return words(text, language)

    parts = [
        section(say(QUESTION), paragraphs(e.question, language) + _claim(e, language)),
        section(say(FORMULA), formulas(e.formulas)) if e.formulas else "",
        section(say(Text("What to know", "知っておくこと")), paragraphs(e.text, language)),
        section(say(PICTURES), "".join(figure(f, language) for f in found.figures))
        if found.figures
        else "",
        section(say(NUMBERS), "".join(table(t, language) for t in found.tables))
        if found.tables
        else "",
        section(say(VERDICT), verdicts(found.verdicts, language) + notes(found.notes, language)),
        section(say(CODE), code(e.code), say(CODE_NOTE)) if e.code else "",
    ]
    title = f"{' · '.join(e.rows)}  {say(e.title)}"
    return framed(title, facts, parts, language)


def framed(title: str, subtitle: str, parts: Sequence[str], language: str) -> str:
    """A page in the style of all pages of the lab."""
    return page(title, subtitle, parts, language=language, style=_STYLE + _code_style())


def paragraphs(text: Text | str, language: str) -> str:
    """Text with blank lines between paragraphs, as HTML."""
    pieces = re.split(r"\n\s*\n", words(text, language))
    return "".join(f"<p>{escape(one_line(piece))}</p>" for piece in pieces if piece.strip())


def one_line(text: str) -> str:
    """Text without its line breaks: a space in their place, but none between Japanese letters."""
    joined = re.sub(r"(?<=[^\x00-\xff])\s*\n\s*(?=[^\x00-\xff])", "", text)
    return " ".join(joined.split())


def formulas(latex: Sequence[str]) -> str:
    """Formulas as MathML, which browsers draw by themselves."""
    return "".join(f'<div class="formula">{mathml(f)}</div>' for f in latex)


def mathml(latex: str, display: str = "block") -> str:
    """One formula as MathML. display: "block" or "inline"."""
    return str(latex2mathml.converter.convert(latex, display=display))


def figure(f: Figure, language: str) -> str:
    """A picture with its caption."""
    caption = words(f.caption, language)
    file = f"{f.name}.{f.kind}"
    return (
        f'<figure class="shown"><img src="{escape(file)}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def table(t: Table, language: str) -> str:
    """A table with its caption above."""
    caption = words(t.caption, language)
    above = f'<p class="caption">{escape(caption)}</p>' if caption else ""
    head = "".join(f"<th>{escape(words(c, language))}</th>" for c in t.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(words(c, language))}</td>" for c in row) + "</tr>"
        for row in t.rows
    )
    kind = "numbers" if t.numbers else "texts"
    return f'{above}<div class="scroll"><table class="{kind}"><tr>{head}</tr>{body}</table></div>'


def verdicts(each: Sequence[Verdict], language: str) -> str:
    """The table of verdicts."""
    return verdict_table([verdict_row(v, language) for v in each], language)


def verdict_table(rows: Sequence[str], language: str, first: str = "") -> str:
    """A table of such rows. first: HTML of the head's cell before."""
    head = "".join(f"<th>{escape(words(n, language))}</th>" for n in ("", CLAIM))
    numbers = "".join(
        f'<th class="number">{escape(words(n, language))}</th>' for n in (FOUND, WANTED)
    )
    return (
        f'<div class="scroll"><table class="verdicts"><tr>{first}{head}{numbers}</tr>'
        f"{''.join(rows)}</table></div>"
    )


def verdict_row(v: Verdict, language: str, first: str = "") -> str:
    """A row of such a table. first: HTML of a cell before it."""
    kind, sign = ("yes", "✓") if v.holds else ("no", "✗")
    said = words(HOLDS if v.holds else FAILS, language)
    return (
        f'<tr>{first}<td class="{kind}">{sign} {escape(said)}</td>'
        f'<td class="said">{escape(words(v.claim, language))}</td>'
        f'<td class="number">{escape(found_text(v))}</td>'
        f'<td class="number">{escape(wanted_text(v))}</td></tr>'
    )


def found_text(v: Verdict) -> str:
    """Our number, with its unit."""
    return _number(v.found, v.unit)


def wanted_text(v: Verdict) -> str:
    """What it must be: "≥ 99.03 % − 0.15 %"."""
    text = f"{v.relation} {_number(v.wanted, v.unit)}"
    if not v.tolerance:
        return text
    if v.wanted == 0 and v.relation in "≤<":
        return f"{v.relation} {_number(v.tolerance, v.unit)}"
    sign = {"=": "±", "≥": "−", ">": "−", "≤": "+", "<": "+"}[v.relation]
    return f"{text} {sign} {_number(v.tolerance, v.unit)}"


def notes(each: Sequence[Text | str], language: str) -> str:
    """Remarks below the verdict."""
    return "".join(f'<p class="note">{escape(words(n, language))}</p>' for n in each)


def code(things: Sequence[Any]) -> str:
    """The source of functions and classes."""
    return "".join(_source(thing) for thing in things)


def _source(thing: Any) -> str:
    text = textwrap.dedent(inspect.getsource(thing))
    where = f"{thing.__module__}.{thing.__qualname__}"
    formatted = highlight(text, PythonLexer(), _formatter())
    return f'<p class="where">{escape(where)}</p><div class="code">{formatted}</div>'


def _formatter() -> HtmlFormatter[str]:
    return HtmlFormatter(style="friendly", nowrap=False, cssclass="source")


def _code_style() -> str:
    return str(_formatter().get_style_defs(".source"))


def _claim(e: Experiment, language: str) -> str:
    return f'<p class="claim">{escape(words(e.claim, language))}</p>'


def _number(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".strip()

"""The frame of a report: one HTML page, its style inside, readable on a phone, without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f5f3; color: #1c1c1c;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 20px; line-height: 1.3; margin: 0 0 12px; }
p { margin: 0 0 12px; max-width: 68ch; }
.sub, .note { color: #5a5a5a; }
.note { font-size: 14px; }
section { background: #fff; border: 1px solid #e2e2de; border-radius: 10px; padding: 20px;
  margin-top: 20px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin-top: 20px; }
.card { background: #fff; border: 1px solid #e2e2de; border-radius: 10px; padding: 14px 16px; }
.card b { display: block; font-size: 26px; line-height: 1.25; font-weight: 650;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.card span { color: #5a5a5a; font-size: 14px; line-height: 1.35; display: block; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr));
  gap: 20px; }
svg { display: block; width: 100%; height: auto; max-width: 620px; }
svg text { font-size: 12.5px; fill: #3c3c3c; font-variant-numeric: tabular-nums; }
svg .label { font-size: 13px; fill: #1c1c1c; }
svg .grid { stroke: #e6e6e2; fill: none; }
svg .axis { stroke: #8a8a8a; fill: none; }
svg .zero { stroke: #1c1c1c; stroke-dasharray: 4 3; fill: none; }
svg .curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
svg .dot { stroke-width: 1.6; }
svg .cell { stroke: #e2e2de; }
svg .point { fill: #0072b2; fill-opacity: .5; }
.scroll { overflow-x: auto; }
.tiles { display: flex; flex-wrap: wrap; gap: 8px; }
.tiles img { width: 64px; height: 64px; image-rendering: pixelated; border: 1px solid #d4d4d0;
  object-fit: contain; background: #fff; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr));
  gap: 14px; }
figure { margin: 0; }
.mistakes img { width: 100%; aspect-ratio: 1; image-rendering: pixelated; object-fit: contain;
  background: #ecece8; border-radius: 6px; display: block; }
figcaption { font-size: 14px; line-height: 1.4; margin-top: 6px; overflow-wrap: anywhere; }
figcaption .small { color: #5a5a5a; }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid #ecece8;
  vertical-align: top; }
tr:last-child th, tr:last-child td { border-bottom: 0; }
.config th { width: 34%; font-weight: 500; color: #5a5a5a; }
.config td { overflow-wrap: anywhere; }
.columns td { white-space: nowrap; }
.columns td:last-child { white-space: normal; min-width: 20em; }
.numbers td, .numbers th { text-align: right; font-variant-numeric: tabular-nums; }
.numbers td:first-child, .numbers th:first-child { text-align: left; }
pre { font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-x: auto;
  margin: 0; }
.empty { color: #5a5a5a; font-style: italic; }
@media (max-width: 560px) {
  main { padding: 18px 12px 32px; }
  section { padding: 14px; border-radius: 8px; }
  .cards { grid-template-columns: repeat(2, 1fr); }
  .card b { font-size: 22px; }
  h1 { font-size: 23px; }
  .tiles img { width: 52px; height: 52px; }
  .mistakes { grid-template-columns: repeat(3, 1fr); gap: 10px; }
  figcaption { font-size: 13px; }
  .card:last-child:nth-child(odd) { grid-column: span 2; }
  table { font-size: 13.5px; }
  th, td { padding-right: 9px; }
  .config th { width: 44%; }
}
@media print { body { background: #fff; } section { break-inside: avoid; } }
"""


def page(
    title: str, subtitle: str, parts: Sequence[str], language: str = "en", style: str = ""
) -> str:
    """A whole page. title and subtitle are text; parts are HTML, in order. style: further CSS."""
    body = "\n".join(part for part in parts if part)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="sub">{escape(subtitle)}</p>\n'
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def section(title: str, content: str, note: str = "") -> str:
    """A box with a heading; content is HTML, title and note are text."""
    below = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<section>\n<h2>{escape(title)}</h2>\n{below}\n{content}\n</section>"


def cards(numbers: Sequence[tuple[str, str]]) -> str:
    """The headline numbers: (number, what it is), both text."""
    each = [
        f'<div class="card"><b>{escape(n)}</b><span>{escape(w)}</span></div>' for n, w in numbers
    ]
    return f'<div class="cards">{"".join(each)}</div>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], kind: str) -> str:
    """A table of texts. kind: its CSS class; without a head the first column holds row names."""
    lines = []
    if head:
        lines.append("<tr>" + "".join(f"<th>{escape(h)}</th>" for h in head) + "</tr>")
    for row in rows:
        first = "td" if head else "th"
        cells = "".join(f"<td>{escape(c)}</td>" for c in row[1:])
        lines.append(f"<tr><{first}>{escape(row[0])}</{first}>{cells}</tr>")
    return f'<div class="scroll"><table class="{kind}">{"".join(lines)}</table></div>'

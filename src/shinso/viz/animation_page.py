"""An animation as one web page: its frames inside, a button, a slider and a few lines of script."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence

from PIL import Image

from shinso.cell import Array
from shinso.viz.style import get_language, say

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: #f5f5f3; color: #1c1c1c;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }}
main {{ max-width: {width}px; margin: 0 auto; padding: 12px; }}
img {{ display: block; width: 100%; height: auto; background: #fff; border: 1px solid #e2e2de;
  border-radius: 8px; }}
.controls {{ display: flex; align-items: center; gap: 12px; margin-top: 12px; }}
button {{ font: inherit; min-width: 6.5em; min-height: 44px; padding: 0 14px; color: #fff;
  background: #0072b2; border: 0; border-radius: 8px; cursor: pointer; }}
button:focus-visible, input:focus-visible {{ outline: 3px solid #e69f00; outline-offset: 2px; }}
input {{ flex: 1; min-width: 0; height: 44px; accent-color: #0072b2; }}
output {{ min-width: 4.5em; text-align: right; font-variant-numeric: tabular-nums; }}
</style>
</head>
<body>
<main>
<img id="frame" width="{pixels}" height="{height}" alt="{title}">
<div class="controls">
<button id="play" type="button"></button>
<input id="slider" type="range" min="0" max="{last}" value="0" aria-label="{frame}">
<output id="number" for="slider"></output>
</div>
</main>
<script>
const frames = {frames}, milliseconds = {milliseconds}, words = {words};
const [frame, play, slider, number] =
  ["frame", "play", "slider", "number"].map(id => document.getElementById(id));
let timer = null;
function show(i) {{
  slider.value = i;
  frame.src = frames[i];
  number.textContent = (i + 1) + " / " + frames.length;
}}
function pause() {{ clearInterval(timer); timer = null; play.textContent = words.play; }}
function start() {{
  play.textContent = words.pause;
  timer = setInterval(() => show((Number(slider.value) + 1) % frames.length), milliseconds);
}}
play.onclick = () => timer === null ? start() : pause();
slider.oninput = () => {{ pause(); show(Number(slider.value)); }};
show(0);
if (matchMedia("(prefers-reduced-motion: reduce)").matches) pause(); else start();
</script>
</body>
</html>
"""


def animation_page(frames: Sequence[Array], seconds: float) -> str:
    """The whole page. frames: uint8 (H, W, 3). seconds: how long each stays."""
    height, width = frames[0].shape[:2]
    words = {"play": say("Play", "再生"), "pause": say("Pause", "停止")}
    return _PAGE.format(
        language=get_language(),
        title=say("Animation", "アニメーション"),
        frame=say("Frame", "コマ"),
        width=max(width, 360) + 24,
        pixels=width,
        height=height,
        last=len(frames) - 1,
        frames=json.dumps([_data_uri(frame) for frame in frames]),
        milliseconds=round(1000 * seconds),
        words=json.dumps(words, ensure_ascii=False),
    )


def _data_uri(frame: Array) -> str:
    """A frame as the `src` of an image: a PNG of 256 colours, a third of the size of a full one."""
    content = io.BytesIO()
    few = Image.fromarray(frame).quantize(256, dither=Image.Dither.NONE)
    few.save(content, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii")

"""Keep results of `shinso lab run` in the documents: python docs/site/collect_lab.py RUNS LANGUAGE.

RUNS: the folder with a folder for each experiment (runs/lab). Figures become pictures of 256
colours, so that the repository stays small; animations stay as they are.
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image

LAB = Path(__file__).parent.parent / "lab"
WIDEST = 1100


def collect(runs: Path, language: str) -> int:
    """Copy every result; returns how many there were."""
    found = sorted(runs.glob("*/result.json"))
    for result in found:
        folder = LAB / language / result.parent.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in sorted(result.parent.iterdir()):
            if file.suffix == ".png":
                (folder / file.name).write_bytes(smaller(file.read_bytes()))
            elif file.name != "index.html":
                shutil.copy(file, folder / file.name)
    return len(found)


def smaller(content: bytes) -> bytes:
    """A PNG no wider than 1 100 pixels, of 256 colours."""
    with Image.open(io.BytesIO(content)) as opened:
        image = opened.convert("RGB")
    if image.width > WIDEST:
        image = image.resize((WIDEST, round(image.height * WIDEST / image.width)), Image.LANCZOS)
    made = io.BytesIO()
    image.quantize(256, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    return min(made.getvalue(), content, key=len)


if __name__ == "__main__":
    print(f"{collect(Path(sys.argv[1]), sys.argv[2])} results")

"""Without its libraries the lab, and viz, say what to install."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("missing", "part"),
    [
        ("latex2mathml", "lab"), ("pygments", "lab"), ("matplotlib", "lab"), ("sklearn", "lab"),
        ("matplotlib", "viz"), ("pygraphviz", "viz"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(missing, part):
    code = f"import sys; sys.modules[{missing!r}] = None; import shinso.{part}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert missing in run.stderr
    assert f"pip install 'shinso[{part}]'" in run.stderr

"""Reference outputs at full size, where a folder of them is given: SHINSO_ORACLE=folder pytest …"""

import sys
from pathlib import Path

import pytest

from shinso import models

sys.path.insert(0, str(Path(__file__).parent))

from zoo import ORACLE, check_oracle, needs_oracle


def names() -> list[str]:
    """The networks of the folder that the table knows, by whichever of their names."""
    found = []
    for path in sorted(Path(ORACLE).glob("*.npz")) if ORACLE else []:
        try:
            models.entry(path.stem)
        except ValueError:
            continue
        found.append(path.stem)
    return found


@needs_oracle
@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_reference_at_full_size(name):
    for key, error in check_oracle(name).items():
        print(f"{name} {key}: {error:.1e}")

"""Make src/shinso/data/files/digits.npz from scikit-learn's copy of the UCI optical digits.

Run once, in an environment with scikit-learn (not one of our dependencies):

    pip install scikit-learn==1.9.1
    python tests/data/make_digits.py src/shinso/data/files/digits.npz

Argument: the file to write. It gets two arrays: `images`, uint8 (1797, 8, 8), values 0 to 16, and
`labels`, uint8 (1797,), values 0 to 9, both in scikit-learn's order.
"""

import sys
from pathlib import Path

import numpy as np


def main(target: Path) -> None:
    from sklearn.datasets import load_digits  # not a dependency: only this script needs it

    source = load_digits()
    images, labels = source.images.astype(np.uint8), source.target.astype(np.uint8)
    if not np.array_equal(images, source.images) or not np.array_equal(labels, source.target):
        raise ValueError("the digits are no longer small whole numbers")
    unfinished = target.with_name("unfinished.npz")
    np.savez_compressed(unfinished, images=images, labels=labels)
    unfinished.replace(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

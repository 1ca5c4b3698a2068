"""The bundled data set: 1797 handwritten digits of 8 x 8 pixels, real data without a network.

The licence and the source stand beside the file, in files/LICENSE-digits.txt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from shinso.data.dataset import ArrayDataset, train_test_split
from shinso.data.protocols import Transform

FILE = Path(__file__).parent / "files" / "digits.npz"
LARGEST_PIXEL = 16
TEST_EXAMPLES = 360
SPLIT_SEED = 0


def digits(
    split: Literal["train", "test"] = "train", transform: Transform | None = None
) -> ArrayDataset:
    """Return the UCI optical digits: images uint8 (N, 1, 8, 8) from 0 to 16, labels int64 (N,).

    The split is fixed: 1437 training and 360 test images, stratified, drawn with seed 0. To get
    numbers from 0 to 1, use `ToFloat(scale=16)`.

    split: "train" or "test"; raises ValueError for another. transform: as in `ArrayDataset`.
    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998, doi:10.24432/C50P49, CC BY 4.0.
    """
    if split not in ("train", "test"):
        raise ValueError(f"digits: split must be 'train' or 'test', got {split!r}.")
    with np.load(FILE, allow_pickle=False) as file:
        images, labels = file["images"][:, None], file["labels"].astype(np.int64)
    classes = [str(digit) for digit in range(10)]
    everything = ArrayDataset(images, labels, classes=classes, name="digits", transform=transform)
    train, test = train_test_split(everything, TEST_EXAMPLES, SPLIT_SEED)
    return train if split == "train" else test

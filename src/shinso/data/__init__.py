"""Data: reading it, checking it, and delivering it in batches of plain NumPy arrays."""

from shinso.data.catalog import DatasetInfo, load, names
from shinso.data.csv_table import csv_table
from shinso.data.dataset import ArrayDataset, train_test_split
from shinso.data.digits import digits
from shinso.data.erasing import Cutout, RandomErasing
from shinso.data.errors import DataError
from shinso.data.idx import read_idx
from shinso.data.imagefolder import image_folder, image_folder_splits
from shinso.data.images import read_image
from shinso.data.loader import DataLoader
from shinso.data.mixing import CutMix, Mixup, RandomChoice
from shinso.data.preprocessing import ImagePreprocessing
from shinso.data.resample import RandomRotation, Resize
from shinso.data.splits import DataSplits, mean_and_std
from shinso.data.transforms import (
    Compose,
    Flatten,
    Normalize,
    OneHot,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    ToFloat,
)

__all__ = [
    "ArrayDataset",
    "Compose",
    "CutMix",
    "Cutout",
    "DataError",
    "DataLoader",
    "DataSplits",
    "DatasetInfo",
    "Flatten",
    "ImagePreprocessing",
    "Mixup",
    "Normalize",
    "OneHot",
    "Pad",
    "RandomChoice",
    "RandomCrop",
    "RandomErasing",
    "RandomHorizontalFlip",
    "RandomRotation",
    "Resize",
    "ToFloat",
    "csv_table",
    "digits",
    "image_folder",
    "image_folder_splits",
    "load",
    "mean_and_std",
    "names",
    "read_idx",
    "read_image",
    "train_test_split",
]

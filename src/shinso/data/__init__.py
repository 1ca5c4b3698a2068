"""Data: reading it, checking it, and delivering it in batches of plain NumPy arrays."""

from shinso.data.catalog import DatasetInfo as DatasetInfo
from shinso.data.catalog import load as load
from shinso.data.catalog import names as names
from shinso.data.csv_table import csv_table as csv_table
from shinso.data.dataset import ArrayDataset as ArrayDataset
from shinso.data.dataset import train_test_split as train_test_split
from shinso.data.digits import digits as digits
from shinso.data.errors import DataError as DataError
from shinso.data.idx import read_idx as read_idx
from shinso.data.imagefolder import image_folder as image_folder
from shinso.data.imagefolder import image_folder_splits as image_folder_splits
from shinso.data.images import read_image as read_image
from shinso.data.loader import DataLoader as DataLoader
from shinso.data.resample import RandomRotation as RandomRotation
from shinso.data.resample import Resize as Resize
from shinso.data.splits import DataSplits as DataSplits
from shinso.data.splits import mean_and_std as mean_and_std
from shinso.data.transforms import Compose as Compose
from shinso.data.transforms import Flatten as Flatten
from shinso.data.transforms import Normalize as Normalize
from shinso.data.transforms import OneHot as OneHot
from shinso.data.transforms import Pad as Pad
from shinso.data.transforms import RandomCrop as RandomCrop
from shinso.data.transforms import RandomHorizontalFlip as RandomHorizontalFlip
from shinso.data.transforms import ToFloat as ToFloat

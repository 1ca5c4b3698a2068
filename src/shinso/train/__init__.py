"""Training: the loop, callbacks, checkpoints, metrics, run folders and reports."""

from shinso.train.callbacks import (
    Callback,
    LambdaCallback,
    LearningRateScheduler,
    TerminateOnNaN,
)
from shinso.train.checkpoint import Checkpoint, load_checkpoint
from shinso.train.csvlog import CSVLogger
from shinso.train.diagnose import NonFiniteError
from shinso.train.history import History
from shinso.train.interrupt import Interrupted
from shinso.train.metrics import (
    accuracy,
    confusion_matrix,
    f1_score,
    mean_absolute_error,
    precision,
    recall,
    root_mean_squared_error,
    top_k_accuracy,
)
from shinso.train.monitors import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from shinso.train.runs import RunFolder, read_config, read_metrics
from shinso.train.streaming import (
    F1,
    Accuracy,
    ConfusionMatrix,
    Mean,
    MeanAbsoluteError,
    Metric,
    Precision,
    Recall,
    RootMeanSquaredError,
    TopKAccuracy,
)
from shinso.train.trainer import Trainer

__all__ = [
    "F1",
    "Accuracy",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "ConfusionMatrix",
    "EarlyStopping",
    "History",
    "Interrupted",
    "LambdaCallback",
    "LearningRateScheduler",
    "Mean",
    "MeanAbsoluteError",
    "Metric",
    "ModelCheckpoint",
    "NonFiniteError",
    "Precision",
    "Recall",
    "ReduceLROnPlateau",
    "RootMeanSquaredError",
    "RunFolder",
    "TerminateOnNaN",
    "TopKAccuracy",
    "Trainer",
    "accuracy",
    "confusion_matrix",
    "f1_score",
    "load_checkpoint",
    "mean_absolute_error",
    "precision",
    "read_config",
    "read_metrics",
    "recall",
    "root_mean_squared_error",
    "top_k_accuracy",
]

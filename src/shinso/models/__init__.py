"""Networks and simple models, one file per idea or paper."""

from shinso.models.activations import activation_layer
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.lenet import LeNet5
from shinso.models.mlp import MLP
from shinso.models.neuron import McCullochPitts
from shinso.models.perceptron import Perceptron
from shinso.models.registry import create, entry, list
from shinso.models.regression import LogisticRegression, Polynomial

__all__ = [
    "MLP",
    "Entry",
    "LeNet5",
    "LogisticRegression",
    "McCullochPitts",
    "Perceptron",
    "Polynomial",
    "Preprocessing",
    "Published",
    "activation_layer",
    "create",
    "entry",
    "list",
]

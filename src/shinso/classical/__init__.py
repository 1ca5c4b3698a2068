"""Learning before and beside backpropagation, with scikit-learn's estimator protocol."""

from shinso.classical import _needs as _needs
from shinso.classical.autoencoder import StackedAutoEncoder, StackedDenoisingAutoEncoder
from shinso.classical.dbm import DBMClassifier
from shinso.classical.dbn import DBNClassifier
from shinso.classical.elm import ELMClassifier, ELMRegressor
from shinso.classical.elm_autoencoder import ELMAutoEncoder, MultilayerELM
from shinso.classical.features import RandomFourierFeatures
from shinso.classical.kernels import KernelClassifier, KernelRidge
from shinso.classical.logistic import LogisticRegression
from shinso.classical.mlp import MLPClassifier, MLPRegressor
from shinso.classical.perceptron import PerceptronClassifier
from shinso.classical.rbm import RBM
from shinso.classical.saving import load
from shinso.classical.table_model import TableModel, load_table_model
from shinso.classical.table_scores import cross_validate
from shinso.classical.tree import TreeClassifier, TreeRegressor

__all__ = [
    "RBM",
    "DBMClassifier",
    "DBNClassifier",
    "ELMAutoEncoder",
    "ELMClassifier",
    "ELMRegressor",
    "KernelClassifier",
    "KernelRidge",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "MultilayerELM",
    "PerceptronClassifier",
    "RandomFourierFeatures",
    "StackedAutoEncoder",
    "StackedDenoisingAutoEncoder",
    "TableModel",
    "TreeClassifier",
    "TreeRegressor",
    "cross_validate",
    "load",
    "load_table_model",
]

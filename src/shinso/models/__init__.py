"""Networks and simple models, one file per idea or paper."""

from shinso.models import weights
from shinso.models.activations import activation_layer
from shinso.models.alexnet import AlexNet
from shinso.models.alexnet_lrn import AlexNetLRN
from shinso.models.cifar_resnet import CifarPlainNet, CifarResNet
from shinso.models.densenet import CifarDenseNet, DenseNet
from shinso.models.efficientnet import EfficientNet
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.fractalnet import FractalNet
from shinso.models.googlenet import GoogLeNet
from shinso.models.inception_resnet import InceptionResNetV2
from shinso.models.inception_v3 import InceptionV3
from shinso.models.inception_v4 import InceptionV4
from shinso.models.lenet import LeNet5
from shinso.models.mlp import MLP
from shinso.models.mnasnet import MNASNet
from shinso.models.mobilenet_v1 import MobileNetV1
from shinso.models.mobilenet_v2 import MobileNetV2
from shinso.models.mobilenet_v3 import MobileNetV3
from shinso.models.neuron import McCullochPitts
from shinso.models.perceptron import Perceptron
from shinso.models.preact_resnet import CifarPreActResNet, PreActResNet
from shinso.models.pyramidnet import PyramidNet
from shinso.models.registry import create, entry, list
from shinso.models.regression import LogisticRegression, Polynomial
from shinso.models.resnet import ResNet
from shinso.models.resnext import CifarResNeXt
from shinso.models.ror import RoR
from shinso.models.senet import CifarSEResNet, SENet, SEResNet
from shinso.models.shake_shake import ShakeShakeNet
from shinso.models.shakedrop import ShakeDropPyramidNet
from shinso.models.shufflenet_v2 import ShuffleNetV2
from shinso.models.squeezenet import SqueezeNet
from shinso.models.swapout import SwapoutResNet
from shinso.models.vgg import VGG
from shinso.models.wide_resnet import WideResNet
from shinso.models.xception import Xception
from shinso.models.zfnet import ZFNet

__all__ = [
    "MLP",
    "VGG",
    "AlexNet",
    "AlexNetLRN",
    "CifarDenseNet",
    "CifarPlainNet",
    "CifarPreActResNet",
    "CifarResNeXt",
    "CifarResNet",
    "CifarSEResNet",
    "DenseNet",
    "EfficientNet",
    "Entry",
    "FractalNet",
    "GoogLeNet",
    "InceptionResNetV2",
    "InceptionV3",
    "InceptionV4",
    "LeNet5",
    "LogisticRegression",
    "MNASNet",
    "McCullochPitts",
    "MobileNetV1",
    "MobileNetV2",
    "MobileNetV3",
    "Perceptron",
    "Polynomial",
    "PreActResNet",
    "Preprocessing",
    "Published",
    "PyramidNet",
    "ResNet",
    "RoR",
    "SENet",
    "SEResNet",
    "ShakeDropPyramidNet",
    "ShakeShakeNet",
    "ShuffleNetV2",
    "SqueezeNet",
    "SwapoutResNet",
    "WideResNet",
    "Xception",
    "ZFNet",
    "activation_layer",
    "create",
    "entry",
    "list",
    "weights",
]

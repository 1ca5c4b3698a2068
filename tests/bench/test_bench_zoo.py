"""The zoo's workloads are models that exist, in the sizes that they say."""

import pytest

from bench.on_shinso import ShinsoNetwork
from bench.zoo import PEERS, ZOO
from shinso import models


@pytest.mark.parametrize("name", ZOO)
def test_every_workload_is_a_model_of_the_zoo(name):
    entry, workload = models.entry(name), ZOO[name]
    assert workload.classes == entry.num_classes
    assert workload.shape == entry.input_shape
    assert PEERS[name].library in ("torchvision", "pytorchcv")


def test_a_network_of_the_zoo_trains():
    network = ShinsoNetwork(ZOO["cifar_resnet56"], 2)
    assert {"layer1.0.conv1.weight", "linear.weight"} & set(network.state())
    first, second = network.losses(2)
    assert first != second

"""The bench's networks are the ones it names, and both sides compute the same with them."""

import numpy as np
import pytest

from bench.on_shinso import ShinsoNetwork, ShinsoSide
from bench.workloads import WORKLOADS

SMALL = [name for name in WORKLOADS if name != "alexnet"]


@pytest.mark.parametrize("name", WORKLOADS)
def test_parameter_counts(name):
    workload = WORKLOADS[name]
    model = ShinsoNetwork(workload, 1).model
    assert sum(p.size for p in model.parameters()) == workload.parameters


def test_published_parameter_counts():
    assert WORKLOADS["alexnet"].parameters == 61_100_840  # torchvision's documentation
    assert round(WORKLOADS["resnet20"].parameters, -4) == 270_000  # the paper's table 6: 0.27 M
    assert WORKLOADS["mlp"].parameters == 784 * 100 + 100 + 100 * 10 + 10


@pytest.mark.parametrize("name", WORKLOADS)
def test_inference_takes_one_example_and_keeps_no_graph(name):
    workload = WORKLOADS[name]
    network = ShinsoNetwork(workload, 1)
    with network.ready("infer") as call:
        y = call()
    assert y.shape == (1, workload.classes)
    assert y.dtype == np.float32
    assert not y.requires_grad
    assert not network.model.training


@pytest.mark.parametrize("name", SMALL)
def test_training_lowers_the_loss_and_leaves_no_gradient(name):
    network = ShinsoNetwork(WORKLOADS[name], 4)
    with network.ready("train") as call:
        before = float(call())
        for _ in range(20):
            after = float(call())
    assert after < before
    assert network.model.training
    assert all(p.grad is None for p in network.model.parameters())


def test_a_saved_state_gives_the_same_losses():
    first, second = (ShinsoNetwork(WORKLOADS["mlp"], 4) for _ in range(2))
    second.load(first.state())
    assert second.losses(3) == first.losses(3)


def test_losses_of_a_network_with_dropout_do_not_depend_on_chance():
    network = ShinsoNetwork(WORKLOADS["alexnet"], 1)
    network.model.train()
    [loss] = network.losses(1)
    assert not network.model.training
    assert loss == pytest.approx(np.log(1000), rel=0.05)


@pytest.mark.parametrize("name", SMALL)
def test_torch_computes_the_same(name):
    pytest.importorskip("torch")
    from bench.on_torch import TorchNetwork, TorchSide

    workload = WORKLOADS[name]
    variants = TorchSide(2).variants(workload)
    assert variants[-1] == "compile"
    ours = ShinsoSide().build(workload, "numpy", 4)
    start = ours.state()
    losses = ours.losses(3)
    for variant in variants[:-1]:
        theirs = TorchNetwork(workload, variant, 4)
        assert theirs.state().keys() == start.keys()
        theirs.load(start)
        np.testing.assert_allclose(theirs.losses(3), losses, atol=1e-4)
        with theirs.ready("infer") as call:
            assert call().shape == (1, workload.classes)

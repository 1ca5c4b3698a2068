"""Networks beside reference implementations: keys, outputs and gradients under the same weights.

No weight files are needed: every entry of a state is a fixed function of its name and shape.
`tests/golden/models/reference.py` is PyTorch's side of the same computation.

    from zoo import check_golden          # after sys.path.insert(0, str(Path(__file__).parent))
    check_golden("vgg11_bn")
    check_golden("googlenet", file="googlenet_no_heads", aux_logits=False)
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shinso import models, nn
from shinso.graph import Tensor, no_grad

GOLDEN = Path(__file__).parent.parent / "golden" / "models"
ORACLE = os.environ.get("SHINSO_ORACLE")
needs_oracle = pytest.mark.skipif(ORACLE is None, reason="SHINSO_ORACLE names no folder")

SINGLE, DOUBLE = 1e-4, 1e-8  # allowed differences in float32 and float64, of an array's scale
# Inception v3's head normalizes over two numbers: PyTorch's own float32 is 1.2e-4 off, too.
LOOSER = {"float32 train:aux_logits": 3e-4}
LEAST_SCALE = 1e-3  # a gradient that is 0 up to rounding (a bias before a batch norm) is no scale
OUTPUTS, GRADIENTS = 128, 48  # at most so many numbers of an array are kept in a golden file


def formula_weights(state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """For each name of a state_dict an array of its shape, float64, made from the name alone."""
    return {key: _formula(key, tuple(value.shape)) for key, value in state.items()}


def _formula(key: str, shape: tuple[int, ...]) -> np.ndarray:
    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    n = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)
    if n.ndim >= 2:
        return n * math.sqrt(2 / math.prod(shape[1:]))
    if key.endswith("running_var"):
        return np.exp(0.2 * n)
    if key.endswith(("running_mean", "bias")):
        return 0.1 * n
    return 1 + 0.1 * n


def key_hash(model: nn.Module) -> str:
    """16 hexadecimal digits that stand for the names and shapes of the state, in their order."""
    pairs = [[key, list(value.shape)] for key, value in model.state_dict().items()]
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()[:16]


def count(model: nn.Module) -> int:
    """How many numbers the model learns."""
    return sum(p.size for p in model.parameters())


@contextmanager
def undrawn() -> Iterator[None]:
    """Networks built inside have zeros for random weights: large ones take no time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("uniform_", "normal_", "trunc_normal_"):
            patch.setattr(nn.init, name, lambda tensor, *args, **kwargs: tensor, raising=False)
        yield


def without_chance(model: nn.Module) -> nn.Module:
    """Switch off dropout and stochastic depth: whatever is dropped with a probability."""
    for module in model.modules():
        for name in ("p", "drop_prob", "drop_rate", "drop_path"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    return model


def check_golden(name: str, file: str | None = None, **options: Any) -> dict[str, float]:
    """Compare models.create(name, **options) with tests/golden/models/NAME.npz (or FILE.npz).

    Names and shapes of the state, the number of parameters and, where the file has them: outputs
    in evaluation (float32 and float64) and training, gradients in both, running statistics after
    one training step. Returns the differences found, each relative to its array's scale.
    """
    with undrawn():
        model = models.create(name, **options)
    return check_model(model, file or name)


def check_model(model: nn.Module, file: str) -> dict[str, float]:
    """As check_golden, for a network or a part of one that is built already."""
    with np.load(GOLDEN / f"{file}.npz") as content:
        golden = dict(content)
    assert key_hash(model) == str(golden.pop("hash")), first_keys(model)
    assert count(model) == int(golden.pop("parameters"))
    if "output" not in golden:
        return {}
    shape = tuple(int(n) for n in golden.pop("input_shape"))
    found = differences(model, golden, shape, OUTPUTS, GRADIENTS)
    assert_small(found)
    return found


def check_oracle(name: str, **options: Any) -> dict[str, float]:
    """Compare models.create(name, **options) with NAME.json and NAME.npz in $SHINSO_ORACLE.

    As check_golden, at the paper's full size; training mode in float32, too.
    """
    assert ORACLE is not None
    known = json.loads((Path(ORACLE) / f"{name}.json").read_text())
    with np.load(Path(ORACLE) / f"{name}.npz") as content:
        golden = dict(content)
    with undrawn():
        model = models.create(name, **options)
    ours = [[key, list(value.shape)] for key, value in model.state_dict().items()]
    assert ours == known["state_dict"]
    assert count(model) == known["parameters"]
    found = differences(model, golden, tuple(known["input"]), None, 512, single_training=True)
    assert_small(found)
    return found


def trained_once(model: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """The output for random images in training, after insisting that every parameter learns."""
    y = model(np.random.default_rng(0).standard_normal(shape).astype(np.float32))
    (y * np.random.default_rng(1).standard_normal(y.shape).astype(np.float32)).sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    assert all(np.isfinite(p.grad).all() for p in model.parameters())
    return y


def first_keys(model: nn.Module) -> str:
    """The beginning of the state, for a message."""
    pairs = [f"{key} {value.shape}" for key, value in model.state_dict().items()]
    return f"{len(pairs)} entries: {', '.join(pairs[:12])}, …"


def assert_small(found: Mapping[str, float]) -> None:
    """Insist that every difference is within what its type of number allows."""
    wrong = {key: f"{error:.1e}" for key, error in found.items() if not error <= allowed(key)}
    assert not wrong, wrong


def allowed(key: str) -> float:
    """The difference that an array of this name may have."""
    return LOOSER.get(key, SINGLE if key.startswith("float32 ") else DOUBLE)


def differences(
    model: nn.Module,
    golden: Mapping[str, np.ndarray],
    shape: tuple[int, ...],
    outputs: int | None,
    gradients: int,
    single_training: bool = False,
) -> dict[str, float]:
    """Largest difference from each golden array, relative to its scale, under formula weights."""
    x = np.random.default_rng(0).standard_normal(shape)
    found: dict[str, float] = {}

    def compare(values: Mapping[str, Any], label: str = "") -> None:
        for key in golden.keys() & values.keys():
            limit = gradients if "grad" in key or "after" in key else outputs
            found[label + key] = relative(values[key], golden[key], limit)

    state = formula_weights(model.state_dict())
    without_chance(model).load_state_dict(state)
    compare({"output": unrecorded(model.eval(), x)}, "float32 ")
    if single_training:
        compare(named_heads(unrecorded(model.train(), x)), "float32 ")
    model.double().load_state_dict(state)
    y, named = with_gradients(model.eval(), x)
    compare({"output": y, **named})
    model.zero_grad()
    y, named = with_gradients(model.train(), x)
    compare(named_heads(y) | {f"train_{key}": value for key, value in named.items()})
    compare({f"after:{key}": value for key, value in model.named_buffers()})
    assert found.keys() >= golden.keys()
    return found


def unrecorded(model: nn.Module, x: np.ndarray) -> Any:
    """The output for x in float32, without a graph for backward."""
    with no_grad():
        return model(Tensor(x.astype(np.float32)))


def with_gradients(model: nn.Module, x: np.ndarray) -> tuple[Any, dict[str, np.ndarray]]:
    """The output for x, and the gradients of Σ g·output (over all heads) by name."""
    taken = Tensor(x, requires_grad=True)
    y = model(taken)
    parts = []
    for head in y if isinstance(y, tuple) else (y,):
        parts.append((head * np.random.default_rng(1).standard_normal(head.shape)).sum())
    sum(parts[1:], parts[0]).backward()
    named = {f"grad:{k}": p.grad for k, p in model.named_parameters() if p.grad is not None}
    return y, {"input_grad": taken.grad, **named}


def named_heads(y: Any) -> dict[str, Any]:
    """train:output, or train:FIELD for each head of a NamedTuple."""
    heads = y._asdict() if isinstance(y, tuple) else {"output": y}
    return {f"train:{name}": head for name, head in heads.items()}


def sample(values: Any, limit: int | None) -> np.ndarray:
    """Every k-th number, so that at most `limit` are left."""
    flat = np.asarray(values.numpy() if isinstance(values, Tensor) else values).ravel()
    return flat if limit is None else flat[:: max(1, math.ceil(flat.size / limit))]


def relative(found: Any, golden: np.ndarray, limit: int | None) -> float:
    """max |found - golden| / max |golden|."""
    ours, theirs = sample(found, limit), golden.ravel()
    assert ours.shape == theirs.shape
    scale = max(float(np.abs(theirs).max()), LEAST_SCALE)
    return float(np.abs(ours - theirs).max()) / scale

"""Published weights into our networks: other versions' names, and the options a file asks for.

Our names are torchvision's, and timm's where torchvision lacks the network, so most files fit as
they are. The table here says where another version, or another library, has other names for the
same network. Networks that only look alike are refused: the numbers would fit and be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shinso import nn
from shinso.cell import Array
from shinso.models.registry import create, entry

# -- the table ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Renaming:
    """Other names for the same numbers.

    models: a pattern of our models' names. source: whose names these are. patterns: (pattern,
    replacement) for whole names, as in `re.sub`; the first that is found counts. modules: the
    part of a name before its last dot, and ours for it. flat: modules whose weight (O, C, H, W)
    is our (O, C·H·W): a convolution over everything, written as a fully connected layer here.
    """

    models: str
    source: str
    patterns: tuple[tuple[str, str], ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    flat: tuple[str, ...] = ()


def _blocks(
    stages: tuple[int, ...], place: str, first: Mapping[str, str], later: Mapping[str, str]
) -> dict[str, str]:
    """timm's inverted residuals, blocks.STAGE.NUMBER.PART.

    stages: blocks per stage. place: ours, with {stage}, {block} and {count} (over all stages).
    first, later: our name of each part, in the first stage and in all others.
    """
    found: dict[str, str] = {}
    count = 0
    for stage, length in enumerate(stages):
        for block in range(length):
            ours = place.format(stage=stage + 1, block=block, count=count + 1, stack=stage + 7)
            parts = later if stage else first
            found |= {f"blocks.{stage}.{block}.{t}": f"{ours}{o}" for t, o in parts.items()}
            count += 1
    return found


_MOBILENET_V2 = {
    "conv_stem": "features.0.0", "bn1": "features.0.1",
    "conv_head": "features.18.0", "bn2": "features.18.1", "classifier": "classifier.1",
} | _blocks(
    (1, 2, 3, 4, 3, 3, 1), "features.{count}.conv.",
    {"conv_dw": "0.0", "bn1": "0.1", "conv_pw": "1", "bn2": "2"},
    {"conv_pw": "0.0", "bn1": "0.1", "conv_dw": "1.0", "bn2": "1.1", "conv_pwl": "2", "bn3": "3"},
)  # fmt: skip

_EFFICIENTNET_B0 = {
    "conv_stem": "features.0.0", "bn1": "features.0.1",
    "conv_head": "features.8.0", "bn2": "features.8.1", "classifier": "classifier.1",
} | _blocks(
    (1, 2, 2, 3, 3, 4, 1), "features.{stage}.{block}.block.",
    {"conv_dw": "0.0", "bn1": "0.1", "se.conv_reduce": "1.fc1", "se.conv_expand": "1.fc2",
     "conv_pw": "2.0", "bn2": "2.1"},
    {"conv_pw": "0.0", "bn1": "0.1", "conv_dw": "1.0", "bn2": "1.1", "se.conv_reduce": "2.fc1",
     "se.conv_expand": "2.fc2", "conv_pwl": "3.0", "bn3": "3.1"},
)  # fmt: skip

_MNASNET = {
    "conv_stem": "layers.0", "bn1": "layers.1", "blocks.0.0.conv_dw": "layers.3",
    "blocks.0.0.bn1": "layers.4", "blocks.0.0.conv_pw": "layers.6", "blocks.0.0.bn2": "layers.7",
    "conv_head": "layers.14", "bn2": "layers.15", "classifier": "classifier.1",
} | _blocks(
    (0, 3, 3, 3, 2, 4, 1), "layers.{stack}.{block}.layers.", {},
    {"conv_pw": "0", "bn1": "1", "conv_dw": "3", "bn2": "4", "conv_pwl": "6", "bn3": "7"},
)  # fmt: skip

RENAMINGS: tuple[Renaming, ...] = (
    Renaming(
        r"densenet(121|161|169|201)",
        "torchvision's first files (2017)",
        ((r"(.*denselayer\d+\.(?:norm|conv))\.([12]\..*)", r"\1\2"),),
    ),
    Renaming(
        r"cifar_resnet\d+", "akamaster/pytorch_resnet_cifar10", ((r"linear\.(.*)", r"fc.\1"),)
    ),
    Renaming(r"xception", "pretrainedmodels", ((r"last_linear\.(.*)", r"fc.\1"),)),
    Renaming(r"inception_resnet_v2", "pretrainedmodels", ((r"last_linear\.(.*)", r"classif.\1"),)),
    Renaming(
        r"vgg\d+(_bn)?",
        "timm",
        modules={
            "pre_logits.fc1": "classifier.0",
            "pre_logits.fc2": "classifier.3",
            "head.fc": "classifier.6",
        },
        flat=("classifier.0", "classifier.3"),
    ),
    Renaming(r"mobilenet_v2", "timm (mobilenetv2_100)", modules=_MOBILENET_V2),
    Renaming(r"efficientnet_b0", "timm", modules=_EFFICIENTNET_B0),
    Renaming(r"mnasnet1_0", "timm (mnasnet_100)", modules=_MNASNET),
)

# Names that look like a model's own and belong to another network: our models, the name that gives
# it away, and what to do.
_LEGACY = (
    "these are the weights of timm's legacy_{name}, the authors' network, with the stride in other "
    "places or pooling without padding; in {name} they would give wrong answers. Use the model "
    "legacy_{name}"
)
REFUSED: tuple[tuple[str, str, str], ...] = (
    (r"seresnet50|seresnext50_32x4d", r"layer0\.conv1\.weight", _LEGACY),
    (
        r"mobilenet_v3_(small|large)",
        r"conv_stem\.weight",
        "these are timm's names for {name}; timm's network divides by √(variance + 1e-5), "
        "torchvision's and ours by √(variance + 1e-3), so its weights would give wrong answers "
        "here. Take torchvision's",
    ),
)

_WRAPPERS = ("module.", "_orig_mod.")  # of PyTorch's DataParallel and torch.compile
_AUXILIARY = r"(aux\d?|AuxLogits)\..*"  # heads that only training has
# Published weights of these two were trained on (x - 0.5) / 0.5, whatever torchvision's page says.
_PUBLISHED: dict[str, dict[str, Any]] = {
    "googlenet": {"transform_input": True},
    "inception_v3": {"transform_input": True},
}

# -- using it -------------------------------------------------------------------------------------


def renamed(state: Mapping[str, Any], name: str) -> dict[str, Array]:
    """A state under the names that the model `name` has; what has them already stays as it is.

        state = models.weights.renamed(shinso.load("old.safetensors"), "densenet121")
        model.load_state_dict(state)

    Understood are the names in `RENAMINGS`, and the prefix that DataParallel puts before all.
    Returns a new dictionary of the same arrays. Raises ValueError for an unknown model, for
    weights of a network that only looks alike, and if two names become one.
    """
    own = entry(name).name
    for models, pattern, reason in REFUSED:
        if re.fullmatch(models, own) and any(re.fullmatch(pattern, key) for key in state):
            raise ValueError(reason.format(name=own))
    rules = [rule for rule in RENAMINGS if re.fullmatch(rule.models, own)]
    result: dict[str, Array] = {}
    for key, value in _unwrapped(state).items():
        array = np.asarray(value)
        for rule in rules:
            key, array = _apply(rule, key, array)
        if key in result:
            raise ValueError(f"two entries of this state are both {key!r} in {own}")
        result[key] = array
    return result


def build(name: str, state: Mapping[str, Any], **options: Any) -> nn.Module:
    """The network that a state belongs to, with its weights, in evaluation mode.

        model = models.weights.build("resnet18", shinso.load("flowers.safetensors"))

    Classes, input channels and auxiliary heads are read off the state; `options` go before.
    GoogLeNet and Inception v3, whose published weights expect inputs normalized otherwise, get
    transform_input=True.
    Raises ValueError if the state does not fit, and says where; TypeError if it is no dictionary.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"build takes a dictionary of arrays by name, not a {type(state).__name__}")
    state = renamed(state, name)
    options = {**_PUBLISHED.get(entry(name).name, {}), **options}
    with nn.init.skip():
        model = create(name, **options)
        found = {k: v for k, v in _options(model, state).items() if k not in options}
        if found:
            model = create(name, **options, **found)
    own = {key for key, _ in (*model.named_parameters(), *model.named_buffers())}
    surplus = [k for k in state if k not in own and re.fullmatch(_AUXILIARY, k)]
    model.load_state_dict({k: v for k, v in state.items() if k not in surplus})
    return model.eval()


def _unwrapped(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without a prefix that stands before every name."""
    for prefix in _WRAPPERS:
        if state and all(key.startswith(prefix) for key in state):
            return {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def _apply(rule: Renaming, key: str, array: Array) -> tuple[str, Array]:
    for pattern, replacement in rule.patterns:
        key, count = re.subn(f"^{pattern}$", replacement, key)
        if count:
            break
    module, _, part = key.rpartition(".")
    module = rule.modules.get(module, module)
    if module in rule.flat and array.ndim == 4:
        array = array.reshape(len(array), -1)
    return f"{module}.{part}" if module else part, array


def _options(model: nn.Module, state: Mapping[str, Array]) -> dict[str, Any]:
    """What the model must be made with to have this state's shapes."""
    own = {key: tensor.shape for key, tensor in model.named_parameters()}
    options: dict[str, Any] = {}
    heads = [key for key in own if re.fullmatch(_AUXILIARY, key)]
    if heads and not any(key in state for key in heads):
        options["aux_logits"] = False
    shapes = {key: (array.shape, own[key]) for key, array in state.items() if key in own}
    first = next(iter(own), "")
    theirs, ours = shapes.get(first, ((), ()))
    if len(theirs) == len(ours) == 4 and theirs[1] != ours[1]:
        options["in_channels"] = theirs[1]
        del shapes[first]
    other = {(a[0], b[0]) for a, b in shapes.values() if a != b and a and b and a[1:] == b[1:]}
    if len(other) == 1 and all(a[1:] == b[1:] for a, b in shapes.values() if a and b):
        options["num_classes"] = other.pop()[0]
    return options

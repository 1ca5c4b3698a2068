"""AlexNet to SqueezeNet: golden files of networks without shortcuts, and of the Inception family.

    python make_models_sequential.py [NAME …]     # torch 2.13.0, torchvision 0.28.0, timm 1.0.31

Networks of many weights are compared as narrow or short variants; of the whole only keys and count.
"""

from __future__ import annotations

from collections import OrderedDict

import timm
import torch
import torchvision.models as tv
from reference import Case, main
from torch import nn

NARROW = 1 / 16


def narrow(model: nn.Module) -> nn.Module:
    """A sixteenth of the channels everywhere but in the images and the scores."""

    def less(n: int) -> int:
        return n if n == 3 else round(n * NARROW)

    def replacement(layer: nn.Module, last: bool) -> nn.Module:
        if isinstance(layer, nn.Conv2d):
            pixels = (layer.kernel_size, layer.stride, layer.padding)
            groups = layer.groups
            return nn.Conv2d(less(layer.in_channels), less(layer.out_channels), *pixels, 1, groups)
        if isinstance(layer, nn.BatchNorm2d):
            return nn.BatchNorm2d(less(layer.num_features))
        if isinstance(layer, nn.Linear):
            out = layer.out_features if last else less(layer.out_features)
            return nn.Linear(less(layer.in_features), out)
        return layer

    for part in (model.features, model.classifier):
        for name, layer in list(part.named_children()):
            last = part is model.classifier and layer is part[-1]
            setattr(part, name, replacement(layer, last))
    return model


def alexnet_lrn() -> nn.Module:
    """The network of 2012, from the paper's section 3.5."""
    lrn = {"alpha": 5e-4, "beta": 0.75, "k": 2.0}
    features = nn.Sequential(
        nn.Conv2d(3, 96, 11, 4),
        nn.ReLU(),
        nn.LocalResponseNorm(5, **lrn),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2),
        nn.ReLU(),
        nn.LocalResponseNorm(5, **lrn),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1, groups=2),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
    )
    return nn.Sequential(OrderedDict(features=features, classifier=dense()))


def zfnet() -> nn.Module:
    """The network of 2013, from the paper's figure 3."""
    lrn = {"alpha": 5e-4, "beta": 0.75, "k": 2.0}
    features = nn.Sequential(
        nn.Conv2d(3, 96, 7, 2, 1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.LocalResponseNorm(5, **lrn),
        nn.Conv2d(96, 256, 5, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.LocalResponseNorm(5, **lrn),
        nn.Conv2d(256, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
    )
    return nn.Sequential(OrderedDict(features=features, classifier=dense()))


def dense() -> nn.Sequential:
    """The three dense layers of both."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(9216, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 1000),
    )


def short_v4() -> nn.Module:
    """Inception v4 with one module of each kind."""
    model = timm.create_model("inception_v4")
    kept = [*range(6), 6, 10, 11, 18, 19]
    model.features = nn.Sequential(*(model.features[i] for i in kept))
    return model


def short_resnet() -> nn.Module:
    """Inception-ResNet v2 with two, one and one residual module of the three kinds."""
    model = timm.create_model("inception_resnet_v2")
    model.repeat, model.repeat_1 = model.repeat[:2], model.repeat_1[:1]
    model.repeat_2 = model.repeat_2[:1]
    return model


def googlenet(**options: bool) -> nn.Module:
    return tv.googlenet(init_weights=False, **options)


def inception_v3(**options: bool) -> nn.Module:
    return tv.inception_v3(init_weights=False, **options)


def vgg(name: str) -> nn.Module:
    return getattr(tv, name)(init_weights=False)


def head(channels: int) -> nn.Module:
    """The auxiliary head of Inception v3 by itself; inside it needs images of 299×299."""
    return tv.inception.InceptionAux(channels, 10)


VGGS = [f"vgg{depth}{bn}" for depth in (11, 13, 16, 19) for bn in ("", "_bn")]
HEADS = ("aux1.conv.conv.weight", "aux1.fc1.bias", "aux2.fc2.weight")

CASES = [
    Case("alexnet", tv.alexnet),
    Case("alexnet_narrow", lambda: narrow(tv.alexnet()), side=100),
    Case("alexnet_lrn", alexnet_lrn),
    Case("alexnet_lrn_narrow", lambda: narrow(alexnet_lrn()), side=227),
    Case("zfnet", zfnet),
    Case("zfnet_narrow", lambda: narrow(zfnet()), side=224),
    *(Case(name, lambda name=name: vgg(name)) for name in VGGS),
    *(Case(f"{n}_narrow", lambda n=n: narrow(vgg(n)), side=64) for n in ("vgg11", "vgg16_bn")),
    Case("googlenet", googlenet, side=64, also=HEADS),
    Case(
        "googlenet_no_heads",
        lambda: googlenet(aux_logits=False, transform_input=True),
        side=64,
    ),
    Case("inception_v3", inception_v3),
    Case(
        "inception_v3_no_head",
        lambda: inception_v3(aux_logits=False, transform_input=True),
        side=107,
    ),
    Case("inception_v3_head", lambda: head(32), side=17, channels=32),
    Case("inception_v4", lambda: timm.create_model("inception_v4")),
    Case("inception_v4_short", short_v4, side=107),
    Case("inception_resnet_v2", lambda: timm.create_model("inception_resnet_v2")),
    Case("inception_resnet_v2_short", short_resnet, side=107),
    Case("squeezenet1_0", tv.squeezenet1_0, side=64),
    Case("squeezenet1_1", tv.squeezenet1_1, side=64),
]

if __name__ == "__main__":
    torch.manual_seed(0)
    main(CASES)

"""Write timm.npz and timm.json: networks that timm and torchvision name differently.

    python tests/golden/weights/make_weights.py

For each of timm's networks: its names and shapes, and what it gives in evaluation for one small
image, with weights made from timm's names by formula. It needs torch and timm; the suite only reads
the files.
"""

import json
import math
import zlib
from pathlib import Path

import numpy as np
import timm
import torch

NETWORKS = ("mobilenetv2_100", "efficientnet_b0", "mnasnet_100")
NAMES_ONLY = ("vgg11", "vgg16_bn")


def formula(key, shape):
    """As tests/models/zoo.py has it."""
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


def main():
    names, outputs = {}, {}
    for name in NETWORKS + NAMES_ONLY:
        model = timm.create_model(name, pretrained=False).double().eval()
        state = model.state_dict()
        names[name] = [[key, list(value.shape)] for key, value in state.items()]
        if name in NETWORKS:
            model.load_state_dict({k: torch.tensor(formula(k, v.shape)) for k, v in state.items()})
            x = np.random.default_rng(0).standard_normal((1, 3, 64, 64))
            with torch.no_grad():
                outputs[name] = model(torch.tensor(x)).numpy()[:, ::8]
    here = Path(__file__).parent
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(keys)}" for name, keys in names.items())
    (here / "timm.json").write_text("{\n" + lines + "\n}\n")
    np.savez_compressed(here / "timm.npz", **outputs)


if __name__ == "__main__":
    main()

"""Write preprocessing.npz: what torchvision's transforms make of the images of the cases.

    python tests/golden/preprocessing/make_preprocessing.py

It needs torch and torchvision; the suite only reads the file.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from preprocessing_cases import CASES, MEAN, STD, image
from torchvision import transforms


def main():
    found = {}
    for name, ((_, _, channels), resize, crop, interpolation) in CASES.items():
        mode = transforms.InterpolationMode(interpolation)
        cut = transforms.Compose(
            [transforms.Resize(resize, interpolation=mode), transforms.CenterCrop(crop)]
        )
        pixels = image(name)
        cropped = cut(Image.fromarray(pixels if channels == 3 else pixels[..., 0]))
        floats = transforms.Normalize(MEAN[:channels], STD[:channels])(
            transforms.ToTensor()(cropped)
        )
        found[f"{name}/pixels"] = np.asarray(cropped).reshape(crop, crop, channels)
        found[f"{name}/floats"] = floats.numpy()[:, ::5, ::5]
    np.savez_compressed(Path(__file__).with_name("preprocessing.npz"), **found)


if __name__ == "__main__":
    main()

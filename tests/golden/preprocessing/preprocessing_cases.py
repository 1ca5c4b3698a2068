"""Images by formula, and what is done to them: read by the test and by the script beside this."""

import numpy as np

# name: (height, width, channels), resize, crop, interpolation
CASES = {
    "wide": ((97, 133, 3), 40, 35, "bilinear"),
    "tall": ((151, 64, 3), 33, 28, "bilinear"),
    "odd_cut": ((61, 88, 3), 38, 33, "bilinear"),
    "enlarged": ((19, 23, 3), 37, 32, "bilinear"),
    "one_row": ((1, 7, 3), 9, 8, "bilinear"),
    "as_it_is": ((36, 45, 3), 36, 31, "bilinear"),
    "square": ((50, 50, 3), 32, 29, "bilinear"),
    "grey": ((75, 49, 1), 30, 26, "bilinear"),
    "border": ((30, 41, 3), 20, 33, "bilinear"),
    "half_border": ((30, 90, 3), 20, 33, "bilinear"),
    "bicubic": ((97, 133, 3), 40, 35, "bicubic"),
    "bicubic_enlarged": ((23, 19, 3), 37, 32, "bicubic"),
    "bicubic_grey": ((75, 49, 1), 30, 26, "bicubic"),
}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def image(name):
    """Pixels (H, W, C), uint8: waves, sharp edges and noise."""
    height, width, channels = CASES[name][0]
    rng = np.random.default_rng(len(name))
    y, x = np.mgrid[:height, :width][..., None]
    c = np.arange(channels)
    waves = 90 * np.sin(0.21 * x + 0.13 * y + c) + 60 * ((x + 2 * y) % (9 + c) < 4)
    noise = rng.integers(-40, 41, (height, width, channels))
    return np.clip(110 + waves + noise, 0, 255).astype(np.uint8)

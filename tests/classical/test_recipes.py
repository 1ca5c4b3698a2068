import numpy as np
import pytest

import shinso.classical
from shinso.classical.recipes import MNIST


@pytest.mark.parametrize("name", MNIST)
def test_recipes_fit_their_estimators(name):
    """Every argument exists, and fit accepts the values, here for one epoch of each part."""
    recipe = MNIST[name]
    kind = getattr(shinso.classical, recipe.method)
    model = kind(**recipe.arguments)
    short = {key: 1 for key in model.get_params() if key.endswith("_epochs") or key == "max_iter"}
    if "hidden_layer_sizes" in recipe.arguments:
        short["hidden_layer_sizes"] = tuple(4 for _ in recipe.arguments["hidden_layer_sizes"])
    if "image_shape" in recipe.arguments:
        short |= {"image_shape": (4, 4), "n_hidden": 50}
    x = np.random.default_rng(0).random((40, 16)).astype(np.float32)
    model.set_params(**short).fit(x, np.arange(40) % 10)
    assert model.predict(x).shape == (40,)


@pytest.mark.parametrize("name", MNIST)
def test_recipes_say_what_differs_from_the_defaults(name):
    recipe = MNIST[name]
    defaults = getattr(shinso.classical, recipe.method)().get_params()
    kept = {"noise", "noise_level"}  # said all the same: the recipe is about them
    assert {k for k, v in recipe.arguments.items() if defaults[k] == v} <= kept
    assert 90 < recipe.accuracy < 100
    assert recipe.seconds > 0


def test_recipes_are_not_changed_by_accident():
    with pytest.raises(TypeError):
        MNIST["mine"] = None  # type: ignore[index]

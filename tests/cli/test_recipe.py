"""Recipes: the papers' and the short one, what replaces what, schedules, and config.json."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from shinso import models, optim
from shinso.cli.methods import Methods, read_methods
from shinso.cli.papers import CIFAR10, paper_for, usual_rate
from shinso.cli.pipeline import AUGMENTATIONS, Pipeline
from shinso.cli.recipe import (
    OPTIMIZERS,
    SCHEDULES,
    Recipe,
    Settings,
    default_recipe,
    make_optimizer,
    make_schedule,
    read_settings,
)
from shinso.data import DataError
from shinso.graph import tensor

RESNET = paper_for("cifar_resnet20", "cifar10")


def test_the_short_recipe():
    assert default_recipe(60_000, {}) == Recipe(3, 64, "adamw", 0.003, 0.2, "onecycle")
    assert default_recipe(1437, {}) == Recipe(50, 32, "adamw", 0.003, 0.2, "onecycle")
    chosen = {"optimizer": "sgd", "epochs": 7, "lr": None}
    assert default_recipe(60_000, chosen) == Recipe(7, 64, "sgd", 0.05, 0.0, "onecycle")


def test_networks_without_normalization_get_a_smaller_rate():
    gentle = {"alexnet", "alexnet_lrn", "zfnet", "vgg11", "vgg19", "squeezenet1_0", "squeezenet1_1"}
    for name in (*gentle, "vgg11_bn", "lenet5", "mlp", "resnet18"):
        assert usual_rate(name) == (0.1 if name in gentle else 1.0), name
    recipe = default_recipe(1437, {}, rate=usual_rate("vgg11"))
    assert recipe.lr == pytest.approx(0.0003)
    assert default_recipe(1437, {"lr": 0.01}, rate=0.1).lr == 0.01


def test_the_recipe_of_residual_networks():
    recipe = default_recipe(50_000, {}, RESNET)
    assert recipe == Recipe(
        164, 128, "sgd", 0.1, 1e-4, "multistep", [0.5, 0.75], 0.1, 0.0,
        "He et al. 2015, section 4.2",
    )  # fmt: skip
    assert recipe.words() == "multistep: × 0.1 after epochs 82, 123"
    assert RESNET.augment == ("crop", "flip")
    assert paper_for("cifar_resnet20", "digits") is None
    assert paper_for("lenet5", "cifar10") is None
    assert paper_for("resnet18", "cifar10") is None
    assert paper_for("preact_resnet18", "cifar10") is None


@pytest.mark.parametrize(
    ("model", "epochs", "lr", "decay", "optimizer", "batch"),
    [
        ("cifar_resnet110", 164, 0.1, 1e-4, "sgd", 128),
        ("cifar_preact_resnet164", 164, 0.1, 1e-4, "sgd", 128),
        ("wrn_28_10", 200, 0.1, 5e-4, "nesterov", 128),
        ("densenet_bc100_12", 300, 0.1, 1e-4, "nesterov", 64),
        ("resnext29_8x64d", 300, 0.1, 5e-4, "sgd", 128),
        ("pyramidnet110_a48", 300, 0.1, 1e-4, "nesterov", 128),
        ("shake_shake26_2x32d", 1800, 0.2, 1e-4, "nesterov", 128),
        ("fractalnet20", 400, 0.02, 0.0, "sgd", 100),
        ("cifar_resnet110_sd", 500, 0.1, 1e-4, "nesterov", 128),
        ("cifar_swapout_resnet20", 256, 0.1, 1e-4, "sgd", 128),
        ("shakedrop_pyramidnet110_a270", 300, 0.1, 1e-4, "nesterov", 128),
        ("ror3_110", 500, 0.1, 1e-4, "nesterov", 128),
    ],
)
def test_papers(model, epochs, lr, decay, optimizer, batch):
    recipe = default_recipe(50_000, {}, paper_for(model, "cifar10"))
    assert (recipe.epochs, recipe.lr, recipe.weight_decay) == (epochs, lr, decay)
    assert (recipe.optimizer, recipe.batch_size) == (optimizer, batch)
    assert recipe.schedule == ("cosine" if "shake_shake" in model else "multistep")


def test_papers_say_only_what_there_is():
    for paper in CIFAR10:
        assert paper.optimizer in OPTIMIZERS
        assert paper.schedule in SCHEDULES
        assert set(paper.augment) <= set(AUGMENTATIONS)
        assert list(paper.milestones) == sorted(paper.milestones)
        assert (paper.schedule == "multistep") == bool(paper.milestones)
        assert paper.source


def test_networks_for_cifar10_have_a_recipe():
    for name in models.list():
        if models.entry(name).data == "CIFAR-10":
            assert paper_for(name, "cifar10") is not None, name


def test_the_user_replaces_single_values():
    recipe = default_recipe(50_000, {"epochs": 10, "lr": 1}, RESNET)
    assert (recipe.epochs, recipe.lr, recipe.batch_size) == (10, 1.0, 128)
    assert recipe.words() == "multistep: × 0.1 after epochs 5, 7.5"
    assert recipe.source == "He et al. 2015, section 4.2; changed: epochs, lr"
    cycle = default_recipe(
        50_000, {"schedule": "onecycle"}, paper_for("cifar_resnet110", "cifar10")
    )
    assert (cycle.schedule, cycle.milestones, cycle.warmup) == ("onecycle", [], 0.0)
    # What is right for SGD would be far too much for Adam.
    adam = default_recipe(50_000, {"optimizer": "adamw"}, RESNET)
    assert (adam.lr, adam.weight_decay, adam.epochs) == (0.003, 0.2, 164)
    nesterov = default_recipe(50_000, {"optimizer": "nesterov"}, RESNET)
    assert (nesterov.lr, nesterov.weight_decay) == (0.1, 1e-4)
    assert default_recipe(100, {"schedule": "multistep"}).milestones == [0.5, 0.75]


def rates(recipe, steps_per_epoch):
    optimizer = make_optimizer(recipe, [tensor(np.zeros(1), requires_grad=True)])
    schedule = make_schedule(recipe, optimizer, steps_per_epoch)
    found = []
    for _ in range(recipe.epochs * steps_per_epoch):
        found.append(optimizer.param_groups[0]["lr"])
        if schedule is not None:
            schedule.step()
    return found, schedule


def test_multistep():
    found, _ = rates(default_recipe(1, {"epochs": 8}, RESNET), 10)
    assert found == pytest.approx([0.1] * 40 + [0.01] * 20 + [0.001] * 20)
    found, _ = rates(default_recipe(1, {"epochs": 10}, paper_for("wrn_16_4", "cifar10")), 1)
    assert found == pytest.approx([0.1] * 3 + [0.02] * 3 + [0.004] * 2 + [0.0008] * 2)


def test_warm_up():
    recipe = default_recipe(1, {"epochs": 4}, paper_for("cifar_preact_resnet110", "cifar10"))
    found, schedule = rates(recipe, 10)
    assert found == pytest.approx([0.01] * 10 + [0.1] * 10 + [0.01] * 10 + [0.001] * 10)
    assert recipe.words().endswith("after epochs 2, 3, from 0.01 in the first epoch")
    assert isinstance(schedule, optim.SequentialLR)
    # The smallest runs have no room for it.
    assert rates(
        default_recipe(1, {"epochs": 1}, paper_for("cifar_preact_resnet110", "cifar10")), 1
    )[0]
    for schedule in ("constant", "cosine", "step"):
        chosen = {"epochs": 4, "schedule": schedule}
        found, _ = rates(
            default_recipe(1, chosen, paper_for("cifar_preact_resnet110", "cifar10")), 10
        )
        assert found[:11] == pytest.approx([0.01] * 10 + [0.1])


def test_cosine_ends_near_0():
    found, _ = rates(
        default_recipe(1, {"epochs": 9}, paper_for("shake_shake26_2x64d", "cifar10")), 9
    )
    assert found[0] == 0.2
    assert found[-1] < 1e-3


SETTINGS = Settings(
    default_recipe(50_000, {"epochs": 10}, RESNET), ("crop", "flip"), 3, None, 0, "auto",
    Methods(mixup=0.2, cutout=8, aux_weight=0.3),
)  # fmt: skip


def config(settings=SETTINGS):
    return json.loads(json.dumps({"settings": settings.config()}))


def test_settings_come_back_from_json():
    assert read_settings(config(), "r") == SETTINGS


def test_settings_of_older_runs():
    old = config()
    old["settings"]["recipe"] = {
        k: v for k, v in old["settings"]["recipe"].items()
        if k in ("epochs", "batch_size", "optimizer", "lr", "weight_decay", "schedule")
    } | {"schedule": "onecycle"}  # fmt: skip
    del old["settings"]["methods"]
    settings = read_settings(old, "r")
    assert settings.methods == Methods()
    assert settings.recipe == Recipe(10, 128, "sgd", 0.1, 1e-4, "onecycle")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: s["recipe"].update(milestones=[0.5, 2.0]), "milestones is"),
        (lambda s: s["recipe"].update(milestones=["a"]), "milestones is"),
        (lambda s: s["recipe"].update(milestones=3), "milestones is 3"),
        (lambda s: s["recipe"].update(gamma=float("nan")), "gamma is nan"),
        (lambda s: s["recipe"].update(warmup=-1), "warmup is -1"),
        (lambda s: s["recipe"].update(source=None), "source is None"),
        (lambda s: s["recipe"].update(more=1), r"\(more\)"),
        (lambda s: s.update(methods=3), "its methods are 3"),
        (lambda s: s["methods"].pop("mixup"), "its methods are"),
        (lambda s: s["methods"].update(mixup="1"), "mixup is '1'"),
        (lambda s: s["methods"].update(cutout=2.5), "cutout is 2.5"),
        (lambda s: s["methods"].update(cutmix=float("inf")), "cutmix is inf"),
        (lambda s: s["methods"].update(random_erasing=1.5), "random_erasing is 1.5"),
        (lambda s: s["methods"].update(label_smoothing=True), "label_smoothing is True"),
        (lambda s: s["methods"].update(mixup=None), "mixup is None"),
        (lambda s: s["methods"].update(aux_weight=-1.0), "aux_weight is -1.0"),
    ],
)
def test_damaged_settings_are_refused(change, says):
    damaged = config()
    change(damaged["settings"])
    with pytest.raises(DataError, match=says):
        read_settings(damaged, "r")


def test_methods_in_words():
    assert Methods().words() == []
    assert SETTINGS.methods.words() == ["mixup 0.2", "cutout 8", "aux weight 0.3"]
    assert read_methods(asdict(SETTINGS.methods), "r") == SETTINGS.methods


def test_the_order_of_transforms():
    """crop's border is the mean, reflect's a mirror image; hiding comes last."""
    pipeline = Pipeline((1, 32, 32), None, (0.5,), (0.25,))
    kinds = [type(step).__name__ for step in pipeline.steps(("crop", "flip")).transforms]
    assert kinds == ["RandomHorizontalFlip", "Normalize", "RandomCrop"]
    assert pipeline.steps(("crop",)).transforms[-1].padding == 4
    reflect = pipeline.steps(("reflect",)).transforms[0]
    assert (reflect.padding, reflect.padding_mode) == (4, "reflect")
    last = Methods(cutout=8, random_erasing=0.5).image_steps()
    assert pipeline.steps(("flip",), last).transforms[-2:] == tuple(last)
    with pytest.raises(ValueError, match="is for images"):
        Pipeline((7,), None, (0.0,), (1.0,)).steps(("crop",))


def test_the_page_about_recipes_is_right():
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text()
    rows = [
        row.split(" | ") for row in page.splitlines() if re.match(r"\| .* \| \d+ \| \d+ \|", row)
    ]
    said = {}
    for models_, epochs, batch, _, lr, decay, *_ in rows:
        for pattern in re.findall("`(.*?)`", models_):
            said[pattern] = (int(epochs), int(batch), float(lr), float(decay))
    assert len(said) > 8
    for pattern, numbers in said.items():
        paper = paper_for(pattern.replace("*", "1"), "cifar10")
        assert paper is not None, pattern
        assert (paper.epochs, paper.batch_size, paper.lr, paper.weight_decay) == numbers, pattern

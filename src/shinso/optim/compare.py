"""Does a saved state fit an optimizer? Every difference is found before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from shinso.optim.group import ParamGroup
from shinso.optim.penalty import Penalty, penalty_from_dict

if TYPE_CHECKING:
    from shinso.optim.optimizer import Optimizer


def options_that_fit(optimizer: Optimizer, saved: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options of each saved parameter group, as the optimizer's groups take them.

    saved: what `state_dict()` returned. Raises ValueError listing every group, option or array that
    is missing, unexpected or of the wrong shape.
    """
    problems, groups = _compare_groups(optimizer, saved)
    if not problems:
        problems = _compare_arrays(optimizer, saved["state"], groups)
    if problems:
        raise ValueError(
            f"this state does not fit {type(optimizer).__name__}: " + "; ".join(problems)
        )
    return groups


def _compare_groups(
    optimizer: Optimizer, saved: Mapping[str, Any]
) -> tuple[list[str], list[dict[str, Any]]]:
    if not isinstance(saved, Mapping) or not {"state", "param_groups"} <= set(saved):
        return ['it has no "state" and "param_groups"'], []
    mine, theirs = optimizer.param_groups, list(saved["param_groups"])
    if len(theirs) != len(mine):
        return [f"it has {len(theirs)} parameter groups, not {len(mine)}"], []
    problems: list[str] = []
    taken = []
    for i, group in enumerate(mine):
        found, options = _compare_group(group, theirs[i])
        if not found:
            try:
                optimizer.check(options)
            except ValueError as error:
                found = [str(error)]
        problems += [f"group {i}: {problem}" for problem in found]
        taken.append(options)
    return problems, taken


def _compare_group(mine: ParamGroup, theirs: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """What is wrong with one saved group, and its options."""
    problems = []
    count = len(theirs.get("params", ()))
    if count != len(mine.params):
        problems.append(f"it has {count} parameters, not {len(mine.params)}")
    names = theirs.get("param_names")
    if names is not None and mine.names is not None and tuple(names) != mine.names:
        problems.append(f"it is of {', '.join(names)}, not {', '.join(mine.names)}")
    options = {k: v for k, v in theirs.items() if k not in ("params", "param_names")}
    known = mine.options()
    problems += [f"it lacks the option {name}" for name in known if name not in options]
    for name, value in options.items():
        if name not in known and name != "initial_lr":
            problems.append(f"it has an unknown option {name}")
            continue
        try:
            if name == "penalty" and isinstance(value, Mapping):
                value = options[name] = _penalty(value, mine["penalty"])
            mine.take(name, value)
        except (TypeError, ValueError) as error:
            problems.append(str(error))
    return problems, options


def _penalty(saved: Mapping[str, Any], present: Penalty | None) -> Penalty:
    """The penalty that was saved; also one of a user's own kind, if it is the present one."""
    if present is not None and present.to_dict() == dict(saved):
        return present
    return penalty_from_dict(saved)


def _compare_arrays(
    optimizer: Optimizer, saved: Mapping[int, Any], groups: list[dict[str, Any]]
) -> list[str]:
    """What is wrong with the saved arrays, given the saved options."""
    count = len(optimizer.state)
    if set(saved) != set(range(count)):
        return [f"its state is not that of the parameters 0 to {count - 1}"]
    options = {id(g): o for g, o in zip(optimizer.param_groups, groups, strict=True)}
    problems = []
    for index, (label, group, p) in enumerate(optimizer.numbered()):
        theirs = saved[index]
        mine = optimizer.allocate(p.data, options[id(group)])
        problems += [f"{label} lacks {name}" for name in mine if name not in theirs]
        problems += [f"{label} has an unknown {name}" for name in theirs if name not in mine]
        for name in mine.keys() & theirs.keys():
            array = np.asarray(theirs[name])
            if array.shape != mine[name].shape:
                problems.append(f"{name} of {label} is {array.shape}, not {mine[name].shape}")
            elif array.dtype.kind not in "fiu":
                problems.append(f"{name} of {label} is {array.dtype}, not {mine[name].dtype}")
    return problems

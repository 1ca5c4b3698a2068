"""`Optimizer`: parameters, the state kept for each, and the frame of a step.

An optimizer is two things: a rule, a pure function that says what one update does to one parameter,
and a thin class that names its options and what it remembers. All else is here, once: parameter
groups, cells for the state, saving and loading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from shinso.cell import Array, Cell, bump_version
from shinso.graph import Tensor
from shinso.optim.compare import options_that_fit
from shinso.optim.group import ParamGroup, unknown_option
from shinso.optim.penalty import Penalty
from shinso.optim.rules import Rule, State, with_common_options

_COMMON = ("maximize", "weight_decay", "decoupled_weight_decay", "penalty")


def _not_written(dtype: np.dtype[Any], **options: Any) -> Rule:
    raise NotImplementedError("an optimizer must define rule(dtype, **options)")


class Optimizer:
    """Updates parameters from their gradients. A subclass says how:

        class SignDescent(Optimizer):
            def __init__(self, params, lr=1e-3, beta=0.9):
                super().__init__(params, {"lr": lr, "beta": beta})

            def allocate(self, w, options):
                return {"mean": np.zeros_like(w)}

            @staticmethod
            def rule(dtype, *, lr, beta):
                down, share = (-lr).astype(dtype), (1 - beta).astype(dtype)

                def update(w, g, state):
                    mean = average(state["mean"], g, share)
                    return descend(w, np.sign(mean), down), {"mean": mean}

                return update

    params: tensors, `(name, tensor)` pairs, or parameter groups: mappings with such a list under
    "params" and options of their own. defaults: every option and its value where a group gives
    none. The options maximize, weight_decay, decoupled_weight_decay and penalty are carried out
    here, for any optimizer that has them; all others reach `rule`.

    The order of a training step is backward, step, zero_grad.
    """

    rule: Callable[..., Rule] = staticmethod(_not_written)
    """Makes the update of one step from a dtype and the options (as keywords).

    Numbers come as float64 scalars: compute with them as such and cast the results to the dtype
    before they meet an array of it. Switches that are off come as None.
    """

    switches: tuple[str, ...] = ()
    """Numeric options that the rule sees as None while they are 0."""

    flags: tuple[str, ...] = ()
    """Options that are True or False; all others are numbers."""

    def __init__(self, params: Iterable[Any], defaults: Mapping[str, Any]) -> None:
        self.defaults = {"penalty": None, **defaults}
        self.param_groups: list[ParamGroup] = []
        self.state: dict[Tensor, dict[str, Cell]] = {}
        for group in _as_groups(params, type(self).__name__):
            self.add_param_group(group)

    # -- to be defined by an update rule ---------------------------------------------------------

    def allocate(self, w: Array, options: Mapping[str, Any]) -> State:
        """What to remember about a parameter before the first step: here nothing.

        w: the parameter's array. options: its group's options as plain values. Called when a group
        is added, and again when one of its switches is turned on or off or a flag changes.
        """
        return {}

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise ValueError if a group's options contradict each other: here they never do."""

    # -- a step ----------------------------------------------------------------------------------

    def step(self) -> None:
        """Update every parameter that has a gradient; one whose `.grad` is None is left alone."""
        for group in self.param_groups:
            options = group.values_for_update()
            rules: dict[np.dtype[Any], Rule] = {}
            for p in group.params:
                g = p.grad
                if g is None:
                    continue
                w = p.data
                dtype = w.dtype
                rule = rules.get(dtype)
                if rule is None:
                    rule = rules[dtype] = self._complete_rule(dtype, options)
                if g.dtype != dtype:
                    g = g.astype(dtype)
                cells = self.state[p]
                w, state = rule(w, g, {name: cell.data for name, cell in cells.items()})
                for name, value in state.items():
                    cells[name].data = value
                p.data = w

    def _complete_rule(self, dtype: np.dtype[Any], options: dict[str, Any]) -> Rule:
        own = {name: value for name, value in options.items() if name not in _COMMON}
        common = {name: value for name, value in options.items() if name in _COMMON}
        return with_common_options(self.rule(dtype, **own), dtype, options["lr"], **common)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; set_to_none=False fills them with zeros."""
        for group in self.param_groups:
            for p in group.params:
                p.grad = None if set_to_none or p.grad is None else np.zeros_like(p.grad)

    # -- parameter groups ------------------------------------------------------------------------

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Take in more parameters, such as layers that have just been unfrozen.

        param_group: a mapping with "params" (tensors or (name, tensor) pairs) and any options that
        shall differ from the optimizer's defaults.
        Raises ValueError or TypeError if an option or a parameter is not acceptable.
        """
        kind = type(self).__name__
        if not isinstance(param_group, Mapping) or "params" not in param_group:
            raise TypeError(
                f'{kind}: a parameter group is a mapping with the key "params", not '
                f"{type(param_group).__name__}"
            )
        own = {k: v for k, v in param_group.items() if k != "params"}
        for name in own:
            if name not in self.defaults:
                raise ValueError(f"{kind}: {unknown_option(name, self.defaults)}")
        params, names = _split_names(param_group["params"], kind)
        self._check_params(params, names)
        group = self._group(params, names, {**self.defaults, **own})
        self.check(group.options())
        self.param_groups.append(group)
        self._allocate(group)
        bump_version()

    def _group(self, params: Any, names: Any, options: Mapping[str, Any]) -> ParamGroup:
        flags = ("maximize", "decoupled_weight_decay", *self.flags)
        switches = ("weight_decay", *self.switches)
        return ParamGroup(params, names, options, flags, switches, self._allocate)

    def _check_params(self, params: list[Any], names: list[str] | None) -> None:
        kind = type(self).__name__
        seen = {id(p) for group in self.param_groups for p in group.params}
        for i, p in enumerate(params):
            label = f"parameter {i}" if names is None else f"parameter {names[i]!r}"
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"{kind}: {label} is a {type(p).__name__}; an optimizer updates Tensors with "
                    "requires_grad=True, such as model.parameters()"
                )
            if not p.is_leaf or p._store is None:
                raise ValueError(
                    f"{kind}: {label} is the result of an operation. Pass the leaf tensor that it "
                    "was computed from"
                )
            if p.dtype.kind != "f":
                raise TypeError(f"{kind}: {label} is {p.dtype}; only float tensors can be trained")
            if id(p) in seen:
                raise ValueError(
                    f"{kind}: {label} appears twice. Every parameter belongs to one group, once"
                )
            seen.add(id(p))

    def _allocate(self, group: ParamGroup) -> None:
        """Give each parameter the cells that the group's options call for, keeping those it has."""
        options = group.options()
        for p in group.params:
            held = self.state.get(p, {})
            self.state[p] = {
                name: held[name] if name in held else Cell(array, name)
                for name, array in self.allocate(p.data, options).items()
            }

    # -- saving and loading ----------------------------------------------------------------------

    def numbered(self) -> Iterator[tuple[str, ParamGroup, Tensor]]:
        """Every parameter with its group and what to call it in messages."""
        index = 0
        for group in self.param_groups:
            for i, p in enumerate(group.params):
                yield (
                    f"parameter {index if group.names is None else repr(group.names[i])}",
                    group,
                    p,
                )
                index += 1

    def state_dict(self) -> dict[str, Any]:
        """Everything a later run needs to go on, as copies, in PyTorch's layout.

        {"state": {index: {name: array}}, "param_groups": [{option: plain value, "params":
        [indices]}]}: the parameters are numbered through all groups.
        """
        groups = []
        first = 0
        for group in self.param_groups:
            saved = {
                name: value.to_dict() if isinstance(value, Penalty) else value
                for name, value in group.items()
            }
            saved["params"] = list(range(first, first + len(group.params)))
            if group.names is not None:
                saved["param_names"] = list(group.names)
            groups.append(saved)
            first += len(group.params)
        state = {
            index: {name: cell.numpy() for name, cell in self.state[p].items()}
            for index, (_, _, p) in enumerate(self.numbered())
        }
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over options and state from a `state_dict()`; nothing is written unless all fits.

        Raises ValueError listing every group, option or array that is missing, unexpected or of the
        wrong shape.
        """
        groups = options_that_fit(self, state_dict)
        for group, options in zip(self.param_groups, groups, strict=True):
            group.update(options)
        for index, (_, _, p) in enumerate(self.numbered()):
            for name, cell in self.state[p].items():
                cell.data = np.asarray(state_dict["state"][index][name], dtype=cell.data.dtype)

    # -- copies and text -------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Parameters, options and plain arrays: cells are made anew in the copy."""
        kept = {k: v for k, v in vars(self).items() if k not in ("param_groups", "state")}
        groups = [(g.params, g.names, g.options(), g.get("initial_lr")) for g in self.param_groups]
        arrays = [
            {name: cell.numpy() for name, cell in self.state[p].items()}
            for _, _, p in self.numbered()
        ]
        return {**kept, "_groups": groups, "_arrays": arrays}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        groups, arrays = saved.pop("_groups"), saved.pop("_arrays")
        vars(self).update(saved)
        self.param_groups, self.state = [], {}
        for params, names, options, initial_lr in groups:
            group = self._group(params, names, options)
            if initial_lr is not None:
                group["initial_lr"] = initial_lr
            self.param_groups.append(group)
        for (_, _, p), held in zip(self.numbered(), arrays, strict=True):
            self.state[p] = {name: Cell(array, name) for name, array in held.items()}

    def __repr__(self) -> str:
        lines = [f"  {i}: {group!r}" for i, group in enumerate(self.param_groups)]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])


def _as_groups(params: Any, kind: str) -> list[Mapping[str, Any]]:
    """Whatever the user gave as a list of parameter groups."""
    if isinstance(params, (Tensor, np.ndarray)):
        raise TypeError(f"{kind} takes a list of Tensors; wrap this one: [{type(params).__name__}]")
    if not isinstance(params, Iterable) or isinstance(params, (str, Mapping)):
        raise TypeError(
            f"{kind} takes Tensors, such as model.parameters(), or a list of parameter groups, not "
            f"{type(params).__name__}"
        )
    if isinstance(params, (set, frozenset)):
        raise TypeError(f"{kind}: a set has no order, and the saved state needs one; pass a list")
    items = list(params)
    if not items:
        raise ValueError(
            f"{kind} got no parameters. Was the generator model.parameters() used up before?"
        )
    grouped = [isinstance(item, Mapping) for item in items]
    if all(grouped):
        return items
    if any(grouped):
        raise TypeError(f"{kind} takes Tensors or parameter groups, not a mixture of both")
    return [{"params": items}]


def _split_names(params: Any, kind: str) -> tuple[list[Any], list[str] | None]:
    """The tensors of one group, and their names if they came as (name, tensor) pairs."""
    if isinstance(params, (set, frozenset)):
        raise TypeError(f"{kind}: a set has no order, and the saved state needs one; pass a list")
    items = [params] if isinstance(params, Tensor) else list(params)
    named = [isinstance(item, tuple) and len(item) == 2 for item in items]
    if not any(named):
        return items, None
    if not all(named):
        raise ValueError(f"{kind}: give names to all parameters of a group, or to none")
    return [p for _, p in items], [str(name) for name, _ in items]

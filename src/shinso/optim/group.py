"""A parameter group: some parameters, and the options with which an optimizer updates them.

    optimizer.param_groups[0]["lr"] = 0.01

works at any time, also between the calls of a compiled step: every number lives in a cell that the
step reads anew. Options that are no numbers (`nesterov`, `penalty`, ...) shape the update itself;
changing one makes a compiled step look again.
"""

from __future__ import annotations

import difflib
import math
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from inspect import ismethod
from typing import Any

import numpy as np

from shinso.cell import Cell, bump_version
from shinso.graph import Tensor
from shinso.optim.penalty import Penalty

_FRACTION = (0.0, 1.0, "between 0 and 1")
_LIMITS = {
    "betas": (0.0, math.nextafter(1.0, 0.0), "at least 0 and less than 1"),
    "rho": _FRACTION,
    "alpha": _FRACTION,
}
_AT_LEAST_0 = (0.0, sys.float_info.max, "finite and at least 0")

_PAIRS = ("betas",)
_FIXED = ("params", "param_names")
_NOTE = "initial_lr"  # written by schedules; no update reads it


class ParamGroup(MutableMapping[str, Any]):
    """A mapping of option names to values, with the parameters under "params".

    Reading a number gives a Python float; writing one writes into its cell. Writing a name that the
    optimizer does not have raises ValueError and suggests the nearest.
    """

    def __init__(
        self,
        params: Sequence[Tensor],
        names: Sequence[str] | None,
        options: Mapping[str, Any],
        flags: Sequence[str] = (),
        switches: Sequence[str] = (),
        switched: Callable[[ParamGroup], None] = lambda group: None,
    ) -> None:
        """Make a group; `Optimizer.add_param_group` is the way to it.

        flags: options that are True or False. switches: numbers that cost nothing while they are 0
        (an update sees None then). switched: called with the group when a switch is turned on or
        off or a flag is changed.
        Raises TypeError or ValueError for a value that its option does not take.
        """
        self.params = tuple(params)
        self.names = None if names is None else tuple(names)
        self._flags, self._switches = frozenset(flags), frozenset(switches)
        # A weak reference: the optimizer's buffers must go when the optimizer does.
        self._switched = weakref.WeakMethod(switched) if ismethod(switched) else lambda: switched
        self._cells: dict[str, tuple[Cell, ...]] = {}
        self._plain: dict[str, Any] = {}
        self._off: set[str] = set()
        self._initial_lr: float | None = None
        for name, value in options.items():
            taken = self.take(name, value)
            if name in self._flags or name == "penalty":
                self._plain[name] = taken
            else:
                self._cells[name] = tuple(Cell(number, name) for number in taken)
                if name in self._switches and taken[0] == 0:
                    self._off.add(name)

    # -- a mapping -------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Any:
        if name in self._cells:
            numbers = tuple(float(cell.data) for cell in self._cells[name])
            return numbers if name in _PAIRS else numbers[0]
        if name in self._plain:
            return self._plain[name]
        if name == "params":
            return self.params
        if name == "param_names" and self.names is not None:
            return self.names
        if name == _NOTE and self._initial_lr is not None:
            return self._initial_lr
        raise KeyError(name)

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self._cells:
            self._write(name, value)
        elif name in self._plain:
            self._replace(name, value)
        elif name == _NOTE:
            self._initial_lr = float(value)
        elif name in _FIXED:
            raise ValueError(
                f'group["{name}"] cannot be changed, because the optimizer keeps state for these '
                "parameters; optimizer.add_param_group adds others"
            )
        else:
            raise ValueError(unknown_option(name, self.options()))

    def __delitem__(self, name: str) -> None:
        raise TypeError(f'an option cannot be deleted from a parameter group (here: "{name}")')

    def __iter__(self) -> Iterator[str]:
        yield "params"
        if self.names is not None:
            yield "param_names"
        yield from self._cells
        yield from self._plain
        if self._initial_lr is not None:
            yield _NOTE

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.options().items())
        return f"ParamGroup({len(self.params)} parameters, {options})"

    # -- for the optimizer -----------------------------------------------------------------------

    def options(self) -> dict[str, Any]:
        """Every option but the parameters, as plain Python values."""
        return {name: self[name] for name in (*self._cells, *self._plain)}

    def values_for_update(self) -> dict[str, Any]:
        """Every option as a rule takes it: numbers as float64 scalars.

        A switch that is off is None, so that no array work is spent on it.
        """
        values = dict(self._plain)
        for name, cells in self._cells.items():
            if name in self._off:
                values[name] = None
            elif name in _PAIRS:
                values[name] = tuple([cell.data[()] for cell in cells])
            else:
                values[name] = cells[0].data[()]  # NumPy is ten times faster on scalars than 0-d
        return values

    def take(self, name: str, value: Any) -> Any:
        """A value as the option keeps it: a flag, a penalty or None, or a tuple of numbers.

        Raises TypeError or ValueError if the option does not take it; writes nothing.
        """
        if name == "penalty":
            if value is not None and not isinstance(value, Penalty):
                raise TypeError(
                    "penalty takes a penalty such as L1(1e-4) from shinso.optim, or None, not "
                    f"{value!r}"
                )
            return value
        if name in self._flags:
            if not isinstance(value, (bool, np.bool_)):
                raise TypeError(f"{name} takes True or False, not {value!r}")
            return bool(value)
        if name not in _PAIRS:
            return (_checked(name, value),)
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise TypeError(f"{name} takes two numbers, not {value!r}")
        return tuple(_checked(name, v) for v in value)

    # -- writing ---------------------------------------------------------------------------------

    def _write(self, name: str, value: Any) -> None:
        numbers = self.take(name, value)
        for cell, number in zip(self._cells[name], numbers, strict=True):
            cell.data = number
        if name in self._switches:
            off = isinstance(numbers[0], np.float64) and numbers[0] == 0
            if off != (name in self._off):
                (self._off.add if off else self._off.discard)(name)
                self._changed()

    def _replace(self, name: str, value: Any) -> None:
        taken = self.take(name, value)
        if taken != self._plain[name]:
            self._plain[name] = taken
            self._changed()

    def _changed(self) -> None:
        switched = self._switched()
        if switched is not None:
            switched(self)
        bump_version()


def _checked(name: str, value: Any) -> Any:
    """The value of a numeric option as a float64 scalar; a traced 0-d value passes as it is.

    Raises TypeError if it is no number, ValueError if it lies outside what the option takes.
    """
    if isinstance(value, Tensor):
        value = value.data
    if not isinstance(value, np.ndarray) and hasattr(type(value), "__array_function__"):
        return value
    number = isinstance(value, (int, float, np.number, np.ndarray)) and not isinstance(value, bool)
    if not number or np.ndim(value) != 0:
        raise TypeError(f"{name} takes a number, not {value!r}")
    low, high, expected = _LIMITS.get(name, _AT_LEAST_0)
    if not low <= float(value) <= high:
        raise ValueError(f"{name}={value!r} is out of range: it must be {expected}")
    return np.float64(value)


def unknown_option(name: str, known: Mapping[str, Any]) -> str:
    """A message that says what options there are, and which was probably meant."""
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return f"there is no option {name!r} here, only {', '.join(sorted(known))}.{hint}"

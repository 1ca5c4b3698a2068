"""`Module`: what a layer or a network is. Parameters, buffers, children, modes, saved states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from shinso.cell import Array, bump_version
from shinso.graph import Tensor
from shinso.graph.mode import mode
from shinso.nn.errors import locate
from shinso.nn.state import LoadResult, fitted


class Parameter(Tensor):
    """A tensor that a module learns: assigning one to a module's attribute registers it."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, name: str | None = None) -> None:
        super().__init__(data, requires_grad=requires_grad, name=name)

    @classmethod
    def zeros(cls, shape: tuple[int, ...], dtype: Any) -> Self:
        """A parameter of zeros; a large one takes no time and no memory until it is written."""
        parameter = cls(np.zeros((), dtype))
        parameter._own(np.zeros(shape, dtype))  # not copied, as the constructor would
        return parameter


Hook = Callable[["Module", tuple[Any, ...], Any], Any]


class RemovableHook:
    """What registering a hook returns; `.remove()` takes the hook off again."""

    def __init__(self, hooks: dict[int, Hook], key: int) -> None:
        self._hooks, self._key = hooks, key

    def remove(self) -> None:
        """Take the hook off."""
        self._hooks.pop(self._key, None)
        bump_version()


def _not_written(self: Module, *args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError(f"{type(self).__name__} must define forward(self, ...)")


class Module:
    """A layer or a network. Subclass it, make parts in `__init__`, use them in `forward`.

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(784, 100)
                self.out = nn.Linear(100, 10)

            def forward(self, x):
                return self.out(ops.relu(self.hidden(x)))

    Parameters (`self.gain = nn.Parameter([1.0])`) and modules assigned to attributes are found by
    `parameters()`, `state_dict()` and so on, under dotted names such as "hidden.weight".
    To keep a model, `shinso.save(model.state_dict(), "mine.safetensors")`; to get it back,
    `model.load_state_dict(shinso.load("mine.safetensors"))`.
    """

    forward: Callable[..., Any] = _not_written
    training: bool

    def __init__(self) -> None:
        own = self.__dict__
        own["_parameters"] = {}
        own["_buffers"] = {}
        own["_persistent"] = set()
        own["_modules"] = {}
        own["_hooks"] = {}
        own["training"] = True

    # -- running ---------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`. An error on the way names the layer it came from."""
        try:
            if mode.observer is None and not self._hooks:
                return self.forward(*args, **kwargs)
            return self._observed(args, kwargs)
        except Exception as error:
            locate(error, self)
            raise

    def _observed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        observer = mode.observer
        if observer is not None:
            observer.enter(self)
        try:
            output = self.forward(*args, **kwargs)
            for hook in list(self._hooks.values()):
                changed = hook(self, args, output)
                output = output if changed is None else changed
            if observer is not None:
                observer.returned(self, output)
        finally:
            if observer is not None:
                observer.leave(self)
        return output

    def register_forward_hook(self, hook: Hook) -> RemovableHook:
        """Call `hook(module, args, output)` after each forward; a result replaces the output."""
        key = max(self._hooks, default=-1) + 1
        self._hooks[key] = hook
        bump_version()
        return RemovableHook(self._hooks, key)

    # -- attributes ------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if "_parameters" not in own:
            raise AttributeError(
                f"{type(self).__name__}.__init__ must call super().__init__() before it sets "
                f"attributes (here: {name!r})"
            )
        if isinstance(value, Parameter):
            self._forget(name)
            own["_parameters"][name] = value
        elif isinstance(value, Module):
            self._forget(name)
            own["_modules"][name] = value
        elif name in own["_parameters"]:
            if value is not None:
                raise TypeError(
                    f"{type(self).__name__}.{name} is a parameter: assign an nn.Parameter or None, "
                    f"not a {type(value).__name__}. To change its values write .data"
                )
            own["_parameters"][name] = None
        elif name in own["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"{type(self).__name__}.{name} is a buffer: assign a Tensor or None"
                )
            own["_buffers"][name] = value
        elif name in own["_modules"]:
            del own["_modules"][name]
        own[name] = value
        bump_version()

    def __delattr__(self, name: str) -> None:
        self._forget(name)
        object.__delattr__(self, name)
        bump_version()

    def _forget(self, name: str) -> None:
        for registry in (self._parameters, self._buffers, self._modules):
            registry.pop(name, None)
        self._persistent.discard(name)

    # Declared for type checkers; they live in __dict__, where reading them is fast.
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _persistent: set[str]
    _modules: dict[str, Module]
    _hooks: dict[int, Hook]

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """Add a parameter under a name; None keeps the name for an absent one (a bias left out)."""
        if parameter is not None:
            setattr(self, name, parameter)
        else:
            self._parameters[name] = None
            self.__dict__[name] = None

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Add a tensor that is part of the state but is not learned, such as a running mean."""
        if tensor is not None and not isinstance(tensor, Tensor):
            tensor = Tensor(tensor)
        self._forget(name)
        self._buffers[name] = tensor
        if persistent:
            self._persistent.add(name)
        self.__dict__[name] = tensor
        bump_version()

    def add_module(self, name: str, module: Module) -> None:
        """Add a child under a name."""
        if not isinstance(module, Module):
            raise TypeError(f"{name!r} must be a Module, got {type(module).__name__}")
        if not name or "." in name:
            raise KeyError(f"a child's name is not empty and has no dot, got {name!r}")
        self._modules[name] = module
        self.__dict__[name] = module
        bump_version()

    # -- what is inside --------------------------------------------------------------------------

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once, with dotted names; this one's own is ''."""
        seen: set[int] = set()
        stack = [(prefix, self)]
        while stack:
            name, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield name, module
            children = [(f"{name}.{k}" if name else k, m) for k, m in module._modules.items()]
            stack.extend(reversed(children))

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside this one, with their names."""
        return iter(self._modules.items())

    def children(self) -> Iterator[Module]:
        """The modules directly inside this one."""
        return iter(self._modules.values())

    def get_submodule(self, path: str) -> Module:
        """The module with this dotted name; '' is this one. Raises KeyError naming the part."""
        module = self
        for part in path.split(".") if path else []:
            if part not in module._modules:
                known = ", ".join(module._modules) or "no children"
                raise KeyError(f"{type(module).__name__} has no child {part!r} (it has: {known})")
            module = module._modules[part]
        return module

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Every parameter, each once, with its dotted name."""
        seen: set[int] = set()
        for path, module in self.named_modules(prefix):
            for name, p in module._parameters.items():
                if p is not None and id(p) not in seen:
                    seen.add(id(p))
                    yield (f"{path}.{name}" if path else name), p

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter, each once: what an optimizer takes."""
        return (p for _, p in self.named_parameters())

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its dotted name."""
        for path, module in self.named_modules(prefix):
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    yield (f"{path}.{name}" if path else name), buffer

    def buffers(self) -> Iterator[Tensor]:
        """Every buffer."""
        return (b for _, b in self.named_buffers())

    # -- modes -----------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch to training (dropout drops, batch norm uses the batch's statistics)."""
        for module in self.modules():
            if module.training != mode:
                module.training = mode
        return self

    def eval(self) -> Self:
        """Switch to evaluation: nothing random, running statistics."""
        return self.train(False)

    def requires_grad_(self, flag: bool = True) -> Self:
        """Freeze (False) or unfreeze all parameters."""
        for p in self.parameters():
            p.requires_grad = flag
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; set_to_none=False fills them with zeros."""
        for p in self.parameters():
            p.grad = None if set_to_none or p.grad is None else np.zeros_like(p.grad)

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call `function` on every module below, children first, then on this one."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def to(self, dtype: Any) -> Self:
        """Convert all floating-point parameters and buffers to `dtype`, in place."""
        for tensor in [*self.parameters(), *self.buffers()]:
            if tensor.dtype.kind == "f":
                tensor.data = tensor.data.astype(dtype)
                tensor.grad = None
        return self

    def double(self) -> Self:
        """Convert to float64, as gradient checks want it."""
        return self.to(np.float64)

    def float(self) -> Self:
        """Convert to float32."""
        return self.to(np.float32)

    # -- state -----------------------------------------------------------------------------------

    def _named_state(self) -> Iterator[tuple[str, Tensor]]:
        for path, module in self.named_modules():
            dot = f"{path}." if path else ""
            for name, p in module._parameters.items():
                if p is not None:
                    yield dot + name, p
            for name, b in module._buffers.items():
                if b is not None and name in module._persistent:
                    yield dot + name, b

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and persistent buffers under their dotted names."""
        return {name: tensor.numpy() for name, tensor in self._named_state()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> LoadResult:
        """Take over parameters and buffers from a `state_dict()`; nothing is written unless all
        fits.

        strict: also insist that the names are the same; only a `num_batches_tracked`, which old
        files do not have, may always be missing. Numbers are converted to the model's type.
        Raises ValueError that names what is missing, unexpected, of another shape or type.
        Returns the names that did not match, `.missing` and `.unexpected`.
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                "load_state_dict takes a dictionary of arrays by name, not a "
                f"{type(state).__name__}"
            )
        targets = dict(self._named_state())
        arrays, result = fitted(type(self).__name__, targets, state, strict)
        for name, array in arrays.items():
            targets[name].data = array
        return result

    # -- text ------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What to show between the brackets of this layer's repr."""
        return ""

    def label(self) -> str:
        """A few words for error messages, such as '784 → 100'."""
        return ""

    def __repr__(self) -> str:
        head = f"{type(self).__name__}({self.extra_repr()}"
        if not self._modules:
            return head + ")"
        lines = []
        for name, module in self._modules.items():
            body = repr(module).replace("\n", "\n  ")
            lines.append(f"  ({name}): {body}")
        return head + "\n" + "\n".join(lines) + "\n)"

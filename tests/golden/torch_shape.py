"""PyTorch's spelling of reductions, comparisons, shapes and activations."""

import torch
import torch.nn.functional as F


def renamed(function, **names):
    """Call `function` with some keyword arguments under other names."""
    return lambda *args, **kwargs: function(
        *args, **{names.get(name, name): value for name, value in kwargs.items()}
    )


AXIS = {"axis": "dim", "keepdims": "keepdim"}


def over(function):
    """A reduction, which PyTorch wants without `dim` when it goes over everything."""
    call = renamed(function, **AXIS)
    return lambda x, **kwargs: call(x, **(kwargs or {"dim": tuple(range(x.ndim))}))


def convert(key):
    parts = key if isinstance(key, tuple) else (key,)
    parts = tuple(torch.as_tensor(p) if hasattr(p, "dtype") else p for p in parts)
    return parts if isinstance(key, tuple) else parts[0]


TORCH = {
    "sum": over(torch.sum),
    "mean": over(torch.mean),
    "var": over(torch.var),
    "max": over(torch.amax),
    "min": over(torch.amin),
    "logsumexp": over(torch.logsumexp),
    "argmax": renamed(torch.argmax, **AXIS),
    "argmin": renamed(torch.argmin, **AXIS),
    "flatten": renamed(torch.flatten, start_axis="start_dim", end_axis="end_dim"),
    "squeeze": renamed(torch.squeeze, **AXIS),
    "unsqueeze": renamed(torch.unsqueeze, **AXIS),
    "transpose": renamed(torch.transpose, axis0="dim0", axis1="dim1"),
    "permute": lambda x, *axes: x.permute(*axes),
    "reshape": lambda x, *shape: x.reshape(*shape),
    "concatenate": renamed(torch.cat, **AXIS),
    "stack": renamed(torch.stack, **AXIS),
    "split": renamed(torch.split, split_size_or_sections="split_size_or_sections", axis="dim"),
    "flip": lambda x, axis: torch.flip(x, axis if isinstance(axis, tuple) else (axis,)),
    "getitem": lambda x, key: x[convert(key)],
    "softmax": renamed(F.softmax, **AXIS),
    "log_softmax": renamed(F.log_softmax, **AXIS),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda x: x * 1,
}

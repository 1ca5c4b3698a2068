"""`Tensor`: an array with a name, a gradient, and the operation that made it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from shinso.cell import NOT_KEPT, Array, Cell, _thread, bump_version
from shinso.graph.backward import run_backward
from shinso.graph.dtype import get_default_dtype
from shinso.graph.methods import Methods

if TYPE_CHECKING:
    from shinso.graph.function import Function


class Tensor(Cell, Methods):
    """An array whose gradient can be asked for.

    data: anything NumPy makes an array of. Float arrays keep their dtype; Python floats (and lists
    of them) become the default dtype, float32. requires_grad: whether backward should fill `.grad`.

    `.data` is a live, read-only array; `t.data = value` writes. `.grad` is an array of the same
    shape, or None. `.creator` is the `Function` that made the tensor, None for a leaf.
    """

    __slots__ = ("_creator", "_grad", "_index", "_requires_grad")

    # ndarray + Tensor must come to Tensor.__radd__, not be taken apart element by element.
    __array_ufunc__ = None

    _creator: Function | None

    def __init__(
        self,
        data: Any,
        dtype: Any = None,
        requires_grad: bool = False,
        name: str | None = None,
    ) -> None:
        self.name = name
        self._own(_as_array(data, dtype))
        if requires_grad:
            _check_differentiable(self._view)
        self._grad: Array | None = None
        self._creator = None
        self._index = 0
        self._requires_grad = requires_grad

    @classmethod
    def _of(cls, array: Array, creator: Function | None, index: int) -> Tensor:
        """The result of an operation: holds the very array, and is no lasting cell."""
        if creator is not None and array.dtype.kind != "f":
            creator = None  # integers and booleans have no gradient to pass on
        tensor = cls.__new__(cls)
        tensor.name = None
        tensor._store = None
        tensor._view = array
        tensor._grad = None
        tensor._creator = creator
        tensor._index = index
        tensor._requires_grad = creator is not None
        return tensor

    @classmethod
    def _holding(cls, array: Any) -> Tensor:
        return cls._of(array, None, 0)

    # -- what it is ------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size

    def numel(self) -> int:
        """The number of elements, in PyTorch's word for `size`."""
        return self.size

    def dim(self) -> int:
        """The number of axes, in PyTorch's word for `ndim`."""
        return self.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self.data.dtype

    @property
    def creator(self) -> Function | None:
        """The operation that made this tensor; None for a leaf."""
        return self._creator

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was made by hand, not by a recorded operation."""
        return self._creator is None

    @property
    def requires_grad(self) -> bool:
        """Whether backward computes a gradient for this tensor."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        if self._creator is not None:
            raise RuntimeError(
                "requires_grad can be set on leaf tensors only; this one was made by "
                f"{type(self._creator).__name__}. Use .detach() for a copy outside the graph."
            )
        if flag:
            _check_differentiable(self._view)
        if flag != self._requires_grad:
            self._requires_grad = flag
            bump_version()

    def requires_grad_(self, flag: bool = True) -> Tensor:
        """Set `requires_grad` and return the tensor."""
        self.requires_grad = flag
        return self

    @property
    def grad(self) -> Array | None:
        """The gradient that backward left here, or None."""
        overlay = _thread.overlay
        grad: Any = self._grad
        if overlay is not None and self._store is not None:
            grad = overlay.read(self, "grad", grad)
        if grad is NOT_KEPT:
            raise RuntimeError(
                "a compiled step computed this gradient and kept none: a step that ends with "
                "zero_grad() says so itself; compile(..., keep_grads=True) keeps gradients"
            )
        return cast("Array | None", grad)

    @grad.setter
    def grad(self, value: Array | None) -> None:
        if value is not None and value.shape != self.shape:
            raise ValueError(
                f"a gradient of shape {value.shape} does not fit a tensor of shape {self.shape}"
            )
        overlay = _thread.overlay
        if overlay is None or self._store is None:
            self._grad = value
        else:
            overlay.write(self, "grad", value)

    # -- gradients -------------------------------------------------------------------------------

    def backward(
        self, gradient: Any = None, retain_graph: bool = False, create_graph: bool = False
    ) -> None:
        """Fill `.grad` of every leaf this tensor depends on (adding to what is there).

        gradient: d(what you differentiate)/d(this tensor), of this tensor's shape; 1 for a scalar.
        retain_graph: keep the graph, to call backward again or to draw it.
        Raises RuntimeError for a tensor without a graph, or one that is no scalar and got no
        `gradient`.
        """
        if create_graph:
            raise NotImplementedError(
                "gradients of gradients (create_graph=True) are not supported: backward runs on "
                "plain arrays. numerical_gradient() of a gradient may serve for small problems."
            )
        run_backward(self, gradient, retain_graph)

    def retain_grad(self) -> None:
        """Ask backward to keep the gradient of this intermediate tensor in `.grad`, too."""
        if self._creator is not None:
            self._creator.retained[self._index] = weakref.ref(self)

    def detach(self) -> Tensor:
        """A tensor with the same values and no graph behind it."""
        return Tensor._of(self.data, None, 0)

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    # -- to and from plain values ----------------------------------------------------------------

    def item(self) -> Any:
        """The one element as a Python number. Raises ValueError for more or fewer elements."""
        if self.size != 1:
            raise ValueError(
                f"item() needs exactly one element; this tensor has shape {self.shape}"
            )
        return self.data.item()

    def tolist(self) -> Any:
        """The values as (nested) Python lists."""
        return self.data.tolist()

    def astype(self, dtype: Any) -> Tensor:
        """A detached copy with another dtype."""
        return Tensor(self.data, dtype=dtype)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a 0-dimensional tensor has no length")
        return self.shape[0]

    def __format__(self, spec: str) -> str:
        return format(self.item() if self.size == 1 and spec else str(self), spec)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.data if dtype is None else self.data.astype(dtype, copy=False)
        return np.array(array) if copy else array

    def __dlpack__(self, **options: Any) -> Any:
        # A copy: a consumer may write into what it gets, and a cell is written through .data only.
        return self.numpy().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.numpy().__dlpack_device__()

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(
            "tensors are not written element by element. Build the new array and write it whole: "
            "t.data = array; inside a computation use ops.where."
        )

    def __hash__(self) -> int:
        return id(self)  # == compares element by element, so the identity is the key

    def __repr__(self) -> str:
        body = np.array2string(self.data, precision=4, threshold=64, prefix="Tensor(")
        dtype = "" if self.dtype == get_default_dtype() else f", dtype={self.dtype}"
        made = f", creator={type(self._creator).__name__}" if self._creator is not None else ""
        grad = ", requires_grad=True" if self._requires_grad and not made else ""
        name = f", name={self.name!r}" if self.name else ""
        return f"{type(self).__name__}({body}{dtype}{grad}{made}{name})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self._creator is not None:
            raise RuntimeError(
                "only leaf tensors can be copied with copy.deepcopy; .detach() this one first"
            )
        copied = _rebuild(type(self), self.numpy(), self._requires_grad, self.name)
        copied._grad = self._grad.copy() if isinstance(self._grad, np.ndarray) else self._grad
        memo[id(self)] = copied
        return copied

    def __reduce__(self) -> Any:
        if self._creator is not None:
            raise RuntimeError("only leaf tensors can be pickled; .detach() this one first")
        return _rebuild, (type(self), self.numpy(), self._requires_grad, self.name)


def _rebuild(kind: type[Tensor], array: Array, requires_grad: bool, name: str | None) -> Tensor:
    tensor = kind.__new__(kind)
    Tensor.__init__(tensor, array, requires_grad=requires_grad, name=name)
    return tensor


def _as_array(data: Any, dtype: Any) -> Array:
    """A fresh array of the user's data, in the dtype that a new tensor gets."""
    if isinstance(data, Tensor):
        data = data.data
    try:
        array = np.array(data, dtype=dtype)
    except ValueError as error:
        raise ValueError(f"cannot make a tensor of {type(data).__name__}: {error}") from None
    if array.dtype.kind not in "fiub":
        what = "complex" if array.dtype.kind == "c" else "not numbers"
        raise TypeError(f"cannot make a tensor of {type(data).__name__}: its elements are {what}")
    if (
        dtype is None
        and array.dtype == np.float64
        and not isinstance(data, (np.ndarray, np.generic))
    ):
        array = array.astype(get_default_dtype())
    return array


def _check_differentiable(array: Array) -> None:
    if array.dtype.kind != "f":
        raise TypeError(
            f"only floating-point tensors can have a gradient; this one is {array.dtype}. "
            "Give dtype='float32'."
        )


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A new leaf tensor with a copy of `data` (PyTorch's spelling of `Tensor(...)`)."""
    return Tensor(data, dtype=dtype, requires_grad=requires_grad)

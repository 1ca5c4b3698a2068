"""LLVM's part: text of a module in, object code out, object code into this process.

Everything that touches LLVM's code generator stands here, once: the text is parsed and verified
(an invalid module would abort the process), simplified, and turned into relocatable object code,
which can be kept in a file and loaded later by another process with the same CPU.

A worker process runs this very file by its path, without the rest of the package: so it imports
the standard library only, and llvmlite (30-150 ms) when the first function is called.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

_LOCK = threading.RLock()
"""One thread in LLVM at a time (llvmlite has the same rule); a fork waits until it has left."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release
    )

_DEFINITION = re.compile(r"^define\b([^@\n]*)@(?:\"([^\"\n]+)\"|([\w.$-]+))\s*\(", re.MULTILINE)
_INLINE_ASSEMBLY = re.compile(r"(?:^|\s)asm\s", re.MULTILINE)
_names = itertools.count()


class CompileError(RuntimeError):
    """LLVM refused a module or an object file: a mistake in the compiler, not in user code."""


class Machine(Protocol):
    """What code generation needs to know of a target: LLVM's names of it."""

    @property
    def triple(self) -> str:
        """Architecture, vendor and system, as "x86_64-unknown-linux-gnu"."""
        ...

    @property
    def cpu(self) -> str:
        """LLVM's name of the processor."""
        ...

    @property
    def features(self) -> str:
        """LLVM's list of features, as "+avx2,+fma"."""
        ...


class Loaded:
    """Object code in this process. Its addresses are valid as long as this object lives."""

    def __init__(self, tracker: Any, library: str) -> None:
        self._trackers = [tracker]
        self._library = library

    def address(self, symbol: str) -> int:
        """Where the function `symbol` begins. Raises CompileError if there is none."""
        with _LOCK:
            try:
                found = _jit().lookup(self._library, symbol)
            except RuntimeError as error:
                raise CompileError(f'The object code has no function "{symbol}".') from error
            self._trackers.append(found)
            return int(found[symbol])


class LoadedTogether:
    """Several objects, linked in one go: their functions' addresses, object by object."""

    def __init__(self, trackers: list[Any], addresses: list[dict[str, int]]) -> None:
        self._trackers = trackers
        self.addresses = addresses


def exported(text: str) -> tuple[str, ...]:
    """Return the names of the functions that a module defines for others to call.

    define void @f() {…}   define internal void @g() {…}   ->   ("f",)
    """
    found = []
    for linkage, quoted, plain in _DEFINITION.findall(text):
        if not {"internal", "private"} & set(linkage.split()):
            found.append(quoted or plain)
    return tuple(found)


def compile_ir(text: str, target: Machine) -> bytes:
    """Return relocatable object code for a module given as LLVM IR.

    `text` is one module; its triple and data layout are replaced by those of `target`. Raises
    CompileError if LLVM cannot parse it or finds it invalid.
    """
    return _compile(text, target, lambda module, machine: bytes(machine.emit_object(module)))


def assembly(text: str, target: Machine) -> str:
    """Return the assembly text that `compile_ir` would encode. Raises CompileError likewise."""
    return _compile(text, target, lambda module, machine: str(machine.emit_assembly(module)))


def optimized_ir(text: str, target: Machine) -> str:
    """Return a module's LLVM IR as code generation sees it. Raises CompileError likewise."""
    return _compile(text, target, lambda module, machine: str(module))


def load(object_code: bytes) -> Loaded:
    """Put object code into memory, ready to run. Names of the C library are resolved.

    Raises CompileError if it is no object code for this machine.
    """
    with _LOCK:
        library = f"object{next(_names)}"
        return Loaded(_link([object_code], [], library), library)


def load_many(objects: Sequence[tuple[bytes, Sequence[str]]]) -> LoadedTogether:
    """Load objects, each given with the names of its functions, and look all of these up.

    In one link where no name occurs twice (30 objects: 2 ms instead of 6). Raises CompileError
    if one of them cannot be loaded or lacks a function.
    """
    names = [name for _, symbols in objects for name in symbols]
    with _LOCK:
        if len(set(names)) == len(names):
            tracker = _link([code for code, _ in objects], names, f"object{next(_names)}")
            found = [{name: int(tracker[name]) for name in symbols} for _, symbols in objects]
            return LoadedTogether([tracker], found)
        trackers, found = [], []
        for code, symbols in objects:
            trackers.append(_link([code], symbols, f"object{next(_names)}"))
            found.append({name: int(trackers[-1][name]) for name in symbols})
        return LoadedTogether(trackers, found)


def versions() -> str:
    """Say which llvmlite and which LLVM make the code: part of every cache key."""
    llvm = _llvm()
    numbers = ".".join(str(number) for number in llvm.llvm_version_info)
    return f"llvmlite {_llvmlite_version()} LLVM {numbers}"


def llvm_folder() -> str:
    """Return the folder that the package llvmlite lies in: a worker process looks there."""
    import llvmlite  # late: see _llvm

    return str(Path(llvmlite.__file__).parent.parent)


def _compile(text: str, target: Machine, emit: Any) -> Any:
    """Parse, verify, simplify, and hand module and machine to `emit`."""
    if _INLINE_ASSEMBLY.search(text):  # LLVM would end the process: it has no parser for it here
        raise CompileError("Inline assembly is not allowed in a module.")
    with _LOCK:
        llvm = _llvm()
        machine = _machine(target.triple, target.cpu, target.features)
        context = llvm.create_context()  # closed below, or types and constants would pile up
        try:
            module = llvm.parse_assembly(text, context)
        except RuntimeError as error:
            context.close()
            raise CompileError(f"LLVM cannot read the module: {error}") from error
        try:
            module.triple = target.triple
            module.data_layout = str(machine.target_data)
            module.verify()
            _simplify(module, machine)
            return emit(module, machine)
        except RuntimeError as error:
            raise CompileError(f"LLVM refuses the module: {error}") from error
        finally:
            module.close()
            context.close()


def _simplify(module: Any, machine: Any) -> None:
    """Clean up code that is already vectorized and unrolled.

    Only the function simplifications of -O1 (registers for local variables, folded addresses,
    common subexpressions, loop invariants): the whole of -O1 takes twice the time, -O2 three
    times, for the same speed of a register tile. Nothing may vectorize or unroll again.
    """
    llvm = _llvm()
    options = llvm.create_pipeline_tuning_options(speed_level=1)
    options.loop_vectorization = options.slp_vectorization = False
    options.loop_unrolling = options.loop_interleaving = False
    builder = llvm.create_pass_builder(machine, options)
    functions = [function for function in module.functions if not function.is_declaration]
    if len(functions) > 1:
        inliner = llvm.create_new_module_pass_manager()
        inliner.add_always_inliner_pass()
        inliner.add_global_dead_code_eliminate_pass()
        inliner.run(module, builder)
    passes = builder.getFunctionPassManager()
    for function in module.functions:
        if not function.is_declaration:
            passes.run(function, builder)


def _link(objects: Sequence[bytes], symbols: Sequence[str], library: str) -> Any:
    """Link objects into a library of this process; its name can never be used again."""
    builder = _llvm().JITLibraryBuilder().add_current_process()
    for code in objects:
        builder.add_object_img(code)
    for symbol in symbols:
        builder.export_symbol(symbol)
    try:
        return builder.link(_jit(), library)
    except RuntimeError as error:
        raise CompileError(f"The object code cannot be loaded: {error}") from error


@functools.cache
def _llvm() -> Any:
    """llvmlite's binding, imported late: `import shinso` must not wait for it."""
    import llvmlite.binding as llvm  # costs 30-150 ms

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm


@functools.cache
def _llvmlite_version() -> str:
    """The version of llvmlite."""
    import llvmlite  # late, as above

    return str(llvmlite.__version__)


@functools.cache
def _machine(triple: str, cpu: str, features: str) -> Any:
    """LLVM's code generator for a target. Position-independent: constants lie beside the code."""
    try:
        description = _llvm().Target.from_triple(triple)
    except RuntimeError as error:
        raise CompileError(f'LLVM knows no target "{triple}": {error}') from error
    return description.create_target_machine(
        cpu=cpu, features=features, opt=3, reloc="pic", codemodel="small"
    )


@functools.cache
def _jit() -> Any:
    """The process's one linker of object code into memory."""
    # JITLink puts an object's parts side by side, so that small addresses reach; on Windows it
    # is not complete yet.
    return _llvm().create_lljit_compiler(use_jit_link=os.name != "nt")

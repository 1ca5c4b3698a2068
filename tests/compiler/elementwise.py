"""For tests: element-wise functions compiled into loops over NumPy arrays."""

import ctypes
from functools import cache

import numpy as np
from llvmlite import binding, ir

from shinso.compiler import scalar
from shinso.compiler.target import named

I1, I8, I64 = ir.IntType(1), ir.IntType(8), ir.IntType(64)


def register(dtype, lanes):
    if dtype.kind == "b":
        kind = I1
    elif dtype.kind == "f":
        kind = ir.FloatType() if dtype.itemsize == 4 else ir.DoubleType()
    else:
        kind = ir.IntType(8 * dtype.itemsize)
    return ir.VectorType(kind, lanes) if lanes else kind


def memory(dtype, lanes):
    return register(np.dtype(np.uint8) if dtype.kind == "b" else dtype, lanes)


def add_loop(module, name, emit, types, result, lanes, target):
    """Add `void name(n, out, in0, in1, …)`: n elements, `lanes` at a time (0: plain numbers)."""
    pointer = ir.PointerType()
    kind = ir.FunctionType(ir.VoidType(), (I64, pointer, *(pointer for _ in types)))
    function = ir.Function(module, kind, name=name)
    for attribute in target.function_attributes:
        function.attributes._known = function.attributes._known | {attribute}
        function.attributes.add(attribute)
    entry, loop, done = (function.append_basic_block(x) for x in ("entry", "loop", "done"))
    b = ir.IRBuilder(entry)
    n, out, *inputs = function.args
    b.cbranch(b.icmp_signed(">", n, ir.Constant(I64, 0)), loop, done)
    b.position_at_end(loop)
    i = b.phi(I64)
    i.add_incoming(ir.Constant(I64, 0), entry)
    values = []
    for source, dtype in zip(inputs, types, strict=True):
        address = b.gep(source, [i], source_etype=memory(dtype, 0))
        value = b.load(address, align=1, typ=memory(dtype, lanes))
        values.append(b.trunc(value, register(dtype, lanes)) if dtype.kind == "b" else value)
    value = emit(b, target, values)
    assert value.type == register(result, lanes), (value.type, register(result, lanes))
    if result.kind == "b":
        value = b.zext(value, memory(result, lanes))
    b.store(value, b.gep(out, [i], source_etype=memory(result, 0)), align=1)
    following = b.add(i, ir.Constant(I64, lanes or 1))
    i.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, n), loop, done)
    b.position_at_end(done)
    b.ret_void()


def compiled_all(cases, target_name="native"):
    """A function of arrays for each (emit, types, result, lanes), all in one module."""
    target = named(target_name)
    module = ir.Module(name="elementwise")
    module.triple = target.triple
    cases = [(e, [np.dtype(t) for t in types], np.dtype(r), n) for e, types, r, n in cases]
    for k, (emit, types, result, lanes) in enumerate(cases):
        add_loop(module, f"f{k}", emit, types, result, lanes, target)
    parsed = binding.parse_assembly(str(module))
    parsed.verify()
    machine = target.machine()
    options = binding.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = False
    passes = binding.create_pass_builder(machine, options)
    passes.getModulePassManager().run(parsed, passes)
    engine = binding.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    return [_runner(engine, f"f{k}", case) for k, case in enumerate(cases)]


def _runner(engine, name, case):
    _, types, result, lanes = case
    pointers = [ctypes.c_void_p] * (1 + len(types))
    prototype = ctypes.CFUNCTYPE(None, ctypes.c_int64, *pointers)
    native, step = prototype(engine.get_function_address(name)), lanes or 1

    def run(*arrays):
        n = len(arrays[0])
        whole = -(-n // step) * step
        padded = [
            np.ascontiguousarray(a if whole == n else np.resize(a, whole), t)
            for a, t in zip(arrays, types, strict=True)
        ]
        out = np.empty(whole, result)
        native(whole, out.ctypes.data, *(a.ctypes.data for a in padded))
        return out[:n]

    run.engine, run.native = engine, native  # the code lives as long as its engine
    return run


def compiled(emit, types, result, lanes, target_name="native"):
    """One function of arrays."""
    return compiled_all([(emit, types, result, lanes)], target_name)[0]


def case(name, types, result, lanes):
    """What `compiled_all` takes, for a function of scalar.SUPPORTED; types as characters."""
    kinds = [np.dtype(t) for t in types]

    def emit(b, target, values):
        return scalar.emit(b, target, name, values, kinds, np.dtype(result))

    return emit, kinds, result, lanes


@cache
def function(name, types, result, lanes, target_name="native"):
    """One function of scalar.SUPPORTED as a function of arrays."""
    return compiled(*case(name, types, result, lanes), target_name)

"""Write the worked example of docs/compiler.md: `python docs/make_compiler_example.py`.

A multiplication, an addition and a sum, forward and backward, at every stage on the way to machine
code. What does not depend on the machine is compared with the file by a test.
"""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np

import shinso
from shinso.compiler import plan
from shinso.compiler.assemble import lower
from shinso.compiler.key import Call
from shinso.compiler.stages import stage_text
from shinso.compiler.target import named
from shinso.graph import Tensor
from shinso.ops.arithmetic import Multiply

PAGE = Path(__file__).parent / "compiler.md"
BEGIN = "<!-- example: written by docs/make_compiler_example.py -->"
END = "<!-- end of the example -->"

LASTING = ("graph", "rewritten", "plan", "loops", "ir")
"""The stages that come out the same on every machine, for one target."""

w = Tensor(np.linspace(0, 1, 16, dtype=np.float32), requires_grad=True, name="w")
x = np.ones((64, 16), np.float32)


def step(x):
    """One multiplication and what follows from it."""
    y = x * w + 1
    total = y.sum()
    total.backward()
    return total


def stages() -> dict[str, str]:
    """Each stage's text, for AVX2 and one thread; loops, ir and asm of kernel 0."""
    graph = plan.trace(step, Call((x,), {}), keep_grads=True).graph
    target = named("avx2")
    program = lower(graph, target, threads=1)
    texts = {}
    for stage in (*LASTING, "asm"):
        kernel = 0 if stage in ("loops", "ir", "asm") else None
        texts[stage] = _tidy(stage_text(graph, program, target, stage, kernel))
    return texts


def example() -> str:
    """The whole section."""
    texts = stages()
    texts["numpy"] = inspect.getsource(Multiply).rstrip()
    texts["step"] = inspect.getsource(step).replace(f'    """{step.__doc__}"""\n', "").rstrip()
    texts["table"] = str(shinso.compile(step, keep_grads=True).explain(x))
    pieces = []
    for title, words, name, language in _SECTIONS:
        heading = f"### {title}\n\n" if title else ""
        pieces.append(f"{heading}{words}\n\n```{language}\n{_tidy(texts[name])}\n```")
    return "\n\n".join(pieces)


def _tidy(text: str) -> str:
    """Without tabs and blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.expandtabs(8).splitlines())


def written(page: str, text: str) -> str:
    """The page with the example in its place."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}"


_SECTIONS = [
    (
        "",
        "The step to follow, with `w` a parameter of 16 numbers and `x` an array of 64 × 16:",
        "step",
        "python",
    ),
    (
        "1. NumPy",
        "`x * w` is an operation of `shinso.ops`, and an operation is a few lines of NumPy. These\n"
        "lines are all that the compiler gets to see; it knows nothing of layers or gradients.",
        "numpy",
        "python",
    ),
    (
        '2. The graph: `step.stage("graph")`',
        "The function runs once on stand-ins for arrays, and every NumPy call leaves a line. "
        "`%2 = %1[i1]` is\n"
        "broadcasting: element (i0, i1) of %2 is element i1 of `w`. From %8 on it is the backward "
        "pass, which was\n"
        "NumPy, too: the gradient of a sum is 1 everywhere (%8, %9), and `Multiply.backward` made "
        "%10. On the right\nstands the line of code that did it.",
        "graph",
        "text",
    ),
    (
        '3. The rewritten graph: `step.stage("rewritten")`',
        "Equal nodes become one: the 1 that was added and the 1 that the gradient begins with are "
        "now the same\nnode. In larger graphs this is where constants are worked out and where "
        "multiplications by\ninserted zeros disappear.",
        "rewritten",
        "text",
    ),
    (
        '4. The plan: `step.stage("plan")`',
        "Of all nodes only two get memory: the sum and the gradient of `w`. The multiplication "
        "needs none, because\nits elements are worked out where they are used. So the forward pass "
        "is one stage, a fold over\nall 64 × 16 elements that reads `x` and `w`, and the backward "
        "pass is another.",
        "plan",
        "text",
    ),
    (
        '5. The loops: `step.stage("loops", 0)`',
        "The first stage as loops over numbers. `r1` runs along the rows of `x`, 8 elements at a "
        "time, as many as\nan AVX2 register holds; `N` is the length of the batch, which is passed "
        "when the kernel is called, so that\nother lengths need no new code. In "
        "`b1[0 + 16 r0 + 1 r1]` layout and broadcasting have become steps\nin memory, and `w` (b0) "
        "simply has none for r0.",
        "loops",
        "text",
    ),
    (
        "6. LLVM IR: `step.ir(0)`",
        "Each line of the loop language becomes a few lines for LLVM. `<8 x float>` is a vector of "
        "8 numbers:\nthe multiplication is one `fmul` for 8 of them. The running sum is a `phi`: a "
        "value that comes from\nbefore the loop or from its last round, and never goes through "
        "memory. After the loops the 8 partial\nsums are added up in halves.",
        "ir",
        "llvm",
    ),
    (
        "7. Machine code: `step.asm(0)`",
        "LLVM gives out registers. In the innermost loop 8 elements of `x` are loaded, multiplied "
        "by `w` and\nincreased by 1, both in one instruction (`vfmadd`), and added to the sum "
        "(`vaddps`); what remains is\ncounting and jumping. Neither the product nor `y` ever "
        "leaves a register.",
        "asm",
        "asm",
    ),
    (
        "8. What it takes: `step.explain(x)`",
        "The program is run on copies of its arrays and measured kernel by kernel, beside what the "
        "machine could do\nat best. Such small kernels take a fraction of a microsecond; calling "
        "them from Python takes longer.",
        "table",
        "text",
    ),
]  # fmt: skip


def main() -> None:
    """Write the section into the page."""
    made = written(PAGE.read_text(encoding="utf-8"), example())
    fresh = PAGE.with_suffix(".new")
    fresh.write_text(made, encoding="utf-8")
    fresh.replace(PAGE)
    print(f"{PAGE} is written")


if __name__ == "__main__":
    main()

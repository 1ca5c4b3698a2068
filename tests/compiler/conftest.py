"""Who runs the graphs in these tests."""

import pytest

from shinso.compiler import plan

BY_NUMPY = {
    "test_interpret", "test_lowering_all", "test_random_programs", "test_step", "test_trace_ops",
    "test_trace_training", "test_traced", "test_verify",
}  # fmt: skip
"""What is traced is tested to the last bit: NumPy runs these graphs, not machine code."""


@pytest.fixture(autouse=True)
def executor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.path.stem in BY_NUMPY or request.path.parent.name == "lowering":
        monkeypatch.setattr(plan, "prepare", plan.Interpreted)


@pytest.fixture(autouse=True)
def guarded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    side = request.config.getoption("--guard-pages")
    if side:
        from tests.compiler.guard_pages import install  # Linux only

        install(monkeypatch, side)

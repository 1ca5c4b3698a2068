import llvmlite.binding as llvm
import pytest

from shinso.compiler.objects import assembly, exported
from shinso.compiler.runtime import park
from shinso.compiler.runtime.native import EXPORTS, ir_text, native
from shinso.compiler.target import named, target


@pytest.mark.parametrize("way", ["futex", "address", "sync", "nap"])
@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_code_for_every_system(monkeypatch, architecture, way):
    monkeypatch.setattr(park, "way_to_sleep", lambda *_: way)
    text = ir_text(f"{architecture}-unknown-linux-gnu")
    module = llvm.parse_assembly(text)
    module.verify()
    assert set(exported(text)) == set(EXPORTS)


def test_code_for_arm_assembles():
    text = ir_text("aarch64-unknown-linux-gnu", "linux")
    instructions = assembly(text, named("neon"))
    assert "cntvct_el0" in instructions.lower()  # a clock that user programs may read
    assert "yield" in instructions


def test_text_is_always_the_same():
    assert ir_text(target().triple) == ir_text(target().triple)


def test_other_processors_get_a_clear_error():
    with pytest.raises(NotImplementedError, match=r"riscv64.*SHINSO_COMPILE=0"):
        ir_text("riscv64-unknown-linux-gnu")


@pytest.mark.parametrize(
    ("platform", "architecture", "way"),
    [("linux", "x86_64", "futex"), ("linux", "aarch64", "futex"), ("linux", "riscv64", "nap"),
     ("win32", "x86_64", "address"), ("freebsd14", "x86_64", "nap")],
)  # fmt: skip
def test_ways_to_sleep(platform, architecture, way):
    assert park.way_to_sleep(platform, architecture) == way


def test_clock():
    code = native()
    assert code is native()
    assert code.ticks_per_second() > 1e6

import copy

import numpy as np
import pytest

from shinso.compiler.runtime.driver import BARRIER, CHECKED, SINGLE, Plan, Record

BITS = 0xFFFFFFFFFFFFFFFF


def _mixing(kernels, address_of, threads, rounds):
    """A plan that goes back and forth between two rows, with a barrier after every step."""
    a, b = np.zeros(threads, np.int64), np.zeros(threads, np.int64)
    args = np.array([address_of(a), address_of(b), address_of(b), address_of(a)], np.int64)
    records = [Record(kernels.mix, 2 * (i % 2)) for i in range(2 * rounds)]
    return Plan(records, args, threads, keep=(a, b)), a


def _mixed(threads, steps):
    row = [0] * threads
    for _ in range(steps):
        total = 3 * sum(row)
        row = [(total + thread + 1) & BITS for thread in range(threads)]
    return np.array(row, np.uint64).astype(np.int64)


@pytest.mark.parametrize(
    ("threads", "plans"), [(1, 20_000), (2, 100_000), (3, 20_000), (4, 20_000)]
)
def test_barriers_under_stress(kernels, address_of, threads, plans):
    plan, row = _mixing(kernels, address_of, threads, rounds=2)
    assert kernels.repeat(plan, plans) == 0
    np.testing.assert_array_equal(row, _mixed(threads, 4 * plans))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, 3, 4])
def test_barriers_under_much_stress(kernels, address_of, threads):
    plan, row = _mixing(kernels, address_of, threads, rounds=2)
    assert kernels.repeat(plan, 100_000) == 0
    np.testing.assert_array_equal(row, _mixed(threads, 400_000))


def test_plans_of_changing_size(kernels, address_of):
    plans = [_mixing(kernels, address_of, threads, rounds=1) for threads in (4, 1, 3, 2)]
    for _ in range(200):
        for plan, _row in plans:
            assert plan.run() == 0
    for plan, row in plans:
        np.testing.assert_array_equal(row, _mixed(plan.threads, 400))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_single_is_run_once(kernels, address_of, threads):
    every, one = np.zeros(threads, np.int64), np.zeros(threads, np.int64)
    args = np.array([address_of(every), address_of(one)], np.int64)
    records = [Record(kernels.mark, 0, 0), Record(kernels.mark, 1, SINGLE | BARRIER)]
    Plan(records, args, threads).run()
    assert every.tolist() == [1] * threads
    assert one.tolist() == [1] + [0] * (threads - 1)


def test_single_sees_a_team_of_one(kernels, address_of):
    a, b = np.array([5, 7], np.int64), np.zeros(2, np.int64)
    plan = Plan(
        [Record(kernels.mix, 0, SINGLE)], np.array([address_of(a), address_of(b)], np.int64), 2
    )
    plan.run()
    assert b.tolist() == [16, 0]  # 3 · (5) + 0 + 1: the sum had one member


def _checking(kernels, address_of, threads, bits):
    before, after = np.zeros(threads, np.int64), np.zeros(threads, np.int64)
    args = np.array([0, bits, address_of(before), address_of(after), 0, 6], np.int64)
    records = [
        Record(kernels.report, 0, 0),
        Record(kernels.mark, 2, CHECKED),
        Record(kernels.mark, 3, BARRIER),
        Record(kernels.report, 4, BARRIER),
    ]
    plan = Plan(records, args, threads, keep=(before, after))
    args[0] = args[4] = plan.status_address
    return plan, before, after


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_failed_check_ends_the_plan(kernels, address_of, threads):
    plan, before, after = _checking(kernels, address_of, threads, bits=9)
    assert plan.run() == 9
    assert plan.run() == 9  # and the team is fit for another one
    assert before.tolist() == [2] * threads
    assert after.tolist() == [0] * threads


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_status_after_the_checks_is_returned_at_the_end(kernels, address_of, threads):
    # Every run sets the status after the checks; a slow thread must not take it for a failed check.
    plan, before, after = _checking(kernels, address_of, threads, bits=0)
    assert kernels.repeat(plan, 500) == 6
    assert before.tolist() == after.tolist() == [500] * threads


def test_empty_plan(kernels):
    for threads in (1, 2):
        assert Plan([], np.zeros(0, np.int64), threads).run() == 0


def test_times(kernels, address_of):
    counts = np.zeros(2, np.int64)
    records = [Record(kernels.mark, 0), Record(kernels.mark, 0, SINGLE), Record(kernels.nothing, 0)]
    status, seconds = Plan(records, np.array([address_of(counts)]), 2).run_timed()
    assert status == 0
    assert counts.tolist() == [2, 1]
    assert seconds.shape == (3, 2, 2)
    began, ended = seconds[..., 0], seconds[..., 1]
    assert np.isfinite(seconds[[0, 2]]).all()
    assert (ended >= began)[[0, 2]].all()
    assert began.min() == 0
    # The record with a barrier is over everywhere before the last one begins anywhere.
    assert ended[0].max() <= began[2].min()
    assert seconds.max() < 60


def test_patches(kernels, address_of):
    a, b = np.array([3, 4], np.int64), np.zeros(1, np.int64)
    plan = Plan([Record(kernels.mix, 0)], np.zeros(2, np.int64), 1)
    first = address_of(plan.args)
    patches = np.array([[0, first, 8], [1, first + 8, 0]], np.int64)
    plan.run(patches, np.array([address_of(a), address_of(b)]))
    assert b[0] == 13


def test_wrong_plans(kernels):
    good = np.zeros(4, np.int64)
    for threads in (0, -1, 257):
        with pytest.raises(ValueError, match="threads"):
            Plan([], good, threads)
    locked = good.copy()
    locked.flags.writeable = False
    for args in (good.astype(np.int32), good.reshape(2, 2), good[::2], locked):
        with pytest.raises(ValueError, match="int64"):
            Plan([], args, 1)
    for record in (Record(0, 0), Record(kernels.nothing, -1), Record(kernels.nothing, 5)):
        with pytest.raises(ValueError, match="record 0"):
            Plan([record], good, 1)


def test_plans_are_not_copied(kernels):
    plan = Plan([], np.zeros(0, np.int64), 1)
    with pytest.raises(TypeError, match="addresses"):
        copy.deepcopy(plan)

import numpy as np
import pytest

from shinso.classical.lbfgs import Plain, minimize


def rosenbrock(x):
    a, b = x
    value = (1 - a) ** 2 + 100 * (b - a * a) ** 2
    return value, np.array([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)])


def test_rosenbrocks_valley():
    found = minimize(Plain(rosenbrock), np.array([-1.2, 1.0]), tol=1e-8, max_iter=200)
    assert found.converged
    np.testing.assert_allclose(found.x, [1, 1], atol=1e-6)
    assert found.iterations < 80


def test_a_quadratic_with_its_inverse_takes_one_step():
    a = np.diag([1.0, 10.0, 1e4])
    b = np.array([1.0, 2.0, 3.0])

    def function(x):
        return 0.5 * x @ a @ x - b @ x, a @ x - b

    found = minimize(
        Plain(function), np.zeros(3), tol=1e-9, max_iter=9, inverse=lambda g: g / np.diag(a)
    )
    assert found.iterations == 1
    np.testing.assert_allclose(found.x, b / np.diag(a))


def test_stops_at_max_iter_and_calls_back():
    seen = []
    found = minimize(
        Plain(rosenbrock),
        np.array([-1.2, 1.0]),
        tol=1e-8,
        max_iter=3,
        each=lambda i, x, value: seen.append((i, value)),
    )
    assert (found.converged, found.why, found.iterations) == (False, "max_iter", 3)
    assert [i for i, _ in seen] == [1, 2, 3]
    values = [value for _, value in seen]
    assert values == sorted(values, reverse=True)


def test_a_minimum_needs_no_step_and_a_ledge_stops_it():
    assert minimize(Plain(rosenbrock), np.ones(2), tol=1e-8, max_iter=9).iterations == 0
    ledge = minimize(
        Plain(lambda x: (0.0 if not x.any() else 1.0, np.ones(2))),
        np.zeros(2),
        tol=1e-8,
        max_iter=9,
    )
    assert ledge.why == "no step makes it smaller"


@pytest.mark.parametrize("far", [1e-3, 1.0, 1e3])
def test_log_cosh_from_near_and_far(far):
    def function(x):
        return float(np.logaddexp(x, -x).sum()), np.tanh(x)

    found = minimize(Plain(function), np.full(4, far), tol=1e-9, max_iter=200)
    np.testing.assert_allclose(found.x, 0, atol=1e-8)

"""`shinso.check` says what differs between NumPy and compiled code, and raises nothing."""

import numpy as np

import shinso
from shinso import ops
from shinso.checking import check_case, chosen_cases
from shinso.graph import Function, Tensor
from shinso.ops.cases import CASES

X = np.linspace(-2, 2, 12).reshape(3, 4)


def test_a_function_of_arrays(capsys):
    result = shinso.check(lambda a, b: np.tanh(a @ b).sum(axis=0), X, X.T.copy())
    assert result
    assert result.differences == []
    assert "compiled = NumPy" in capsys.readouterr().out


def test_gradients_are_compared_and_the_inputs_left_alone():
    x = Tensor(X, requires_grad=True)
    result = shinso.check(lambda x: (ops.tanh(x), ops.exp(x)), x)
    assert result.ok, str(result)
    assert x.grad is None


def test_random_masks_are_the_same():
    x = Tensor(np.ones((40, 5)), requires_grad=True)
    result = shinso.check(lambda x: ops.dropout(x, 0.5, training=True), x)
    assert result.ok, str(result)


def test_a_function_that_cannot_be_compiled_says_so(capsys):
    result = shinso.check(lambda a: a if a.sum() > 0 else -a, X)
    assert not result.ok
    assert "compiled, it fails: TraceError" in result.differences[0]
    assert "NOT the same" in capsys.readouterr().out


def test_a_function_that_fails_in_numpy_says_so():
    result = shinso.check(lambda a: a @ np.ones(7), X)
    assert "it fails in NumPy: ValueError" in result.differences[0]


def test_a_difference_is_found(monkeypatch):
    monkeypatch.setattr("shinso.checking.compile", lambda run: lambda x, w: ([X + 1e-6], []))
    result = shinso.check(lambda a: a + 0.0, X)
    assert "off by 5.0e-07" in result.differences[0]


def test_one_case_per_op_or_all():
    few = chosen_cases()
    assert {c.op for c in few} == {c.op for c in CASES}
    assert len(few) == len({c.op for c in CASES}) < len(chosen_cases(True)) == len(CASES)


def test_a_case_of_the_table_and_a_wrong_gradient(monkeypatch):
    case = next(c for c in CASES if c.op == "tanh")
    assert check_case(case).ok

    class Wrong(Function):
        def forward(self, x):
            self.x = x
            return x * x

        def backward(self, dout):
            return dout * self.x

    monkeypatch.setattr(ops, "tanh", lambda x: Wrong()(x))
    assert any("finite difference" in d for d in check_case(case).differences)

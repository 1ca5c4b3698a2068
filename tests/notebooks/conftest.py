"""What tests of the notebooks' judges share."""

import pytest

from shinso.lab import check


@pytest.fixture
def refused(capsys):
    """Say that an answer is refused with a hint: refused("2.4", 4, hint="separable")."""

    def told(task, *answers, hint):
        capsys.readouterr()
        assert check(task, *answers) is False
        said = capsys.readouterr().out
        assert hint in said, said

    return told

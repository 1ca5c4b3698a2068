"""`python -m shinso`: the command line."""

from shinso.cli.main import run

run()

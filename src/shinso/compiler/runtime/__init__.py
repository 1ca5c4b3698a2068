"""What runs a compiled step: the number of threads, their team, the plan driver, the fast call."""

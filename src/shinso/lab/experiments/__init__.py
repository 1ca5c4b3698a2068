"""One file for each experiment; each defines EXPERIMENT. `shinso.lab.catalog` finds them."""

"""The pool of workers: decide (policy), carry out (pool), count (stats)."""

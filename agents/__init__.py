"""Asking a mind: what it is shown, how it is asked, how its answer is read."""

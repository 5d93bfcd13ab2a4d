"""The journal: the only truth, and what is folded from it."""

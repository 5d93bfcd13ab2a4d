"""One lazily imported module per command."""

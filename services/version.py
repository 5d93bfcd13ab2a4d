"""The product's version, as `pyproject.toml` states it (a test compares them)."""

KAIPAN_VERSION = "0.2.0"

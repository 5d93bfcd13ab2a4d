"""The gate every order passes. Pure: no I/O anywhere in this package."""

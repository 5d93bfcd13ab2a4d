"""Reads the journal, never writes it."""

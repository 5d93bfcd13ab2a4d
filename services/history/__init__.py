"""Bars kept on the disk: stored exactly, checked, resampled, and told apart by where they came from."""

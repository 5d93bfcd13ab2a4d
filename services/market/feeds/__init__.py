"""Quotes of real vendors: one module a vendor, one way to the network for all of them."""

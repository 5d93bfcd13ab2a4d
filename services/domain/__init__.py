"""Values of the trading day. Pure: standard library and NumPy only."""

"""What the system knows, and the doors to the outside."""

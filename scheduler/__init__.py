"""When and in which order things happen."""

"""What a model may look up in a session: read-only, of the session's moment, answered as fenced data."""

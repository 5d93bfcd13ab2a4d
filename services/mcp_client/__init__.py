"""Tool servers of other programs, spoken to by the Model Context Protocol. Needs the extra `mcp`."""

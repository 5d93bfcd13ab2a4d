"""Language models behind their servers, a cache of their answers, and what they may cost."""

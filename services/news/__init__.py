"""News and announcements of vendors, dated, cleaned, each once."""

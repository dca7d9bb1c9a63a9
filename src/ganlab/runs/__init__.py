"""The run directory: a public format, read and written without torch."""

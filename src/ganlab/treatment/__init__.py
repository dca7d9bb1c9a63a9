"""Treatment: from a run that failed to a setting that is shown to work, by trials beside controls."""

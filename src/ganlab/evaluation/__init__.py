"""How far samples are from real ones."""

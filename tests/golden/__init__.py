"""Recorded numbers that a refactoring may not move; see README.md."""

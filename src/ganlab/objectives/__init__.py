"""Losses, gradient penalties and stabilizers: small pure functions with their equation."""

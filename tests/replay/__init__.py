"""Replaying real releases of public repositories."""

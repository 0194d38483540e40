"""Killed at every boundary there is."""

"""A rehearsal as a page."""

"""The package checks itself."""

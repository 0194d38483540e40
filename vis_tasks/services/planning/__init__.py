"""Questions about the next release, and writing change files. Only `add` and `generate` write."""

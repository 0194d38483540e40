"""A whole release in one process: real git, the real registry over HTTP, and a say at every boundary of the house."""

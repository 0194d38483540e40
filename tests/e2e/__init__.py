"""The whole line: real npm, real git, the embedded registry."""

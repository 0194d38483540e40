"""The configurations of other release tools, read and said again in ours."""

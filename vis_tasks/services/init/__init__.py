"""The first minutes: what a repository is, which tool releases it today, and the files that vis-tasks needs there."""

"""Every prerequisite of a release, looked at without changing anything."""

"""All side effects: processes, git, package managers, HTTP, files, the clock, the console."""

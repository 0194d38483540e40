"""Random schedules of releases, decisions, faults and crashes."""

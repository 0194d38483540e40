"""Ratios measured in one run; never timed tests."""

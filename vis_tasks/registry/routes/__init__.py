"""Handlers, one file per subject: each takes a `Call` and returns a response or raises a `Problem`."""

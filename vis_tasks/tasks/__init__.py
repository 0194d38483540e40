"""Thin Invoke tasks: parse, call a service, print."""

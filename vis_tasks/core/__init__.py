"""The pure heart: no I/O, no clock, nothing that changes. Everything here can be tested as a table."""

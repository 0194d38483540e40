"""One use case each, written against the ports; callable from plain Python without Invoke."""

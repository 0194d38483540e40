"""A review put before people: terminal, one HTML page, Markdown. Nothing in a package can command any of them."""

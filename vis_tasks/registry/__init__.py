"""The embedded npm registry: storage, auth, routes, faults and web pages. A house of its own."""

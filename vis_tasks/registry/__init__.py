"""The embedded npm registry: storage, auth, routes, faults and web pages. A house of its own.

`vis_tasks.registry.run.start_registry` runs one in the background; ``python -m vis_tasks.registry`` in the foreground. The
routes and their names, which faults, rate limits and the request log use, stand in `vis_tasks.registry.app.ROUTES`.
"""

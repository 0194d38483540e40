"""``python -m vis_tasks``: the ``vis-tasks`` binary."""

from __future__ import annotations

from vis_tasks.cli import main

main()

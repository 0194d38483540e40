"""This repository's own tasks: its namespace, on the example workspace."""

from pathlib import Path

from vis_tasks import release_namespace

ns = release_namespace(root=Path(__file__).parent / "examples" / "monorepo")

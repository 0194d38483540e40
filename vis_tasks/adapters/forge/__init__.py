"""Releases on GitHub and GitLab, by REST."""

from vis_tasks.adapters.forge.choose import forge_for

__all__ = ["forge_for"]

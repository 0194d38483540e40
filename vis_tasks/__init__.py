"""Release manager for JavaScript monorepos on npm's staged publishing."""

from __future__ import annotations

__version__ = "0.1.0"

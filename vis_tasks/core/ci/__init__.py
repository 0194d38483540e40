"""CI files as data: what goes into them, how values are quoted, and what becomes of files people have edited. Pure."""

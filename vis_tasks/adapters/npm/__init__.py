"""The npm side: its configuration, its registry, its client, its tarballs."""

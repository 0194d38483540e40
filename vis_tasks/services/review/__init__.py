"""Review of a staged version: fetched, compared, and put into words."""

"""Configuration: one model, from which the loader, the JSON schema and the reference page are made."""

"""What a reviewer needs to see of a staged version, compared with the last live one. Pure."""

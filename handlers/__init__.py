"""What we do when a citizen speaks."""

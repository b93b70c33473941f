"""What the documents say; immutable once published."""

"""What people told us, and what officials entered: rows that change, unlike the editions."""

"""The running service: doors, desk and clock."""

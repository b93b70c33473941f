"""What the town hall knows: plans, their facts, the calendar, and what people told us."""

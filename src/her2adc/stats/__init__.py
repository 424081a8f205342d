"""Statistics: tidy rows for the results table, never formatted strings, never a figure."""

"""Reports as text: one form a file."""

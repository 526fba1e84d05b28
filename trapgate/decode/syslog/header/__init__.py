"""What stands before the text of a line: whose it is, when it was written, what wrote it."""

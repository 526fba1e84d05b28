"""What the text behind a header says, as the files of dialects have it."""

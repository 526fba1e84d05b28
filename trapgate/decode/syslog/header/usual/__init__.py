"""The short way to the headers that nearly all lines have."""

"""The loops that join the pure stages to IO: receive, ingest, core. One process each, joined by
files; each may die and come back alone."""

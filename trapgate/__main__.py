"""`python -m trapgate`."""

from trapgate.cli import main

main()

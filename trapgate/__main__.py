"""`python -m trapgate`."""

import sys

from trapgate.cli import main

sys.exit(main())

"""`python -m inbetween`."""

import sys

from inbetween.cli import main

sys.exit(main())

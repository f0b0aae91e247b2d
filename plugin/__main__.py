"""`python -m inbetween`."""

import sys

from inbetween.start import inbetween

sys.exit(inbetween())

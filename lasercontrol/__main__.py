"""`python -m lasercontrol`, the same as the command `lasercontrol`."""

import sys

from lasercontrol.cli import main

if __name__ == "__main__":
    sys.exit(main())

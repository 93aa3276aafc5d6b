"""The log of an aging test: what was acknowledged is on the disk, whatever happens next."""

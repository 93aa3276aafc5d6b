"""The real bench: instruments composed by role, moved and read within what is safe."""

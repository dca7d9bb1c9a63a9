"""Many runs from one spec: planned, carried out whatever happens, and judged against what was claimed."""

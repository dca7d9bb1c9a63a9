"""From what a run left behind to a named failure: evidence, signals over it, one file a failure, and the verdict."""

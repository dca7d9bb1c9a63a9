"""From what a run left behind to a named failure: evidence, what its curves do, one file a failure, and the verdict."""

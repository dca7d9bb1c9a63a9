"""What many runs say together: the pictures of a sweep, and runs side by side."""

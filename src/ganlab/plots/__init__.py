"""Pictures: from NumPy arrays to PNG, SVG and GIF."""

"""ganlab: train a GAN from one YAML file, watch it, and say by name what went wrong."""

__version__ = "0.1.0"

"""`python -m ganlab` is `ganlab`."""

from ganlab.cli.app import main

main()

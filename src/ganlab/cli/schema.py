"""`ganlab schema`."""

from __future__ import annotations

from ganlab.cli.console import print_json


def schema() -> None:
    """Print the JSON schema of experiment files, for editors.

    Example: ganlab schema > experiment.schema.json
    """
    from ganlab.config.schema import json_schema

    print_json(json_schema())

"""A command that says what a mistyped option, or a word after one, was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import typer
from typer.core import TyperCommand

from ganlab.text import closest, short

USAGE_ERROR = cast(type[Exception], typer.BadParameter.__mro__[1])
"""Click's UsageError; newer Typers have a Click of their own."""

NOT_ONE_OF = re.compile(r"(?:Value error, )?'(?P<typed>.*)' is not one of (?P<choices>'.*')\.?", re.DOTALL)


class Command(TyperCommand):
    """A command whose usage errors propose what was meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as Click does."""
        given = list(args)  # Click takes from them what it has read
        try:
            return super().parse_args(ctx, args)
        except USAGE_ERROR as error:
            if option := getattr(error, "option_name", None) if hasattr(error, "possibilities") else None:
                error.message = f"No such option: {short(option)}{self._meant(option, given)}"  # type: ignore[attr-defined]
                error.possibilities = None  # type: ignore[attr-defined]
            elif found := NOT_ONE_OF.fullmatch(str(getattr(error, "message", ""))):
                choices = re.findall("'([^']*)'", found["choices"])
                near = closest(found["typed"], choices)
                meant = f". Did you mean {near}?" if near else ""
                error.message = f"'{short(found['typed'])}' is not one of {', '.join(choices)}{meant}"  # type: ignore[attr-defined]
            raise

    def _meant(self, option: str, args: Sequence[str]) -> str:
        """Return what an unknown option was probably meant to be: another one, or a setting of the experiment."""
        names = [name for parameter in self.params for name in parameter.opts if name.startswith("--")]
        # Of `-steps` Click names `-s`.
        place = next((place for place, each in enumerate(args) if each.startswith(option)), len(args))
        typed, equals, value = args[place].partition("=") if place < len(args) else (option, "", "")
        near = closest(f"--{typed.lstrip('-')}", names)
        if any(parameter.name == "overrides" for parameter in self.params):
            key = setting(typed.lstrip("-"), similar=near is None)
            if key:
                if not equals:
                    after = "".join(args[place + 1 : place + 2])
                    value = after if after and not after.startswith("-") and "=" not in after else "..."
                return f". Settings are given as KEY=VALUE: {key}={short(value)}"
        return f". Did you mean {near}?" if near else ""


def setting(typed: str, similar: bool) -> str | None:
    """Return the key of an experiment that is called so, or, if wanted, similarly: `optimizer.lr` for `lr`."""
    from ganlab.config.experiment import Experiment
    from ganlab.config.explain import close_path, same_key
    from ganlab.config.tree import Location, to_node

    root = to_node(Experiment().model_dump(), Location("experiment"))
    find = close_path if similar else same_key
    return find(typed.replace("-", "_"), root)

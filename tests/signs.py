"""Turns every sign in the equations of the parts, one at a time: each turn must make a test fail.

    python -m tests.signs [FILE...]     from the root of the repository; about twenty minutes of one core for all

A sign is a plus, a minus, or the name of an in-place sum or difference. A turn is tried on the tests that mirror its
file, then, if they do not notice it, on all tests of that folder. What nobody notices is printed, and is in EQUAL if it
changes nothing that could be noticed. Exit code 1 if there is anything else.
"""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "ganlab"
FILES = ("objectives/*.py", "networks/minibatch.py", "networks/resnet.py", "data/instances.py", "data/selection.py")
NEEDED = ("src", "tests", "configs", "docs", "truth", "benchmarks", "pyproject.toml", "README.md")
LONGEST = 600
"""Seconds after which tests count as failed: a turned sign can make a loop endless."""

TURNED = {ast.Add: "-", ast.Sub: "+"}
NAMES = {"add": "sub", "sub": "add", "add_": "sub_", "sub_": "add_", "neg": "clone"}
NAMES |= {f"_foreach_{name}": f"_foreach_{NAMES[name]}" for name in ("add", "sub", "add_", "sub_")}

EQUAL = {
    "turn * (uniform": "a whole turn more",
    "1 + options.saturation": "the draw is symmetric",
    "1 + options.contrast": "the draw is symmetric",
    "samples + std * noise": "the noise is symmetric",
    "theta + self.noise": "the noise is symmetric",
    "1 + 1j * h": "the absolute value of a complex number is that of its conjugate",
}
"""Beginnings of expressions of which a sign may be turned, and why it cannot be noticed."""


def signs(text: str) -> Iterator[tuple[int, int, str, int]]:
    """Yield the signs of a Python file: first byte, byte after it, what replaces it, and the line."""
    raw = text.encode()
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def first(node: ast.expr) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def end(node: ast.expr) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return starts[node.end_lineno - 1] + node.end_col_offset

    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.BinOp(left, (ast.Add() | ast.Sub()) as operator, right):
                place = min(
                    each for each in (raw.find(sign, end(left), first(right)) for sign in (b"+", b"-")) if each >= 0
                )
                yield place, place + 1, TURNED[type(operator)], node.lineno
            case ast.AugAssign(target, (ast.Add() | ast.Sub()) as operator, value):
                place = raw.index(b"=", end(target), first(value)) - 1
                yield place, place + 1, TURNED[type(operator)], node.lineno
            case ast.UnaryOp(ast.USub()):
                yield first(node), first(node) + 1, "+", node.lineno
            case ast.Attribute(attr=name) if name in NAMES:
                yield end(node) - len(name), end(node), NAMES[name], node.lineno


def passes(tree: Path, tests: Sequence[str]) -> bool:
    """Return whether tests pass in a copy of the repository: in a fork, in which PyTorch is imported already."""
    child = os.fork()
    if child == 0:
        import signal

        import pytest

        output = os.open(tree / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(tree)
        sys.path[:0] = [str(tree / "src"), str(tree)]
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
        for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
            del sys.modules[name]
        signal.alarm(LONGEST)
        os._exit(int(pytest.main(["-x", "-q", "-n0", "-p", "no:cacheprovider", *tests])))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def unnoticed(tree: Path, file: Path) -> Iterator[str]:
    """Yield the lines with a sign whose turn no test notices, in words; the file is as it was afterwards."""
    place = tree / "src" / "ganlab" / file
    raw, folder = place.read_bytes(), f"tests/{file.parent}"
    mirror = f"{folder}/test_{file.name}"
    first = mirror if (tree / mirror).exists() else folder
    if not passes(tree, [first]):
        raise SystemExit(f"{first} fails as it is: {(tree / 'output.txt').read_text()[-2000:]}")
    for start, end, new, line in sorted(set(signs(raw.decode()))):
        place.write_bytes(raw[:start] + new.encode() + raw[end:])
        if passes(tree, [first]) and passes(tree, [folder]):
            yield f"{file}:{line}: {raw.decode().splitlines()[line - 1].strip()}"
    place.write_bytes(raw)


def main() -> None:
    """Try all files, or those that are named."""
    for name in ("torch", "torchvision", "scipy", "matplotlib", "pytest", "xdist", "yaml"):
        __import__(name)
    named = [Path(each).resolve() for each in sys.argv[1:]]
    files = named or sorted(file for pattern in FILES for file in SOURCE.glob(pattern))
    tried, bad = 0, 0
    with TemporaryDirectory() as folder:
        tree = Path(folder)
        for part in NEEDED:
            (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, tree / part)
        for file in files:
            count = len(set(signs(file.read_text())))
            tried += count
            if not count:
                continue
            print(f"{file.relative_to(SOURCE)}: {count} signs", flush=True)
            for line in unnoticed(tree, file.relative_to(SOURCE)):
                why = next((reason for part, reason in EQUAL.items() if part in line), None)
                bad += why is None
                print(f"    {line}" + (f"    (equal: {why})" if why else "    NOT NOTICED"), flush=True)
    print(f"{tried} signs turned, {bad} not noticed by any test")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()

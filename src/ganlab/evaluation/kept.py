"""What real samples give, computed once: kept in the user's cache by the content that it is computed from.

Whoever asks, for whatever split, number or purpose: the same numbers from the same code give the same result, which is
read instead of computed. A result that is damaged is computed again. A cache that cannot be used costs time, never a
run.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from ganlab.data.cache import build, cache_folder
from ganlab.errors import DataError
from ganlab.runs.files import write_synced
from ganlab.version import __version__

log = logging.getLogger(__name__)

LIMIT = 1 << 30
"""Bytes that all results may take; those that were not used for longest go first. MNIST takes some 25 MB."""

SUFFIX = ".kept"

NUMBERS = "numbers"
"""Name under which a file holds what are no tensors, as JSON."""

CHECKED = 32
"""Bytes at the start of a file: SHA-256 of the rest."""

Listener = Callable[[str, float], None]
"""Called with what is computed and the share of it that is done, 0 to 1."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_unusable: set[str] = set()
"""Folders of which it was said that they cannot be used."""


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call a listener whenever something is computed inside because it was not kept."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report(what: str, share: float) -> None:
    """Tell the listener, if there is one, which share of something has been computed, 0 to 1."""
    if (listener := _listener.get()) is not None:
        listener(what, share)


def kept(
    what: str, make: Callable[[], Mapping[str, Any]], *inputs: Tensor | str | int, when: bool = True
) -> dict[str, Any]:
    """Return what `make` makes of the inputs: read if it was kept, else computed and kept.

    Both ways give the same bits: contiguous tensors, and numbers, strings and lists as JSON has them.

    Args:
        what: what it is, for the file's name and for the listener.
        make: gives tensors on the CPU, and JSON, by name; a function of the inputs alone.
        inputs: all that the result depends on but the code.
        when: False: it is cheaper to compute, or not known what it depends on.
    """
    if not when:
        return dict(make())
    content: list[bytes] = []

    def is_whole(path: Path) -> bool:
        content[:] = [found] if (found := _read(path)) is not None else []
        return bool(content)

    def write(path: Path) -> None:
        content[:] = [_packed(_told(what, make))]
        write_synced(path, hashlib.sha256(content[0]).digest() + content[0])
        written.append(path)

    written: list[Path] = []
    try:
        path = cache_folder() / "reals" / f"{what.replace(' ', '-')}-{_key(what, inputs)}{SUFFIX}"
        build(path, is_whole, write)
        if written:
            _trim(path.parent)
        else:
            with suppress(OSError):  # a cache that others fill may be read, but not changed
                os.utime(path)
    except DataError as error:
        if (said := error.message) not in _unusable:
            _unusable.add(said)
            log.warning("what the real samples give is computed again each time: %s", error)
    return _unpacked(content[0] if content else _packed(_told(what, make)))


def _told(what: str, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    report(what, 0.0)
    found = make()
    report(what, 1.0)
    return found


def _key(what: str, inputs: tuple[Tensor | str | int, ...]) -> str:
    digest = hashlib.sha256(f"{_code()} {what}".encode())
    for each in inputs:
        if isinstance(each, Tensor):
            digest.update(f"\0{each.dtype} {tuple(each.shape)}\0".encode())
            digest.update(each.detach().contiguous().numpy().data)  # not a copy, even of what is memory-mapped
        else:
            digest.update(f"\0{each!r}\0".encode())
    return digest.hexdigest()[:32]


@cache
def _code() -> str:
    """Return what else a result depends on: the source of this package, and PyTorch's version."""
    digest = hashlib.sha256(f"{__version__} {torch.__version__}".encode())
    folder = files("ganlab.evaluation")
    for source in sorted((each for each in folder.iterdir() if each.name.endswith(".py")), key=lambda each: each.name):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _packed(values: Mapping[str, Any]) -> bytes:
    tensors = {name: value.contiguous() for name, value in values.items() if isinstance(value, Tensor)}
    numbers = {name: value for name, value in values.items() if name not in tensors}
    tensors[NUMBERS] = torch.frombuffer(bytearray(json.dumps(numbers).encode()), dtype=torch.uint8)
    return save(tensors)


def _unpacked(content: bytes) -> dict[str, Any]:
    # Copies, which lie at addresses of PyTorch's own choice: matrix products may round otherwise elsewhere.
    found: dict[str, Any] = {name: value.clone() for name, value in load(content).items()}
    numbers = json.loads(found.pop(NUMBERS).numpy().tobytes())
    return {**found, **numbers}


def _read(path: Path) -> bytes | None:
    """Return what a file holds; None if there is none, or it is damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    whole = hashlib.sha256(memoryview(content)[CHECKED:]).digest() == content[:CHECKED]
    return content[CHECKED:] if whole else None


def _trim(folder: Path) -> None:
    """Remove the results that were not used for longest, so that the others take no more than LIMIT."""
    with suppress(OSError):  # another process may trim as well
        found = sorted(((each.stat(), each) for each in folder.glob(f"*{SUFFIX}")), key=lambda pair: pair[0].st_mtime)
        total = sum(status.st_size for status, _ in found)
        for status, path in found[:-1]:
            if total <= LIMIT:
                return
            path.unlink(missing_ok=True)
            path.with_name(f".{path.name}.lock").unlink(missing_ok=True)
            total -= status.st_size

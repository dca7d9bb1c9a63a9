"""Published files by https into the cache: only bytes with the published checksum ever stand under their name."""

from __future__ import annotations

import hashlib
import logging
import os
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from ganlab.data.cache import build
from ganlab.errors import DataError
from ganlab.text import one_line

TIMEOUT = 30.0
"""Seconds without an answer after which a server is given up."""
LONGEST = 3600.0
"""Seconds after which a download is given up even while bytes still trickle in: others wait for its lock."""
BLOCK_BYTES = 1 << 18

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Remote:
    """A published file.

    Attributes:
        name: its name in the cache.
        md5: its published checksum, in hex.
        urls: where to download it from; the first that answers with the right bytes is used.
    """

    name: str
    md5: str
    urls: tuple[str, ...]


def fetch(data_set: str, remotes: Sequence[Remote], folder: Path) -> list[Path]:
    """Return the paths of published files in `folder`, downloading those that are not there yet.

    A file is used only if its checksum is right, also one that was put there by hand. Any number of processes may ask
    at once: each file is downloaded by one of them.

    Raises:
        DataError: some cannot be had; names every file that is missing, its checksum, and where to put it.
    """
    try:
        for remote in remotes:
            build(folder / remote.name, partial(has_md5, md5=remote.md5), partial(_from_any, remote))
    except DataError as error:
        missing = [r for r in remotes if not has_md5(folder / r.name, r.md5)]
        listed = "\n".join(
            f"  {r.name}  md5 {r.md5}  {r.urls[0]}{'  (one is there, with other bytes)' * (folder / r.name).exists()}"
            for r in missing
        )
        raise DataError(
            f"{data_set} is not in the cache and cannot be downloaded: {error.message}",
            f"connect to the network and try again, or put these files, as published, into {folder}\n{listed}\n"
            "(GANLAB_CACHE moves the cache to another folder)",
        ) from error
    return [folder / remote.name for remote in remotes]


def has_md5(path: Path, md5: str) -> bool:
    """Whether a file can be read and has this checksum."""
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with open(path, "rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    except OSError:
        return False
    return digest.hexdigest() == md5


def download(url: str, target: Path, md5: str) -> None:
    """Write the file at an https address to `target`, and to disk.

    Raises:
        DataError: the address or a redirect is not https, the server does not answer in time, or the bytes that came
            do not have the checksum. `target` may then hold anything.
    """
    if urlsplit(url).scheme != "https":
        raise DataError(f"{url}: not an https address, refused")
    digest, size, end = hashlib.md5(usedforsecurity=False), 0, time.monotonic() + LONGEST
    try:
        request = Request(url, headers={"User-Agent": "ganlab"})
        with _https_only().open(request, timeout=TIMEOUT) as response, open(target, "wb") as file:
            while block := response.read1(BLOCK_BYTES):
                file.write(block)
                digest.update(block)
                size += len(block)
                if time.monotonic() > end:
                    raise TimeoutError(f"not done after {LONGEST:.0f} s")
            file.flush()
            os.fsync(file.fileno())
    except (OSError, HTTPException, ValueError) as error:
        raise DataError(one_line(f"{url}: {error}", 500)) from error
    if digest.hexdigest() != md5:
        raise DataError(f"{url}: {size} bytes came, cut short or altered: md5 {digest.hexdigest()} instead of {md5}")


def _from_any(remote: Remote, target: Path) -> None:
    """Download from the first address that gives the right bytes."""
    reasons = []
    for url in remote.urls:
        log.info("downloading %s", url)
        try:
            download(url, target, remote.md5)
        except DataError as error:
            reasons.append(error.message)
        else:
            return
    raise DataError("; ".join(reasons))


class _HttpsRedirects(HTTPRedirectHandler):
    """Follows a redirect only to another https address."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme != "https":
            raise DataError(one_line(f"{req.full_url}: redirects to {newurl}, not an https address, refused", 500))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _https_only() -> OpenerDirector:
    return build_opener(_HttpsRedirects, HTTPSHandler(context=ssl.create_default_context()))

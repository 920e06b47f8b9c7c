"""The digest of an artefact folder, as CI computes it and as the agent recomputes it.

In comes a folder, out goes `sha256:<hex>`. Called by the agent before each start, by
`examples/build.py` and by `./portal manage digest FOLDER`.

Exactly: one line per file, `<sha256 of its contents, hex>  <path>\\n`, the path relative to the
folder with `/` between its parts, lines sorted by the bytes of the path; the digest is the SHA-256
of these lines in UTF-8. For a folder of plain files this is what these shell words print:

    find . -type f -not -path '*/__pycache__/*' -printf '%P\\0' | LC_ALL=C sort -z \\
      | xargs -0 sha256sum | sha256sum

A symbolic link counts by its text, not by what it leads to: `link <sha256 of the text>  <path>\\n`.
Folders named `__pycache__` are left out, and removed by the agent before a start so that nothing
runs which the digest does not cover; nothing else is left out. Empty folders, modes and times do not count.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_AWKWARD = re.compile(r"[\x00-\x1f\x7f\\]")


class ArtifactError(ValueError):
    """A folder that cannot be an artefact; the text says which file and why."""


def digest_folder(path: Path | str) -> str:
    """`sha256:<hex>` of the folder at `path`.

    Raises ArtifactError for a symbolic link that leads out of the folder, a name with control
    characters or a backslash, a socket or device, or a folder without files; OSError when
    something cannot be read.
    """
    root = Path(path).resolve()
    if not root.is_dir():
        raise ArtifactError(f"{path} is not a folder.")
    whole = hashlib.sha256()
    lines = 0
    for name, entry in sorted(_entries(root)):
        whole.update(_line(root, name, entry))
        lines += 1
    if not lines:
        raise ArtifactError(f"{path} holds no file.")
    return f"sha256:{whole.hexdigest()}"


def digest_lines(folders: Sequence[Path | str]) -> Iterator[str]:
    """One line a folder; with several, the folder's name behind the digest. Raises ArtifactError."""
    for folder in folders:
        if not Path(folder).is_dir():
            raise ArtifactError(f"{folder} is not a folder.")
        try:
            digest = digest_folder(folder)
        except (OSError, ArtifactError) as error:
            raise ArtifactError(f"{folder}: {error}") from error
        yield digest if len(folders) == 1 else f"{digest}  {folder}"


def signature(path: Path) -> tuple[tuple[bytes, int, int, int], ...]:
    """Names, sizes and times: cheap to compare, equal while nobody touched the folder."""
    root = path.resolve()
    found = []
    for name, entry in sorted(_entries(root)):
        seen = os.lstat(entry)
        found.append((name, seen.st_mode, seen.st_size, seen.st_mtime_ns))
    return tuple(found)


def _entries(root: Path) -> Iterator[tuple[bytes, str]]:
    """Every file and link below `root`: its relative path in bytes, and where it lies."""
    for folder, below, files in os.walk(root, onerror=_raise):
        below[:] = [name for name in below if name != "__pycache__"]
        links = [name for name in below if os.path.islink(os.path.join(folder, name))]
        for name in (*files, *links):
            entry = os.path.join(folder, name)
            yield os.fsencode(os.path.relpath(entry, root).replace(os.sep, "/")), entry


def _line(root: Path, name: bytes, entry: str) -> bytes:
    text = _text(name)
    if _AWKWARD.search(text):
        raise ArtifactError(f"The name {text!r} holds a control character or a backslash.")
    mode = os.lstat(entry).st_mode
    if stat.S_ISLNK(mode):
        target = os.readlink(entry)
        if not Path(entry).resolve().is_relative_to(root):
            raise ArtifactError(f"The symbolic link {text} leads out of the folder.")
        return b"link " + hashlib.sha256(os.fsencode(target)).hexdigest().encode() + b"  " + name + b"\n"
    if not stat.S_ISREG(mode):
        raise ArtifactError(f"{text} is neither a file nor a symbolic link.")
    with open(entry, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().encode() + b"  " + name + b"\n"


def _text(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ArtifactError(f"The name {name!r} is not UTF-8.") from error


def _raise(error: OSError) -> None:
    raise error

"""A chart or a folder of manifests as texts, so that it can travel in a platform file and a content."""

from __future__ import annotations

from pathlib import Path

MOST_FILES = 300
MOST_BYTES = 1_000_000
HELM_IGNORE = ".helmignore"
"""The one hidden file that counts: what it names is no part of a chart."""


def read_files(path: Path) -> dict[str, str]:
    """Path below the folder to text, of every file; of a single file, its name.

    Raises OSError, with a sentence, for what is not there, not text, or too much.
    """
    if path.is_file():
        return {path.name: _text(path, path.name)}
    if not path.is_dir():
        raise OSError("there is no such file or folder")
    files: dict[str, str] = {}
    total = 0
    for entry in sorted(path.rglob("*")):
        name = entry.relative_to(path).as_posix()
        hidden = name.startswith(".") or "/." in name
        if not entry.is_file() or (hidden and entry.name != HELM_IGNORE):
            continue
        files[name] = _text(entry, name)
        total += len(files[name])
        if len(files) > MOST_FILES or total > MOST_BYTES:
            raise OSError(f"it holds more than {MOST_FILES} files or {MOST_BYTES // 1_000_000} MB of text")
    return files


def _text(path: Path, name: str) -> str:
    if name.endswith((".tgz", ".tar.gz")):
        raise OSError(f"the file {name} is packed; unpack it in its place, so that people can read what runs")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise OSError(f"the file {name} is not text") from error

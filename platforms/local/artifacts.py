"""Finds an artefact's folder by its digest, and checks it again before each start.

In come a target's `artifacts` folder and a digest, out goes the folder among its children. What a
child's digest is gets remembered by names, sizes and times; before a start it is computed anew, so
that a folder that was changed without a trace is still caught. Blocking: called in threads.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from platforms.base import PlatformRefused
from platforms.local.digest import ArtifactError, digest_folder, signature

_Signature = tuple[tuple[bytes, int, int, int], ...]


class ArtifactStore:
    """All artefacts of one installation; keeps what it computed, in memory."""

    def __init__(self, seen: dict[str, str] | None = None) -> None:
        self._known: dict[Path, tuple[_Signature, str]] = {}
        self.seen: dict[str, str] = seen if seen is not None else {}
        """Digest to the folder that last had it; kept over restarts to tell changed from missing."""

    def verified(self, folder: Path, digest: str) -> Path:
        """The folder below `folder` that has this digest, computed now.

        Raises PlatformRefused: `artifact_missing` when none has it, `artifact_mismatch` when one
        that had it has changed.
        """
        candidate = self._find(folder, digest)
        if candidate is None:
            self._refuse(folder, digest)
        assert candidate is not None
        try:
            now = digest_folder(candidate)
        except (OSError, ArtifactError) as error:
            raise PlatformRefused("artifact_mismatch", f"{candidate.name} cannot be read: {error}") from error
        if now != digest:
            self._known.pop(candidate, None)
            raise PlatformRefused("artifact_mismatch", _changed(candidate, digest, now))
        self.seen[digest] = str(candidate)
        return candidate

    def ready_to_run(self, folder: Path, digest: str) -> Path:
        """The same, and nothing in it that the digest does not cover: compiled Python goes.

        Raises PlatformRefused also (`artifact_mismatch`) when that cannot be removed.
        """
        candidate = self.verified(folder, digest)
        for compiled in list(candidate.rglob("__pycache__")):
            try:
                compiled.unlink() if compiled.is_symlink() else shutil.rmtree(compiled)
            except FileNotFoundError:
                continue  # another start was quicker
            except OSError as error:
                why = f"{compiled} is outside the digest and cannot be removed: {error.strerror}."
                raise PlatformRefused("artifact_mismatch", why) from error
        return candidate

    def _find(self, folder: Path, digest: str) -> Path | None:
        """The first child whose remembered or new digest is this one; the last known place first."""
        last = self.seen.get(digest)
        if last and Path(last).parent == folder and self._digest(Path(last)) == digest:
            return Path(last)
        return next((child for child in _children(folder) if self._digest(child) == digest), None)

    def _digest(self, child: Path) -> str | None:
        """The child's digest, computed only when its files changed; None when it cannot have one."""
        try:
            seen = signature(child)
            known = self._known.get(child)
            if known is None or known[0] != seen:
                known = self._known[child] = (seen, digest_folder(child))
        except (OSError, ArtifactError):
            self._known.pop(child, None)
            return None
        return known[1]

    def _refuse(self, folder: Path, digest: str) -> None:
        last = Path(self.seen.get(digest, ""))
        if digest in self.seen and last.parent == folder and last.is_dir():
            raise PlatformRefused("artifact_mismatch", _changed(last, digest, self._digest(last)))
        if not folder.is_dir():
            raise PlatformRefused("artifact_missing", f"The artefact folder {folder} does not exist.")
        looked = len(_children(folder))
        raise PlatformRefused(
            "artifact_missing", f"None of the {looked} folders in {folder} has the digest {digest}."
        )


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir())
    except OSError:
        return []


def _changed(folder: Path, wanted: str, now: str | None) -> str:
    return (
        f"The folder {folder.name} had the digest {wanted} and now has {now or 'none that can be computed'}."
    )

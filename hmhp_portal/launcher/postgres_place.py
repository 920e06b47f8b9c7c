"""Where PostgreSQL lives and which account runs it.

An ordinary user runs it as himself, in the data folder. Root cannot: there it runs as `nobody`, who may
be shut out of the data folder or of the virtual environment. Then binaries and cluster move together to
a home of their own, and the data folder holds the pointer.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hmhp_portal.embedded.child import Account, can_enter, run_as, unprivileged_account
from hmhp_portal.embedded.postgres import PostgresPlace, wheel_installation
from hmhp_portal.launcher import checks
from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.problem import Problem

HOMES = Path("/var/lib/hmhp-portal")
BINARIES_MEGABYTES = 60


def choose(installation: Installation, run: Path) -> PostgresPlace:
    """The place of this installation's PostgreSQL, with binaries that its account can run."""
    wheel = wheel_installation()
    account = _account(installation.folder / "postgres")
    pointer = installation.folder / "postgres.place"
    if account is None:
        if pointer.exists():
            raise Problem(f"{installation.folder} was made by root; start it as root, or use --data DIR.")
        return PostgresPlace(wheel, installation.folder / "postgres", run / "pg", None)
    if not pointer.exists() and _open_to(account, installation.folder, wheel) and can_enter(run, account):
        return PostgresPlace(wheel, installation.folder / "postgres", run / "pg", account)
    home = _home(installation, pointer, account)
    binaries = _copy_binaries(wheel, home / "pgsql", account)
    return PostgresPlace(binaries, home / "cluster", home / "socket", account)


def _account(cluster: Path) -> Account | None:
    """`nobody` for root, except where an ordinary user made the cluster: then that user."""
    nobody = unprivileged_account()
    if nobody is not None and cluster.exists() and cluster.stat().st_uid not in (0, nobody.uid):
        return Account("the cluster's owner", cluster.stat().st_uid, cluster.stat().st_gid)
    return nobody


def _open_to(account: Account, folder: Path, wheel: Path) -> bool:
    return can_enter(folder, account) and _runs(wheel / "bin" / "postgres", account)


def _runs(program: Path, account: Account) -> bool:
    """Tried for real: a closed folder above it or a mount without exec shows only then."""
    try:
        done = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            **run_as(account),
        )
    except OSError:
        return False
    return bool(done.returncode == 0)


def _home(installation: Installation, pointer: Path, account: Account) -> Path:
    home = installation.place_elsewhere("postgres")
    if home is not None:
        return home
    if pointer.exists():
        kept = pointer.read_text().strip()
        raise Problem(
            f"the database of {installation.folder} was in {kept}, which is gone; start over with --fresh."
        )
    if (installation.folder / "postgres" / "PG_VERSION").exists():
        raise Problem(
            f"{installation.folder} holds a database, but the account {account.name}, which PostgreSQL runs "
            f"as, can no longer reach it or the programs in {wheel_installation()}; open the folders above "
            "to it (chmod a+x)."
        )
    return installation.point_to("postgres", _make_home(installation.key, account))


def _make_home(key: str, account: Account) -> Path:
    """A new folder of root's that the account can enter: under /var/lib, else in the temporary folder."""
    try:
        HOMES.mkdir(mode=0o755, parents=True, exist_ok=True)
        home = Path(tempfile.mkdtemp(prefix=f"{key}-", dir=HOMES))
        home.chmod(0o711)
        if can_enter(home, account):
            return home
        home.rmdir()
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="hmhp-portal-"))


def _copy_binaries(wheel: Path, copy: Path, account: Account) -> Path:
    """Have a copy of the wheel's PostgreSQL, made anew when the wheel has changed; returns its tree.

    The programs look for their libraries beside the package (`$ORIGIN/../../../….libs`), so both are
    copied in the positions that they have to each other.
    """
    package = wheel.parent
    stamp = copy / ".copied-from"
    version = _fingerprint(wheel)
    if not (stamp.exists() and stamp.read_text() == version):
        checks.room_for(copy.parent, BINARIES_MEGABYTES, "a copy of PostgreSQL's programs")
        unfinished = copy.with_name(copy.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        skip = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shutil.copytree(wheel, unfinished / package.name / wheel.name, symlinks=True, ignore=skip)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name)
        (unfinished / ".copied-from").write_text(version)
        shutil.rmtree(copy, ignore_errors=True)
        os.rename(unfinished, copy)
    tree = copy / package.name / wheel.name
    if not _runs(tree / "bin" / "postgres", account):
        raise Problem(
            f"the account {account.name} cannot run programs in {copy.parent}; "
            "start the portal as an ordinary user, or set DATABASE_URL to a PostgreSQL of yours."
        )
    return tree


def _fingerprint(wheel: Path) -> str:
    program = (wheel / "bin" / "postgres").stat()
    return hashlib.sha256(f"{program.st_size}-{int(program.st_mtime)}".encode()).hexdigest()

"""`./portal bench memory [--data DIR]`: what the running portal weighs, process by process.

Figures are PSS (a page shared by n processes counts 1/n for each), in MB. The portal's own processes
come first with their limit; the platform that it deployed is listed apart.
"""

from __future__ import annotations

import sys
from pathlib import Path

from django.conf import settings

from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.takeover import running

LIMIT_PORTAL, LIMIT_SERVICE = 700.0, 30.0


def pss(pid: int) -> float:
    """Megabytes of that process now; 0 where it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1000
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0.0
    return 0.0


def parents() -> dict[int, int]:
    """Every process of the machine and its parent."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
    return found


def below(pid: int, tree: dict[int, int]) -> list[int]:
    """All descendants of that process."""
    children = [child for child, parent in tree.items() if parent == pid]
    return [*children, *(lower for child in children for lower in below(child, tree))]


def words(pid: int) -> str:
    """The command line of that process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def main() -> int:
    """Print the table; 1 when a limit is broken, 2 when nothing runs."""
    installation = Installation(Path(settings.PORTAL_DATA_DIR))
    processes = running(installation)
    if not processes:
        print(f"Nothing runs on {installation.folder}; start ./portal demo first.")
        return 2
    own, platform = table(installation, processes)
    total = sum(own.values())
    for name, size in own.items():
        print(f"{size:8.1f} MB  {name}")
    print(f"{total:8.1f} MB  the portal's own processes together (limit {LIMIT_PORTAL:.0f})")
    if platform:
        print("\nThe platform that it deployed:")
    for name, size in platform.items():
        print(f"{size:8.1f} MB  {name}")
    print(f"\nLargest service {max(platform.values(), default=0):.1f} MB (limit {LIMIT_SERVICE:.0f})")
    return int(total > LIMIT_PORTAL or max(platform.values(), default=0) > LIMIT_SERVICE)


def table(installation: Installation, processes: dict[str, int]) -> tuple[dict[str, float], dict[str, float]]:
    """Megabytes by process: the portal's own (proxies too), and the services of the deployed platform."""
    tree = parents()
    own: dict[str, float] = {}
    platform: dict[str, float] = {}
    holder = installation.holder()
    if holder:
        own["launcher"] = pss(holder)
    for name, pid in processes.items():
        own[name] = pss(pid)
        for child in below(pid, tree):
            command = words(child)
            if name != "agent":
                own[name] += pss(child)
            elif "platforms.local.proxy" in command:
                own[f"proxy {child}"] = pss(child)
            else:
                platform[f"{child} {command[-70:]}"] = pss(child)
    return own, platform


if __name__ == "__main__":
    sys.exit(main())

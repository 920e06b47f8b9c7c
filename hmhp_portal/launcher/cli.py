"""The command line of `./portal`: reads it, has the virtual environment made, hands over to a command.

Every failure that a person can do something about ends as one line on standard error and exit code 2.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hmhp_portal.launcher import checks, environment
from hmhp_portal.launcher.cluster import wish
from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.problem import Problem

DEFAULT_PORT = 8000
USAGE = """\
usage: ./portal COMMAND [options]

  demo [--port N] [--data DIR] [--fresh]   everything running, with an example platform and its past
       [--kubeconfig FILE [--context NAME]]  the example platform on your own cluster
  up   [--port N] [--data DIR] [--fresh]   the same without demo data; prints a link for the first
                                           administrator. With DATABASE_URL and REDIS_URL set it starts
                                           no PostgreSQL and no Redis of its own
  dev  [--port N] [--data DIR]             the demo, started again when a file changes
  stop [--data DIR]                        end what runs on DIR
  rollback-offline FILE [--by --reason]    send a run back without database, broker or web process;
                                           FILE is what the run left in DIR/way-back
  init [FILE]                              write a commented platform.yaml
  manage [--data DIR] COMMAND ...          Django's commands on an installation (load_platform,
                                           create_token, digest, ...)
  test [pytest arguments]                  make what the tests need and run them
  bench NAME [arguments]                   a benchmark (bench/NAME.py); `bench memory` shows what runs
  lock [--check | --upgrade]               pin the requirements again, or check that they are
  install [--dev]                          only make the virtual environment

  demo, up and dev also take --host ADDRESS (default 127.0.0.1) and --base-url URL (how people reach
  it), up also --platform FILE. The data folder is .portal unless --data says otherwise.
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command. Returns the exit code."""
    try:
        return _dispatch(list(arguments))
    except Problem as problem:
        print(f"portal: {problem}", file=sys.stderr)
    except KeyboardInterrupt:
        print("portal: ended.", file=sys.stderr)
        return 130
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        where = f" ({problem.filename})" if problem.filename else ""
        print(f"portal: {os.strerror(problem.errno)}{where}.", file=sys.stderr)
    return 2


def _dispatch(arguments: list[str]) -> int:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if name in ("help", "-h", "--help"):
        print(USAGE, end="")
        return 0
    command = COMMANDS.get(name)
    if command is None:
        raise Problem(f"there is no command {name}; ./portal help lists them.")
    return command(rest)


def _enter(arguments: Sequence[str], development: bool = False) -> None:
    """Go on in the virtual environment: returns there, and replaces this process elsewhere."""
    environment.ensure(development)
    if not environment.inside():
        script = str(environment.ROOT / "portal")
        os.execv(environment.python(), [str(environment.python()), script, *arguments])


def _parse(name: str, arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"./portal {name}", allow_abbrev=False)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data", type=Path, default=environment.ROOT / ".portal")
    parser.add_argument("--base-url", default="")
    parser.set_defaults(platform=None)
    if name == "up":
        parser.add_argument("--platform", type=Path, help="a platform file to load at the start")
    _add_cluster(parser)
    if name != "dev":
        parser.add_argument("--fresh", action="store_true", help="remove the data first")
    found = parser.parse_args(arguments)
    found.data = found.data.expanduser().absolute()
    given = {key: getattr(found, key) for key in ("kubeconfig", "context", "image", "gateway", "prefix")}
    found.cluster = wish.read(name, **given)
    if found.platform is not None:
        found.platform = found.platform.absolute()
        if not found.platform.is_file():
            raise Problem(f"there is no platform file {found.platform}.")
    return found


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kubeconfig", type=Path, help="run the demo's platform on that cluster")
    parser.add_argument("--context", default="", help="of the kubeconfig (default: its current context)")
    parser.add_argument("--image", default="", help=f"the Python image (default: {wish.IMAGE})")
    parser.add_argument("--gateway", default="", metavar="NAMESPACE/NAME", help="shares traffic by weight")
    parser.add_argument(
        "--namespace", dest="prefix", default="", metavar="PREFIX", help=f"default: {wish.PREFIX}"
    )


def _serve(name: str) -> Callable[[list[str]], int]:
    def command(arguments: list[str]) -> int:
        found = _parse(name, arguments)
        if not environment.inside():
            # Known in a second, before minutes of installing.
            checks.listen(found.host, found.port).close()
            Installation(found.data.resolve()).have_folder()
        _enter([name, *arguments])
        from hmhp_portal.launcher import serve

        mode = "demo" if name == "dev" else name
        options = serve.Options(
            mode=mode,
            folder=found.data.resolve(),
            host=found.host,
            port=found.port,
            fresh=getattr(found, "fresh", False),
            reload=name == "dev",
            base_url=found.base_url,
            platform=found.platform,
            cluster=found.cluster,
        )
        return serve.serve(options)

    return command


def _data_first(arguments: list[str]) -> tuple[Path, list[str]]:
    """Take a leading `--data DIR` away; what follows belongs to somebody else."""
    folder = environment.ROOT / ".portal"
    if arguments and arguments[0] == "--data":
        if len(arguments) < 2:
            raise Problem("--data needs a folder.")
        return Path(arguments[1]).expanduser().resolve(), arguments[2:]
    if arguments and arguments[0].startswith("--data="):
        return Path(arguments[0].removeprefix("--data=")).expanduser().resolve(), arguments[1:]
    return folder, arguments


def _manage(arguments: list[str]) -> int:
    folder, rest = _data_first(arguments)
    if rest[:1] == ["digest"] and rest[1:] and not any(word.startswith("-") for word in rest):
        return _digest(rest[1:])
    _enter(["manage", *arguments])
    from hmhp_portal.launcher import oneoff

    return oneoff.run(folder, [str(environment.ROOT / "manage.py"), *rest])


def _digest(folders: list[str]) -> int:
    """What pipelines ask again and again, where nothing else of the portal may be: without an environment."""
    from platforms.local.digest import digest_lines

    try:
        for line in digest_lines(folders):
            print(line)
    except ValueError as problem:
        raise Problem(str(problem)) from None
    return 0


def _bench(arguments: list[str]) -> int:
    folder, rest = _data_first(arguments)
    names = sorted(file.stem for file in (environment.ROOT / "bench").glob("*.py") if file.stem[0] != "_")
    if not rest or rest[0] not in names:
        raise Problem(f"name a benchmark: {', '.join(names) or 'there is none'}.")
    # What only looks at a running portal needs none of the tools.
    _enter(["bench", *arguments], development=rest[0] != "memory")
    from hmhp_portal.launcher import oneoff

    return oneoff.run(folder, [str(environment.ROOT / "bench" / f"{rest[0]}.py"), *rest[1:]])


def _test(arguments: list[str]) -> int:
    _enter(["test", *arguments], development=True)
    # A person who names files wants an answer soon. The whole takes every processor, and half as many
    # workers more: some always wait for processes of their tests. Their order is that of tests/order.py.
    alone = any(not argument.startswith("-") for argument in arguments)
    count = [] if "-n" in arguments else ["-n", str((os.cpu_count() or 2) * 3 // 2)]
    workers = [] if alone else [*count, "--dist", "loadfile", "--no-loadscope-reorder"]
    os.chdir(environment.ROOT)
    # Without it each worker, and each process that a test starts, would compile everything again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [str(environment.python()), "-m", "pytest", *workers, *arguments]
    sys.stdout.flush()
    os.execv(command[0], command)


def _init(arguments: list[str]) -> int:
    if len(arguments) > 1 or any(a.startswith("-") for a in arguments):
        raise Problem("init takes one file name (platform.yaml if none is given).")
    target = Path(arguments[0] if arguments else "platform.yaml")
    text = (environment.ROOT / "docs" / "platform.yaml").read_text()
    try:
        with target.open("x") as file:
            file.write(text)
    except FileExistsError:
        raise Problem(f"{target} is there already; name another file.") from None
    print(f"Wrote {target}. Change it to your platform, then: ./portal manage load_platform {target} --check")
    return 0


def _stop(arguments: list[str]) -> int:
    from hmhp_portal.launcher import oneoff

    folder, rest = _data_first(arguments)
    if rest:
        raise Problem(f"stop takes --data DIR, not {rest[0]}.")
    return oneoff.stop(folder)


def _rollback_offline(arguments: list[str]) -> int:
    from hmhp_portal.launcher import offline

    if offline.needs_client(arguments):
        _enter(["rollback-offline", *arguments])
    return offline.run(arguments)


def _lock(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"], ["--upgrade"]):
        raise Problem("lock takes --check or --upgrade.")
    _enter(["lock", *arguments], development=True)
    from hmhp_portal.launcher import lock

    return lock.check() if arguments == ["--check"] else lock.write(upgrade=bool(arguments))


def _install(arguments: list[str]) -> int:
    if arguments not in ([], ["--dev"]):
        raise Problem("install takes --dev.")
    environment.ensure(development=bool(arguments))
    print(f"The environment is {environment.folder()}.")
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": _serve("demo"),
    "up": _serve("up"),
    "dev": _serve("dev"),
    "stop": _stop,
    "init": _init,
    "rollback-offline": _rollback_offline,
    "manage": _manage,
    "test": _test,
    "bench": _bench,
    "lock": _lock,
    "install": _install,
}

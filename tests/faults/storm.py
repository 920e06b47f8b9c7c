"""A storm: releases are brought out under load while faults strike at random, and the truth is read after.

`weather(kills, seed, tell)` starts a portal of its own, strikes that many times, and gives back the table
of faults with their misses. The quick test and `./portal bench faults` call it.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import redis

from hmhp_portal.launcher.installation import Installation
from tests.e2e.authenticator import SET_UP, App
from tests.e2e.rest_client import Visitors
from tests.faults import ground
from tests.faults.caller import PatientCaller, Stuck
from tests.faults.crowd import more_of_each
from tests.faults.releases import Releases
from tests.faults.truth import Truth
from tests.faults.victims import PORTAL, TARGET, Victims
from tests.faults.watcher import Watcher
from tests.notifications.mail_server import Postbox, free_port, listening
from tests.portal_process import PortalProcess, start_portal

FROZEN_SECONDS = 7.0
"""Longer than a lease."""
SETTLE_SECONDS = 150.0
EVERYBODY = (*PORTAL, *TARGET)
TOKENS = f"""
import json
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.actors import system
from accounts.models import User
from accounts.roles import Scope
from accounts.services.tokens import create_token
{SET_UP}
made = {{
    user.handle: create_token(name="own", scopes=Scope.values, actor=system("test"), owner=user)[1]
    for user in User.objects.all()
}}
made["ci"] = create_token(name="ci", scopes=("read", "release", "stage"), actor=system("test"))[1]
theo = next(user for user in User.objects.all() if user.handle == "theo")
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(theo.pk), settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = theo.get_session_auth_hash()
session.save()
print(json.dumps({{"tokens": made, "session": session.session_key, "apps": secrets}}))
"""


@dataclass
class Table:
    """How often each fault struck, how many misses its release showed, and their sentences."""

    struck: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    sentences: list[str] = field(default_factory=list)
    runs: Counter[str] = field(default_factory=Counter)
    visits: Counter[int] = field(default_factory=Counter)
    unforeseen: list[str] = field(default_factory=list)
    reconnected: int = 0
    repeated: int = 0

    def blame(self, faults: Sequence[str], sentences: Sequence[str]) -> None:
        """These sentences came out after those faults."""
        fresh = [text for text in sentences if text not in self.sentences]
        self.sentences += fresh
        if fresh:
            self.missed.update(set(faults) or {"no fault"})


class Striker(threading.Thread):
    """Strikes at random moments until it has killed often enough, each kind as often as the others."""

    def __init__(self, site: Site, kills: int, seed: int, kinds: Sequence[str]) -> None:
        super().__init__(daemon=True, name="striker")
        self.problem = ""
        self.lately: list[str] = []
        self._site = site
        self._kills = kills
        self._chance = random.Random(f"strikes {seed}")
        self._victims = Victims(site.data, self._chance)
        self._kinds = kinds
        self._deck: list[str] = []

    def run(self) -> None:
        """Kill one, freeze or forget now and then, wait a moment, again."""
        killed = 0
        try:
            while killed < self._kills:
                killed += self._strike()
                time.sleep(self._chance.uniform(0.5, 6.0))
        except Exception as error:
            self.problem = f"the striker itself failed: {error!r}"

    def _strike(self) -> int:
        other = self._chance.random()
        if other < 0.05:
            self._freeze()
            return 0
        if other < 0.09 and self._site.forget_redis():
            self._note("redis forgets everything")
            return 0
        if other < 0.13:
            self._site.mail_hangs(self._chance.uniform(3, 12))
            self._note("smtp hangs")
            return 0
        if not self._deck:
            self._deck = self._chance.sample(self._kinds, len(self._kinds))
        kind = self._deck.pop()
        if self._victims.kill(kind) is None:
            self._deck.insert(0, kind)
            return 0
        self._note(f"kill {kind}")
        return 1

    def _freeze(self) -> None:
        kind = self._chance.choice(("worker", "control", "web"))
        go_on = self._victims.freeze(kind)
        if go_on is not None:
            self._note(f"freeze {kind}")
            time.sleep(FROZEN_SECONDS)
            go_on()

    def _note(self, fault: str) -> None:
        self._site.table.struck[fault] += 1
        self.lately.append(fault)
        self._site.tell(f"{fault}")


class Site:
    """A running portal, its mail server, its callers, and the table that is filled."""

    def __init__(
        self, portal: PortalProcess, folder: Path, table: Table, tell: Callable[[str], None]
    ) -> None:
        self.portal, self.folder, self.table, self.tell = portal, folder, table, tell
        self.data = folder / "data"
        made = json.loads(portal.command("shell", "-v0", "-c", TOKENS))
        tokens = made["tokens"]
        apps = {name: App(secret) for name, secret in made["apps"].items()}
        self.callers = {
            name: PatientCaller(portal.url, text, apps.get(name)) for name, text in tokens.items()
        }
        self.session = made["session"]
        self.box = Postbox()
        self.watchers: list[Watcher] = []
        self._hang_until = 0.0
        self.box.at_data = self._at_data

    def watch(self, run: int) -> None:
        """Open the page of that run."""
        watcher = Watcher(self.portal.url, self.session, run)
        watcher.start()
        self.watchers.append(watcher)

    def forget_redis(self) -> bool:
        """FLUSHALL; False when it does not answer just now."""
        address = json.loads((self.data / "environment.json").read_text())["REDIS_URL"]
        try:
            with redis.Redis.from_url(address, socket_timeout=2) as server:
                return bool(server.flushall())
        except redis.RedisError:
            return False

    def mail_hangs(self, seconds: float) -> None:
        """For so long the mail server takes a text and says nothing."""
        self._hang_until = time.monotonic() + seconds

    def _at_data(self, envelope: object) -> str:
        left = self._hang_until - time.monotonic()
        if left > 0:
            time.sleep(left)
        return "250 OK"


def weather(
    kills: int,
    seed: int,
    tell: Callable[[str], None] = lambda text: None,
    *,
    crowd: bool = False,
    kinds: Sequence[str] = EVERYBODY,
) -> Table:
    """A portal of its own through that many kills; the table, empty of misses when all held.

    Of `kinds` each is killed as often as the others, in an order of chance. `crowd` adds a second web
    process, two more workers and a second beat, half of the callers at the second door.
    """
    table = Table()
    with running(table, tell) as site, more_of_each(site) if crowd else nullcontext():
        _bring_out(site, Striker(site, kills, seed, kinds), seed)
        for caller in site.callers.values():
            table.unforeseen += caller.unforeseen
        table.reconnected = sum(watcher.reconnected for watcher in site.watchers)
        table.repeated = sum(mail["X-HMHP-Repeated"] is not None for mail in site.box.mails)
        victims = Victims(site.data, random.Random(0))
        marked, own = set(victims.marked()), set(victims.processes().values())
    left = {pid for pid in marked | own if Path(f"/proc/{pid}").exists()}
    table.blame(["stop"], [f"processes left: {sorted(left)}"] if left else [])
    return table


@contextmanager
def running(table: Table, tell: Callable[[str], None]) -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="hmhp-storm-"))
    folder.chmod(0o711)
    file, port = ground.lay_out(folder), free_port()
    mail = {"PORTAL_SMTP_HOST": "127.0.0.1", "PORTAL_SMTP_PORT": str(port)}
    kept = True
    try:
        with start_portal(folder / "data", "--platform", str(file), environment=mail) as portal:
            site = Site(portal, folder, table, tell)
            with listening(site.box, port):
                yield site
        kept = bool(table.sentences)
    finally:
        if not kept:
            Installation(folder / "data").clear()
            shutil.rmtree(folder, ignore_errors=True)
        else:
            tell(f"kept for a look: {folder}")


def _bring_out(site: Site, striker: Striker, seed: int) -> None:
    releases = Releases(site.folder, site.callers, seed)
    truth = Truth(site.data, site.folder, releases.told, site.box)
    jobs = 0
    found: list[Visitors] = []
    with ExitStack() as stack:
        releases.watch = site.watch

        def come() -> None:
            if not found:
                found.append(stack.enter_context(Visitors(releases_address(site))))

        releases.serves = come
        releases.first()
        visitors = found[0]
        striker.start()
        while striker.is_alive():
            began = len(striker.lately)
            for _ in range(50):
                jobs += 1
                ground.give_job(site.folder, jobs)
            try:
                releases.bring()
            except Stuck as error:
                site.table.blame(striker.lately[began:], [str(error)])
                break
            site.tell(f"{' '.join(releases.told.ends[-1])}")
        striker.join(60)
        site.table.blame(striker.lately, [striker.problem] if striker.problem else [])
        site.table.blame(striker.lately[-8:], settled(site, truth))
        site.table.visits = Counter(visitors.statuses)
    site.table.runs = Counter(f"{story} → {end}" for _, story, end in releases.told.ends)


def releases_address(site: Site) -> str:
    """The public address of production."""
    shown = site.callers["ci"].ok("GET", "environments/")
    return str(shown["results"][-1]["regions"][0]["addresses"][ground.EDGE])


def settled(site: Site, truth: Truth) -> list[str]:
    """What is wrong once everything had time to end by itself: the last mail, the last retire run."""
    limit = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            wrong = truth.wrong(site.watchers)
        except Exception as error:
            wrong = [f"the truth cannot be read: {error!r}"]
        if not wrong or time.monotonic() > limit:
            for watcher in site.watchers:
                watcher.end()
            return wrong
        time.sleep(1.0)

/* What every page does by itself: one WebSocket, its connection state, ticking clocks, confirm sheets,
   drafts, copy buttons. Everything works as plain links and forms without this module.

   In:  <body data-socket data-now>, [data-ring] panels, <time data-since|until|age|clock>, [data-sheet].
   Out: "portal:frame" events on document for modules of one page (progress.js), htmx requests for panels. */

const SILENCE = 10_000;          // after this long without a frame the page says that it is not live
const POLL = 10_000;             // then it asks by plain HTTP
const SLOW_POLL = 30_000;        // while live, covers a lost ring
const OF_EACH = 150;             // pages that show everything share the server: each open one makes them ask so much rarer
const LATE = 1_000;              // the shell's own parts wait until the page's panels have been asked for
const body = document.body;
const offset = body.dataset.now ? Date.parse(body.dataset.now) - Date.now() : 0;   // a wrong clock here does not make wrong times
export const now = () => Date.now() + offset;

/* --- clocks --------------------------------------------------------------------------------- */
const two = (n) => String(n).padStart(2, "0");
export function running(seconds) {
  const s = Math.max(0, Math.floor(seconds)), d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
  const clock = h || d ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
  return d ? `${d} d ${clock}` : clock;
}
function ageWords(seconds) {
  const s = Math.max(0, Math.round(seconds));
  for (const [size, big, small, unit] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]]) {
    if (s >= size) { const rest = Math.floor((s % size) / small); return `${Math.floor(s / size)} ${big}${rest ? ` ${rest} ${unit}` : ""} ago`; }
  }
  return `${s} s ago`;
}
const zoned = new Map();
function zonedTime(zone) {
  if (!zoned.has(zone)) zoned.set(zone, new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone }));
  return zoned.get(zone).format(now());
}
const said = new Set();
function announce(element, left) {
  for (const minutes of [30, 10, 5, 1]) {
    const key = `${element.dataset.until}/${minutes}`;
    if (left <= minutes * 60 && left > minutes * 60 - 5 && !said.has(key)) {
      said.add(key);
      const label = element.closest("div")?.querySelector("dt")?.textContent ?? "Time left";
      say(`${label}: ${minutes} minutes`);
    }
  }
}
function set(element, text) { if (element.textContent !== text) element.textContent = text; }
function tick() {
  const at = now();
  for (const el of document.querySelectorAll("time[data-clock]")) set(el, zonedTime(el.dataset.clock));
  for (const el of document.querySelectorAll("time[data-since]")) set(el, running((at - Date.parse(el.dataset.since)) / 1000));
  for (const el of document.querySelectorAll("time[data-age]")) set(el, ageWords((at - Date.parse(el.dataset.age)) / 1000));
  for (const el of document.querySelectorAll("time[data-until]")) {
    const left = (Date.parse(el.dataset.until) - at) / 1000;
    set(el, running(left));
    announce(el, left);
  }
}

/* --- one polite voice for screen readers ----------------------------------------------------- */
const voice = Object.assign(document.createElement("p"), { className: "vh" });
voice.setAttribute("role", "status");
body.append(voice);
export function say(words) { voice.textContent = ""; setTimeout(() => { voice.textContent = words; }, 50); }

/* --- connection ------------------------------------------------------------------------------ */
const LOOKS = { live: ["ok", "live"], reconnecting: ["watch", "run"], dead: ["bad", "cross"], asking: ["hold", "clock"] };
let socket = null, tries = 0, lastFrame = Date.now(), lastBeat = now(), state = "", everLive = false;
const hms = (ms) => new Date(ms).toISOString().slice(11, 19);
function show(next, words, more) {
  const [tone, icon] = LOOKS[next];
  for (const el of document.querySelectorAll("[data-conn]")) {
    if (el.dataset.state !== next) {
      el.dataset.state = next;
      el.dataset.tone = tone;
      const use = el.querySelector("use");
      use.setAttribute("href", `#i-${icon}`);
      use.parentElement.toggleAttribute("data-spin", icon === "run");
      set(el.querySelector("b"), words);
    }
    const rest = el.querySelector("[data-conn-more]");
    if (rest) set(rest, more);
  }
  if (next !== state) {
    state = next;
    document.querySelector("main")?.toggleAttribute("data-stale", next === "dead" || next === "asking");
  }
}
function judge() {
  if (!body.dataset.socket || !document.querySelector("[data-conn]")) return;
  const silent = Date.now() - lastFrame;
  if (socket?.readyState === 1 && silent < SILENCE) show("live", "Live", "changes by itself");
  else if (silent < SILENCE) show("reconnecting", "Reconnecting", tries ? `try ${tries}` : "");
  else if (everLive || tries < 3) show("dead", "Not live", `what you see is from ${hms(lastBeat)} UTC`);
  else show("asking", "Asking every 10 s", "the live connection is blocked here");
}
function connect() {
  if (!body.dataset.socket) return;
  const url = new URL(body.dataset.socket, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (body.dataset.after) url.searchParams.set("after", body.dataset.after);
  socket = new WebSocket(url);
  socket.onmessage = (event) => {
    const frame = JSON.parse(event.data);
    lastFrame = Date.now(); lastBeat = now(); tries = 0; everLive = true;
    if (frame.ring) { among = frame.among ?? 1; ring(frame.ring); }
    document.dispatchEvent(new CustomEvent("portal:frame", { detail: frame }));
    judge();
  };
  socket.onclose = (event) => {
    tries += 1;
    if (event.code === 4401) sessionEnded();
    if (event.code === 4403 || event.code === 4404) return;
    setTimeout(connect, Math.min(8000, 500 * 2 ** Math.min(tries, 4)) * (0.75 + Math.random() / 2));
    judge();
  };
}
addEventListener("online", () => { if (socket?.readyState > 1) connect(); });

/* --- the doorbell: a ring names a subject, the panel fetches itself ----------------------------- */
const rung = new WeakMap(), took = new WeakMap();      // when a panel was asked for last, and how long that took
let leaving = false, among = 1;
addEventListener("pagehide", () => { leaving = true; });
function refresh(panel) {
  if (leaving) return;
  const since = Date.now() - (rung.get(panel) ?? 0), first = "late" in panel.dataset ? LATE : 0;    // what the page is about comes first
  const turn = panel.dataset.ring === "*" ? Math.min(SLOW_POLL, among * OF_EACH) : 0;                // never all boards at once
  const wait = Math.max(first + turn * Math.random(), Math.max(1000, turn, 2 * (took.get(panel) ?? 0)) - since);
  if (panel.dataset.rings) return;
  panel.dataset.rings = "1";
  setTimeout(() => { delete panel.dataset.rings; rung.set(panel, Date.now()); window.htmx?.trigger(panel, "ring"); }, wait);
}
function ring(subjects) {
  for (const panel of document.querySelectorAll("[data-ring]")) {
    const wanted = panel.dataset.ring.split(" ");
    if (subjects.some((subject) => wanted.some((w) => w === "*" || subject === w || subject.startsWith(`${w}/`)))) refresh(panel);
  }
}
document.addEventListener("htmx:afterRequest", ({ detail: { elt } }) => { if (rung.has(elt)) took.set(elt, Math.min(SLOW_POLL, Date.now() - rung.get(elt))); });
let asked = Date.now();
function poll() {
  const pause = state === "live" ? SLOW_POLL : POLL;
  if (document.hidden || Date.now() - asked < pause) return;
  asked = Date.now();
  document.querySelectorAll("[data-ring]").forEach(refresh);
}

/* --- swaps: never under somebody's fingers, never a login page into a panel --------------------- */
const bare = (html) => html.replace(/(<time [^>]*data-(?:age|since|until)[^>]*>)[^<]*/g, "$1").replace(/(csrfmiddlewaretoken" value=")[^"]*/g, "$1");
const shown = new Map();
let pressed = null;
addEventListener("pointerdown", (event) => { pressed = event.target; }, true);
addEventListener("pointerup", () => setTimeout(() => { pressed = null; }, 400), true);
const dirty = (field) => (field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked : field.tagName !== "SELECT" && field.value !== field.defaultValue);
function busy(element) {
  if ([...element.querySelectorAll("input:not([type=hidden]), textarea")].some(dirty)) return true;
  const active = document.activeElement;
  return (pressed && element.contains(pressed)) || (active && element.contains(active) && active.matches("input, textarea, select")) || element.querySelector("details.menu[open], dialog[open]");
}
function unchanged(element, html) {
  if (!element.id) return false;
  const next = bare(html), same = shown.get(element.id) === next;
  shown.set(element.id, next);
  return same;
}
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (xhr.status === 401 || new URL(xhr.responseURL || location.href, location.href).pathname.startsWith("/account/login")) {
    event.detail.shouldSwap = false;
    sessionEnded();
  } else if (event.detail.requestConfig.verb === "get" && target.hasAttribute("data-ring") && target.childElementCount && (busy(target) || unchanged(target, xhr.responseText))) {
    event.detail.shouldSwap = false;
  }
});
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const html = fragment.firstElementChild?.outerHTML ?? fragment.outerHTML ?? "";
  if (target && (busy(target) || (html && unchanged(target, html)))) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:afterSettle", () => { tick(); judge(); restoreDrafts(); });
function sessionEnded() {
  if (document.getElementById("ended")) return;
  const note = document.createElement("div");
  note.id = "ended"; note.className = "banner"; note.dataset.tone = "watch"; note.setAttribute("role", "alert");
  note.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-lock"/></svg><div><strong>Your session has ended.</strong><p>What you typed is kept. Log in again and go on from here.</p></div><a class="btn" data-kind="primary">Log in</a>';
  note.querySelector("a").href = `/account/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
  document.querySelector("main")?.prepend(note);
}

/* --- the session's end: said two minutes before, and one press keeps it ---------------------------------- */
let active = Date.now(), warned = null;
document.addEventListener("htmx:afterRequest", (event) => {
  const counts = event.detail.xhr?.getResponseHeader("X-Portal-Active") === "1";
  if (counts || !event.detail.requestConfig?.headers?.["X-Portal-Poll"]) active = Date.now();
});
function watchSession() {
  const minutes = Number(body.dataset.idle);
  if (!minutes || document.getElementById("ended")) return;
  const left = minutes * 60_000 - (Date.now() - active);
  if (left > 120_000) { warned?.remove(); warned = null; return; }
  if (left <= 0) { warned?.remove(); warned = null; sessionEnded(); return; }
  if (warned) return;
  warned = document.createElement("div");
  warned.className = "banner"; warned.dataset.tone = "watch"; warned.setAttribute("role", "alert");
  warned.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-clock"/></svg><div><strong>You will be logged out in two minutes.</strong><p>Nobody has used this page for a while. What you typed is kept.</p></div><button class="btn" type="button">Stay logged in</button>';
  warned.querySelector("button").addEventListener("click", async () => {
    const answer = await fetch("/shell/", { headers: { "HX-Request": "true" } });
    if (answer.ok) { active = Date.now(); watchSession(); } else sessionEnded();
  });
  document.querySelector("main")?.prepend(warned);
}

/* --- long work shows that it goes on: a line at the top, and a word for screen readers ---------------- */
let worker = 0;
function working(on) {
  clearTimeout(worker);
  if (on) worker = setTimeout(() => { body.dataset.working = ""; say("Working"); }, 600);
  else delete body.dataset.working;
}
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.detail.requestConfig.headers["X-Portal-Poll"]) working(true);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.requestConfig.headers["X-Portal-Poll"]) working(false);
});

/* --- confirm sheets ------------------------------------------------------------------------------ */
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-sheet]");
  if (opener) {
    const sheet = document.getElementById(opener.dataset.sheet);
    if (sheet?.showModal) { event.preventDefault(); sheet.showModal(); }
    return;
  }
  const closer = event.target.closest("[data-close]");
  if (closer) { event.preventDefault(); closer.closest("dialog")?.close(); return; }
  if (event.target.matches("dialog.sheet")) event.target.close();
  if (event.target.closest('[aria-disabled="true"]')) event.preventDefault();
  document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("hx-get")) { leaving = true; setTimeout(() => { leaving = false; }, 15_000); }     // the next page is on its way
  if (event.target.dataset.sent) { event.preventDefault(); return; }
  if (event.target.method === "post" && !event.target.hasAttribute("hx-post")) event.target.dataset.sent = "1";
  if (event.target.method !== "dialog") working(true);
});
addEventListener("pageshow", (event) => {
  leaving = false;
  working(false);
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  if (event.persisted) location.reload();          // Back after an act shows the truth, not a memory
});
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches?.("a[role=button]")) { event.preventDefault(); event.target.click(); }   // a button by name is one by keys
  if (event.key !== "Escape") return;
  document.querySelectorAll(".act").forEach((act) => { act.dataset.hush = ""; });
  document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
});
document.addEventListener("pointerover", (event) => { delete event.target.closest?.(".act")?.dataset.hush; });
document.addEventListener("focusin", (event) => { delete event.target.closest?.(".act")?.dataset.hush; });

/* --- drafts survive an ended session: kept by the form that they belong to, wherever it is shown ------ */
const draftsOf = (form) => `draft:${new URL(form?.action || location.href, location.href).pathname}:`;
const draftKey = (field) => `${draftsOf(field.form)}${field.dataset.draft}`;
document.addEventListener("input", (event) => {
  if (event.target.dataset?.draft) sessionStorage.setItem(draftKey(event.target), event.target.value);
});
function restoreDrafts() {
  const lost = sessionStorage.getItem("lost");       // the form that was sent as the session had ended: there also over what stands
  for (const field of document.querySelectorAll("[data-draft]")) {
    const kept = sessionStorage.getItem(draftKey(field));
    if (kept && (!field.value || (lost === draftsOf(field.form) && field.value === field.defaultValue))) field.value = kept;
    if (lost === draftsOf(field.form)) sessionStorage.removeItem("lost");
  }
}
document.addEventListener("submit", (event) => {
  if (event.target.querySelector("[data-draft]")) sessionStorage.setItem("sent", draftsOf(event.target));
});
if (document.querySelector("[name=login][autocomplete]") && sessionStorage.getItem("sent")) {  // the session had ended: it was not taken
  sessionStorage.setItem("lost", sessionStorage.getItem("sent"));
  sessionStorage.removeItem("sent");
} else if (document.querySelector(".flash[data-tone=ok]") && sessionStorage.getItem("sent")) {  // it was taken
  const sent = sessionStorage.getItem("sent");
  Object.keys(sessionStorage).filter((key) => key === "sent" || key.startsWith(sent)).forEach((key) => sessionStorage.removeItem(key));
}

/* --- copy ------------------------------------------------------------------------------------------ */
if (!navigator.clipboard) document.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = true; });
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  say("Copied");
  const words = button.querySelector("[data-words]");
  if (words) { const before = words.textContent; words.textContent = "Copied"; setTimeout(() => { words.textContent = before; }, 2000); }
});

restoreDrafts();
connect();
tick();
setInterval(() => { tick(); judge(); poll(); watchSession(); }, 1000);

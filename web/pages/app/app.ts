// What every page does beside what it says: it keeps what is being typed, asks without leaving the page, finds, and hears what is new.
import type Htmx from "htmx.org";

type Loaded = { htmx?: typeof Htmx };

// htmx comes where a page has parts that are asked for by themselves, and not before: most pages are there sooner without it.
let coming: Promise<typeof Htmx> | undefined;
function parts(): Promise<typeof Htmx> {
  coming ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = document.documentElement.dataset.htmx ?? "";
    script.onload = () => done((window as unknown as Loaded).htmx as typeof Htmx);
    script.onerror = failed;
    document.head.append(script);
  });
  return coming;
}
const asks = (part: ParentNode) => part.querySelector("[hx-get], [hx-post]") !== null;

const root = document.documentElement;
const word = (key: string) => root.dataset[key] ?? "";

// say shows a sentence above the page, and reads it out.
function say(text: string) {
  const place = document.getElementById("notice");
  if (!place) return;
  place.textContent = text;
  place.hidden = text === "";
}

// Drafts: what is typed stays in this tab until it has been taken, also when the line drops or the session ends. It is kept a person, so that nobody else who
// logs in here finds it, and is gone when they log out.
const person = root.dataset.person ?? "";
const keyOf = (form: HTMLFormElement) => `draft ${person} ${new URL(form.action).pathname} ${form.dataset.draft ?? ""}`;

function fields(form: HTMLFormElement): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const [name, value] of new FormData(form)) if (typeof value === "string") (out[name] ??= []).push(value);
  return out;
}

function keep(form: HTMLFormElement) {
  try {
    sessionStorage.setItem(keyOf(form), JSON.stringify(fields(form)));
  } catch {
    // The store is full or switched off: the page works without it.
  }
}

function restore(form: HTMLFormElement) {
  const text = sessionStorage.getItem(keyOf(form));
  if (!text) return;
  const was = JSON.parse(text) as Record<string, string[]>;
  let changed = false;
  for (const x of Array.from(form.elements)) {
    if (x instanceof HTMLInputElement && (x.type === "hidden" || x.type === "file" || x.type === "submit")) continue;
    if (!(x instanceof HTMLInputElement || x instanceof HTMLTextAreaElement || x instanceof HTMLSelectElement) || !x.name) continue;
    const values = was[x.name];
    if (x instanceof HTMLInputElement && (x.type === "checkbox" || x.type === "radio")) {
      x.checked = values?.includes(x.value) ?? false;
    } else if (values && x.value !== values[0]) {
      x.value = values[0];
      changed = true;
    }
  }
  if (changed) {
    say(word("restored"));
    if (form.hasAttribute("hx-post")) form.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// send posts a form and shows what comes back. Where the line is down or the session over, nothing of it is lost.
async function send(form: HTMLFormElement, by: HTMLElement | null) {
  const data = new FormData(form, by instanceof HTMLButtonElement ? by : null);
  const action = by instanceof HTMLButtonElement && by.hasAttribute("formaction") ? by.formAction : form.action;
  if (form.dataset.draft !== undefined) keep(form);
  const buttons = Array.from(form.querySelectorAll("button"));
  buttons.forEach((b) => (b.disabled = true));
  say("");
  try {
    const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data as unknown as Record<string, string>);
    const got = await fetch(action, { method: "POST", body, headers: { Accept: "text/html" } });
    const at = new URL(got.url);
    if (got.redirected && at.pathname === "/login") {
      location.assign(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
      return;
    }
    if (got.ok) sessionStorage.removeItem(keyOf(form));
    if (got.ok && got.redirected) {
      if (at.pathname + at.search === location.pathname + location.search) location.reload();
      else location.assign(got.url);
      return;
    }
    show(await got.text());
  } catch {
    say(word("offline"));
  } finally {
    buttons.forEach((b) => (b.disabled = false));
  }
}

// long sends files and shows how far the work is: lines of JSON, the last of which leads on or says what went wrong.
type Line = { text?: string; share?: number; to?: string; error?: string };
function long(form: HTMLFormElement) {
  const bar = form.querySelector("progress") as HTMLProgressElement;
  const told = form.querySelector("[role=status]") as HTMLElement;
  const buttons = Array.from(form.querySelectorAll("button"));
  const asked = new XMLHttpRequest();
  let read = 0;
  const line = (l: Line) => {
    if (l.to) {
      if (new URL(l.to, location.href).pathname === location.pathname) {
        history.replaceState(null, "", l.to);
        location.reload();
      } else location.assign(l.to);
    }
    if (l.error) say(l.error);
    if (l.text) told.textContent = l.text;
    if (l.share !== undefined) bar.value = l.share;
  };
  const lines = () => {
    for (let end = asked.responseText.indexOf("\n", read); end >= 0; end = asked.responseText.indexOf("\n", read)) {
      line(JSON.parse(asked.responseText.slice(read, end)) as Line);
      read = end + 1;
    }
  };
  bar.hidden = false;
  buttons.forEach((b) => (b.disabled = true));
  asked.upload.addEventListener("progress", (e) => e.lengthComputable && (bar.value = e.loaded / e.total));
  asked.addEventListener("progress", () => asked.getResponseHeader("Content-Type")?.includes("ndjson") && lines());
  asked.addEventListener("loadend", () => {
    buttons.forEach((b) => (b.disabled = false));
    bar.hidden = true;
    if (asked.status === 0) say(word("offline"));
    else if (new URL(asked.responseURL).pathname === "/login") location.assign(`/login?to=${encodeURIComponent(location.pathname)}`);
    else if (!asked.getResponseHeader("Content-Type")?.includes("ndjson")) show(asked.responseText);
  });
  asked.open("POST", form.action);
  asked.setRequestHeader("Accept", "application/x-ndjson, text/html");
  asked.send(new FormData(form));
}

// show puts what came back in place of the page.
function show(html: string) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const main = page.querySelector("main");
  const here = document.querySelector("main");
  if (!main || !here) return;
  here.replaceWith(main);
  document.title = page.title;
  if (asks(main)) void parts().then((htmx) => htmx.process(main));
  begin(main);
  const first = main.querySelector<HTMLElement>("[role=alert], [autofocus], h1");
  if (first) {
    if (first.tabIndex < 0) first.tabIndex = -1;
    first.focus();
  }
  window.scrollTo(0, 0);
}

// begin makes ready what a part of a page has.
function begin(part: ParentNode) {
  part.querySelectorAll<HTMLFormElement>("form[method=post]:not([data-plain])").forEach((form) => {
    if (form.dataset.draft !== undefined) {
      restore(form);
      form.addEventListener("input", () => keep(form));
    }
  });
  part.querySelectorAll<HTMLElement>("[data-print]").forEach((b) => b.addEventListener("click", () => window.print()));
  document.dispatchEvent(new CustomEvent("tarir:begin", { detail: part }));
}

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (form.method !== "post" || form.dataset.plain !== undefined || (form.hasAttribute("hx-post") && form.dataset.draft === undefined) || event.defaultPrevented || !form.closest("main")) return;
  event.preventDefault();
  if (form.dataset.long !== undefined) long(form);
  else void send(form, event.submitter);
});

document.querySelectorAll<HTMLFormElement>("form[action='/logout']").forEach((form) =>
  form.addEventListener("submit", () => {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith("draft ")) sessionStorage.removeItem(key);
  }),
);

// What is chosen from a list is chosen at once.
document.querySelectorAll<HTMLSelectElement>("select[data-now]").forEach((s) => s.addEventListener("change", () => s.form?.requestSubmit()));

// What was asked for in the background and failed is told.
document.body.addEventListener("htmx:sendError", () => say(word("offline")));
document.body.addEventListener("htmx:afterRequest", (event) => {
  const x = (event as CustomEvent).detail.xhr as XMLHttpRequest;
  if (x.responseURL && new URL(x.responseURL).pathname === "/login") location.assign(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
});
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const d = (event as CustomEvent).detail;
  if (d.xhr.responseURL && new URL(d.xhr.responseURL).pathname === "/login") d.shouldSwap = false;
});
window.addEventListener("online", () => say(word("online")));
window.addEventListener("offline", () => say(word("offline")));

// Times are written where the reader is: the node is told where that is.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `tarir-zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;

// The first page brings its styles along; the next ones find them here.
const styles = root.dataset.styles;
if (styles) window.addEventListener("load", () => void fetch(styles, { cache: "force-cache" }).then((r) => r.ok && (document.cookie = `tarir-styles=${styles.split("?")[1]}; path=/; samesite=lax`)));

// What is being made is looked at again, while somebody looks.
if (document.querySelector("[data-again]")) window.setInterval(() => document.hidden || location.reload(), 1500);

// hear listens to the node while the page is looked at: a browser has six lines to one address, and tabs that nobody looks at must not take them all.
function hear(path: string, name: string, told: (e: MessageEvent) => void) {
  if (!("EventSource" in window)) return;
  let events: EventSource | undefined;
  const listen = () => {
    if (document.hidden) {
      events?.close();
      events = undefined;
    } else if (!events) {
      events = new EventSource(path);
      events.addEventListener(name, (e) => told(e as MessageEvent));
    }
  };
  document.addEventListener("visibilitychange", listen);
  window.addEventListener("pagehide", () => events?.close());
  listen();
}

// A board that is open is told when something came in.
if (document.getElementById("board")) {
  hear(`${location.pathname}/events`, "changed", () => void parts().then((htmx) => htmx.ajax("get", `${location.pathname}/board`, { target: "#board", swap: "innerHTML" })));
}

// Search of everything: Ctrl-K or ⌘K.
const find = document.getElementById("find") as HTMLDialogElement | null;
if (find) {
  const box = find.querySelector("input") as HTMLInputElement;
  const open = () => {
    void parts().then((htmx) => {
      htmx.process(find);
      if (box.value) box.dispatchEvent(new Event("input", { bubbles: true })); // what was typed before anybody listened
    });
    find.showModal();
    box.select();
  };
  document.addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") {
      e.preventDefault();
      open();
    }
  });
  document.getElementById("find-open")?.addEventListener("click", open);
  find.addEventListener("keydown", (e) => {
    if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
    const list = [box, ...Array.from(find.querySelectorAll<HTMLElement>("#found a"))];
    const at = list.indexOf(document.activeElement as HTMLElement);
    list[(at + (e.key === "ArrowDown" ? 1 : list.length - 1)) % list.length].focus();
    e.preventDefault();
  });
}

// What is new, as it happens; a part that stands beside another one leaves that to the page around it.
if (person && window.top === window) {
  hear("/events", "waiting", (e) => {
    const { waiting, text } = JSON.parse(e.data) as { waiting: string; text: string };
    const badge = document.getElementById("waiting");
    if (badge) badge.textContent = waiting;
    const live = document.getElementById("live");
    if (live && live.dataset.before !== undefined && live.dataset.before !== waiting) live.textContent = text;
    if (live) live.dataset.before = waiting;
  });
}

// Clocks that run: how long it is until a deadline, or since.
const span = new Intl.RelativeTimeFormat(`${root.lang}-u-nu-latn`, { numeric: "always" });
function clocks() {
  document.querySelectorAll<HTMLTimeElement>("time[data-clock]").forEach((t) => {
    t.dataset.said ??= t.textContent ?? "";
    const minutes = Math.round((Date.parse(t.dateTime) - Date.now()) / 60000);
    const far = Math.abs(minutes);
    const left = far < 120 ? span.format(minutes, "minute") : far < 2880 ? span.format(Math.round(minutes / 60), "hour") : span.format(Math.round(minutes / 1440), "day");
    t.textContent = `${t.dataset.said} (${left})`;
    t.classList.toggle("hit", minutes < 0);
  });
}
window.setInterval(clocks, 15000);
document.body.addEventListener("htmx:afterSettle", clocks);
document.addEventListener("tarir:begin", clocks);

// On a telephone the menu and the tabs are a row that is moved sideways: where one is comes into sight.
document.querySelectorAll("nav ul").forEach((list) => {
  const here = list.querySelector("[aria-current]")?.getBoundingClientRect();
  const row = list.getBoundingClientRect();
  if (here) list.scrollLeft += here.left + here.width / 2 - row.left - row.width / 2;
});

if (asks(document.querySelector("main") ?? document)) void parts();
begin(document);

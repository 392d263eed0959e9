// What the panel adds to pages that already work without it. Everything is found by data attributes;
// words come from the page (data-label-*), so this file speaks no language of its own.
const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const store = (key, value) => { try { localStorage.setItem(`signalbox.${key}`, value); } catch { /* refused: not kept */ } };
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
const say = (text) => { const live = $("[data-live]"); if (live) live.textContent = text; };
const on = (type, selector, act) => document.addEventListener(type, (event) => {
  const target = event.target.closest?.(selector);
  if (target) act(target, event);
});

// Theme: auto, light, dark.
const themes = ["auto", "light", "dark"];
function showTheme() {
  const theme = root.dataset.theme || "auto";
  for (const button of $$("[data-theme-button]")) {
    const label = button.dataset[`label${theme[0].toUpperCase()}${theme.slice(1)}`] || theme;
    button.setAttribute("aria-label", label);
    button.title = label;
    const use = $("use", button);
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#theme-${theme}`));
  }
}
function nextTheme() {
  root.dataset.theme = themes[(themes.indexOf(root.dataset.theme) + 1) % 3];
  store("theme", root.dataset.theme);
  showTheme();
  say($("[data-theme-button]")?.title || "");
}
showTheme();
on("click", "[data-theme-button]", nextTheme);

// Sidebar: a menu on narrow screens, collapsible and remembered on wide ones.
const narrow = matchMedia("(width < 1024px)");
function showMenu() {
  const open = narrow.matches ? root.dataset.menu === "open" : root.dataset.sidebar !== "closed";
  $("[data-menu-button]")?.setAttribute("aria-expanded", String(open));
}
function closeMenu() { delete root.dataset.menu; showMenu(); }
on("click", "[data-menu-button]", (button) => {
  if (narrow.matches) {
    root.dataset.menu = root.dataset.menu === "open" ? "closed" : "open";
    if (root.dataset.menu === "open") $(".sidebar a")?.focus();
  } else {
    root.dataset.sidebar = root.dataset.sidebar === "closed" ? "open" : "closed";
    store("sidebar", root.dataset.sidebar);
  }
  showMenu();
});
narrow.addEventListener("change", closeMenu);
showMenu();
document.addEventListener("click", (event) => {
  for (const menu of $$("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  if (root.dataset.menu === "open" && !event.target.closest(".sidebar, [data-menu-button]")) closeMenu();
});

// The menu, narrowed to rows that hold what is typed; Esc clears it, Enter opens the first.
on("input", "[data-nav-filter]", (field) => {
  const wanted = field.value.trim().toLowerCase();
  for (const row of $$(".sidebar-row")) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  for (const list of $$(".sidebar ul")) list.hidden = list.previousElementSibling.hidden = !$(".sidebar-row:not([hidden])", list);
});
on("keydown", "[data-nav-filter]", (field, event) => {
  if (event.key === "Enter") $(".sidebar-row:not([hidden]) a")?.click();
  if (event.key === "Escape" && field.value) { field.value = ""; field.dispatchEvent(new Event("input", { bubbles: true })); event.stopImmediatePropagation(); event.preventDefault(); }
});

// Row boxes: all of the page, a range with shift, "n of m selected", then "all N matching". What is ticked stays ticked on the
// other pages and in other orders of the same search and filters; another filter begins anew, and says so.
function ticksAt(place) {
  const query = new URLSearchParams(place.search);
  for (const part of ["o", "p", "older", "newer"]) query.delete(part);
  query.sort();
  const key = `signalbox.ticks.${place.pathname}`, filter = query.toString();
  return { key, filter, keep: (ids, all) => { try { if (ids.length || all) sessionStorage.setItem(key, JSON.stringify({ filter, ids, all })); else sessionStorage.removeItem(key); } catch { /* not kept */ } } };
}
// A page that asks gives the ticks back to the list that its way out leads to, until it is answered with yes.
for (const back of $$("a[data-ticks]")) {
  const { keep } = ticksAt(back), { ticks, ticksAll } = back.dataset;
  keep(ticks.split(" ").filter(Boolean), ticksAll !== undefined);
  back.closest("form")?.addEventListener("submit", () => keep([]));
}
for (const form of $$("form[data-select]")) {
  const all = $("[data-select-all]", form);
  const boxes = () => $$(".row-box", form);
  const count = $("[data-select-count]", form);
  const across = $("[data-select-across]", form);
  const clear = $("[data-select-clear]", form);
  const armed = $("input[name=select_across]", form);
  const { key, filter, keep } = ticksAt(location);
  let last = null, cleared = false, ids = new Set();
  try {
    const kept = JSON.parse(sessionStorage.getItem(key));
    if (kept?.filter === filter) {
      ids = new Set(kept.ids);
      if (kept.all && armed) { armed.value = "1"; for (const box of boxes()) box.checked = true; }
    } else cleared = kept?.ids.length > 0 || kept?.all;
  } catch { /* not kept */ }
  for (const box of boxes()) if (ids.has(box.value)) box.checked = true;
  const show = () => {
    const list = boxes(), ticked = list.filter((box) => box.checked).length;
    for (const box of list) if (box.checked) ids.add(box.value); else ids.delete(box.value);
    const full = list.length > 0 && ticked === list.length, elsewhere = ids.size - ticked;
    if (ticked) cleared = false;
    if (!full && armed) armed.value = "0";
    if (all) { all.checked = full; all.indeterminate = ticked > 0 && !full; }
    if (count) {
      count.textContent = armed?.value === "1" ? count.dataset.labelAll : cleared ? count.dataset.labelCleared
        : fill(count.dataset.label, { n: ticked, m: list.length }) + (elsewhere > 0 ? fill(count.dataset.labelElsewhere, { n: elsewhere }) : "");
    }
    if (clear) clear.hidden = elsewhere === 0;
    if (across) {
      across.hidden = !full;
      across.textContent = armed.value === "1" ? across.dataset.labelClear : across.dataset.label;
    }
    keep([...ids]);
  };
  const none = () => { ids.clear(); for (const each of boxes()) each.checked = false; };
  form.addEventListener("click", (event) => {
    const box = event.target;
    if (box === all) for (const each of boxes()) each.checked = all.checked;
    else if (box.matches?.(".row-box")) {
      const list = boxes(), here = list.indexOf(box), there = list.indexOf(last);
      if (event.shiftKey && there >= 0) for (const each of list.slice(Math.min(here, there), Math.max(here, there) + 1)) each.checked = box.checked;
      last = box;
    } else if (clear && box === clear) none();
    else if (across && box === across) {
      const drop = armed.value === "1";
      armed.value = drop ? "0" : "1";
      if (drop) none();
      say(across.dataset.label);
    } else return;
    show();
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.getAttribute("form") || !$("[name=action]", form).value) return;
    const here = new Set(boxes().map((box) => box.value));
    for (const id of ids) if (!here.has(id)) {
      const field = document.createElement("input");
      field.type = "hidden"; field.name = "_selected_action"; field.value = id;
      form.append(field);
    }
    ids = new Set(); keep([]);
  });
  addEventListener("pageshow", show);
  show();
  if (cleared) say(count.dataset.labelCleared);
}

// A live list: rows that came since are offered by a bar and put in front on a click, so that nothing moves while it is read; those that
// are shown are brought up to date in place. It waits while something is ticked, typed, selected or open, and in a hidden tab.
for (const live of $$("[data-live-list]")) {
  const toggle = $("[data-live-toggle]", live), word = $("[data-live-word]", live), bar = $("[data-new-rows]", live);
  const every = Number(live.dataset.liveMs), body = $("tbody");
  let isOn = true, at = Date.now(), fresh = [], away = false;
  try { isOn = localStorage.getItem("signalbox.live") !== "off"; } catch { /* not kept */ }
  const waits = () => document.hidden || $(".row-box:checked, dialog[open], details[data-menu][open]") || root.dataset.menu === "open"
    || !getSelection().isCollapsed || document.activeElement?.matches("input:not([type=checkbox]), select, textarea");
  const tell = () => {
    const age = Math.round((Date.now() - at) / 1000);
    toggle.setAttribute("aria-pressed", String(isOn));
    live.toggleAttribute("data-stale", isOn && Date.now() - at > 4 * every);
    word.textContent = !isOn ? word.dataset.labelOff : away ? word.dataset.labelAway : waits() ? word.dataset.labelWaits : fill(word.dataset.label, { n: age });
  };
  const look = async () => {
    if (!isOn || !body || waits()) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(answer.status);
      const rows = $$("tbody tr[data-id]", new DOMParser().parseFromString(await answer.text(), "text/html"));
      if (!isOn || waits()) return tell(); // it began to wait while the answer was on its way
      const known = new Map($$("tr[data-id]", body).map((row) => [row.dataset.id, row]));
      const first = rows.findIndex((row) => known.has(row.dataset.id));
      fresh = first < 0 ? rows : rows.slice(0, first);
      for (const row of rows) {
        const old = known.get(row.dataset.id);
        if (old && old.innerHTML !== row.innerHTML && !old.contains(document.activeElement)) old.replaceChildren(...document.adoptNode(row).childNodes);
      }
      if (bar.hidden && fresh.length) say(fill(bar.dataset.label, { n: fresh.length }));
      bar.hidden = fresh.length === 0;
      bar.textContent = fill(bar.dataset.label, { n: fresh.length });
      at = Date.now(); away = false;
    } catch { away = true; }
    tell();
  };
  toggle.addEventListener("click", () => { isOn = !isOn; store("live", isOn ? "on" : "off"); if (isOn) look(); tell(); });
  bar.addEventListener("click", () => {
    const rows = fresh.map((row) => document.adoptNode(row));
    body.prepend(...rows);
    fresh = []; bar.hidden = true;
    $("th a", rows[0])?.focus();
  });
  setInterval(look, every);
  setInterval(tell, 1000);
  tell();
}

// Copy: the clipboard where it is allowed (https), else the old command, else the text is left selected.
async function copy(button) {
  const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  const text = button.dataset.copy ?? source?.value ?? source?.textContent ?? "";
  let done = false;
  try { await navigator.clipboard.writeText(text); done = true; } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.readOnly = true;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    try { done = document.execCommand("copy"); } catch { /* told below */ }
    area.remove();
    if (done) button.focus();
    else if (source?.select) { source.focus(); source.select(); }
    else if (source) getSelection().selectAllChildren(source);
  }
  const word = $("[data-copy-word]", button) || button;
  const before = button.dataset.labelBefore ??= word.textContent;
  word.textContent = done ? button.dataset.labelDone || before : before;
  if (done) say(button.dataset.labelDone || "");
  setTimeout(() => { word.textContent = before; }, 2000);
}
on("click", "[data-copy], [data-copy-from]", copy);

// A file that is chosen is put into the field beside it, where it can be read before it is sent.
on("change", "[data-file-into]", async (input) => { if (input.files[0]) document.getElementById(input.dataset.fileInto).value = await input.files[0].text(); });

// A new secret, made here, shown once in its field: 32 random bytes, URL-safe base64.
on("click", "[data-generate-secret]", (button) => {
  const field = document.getElementById(button.dataset.generateSecret);
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  field.value = btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  field.type = "text";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  field.select();
  say(button.dataset.labelDone || "");
});

// A button pressed twice sends its form once; the server would know, but the first answer is the one to see.
on("submit", "form[method=post]", (form, event) => {
  if (event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 3000);
});

// Leaving a changed form asks first; saving it does not.
let dirty = null;
const warned = "form[data-warn-unsaved]";
for (const type of ["input", "change"]) on(type, warned, (form) => { dirty = form; const word = $("[data-unsaved]", form); if (word) word.hidden = false; });
on("submit", warned, () => { dirty = null; });
addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });

// Selects that go together: <select data-pairs="other_id">, each option naming its mate in data-pair.
function pairs(select) {
  const mate = document.getElementById(select.dataset.pairs);
  const want = select.selectedOptions[0]?.dataset.pair;
  return { mate, want, agree: !want || !mate?.value || mate.value === "other" || mate.value === want };
}
function showPairs() {
  for (const note of $$("[data-pair-warning]")) {
    const select = document.getElementById(note.dataset.pairWarning);
    const { mate, want, agree } = pairs(select);
    note.hidden = agree;
    if (!agree) $("[data-pair-text]", note).textContent = fill(note.dataset.label, { value: select.value, want, got: mate.value });
  }
}
const chosen = new WeakSet();
on("change", "select[data-pairs]", (select) => {
  chosen.add(select);
  const { mate, want } = pairs(select);
  if (mate && want && !chosen.has(mate) && [...mate.options].some((option) => option.value === want)) mate.value = want;
  showPairs();
});
showPairs();

// A box that stands for one value of another control: <input type=checkbox data-switches="id" data-value="-1">. Each follows the other.
function switches(box) {
  const field = document.getElementById(box.dataset.switches);
  if (box.checked) { if (field.value !== box.dataset.value) field.dataset.kept = field.value; field.value = box.dataset.value; }
  else if (field.value === box.dataset.value) { field.value = field.dataset.kept || ""; field.focus(); }
}
on("change", "[data-switches]", switches);
for (const box of $$("[data-switches]")) {
  document.getElementById(box.dataset.switches).addEventListener("input", (event) => { box.checked = event.target.value === box.dataset.value; });
}

// A select whose choice decides which fields another fieldset has: <select data-refetches="fieldset id">. The page itself, asked with
// that choice, tells them; everything else typed stays as it is.
on("change", "[data-refetches]", async (select) => {
  const id = select.dataset.refetches;
  const address = new URL(location.href);
  address.searchParams.set(select.name, select.value);
  try {
    const answer = await fetch(address, { headers: { accept: "text/html" }, credentials: "same-origin", redirect: "error" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
    if (answer.ok && fresh) document.getElementById(id)?.replaceWith(document.adoptNode(fresh));
  } catch { /* saving tells what is missing */ }
});

// Live parts: while an element has data-poll, fetch that address and swap in the element of the same id.
// The server leaves data-poll out once the state is final. Reading (a selection) and hidden tabs are not disturbed.
const polling = new Map(), asking = new Set(), streams = new Map();
async function poll(id, asked) {
  const old = document.getElementById(id);
  if (!old?.dataset.poll) { polling.delete(id); return; }
  if (asking.has(id)) return;
  asking.add(id);
  let wait = Number(old.dataset.pollMs) || 2000;
  if (streams.get(id)?.readyState === EventSource.OPEN && !asked) { asking.delete(id); polling.set(id, setTimeout(poll, wait, id)); return; }
  const selection = getSelection();
  const typing = document.activeElement?.matches("input, select, textarea") && old.contains(document.activeElement);
  const reading = typing || !selection.isCollapsed && old.contains(selection.anchorNode);
  if (!document.hidden && !reading && !$("dialog[open]")) {
    try {
      const answer = await fetch(old.dataset.poll, { headers: { accept: "text/html" }, credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(answer.status);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
      if (fresh) swap(old, document.adoptNode(fresh));
      else old.removeAttribute("data-poll");
    } catch {
      for (const word of $$("[data-poll-word]", old)) word.textContent = old.dataset.labelAway || word.textContent;
      wait *= 3;
    }
  }
  asking.delete(id);
  polling.set(id, setTimeout(poll, wait, id));
}
// What is printed comes by itself where the part has data-events: lines from a number on, which take the place of those that
// are there, so that an event that comes twice doubles nothing. Anything else that changed is fetched as above, at once.
function follow(part) {
  const id = part.id, source = new EventSource(part.dataset.events);
  const now = () => document.getElementById(id);
  const word = (name) => { const here = now(); if (here) for (const live of $$("[data-poll-word]", here)) live.textContent = here.dataset[name]; };
  const again = () => { clearTimeout(polling.get(id)); poll(id, true); };
  streams.set(id, source);
  source.addEventListener("open", () => word("labelLive"));
  source.addEventListener("error", () => word("labelAway"));
  source.addEventListener("lines", (event) => {
    const { attempt, from, html } = JSON.parse(event.data);
    const log = document.getElementById(`log-${attempt}`);
    // A page that was asked for before these lines came, and arrived after them, lacks some.
    const last = Number(log?.lastElementChild?.dataset.n || 0);
    if (!log || last < from - 1) { again(); return; }
    const end = atEnd(log);
    while (log.lastElementChild && Number(log.lastElementChild.dataset.n) >= from) log.lastElementChild.remove();
    const fresh = new DOMParser().parseFromString(html, "text/html").body.childNodes;
    const count = [...fresh].filter((line) => line.nodeType === 1).length;
    log.append(...fresh);
    while (end && log.childElementCount > 5000) log.firstElementChild.remove();
    if (end) log.scrollTop = log.scrollHeight;
    else unseen(log, Number(log.dataset.unseen || 0) + count);
  });
  source.addEventListener("state", (event) => {
    const told = JSON.parse(event.data), here = now();
    if (!here) { source.close(); return; }
    const sentence = $("[data-sentence]", here);
    if (sentence) sentence.textContent = told.sentence;
    if (here.dataset.state !== told.state || here.dataset.attempts !== String(told.attempts) || here.dataset.label !== told.label) again();
  });
  source.addEventListener("ended", () => { source.close(); word("labelEnded"); streams.delete(id); again(); });
}
const atEnd = (log) => log.scrollTop + log.clientHeight >= log.scrollHeight - 24;
function unseen(log, count) {
  log.dataset.unseen = count;
  const button = $(`[data-new-lines="${log.id}"]`);
  if (!button) return;
  button.hidden = count === 0;
  button.textContent = fill(button.dataset.label, { n: count });
}
on("click", "[data-new-lines]", (button) => { const log = document.getElementById(button.dataset.newLines); log.scrollTop = log.scrollHeight; unseen(log, 0); log.focus(); });
document.addEventListener("scroll", (event) => { if (event.target.matches?.("[data-follow]") && atEnd(event.target)) unseen(event.target, 0); }, true);
function swap(old, fresh) {
  if (old.outerHTML === fresh.outerHTML) return;
  const had = old.contains(document.activeElement) ? document.activeElement : null;
  const open = new Map($$("details[id]", old).map((each) => [each.id, each.open]));
  const scrolls = new Map($$("[data-end][id]", old).map((each) => [each.id, { top: each.scrollTop, end: each.scrollTop + each.clientHeight >= each.scrollHeight - 24 }]));
  const before = `${old.dataset.state} ${old.dataset.announce}`;
  old.replaceWith(fresh);
  for (const each of $$("details[id]", fresh)) if (open.has(each.id)) each.open = open.get(each.id);
  for (const each of $$("[data-end][id]", fresh)) {
    const was = scrolls.get(each.id);
    each.scrollTop = !was || was.end ? each.scrollHeight : was.top;
  }
  if (had) {
    const href = had.getAttribute("href");
    const target = had.id && document.getElementById(had.id) || href && $(`a[href="${CSS.escape(href)}"]`, fresh) || $("h1, h2, summary", fresh);
    if (target) { if (!target.matches("a, button, input, select, textarea, summary")) target.tabIndex = -1; target.focus({ preventScroll: true }); }
  }
  if (before !== `${fresh.dataset.state} ${fresh.dataset.announce}`) say(fresh.dataset.announce || "");
  if (fresh.dataset.title) document.title = fresh.dataset.title;
  if (fresh.dataset.icon) $("link[rel=icon]").setAttribute("href", fresh.dataset.icon);
}
for (const part of $$("[data-poll][id]")) polling.set(part.id, setTimeout(poll, Number(part.dataset.pollMs) || 2000, part.id));
for (const box of $$("[data-end]")) if (!$(":target", box)) box.scrollTop = box.scrollHeight;
// A link to a line that is not among those shown: the page that shows it.
const meant = /^#(?:a(\d+)-)?L(\d+)$/.exec(location.hash);
if (meant && $(".log") && !$(":target") && !/[?&]line=/.test(location.search)) {
  const address = new URL(location.href);
  address.searchParams.set("line", meant[2]);
  if (meant[1]) address.searchParams.set("attempt", meant[1]);
  location.replace(address);
}
for (const part of $$("[data-events][id]")) follow(part);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const [id, timer] of polling) { clearTimeout(timer); poll(id); }
});

// Filter groups stay as they were left, for this tab.
for (const group of $$("details[data-keep-open]")) {
  const key = `signalbox.filter.${location.pathname}.${group.dataset.keepOpen}`;
  try { const was = sessionStorage.getItem(key); if (was) group.open = was === "1"; } catch { /* not kept */ }
  group.addEventListener("toggle", () => { try { sessionStorage.setItem(key, group.open ? "1" : "0"); } catch { /* not kept */ } });
}

on("click", "[data-dismiss]", (button) => button.closest("[role=alert], [role=status]")?.remove());
on("click", "[data-print]", () => print());
on("click", "[data-close]", (button) => button.closest("dialog")?.close());

// Keys can be turned off where they get in the way; the choice is kept.
try { if (localStorage.getItem("signalbox.keys") === "off") root.dataset.keys = "off"; } catch { /* not kept */ }
for (const box of $$("[data-keys-toggle]")) box.checked = root.dataset.keys !== "off";
on("change", "[data-keys-toggle]", (box) => { root.dataset.keys = box.checked ? "on" : "off"; store("keys", root.dataset.keys); });

// Keys, off inside fields. `g` waits a second for its second letter; addresses come from the menu (data-key).
let went = 0;
const rows = () => $$("tbody tr[data-id]");
const current = () => rows().findIndex((row) => row.contains(document.activeElement));
function step(by) {
  const list = rows();
  const row = list[Math.max(0, Math.min(list.length - 1, current() + by))];
  $("th a", row || document)?.focus();
}
const acts = {
  "/": () => { const field = $("[data-search]") || $("[data-search-all]"); field?.focus(); field?.select(); },
  "?": () => $("[data-shortcuts]")?.showModal(),
  t: nextTheme,
  n: () => $("[data-key=n]")?.click(),
  r: () => ($("[data-key=r]") ? $("[data-key=r]").click() : location.reload()),
  j: () => step(1),
  k: () => step(-1),
  x: () => $(".row-box", rows()[current()] || document.createElement("i"))?.click(),
};
document.addEventListener("keydown", (event) => {
  const save = (event.ctrlKey || event.metaKey) && event.key === "s" && $("form[data-warn-unsaved] [name=_continue]");
  if (save) { event.preventDefault(); save.click(); return; }
  if (event.key === "Escape") {
    if (root.dataset.menu === "open") { closeMenu(); $("[data-menu-button]").focus(); }
    for (const menu of $$("details[data-menu][open]")) { menu.open = false; $("summary", menu).focus(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || root.dataset.keys === "off") return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog, [contenteditable]")) return;
  if (Date.now() - went < 1000) {
    went = 0;
    const link = $(`[data-key="g ${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  if (event.key === "g") { went = Date.now(); return; }
  const act = Object.hasOwn(acts, event.key) && acts[event.key];
  if (act) { event.preventDefault(); act(); }
});

// A form that came back with errors says so first; an add form begins at its first field.
($("[data-error-summary]") || $("[data-focus-first] :is(input, select, textarea):not([type=hidden])"))?.focus();

// Lists: what is ticked, and rows that came since.
import { $, $$, fetchPage, fill, root, say, store, stored } from "./page.js";

// Row boxes: all of the page, a range with shift, "n of m selected", then "all N matching". What is ticked stays ticked on the
// other pages and in other orders of the same search and filters; another filter begins anew, and says so.
function ticksAt(place) {
  const query = new URLSearchParams(place.search);
  for (const part of ["o", "p", "older", "newer", "view"]) query.delete(part);
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
    // What can be done to many is shown while there are any, or were.
    form.toggleAttribute("data-ticked", ids.size > 0 || cleared);
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
  let isOn = stored("live") !== "off", at = Date.now(), fresh = [], away = false;
  const waits = () => document.hidden || $(".row-box:checked, dialog[open], details[data-menu][open]") || root.dataset.menu === "open"
    || !getSelection().isCollapsed || document.activeElement?.matches("input:not([type=checkbox]), select, textarea");
  const tell = () => {
    const age = Math.round((Date.now() - at) / 1000);
    toggle.setAttribute("aria-pressed", String(isOn));
    live.toggleAttribute("data-stale", isOn && Date.now() - at > 4 * every);
    const waiting = isOn && !away && waits();
    word.textContent = !isOn ? word.dataset.labelOff : away ? word.dataset.labelAway : waiting ? word.dataset.labelWaits : fill(word.dataset.label, { n: age });
    word.title = waiting ? word.dataset.whyWaits : "";
  };
  const look = async () => {
    if (!isOn || !body || waits()) return;
    try {
      const rows = $$("tbody tr[data-id]", await fetchPage(location.href));
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

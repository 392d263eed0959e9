// Parts of a page that refresh themselves, and output that is followed.
import { $, $$, fetchPage, fill, on, say } from "./page.js";

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
      const fresh = (await fetchPage(old.dataset.poll)).getElementById(id);
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

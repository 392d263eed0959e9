// What the panel adds to every page, which already works without it. Everything is found by data attributes; words come
// from the page (data-label-*), so these files speak no language of their own. Lists have list.js too, forms form.js, and
// pages with parts that refresh themselves live.js.
import { $, $$, on, root, say, store, stored } from "./page.js";

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

// A button pressed twice sends its form once; the server would know, but the first answer is the one to see.
on("submit", "form[method=post]", (form, event) => {
  if (event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 3000);
});

on("click", "[data-dismiss]", (button) => button.closest("[role=alert], [role=status]")?.remove());
on("click", "[data-close]", (button) => button.closest("dialog")?.close());

// Keys can be turned off where they get in the way; the choice is kept.
if (stored("keys") === "off") root.dataset.keys = "off";
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

// The command palette (Ctrl K): before the links of the page at its address, which works by itself, stands what the page in
// view can do. Words come from the pages.
const box = document.querySelector("[data-palette]");
const [field, list, note] = ["input", "[role=listbox]", "[role=status]"].map((part) => box.querySelector(part));
const tools = [".tabs a:not([aria-current])", ".verdict-actions :is(a, button)", ".object-tools :is(a, button)"];
let here = [], found = [], timer, asking, chosen;

const words = (element) => (element.matches("[role=switch]") ? element.title : element.textContent).trim();
const holds = ({ text }) => field.value.toLowerCase().split(/\s+/).every((word) => text.toLowerCase().includes(word));
const options = () => [...list.querySelectorAll("[role=option]")];
const marked = () => list.querySelector("[aria-selected=true]");

function mark(option) {
  marked()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
}

// A link is a link, with all that a browser does with one; a button of the page is pressed there.
function option({ text, href, tool, translate }, number) {
  const part = document.createElement(href ? "a" : "button");
  if (href) part.href = href;
  else { part.type = "button"; part.addEventListener("click", () => { box.close(); tool.click(); }); }
  Object.assign(part, { id: `palette-${number}`, textContent: text, tabIndex: -1, translate });
  part.setAttribute("role", "option");
  part.setAttribute("aria-selected", "false");
  return part;
}

function draw(groups) {
  let number = 0;
  list.replaceChildren(...groups.filter(([, entries]) => entries.length).map(([title, entries], at) => {
    const group = document.createElement("div"), head = document.createElement("div");
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", `palette-head-${at}`);
    Object.assign(head, { id: `palette-head-${at}`, className: "palette-head", textContent: title });
    head.setAttribute("role", "presentation");
    group.append(head, ...entries.map((entry) => option(entry, number++)));
    return group;
  }));
  mark(options().find((part) => part.textContent === chosen) || options()[0]);
  field.setAttribute("aria-expanded", String(number > 0));
  note.textContent = number || asking ? "" : note.dataset.label;
}
const offer = (entries) => draw([[box.dataset.here, here.filter(holds)], ...entries]);

async function ask() {
  asking?.abort();
  const mine = asking = new AbortController();
  let answered = [];
  try {
    const address = `${box.dataset.palette}?q=${encodeURIComponent(field.value.trim())}`;
    const answer = await fetch(address, { headers: { accept: "text/html" }, credentials: "same-origin", redirect: "error", signal: mine.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    answered = [...page.querySelectorAll("[data-group]")].map((group) => [
      words(group.querySelector("h2")),
      [...group.querySelectorAll("a")].map((link) => ({ text: words(link), href: link.getAttribute("href"), translate: link.translate })),
    ]);
  } catch { /* not reached: what the page can do is offered still */ }
  if (mine !== asking) return;
  asking = null;
  found = answered;
  offer(found);
}

function open() {
  here = tools.flatMap((kind) => [...document.querySelectorAll(`main ${kind}`)]).filter((tool) => tool.ariaDisabled !== "true" && !tool.closest("[hidden]"))
    .map((tool) => ({ text: words(tool), href: tool.getAttribute("href"), tool, translate: true }));
  field.value = "";
  found = [];
  chosen = null;
  box.showModal();
  ask();
  offer(found);
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  if (box.open) box.close();
  else open();
});
field.addEventListener("input", () => {
  chosen = null;
  clearTimeout(timer);
  timer = setTimeout(ask, 150);
  offer(found.map(([title, entries]) => [title, entries.filter(holds)]));
});
field.addEventListener("keydown", (event) => {
  const all = options(), at = all.indexOf(marked());
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && all.length) {
    mark(all[(at + step + all.length) % all.length]);
    chosen = marked().textContent;
  } else if (event.key === "Enter" && !event.isComposing) marked()?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey: event.ctrlKey, metaKey: event.metaKey }));
  else return;
  event.preventDefault();
});
// Beside the window's parts is its backdrop.
box.addEventListener("click", (event) => { if (event.target === box) box.close(); });

// What the panel's scripts share: finding elements, words of the page, what this browser keeps.
export const root = document.documentElement;
export const $ = (selector, from = document) => from.querySelector(selector);
export const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
export const store = (key, value) => { try { localStorage.setItem(`signalbox.${key}`, value); } catch { /* refused: not kept */ } };
export const stored = (key) => { try { return localStorage.getItem(`signalbox.${key}`); } catch { return null; } };
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
export const say = (text) => { const live = $("[data-live]"); if (live) live.textContent = text; };
export const on = (type, selector, act) => document.addEventListener(type, (event) => {
  const target = event.target.closest?.(selector);
  if (target) act(target, event);
});
export async function fetchPage(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" }, credentials: "same-origin", redirect: "error" });
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

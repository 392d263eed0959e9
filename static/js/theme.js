// Runs in <head> before the first paint: theme and sidebar as this browser last left them, and its time zone, for the server.
// Storage may be refused.
(() => {
  const root = document.documentElement;
  const read = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const theme = read("signalbox.theme");
  root.dataset.theme = theme === "light" || theme === "dark" ? theme : "auto";
  if (read("signalbox.sidebar") === "closed") root.dataset.sidebar = "closed";
  root.dataset.js = "";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  if (/^[\w+/-]+$/.test(zone)) document.cookie = `signalbox-zone=${zone}; path=/admin; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  // A page from before the server knew the zone: its full times are written in it here, as the server writes them.
  if (!zone || !root.dataset.zone || root.dataset.zone === zone) return;
  const two = (n) => String(n).padStart(2, "0");
  const write = (at) => {
    const offset = -at.getTimezoneOffset(), hours = Math.trunc(Math.abs(offset) / 60), rest = Math.abs(offset) % 60;
    const from = offset ? `${offset < 0 ? "-" : "+"}${hours}${rest ? `:${two(rest)}` : ""}` : "";
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} UTC${from}`;
  };
  document.addEventListener("DOMContentLoaded", () => {
    const full = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC[-+:\d]*/;
    for (const time of document.querySelectorAll("time[datetime]")) {
      const local = write(new Date(time.dateTime));
      if (full.test(time.textContent)) time.textContent = local;
      if (time.title) time.title = [...new Set([local, ...time.title.split("\n").filter((line) => !full.test(line) || line.endsWith("UTC"))])].join("\n");
    }
  });
})();

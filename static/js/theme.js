// Runs in <head> before the first paint: theme and sidebar as this browser last left them. Storage may be refused.
(() => {
  const root = document.documentElement;
  const read = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const theme = read("signalbox.theme");
  root.dataset.theme = theme === "light" || theme === "dark" ? theme : "auto";
  if (read("signalbox.sidebar") === "closed") root.dataset.sidebar = "closed";
  root.dataset.js = "";
})();

// Forms: what is not saved yet, and fields that depend on each other.
import { $, $$, fetchPage, fill, on, say } from "./page.js";

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
    const fresh = (await fetchPage(address)).getElementById(id);
    if (fresh) document.getElementById(id)?.replaceWith(document.adoptNode(fresh));
  } catch { /* saving tells what is missing */ }
});

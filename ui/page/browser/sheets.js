// Sheets that lie over the page, the shortlist, and what is picked for comparison.

const MOST_COMPARED = 4;
const picked = new Set();
const voted = new Map();
let saved = store.read("saved") || {};

function openSheet(html) {
  const content = find(".content", sheet);
  const inside = sheet.open;
  content.innerHTML = html;
  dress(sheet);
  if (!inside) sheet.showModal();
  sheet.scrollTop = 0;
  find("#sheet-title", sheet)?.focus();
}

async function details(id) {
  const answer = await errand("details", { ids: [id], place: placeOf(id) });
  if (answer.sheet) openSheet(answer.sheet);
}

async function compare(ids) {
  if (ids.length < 2) return toast("Choose at least two products to compare.");
  const answer = await errand("compare", { ids });
  if (answer.sheet) openSheet(answer.sheet);
  return undefined;
}

async function shortlist() {
  const answer = await errand("shortlist", { ids: Object.keys(saved), notes: saved });
  if (!answer.sheet) return;
  openSheet(answer.sheet);
  sheet.lines = answer.lines;
}

function save(id) {
  const is = !(id in saved);
  if (is) saved[id] = "";
  else delete saved[id];
  store.write("saved", saved);
  errand("event", { action: is ? "shortlist" : "unshortlist", ids: [id], place: placeOf(id) });
  if (!is) find(`[data-saved="${CSS.escape(id)}"]`, sheet)?.remove();
  toast(is ? "Saved to your shortlist" : "Taken off your shortlist");
  dress(shell);
}

function note(id, text) {
  if (!(id in saved)) return;
  saved[id] = text;
  store.write("saved", saved);
  for (const line of sheet.lines || []) if (line.id === id) line.note = text;
}

function pick(id) {
  if (picked.has(id)) picked.delete(id);
  else if (picked.size >= MOST_COMPARED) return toast(`Four at most can be compared.`);
  else picked.add(id);
  dress(shell);
  return undefined;
}

function vote(id, way) {
  if (voted.get(id) === way) return;
  voted.set(id, way);
  errand("event", { action: way === "up" ? "thumbs_up" : "thumbs_down", ids: [id], place: placeOf(id) });
  toast(way === "up" ? "Noted: a good suggestion" : "Noted: not a good suggestion");
  dress(shell);
}

function placeOf(id) {
  const cards = all(".card[data-key]", shelfBox);
  return cards.findIndex((card) => card.dataset.key === id) + 1;
}

// What this browser knows of products, shown on whatever was drawn anew.
function dress(root) {
  for (const button of all("[data-do][data-id]", root)) {
    const { do: what, id } = button.dataset;
    if (what === "save") button.setAttribute("aria-pressed", String(id in saved));
    if (what === "pick") button.setAttribute("aria-pressed", String(picked.has(id)));
    if (what === "up" || what === "down") button.setAttribute("aria-pressed", String(voted.get(id) === what));
  }
  const count = Object.keys(saved).length;
  const badge = find("[data-saved-count]");
  badge.hidden = count === 0;
  badge.textContent = count;
  const tray = find(".tray");
  tray.hidden = picked.size === 0;
  find("[data-tray]").textContent = picked.size === 1 ? "1 chosen, add another" : `${picked.size} chosen`;
  shell.classList.toggle("has-tray", picked.size > 0);
}

function exported() {
  const quoted = (text) => `"${String(text).replace(/^(?=[=+@-])/, "'").replaceAll('"', '""')}"`;
  const rows = [["Product", "Price", "Note", "Link"], ...(sheet.lines || []).map((line) => [line.title, line.price, line.note, line.url])];
  const file = new Blob(["\ufeff" + rows.map((row) => row.map(quoted).join(",")).join("\r\n")], { type: "text/csv" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = "shortlist.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

let toasting = 0;
function toast(text) {
  const box = find(".toast");
  (sheet.open ? sheet : shell).append(box); // a modal sheet hides what lies outside of it
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toasting);
  toasting = setTimeout(() => { box.hidden = true; }, 4000);
}

sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
window.addEventListener("storage", (event) => {
  if (event.key !== "aisle.saved") return;
  saved = store.read("saved") || {};
  dress(shell);
});

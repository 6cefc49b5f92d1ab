// Every click, key and form of the page, by what its button says it does.

const part = ({ kind, need, name, value }) => ({ kind, need: Number(need || 0), name: name || "", value: value || "" });

const edits = {
  remove: (told) => [{ part: part(told) }, `Removed: ${told.label}`],
  available: (told) => [{ part: { kind: "available", need: Number(told.need) } }, "Only what is in stock"],
  browse: (told) => [{ values: JSON.parse(told.path) }, told.label],
  relax: (told) => [{ where: JSON.parse(told.where), without: JSON.parse(told.without) }, told.label],
  undo: (told) => [{ repair: { query: told.query, changes: JSON.parse(told.changes) } }, `Exactly as written: ${told.label}`],
  choose: (told) => [{ facet: told.facet, values: [told.value] }, told.label],
};

function edit(doing, more, told) {
  if (sheet.open) sheet.close();
  ask({ edit: { do: doing, ...more } }, told);
}

const titleOf = (id) => find(`.card[data-key="${CSS.escape(id)}"] h3 button`, shelfBox)?.lastChild.textContent || find("#sheet-title", sheet)?.innerText || "this";

const deeds = {
  details: ({ id }) => details(id),
  save: ({ id }) => save(id),
  pick: ({ id }) => pick(id),
  up: ({ id }) => vote(id, "up"),
  down: ({ id }) => vote(id, "down"),
  like: ({ id }) => edit("like", { id }, `More like ${titleOf(id)}`),
  hide: ({ id }) => edit("hide", { id }, `Not ${titleOf(id)}`),
  visit: ({ id }) => { errand("event", { action: "click", ids: [id], place: placeOf(id) }); },
  compare: () => compare([...picked]),
  "compare-saved": () => compare(Object.keys(saved)),
  "compare-clear": () => { picked.clear(); dress(shell); },
  shortlist,
  export: exported,
  close: () => sheet.close(),
  theme: flip,
  new: begin,
  skip: () => question.focus(),
  again: () => { if (now.last) ask(now.last.content, now.last.told); else open(); },
  earlier: (_, button) => {
    button.setAttribute("aria-expanded", String(turns.classList.toggle("all")));
    earlier();
  },
  editor: (told, button) => editor(told, button),
  "editor-close": () => closeEditor(),
};

async function editor(told, button) {
  const was = button.getAttribute("aria-expanded") === "true";
  closeEditor();
  if (was) return;
  const answer = await errand("editor", { part: part(told) });
  const box = find("#editor", planBox);
  if (!answer.editor || !box) return;
  box.innerHTML = answer.editor;
  box.hidden = false;
  box.opener = button;
  button.setAttribute("aria-expanded", "true");
  find("input", box)?.focus();
}

function closeEditor() {
  const box = find("#editor", planBox);
  if (!box || box.hidden) return;
  box.hidden = true;
  box.replaceChildren();
  box.opener?.setAttribute("aria-expanded", "false");
  box.opener?.focus();
}

shell.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do], [data-edit], [data-say]");
  if (!button || button.matches("form, select")) return;
  const told = button.dataset;
  if (button.matches("a") && told.do !== "visit") event.preventDefault();
  if (told.say) ask({ say: told.say });
  else if (told.edit) edit(told.edit, ...edits[told.edit](told));
  else if (deeds[told.do]) deeds[told.do](told, button);
});

shell.addEventListener("change", (event) => {
  if (event.target.matches('[data-edit="sort"]')) {
    edit("sort", { values: [event.target.value] }, `Sorted: ${event.target.selectedOptions[0].text}`);
  } else if (event.target.closest(".choose")) total();
});

shell.addEventListener("input", (event) => {
  if (event.target.dataset.note !== undefined) note(event.target.dataset.note, event.target.value);
});

shell.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.dataset.do === "ask") say();
  else {
    const values = new FormData(form).getAll("value");
    const chosen = form.dataset.kind === "price" ? between(...values) : values.filter(Boolean).join(", ") || "any";
    edit("change", { part: part(form.dataset), values }, `${find("legend", form).innerText.split(":")[0]}: ${chosen}`);
  }
});

function between(low, high) {
  if (low && high) return `${low} – ${high}`;
  return (low && `from ${low}`) || (high && `up to ${high}`) || "any";
}

question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say();
});
question.addEventListener("input", grow);

function say() {
  const text = question.value.trim();
  if (!text) return;
  question.value = "";
  grow();
  if (matchMedia("(pointer: coarse)").matches) question.blur(); // the keyboard covers what was found
  ask({ say: text });
}

function grow() {
  question.style.blockSize = "auto";
  if (question.value) question.style.blockSize = `${Math.min(question.scrollHeight, 160)}px`;
}

function closeReceipts(but) {
  for (const receipt of all(".receipt[open]", shelfBox)) if (receipt !== but) receipt.open = false;
}

document.addEventListener("click", (event) => closeReceipts(event.target.closest(".receipt")));
shell.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  closeEditor();
  closeReceipts();
});

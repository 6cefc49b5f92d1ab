// The shelf and the dialogue as they are on screen: what stays is kept, so that nothing flickers or jumps.

function put(box, html, marks = false) {
  const fresh = document.createElement("div");
  fresh.innerHTML = html;
  const before = new Map(all("[data-key]", box).map((node) => [node.dataset.key, node]));
  const focus = handleOf(document.activeElement, box);
  for (const node of all("[data-key]", fresh)) {
    const drawn = node.outerHTML;
    const old = before.get(node.dataset.key);
    if (old && old.drawn === drawn) node.replaceWith(old);
    else if (marks && before.size && !old) node.classList.add("fresh");
    node.drawn = drawn;
  }
  box.replaceChildren(...fresh.childNodes);
  if (focus) find(focus, box)?.focus({ preventScroll: true });
}

function handleOf(node, box) {
  if (!node || !box.contains(node)) return null;
  const { do: what, edit, id, kind, value } = node.dataset;
  const named = { do: what, edit, id, kind, value };
  const parts = Object.entries(named).filter(([, told]) => told);
  return parts.map(([name, told]) => `[data-${name}="${CSS.escape(told)}"]`).join("") || null;
}

function busy(is) {
  side.setAttribute("aria-busy", String(is));
  if (is && !shelfBox.querySelector(".card")) shelfBox.replaceChildren(skeleton());
}

function skeleton() {
  const box = document.createElement("div");
  box.className = "cards skeleton";
  box.setAttribute("aria-hidden", "true");
  for (let n = 0; n < 6; n += 1) {
    box.insertAdjacentHTML("beforeend", '<div class="card"><span class="picture"><span class="frame"></span></span><div class="about"><i></i><i></i><i></i></div></div>');
  }
  return box;
}

function follow(li) {
  const talk = find(".talk");
  const narrow = matchMedia("(max-width: 859px)").matches;
  earlier();
  if (!narrow) talk.scrollTo({ top: talk.scrollHeight });
  else if (!li.dataset.followed) {
    li.dataset.followed = "yes";
    scrollTo({ top: 0 });
  }
}

function earlier() {
  const button = find(".earlier");
  const hidden = turns.children.length - 1;
  button.hidden = hidden < 1;
  button.textContent = turns.classList.contains("all") ? "Hide what was said before" : `What was said before (${hidden})`;
}

// A picture that does not load leaves the drawn one standing.
document.addEventListener("error", (event) => {
  if (event.target instanceof HTMLImageElement) event.target.classList.add("broken");
}, true);

function total() {
  const box = find("[data-total]", shelfBox);
  if (!box) return;
  const picks = all('.choose input:checked', shelfBox);
  const amounts = picks.map((pick) => Number(pick.dataset.amount));
  const currency = picks.find((pick) => pick.dataset.currency)?.dataset.currency;
  const known = picks.length > 0 && currency && picks.every((pick) => pick.dataset.currency === currency);
  const sum = amounts.reduce((so_far, amount) => so_far + amount, 0);
  const written = (amount) => new Intl.NumberFormat("en-US", { style: "currency", currency }).format(amount);
  find("[data-sum]", box).textContent = known ? written(sum) : "a price is missing";
  const budget = Number(box.dataset.budget);
  const over = known && budget && sum > budget;
  box.classList.toggle("is-over", Boolean(over));
  find("[data-over]", box).textContent = over ? `${written(sum - budget)} over` : "";
  const meter = find(".meter span", box);
  if (meter) meter.style.inlineSize = known ? `${Math.min(100, (100 * sum) / budget)}%` : "0";
  for (const card of all(".group .card", shelfBox)) card.classList.toggle("chosen", Boolean(find(".choose input:checked", card)));
}

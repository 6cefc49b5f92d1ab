"use strict";
document.documentElement.classList.add("scripted");

const list = document.getElementById("list");
const queries = [...list.children];
const filter = document.getElementById("filter");
const sort = document.getElementById("sort");
let pair = Number(list.dataset.first); // the one the headline speaks of

const gain = (query) => Number(query.dataset.gains.split(" ")[pair]);
const asked = (query) => query.querySelector(".ask").textContent;
const orders = {
  spread: (a, b) => b.dataset.spread - a.dataset.spread,
  gain: (a, b) => gain(b) - gain(a),
  loss: (a, b) => gain(a) - gain(b),
  poor: (a, b) => a.dataset.best - b.dataset.best,
  text: (a, b) => asked(a).trim().localeCompare(asked(b).trim()),
};

function order() {
  queries.sort(orders[sort.value]);
  list.append(...queries);
}

function narrow() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const query of queries) {
    const text = asked(query).toLowerCase();
    query.hidden = !words.every((word) => text.includes(word));
    count += !query.hidden;
  }
  document.getElementById("count").value = `${count} ${count === 1 ? "query" : "queries"}`;
  document.getElementById("nothing").hidden = count > 0;
}

function choose(chosen) {
  pair = chosen;
  for (const figure of document.querySelectorAll("figure.pair")) figure.hidden = Number(figure.dataset.pair) !== pair;
  for (const tab of document.querySelectorAll(".tabs button"))
    tab.setAttribute("aria-pressed", String(Number(tab.dataset.pair) === pair));
  order();
}

function open() {
  const query = queries.find((one) => "#" + one.id === location.hash);
  if (!query) return;
  if (query.hidden) { filter.value = ""; narrow(); }
  query.open = true;
  query.scrollIntoView();
}

filter.addEventListener("input", narrow);
sort.addEventListener("change", order);
addEventListener("hashchange", open);
for (const tab of document.querySelectorAll(".tabs button"))
  tab.addEventListener("click", () => choose(Number(tab.dataset.pair)));

// The same product in the other systems' columns, while one is pointed at.
list.addEventListener("pointerover", (event) => {
  const cell = event.target.closest("td[data-product]");
  for (const lit of list.querySelectorAll(".lit")) lit.classList.remove("lit");
  if (!cell) return;
  for (const other of cell.closest("table").querySelectorAll("td[data-product]"))
    other.classList.toggle("lit", other.dataset.product === cell.dataset.product);
});

choose(pair);
open();

// Draws what the shop answers, and sends grades. Text goes in as text: listings are strangers'.
// What Gradio hands over: element, server. KEY and SCALE stand before this.

const label = element.querySelector("#label");
document.body.prepend(label); // out of Gradio's layout, into the page's own

const find = (selector) => label.querySelector(selector);
let place = 0;
let busy = false;

for (const [grade, meaning] of SCALE) {
  const button = document.createElement("button");
  const digit = document.createElement("b");
  const text = document.createElement("span");
  digit.textContent = grade;
  text.textContent = meaning;
  button.type = "button";
  button.dataset.grade = grade;
  button.append(digit, text);
  button.addEventListener("click", () => errand("grade", place, grade));
  find(".grades").append(button);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (["0", "1", "2", "3"].includes(event.key)) errand("grade", place, Number(event.key));
  else if (event.key === "ArrowLeft") errand("see", place - 1);
  else if (event.key === "ArrowRight") errand("see", place + 1);
  else return;
  event.preventDefault();
});

async function errand(what, where = 0, grade = 0) {
  if (busy) return;
  busy = true;
  label.setAttribute("aria-busy", "true");
  try {
    const answer = await server.run_errand({ key: KEY, do: what, place: where, grade });
    if (answer.problem) find(".problem").textContent = answer.problem;
    else show(answer);
  } catch {
    find(".problem").textContent = "Aisle does not answer; is the command still running?";
  } finally {
    busy = false;
    label.setAttribute("aria-busy", "false");
  }
}

function show(view) {
  place = view.place;
  const done = view.graded === view.total;
  find(".problem").textContent = "";
  find(".bar span").style.width = `${(100 * view.graded) / view.total}%`;
  find(".count").textContent = `${view.place + 1} of ${view.total}, ${view.graded} graded${done ? ": all done, thank you" : ""}`;
  for (const name of ["query", "title"]) find(`.${name}`).textContent = view[name];
  find(".text").textContent = view.description;
  find(".facts").replaceChildren(...view.facts.flatMap(([name, value]) => [made("dt", name), made("dd", value)]));
  for (const button of label.querySelectorAll(".grades button")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.grade) === view.grade));
  }
  find("article").scrollTop = 0;
}

function made(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

errand("open");

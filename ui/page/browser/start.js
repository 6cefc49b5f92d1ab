// How the page begins: its colours, and the conversation that the address names.

const dark = matchMedia("(prefers-color-scheme: dark)");

function paint() {
  const chosen = store.read("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  const is = chosen ? chosen === "dark" : dark.matches;
  find('[data-do="theme"]').setAttribute("aria-pressed", String(is));
}

function flip() {
  const is = find('[data-do="theme"]').getAttribute("aria-pressed") === "true";
  store.write("theme", is ? "light" : "dark");
  paint();
}

const invitation = question.placeholder;
const named = () => new URLSearchParams(location.hash.slice(1)).get("c") || "";

function begin() {
  if (now.handle) history.pushState(null, "", location.pathname + location.search);
  reset();
  open();
  question.focus();
}

function reset() {
  now.turn += 1; // frames that still come belong to the past
  heard();
  now.handle = "";
  now.query = "";
  now.last = null;
  turns.replaceChildren();
  turns.classList.remove("all");
  planBox.replaceChildren();
  shelfBox.replaceChildren();
  picked.clear();
  side.setAttribute("aria-busy", "false");
  shell.dataset.state = "start";
  question.placeholder = invitation;
  earlier();
  dress(shell);
}

async function open() {
  now.opened += 1;
  const mine = now.opened;
  now.handle = named();
  if (now.handle) {
    talking();
    busy(true);
  }
  const answer = await errand("open");
  if (mine !== now.opened || turns.children.length) return; // something was asked in the meantime
  side.setAttribute("aria-busy", "false");
  if (answer.problem) {
    remember("");
    if (shell.dataset.state === "talk") {
      reset();
      open();
    } else shelfBox.replaceChildren(words(answer.problem, "problem"));
    return;
  }
  remember(answer.handle);
  if (answer.welcome) {
    shell.dataset.state = "start";
    shelfBox.innerHTML = answer.welcome;
    return;
  }
  for (const said of answer.talk) {
    const li = document.createElement("li");
    li.innerHTML = said.said + said.reply;
    turns.append(li);
  }
  put(planBox, answer.plan || "");
  put(shelfBox, answer.shelf || "");
  dress(side);
  total();
  if (turns.lastElementChild) follow(turns.lastElementChild);
}

window.addEventListener("popstate", () => { if (named() !== now.handle) { reset(); open(); } });
dark.addEventListener("change", paint);
paint();
dress(shell);
question.value = store.kept("draft"); // what was asked when the page went away
store.keep("draft", "");
open();
if (!matchMedia("(pointer: coarse)").matches) question.focus({ preventScroll: true });
shell.dataset.ready = "yes";

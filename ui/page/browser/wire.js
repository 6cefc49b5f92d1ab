// The wire to the shop: turns go out as events and come back as frames, errands are asked and answered.
// What Gradio hands over: element, trigger, props, server, watch.

const PATIENCE = 120000; // for the next word of a turn: many may be waiting
const DOUBT = 3000; // then it is asked whether the shop is there at all
const SILENT = "The shop does not answer. Check the connection, then try again.";

const shell = element.querySelector("#aisle");
document.body.prepend(shell); // out of Gradio's layout, into the page's own

const find = (selector, root = shell) => root.querySelector(selector);
const all = (selector, root = shell) => Array.from(root.querySelectorAll(selector));

const turns = find(".turns");
const side = find(".side");
const planBox = find(".plan");
const shelfBox = find(".shelf");
const sheet = find(".sheet");
const question = find("#ask");

const now = { turn: 0, handle: "", query: "", last: null, watchdog: 0, opened: 0 };

const store = {
  read(name) {
    try { return JSON.parse(localStorage.getItem("aisle." + name)); } catch { return null; }
  },
  write(name, value) {
    try { localStorage.setItem("aisle." + name, JSON.stringify(value)); } catch { /* a private window */ }
  },
  keep(name, text) { // for this tab alone
    try { sessionStorage.setItem("aisle." + name, text); } catch { /* a private window */ }
  },
  kept(name) {
    try { return sessionStorage.getItem("aisle." + name) || ""; } catch { return ""; }
  },
};

const visitor = store.read("visitor") || Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
store.write("visitor", visitor);

function ask(content, told) {
  now.turn += 1;
  now.last = { content, told };
  const turn = { turn: now.turn, handle: now.handle, query: now.query, visitor, ...content };
  talking();
  const li = document.createElement("li");
  li.dataset.turn = now.turn;
  li.append(words(told || content.say, told ? "said by-hand" : "said"), waiting());
  all(".pending", turns).forEach((dots) => dots.remove());
  turns.append(li);
  busy(true);
  follow(li);
  trigger("submit", turn);
  store.keep("draft", content.say || "");
  awaitWord();
}

function awaitWord() {
  clearTimeout(now.watchdog);
  const until = Date.now() + PATIENCE;
  const doubt = async () => {
    const turn = now.turn;
    const there = await fetch("gradio_api/app_id", { cache: "no-store" }).then(() => true, () => false);
    if (turn !== now.turn || !now.watchdog) return;
    if (!there || Date.now() > until) failed(SILENT);
    else now.watchdog = setTimeout(doubt, DOUBT);
  };
  now.watchdog = setTimeout(doubt, DOUBT);
}

function heard() {
  clearTimeout(now.watchdog);
  now.watchdog = 0;
}

function talking() {
  shell.dataset.state = "talk";
  question.placeholder = "Refine, compare, ask";
}

function words(text, kind) {
  const p = document.createElement("p");
  p.className = kind;
  p.dir = "auto";
  p.textContent = text;
  return p;
}

function waiting() {
  const reply = document.createElement("div");
  reply.className = "reply";
  reply.innerHTML = '<p class="pending"><span class="dots" aria-hidden="true"><i></i><i></i><i></i></span><span>Looking</span></p>';
  return reply;
}

function show(frame) {
  const li = find(`[data-turn="${Number(frame.turn)}"]`, turns);
  if (li) {
    const box = find(".reply", li);
    const making = find("details.making", box);
    box.outerHTML = frame.reply;
    if (making && making.open) find("details.making", li)?.setAttribute("open", "");
  }
  if (frame.turn !== now.turn) return; // a later turn has begun
  if (frame.handle) remember(frame.handle);
  if (frame.query) now.query = frame.query;
  if (frame.plan !== undefined) put(planBox, frame.plan);
  if (frame.shelf !== undefined) {
    const first = side.dataset.turn !== String(frame.turn);
    side.dataset.turn = frame.turn;
    put(shelfBox, frame.shelf, !first || frame.turn > 1);
    if (first) side.scrollTo({ top: 0 });
    dress(side);
    total();
  }
  if (!frame.done) {
    awaitWord();
    if (frame.shelf !== undefined) busy(false);
    return;
  }
  heard();
  store.keep("draft", "");
  busy(false);
  if (frame.sheet !== undefined) openSheet(frame.sheet);
  all(".card.cited").forEach((card) => card.classList.remove("cited"));
  for (const id of frame.cites || []) find(`.card[data-key="${CSS.escape(id)}"]`, shelfBox)?.classList.add("cited");
  find("[data-announce]").textContent = frame.announce || "";
  if (li) follow(li);
}

function failed(problem) {
  const li = find(`[data-turn="${now.turn}"]`, turns);
  busy(false);
  heard();
  if (!li || !find(".pending", li)) return;
  const reply = find(".reply", li);
  reply.className = "reply failed";
  reply.replaceChildren(words(problem, "problem"));
  const again = document.createElement("button");
  again.type = "button";
  again.className = "quiet";
  again.dataset.do = "again";
  again.textContent = "Try again";
  reply.append(again);
  find("[data-announce]").textContent = problem;
}

async function errand(what, more = {}) {
  let answer;
  try {
    answer = await server.run_errand({ what, handle: now.handle, query: now.query, visitor, ...more });
  } catch {
    answer = { problem: SILENT };
  }
  if (answer.problem && what !== "event") toast(answer.problem);
  return answer;
}

function remember(handle) {
  if (handle === now.handle) return;
  now.handle = handle;
  history.replaceState(null, "", location.pathname + location.search + (handle ? "#c=" + handle : ""));
}

watch("value", () => { if (props.value) show(JSON.parse(props.value)); });
window.addEventListener("aisle:failed", () => failed("That did not work. Try again in a moment."));

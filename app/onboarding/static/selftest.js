// The self-test. It looks up a name that nobody else can answer, and asks how the question came.
"use strict";

const LOOKUP_MS = 5000;
const TRIES = 4;
const PAUSE_MS = 400;

const button = document.getElementById("test-button");
const result = document.getElementById("test-result");

document.getElementById("test-without").hidden = true;
button.hidden = false;
button.addEventListener("click", test);

async function test() {
  button.disabled = true;
  result.setAttribute("aria-busy", "true");
  show({ kind: "busy", title: "Asking…", todo: "", facts: [] });
  try {
    const check = await ask("/check/new");
    await lookUp(check);
    show(await verdict(check.nonce));
  } catch (error) {
    show({ kind: "failed", title: "The test could not be made.", todo: String(error.message || error), facts: [] });
  }
  result.removeAttribute("aria-busy");
  button.disabled = false;
  button.textContent = "Test again";
}

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store" });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  return body;
}

async function lookUp(check) {
  const port = location.port ? ":" + location.port : "";
  const options = { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(LOOKUP_MS) };
  try {
    await fetch("http://" + check.host + port + check.path, options);
  } catch (error) {
    // Only the question matters. Where it was not asked here, there is nobody to fetch from.
  }
}

async function verdict(nonce) {
  for (let left = TRIES; ; left -= 1) {
    const found = await ask("/check/" + nonce);
    if (found.kind !== "elsewhere" || left <= 1) return found;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

function show(found) {
  result.replaceChildren();
  result.className = "verdict " + found.kind;
  result.append(element("p", "verdict-title", found.title));
  if (found.todo) result.append(element("p", "verdict-todo", found.todo));
  if (found.facts.length) {
    const list = element("dl", "facts", "");
    for (const [label, value] of found.facts) list.append(element("dt", "", label), element("dd", "", value));
    result.append(list);
  }
}

function element(name, kind, text) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.textContent = text;
  return made;
}

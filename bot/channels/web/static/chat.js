// Asks without leaving the page. Without this file the form still sends one question and shows
// one answer. Everything shown is set as text, never as markup, and nothing is kept.
"use strict";

const log = document.getElementById("log");
const form = document.getElementById("ask");
const question = document.getElementById("question");
const place = document.getElementById("locality");
const icons = document.querySelector(".send use").getAttribute("href").split("#")[0];
let turns = 1;

const piece = (name) => document.getElementById(name).content.firstElementChild.cloneNode(true);

function say(words) {
  const turn = piece("citizen-turn");
  turn.querySelector("p").textContent = words;
  log.append(turn);
  return turn;
}

function mark(number) {
  const sup = piece("mark");
  const link = sup.firstElementChild;
  link.href = `#source-${turns}-${number}`;
  link.textContent = number;
  link.ariaLabel = link.ariaLabel.replace("{number}", number);
  return sup;
}

function line({ style, icon, label, pieces }) {
  const paragraph = piece("line");
  const [drawing, words] = paragraph.children;
  paragraph.className = style;
  if (/^[a-z]+$/.test(icon)) drawing.firstElementChild.setAttribute("href", `${icons}#${icon}`);
  else drawing.replaceWith(icon);
  if (label) {
    const bold = document.createElement("b");
    bold.textContent = `${label}:`;
    words.append(bold, " ");
  }
  words.append(...pieces.map((part) => (typeof part === "number" ? mark(part) : part)));
  return paragraph;
}

function source(words, index) {
  const item = document.createElement("li");
  item.id = `source-${turns}-${index + 1}`;
  item.tabIndex = -1;
  item.textContent = words;
  return item;
}

function file({ name, address }) {
  const link = piece("file");
  link.download = name;
  link.href = address;
  link.querySelector("span").textContent = name;
  return link;
}

function choice({ label, says }) {
  const button = piece("choice");
  button.value = says;
  button.textContent = label;
  return button;
}

function fill(box, children) {
  if (children.length) box.append(...children);
  else box.remove();
}

function answer(reply) {
  turns += 1;
  const turn = piece("desk-turn");
  const sources = turn.querySelector(".sources");
  turn.dataset.outcome = reply.outcome;
  turn.querySelector(".body").append(...reply.lines.map(line));
  turn.querySelector(".count").textContent = reply.sources.length;
  if (reply.sources.length) sources.querySelector("ol").append(...reply.sources.map(source));
  else sources.remove();
  fill(turn.querySelector(".files"), reply.files.map(file));
  fill(turn.querySelector(".choices"), reply.buttons.map(choice));
  return turn;
}

function failure(words, message) {
  const turn = piece("failure");
  turn.querySelector("button").addEventListener("click", () => {
    turn.remove();
    ask(words, message);
  });
  return turn;
}

// Old choices go: "1" or "what is the fee?" would now be about something else. Numbered ones stay
// as text, for what was chosen can be read only beside them.
function retireChoices() {
  for (const choices of log.querySelectorAll(".choices")) {
    const numbered = [...choices.children].filter((button) => /^\d+\. /.test(button.textContent));
    const body = choices.closest(".turn").querySelector(".body");
    body.append(...numbered.map((button) => plain(button.textContent)));
    choices.remove();
  }
}

function plain(words) {
  const paragraph = document.createElement("p");
  paragraph.textContent = words;
  return paragraph;
}

async function send(words, message) {
  const response = await fetch("/chat", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      text: words,
      message,
      locality: place.value,
      language: form.elements.language.value,
    }),
  });
  if (!response.headers.get("Content-Type")?.startsWith("application/json")) {
    throw new Error(response.status);
  }
  return response.json();
}

async function ask(words, message) {
  log.ariaBusy = "true";
  const waiting = log.appendChild(piece("waiting"));
  waiting.scrollIntoView({ block: "end" });
  let turn;
  try {
    const reply = await send(words, message);
    turn = answer(reply);
    place.value = reply.locality ?? place.value;
    form.elements.language.value = reply.language ?? form.elements.language.value;
    showPlace();
    carryChoices();
  } catch {
    turn = failure(words, message);
  }
  waiting.remove();
  log.append(turn);
  log.ariaBusy = "false";
  // From the keyboard or a screen reader the next Tab reaches the new answer's links.
  if (document.activeElement === document.body) turn.focus({ preventScroll: true });
  (turn.previousElementSibling ?? turn).scrollIntoView({ block: "start" });
}

function showPlace() {
  const today = place.selectedOptions[0]?.dataset.today;
  document.getElementById("today").textContent = today ?? "";
}

// A choice that no question has brought to the server yet stands in the page's address and in the
// links to its other languages: there it outlives a reload, and the browser keeps nothing.
function carryChoices() {
  const chosen = { language: form.elements.language.value, locality: place.value };
  history.replaceState(null, "", address(chosen));
  for (const link of document.querySelectorAll("nav a")) {
    link.href = address({ ...chosen, language: link.lang });
  }
}

function address(choices) {
  const made = Object.entries(choices).filter(([, value]) => value);
  return made.length ? `/?${new URLSearchParams(made)}` : "/";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (log.ariaBusy === "true") return;
  const pressed = event.submitter?.name === "says" ? event.submitter : null;
  const words = (pressed ? pressed.value : question.value).trim();
  if (!words) return;
  say(pressed ? pressed.textContent : words);
  if (!pressed) question.value = "";
  // A phone's keyboard would cover the answer.
  if (matchMedia("(pointer: coarse)").matches) question.blur();
  retireChoices();
  ask(words, crypto.randomUUID?.() ?? String(Math.random()).slice(2));
});

question.addEventListener("keydown", (event) => {
  // While an input method composes a Vietnamese letter, Enter belongs to it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

// A mark opens the folded sources and goes to its own.
log.addEventListener("click", (event) => {
  const link = event.target.closest("sup a");
  if (!link) return;
  event.preventDefault();
  const item = document.getElementById(link.hash.slice(1));
  item.closest("details").open = true;
  item.focus();
});

place.addEventListener("change", () => {
  showPlace();
  carryChoices();
});
showPlace();

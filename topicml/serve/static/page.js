"use strict";
// Documents and topics are inserted as text, never as markup.

const SHOWN = 50;
const byId = (id) => document.getElementById(id);
const percent = (share) => (share >= 0.095 ? `${Math.round(100 * share)}%` : share >= 0.0005 ? `${(100 * share).toFixed(1)}%` : "< 0.1%");
const count = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

function element(name, properties = {}, ...children) {
  const created = Object.assign(document.createElement(name), properties);
  created.append(...children);
  return created;
}

function bar(share) {
  const space = "http://www.w3.org/2000/svg";
  const drawn = document.createElementNS(space, "svg");
  for (const [name, value] of [["class", "bar"], ["viewBox", "0 0 100 8"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) {
    drawn.setAttribute(name, value);
  }
  for (const [kind, width] of [["track", 100], ["fill", 100 * share]]) {
    const part = document.createElementNS(space, "rect");
    part.setAttribute("class", kind);
    part.setAttribute("width", width.toFixed(2));
    part.setAttribute("height", 8);
    drawn.append(part);
  }
  return drawn;
}

async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Error("The server does not answer. Is topicml serve still running?");
  }
  const answer = await response.json().catch(() => ({ reason: `The server answered ${response.status}.` }));
  if (!response.ok) throw new Error(answer.reason);
  return answer;
}

// ---------------------------------------------------------------- classifying

function named(topic) {
  return `${topic.topic}: ${topic.label}`;
}

function shareRow(share) {
  const row = element("tr");
  const name = element("th", { scope: "row" }, element("a", { href: `/topic/${share.topic}`, textContent: named(share) }));
  const drawn = element("td", {}, bar(share.proportion));
  if (share.words.length) drawn.append(element("div", { className: "why", dir: "auto", textContent: share.words.join(" · ") }));
  row.append(name, drawn, element("td", { className: "number", textContent: percent(share.proportion) }));
  return row;
}

function documentItem(answer, number) {
  const inVocabulary = `${answer.n_known.toLocaleString("en")} of ${count(answer.n_words, "word", "words")} in the vocabulary`;
  const item = element("li", {},
    element("p", { className: "head" }, element("span", { textContent: `Document ${number + 1}` }), element("span", { className: "quiet", textContent: inVocabulary })),
    element("p", { className: "text", dir: "auto", textContent: answer.excerpt }));
  if (answer.note) item.append(element("p", { className: "problem", textContent: answer.note }));
  if (answer.leading.length) {
    const heads = ["Topic", "Words that drove it", "Proportion"].map((each) => element("th", { scope: "col", textContent: each }));
    item.append(element("table", { className: "found" },
      element("thead", { className: "unseen" }, element("tr", {}, ...heads)),
      element("tbody", {}, ...answer.leading.map(shareRow))));
  }
  if (answer.unknown.length) {
    item.append(element("p", { className: "quiet", dir: "auto", textContent: `Not in the vocabulary: ${answer.unknown.join(", ")}` }));
  }
  return item;
}

function summaryOf(documents) {
  const counts = new Map();
  for (const each of documents) if (each.topic !== null) counts.set(named(each.leading[0]), (counts.get(named(each.leading[0])) ?? 0) + 1);
  const first = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 3).map(([label, n]) => `${label} (${n})`);
  const shown = documents.length > SHOWN ? ` The first ${SHOWN} are shown; the saved file has all.` : "";
  return `${count(documents.length, "document", "documents")}.` + (documents.length > 1 && first.length ? ` Most frequent leading topics: ${first.join("; ")}.` : "") + shown;
}

let latest = null;

function show(answer) {
  latest = answer;
  byId("documents").replaceChildren(...answer.documents.slice(0, SHOWN).map(documentItem));
  byId("results-summary").textContent = summaryOf(answer.documents);
  const results = byId("results");
  results.hidden = false;
  results.focus({ preventScroll: true });
  results.scrollIntoView({ block: "nearest" });
}

async function classify(form, address, options) {
  const button = form.querySelector("button[type=submit]");
  byId("problem").textContent = "";
  byId("status").textContent = "Finding topics…";
  button.disabled = true;
  try {
    show(await ask(address, { method: "POST", ...options }));
    byId("status").textContent = "Done: the topics are below.";
  } catch (error) {
    byId("status").textContent = "";
    byId("problem").textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

function sendText(event) {
  event.preventDefault();
  const text = byId("text").value;
  const documents = byId("by-line").checked ? text.split(/\r?\n/).filter((line) => line.trim()) : text.trim() ? [text] : [];
  if (!documents.length) {
    byId("status").textContent = "";
    byId("problem").textContent = "There is no text yet. Paste some first.";
    byId("text").focus();
    return;
  }
  classify(event.target, "/transform", { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ documents }) });
}

function sendFile(event) {
  event.preventDefault();
  const file = byId("file").files[0];
  const most = Number(byId("results").dataset.maxBytes);
  if (file && file.size > most) {
    byId("problem").textContent = `The file has ${file.size.toLocaleString("en")} bytes; this server takes ${most.toLocaleString("en")}. Send it in parts.`;
    return;
  }
  classify(event.target, "/transform/file", { body: new FormData(event.target) });
}

function save() {
  const address = URL.createObjectURL(new Blob([JSON.stringify(latest, null, 1)], { type: "application/json" }));
  element("a", { href: address, download: "topics.json" }).click();
  URL.revokeObjectURL(address);
}

// ---------------------------------------------------------------- searching

let latestSearch = 0;

async function search() {
  const query = byId("search").value.trim();
  const number = ++latestSearch;
  let matches;
  try {
    matches = (await ask(`/topics?words=1&q=${encodeURIComponent(query)}`)).topics;
  } catch (error) {
    byId("topics-count").textContent = error.message;
    return;
  }
  if (number !== latestSearch) return; // a later search was answered first
  const list = byId("topic-list");
  const items = new Map([...list.children].map((item) => [Number(item.dataset.topic), item]));
  for (const item of items.values()) item.hidden = true;
  for (const { topic } of matches) {
    const item = items.get(topic);
    if (!item) { location.search = `q=${encodeURIComponent(query)}`; return; } // this page shows the results of a search only
    item.hidden = false;
    list.append(item);
  }
  byId("topics-count").textContent = count(matches.length, "topic", "topics") + (query ? ` for “${query}”` : "");
}

if (byId("text-form")) {
  byId("text-form").addEventListener("submit", sendText);
  byId("file-form").addEventListener("submit", sendFile);
  byId("save").addEventListener("click", save);
  byId("search-form").addEventListener("submit", (event) => { event.preventDefault(); search(); });
  let waiting;
  byId("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 150); });
}
for (const each of document.querySelectorAll(".server")) each.textContent = location.origin;

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
  const facts = answer.confidence === null ? inVocabulary : `${inVocabulary} · confidence ${percent(answer.confidence)}`;
  const item = element("li", {},
    element("p", { className: "head" }, element("span", { textContent: `Document ${number + 1}` }), element("span", { className: "quiet", textContent: facts })),
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

function show(answer, source) {
  latest = answer;
  byId("results-title").textContent = `Topics of ${source}`; // the results of an earlier text stay when a later one is refused
  byId("documents").replaceChildren(...answer.documents.slice(0, SHOWN).map(documentItem));
  byId("results-summary").textContent = summaryOf(answer.documents);
  const results = byId("results");
  results.hidden = false;
  results.focus({ preventScroll: true });
  results.scrollIntoView({ block: "nearest" });
}

async function classify(form, address, source, options) {
  const button = form.querySelector("button[type=submit]");
  byId("problem").textContent = "";
  byId("status").textContent = "Finding topics…";
  button.disabled = true;
  try {
    show(await ask(address, { method: "POST", ...options }), source);
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
  classify(event.target, "/transform", "your text", { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ documents }) });
}

function sendFile(event) {
  event.preventDefault();
  const file = byId("file").files[0];
  const most = Number(byId("results").dataset.maxBytes);
  if (file && file.size > most) {
    byId("status").textContent = "";
    byId("problem").textContent = `The file has ${file.size.toLocaleString("en")} bytes; this server takes ${most.toLocaleString("en")}. Send it in parts.`;
    return;
  }
  classify(event.target, "/transform/file", file ? file.name : "your file", { body: new FormData(event.target) });
}

function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  element("a", { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}

function cell(value) {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value; // a spreadsheet runs a cell that starts with one of these
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// A row for each document, with the columns of the labelled rows of `topicml transform`.
function rowsOf(documents) {
  const head = ["document", "text", "topic", "label", "confidence", "second_topic", "unknown_share", "note"];
  const rows = documents.map((each, i) => {
    const unclear = each.topic === null && each.leading.length > 0;
    const label = unclear ? "unclear" : each.leading[0]?.label ?? "";
    const unknown = each.n_words ? (each.n_words - each.n_known) / each.n_words : 0;
    return [i + 1, each.excerpt, each.topic ?? -1, label, each.confidence ?? "", each.leading[1]?.topic ?? -1, Number(unknown.toFixed(4)), each.note ?? ""];
  });
  return `\ufeff${[head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`; // the mark tells Excel that it is UTF-8
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
  byId("save-csv").addEventListener("click", () => save("topics.csv", "text/csv", rowsOf(latest.documents)));
  byId("save").addEventListener("click", () => save("topics.json", "application/json", JSON.stringify(latest, null, 1)));
  byId("search-form").addEventListener("submit", (event) => { event.preventDefault(); search(); });
  let waiting;
  byId("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 150); });
}
for (const each of document.querySelectorAll(".server")) each.textContent = location.origin;

"use strict";
(() => {
  const list = document.getElementById("list");
  const rows = [...list.tBodies[0].rows];
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const card = (row) => {
    const element = document.getElementById("topic-" + row.dataset.topic);
    return element === row ? null : element;
  };

  // Search: every part of the query must occur in the topic's row or among the words of its section.
  const box = document.querySelector(".search");
  const input = document.getElementById("search");
  const status = document.getElementById("found");
  const texts = new Map(rows.map((row) => {
    const section = card(row);
    const words = section ? [...section.querySelectorAll(".words:not(.classes) th, .frex, h3")] : [];
    return [row, folded(["topic " + row.dataset.topic, row.cells[1].textContent, ...words.map((w) => w.textContent)].join(" "))];
  }));
  const search = () => {
    const parts = folded(input.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = parts.every((part) =>
        /^\d+$/.test(part) ? row.dataset.topic === part || texts.get(row).split(/\s+/).includes(part)
          : texts.get(row).includes(part));
      row.hidden = !fits;
      const section = card(row);
      if (section) section.hidden = !fits;
      count += fits;
    }
    status.textContent = parts.length ? `${count} of ${rows.length} topics` : "";
    document.getElementById("nothing").hidden = count > 0;
  };
  box.hidden = false;
  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { input.value = ""; search(); }
  });
  // A link to a topic that the search hides shows all topics again.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.hidden) { input.value = ""; search(); target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);

  // Sorting: headings become buttons.
  for (const heading of list.tHead.rows[0].querySelectorAll("[data-sort]")) {
    const key = heading.dataset.sort === "number" ? "topic" : heading.dataset.sort;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const before = heading.getAttribute("aria-sort");
      const rising = before ? before === "descending" : key === "topic";
      for (const other of list.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
      const value = (row) => Number(row.dataset[key] ?? -Infinity);
      rows.sort((a, b) => (rising ? 1 : -1) * (value(a) - value(b)));
      list.tBodies[0].append(...rows);
    });
  }

  // Maps.
  for (const map of document.querySelectorAll("#topic-map, #document-map .names")) {
    map.addEventListener("click", (event) => {
      const mark = event.target.closest("[data-topic]");
      if (mark) location.hash = "topic-" + mark.dataset.topic;
    });
  }
  const choice = document.getElementById("document-topic");
  if (choice) {
    choice.closest(".tool").hidden = false;
    const drawn = document.querySelectorAll("#document-map [data-topic]");
    const names = document.querySelector("#document-map .names");
    choice.addEventListener("change", () => {
      for (const mark of drawn) {
        mark.classList.toggle("faint", choice.value !== "" && mark.dataset.topic !== choice.value);
      }
      const chosen = document.querySelector(`#document-map .cloud[data-topic="${choice.value}"]`);
      if (chosen) names.before(chosen);
    });
  }

  // Mark the current section in the contents.
  const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id).setAttribute("aria-current", "location");
    }
  }, { rootMargin: "-20% 0px -75% 0px" });
  for (const id of links.keys()) seen.observe(document.getElementById(id));
})();

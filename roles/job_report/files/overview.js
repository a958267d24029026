// Sorting and a filter for the tables of jobs. The page says all it has to say without this.
"use strict";
const order = new Intl.Collator("en", { numeric: true });
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, column) => row.cells[column].dataset.key ?? row.cells[column].textContent.trim();
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row, place) => [key(row, column), place, row]);
      const plain = rows.every(([text]) => text === "" || !Number.isNaN(Number(text)));
      rows.sort(([a, i], [b, j]) => {
        const unknown = (text) => text === "" || text === "–";
        if (unknown(a) || unknown(b)) return unknown(a) - unknown(b) || i - j; // what is not known stands last
        return (down ? -1 : 1) * (plain ? a - b : order.compare(a, b)) || i - j;
      });
      const sorted = document.createDocumentFragment();
      for (const [, , row] of rows) sorted.append(row);
      body.append(sorted);
    });
  });
  if (body.rows.length < 8) continue;
  const found = document.createElement("span");
  found.className = "muted";
  found.setAttribute("role", "status");
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = "Filter: name, server, result …";
  search.setAttribute("aria-label", "Filter this table");
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    found.textContent = words.length ? `${shown} of ${body.rows.length} ` : "";
  });
  const tools = document.createElement("p");
  tools.className = "tools";
  tools.append(search, found);
  table.closest(".scroll").before(tools);
}

// Sorting and a filter for the table of runs. The page says all it has to say without this.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, column) => row.cells[column].dataset.key ?? row.cells[column].textContent;
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
      rows.sort(([a, i], [b, j]) => {
        if (a === "" || b === "") return (a === "") - (b === "") || i - j; // what is not known stands last
        return (down ? -1 : 1) * a.localeCompare(b, "en", { numeric: true }) || i - j;
      });
      body.append(...rows.map(([, , row]) => row));
    });
  });
  const found = document.createElement("span");
  found.className = "muted";
  found.setAttribute("role", "status");
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = "Filter: name, server, result …";
  search.setAttribute("aria-label", "Filter the runs");
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
  const tools = document.createElement("span");
  tools.append(found, search);
  table.closest("section").querySelector("header").append(tools);
}

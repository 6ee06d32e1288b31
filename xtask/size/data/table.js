// Tables that are sorted by a click on a column's header.

/** The sort order of each table, by its name; kept when the table is rendered again. */
const sortOrders = new Map();
/** The names of tables that show all of their rows. */
const expandedTables = new Set();

/**
 * Creates a table. A column has a `title`, a function `value` from rows to sort keys, and optionally `isNumber`, a
 * function `render` for the content instead of the value, and a `hint`. The first column is the header of rows. Only
 * `rowLimit` rows are shown until the button for all of them is clicked.
 */
function table(name, caption, columns, rows, defaultOrder = { column: 1, descending: true }, rowLimit = 40) {
    const order = sortOrders.get(name) ?? defaultOrder;
    sortOrders.set(name, order);
    if (order.column >= columns.length) Object.assign(order, { column: 0, descending: false });
    const body = createElement("tbody");
    const more = createElement("button", { type: "button", class: "more", click: () => { expandedTables.add(name); renderRows(); } });
    const heads = columns.map((column, index) => createElement("th", { scope: "col", class: column.isNumber ? "number" : null },
        createElement("button", { type: "button", title: column.hint, click: () => changeOrder(index) }, column.title)));

    function changeOrder(index) {
        if (order.column === index) order.descending = !order.descending;
        else Object.assign(order, { column: index, descending: Boolean(columns[index].isNumber) });
        renderRows();
    }

    function renderRows() {
        const { value, isNumber } = columns[order.column];
        const ascending = (a, b) => (isNumber ? value(a) - value(b) : String(value(a)).localeCompare(String(value(b)), "en"));
        const known = row => value(row) !== null && value(row) !== undefined;
        // Rows without a value are last in both orders.
        const sorted = rows.toSorted((a, b) => known(b) - known(a) || (known(a) ? (order.descending ? ascending(b, a) : ascending(a, b)) : 0));
        heads.forEach((head, index) => {
            const isSorted = index === order.column;
            head.setAttribute("aria-sort", isSorted ? (order.descending ? "descending" : "ascending") : "none");
        });
        const shown = expandedTables.has(name) ? sorted : sorted.slice(0, rowLimit);
        body.replaceChildren(...shown.map(row => createElement("tr", {}, columns.map((column, index) => {
            const content = column.render ? column.render(row) : String(column.value(row) ?? "");
            return index ? createElement("td", { class: column.isNumber ? "number" : null }, content) : createElement("th", { scope: "row" }, content);
        }))));
        more.hidden = shown.length === sorted.length;
        more.textContent = `Show all ${sorted.length.toLocaleString("en")}`;
    }

    renderRows();
    return createElement("div", { class: "table-container", id: `table-${name}` },
        createElement("div", { class: "scroll" },
            createElement("table", {}, createElement("caption", { class: "visually-hidden" }, caption), createElement("thead", {}, createElement("tr", {}, heads)), body)),
        more);
}

function bytesColumn(title, value, hint) {
    const render = row => (Number.isFinite(value(row)) ? formatBytes(value(row)) : "–");
    return { title, value, hint, isNumber: true, render };
}

/** A column of differences: decreases are blue, increases orange. */
function changeColumn(title, value, hint) {
    const render = row => {
        const difference = value(row);
        if (difference === null || difference === undefined) return "–";
        return createElement("span", { class: difference > 0 ? "increase" : difference < 0 ? "decrease" : "unchanged" }, formatSignedBytes(difference));
    };
    return { title, value, hint, isNumber: true, render };
}

// Tables whose rows are ordered by a click on a column's head.

/** By which column each table is ordered, by its name; stays when it is drawn again. */
const orders = new Map();
/** The tables that show all of their rows. */
const opened = new Set();

/**
 * A table. A column has a `title`, the `value` of a row that it is ordered by, and maybe `number`,
 * what it `shows` instead of the value, and a `hint`. The first is the rows' head. So `few` rows are
 * shown until all are asked for.
 */
function table(name, caption, columns, rows, first = { column: 1, down: true }, few = 40) {
    const order = orders.get(name) ?? first;
    orders.set(name, order);
    if (order.column >= columns.length) Object.assign(order, { column: 0, down: false });
    const body = make("tbody");
    const more = make("button", { type: "button", class: "more", click: () => { opened.add(name); fill(); } });
    const heads = columns.map((column, place) => make("th", { scope: "col", class: column.number ? "number" : null },
        make("button", { type: "button", title: column.hint, click: () => turn(place) }, column.title)));

    function turn(place) {
        if (order.column === place) order.down = !order.down;
        else Object.assign(order, { column: place, down: Boolean(columns[place].number) });
        fill();
    }

    function fill() {
        const { value, number } = columns[order.column];
        const along = (a, b) => (number ? value(a) - value(b) : String(value(a)).localeCompare(String(value(b)), "en"));
        const known = row => value(row) !== null && value(row) !== undefined;
        // What has no value comes last, either way.
        const sorted = rows.toSorted((a, b) => known(b) - known(a) || (known(a) ? (order.down ? along(b, a) : along(a, b)) : 0));
        heads.forEach((head, place) => {
            const turned = place === order.column;
            head.setAttribute("aria-sort", turned ? (order.down ? "descending" : "ascending") : "none");
        });
        const shown = opened.has(name) ? sorted : sorted.slice(0, few);
        body.replaceChildren(...shown.map(row => make("tr", {}, columns.map((column, place) => {
            const content = column.shows ? column.shows(row) : String(column.value(row) ?? "");
            return place ? make("td", { class: column.number ? "number" : null }, content) : make("th", { scope: "row" }, content);
        }))));
        more.hidden = shown.length === sorted.length;
        more.textContent = `Show all ${sorted.length.toLocaleString("en")}`;
    }

    fill();
    return make("div", { class: "sheet", id: `table-${name}` },
        make("div", { class: "scroll" },
            make("table", {}, make("caption", { class: "unseen" }, caption), make("thead", {}, make("tr", {}, heads)), body)),
        more);
}

/** A column of bytes. */
function bytesColumn(title, value, hint) {
    const shows = row => (Number.isFinite(value(row)) ? size(value(row)) : "–");
    return { title, value, hint, number: true, shows };
}

/** A column of differences: blue what shrank, orange what grew. */
function changeColumn(title, value, hint) {
    const shows = row => {
        const by = value(row);
        if (by === null || by === undefined) return "–";
        return make("span", { class: by > 0 ? "grew" : by < 0 ? "shrank" : "same" }, signed(by));
    };
    return { title, value, hint, number: true, shows };
}

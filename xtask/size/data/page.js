// The page: its state is in the address, `#artefact=…&in=…&find=…`; what is shown follows from that.

const report = JSON.parse(at("data").textContent);
const now = report.report.artefacts.map(part => plant(part));
const earlier = (report.before?.report.artefacts ?? []).map(part => plant(part));
for (const root of now) {
    const before = earlier.find(other => other.name === root.name);
    if (before) compare(root, before);
}

const map = drawMap(at("stage"), { point, enter });
const dark = matchMedia("(prefers-color-scheme: dark)");

function at(id) {
    return document.getElementById(id);
}

/** What the address says. */
function state() {
    const said = new URLSearchParams(location.hash.slice(1));
    return {
        artefact: said.get("artefact") ?? now[0]?.name,
        path: said.getAll("in"),
        find: said.get("find") ?? "",
        view: said.get("view") ?? "now",
        colour: said.get("colour") ?? "group",
    };
}

/** The address of the same view but for some of it. */
function address(changes) {
    const { artefact, path, find, view, colour } = { ...state(), ...changes };
    const said = new URLSearchParams({ artefact });
    for (const name of path) said.append("in", name);
    if (find) said.set("find", find);
    if (view !== "now") said.set("view", view);
    if (colour !== "group") said.set("colour", colour);
    return `#${said}`;
}

function go(changes) {
    location.hash = address(changes);
}

/** What is shown: the artefact of the report that is chosen, and the part that was gone into. */
function place() {
    const { artefact, path, view } = state();
    const root = (view === "before" ? earlier : now).find(one => one.name === artefact)
        ?? now.find(one => one.name === artefact) ?? now[0];
    return { root, shown: follow(root, path) };
}

/** Goes into a part; of one without parts into the one that it is in, and points at it. */
function enter(node) {
    const whole = node.parts.length ? node : node.parent ?? node;
    if (whole === place().shown) {
        map.pick(node);
        say(node);
    } else {
        go({ path: pathOf(whole) });
    }
}

function back() {
    const { path } = state();
    if (path.length) go({ path: pathOf(place().shown).slice(0, -1) });
}

/** A link to a part. */
function link(node) {
    const whole = node.parts.length ? node : node.parent ?? node;
    const view = node.earlier ? "before" : "now";
    return make("a", { class: "long", href: address({ path: pathOf(whole), view: node.compared ? view : state().view }), title: node.name }, breakable(node.name));
}

function say(node) {
    const { root } = place();
    at("said").textContent = `${node.name}, ${size(node.bytes)}, ${percent(node.bytes / root.bytes)} of ${root.name}`;
}

/** Shows what there is to know of a part beside a spot on the screen. */
function point(node, spot, keys) {
    const tip = at("tip");
    tip.hidden = !node;
    if (!node) return;
    if (keys) say(node);
    const { root } = place();
    const by = change(node);
    const facts = [
        ["share", `${percent(node.bytes / root.bytes)} of ${root.name}`],
        node.parent && node.parent !== root && ["and", `${percent(node.bytes / node.parent.bytes)} of ${short(node.parent.name)}`],
        node.kind && ["kind", node.kind],
        node.parts.length > 0 && ["parts", node.parts.length.toLocaleString("en")],
        Number.isFinite(node.packed) && ["packed", size(node.packed)],
        Number.isFinite(node.linked) && ["linked", size(node.linked)],
        by !== null && ["change", node.other ? `${signed(by)} ${relative(by, formerly(node))}` : node.earlier ? "gone" : "new"],
    ].filter(Boolean);
    tip.replaceChildren(
        make("p", { class: "way" }, lineage(node).slice(0, -1).map(one => short(one.name)).join(" › ")),
        make("p", { class: "name" }, node.name),
        make("p", { class: "bytes" }, size(node.bytes), make("span", {}, ` ${node.bytes.toLocaleString("en")} bytes`)),
        make("dl", {}, facts.map(([what, value]) => make("div", {}, make("dt", {}, what), make("dd", {}, value)))));
    const { offsetWidth: wide, offsetHeight: high } = tip;
    const [x, y] = spot;
    const left = x + 14 + wide > innerWidth - 8 ? x - 14 - wide : x + 14;
    const top = y + 14 + high > innerHeight - 8 ? y - 14 - high : y + 14;
    tip.style.left = `${Math.max(8, Math.min(left, innerWidth - wide - 8))}px`;
    tip.style.top = `${Math.max(8, Math.min(top, innerHeight - high - 8))}px`;
}

/** The artefacts to choose from, each with its size, and by how much it changed. */
function cards(chosen) {
    at("artefacts").replaceChildren(...now.map(root => {
        const by = change(root);
        const budget = (report.budgets ?? []).filter(one => one.artefact === root.name)
            .sort((a, b) => b.bytes / b.most - a.bytes / a.most)[0];
        return make("a", { href: address({ artefact: root.name, path: [] }), "aria-current": root.name === chosen && "true" },
            make("span", { class: "name" }, root.name),
            make("b", {}, size(root.bytes)),
            make("span", { class: "more" },
                Number.isFinite(root.packed) && make("span", {}, `${size(root.packed)} packed`),
                by !== null && make("span", { class: by > 0 ? "grew" : by < 0 ? "shrank" : "same" }, signed(by))),
            budget && make("span", { class: "unseen" }, `${percent(budget.bytes / budget.most)} of its budget`),
            budget && bar(budget.bytes / budget.most, budget.bytes > budget.most ? "bad" : ""));
    }));
}

function crumbs(shown) {
    const places = lineage(shown);
    const items = places.map((node, depth) => make("li", {}, depth === places.length - 1
        ? make("span", { "aria-current": "page", title: node.name }, depth ? short(node.name) : node.name)
        : make("a", { href: address({ path: pathOf(node) }), title: node.name }, depth ? short(node.name) : node.name)));
    at("path").replaceChildren(make("ol", {}, items));
}

/** The line above the map: how large what is shown is, and compared with what. */
function headline(root, shown) {
    const by = change(shown);
    const label = report.before?.label;
    const when = shown.earlier ? `In ${label}: ` : "";
    at("headline").replaceChildren(when, make("b", {}, size(shown.bytes)),
        Number.isFinite(shown.packed) ? `, ${size(shown.packed)} packed` : "",
        shown === root ? "" : `, ${percent(shown.bytes / root.bytes)} of ${root.name}`,
        ...by === null ? [] : ["; since ", shown.earlier ? "then" : label, " ",
            make("span", { class: by > 0 ? "grew" : by < 0 ? "shrank" : "same" }, signed(by)), by && formerly(shown) ? ` (${relative(by, formerly(shown))})` : ""]);
}

function switches({ view, colour }, compared) {
    const choice = (name, label, options, chosen) => make("div", { class: "switch", role: "group", "aria-label": label },
        options.map(([value, text]) => make("button", {
            type: "button", "aria-pressed": String(value === chosen), "data-value": value, click: () => {
                go({ [name]: value });
                at("switches").querySelector(`[data-value=${value}]`)?.focus();
            },
        }, text)));
    at("switches").replaceChildren(
        ...compared ? [choice("view", "Which report", [["before", "Before"], ["now", "Now"]], view)] : [],
        choice("colour", "Colours", [["group", "Group"], ["kind", "Kind"], ...compared ? [["change", "Change"]] : []], colour));
}

function legend({ entries }) {
    at("legend").replaceChildren(make("ul", {}, entries.map(({ name, bytes, colour, node }) => {
        const swatch = make("span", { class: "swatch" });
        swatch.style.background = css(colour);
        return make("li", {}, swatch, node ? link(node) : make("span", {}, name), bytes && make("span", { class: "dim" }, size(bytes)));
    })));
}

/** The parts of what is shown, as a table. */
function partsTable(shown) {
    const rows = shown.parts.length ? shown.parts : [shown];
    const any = field => rows.some(row => Number.isFinite(row[field]));
    const kinds = new Map(rows.map(row => {
        const [kind, bytes] = [...kindsOf(row)].sort((a, b) => b[1] - a[1])[0] ?? ["", 0];
        return [row, row.parts.length && bytes < row.bytes ? `${kind} ${percent(bytes / row.bytes)}` : kind];
    }));
    const columns = [
        { title: "Part", value: row => row.name, shows: row => (row.parts.length ? link(row) : make("span", { class: "long", title: row.name }, breakable(row.name))) },
        bytesColumn("Bytes", row => row.bytes),
        { title: "Share", value: row => row.bytes / shown.bytes, number: true, shows: row => barred(row.bytes / shown.bytes, percent(row.bytes / shown.bytes)) },
        ...any("packed") ? [bytesColumn("Packed", row => row.packed)] : [],
        ...any("linked") ? [bytesColumn("Linked", row => row.linked, "How much of it is in bootstrap")] : [],
        ...shown.compared ? [changeColumn("Change", row => change(row))] : [],
        { title: "Kind", value: row => kinds.get(row), hint: "The kind of most of its bytes" },
    ];
    at("parts").replaceChildren(
        make("h2", {}, `Parts of ${short(shown.name)}`),
        make("p", { class: "note" }, `${counted(rows.length, "part", "parts")}, ${size(shown.bytes)}`),
        table("parts", `Parts of ${shown.name}`, columns, rows, { column: 1, down: true }, 25));
}

/** The parts of each artefact that changed, once they were shown. */
const differences = new Map();

/** What grew and shrank most, by full path. */
function changesTable(root) {
    const current = now.find(one => one.name === root.name);
    const before = earlier.find(one => one.name === root.name);
    at("changes").hidden = !before;
    if (!before) return;
    if (!differences.has(current)) differences.set(current, changed(current, before));
    const rows = differences.get(current);
    const grew = rows.reduce((sum, row) => sum + Math.max(0, change(row)), 0);
    const shrank = rows.reduce((sum, row) => sum + Math.min(0, change(row)), 0);
    const columns = [
        {
            title: "Part", value: row => pathOf(row).join("/"), shows: row => [
                make("span", { class: "way" }, pathOf(row).slice(0, -1).map(short).join(" › ")), link(row)],
        },
        { title: "Change", value: row => Math.abs(change(row)), number: true, hint: "Ordered by how much, whichever way", shows: row => changeColumn("", change).shows(row) },
        { title: "Of it", value: row => (formerly(row) ? change(row) / formerly(row) : Infinity), number: true, hint: "Ordered with its sign: new first, gone last", shows: row => (row.other ? relative(change(row), formerly(row)) : row.earlier ? "gone" : "new") },
        bytesColumn("Before", row => (row.earlier ? row.bytes : row.other?.bytes ?? 0)),
        bytesColumn("Now", row => (row.earlier ? 0 : row.bytes)),
    ];
    at("changes").replaceChildren(
        make("h2", {}, "What changed"),
        make("p", { class: "note" }, `${root.name} since ${report.before.label}: ${counted(rows.length, "part", "parts")}, `,
            make("span", { class: "grew" }, signed(grew)), " and ", make("span", { class: "shrank" }, signed(shrank)), "."),
        table("changes", "Parts that grew or shrank", columns, rows, { column: 1, down: true }, 8));
}

/** How many parts match, and which. */
function matches(result, root, text) {
    const aside = at("matches");
    aside.hidden = !result;
    if (!result) return aside.replaceChildren();
    const { found, bytes } = result;
    const list = found.slice(0, 100).map(node => make("li", {},
        make("a", { href: link(node).getAttribute("href"), title: node.name },
            make("span", { class: "name" }, ...emphasised(node.name, text)), make("span", { class: "number" }, size(node.bytes)),
            make("span", { class: "way" }, lineage(node).slice(1, -1).map(one => short(one.name)).join(" › ")))));
    aside.replaceChildren(
        make("p", { id: "count", role: "status" }, make("b", {}, counted(found.length, "match", "matches")),
            found.length ? `, ${size(bytes)}, ${percent(bytes / root.bytes)}` : " in this artefact"),
        make("ol", {}, list),
        found.length > list.length && make("p", { class: "note" }, `and ${(found.length - list.length).toLocaleString("en")} smaller ones`));
}

/** Shows what the address says. */
function show() {
    const said = state();
    const { root, shown } = place();
    const result = said.find ? search(root, said.find) : null;
    const tones = theme();
    const mode = root.compared || said.colour !== "change" ? said.colour : "group";
    const colours = colouring(mode, root, shown, tones);
    const focused = document.activeElement;
    cards(root.name);
    crumbs(shown);
    headline(root, shown);
    switches({ view: root.earlier ? "before" : "now", colour: mode }, root.compared);
    legend(colours);
    matches(result, root, said.find);
    partsTable(shown);
    changesTable(root);
    if (at("find").value !== said.find) at("find").value = said.find;
    point(null);
    map.show({ root: shown, tones, colours, marks: result?.marks ?? null });
    at("map").setAttribute("aria-label", `Map of ${shown.name}, ${size(shown.bytes)}, ${counted(shown.parts.length, "part", "parts")}`);
    document.title = `${lineage(shown).map(one => short(one.name)).reverse().join(" in ")}, ${size(shown.bytes)}`;
    // What had the focus was drawn anew.
    if (focused && !focused.isConnected) at("map").focus({ preventScroll: true });
}

function about() {
    const { architecture, revision } = report.report;
    const compared = report.before ? `compared with ${report.before.label}` : "";
    at("about").textContent = [architecture, revision && `revision ${revision}`, compared].filter(Boolean).join(" · ");
}

let typed = 0;
at("find").addEventListener("input", () => {
    // Not a step to go back to for each letter.
    window.history.replaceState(null, "", address({ find: at("find").value }));
    cancelAnimationFrame(typed);
    typed = requestAnimationFrame(show);
});
document.addEventListener("keydown", event => {
    const typing = event.target === at("find");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        at("find").focus();
        event.preventDefault();
    } else if (event.key === "Escape" && !(typing && at("find").value)) {
        back();
    }
});
addEventListener("hashchange", show);
dark.addEventListener("change", show);
about();
at("sections").append(
    pair([budgets(report.budgets), ablation(report.ablation)], [history(report.history)]),
    ...[peers(report.peers), baseline(report.baseline, now.find(root => root.name === "bootstrap"))].filter(Boolean));
show();

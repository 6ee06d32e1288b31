// The page. Its state is the URL's fragment, `#artefact=…&in=…&find=…`.

const sizeDocument = JSON.parse(byId("data").textContent);
const currentArtefacts = sizeDocument.report.artefacts.map(part => buildTree(part));
const previousArtefacts = (sizeDocument.previous_report?.report.artefacts ?? []).map(part => buildTree(part));
for (const root of currentArtefacts) {
    const previous = previousArtefacts.find(other => other.name === root.name);
    if (previous) linkTrees(root, previous);
}

const treemap = createTreemap(byId("map-container"), { hover: showTooltip, open: openPart });
const darkScheme = matchMedia("(prefers-color-scheme: dark)");

function byId(id) {
    return document.getElementById(id);
}

/** The state in the URL's fragment. */
function viewState() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    return {
        artefact: parameters.get("artefact") ?? currentArtefacts[0]?.name,
        path: parameters.getAll("in"),
        find: parameters.get("find") ?? "",
        view: parameters.get("view") ?? "now",
        colour: parameters.get("colour") ?? "group",
    };
}

/** The URL of the current view with `changes`. */
function viewAddress(changes) {
    const { artefact, path, find, view, colour } = { ...viewState(), ...changes };
    const parameters = new URLSearchParams({ artefact });
    for (const name of path) parameters.append("in", name);
    if (find) parameters.set("find", find);
    if (view !== "now") parameters.set("view", view);
    if (colour !== "group") parameters.set("colour", colour);
    return `#${parameters}`;
}

function navigate(changes) {
    location.hash = viewAddress(changes);
}

/** The artefact in the selected report, and the part of it that is shown. */
function selection() {
    const { artefact, path, view } = viewState();
    const root = (view === "before" ? previousArtefacts : currentArtefacts).find(one => one.name === artefact)
        ?? currentArtefacts.find(one => one.name === artefact) ?? currentArtefacts[0];
    return { root, shown: findByPath(root, path) };
}

/** Shows a part; for a leaf, shows its parent, or selects the leaf if the parent is shown already. */
function openPart(node) {
    const target = node.parts.length ? node : node.parent ?? node;
    if (target === selection().shown) {
        treemap.select(node);
        announce(node);
    } else {
        navigate({ path: pathNames(target) });
    }
}

function openParent() {
    const { path } = viewState();
    if (path.length) navigate({ path: pathNames(selection().shown).slice(0, -1) });
}

function partLink(node) {
    const target = node.parts.length ? node : node.parent ?? node;
    const view = node.isPrevious ? "before" : "now";
    return createElement("a", { class: "long-name", href: viewAddress({ path: pathNames(target), view: node.hasComparison ? view : viewState().view }), title: node.name }, withLineBreaks(node.name));
}

function announce(node) {
    const { root } = selection();
    byId("announcement").textContent = `${node.name}, ${formatBytes(node.bytes)}, ${formatPercent(node.bytes / root.bytes)} of ${root.name}`;
}

/** Shows the details of a part next to a position in the window; hides them if there is no part. */
function showTooltip(node, position, byKeyboard) {
    const tooltip = byId("tooltip");
    tooltip.hidden = !node;
    if (!node) return;
    if (byKeyboard) announce(node);
    const { root } = selection();
    const difference = byteChange(node);
    const properties = [
        ["share", `${formatPercent(node.bytes / root.bytes)} of ${root.name}`],
        node.parent && node.parent !== root && ["and", `${formatPercent(node.bytes / node.parent.bytes)} of ${shortName(node.parent.name)}`],
        node.kind && ["kind", node.kind],
        node.parts.length > 0 && ["parts", node.parts.length.toLocaleString("en")],
        Number.isFinite(node.compressedBytes) && ["compressed", formatBytes(node.compressedBytes)],
        Number.isFinite(node.linkedBytes) && ["linked", formatBytes(node.linkedBytes)],
        difference !== null && ["change", node.counterpart ? `${formatSignedBytes(difference)} ${formatRelativeChange(difference, previousBytes(node))}` : node.isPrevious ? "gone" : "new"],
    ].filter(Boolean);
    tooltip.replaceChildren(
        createElement("p", { class: "part-path" }, pathNodes(node).slice(0, -1).map(one => shortName(one.name)).join(" › ")),
        createElement("p", { class: "name" }, node.name),
        createElement("p", { class: "bytes" }, formatBytes(node.bytes), createElement("span", {}, ` ${node.bytes.toLocaleString("en")} bytes`)),
        createElement("dl", {}, properties.map(([label, value]) => createElement("div", {}, createElement("dt", {}, label), createElement("dd", {}, value)))));
    const { offsetWidth: tooltipWidth, offsetHeight: tooltipHeight } = tooltip;
    const [x, y] = position;
    const left = x + 14 + tooltipWidth > innerWidth - 8 ? x - 14 - tooltipWidth : x + 14;
    const top = y + 14 + tooltipHeight > innerHeight - 8 ? y - 14 - tooltipHeight : y + 14;
    tooltip.style.left = `${Math.max(8, Math.min(left, innerWidth - tooltipWidth - 8))}px`;
    tooltip.style.top = `${Math.max(8, Math.min(top, innerHeight - tooltipHeight - 8))}px`;
}

/** Links to the artefacts, each with its size, its change and its budget. */
function renderArtefacts(selectedName) {
    byId("artefacts").replaceChildren(...currentArtefacts.map(root => {
        const difference = byteChange(root);
        const budget = (sizeDocument.budgets ?? []).filter(one => one.artefact === root.name)
            .sort((a, b) => b.bytes / b.limit_bytes - a.bytes / a.limit_bytes)[0];
        return createElement("a", { href: viewAddress({ artefact: root.name, path: [] }), "aria-current": root.name === selectedName && "true" },
            createElement("span", { class: "name" }, root.name),
            createElement("b", {}, formatBytes(root.bytes)),
            createElement("span", { class: "more" },
                Number.isFinite(root.compressedBytes) && createElement("span", {}, `${formatBytes(root.compressedBytes)} compressed`),
                difference !== null && createElement("span", { class: difference > 0 ? "increase" : difference < 0 ? "decrease" : "unchanged" }, formatSignedBytes(difference))),
            budget && createElement("span", { class: "visually-hidden" }, `${formatPercent(budget.bytes / budget.limit_bytes)} of its budget`),
            budget && bar(budget.bytes / budget.limit_bytes, budget.bytes > budget.limit_bytes ? "over-limit" : ""));
    }));
}

function renderBreadcrumbs(shown) {
    const nodes = pathNodes(shown);
    const items = nodes.map((node, depth) => createElement("li", {}, depth === nodes.length - 1
        ? createElement("span", { "aria-current": "page", title: node.name }, depth ? shortName(node.name) : node.name)
        : createElement("a", { href: viewAddress({ path: pathNames(node) }), title: node.name }, depth ? shortName(node.name) : node.name)));
    byId("breadcrumbs").replaceChildren(createElement("ol", {}, items));
}

/** The line above the map: the size of the part that is shown, and its change. */
function renderHeadline(root, shown) {
    const difference = byteChange(shown);
    const label = sizeDocument.previous_report?.label;
    const when = shown.isPrevious ? `In ${label}: ` : "";
    byId("headline").replaceChildren(when, createElement("b", {}, formatBytes(shown.bytes)),
        Number.isFinite(shown.compressedBytes) ? `, ${formatBytes(shown.compressedBytes)} compressed` : "",
        shown === root ? "" : `, ${formatPercent(shown.bytes / root.bytes)} of ${root.name}`,
        ...difference === null ? [] : ["; since ", shown.isPrevious ? "then" : label, " ",
            createElement("span", { class: difference > 0 ? "increase" : difference < 0 ? "decrease" : "unchanged" }, formatSignedBytes(difference)), difference && previousBytes(shown) ? ` (${formatRelativeChange(difference, previousBytes(shown))})` : ""]);
}

function renderSwitches({ view, colour }, hasComparison) {
    const choice = (name, label, options, selectedValue) => createElement("div", { class: "toggle", role: "group", "aria-label": label },
        options.map(([value, text]) => createElement("button", {
            type: "button", "aria-pressed": String(value === selectedValue), "data-value": value, click: () => {
                navigate({ [name]: value });
                byId("switches").querySelector(`[data-value=${value}]`)?.focus();
            },
        }, text)));
    byId("switches").replaceChildren(
        ...hasComparison ? [choice("view", "Which report", [["before", "Before"], ["now", "Now"]], view)] : [],
        choice("colour", "Colours", [["group", "Group"], ["kind", "Kind"], ...hasComparison ? [["change", "Change"]] : []], colour));
}

function renderLegend({ entries }) {
    byId("legend").replaceChildren(createElement("ul", {}, entries.map(({ name, bytes, colour, node }) => {
        const swatch = createElement("span", { class: "swatch" });
        swatch.style.background = cssColour(colour);
        return createElement("li", {}, swatch, node ? partLink(node) : createElement("span", {}, name), bytes && createElement("span", { class: "muted" }, formatBytes(bytes)));
    })));
}

/** A table of the parts of the shown part. */
function renderPartsTable(shown) {
    const rows = shown.parts.length ? shown.parts : [shown];
    const hasValues = field => rows.some(row => Number.isFinite(row[field]));
    const kinds = new Map(rows.map(row => {
        const [kind, bytes] = [...bytesByKind(row)].sort((a, b) => b[1] - a[1])[0] ?? ["", 0];
        return [row, row.parts.length && bytes < row.bytes ? `${kind} ${formatPercent(bytes / row.bytes)}` : kind];
    }));
    const columns = [
        { title: "Part", value: row => row.name, render: row => (row.parts.length ? partLink(row) : createElement("span", { class: "long-name", title: row.name }, withLineBreaks(row.name))) },
        bytesColumn("Bytes", row => row.bytes),
        { title: "Share", value: row => row.bytes / shown.bytes, isNumber: true, render: row => barWithLabel(row.bytes / shown.bytes, formatPercent(row.bytes / shown.bytes)) },
        ...hasValues("compressedBytes") ? [bytesColumn("Compressed", row => row.compressedBytes)] : [],
        ...hasValues("linkedBytes") ? [bytesColumn("Linked", row => row.linkedBytes, "The bytes of it in bootstrap")] : [],
        ...shown.hasComparison ? [changeColumn("Change", row => byteChange(row))] : [],
        { title: "Kind", value: row => kinds.get(row), hint: "Of most of its bytes" },
    ];
    byId("parts").replaceChildren(
        createElement("h2", {}, `Parts of ${shortName(shown.name)}`),
        createElement("p", { class: "note" }, `${formatCount(rows.length, "part", "parts")}, ${formatBytes(shown.bytes)}`),
        table("parts", `Parts of ${shown.name}`, columns, rows, { column: 1, descending: true }, 25));
}

/** A cache of the changed parts of each artefact. */
const changedParts = new Map();

/** A table of the changed parts, by full path. */
function renderChangesTable(root) {
    const current = currentArtefacts.find(one => one.name === root.name);
    const previous = previousArtefacts.find(one => one.name === root.name);
    byId("changes").hidden = !previous;
    if (!previous) return;
    if (!changedParts.has(current)) changedParts.set(current, changedLeaves(current, previous));
    const rows = changedParts.get(current);
    const increase = rows.reduce((sum, row) => sum + Math.max(0, byteChange(row)), 0);
    const decrease = rows.reduce((sum, row) => sum + Math.min(0, byteChange(row)), 0);
    const columns = [
        {
            title: "Part", value: row => pathNames(row).join("/"), render: row => [
                createElement("span", { class: "part-path" }, pathNames(row).slice(0, -1).map(shortName).join(" › ")), partLink(row)],
        },
        { title: "Change", value: row => Math.abs(byteChange(row)), isNumber: true, hint: "Sorted by the absolute value", render: row => changeColumn("", byteChange).render(row) },
        { title: "Relative", value: row => (previousBytes(row) ? byteChange(row) / previousBytes(row) : Infinity), isNumber: true, hint: "Sorted with its sign: new first, gone last", render: row => (row.counterpart ? formatRelativeChange(byteChange(row), previousBytes(row)) : row.isPrevious ? "gone" : "new") },
        bytesColumn("Before", row => (row.isPrevious ? row.bytes : row.counterpart?.bytes ?? 0)),
        bytesColumn("Now", row => (row.isPrevious ? 0 : row.bytes)),
    ];
    byId("changes").replaceChildren(
        createElement("h2", {}, "What changed"),
        createElement("p", { class: "note" }, `${root.name} since ${sizeDocument.previous_report.label}: ${formatCount(rows.length, "part", "parts")}, `,
            createElement("span", { class: "increase" }, formatSignedBytes(increase)), " and ", createElement("span", { class: "decrease" }, formatSignedBytes(decrease)), "."),
        table("changes", "Parts that grew or shrank", columns, rows, { column: 1, descending: true }, 8));
}

/** The number of parts that match the search, and the largest ones. */
function renderMatches(result, root, text) {
    const aside = byId("matches");
    aside.hidden = !result;
    if (!result) return aside.replaceChildren();
    const { found, bytes } = result;
    const list = found.slice(0, 100).map(node => createElement("li", {},
        createElement("a", { href: partLink(node).getAttribute("href"), title: node.name },
            createElement("span", { class: "name" }, ...highlightMatch(node.name, text)), createElement("span", { class: "number" }, formatBytes(node.bytes)),
            createElement("span", { class: "part-path" }, pathNodes(node).slice(1, -1).map(one => shortName(one.name)).join(" › ")))));
    aside.replaceChildren(
        createElement("p", { id: "match-count", role: "status" }, createElement("b", {}, formatCount(found.length, "match", "matches")),
            found.length ? `, ${formatBytes(bytes)}, ${formatPercent(bytes / root.bytes)}` : " in this artefact"),
        createElement("ol", {}, list),
        found.length > list.length && createElement("p", { class: "note" }, `and ${(found.length - list.length).toLocaleString("en")} smaller ones`));
}

/** Renders the state in the URL's fragment. */
function render() {
    const state = viewState();
    const { root, shown } = selection();
    const result = state.find ? searchTree(root, state.find) : null;
    const theme = currentTheme();
    const mode = root.hasComparison || state.colour !== "change" ? state.colour : "group";
    const colours = colourScheme(mode, root, shown, theme);
    const focused = document.activeElement;
    renderArtefacts(root.name);
    renderBreadcrumbs(shown);
    renderHeadline(root, shown);
    renderSwitches({ view: root.isPrevious ? "before" : "now", colour: mode }, root.hasComparison);
    renderLegend(colours);
    renderMatches(result, root, state.find);
    renderPartsTable(shown);
    renderChangesTable(root);
    if (byId("search").value !== state.find) byId("search").value = state.find;
    showTooltip(null);
    treemap.show({ root: shown, theme, colours, highlights: result?.highlights ?? null });
    byId("map").setAttribute("aria-label", `Map of ${shown.name}, ${formatBytes(shown.bytes)}, ${formatCount(shown.parts.length, "part", "parts")}`);
    document.title = `${pathNodes(shown).map(one => shortName(one.name)).reverse().join(" in ")}, ${formatBytes(shown.bytes)}`;
    // The focused element was replaced.
    if (focused && !focused.isConnected) byId("map").focus({ preventScroll: true });
}

function renderAbout() {
    const { architecture, revision } = sizeDocument.report;
    const compared = sizeDocument.previous_report ? `compared with ${sizeDocument.previous_report.label}` : "";
    byId("about").textContent = [architecture, revision && `revision ${revision}`, compared].filter(Boolean).join(" · ");
}

let pendingFrame = 0;
byId("search").addEventListener("input", () => {
    // Typing does not add entries to the browser's history.
    window.history.replaceState(null, "", viewAddress({ find: byId("search").value }));
    cancelAnimationFrame(pendingFrame);
    pendingFrame = requestAnimationFrame(render);
});
document.addEventListener("keydown", event => {
    const typing = event.target === byId("search");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        byId("search").focus();
        event.preventDefault();
    } else if (event.key === "Escape" && !(typing && byId("search").value)) {
        openParent();
    }
});
addEventListener("hashchange", render);
darkScheme.addEventListener("change", render);
renderAbout();
byId("sections").append(
    twoColumns([budgetsSection(sizeDocument.budgets), ablationSection(sizeDocument.ablation)], [historySection(sizeDocument.history)]),
    ...[competitorsSection(sizeDocument.competitors), baselineSection(sizeDocument.baseline, currentArtefacts.find(root => root.name === "bootstrap"))].filter(Boolean));
render();

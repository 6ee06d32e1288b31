// Formats numbers and names, and creates elements.

const MINUS = "\u2212";

/** Formats in decimal units: `640 B`, `12.3 kB`, `4.56 MB`. */
function formatBytes(bytes) {
    if (bytes < 0) return MINUS + formatBytes(-bytes);
    if (bytes < 1e3) return `${bytes} B`;
    if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
    return `${(bytes / 1e6).toFixed(2)} MB`;
}

function formatSignedBytes(bytes) {
    if (!bytes) return "same";
    return (bytes > 0 ? "+" : "") + formatBytes(bytes);
}

function formatPercent(ratio) {
    const hundredths = ratio * 100;
    if (!Number.isFinite(hundredths)) return "–";
    if (hundredths > 0 && hundredths < 0.1) return "<0.1%";
    return `${hundredths.toFixed(hundredths < 99.95 ? 1 : 0)}%`;
}

/** The change in percent of `before`, with its sign; empty if either is 0. */
function formatRelativeChange(change, before) {
    if (!change || !before) return "";
    return (change > 0 ? "+" : MINUS) + formatPercent(Math.abs(change) / before);
}

function formatRatio(ratio) {
    return `${ratio.toFixed(ratio < 10 ? 1 : 0)}×`;
}

function formatDuration(seconds) {
    if (seconds < 10) return `${seconds.toFixed(1)} s`;
    return seconds < 120 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`;
}

function formatCount(count, singular, plural) {
    return `${count.toLocaleString("en")} ${count === 1 ? singular : plural}`;
}

/** A short form of a function's name or a path: without arguments, only the last `segments`. */
function shortName(name, segments = 2) {
    if (!name.includes("::") && !name.includes("(")) return /\s/.test(name) ? name : name.slice(name.lastIndexOf("/") + 1);
    let depth = 0, bare = "";
    const withoutArrows = name.replaceAll("->", "  ");
    for (let i = 0; i < name.length; i++) {
        const inside = depth > 0;
        if ("<([".includes(withoutArrows[i])) depth++;
        else if (">)]".includes(withoutArrows[i])) depth--;
        else if (!inside) bare += name[i];
    }
    const all = bare.trim().split("::").filter(segment => segment && !/^(__|\{)/.test(segment));
    return all.slice(-segments).join("::") || name;
}

/** Creates an element. Functions in `attributes` are added as event listeners; null and false are omitted. */
function createElement(tag, attributes = {}, ...content) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function") element.addEventListener(name, value);
        else if (value === true) element.setAttribute(name, "");
        else if (value !== null && value !== false && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...content.flat().filter(one => one !== null && one !== undefined && one !== false));
    return element;
}

/** The name with line break opportunities after separators. */
function withLineBreaks(name) {
    return name.split(/(?<=::|[(<,/_])(?!:)/).flatMap((segment, index) => (index ? [createElement("wbr"), segment] : [segment]));
}

/** A bar and a label of fixed width, so that bars in a column are aligned. */
function barWithLabel(ratio, text) {
    return [bar(ratio), createElement("span", { class: "bar-label" }, text)];
}

/** A bar that fills `ratio` of its track, limited to 0 to 1. */
function bar(ratio, kind = "") {
    const fill = createElement("span", { class: "fill" });
    fill.style.width = `${Math.max(0, Math.min(1, ratio)) * 100}%`;
    return createElement("span", { class: `bar ${kind}`, "aria-hidden": "true" }, fill);
}

/** The name with the first match of `text` marked; the beginning of a long name is cut. */
function highlightMatch(name, text) {
    const start = name.toLowerCase().indexOf(text.toLowerCase());
    if (start < 0) return [name];
    const end = start + text.length;
    const cut = start > 60 ? start - 30 : 0;
    return [(cut ? "…" : "") + name.slice(cut, start), createElement("mark", {}, name.slice(start, end)), name.slice(end)];
}

// Numbers and names as people read them, and elements that hold them.

const MINUS = "\u2212";

/** `640 B`, `12.3 kB`, `4.56 MB`: thousands, not 1024s. */
function size(bytes) {
    if (bytes < 0) return MINUS + size(-bytes);
    if (bytes < 1e3) return `${bytes} B`;
    if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
    return `${(bytes / 1e6).toFixed(2)} MB`;
}

/** A difference of bytes, with its sign. */
function signed(bytes) {
    if (!bytes) return "same";
    return (bytes > 0 ? "+" : "") + size(bytes);
}

function percent(share) {
    const hundredths = share * 100;
    if (!Number.isFinite(hundredths)) return "–";
    if (hundredths > 0 && hundredths < 0.1) return "<0.1%";
    return `${hundredths.toFixed(hundredths < 99.95 ? 1 : 0)}%`;
}

/** By how much of what was before it changed, with the sign. */
function relative(change, before) {
    if (!change || !before) return "";
    return (change > 0 ? "+" : MINUS) + percent(Math.abs(change) / before);
}

function times(ratio) {
    return `${ratio.toFixed(ratio < 10 ? 1 : 0)}×`;
}

function duration(seconds) {
    if (seconds < 10) return `${seconds.toFixed(1)} s`;
    return seconds < 120 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`;
}

function counted(number, one, many) {
    return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** What of a function's name or a path fits where the whole does not: no arguments, the last `places`. */
function short(name, places = 2) {
    if (!name.includes("::") && !name.includes("(")) return /\s/.test(name) ? name : name.slice(name.lastIndexOf("/") + 1);
    let depth = 0, bare = "";
    const lone = name.replaceAll("->", "  ");
    for (let i = 0; i < name.length; i++) {
        const inside = depth > 0;
        if ("<([".includes(lone[i])) depth++;
        else if (">)]".includes(lone[i])) depth--;
        else if (!inside) bare += name[i];
    }
    const all = bare.trim().split("::").filter(place => place && !/^(__|\{)/.test(place));
    return all.slice(-places).join("::") || name;
}

/** An element. Attributes that are functions listen; those that are null or false are left out. */
function make(tag, attributes = {}, ...content) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function") element.addEventListener(name, value);
        else if (value === true) element.setAttribute(name, "");
        else if (value !== null && value !== false && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...content.flat().filter(one => one !== null && one !== undefined && one !== false));
    return element;
}

/** A name that may be broken where a reader would. */
function breakable(name) {
    return name.split(/(?<=::|[(<,/_])(?!:)/).flatMap((piece, place) => (place ? [make("wbr"), piece] : [piece]));
}

/** A figure after its bar, so wide that the bars below one another begin at the same place. */
function barred(share, text) {
    return [bar(share), make("span", { class: "figure" }, text)];
}

/** A bar that is so much of its track, 0 to 1. */
function bar(share, kind = "") {
    const fill = make("span", { class: "fill" });
    fill.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
    return make("span", { class: `bar ${kind}`, "aria-hidden": "true" }, fill);
}

/** A name with the text that was looked for marked in it; long names begin shortly before it. */
function emphasised(name, text) {
    const start = name.toLowerCase().indexOf(text.toLowerCase());
    if (start < 0) return [name];
    const end = start + text.length;
    const cut = start > 60 ? start - 30 : 0;
    return [(cut ? "…" : "") + name.slice(cut, start), make("mark", {}, name.slice(start, end)), name.slice(end)];
}

// Artefacts as trees of parts that know what they are in, what they were before, and which match a text.

/** What sorts of bytes there are, as a report names them. */
const KINDS = ["code", "constants", "data", "unwind", "relocations", "linking", "padding", "file"];

/** A part and all in it. `key` is the same for the same part of another report. */
function plant(part, parent = null) {
    const { name, bytes, kind, linked, packed } = part;
    const key = parent ? `${parent.key}\0${name}` : name;
    const node = { name, bytes, kind, linked, packed, parent, key, lower: name.toLowerCase(), other: null, parts: [] };
    node.parts = (part.parts ?? []).map(inner => plant(inner, node));
    return node;
}

/** Each part of a tree, a whole before what is in it. */
function* each(node) {
    yield node;
    for (const part of node.parts) yield* each(part);
}

/** Tells the parts of both trees what they are in the other one. */
function compare(now, before) {
    const earlier = new Map();
    for (const node of each(before)) {
        node.earlier = node.compared = true;
        earlier.set(node.key, node);
    }
    for (const node of each(now)) {
        node.compared = true;
        node.other = earlier.get(node.key) ?? null;
        if (node.other) node.other.other = node;
    }
}

/** By how many bytes a part grew since the earlier report; null where there is none. */
function change(node) {
    if (!node.compared) return null;
    const other = node.other?.bytes ?? 0;
    return node.earlier ? other - node.bytes : node.bytes - other;
}

/** How many bytes it had in the earlier report. */
function formerly(node) {
    return (node.earlier ? node : node.other)?.bytes ?? 0;
}

/** The parts that a part is in, from the artefact down to itself. */
function lineage(node) {
    const places = [];
    for (let place = node; place; place = place.parent) places.unshift(place);
    return places;
}

/** The names from the artefact down to a part, without the artefact's. */
function pathOf(node) {
    return lineage(node).slice(1).map(place => place.name);
}

/** The part at a path, or the last one on the way to it that is there. */
function follow(root, path) {
    let place = root;
    for (const name of path) {
        const next = place.parts.find(part => part.name === name);
        if (!next) break;
        place = next;
    }
    return place;
}

/** The parts that colours tell apart: those of the artefact, or of its only part. */
function groupsOf(root) {
    let whole = root;
    while (whole.parts.length === 1 && whole.parts[0].parts.length) whole = whole.parts[0];
    return whole.parts;
}

/** The bytes of each kind in a part. */
function kindsOf(node) {
    const kinds = new Map();
    for (const { parts, kind, bytes } of each(node)) {
        if (!parts.length && kind) kinds.set(kind, (kinds.get(kind) ?? 0) + bytes);
    }
    return kinds;
}

/**
 * The parts whose names have a text in them, the largest first, and their bytes; what is in a part that
 * matches counts once. `marks` has each part that matches, is in one that does, or has one in it.
 */
function search(root, text) {
    const wanted = text.toLowerCase();
    const marks = new Map(), found = [];
    let bytes = 0;
    const visit = (node, inside) => {
        const hit = node.parent !== null && node.lower.includes(wanted);
        if (hit) found.push(node);
        if (hit && !inside) bytes += node.bytes;
        let any = hit;
        for (const part of node.parts) any = visit(part, inside || hit) || any;
        if (hit || inside) marks.set(node, "match");
        else if (any) marks.set(node, "around");
        return any;
    };
    visit(root, false);
    found.sort((a, b) => b.bytes - a.bytes);
    return { found, bytes, marks };
}

/** The parts without parts that grew or shrank, of either report. */
function changed(now, before) {
    const leaves = root => [...each(root)].filter(node => !node.parts.length);
    const gone = leaves(before).filter(node => !node.other);
    return [...leaves(now), ...gone].filter(node => change(node));
}

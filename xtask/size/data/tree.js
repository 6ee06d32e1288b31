// Artefacts as trees of parts that know what they are in, what they were before, and which match a text.

/** What sorts of bytes there are, as a report names them. */
const KINDS = ["code", "constants", "data", "unwind", "relocations", "linking", "padding", "file"];

/** A part and all in it. `key` is the same for the same part of another report. */
function buildTree(part, parent = null) {
    const { name, bytes, kind, linked_bytes: linkedBytes, compressed_bytes: compressedBytes } = part;
    const key = parent ? `${parent.key}\0${name}` : name;
    const node = { name, bytes, kind, linkedBytes, compressedBytes, parent, key, lowerName: name.toLowerCase(), counterpart: null, parts: [] };
    node.parts = (part.parts ?? []).map(inner => buildTree(inner, node));
    return node;
}

/** Each part of a tree, a whole before what is in it. */
function* walk(node) {
    yield node;
    for (const part of node.parts) yield* walk(part);
}

/** Tells the parts of both trees what they are in the other one. */
function linkTrees(current, previous) {
    const previousNodes = new Map();
    for (const node of walk(previous)) {
        node.isPrevious = node.hasComparison = true;
        previousNodes.set(node.key, node);
    }
    for (const node of walk(current)) {
        node.hasComparison = true;
        node.counterpart = previousNodes.get(node.key) ?? null;
        if (node.counterpart) node.counterpart.counterpart = node;
    }
}

/** By how many bytes a part grew since the earlier report; null where there is none. */
function byteChange(node) {
    if (!node.hasComparison) return null;
    const otherBytes = node.counterpart?.bytes ?? 0;
    return node.isPrevious ? otherBytes - node.bytes : node.bytes - otherBytes;
}

/** How many bytes it had in the earlier report. */
function previousBytes(node) {
    return (node.isPrevious ? node : node.counterpart)?.bytes ?? 0;
}

/** The parts that a part is in, from the artefact down to itself. */
function pathNodes(node) {
    const nodes = [];
    for (let ancestor = node; ancestor; ancestor = ancestor.parent) nodes.unshift(ancestor);
    return nodes;
}

/** The names from the artefact down to a part, without the artefact's. */
function pathNames(node) {
    return pathNodes(node).slice(1).map(ancestor => ancestor.name);
}

/** The part at a path, or the last one on the way to it that is there. */
function findByPath(root, path) {
    let node = root;
    for (const name of path) {
        const next = node.parts.find(part => part.name === name);
        if (!next) break;
        node = next;
    }
    return node;
}

/** The parts that colours tell apart: those of the artefact, or of its only part. */
function mainGroups(root) {
    let node = root;
    while (node.parts.length === 1 && node.parts[0].parts.length) node = node.parts[0];
    return node.parts;
}

/** The bytes of each kind in a part. */
function bytesByKind(node) {
    const kinds = new Map();
    for (const { parts, kind, bytes } of walk(node)) {
        if (!parts.length && kind) kinds.set(kind, (kinds.get(kind) ?? 0) + bytes);
    }
    return kinds;
}

/**
 * The parts whose names have a text in them, the largest first, and their bytes; what is in a part that
 * matches counts once. `highlights` has each part that matches, is in one that does, or has one in it.
 */
function searchTree(root, text) {
    const lowerText = text.toLowerCase();
    const highlights = new Map(), found = [];
    let bytes = 0;
    const visit = (node, inside) => {
        const hit = node.parent !== null && node.lowerName.includes(lowerText);
        if (hit) found.push(node);
        if (hit && !inside) bytes += node.bytes;
        let hasMatch = hit;
        for (const part of node.parts) hasMatch = visit(part, inside || hit) || hasMatch;
        if (hit || inside) highlights.set(node, "match");
        else if (hasMatch) highlights.set(node, "ancestor");
        return hasMatch;
    };
    visit(root, false);
    found.sort((a, b) => b.bytes - a.bytes);
    return { found, bytes, highlights };
}

/** The parts without parts that grew or shrank, of either report. */
function changedLeaves(current, previous) {
    const leaves = root => [...walk(root)].filter(node => !node.parts.length);
    const removed = leaves(previous).filter(node => !node.counterpart);
    return [...leaves(current), ...removed].filter(node => byteChange(node));
}

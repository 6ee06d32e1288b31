// Artefacts as trees of parts with links to their parents and to the same parts in the other report; search in them.

/** The values of `kind` in a report. */
const KINDS = ["code", "constants", "data", "unwind", "relocations", "linking", "padding", "file"];

/** The tree of a part. The same part of another report has the same `key`. */
function buildTree(part, parent = null) {
    const { name, bytes, kind, linked_bytes: linkedBytes, compressed_bytes: compressedBytes } = part;
    const key = parent ? `${parent.key}\0${name}` : name;
    const node = { name, bytes, kind, linkedBytes, compressedBytes, parent, key, lowerName: name.toLowerCase(), counterpart: null, parts: [] };
    node.parts = (part.parts ?? []).map(inner => buildTree(inner, node));
    return node;
}

/** Iterates over a tree, each part before its own parts. */
function* walk(node) {
    yield node;
    for (const part of node.parts) yield* walk(part);
}

/** Links the parts of both trees to their counterparts. */
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

/** A part's change in bytes since the previous report; null without a previous report. */
function byteChange(node) {
    if (!node.hasComparison) return null;
    const otherBytes = node.counterpart?.bytes ?? 0;
    return node.isPrevious ? otherBytes - node.bytes : node.bytes - otherBytes;
}

/** A part's bytes in the previous report, 0 if it was not there. */
function previousBytes(node) {
    return (node.isPrevious ? node : node.counterpart)?.bytes ?? 0;
}

/** The part and its ancestors, from the artefact down. */
function pathNodes(node) {
    const nodes = [];
    for (let ancestor = node; ancestor; ancestor = ancestor.parent) nodes.unshift(ancestor);
    return nodes;
}

/** The names of the part and its ancestors from the artefact down, without the artefact's. */
function pathNames(node) {
    return pathNodes(node).slice(1).map(ancestor => ancestor.name);
}

/** The part at a path, or its deepest ancestor that exists. */
function findByPath(root, path) {
    let node = root;
    for (const name of path) {
        const next = node.parts.find(part => part.name === name);
        if (!next) break;
        node = next;
    }
    return node;
}

/** The parts that have different colours: those of the artefact, or of its only part. */
function mainGroups(root) {
    let node = root;
    while (node.parts.length === 1 && node.parts[0].parts.length) node = node.parts[0];
    return node.parts;
}

function bytesByKind(node) {
    const kinds = new Map();
    for (const { parts, kind, bytes } of walk(node)) {
        if (!parts.length && kind) kinds.set(kind, (kinds.get(kind) ?? 0) + bytes);
    }
    return kinds;
}

/**
 * The parts whose names contain a text, the largest first, and the sum of their bytes, without counting parts of
 * matches twice. `highlights` maps matches and their parts to "match", and ancestors of matches to "ancestor".
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

/** The leaves of either report whose size changed. */
function changedLeaves(current, previous) {
    const leaves = root => [...walk(root)].filter(node => !node.parts.length);
    const removed = leaves(previous).filter(node => !node.counterpart);
    return [...leaves(current), ...removed].filter(node => byteChange(node));
}

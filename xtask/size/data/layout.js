// Where each part goes on the map: rectangles as square as they can be, each with its parts in it.

/** What is smaller is not drawn. */
const LEAST = 2;
/** The height of the strip with a whole's name, and from what size on it has one. */
const HEAD = 18, HEAD_WIDTH = 46, HEAD_HEIGHT = 36;
/** The margin around the parts of a whole that has a strip. */
const MARGIN = 2;

/** The cells of all parts of `root` that can be seen, a whole before what is in it. */
function layOut(root, width, height) {
    const cells = [];
    const fill = (whole, depth, x, y, w, h) => squares(whole.parts, x, y, w, h, (node, index, x, y, w, h) => {
        if (w < LEAST || h < LEAST) return;
        const head = node.parts.length > 0 && w >= HEAD_WIDTH && h >= HEAD_HEIGHT;
        cells.push({ node, depth, index, x, y, w, h, head });
        if (head) fill(node, depth + 1, x + MARGIN, y + HEAD, w - 2 * MARGIN, h - HEAD - MARGIN);
        else if (node.parts.length) fill(node, depth + 1, x, y, w, h);
    });
    if (root.parts.length) fill(root, 1, 0, 0, width, height);
    else cells.push({ node: root, depth: 1, index: 0, x: 0, y: 0, w: width, h: height, head: false });
    return cells;
}

/**
 * Fills a rectangle with parts, the largest first: rows along its shorter side, each taking parts as long
 * as that makes its longest rectangle less long.
 */
function squares(parts, x, y, w, h, place) {
    const total = parts.reduce((sum, part) => sum + part.bytes, 0);
    if (!total) return;
    const scale = w * h / total;
    let start = 0;
    while (start < parts.length && parts[start].bytes && w > 0 && h > 0) {
        const side = Math.min(w, h);
        const largest = parts[start].bytes * scale;
        let area = 0, worst = Infinity, end = start;
        while (end < parts.length && parts[end].bytes) {
            const one = parts[end].bytes * scale;
            const square = ((area + one) / side) ** 2;
            const next = Math.max(largest / square, square / one);
            if (next > worst) break;
            worst = next;
            area += one;
            end++;
        }
        const thick = area / side;
        const upright = w >= h;
        let along = upright ? y : x;
        for (let index = start; index < end; index++) {
            const long = parts[index].bytes * scale / thick;
            if (upright) place(parts[index], index, x, along, thick, long);
            else place(parts[index], index, along, y, long, thick);
            along += long;
        }
        if (upright) [x, w] = [x + thick, w - thick];
        else [y, h] = [y + thick, h - thick];
        start = end;
    }
}

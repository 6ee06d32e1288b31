// The treemap's layout: nested rectangles that are as square as possible.

/** Smaller cells are not drawn. */
const MIN_CELL_SIZE = 2;
/** The height of a header with a cell's name, and the minimum size of a cell with a header. */
const HEADER_HEIGHT = 18, MIN_HEADER_WIDTH = 46, MIN_HEADER_CELL_HEIGHT = 36;
/** The margin around the parts of a cell with a header. */
const MARGIN = 2;

/** The cells of all visible parts of `root`, each before its own parts. */
function layoutTreemap(root, width, height) {
    const cells = [];
    const fill = (parent, depth, x, y, w, h) => squarify(parent.parts, x, y, w, h, (node, index, x, y, w, h) => {
        if (w < MIN_CELL_SIZE || h < MIN_CELL_SIZE) return;
        const hasHeader = node.parts.length > 0 && w >= MIN_HEADER_WIDTH && h >= MIN_HEADER_CELL_HEIGHT;
        cells.push({ node, depth, index, x, y, w, h, hasHeader });
        if (hasHeader) fill(node, depth + 1, x + MARGIN, y + HEADER_HEIGHT, w - 2 * MARGIN, h - HEADER_HEIGHT - MARGIN);
        else if (node.parts.length) fill(node, depth + 1, x, y, w, h);
    });
    if (root.parts.length) fill(root, 1, 0, 0, width, height);
    else cells.push({ node: root, depth: 1, index: 0, x: 0, y: 0, w: width, h: height, hasHeader: false });
    return cells;
}

/**
 * Fills a rectangle with parts, the largest first: adds parts to a row along the shorter side as long as that improves
 * the row's worst aspect ratio.
 */
function squarify(parts, x, y, w, h, addRectangle) {
    const total = parts.reduce((sum, part) => sum + part.bytes, 0);
    if (!total) return;
    const scale = w * h / total;
    let start = 0;
    while (start < parts.length && parts[start].bytes && w > 0 && h > 0) {
        const side = Math.min(w, h);
        const largest = parts[start].bytes * scale;
        let area = 0, worst = Infinity, end = start;
        while (end < parts.length && parts[end].bytes) {
            const areaOfPart = parts[end].bytes * scale;
            const square = ((area + areaOfPart) / side) ** 2;
            const next = Math.max(largest / square, square / areaOfPart);
            if (next > worst) break;
            worst = next;
            area += areaOfPart;
            end++;
        }
        const thickness = area / side;
        const isVertical = w >= h;
        let offset = isVertical ? y : x;
        for (let index = start; index < end; index++) {
            const length = parts[index].bytes * scale / thickness;
            if (isVertical) addRectangle(parts[index], index, x, offset, thickness, length);
            else addRectangle(parts[index], index, offset, y, length, thickness);
            offset += length;
        }
        if (isVertical) [x, w] = [x + thickness, w - thickness];
        else [y, h] = [y + thickness, h - thickness];
        start = end;
    }
}

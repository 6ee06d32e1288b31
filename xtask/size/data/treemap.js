// The treemap on its canvas: drawing, animation, and control by mouse, touch and keyboard.

const ANIMATION_MILLISECONDS = 280;
const FONT = "system-ui, sans-serif";

/** Creates the treemap in `container`. `callbacks` has `hover(node, position, byKeyboard)` and `open(node)`. */
function createTreemap(container, callbacks) {
    const [canvas, overlay] = container.querySelectorAll("canvas");
    const context = canvas.getContext("2d"), overlayContext = overlay.getContext("2d");
    let view = null, cells = [], selected = null, animationFrame = 0;

    /** Lays out the cells for the container's size; with `move`, animates the transition from the previous cells. */
    function layout(move) {
        const { clientWidth: width, clientHeight: height } = container;
        const ratio = devicePixelRatio || 1;
        for (const layer of [canvas, overlay]) {
            layer.width = Math.round(width * ratio);
            layer.height = Math.round(height * ratio);
        }
        for (const layer of [context, overlayContext]) layer.setTransform(ratio, 0, 0, ratio, 0, 0);
        const previousCells = move ? new Map(cells.map(cell => [cell.node.key, cell])) : null;
        const root = move?.root;
        cells = layoutTreemap(view.root, width, height);
        cancelAnimationFrame(animationFrame);
        select(null);
        if (!move || matchMedia("(prefers-reduced-motion: reduce)").matches) return draw(1);
        setStartPositions(previousCells, root, width, height);
        const start = performance.now();
        const step = time => {
            const progress = Math.min(1, Math.max(0, time - start) / ANIMATION_MILLISECONDS);
            draw(1 - (1 - progress) ** 3);
            if (progress < 1) animationFrame = requestAnimationFrame(step);
        };
        draw(0);
        animationFrame = requestAnimationFrame(step);
    }

    /** Sets the start of each cell's animation: its previous rectangle, or the one it would have had in that view. */
    function setStartPositions(previousCells, root, width, height) {
        const fullArea = { x: 0, y: 0, w: width, h: height };
        const there = previousCells.get(view.root.key);
        const here = cells.find(cell => cell.node.key === root.key);
        const [from, to] = there ? [there, fullArea] : here ? [fullArea, here] : [fullArea, fullArea];
        const scaleX = from.w / to.w, scaleY = from.h / to.h;
        for (const cell of cells) {
            const { x, y, w, h } = previousCells.get(cell.node.key) ?? {
                x: from.x + (cell.x - to.x) * scaleX, y: from.y + (cell.y - to.y) * scaleY,
                w: cell.w * scaleX, h: cell.h * scaleY,
            };
            cell.from = { x, y, w, h };
        }
    }

    function draw(progress) {
        const { clientWidth: width, clientHeight: height } = container;
        const { background } = view.theme;
        context.fillStyle = cssColour(background);
        context.fillRect(0, 0, width, height);
        const between = (from, to) => from + (to - from) * progress;
        for (const cell of cells) {
            const { from } = cell;
            const rectangle = progress < 1 && from
                ? { x: between(from.x, cell.x), y: between(from.y, cell.y), w: between(from.w, cell.w), h: between(from.h, cell.h) }
                : cell;
            const left = Math.round(rectangle.x), top = Math.round(rectangle.y);
            // Leaves a line of the background between neighbours.
            const cellWidth = Math.round(rectangle.x + rectangle.w) - left, cellHeight = Math.round(rectangle.y + rectangle.h) - top;
            const w = cellWidth > 1 ? cellWidth - 1 : cellWidth, h = cellHeight > 1 ? cellHeight - 1 : cellHeight;
            if (w < 1 || h < 1 || left > width || top > height || left + w < 0 || top + h < 0) continue;
            const colour = cellColour(cell);
            context.fillStyle = cssColour(colour);
            context.fillRect(left, top, w, h);
            if (progress === 1 || cell.hasHeader) drawLabel(cell, colour, left, top, w, h);
        }
    }

    /** The colour of a cell: headers are paler than leaves, and neighbours differ slightly. */
    function cellColour({ node, index, hasHeader }) {
        const { theme, colours, highlights } = view;
        let colour = colours.colourOf(node);
        if (hasHeader) colour = mixColours(colour, theme.dark ? BLACK : WHITE, theme.dark ? 0.4 : 0.5);
        else colour = mixColours(colour, theme.dark ? BLACK : WHITE, (index * 3 % 5) * 0.045);
        if (highlights && highlights.get(node) !== "match") {
            const amount = highlights.has(node) ? 0.7 : 0.86;
            colour = mixColours(mixColours(colour, textColourOn(theme.background) === BLACK ? [200, 204, 210] : [60, 66, 74], 0.6), theme.background, amount);
        }
        return colour;
    }

    /** Draws a cell's name, and its size if there is enough space. */
    function drawLabel({ node, hasHeader, depth }, colour, x, y, w, h) {
        if (!hasHeader && node.parts.length) return;
        if (w < 30 || h < 13) return;
        const isFaint = view.highlights && !view.highlights.has(node);
        const textColour = textColourOn(colour);
        context.fillStyle = cssColour(isFaint ? mixColours(textColour, colour, 0.45) : textColour);
        context.textBaseline = "middle";
        if (hasHeader) {
            context.font = `600 ${depth > 1 ? 11 : 12}px ${FONT}`;
            const text = fitText(context, node.name, w - 10);
            context.fillText(text, x + 5, y + HEADER_HEIGHT / 2 + 1);
            const left = w - 18 - context.measureText(text).width;
            context.font = `${depth > 1 ? 11 : 12}px ${FONT}`;
            const bytes = formatBytes(node.bytes), bytesWidth = context.measureText(bytes).width;
            if (text === node.name && bytesWidth <= left) context.fillText(bytes, x + w - 5 - bytesWidth, y + HEADER_HEIGHT / 2 + 1);
            return;
        }
        const fontSize = Math.round(Math.max(11, Math.min(17, Math.sqrt(w * h) / 9)));
        context.font = `${fontSize}px ${FONT}`;
        const text = fitText(context, node.name, w - 8);
        if (!text) return;
        const lineHeight = fontSize * 1.3;
        const hasSecondLine = h >= 2 * lineHeight + 6;
        context.fillText(text, x + 4, hasSecondLine ? y + 4 + lineHeight / 2 : y + Math.min(h / 2, 4 + lineHeight / 2));
        if (!hasSecondLine) return;
        context.font = `${fontSize - 1}px ${FONT}`;
        const bytes = formatBytes(node.bytes);
        if (context.measureText(bytes).width <= w - 8) context.fillText(bytes, x + 4, y + 4 + lineHeight * 1.5);
    }

    /** The innermost cell at a point. */
    function cellAt(x, y) {
        return cells.findLast(cell => x >= cell.x && x < cell.x + cell.w && y >= cell.y && y < cell.y + cell.h) ?? null;
    }

    /** The ancestor of a cell, or the cell itself, that is directly in the view's root. */
    function outerCell(cell) {
        let node = cell.node;
        while (node.parent && node.parent !== view.root) node = node.parent;
        return cells.find(other => other.node === node) ?? cell;
    }

    /** The part that a click on a cell opens: that of the header at `y`, or the part directly in the view's root. */
    function clickTarget(cell, y) {
        return cell.hasHeader && y < cell.y + HEADER_HEIGHT ? cell.node : outerCell(cell).node;
    }

    function select(cell) {
        selected = cell;
        overlayContext.clearRect(0, 0, container.clientWidth, container.clientHeight);
        if (!cell) return;
        const textColour = cssColour(textColourOn(view.theme.background));
        const drawFrame = ({ x, y, w, h }, line) => {
            overlayContext.lineWidth = line + 2;
            overlayContext.strokeStyle = cssColour(view.theme.background);
            overlayContext.strokeRect(x + 1, y + 1, w - 3, h - 3);
            overlayContext.lineWidth = line;
            overlayContext.strokeStyle = textColour;
            overlayContext.strokeRect(x + 1, y + 1, w - 3, h - 3);
        };
        const surrounding = outerCell(cell);
        if (surrounding !== cell) drawFrame(surrounding, 1);
        drawFrame(cell, 2);
    }

    function pointerPosition(event) {
        const { left, top } = canvas.getBoundingClientRect();
        return [event.clientX - left, event.clientY - top];
    }

    function onPointerMove(event) {
        const cell = cellAt(...pointerPosition(event));
        if (cell !== selected) select(cell);
        callbacks.hover(cell?.node ?? null, [event.clientX, event.clientY]);
    }

    function onPointerLeave() {
        select(null);
        callbacks.hover(null);
    }

    /** Selects the nearest part in a direction. */
    function selectNeighbour(horizontal, vertical) {
        const outerCells = cells.filter(cell => cell.depth === 1);
        const from = selected ? outerCell(selected) : null;
        const middle = ({ x, y, w, h }) => [x + w / 2, y + h / 2];
        const distance = cell => {
            const [x, y] = middle(from).map((coordinate, axis) => middle(cell)[axis] - coordinate);
            const forward = x * horizontal + y * vertical;
            return forward > 0.5 ? forward + 2 * Math.abs(x * vertical + y * horizontal) : Infinity;
        };
        const next = from ? outerCells.filter(cell => distance(cell) < Infinity).sort((a, b) => distance(a) - distance(b))[0] : outerCells[0];
        if (!next) return;
        select(next);
        const { left, top } = canvas.getBoundingClientRect();
        callbacks.hover(next.node, [left + next.x + next.w / 2, top + next.y + next.h / 2], true);
    }

    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    canvas.addEventListener("pointermove", onPointerMove);
    canvas.addEventListener("pointerdown", onPointerMove);
    canvas.addEventListener("pointerleave", onPointerLeave);
    canvas.addEventListener("pointercancel", onPointerLeave);
    canvas.addEventListener("blur", onPointerLeave);
    canvas.addEventListener("click", event => {
        const [x, y] = pointerPosition(event);
        const cell = cellAt(x, y);
        if (cell) callbacks.open(clickTarget(cell, y));
    });
    canvas.addEventListener("keydown", event => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (arrows[event.key]) selectNeighbour(...arrows[event.key]);
        else if (event.key === "Enter" && selected) callbacks.open(outerCell(selected).node);
        else return;
        event.preventDefault();
    });
    new ResizeObserver(() => view && layout(null)).observe(container);

    return {
        /** Shows a view: `root`, `theme`, `colours`, and `highlights` or null. */
        show(next) {
            const move = view && (view.root !== next.root) && pathNodes(view.root)[0].name === pathNodes(next.root)[0].name;
            const root = view?.root;
            view = next;
            layout(move ? { root } : null);
        },
        /** Selects a part if it is drawn. */
        select: node => select(cells.find(cell => cell.node === node) ?? null),
    };
}

const fittedTexts = new Map();

/** The longest form of a name that fits into a width: the name, a short form, or the beginning of the shortest form. */
function fitText(context, name, width) {
    const key = `${context.font}\0${Math.floor(width)}\0${name}`;
    if (fittedTexts.has(key)) return fittedTexts.get(key);
    if (fittedTexts.size > 20000) fittedTexts.clear();
    const fits = text => context.measureText(text).width <= width;
    let text = [name, shortName(name), shortName(name, 1)].find(fits) ?? shortName(name, 1);
    if (!fits(text)) {
        let low = 0, high = text.length;
        while (low < high) {
            const middle = Math.ceil((low + high) / 2);
            if (fits(`${text.slice(0, middle)}…`)) low = middle;
            else high = middle - 1;
        }
        text = low < 3 ? "" : `${text.slice(0, low)}…`;
    }
    fittedTexts.set(key, text);
    return text;
}

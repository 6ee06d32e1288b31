// The map on its canvas: drawn, moved from one view to the next, pointed at with a mouse, finger or keys.

/** How long the map takes from one view to the next, in milliseconds. */
const MOVE = 280;
const FONT = "system-ui, sans-serif";

/** What the map on `stage` can be told. `on` is told `point(node, spot)` and `enter(node)`. */
function drawMap(stage, on) {
    const [canvas, over] = stage.querySelectorAll("canvas");
    const pen = canvas.getContext("2d"), marker = over.getContext("2d");
    let view = null, cells = [], picked = null, moving = 0;

    /** Lays the cells out for the stage's size; with `from`, moves there from the cells before. */
    function lay(move) {
        const { clientWidth: width, clientHeight: height } = stage;
        const ratio = devicePixelRatio || 1;
        for (const one of [canvas, over]) {
            one.width = Math.round(width * ratio);
            one.height = Math.round(height * ratio);
        }
        for (const one of [pen, marker]) one.setTransform(ratio, 0, 0, ratio, 0, 0);
        const before = move ? new Map(cells.map(cell => [cell.node.key, cell])) : null;
        const root = move?.root;
        cells = layOut(view.root, width, height);
        cancelAnimationFrame(moving);
        pick(null);
        if (!move || matchMedia("(prefers-reduced-motion: reduce)").matches) return draw(1);
        depart(before, root, width, height);
        const start = performance.now();
        const step = time => {
            const passed = Math.min(1, Math.max(0, time - start) / MOVE);
            draw(1 - (1 - passed) ** 3);
            if (passed < 1) moving = requestAnimationFrame(step);
        };
        draw(0);
        moving = requestAnimationFrame(step);
    }

    /** Where each cell starts to move: where it was, or where it would have been in the view before. */
    function depart(before, root, width, height) {
        const whole = { x: 0, y: 0, w: width, h: height };
        const there = before.get(view.root.key);
        const here = cells.find(cell => cell.node.key === root.key);
        const [old, now] = there ? [there, whole] : here ? [whole, here] : [whole, whole];
        const across = old.w / now.w, down = old.h / now.h;
        for (const cell of cells) {
            const { x, y, w, h } = before.get(cell.node.key) ?? {
                x: old.x + (cell.x - now.x) * across, y: old.y + (cell.y - now.y) * down,
                w: cell.w * across, h: cell.h * down,
            };
            cell.from = { x, y, w, h };
        }
    }

    function draw(passed) {
        const { clientWidth: width, clientHeight: height } = stage;
        const { ground } = view.tones;
        pen.fillStyle = css(ground);
        pen.fillRect(0, 0, width, height);
        const between = (from, to) => from + (to - from) * passed;
        for (const cell of cells) {
            const { from } = cell;
            const place = passed < 1 && from
                ? { x: between(from.x, cell.x), y: between(from.y, cell.y), w: between(from.w, cell.w), h: between(from.h, cell.h) }
                : cell;
            const left = Math.round(place.x), top = Math.round(place.y);
            // A line of the ground between neighbours.
            const wide = Math.round(place.x + place.w) - left, high = Math.round(place.y + place.h) - top;
            const w = wide > 1 ? wide - 1 : wide, h = high > 1 ? high - 1 : high;
            if (w < 1 || h < 1 || left > width || top > height || left + w < 0 || top + h < 0) continue;
            const colour = paint(cell);
            pen.fillStyle = css(colour);
            pen.fillRect(left, top, w, h);
            if (passed === 1 || cell.head) label(cell, colour, left, top, w, h);
        }
    }

    /** The colour of a cell: a whole is paler than its parts, and parts side by side differ a little. */
    function paint({ node, index, head }) {
        const { tones, colours, marks } = view;
        let colour = colours.of(node);
        if (head) colour = mix(colour, tones.dark ? BLACK : WHITE, tones.dark ? 0.4 : 0.5);
        else colour = mix(colour, tones.dark ? BLACK : WHITE, (index * 3 % 5) * 0.045);
        if (marks && marks.get(node) !== "match") {
            const amount = marks.has(node) ? 0.7 : 0.86;
            colour = mix(mix(colour, inkOn(tones.ground) === BLACK ? [200, 204, 210] : [60, 66, 74], 0.6), tones.ground, amount);
        }
        return colour;
    }

    /** Writes a cell's name, and its size where there is room. */
    function label({ node, head, depth }, colour, x, y, w, h) {
        if (!head && node.parts.length) return;
        if (w < 30 || h < 13) return;
        const faint = view.marks && !view.marks.has(node);
        const ink = inkOn(colour);
        pen.fillStyle = css(faint ? mix(ink, colour, 0.45) : ink);
        pen.textBaseline = "middle";
        if (head) {
            pen.font = `600 ${depth > 1 ? 11 : 12}px ${FONT}`;
            const text = fit(pen, node.name, w - 10);
            pen.fillText(text, x + 5, y + HEAD / 2 + 1);
            const left = w - 18 - pen.measureText(text).width;
            pen.font = `${depth > 1 ? 11 : 12}px ${FONT}`;
            const bytes = size(node.bytes), wide = pen.measureText(bytes).width;
            if (text === node.name && wide <= left) pen.fillText(bytes, x + w - 5 - wide, y + HEAD / 2 + 1);
            return;
        }
        const letters = Math.round(Math.max(11, Math.min(17, Math.sqrt(w * h) / 9)));
        pen.font = `${letters}px ${FONT}`;
        const text = fit(pen, node.name, w - 8);
        if (!text) return;
        const high = letters * 1.3;
        const two = h >= 2 * high + 6;
        pen.fillText(text, x + 4, two ? y + 4 + high / 2 : y + Math.min(h / 2, 4 + high / 2));
        if (!two) return;
        pen.font = `${letters - 1}px ${FONT}`;
        const bytes = size(node.bytes);
        if (pen.measureText(bytes).width <= w - 8) pen.fillText(bytes, x + 4, y + 4 + high * 1.5);
    }

    /** The cell at a point, the innermost. */
    function at(x, y) {
        return cells.findLast(cell => x >= cell.x && x < cell.x + cell.w && y >= cell.y && y < cell.y + cell.h) ?? null;
    }

    /** The cell of the part directly in the view's root that a cell is in. */
    function outer(cell) {
        let node = cell.node;
        while (node.parent && node.parent !== view.root) node = node.parent;
        return cells.find(other => other.node === node) ?? cell;
    }

    /** What a click on a cell goes into: the whole whose strip it is, or one step in. */
    function target(cell, y) {
        return cell.head && y < cell.y + HEAD ? cell.node : outer(cell).node;
    }

    function pick(cell) {
        picked = cell;
        marker.clearRect(0, 0, stage.clientWidth, stage.clientHeight);
        if (!cell) return;
        const ink = css(inkOn(view.tones.ground));
        const frame = ({ x, y, w, h }, line) => {
            marker.lineWidth = line + 2;
            marker.strokeStyle = css(view.tones.ground);
            marker.strokeRect(x + 1, y + 1, w - 3, h - 3);
            marker.lineWidth = line;
            marker.strokeStyle = ink;
            marker.strokeRect(x + 1, y + 1, w - 3, h - 3);
        };
        const around = outer(cell);
        if (around !== cell) frame(around, 1);
        frame(cell, 2);
    }

    function spot(event) {
        const { left, top } = canvas.getBoundingClientRect();
        return [event.clientX - left, event.clientY - top];
    }

    function point(event) {
        const cell = at(...spot(event));
        if (cell !== picked) pick(cell);
        on.point(cell?.node ?? null, [event.clientX, event.clientY]);
    }

    function leave() {
        pick(null);
        on.point(null);
    }

    /** Chooses the nearest part in a direction. */
    function step(across, down) {
        const outers = cells.filter(cell => cell.depth === 1);
        const from = picked ? outer(picked) : null;
        const middle = ({ x, y, w, h }) => [x + w / 2, y + h / 2];
        const far = cell => {
            const [x, y] = middle(from).map((place, axis) => middle(cell)[axis] - place);
            const ahead = x * across + y * down;
            return ahead > 0.5 ? ahead + 2 * Math.abs(x * down + y * across) : Infinity;
        };
        const next = from ? outers.filter(cell => far(cell) < Infinity).sort((a, b) => far(a) - far(b))[0] : outers[0];
        if (!next) return;
        pick(next);
        const { left, top } = canvas.getBoundingClientRect();
        on.point(next.node, [left + next.x + next.w / 2, top + next.y + next.h / 2], true);
    }

    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point);
    canvas.addEventListener("pointerleave", leave);
    canvas.addEventListener("pointercancel", leave);
    canvas.addEventListener("blur", leave);
    canvas.addEventListener("click", event => {
        const [x, y] = spot(event);
        const cell = at(x, y);
        if (cell) on.enter(target(cell, y));
    });
    canvas.addEventListener("keydown", event => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (arrows[event.key]) step(...arrows[event.key]);
        else if (event.key === "Enter" && picked) on.enter(outer(picked).node);
        else return;
        event.preventDefault();
    });
    new ResizeObserver(() => view && lay(null)).observe(stage);

    return {
        /** Shows a view: `root`, `tones`, `colours`, and `marks` or null. */
        show(next) {
            const move = view && (view.root !== next.root) && lineage(view.root)[0].name === lineage(next.root)[0].name;
            const root = view?.root;
            view = next;
            lay(move ? { root } : null);
        },
        /** Points at a part, if it is drawn. */
        pick: node => pick(cells.find(cell => cell.node === node) ?? null),
    };
}

const fitted = new Map();

/** As much of a name as fits into a width: all of it, a short form, or the beginning of the shortest. */
function fit(pen, name, width) {
    const key = `${pen.font}\0${Math.floor(width)}\0${name}`;
    if (fitted.has(key)) return fitted.get(key);
    if (fitted.size > 20000) fitted.clear();
    const fits = text => pen.measureText(text).width <= width;
    let text = [name, short(name), short(name, 1)].find(fits) ?? short(name, 1);
    if (!fits(text)) {
        let least = 0, most = text.length;
        while (least < most) {
            const middle = Math.ceil((least + most) / 2);
            if (fits(`${text.slice(0, middle)}…`)) least = middle;
            else most = middle - 1;
        }
        text = least < 3 ? "" : `${text.slice(0, least)}…`;
    }
    fitted.set(key, text);
    return text;
}

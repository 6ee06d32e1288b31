// What colour a part has on the map, by its group, its kind or its change, in light and in dark.

const BLACK = [0, 0, 0], WHITE = [255, 255, 255];
// Paul Tol's "light" scheme: told apart with any colour vision, and made for text on it.
const PALETTE = ["#77aadd", "#ee8866", "#44bb99", "#eedd88", "#ffaabb", "#99ddff", "#bbcc33", "#aaaa00"].map(rgb);
// The next largest groups have the same once more, deeper.
const GROUPS = [...PALETTE, ...PALETTE.map(colour => mix(colour, BLACK, 0.22))];
const REST = rgb("#c4c8ce");
const GREW = rgb("#ee7733"), SHRANK = rgb("#3f8fd0");

function rgb(text) {
    return [1, 3, 5].map(place => parseInt(text.slice(place, place + 2), 16));
}

function css([red, green, blue]) {
    return `rgb(${red} ${green} ${blue})`;
}

/** `amount` of the second colour in the first. */
function mix(one, other, amount) {
    return one.map((value, place) => Math.round(value + (other[place] - value) * amount));
}

function luminance(colour) {
    const [red, green, blue] = colour.map(value => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Black or white, whichever reads better on a colour; the worse of both has a contrast of 4.58. */
function inkOn(colour) {
    return luminance(colour) > 0.179 ? BLACK : WHITE;
}

/** The colours of the reader's choice, light or dark. */
function theme() {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const ground = rgb(getComputedStyle(document.body).getPropertyValue("--map").trim());
    return { dark, ground, tone: colour => (dark ? darkened(colour, ground) : colour) };
}

/** A colour in the dark: so little of it that white reads well on it, and lighter ones still lighter. */
function darkened(colour, ground) {
    const most = 0.06 + 0.15 * luminance(colour);
    let amount = 0.2;
    while (amount < 1 && luminance(mix(colour, ground, amount)) > most) amount += 0.03;
    return mix(colour, ground, amount);
}

/** How the parts of an artefact are coloured: a colour for each, and what the legend says of them. */
function colouring(mode, root, shown, tones) {
    const { tone, ground } = tones;
    if (mode === "kind") {
        const totals = kindsOf(shown);
        const colours = new Map(KINDS.map((kind, place) => [kind, tone(kind === "file" ? REST : PALETTE[place])]));
        const entries = KINDS.filter(kind => totals.get(kind))
            .map(kind => ({ name: kind, bytes: totals.get(kind), colour: colours.get(kind) }))
            .sort((a, b) => b.bytes - a.bytes);
        return { of: node => colours.get(node.kind) ?? mix(tone(REST), ground, 0.5), entries };
    }
    if (mode === "change") {
        const same = mix(tone(REST), ground, 0.55);
        const entries = [["gone, or much smaller", -1], ["smaller", -0.3], ["same", 0], ["larger", 0.3], ["new, or much larger", 1]]
            .map(([name, value]) => ({ name, colour: shift(value, same, tone) }));
        return { of: node => shift(slope(node), same, tone), entries };
    }
    // By today's sizes in both reports, so that a group keeps its colour.
    const rank = group => (group.earlier ? group.other?.bytes ?? 0 : group.bytes);
    const groups = groupsOf(root).toSorted((a, b) => rank(b) - rank(a));
    const named = groups.slice(0, GROUPS.length);
    const colours = new Map(named.map((group, place) => [group, tone(GROUPS[place])]));
    const entries = named.map(group => ({ name: group.name, bytes: group.bytes, colour: colours.get(group), node: group }));
    const others = groups.slice(GROUPS.length).reduce((sum, group) => sum + group.bytes, 0);
    if (others) entries.push({ name: "others", bytes: others, colour: tone(REST) });
    const of = node => {
        for (let place = node; place; place = place.parent) {
            if (colours.has(place)) return colours.get(place);
        }
        return tone(REST);
    };
    return { of, entries };
}

/** How much a part changed, from -1 to 1: 1 is what is new or doubled. */
function slope(node) {
    const by = change(node) ?? 0;
    const before = formerly(node);
    return before ? Math.max(-1, Math.min(1, by / before)) : Math.sign(by);
}

function shift(value, same, tone) {
    if (!value) return same;
    return mix(same, tone(value > 0 ? GREW : SHRANK), 0.25 + 0.75 * Math.sqrt(Math.abs(value)));
}

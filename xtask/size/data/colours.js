// The colours of parts on the map by group, kind or change, for light and dark themes.

const BLACK = [0, 0, 0], WHITE = [255, 255, 255];
// Paul Tol's "light" scheme: distinguishable with any colour vision, and legible below text.
const PALETTE = ["#77aadd", "#ee8866", "#44bb99", "#eedd88", "#ffaabb", "#99ddff", "#bbcc33", "#aaaa00"].map(parseColour);
// Further groups have the same colours, darker.
const GROUP_COLOURS = [...PALETTE, ...PALETTE.map(colour => mixColours(colour, BLACK, 0.22))];
const OTHER_COLOUR = parseColour("#c4c8ce");
const INCREASE_COLOUR = parseColour("#ee7733"), DECREASE_COLOUR = parseColour("#3f8fd0");

function parseColour(text) {
    return [1, 3, 5].map(start => parseInt(text.slice(start, start + 2), 16));
}

function cssColour([red, green, blue]) {
    return `rgb(${red} ${green} ${blue})`;
}

/** Mixes `amount` of the second colour, from 0 to 1, into the first. */
function mixColours(one, other, amount) {
    return one.map((value, channel) => Math.round(value + (other[channel] - value) * amount));
}

function luminance(colour) {
    const [red, green, blue] = colour.map(value => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Black or white, whichever has more contrast on the colour: at least 4.58. */
function textColourOn(colour) {
    return luminance(colour) > 0.179 ? BLACK : WHITE;
}

/** The theme that the browser prefers. */
function currentTheme() {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const background = parseColour(getComputedStyle(document.body).getPropertyValue("--map-background").trim());
    return { dark, background, adapt: colour => (dark ? darken(colour, background) : colour) };
}

/** The colour for the dark theme: dark enough for white text; lighter colours stay lighter than others. */
function darken(colour, background) {
    const maxLuminance = 0.06 + 0.15 * luminance(colour);
    let amount = 0.2;
    while (amount < 1 && luminance(mixColours(colour, background, amount)) > maxLuminance) amount += 0.03;
    return mixColours(colour, background, amount);
}

/** A function from parts to colours, and the legend's entries. */
function colourScheme(mode, root, shown, theme) {
    const { adapt, background } = theme;
    if (mode === "kind") {
        const totals = bytesByKind(shown);
        const colours = new Map(KINDS.map((kind, index) => [kind, adapt(kind === "file" ? OTHER_COLOUR : PALETTE[index])]));
        const entries = KINDS.filter(kind => totals.get(kind))
            .map(kind => ({ name: kind, bytes: totals.get(kind), colour: colours.get(kind) }))
            .sort((a, b) => b.bytes - a.bytes);
        return { colourOf: node => colours.get(node.kind) ?? mixColours(adapt(OTHER_COLOUR), background, 0.5), entries };
    }
    if (mode === "change") {
        const unchangedColour = mixColours(adapt(OTHER_COLOUR), background, 0.55);
        const entries = [["gone, or much smaller", -1], ["smaller", -0.3], ["same", 0], ["larger", 0.3], ["new, or much larger", 1]]
            .map(([name, value]) => ({ name, colour: changeColour(value, unchangedColour, adapt) }));
        return { colourOf: node => changeColour(relativeChange(node), unchangedColour, adapt), entries };
    }
    // By the current sizes in both reports, so that a group keeps its colour.
    const rank = group => (group.isPrevious ? group.counterpart?.bytes ?? 0 : group.bytes);
    const groups = mainGroups(root).toSorted((a, b) => rank(b) - rank(a));
    const named = groups.slice(0, GROUP_COLOURS.length);
    const colours = new Map(named.map((group, index) => [group, adapt(GROUP_COLOURS[index])]));
    const entries = named.map(group => ({ name: group.name, bytes: group.bytes, colour: colours.get(group), node: group }));
    const others = groups.slice(GROUP_COLOURS.length).reduce((sum, group) => sum + group.bytes, 0);
    if (others) entries.push({ name: "others", bytes: others, colour: adapt(OTHER_COLOUR) });
    const colourOf = node => {
        for (let ancestor = node; ancestor; ancestor = ancestor.parent) {
            if (colours.has(ancestor)) return colours.get(ancestor);
        }
        return adapt(OTHER_COLOUR);
    };
    return { colourOf, entries };
}

/** A part's relative change, limited to -1 to 1; 1 for new parts and those that have at least doubled. */
function relativeChange(node) {
    const difference = byteChange(node) ?? 0;
    const before = previousBytes(node);
    return before ? Math.max(-1, Math.min(1, difference / before)) : Math.sign(difference);
}

function changeColour(value, unchangedColour, adapt) {
    if (!value) return unchangedColour;
    return mixColours(unchangedColour, adapt(value > 0 ? INCREASE_COLOUR : DECREASE_COLOUR), 0.25 + 0.75 * Math.sqrt(Math.abs(value)));
}

// What a document has besides artefacts: budgets, history, peers, the baseline, ablation. Each a section, or null.

function section(name, title, note, ...content) {
    return make("section", { class: "card", id: name, "aria-label": title },
        make("h2", {}, title), note && make("p", { class: "note" }, note), ...content);
}

/** Sections in two columns; only one where the other has none. */
function pair(...columns) {
    const some = columns.map(column => column.filter(Boolean)).filter(column => column.length);
    return make("div", { class: "pair" }, some.map(column => make("div", {}, column)));
}

const measured = measure => (measure === "packed" ? "packed" : "unpacked");

/** Each limit with a bar that says how much of it is used. */
function budgets(all) {
    if (!all?.length) return null;
    const over = all.filter(budget => budget.bytes > budget.most).length;
    const note = over ? `${counted(over, "budget is", "budgets are")} exceeded.` : "All are kept.";
    const items = all.map(({ artefact, measure, most, bytes }) => make("li", {},
        make("div", { class: "row" }, make("span", {}, `${artefact}, ${measured(measure)}`),
            make("span", { class: bytes > most ? "number grew" : "number" }, bytes > most
                ? `${size(bytes)}, ${size(bytes - most)} over ${size(most)}`
                : `${size(bytes)} of ${size(most)}, ${percent(bytes / most)}`)),
        bar(bytes / most, bytes > most ? "bad" : bytes > 0.95 * most ? "near" : "good")));
    return section("budgets", "Budgets", note, make("ul", { class: "budgets" }, items));
}

/** Steps from the oldest to the newest, and the same as a table. */
function history(all) {
    if (!all?.length) return null;
    const most = Math.max(...all.map(milestone => milestone.unpacked));
    const first = all[0], last = all.at(-1);
    const steps = all.map(({ what, unpacked, packed }, place) => {
        const outer = make("span", { class: "outer" }), inner = make("span", { class: "inner" });
        outer.style.height = `${unpacked / most * 100}%`;
        inner.style.height = `${packed / unpacked * 100}%`;
        outer.append(inner);
        return make("li", { title: `${what}: ${size(unpacked)}, ${size(packed)} packed` },
            make("span", { class: "column" }, outer), make("span", { class: "step" }, String(place + 1)));
    });
    const rows = all.map((milestone, place) => ({
        ...milestone, place: place + 1, by: place ? milestone.unpacked - all[place - 1].unpacked : null,
        packedBy: place ? milestone.packed - all[place - 1].packed : null,
    }));
    const columns = [
        { title: "Step", value: row => row.place, number: true, shows: row => [make("b", { class: "step" }, String(row.place)), ` ${row.what}`] },
        bytesColumn("Unpacked", row => row.unpacked),
        changeColumn("Change", row => row.by),
        bytesColumn("Packed", row => row.packed),
        changeColumn("Change", row => row.packedBy),
    ];
    const factor = (one, other) => `${percent(one / other)} of what it was`;
    const note = `bootstrap went from ${size(first.unpacked)} to ${size(last.unpacked)}, ${factor(last.unpacked, first.unpacked)}; packed from ${size(first.packed)} to ${size(last.packed)}.`;
    return section("history", "How it became this", note,
        make("ol", { class: "steps", "aria-hidden": "true" }, steps),
        make("p", { class: "keys" }, make("span", { class: "swatch outer" }), " unpacked ", make("span", { class: "swatch inner" }), " of it packed"),
        table("history", "Milestones", columns, rows, { column: 0, down: false }));
}

/** Others' figures beside ours. */
function peers(all) {
    if (!all?.length) return null;
    const most = Math.max(...all.map(peer => peer.ratio));
    // Ratios go from 1 to 100 and beyond; only their logarithms fit into one bar.
    const share = ratio => (most > 1 ? Math.max(0.02, Math.log(Math.max(1, ratio)) / Math.log(most)) : 1);
    const source = text => (text.startsWith("https://") ? make("a", { href: text, rel: "noreferrer" }, new URL(text).hostname) : text);
    const columns = [
        { title: "What", value: peer => peer.name },
        bytesColumn("Bytes", peer => peer.bytes),
        { title: "Measured", value: peer => measured(peer.measure) },
        { title: "Ours", value: peer => peer.artefact },
        bytesColumn("Bytes", peer => peer.ours),
        { title: "Times as large", value: peer => peer.ratio, number: true, hint: "The bars are logarithmic", shows: peer => barred(share(peer.ratio), times(peer.ratio)) },
        { title: "Source", value: peer => peer.source, shows: peer => make("span", { class: "dim" }, source(peer.source)) },
    ];
    return section("peers", "Beside others", null, table("peers", "Others' figures", columns, all, { column: 5, down: true }));
}

/** OpenCV with all of its modules beside ours, which is linked into `bootstrap`. */
function baseline(base, bootstrap) {
    if (!base) return null;
    const spent = value => ({ value, number: true, shows: module => (value(module) ? duration(value(module)) : "–") });
    const figures = [
        ["bootstrap linked against it", size(base.bootstrap), bootstrap && `${times(base.bootstrap / bootstrap.bytes)} ours, ${size(bootstrap.bytes)}`],
        ["time of all calls of the compiler", duration(base.seconds), base.our_seconds > 0 && `${times(base.seconds / base.our_seconds)} ours, ${duration(base.our_seconds)}`],
        ["modules and libraries", String(base.modules.length), `${base.modules.filter(module => !module.our_library).length} of them left out`],
    ];
    const columns = [
        { title: "Module", value: module => module.name },
        bytesColumn("Library", module => module.library),
        bytesColumn("Ours", module => module.our_library),
        bytesColumn("In bootstrap", module => module.binary),
        bytesColumn("Ours", module => module.our_binary),
        bytesColumn("Saved", module => module.library - module.our_library, "In the static library"),
        { title: "Compiling", ...spent(module => module.seconds) },
        { title: "Ours", ...spent(module => module.our_seconds) },
    ];
    const missing = base.missing.length > 0 && make("details", {},
        make("summary", {}, `${counted(base.missing.length, "thing", "things")} that OpenCV builds by default and this does not have`),
        make("ul", {}, base.missing.map(text => make("li", {}, text))));
    return section("baseline", "What leaving out saves", base.what,
        make("dl", { class: "figures" }, figures.map(([what, figure, beside]) => make("div", {}, make("dt", {}, what), make("dd", {}, make("b", {}, figure), beside && make("span", {}, beside))))),
        table("baseline", "Modules of the baseline", columns, base.modules), missing);
}

/** What single features cost. */
function ablation(all) {
    if (!all?.length) return null;
    const cost = (title, value) => ({ title, value, number: true, shows: one => (value(one) < 0 ? signed(value(one)) : size(value(one))) });
    const columns = [
        { title: "Feature", value: one => one.feature },
        cost("Static libraries", one => one.libraries),
        cost("bootstrap", one => one.binary),
        cost("Packed", one => one.packed),
    ];
    return section("ablation", "What each feature costs", "Measured by building without it.",
        table("ablation", "Features", columns, all, { column: 2, down: true }));
}

// The sections for budgets, history, competitors, the baseline and ablation. A section without data is null.

function section(name, title, note, ...content) {
    return createElement("section", { class: "card", id: name, "aria-label": title },
        createElement("h2", {}, title), note && createElement("p", { class: "note" }, note), ...content);
}

/** Sections in two columns; in one if the other is empty. */
function twoColumns(...columns) {
    const some = columns.map(column => column.filter(Boolean)).filter(column => column.length);
    return createElement("div", { class: "two-columns" }, some.map(column => createElement("div", {}, column)));
}

const measureLabel = measure => (measure === "compressed" ? "compressed" : "uncompressed");

/** Each limit with a bar that shows the used part. */
function budgetsSection(all) {
    if (!all?.length) return null;
    const over = all.filter(budget => budget.bytes > budget.limit_bytes).length;
    const note = over ? `${formatCount(over, "budget is", "budgets are")} exceeded.` : "No budget is exceeded.";
    const items = all.map(({ artefact, measure, limit_bytes: limit, bytes }) => createElement("li", {},
        createElement("div", { class: "row" }, createElement("span", {}, `${artefact}, ${measureLabel(measure)}`),
            createElement("span", { class: bytes > limit ? "number increase" : "number" }, bytes > limit
                ? `${formatBytes(bytes)}, ${formatBytes(bytes - limit)} over ${formatBytes(limit)}`
                : `${formatBytes(bytes)} of ${formatBytes(limit)}, ${formatPercent(bytes / limit)}`)),
        bar(bytes / limit, bytes > limit ? "over-limit" : bytes > 0.95 * limit ? "near-limit" : "within-limit")));
    return section("budgets", "Budgets", note, createElement("ul", { class: "budgets" }, items));
}

/** A chart and a table of the milestones, the oldest first. */
function historySection(all) {
    if (!all?.length) return null;
    const largest = Math.max(...all.map(milestone => milestone.uncompressed_bytes));
    const first = all[0], last = all.at(-1);
    const steps = all.map(({ description, uncompressed_bytes: uncompressed, compressed_bytes: compressed }, index) => {
        const uncompressedBar = createElement("span", { class: "uncompressed-bar" });
        const compressedBar = createElement("span", { class: "compressed-bar" });
        uncompressedBar.style.height = `${uncompressed / largest * 100}%`;
        compressedBar.style.height = `${compressed / uncompressed * 100}%`;
        uncompressedBar.append(compressedBar);
        return createElement("li", { title: `${description}: ${formatBytes(uncompressed)}, ${formatBytes(compressed)} compressed` },
            createElement("span", { class: "column" }, uncompressedBar), createElement("span", { class: "step" }, String(index + 1)));
    });
    const rows = all.map((milestone, index) => ({
        ...milestone, number: index + 1, uncompressedChange: index ? milestone.uncompressed_bytes - all[index - 1].uncompressed_bytes : null,
        compressedChange: index ? milestone.compressed_bytes - all[index - 1].compressed_bytes : null,
    }));
    const columns = [
        { title: "Step", value: row => row.number, isNumber: true, render: row => [createElement("b", { class: "step" }, String(row.number)), ` ${row.description}`] },
        bytesColumn("Uncompressed", row => row.uncompressed_bytes),
        changeColumn("Change", row => row.uncompressedChange),
        bytesColumn("Compressed", row => row.compressed_bytes),
        changeColumn("Change", row => row.compressedChange),
    ];
    const factor = (one, other) => `${formatPercent(one / other)} of the first size`;
    const note = `bootstrap went from ${formatBytes(first.uncompressed_bytes)} to ${formatBytes(last.uncompressed_bytes)}, ${factor(last.uncompressed_bytes, first.uncompressed_bytes)}; compressed from ${formatBytes(first.compressed_bytes)} to ${formatBytes(last.compressed_bytes)}.`;
    return section("history", "History", note,
        createElement("ol", { class: "history-chart", "aria-hidden": "true" }, steps),
        createElement("p", { class: "chart-legend" }, createElement("span", { class: "swatch uncompressed-bar" }), " uncompressed ", createElement("span", { class: "swatch compressed-bar" }), " compressed"),
        table("history", "Milestones", columns, rows, { column: 0, descending: false }));
}

function competitorsSection(all) {
    if (!all?.length) return null;
    const largest = Math.max(...all.map(competitor => competitor.ratio));
    // Ratios range from 1 to over 100: the bars are logarithmic.
    const barLength = ratio => (largest > 1 ? Math.max(0.02, Math.log(Math.max(1, ratio)) / Math.log(largest)) : 1);
    const source = text => (text.startsWith("https://") ? createElement("a", { href: text, rel: "noreferrer" }, new URL(text).hostname) : text);
    const columns = [
        { title: "What", value: competitor => competitor.name },
        bytesColumn("Bytes", competitor => competitor.bytes),
        { title: "Measured", value: competitor => measureLabel(competitor.measure) },
        { title: "Ours", value: competitor => competitor.artefact },
        bytesColumn("Bytes", competitor => competitor.our_bytes),
        { title: "Ratio", value: competitor => competitor.ratio, isNumber: true, hint: "The bars are logarithmic", render: competitor => barWithLabel(barLength(competitor.ratio), formatRatio(competitor.ratio)) },
        { title: "Source", value: competitor => competitor.source, render: competitor => createElement("span", { class: "muted" }, source(competitor.source)) },
    ];
    return section("competitors", "Competitors", null, table("competitors", "Sizes of competitors", columns, all, { column: 5, descending: true }));
}

/** Compares OpenCV with all of its default modules with ours, which is linked into `bootstrap`. */
function baselineSection(baseline, bootstrap) {
    if (!baseline) return null;
    const timeColumn = value => ({ value, isNumber: true, render: module => (value(module) ? formatDuration(value(module)) : "–") });
    const figures = [
        ["bootstrap linked against it", formatBytes(baseline.bootstrap_bytes), bootstrap && `${formatRatio(baseline.bootstrap_bytes / bootstrap.bytes)} ours, ${formatBytes(bootstrap.bytes)}`],
        ["compile time, sum of all compiler calls", formatDuration(baseline.compile_seconds), baseline.our_compile_seconds > 0 && `${formatRatio(baseline.compile_seconds / baseline.our_compile_seconds)} ours, ${formatDuration(baseline.our_compile_seconds)}`],
        ["modules and libraries", String(baseline.modules.length), `${baseline.modules.filter(module => !module.our_library_bytes).length} of them not in ours`],
    ];
    const columns = [
        { title: "Module", value: module => module.name },
        bytesColumn("Library", module => module.library_bytes),
        bytesColumn("Ours", module => module.our_library_bytes),
        bytesColumn("In bootstrap", module => module.linked_bytes),
        bytesColumn("Ours", module => module.our_linked_bytes),
        bytesColumn("Saved", module => module.library_bytes - module.our_library_bytes, "In the static library"),
        { title: "Compiling", ...timeColumn(module => module.compile_seconds) },
        { title: "Ours", ...timeColumn(module => module.our_compile_seconds) },
    ];
    const missing = baseline.missing.length > 0 && createElement("details", {},
        createElement("summary", {}, `${formatCount(baseline.missing.length, "feature", "features")} that OpenCV builds by default and the baseline does not have`),
        createElement("ul", {}, baseline.missing.map(text => createElement("li", {}, text))));
    return section("baseline", "Savings against OpenCV's default modules", baseline.description,
        createElement("dl", { class: "figures" }, figures.map(([label, value, comparison]) => createElement("div", {}, createElement("dt", {}, label), createElement("dd", {}, createElement("b", {}, value), comparison && createElement("span", {}, comparison))))),
        table("baseline", "Modules of the baseline", columns, baseline.modules), missing);
}

function ablationSection(all) {
    if (!all?.length) return null;
    const cost = (title, value) => ({ title, value, isNumber: true, render: one => (value(one) < 0 ? formatSignedBytes(value(one)) : formatBytes(value(one))) });
    const columns = [
        { title: "Feature", value: one => one.feature },
        cost("Static libraries", one => one.library_bytes),
        cost("bootstrap", one => one.bootstrap_bytes),
        cost("Compressed", one => one.compressed_bytes),
    ];
    return section("ablation", "Cost of each feature", "Measured by building OpenCV without it.",
        table("ablation", "Features", columns, all, { column: 2, descending: true }));
}

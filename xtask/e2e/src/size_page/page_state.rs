//! The state of the size report's page, read by a script in it.

use serde::Deserialize;

/// Returns a [`PageState`]. Contrast is computed by WCAG 2 from a text's colour and its background.
pub const SCRIPT: &str = r##"
    const byId = id => document.getElementById(id);
    const text = element => element?.textContent.trim() ?? "";
    const all = what => [...document.querySelectorAll(what)].filter(element => element.checkVisibility());
    const box = element => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [x, y, width, height];
    };
    const numbers = colour => colour.match(/[\d.]+/g).map(Number);
    const backgroundOf = element => {
        for (let place = element; place; place = place.parentElement) {
            const [red, green, blue, share = 1] = numbers(getComputedStyle(place).backgroundColor);
            if (share === 1) return [red, green, blue];
        }
        return [255, 255, 255];
    };
    const luminance = colour => colour.slice(0, 3)
        .map(value => value / 255)
        .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
    const contrast = element => {
        const [less, more] = [luminance(numbers(getComputedStyle(element).color)), luminance(backgroundOf(element))]
            .sort((a, b) => a - b);
        return (more + 0.05) / (less + 0.05);
    };
    const textElements = all("body *").filter(element =>
        [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()));
    const lowest_contrast = textElements.map(element => [contrast(element), `${element.localName} ${text(element)}`])
        .sort((a, b) => a[0] - b[0])[0];
    const map = byId("map");
    const { data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
    let pixel_checksum = 0, saturated_share = 0;
    for (const value of new Uint32Array(data.buffer)) pixel_checksum = (pixel_checksum * 31 + value) >>> 0;
    for (let place = 0; place < data.length; place += 4) {
        const [red, green, blue] = data.subarray(place, place + 3);
        if (Math.max(red, green, blue) - Math.min(red, green, blue) > 40) saturated_share += 4 / data.length;
    }
    const rows = (table, cell) => all(`#table-${table} tbody tr`).map(row => text(row.children[cell]));
    return {
        title: document.title,
        address: location.hash,
        breadcrumbs: all("#breadcrumbs li").map(text),
        headline: text(byId("headline")),
        names: rows("parts", 0),
        bytes: rows("parts", 1),
        orders: all("#table-parts thead th").map(head => [text(head), head.getAttribute("aria-sort")]),
        count: text(byId("match-count")),
        matches: all("#matches li .name").map(text),
        tip: byId("tooltip").hidden ? "" : text(document.querySelector("#tooltip .name")),
        active_switches: all("#switches [aria-pressed=true]").map(text),
        sections: all("main section[id]").map(section => section.id),
        markup: all("#map-area b, #parts b, #changes b").filter(bold => text(bold).includes("markup")).length,
        map: box(map),
        pixel_checksum,
        saturated_share,
        page: [document.documentElement.scrollWidth, document.documentElement.clientWidth],
        background: getComputedStyle(document.body).backgroundColor,
        lowest_contrast,
        requests: performance.getEntriesByType("resource").map(entry => entry.name),
    };
"##;

#[derive(Debug, Deserialize)]
pub struct PageState {
    pub title: String,
    /// The fragment of the URL, with `#`.
    pub address: String,
    /// The path to the current part, starting with the artefact.
    pub breadcrumbs: Vec<String>,
    /// The line above the map.
    pub headline: String,
    /// The names in the table of parts.
    pub names: Vec<String>,
    /// The sizes in the table of parts.
    pub bytes: Vec<String>,
    /// The column headers of that table with their `aria-sort`.
    pub orders: Vec<(String, String)>,
    /// The text with the number of matches.
    pub count: String,
    /// The names of matches.
    pub matches: Vec<String>,
    /// The name in the tooltip.
    pub tip: String,
    pub active_switches: Vec<String>,
    /// The IDs of visible sections.
    pub sections: Vec<String>,
    /// The number of elements that were created from the markup in a name.
    pub markup: usize,
    /// Left, top, width and height of the map.
    pub map: [f64; 4],
    /// A checksum of the map's pixels.
    pub pixel_checksum: u32,
    /// The share of the map's pixels with saturated colours, 0 to 1.
    pub saturated_share: f64,
    /// The widths of the content and of the window.
    pub page: [u32; 2],
    /// The colour of the background.
    pub background: String,
    /// The lowest contrast, and the element with its text.
    pub lowest_contrast: (f64, String),
    /// The URLs of resources that the page has requested.
    pub requests: Vec<String>,
}

impl PageState {
    /// The `aria-sort` of a column.
    pub fn order(&self, column: &str) -> &str {
        let found = self.orders.iter().find(|(title, _)| title == column);
        found.map_or("", |(_, order)| order)
    }
}

//! What the size report's page shows, as a script in it sees it.

use serde::Deserialize;

/// Reads it. A text's contrast is that of its colour and what is behind it, by WCAG 2.
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

/// What the page shows.
#[derive(Debug, Deserialize)]
pub struct PageState {
    /// The document's title.
    pub title: String,
    /// The address behind `#`.
    pub address: String,
    /// The path to what is shown, from the artefact on.
    pub breadcrumbs: Vec<String>,
    /// The line above the map.
    pub headline: String,
    /// The table of parts: their names.
    pub names: Vec<String>,
    /// Their bytes.
    pub bytes: Vec<String>,
    /// The table's heads with their `aria-sort`.
    pub orders: Vec<(String, String)>,
    /// How many parts match.
    pub count: String,
    /// Their names.
    pub matches: Vec<String>,
    /// The name of what is pointed at.
    pub tip: String,
    /// The switches that are on.
    pub active_switches: Vec<String>,
    /// The sections that are there.
    pub sections: Vec<String>,
    /// How many elements a name has become.
    pub markup: usize,
    /// Left, top, width and height of the map.
    pub map: [f64; 4],
    /// A number made of all pixels of the map.
    pub pixel_checksum: u32,
    /// How much of the map is of a strong colour, 0 to 1.
    pub saturated_share: f64,
    /// The widths of the content and of the window.
    pub page: [u32; 2],
    /// The colour behind everything.
    pub background: String,
    /// The least contrast of a text, and which.
    pub lowest_contrast: (f64, String),
    /// What was asked for besides the page.
    pub requests: Vec<String>,
}

impl PageState {
    /// The `aria-sort` of a column.
    pub fn order(&self, column: &str) -> &str {
        let found = self.orders.iter().find(|(title, _)| title == column);
        found.map_or("", |(_, order)| order)
    }
}

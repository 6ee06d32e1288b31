//! The state of the page, read by a script in it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Returns a [`PageState`]. Outlines are read from their positions on the screen, relative to the photo.
pub const SCRIPT: &str = r#"
    const byId = id => document.getElementById(id);
    const visibleText = element => element.checkVisibility() ? element.textContent.trim() : "";
    const box = element => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [x, y, width, height];
    };
    const all = what => [...document.querySelectorAll(what)]
        .filter(element => element.checkVisibility({ visibilityProperty: true }));
    const photo = byId("preview");
    const [left, top, wide, high] = box(photo);
    const place = rect => {
        const { x, y, width, height } = rect.getBBox();
        const { a, d, e, f } = rect.getScreenCTM();
        const across = photo.naturalWidth / wide, down = photo.naturalHeight / high;
        return [(a * x + e - left) * across, (d * y + f - top) * down,
            a * width * across, d * height * down];
    };
    const outlines = kind => all(`#overlay rect.${kind}`)
        .filter(rect => wide && high && getComputedStyle(rect).stroke !== "none").map(place);
    const controls = all("input, select, button, summary, a, [tabindex]")
        .map(control => [control.id || control.localName, box(control).slice(2)]);
    return {
        status: visibleText(byId("status")),
        error: visibleText(byId("error")),
        busy: byId("photo").disabled,
        preset: byId("preset").value,
        outlines: { faces: outlines("face"), eyes: outlines("eye") },
        photo: [left, top, wide, high],
        overlay: box(byId("overlay")),
        controls: Object.fromEntries(controls),
        page: [document.documentElement.scrollWidth, document.documentElement.clientWidth],
        background: getComputedStyle(document.body).backgroundColor,
    };
"#;

#[derive(Debug, Deserialize)]
pub struct PageState {
    pub status: String,
    pub error: String,
    pub busy: bool,
    /// The selected preset.
    pub preset: String,
    pub outlines: Outlines,
    /// Left, top, width and height of the photo on the screen.
    pub photo: [f64; 4],
    /// Left, top, width and height of the overlay with the outlines.
    pub overlay: [f64; 4],
    /// Width and height of all visible controls, by id or else element name.
    pub controls: BTreeMap<String, [f64; 2]>,
    /// The widths of the content and of the window.
    pub page: [u32; 2],
    /// The colour of the background.
    pub background: String,
}

/// Left, top, width and height of faces and eyes, in the photo's pixels.
#[derive(Debug, Deserialize)]
pub struct Outlines {
    pub faces: Vec<[f64; 4]>,
    pub eyes: Vec<[f64; 4]>,
}

impl Outlines {
    pub fn is_empty(&self) -> bool {
        self.faces.is_empty() && self.eyes.is_empty()
    }

    /// Whether the boxes are the same in any order, within less than a pixel.
    pub fn same_positions(&self, others: &Self) -> bool {
        same(&self.faces, &others.faces) && same(&self.eyes, &others.eyes)
    }
}

fn same(some: &[[f64; 4]], others: &[[f64; 4]]) -> bool {
    some.len() == others.len() && some.iter().all(|one| others.iter().any(|other| near(one, other)))
}

/// Whether two boxes differ by less than a pixel.
pub fn near(one: &[f64; 4], other: &[f64; 4]) -> bool {
    one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_are_compared_in_any_order() {
        let outlines = |faces: &[[f64; 4]], eyes: &[[f64; 4]]| Outlines {
            faces: faces.to_vec(),
            eyes: eyes.to_vec(),
        };
        let (one, other) = ([1.0, 2.0, 30.0, 30.0], [50.0, 2.0, 30.0, 30.0]);
        let given = outlines(&[one, other], &[]);
        assert!(given.same_positions(&outlines(&[other, [1.4, 2.0, 29.6, 30.0]], &[])));
        assert!(!given.same_positions(&outlines(&[one, [50.0, 3.0, 30.0, 30.0]], &[])));
        assert!(!given.same_positions(&outlines(&[one], &[])));
        assert!(!given.same_positions(&outlines(&[one], &[other])));
        assert!(!given.is_empty() && outlines(&[], &[]).is_empty());
    }
}

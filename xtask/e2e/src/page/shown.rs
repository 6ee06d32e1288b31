//! What the page shows, as a script in it sees it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Reads it. Outlines are seen where the photo is on the screen, whatever brought them there.
pub const SCRIPT: &str = r##"
    const at = id => document.getElementById(id);
    const seen = element => element.checkVisibility() ? element.textContent.trim() : "";
    const box = element => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [x, y, width, height];
    };
    const all = what => [...document.querySelectorAll(what)]
        .filter(element => element.checkVisibility({ visibilityProperty: true }));
    const picture = at("picture");
    const [left, top, wide, high] = box(picture);
    const place = rect => {
        const { x, y, width, height } = rect.getBBox();
        const { a, d, e, f } = rect.getScreenCTM();
        const across = picture.naturalWidth / wide, down = picture.naturalHeight / high;
        return [(a * x + e - left) * across, (d * y + f - top) * down,
            a * width * across, d * height * down];
    };
    const outlines = kind => all(`#overlay rect.${kind}`)
        .filter(rect => wide && high && getComputedStyle(rect).stroke !== "none").map(place);
    const controls = all("input, select, button, summary, a, [tabindex]")
        .map(control => [control.id || control.localName, box(control).slice(2)]);
    return {
        status: seen(at("status")),
        error: seen(at("error")),
        busy: at("photo").disabled,
        preset: at("preset").value,
        outlines: { faces: outlines("face"), eyes: outlines("eye") },
        picture: [left, top, wide, high],
        overlay: box(at("overlay")),
        controls: Object.fromEntries(controls),
        page: [document.documentElement.scrollWidth, document.documentElement.clientWidth],
        ground: getComputedStyle(document.body).backgroundColor,
    };
"##;

/// What the page shows.
#[derive(Debug, Deserialize)]
pub struct Shown {
    pub status: String,
    pub error: String,
    pub busy: bool,
    /// The preset that is chosen.
    pub preset: String,
    /// What is drawn over the photo.
    pub outlines: Outlines,
    /// Left, top, width and height of the photo on the screen.
    pub picture: [f64; 4],
    /// The same of what is drawn on.
    pub overlay: [f64; 4],
    /// Width and height of everything that can be used, by its name.
    pub controls: BTreeMap<String, [f64; 2]>,
    /// The widths of the content and of the window.
    pub page: [u32; 2],
    /// The background's colour.
    pub ground: String,
}

/// Left, top, width and height of faces and eyes, in the photo's pixels.
#[derive(Debug, Deserialize)]
pub struct Outlines {
    pub faces: Vec<[f64; 4]>,
    pub eyes: Vec<[f64; 4]>,
}

impl Outlines {
    /// Nothing is outlined.
    pub fn is_empty(&self) -> bool {
        self.faces.is_empty() && self.eyes.is_empty()
    }

    /// The same places, to the pixel.
    pub fn are_at(&self, others: &Self) -> bool {
        same(&self.faces, &others.faces) && same(&self.eyes, &others.eyes)
    }
}

/// The same boxes in any order.
fn same(some: &[[f64; 4]], others: &[[f64; 4]]) -> bool {
    some.len() == others.len()
        && some
            .iter()
            .all(|one| others.iter().any(|other| near(one, other)))
}

/// The same box but for less than a pixel.
pub fn near(one: &[f64; 4], other: &[f64; 4]) -> bool {
    one.iter()
        .zip(other)
        .all(|(one, other)| (one - other).abs() < 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_places_in_any_order_and_no_others() {
        let outlines = |faces: &[[f64; 4]], eyes: &[[f64; 4]]| Outlines {
            faces: faces.to_vec(),
            eyes: eyes.to_vec(),
        };
        let (one, other) = ([1.0, 2.0, 30.0, 30.0], [50.0, 2.0, 30.0, 30.0]);
        let given = outlines(&[one, other], &[]);
        assert!(given.are_at(&outlines(&[other, [1.4, 2.0, 29.6, 30.0]], &[])));
        assert!(!given.are_at(&outlines(&[one, [50.0, 3.0, 30.0, 30.0]], &[])));
        assert!(!given.are_at(&outlines(&[one], &[])));
        assert!(!given.are_at(&outlines(&[one], &[other])));
        assert!(!given.is_empty() && outlines(&[], &[]).is_empty());
    }
}

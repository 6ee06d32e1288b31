//! The state of the page, read by a script in it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Returns a [`PageState`]. Marks are read from their positions on the screen, relative to the photo.
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
    const place = shape => {
        const { x, y, width, height } = shape.getBBox();
        const { a, d, e, f } = shape.getScreenCTM();
        const across = photo.naturalWidth / wide, down = photo.naturalHeight / high;
        return [(a * x + e - left) * across, (d * y + f - top) * down,
            a * width * across, d * height * down];
    };
    const drawn = (what, paint) => all(`#overlay ${what}`)
        .filter(shape => wide && high && getComputedStyle(shape)[paint] !== "none");
    const outlines = kind => drawn(`rect.${kind}`, "stroke").map(place);
    const center = ([x, y, width, height]) => [x + width / 2, y + height / 2];
    const controls = all("input, select, button, summary, a, [tabindex]")
        .map(control => [control.id || control.localName, box(control).slice(2)]);
    return {
        status: visibleText(byId("status")),
        error: visibleText(byId("error")),
        busy: byId("photo").disabled,
        preset: byId("preset").value,
        marks: {
            faces: outlines("face"),
            eyes: outlines("eye"),
            landmarks: drawn("circle.landmark", "fill").map(place).map(center),
            scores: drawn("text.score", "fill").map(label => ({ text: label.textContent, left: place(label)[0] })),
        },
        landmarks_explained: byId("landmarks").checkVisibility(),
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
    pub marks: Marks,
    /// Whether the legend has an entry for landmarks.
    pub landmarks_explained: bool,
    /// Left, top, width and height of the photo on the screen.
    pub photo: [f64; 4],
    /// Left, top, width and height of the overlay with the marks.
    pub overlay: [f64; 4],
    /// Width and height of all visible controls, by id or else element name.
    pub controls: BTreeMap<String, [f64; 2]>,
    /// The widths of the content and of the window.
    pub page: [u32; 2],
    /// The colour of the background.
    pub background: String,
}

/// What is drawn on the photo, in its pixels.
#[derive(Debug, Deserialize)]
pub struct Marks {
    /// Left, top, width and height of faces.
    pub faces: Vec<[f64; 4]>,
    /// Left, top, width and height of eyes.
    pub eyes: Vec<[f64; 4]>,
    pub landmarks: Vec<[f64; 2]>,
    pub scores: Vec<Score>,
}

/// The label of a face.
#[derive(Debug, Deserialize)]
pub struct Score {
    /// With two decimals.
    pub text: String,
    /// The position of its left edge, which is that of the face.
    pub left: f64,
}

impl Marks {
    pub fn is_empty(&self) -> bool {
        self.faces.is_empty() && self.eyes.is_empty() && self.landmarks.is_empty() && self.scores.is_empty()
    }

    /// Whether the marks are the same in any order, and their positions differ by less than a pixel.
    pub fn same(&self, others: &Self) -> bool {
        same(&self.faces, &others.faces, near)
            && same(&self.eyes, &others.eyes, near)
            && same(&self.landmarks, &others.landmarks, near)
            && same(&self.scores, &others.scores, |one, other| {
                one.text == other.text && near(&[one.left], &[other.left])
            })
    }
}

fn same<T>(some: &[T], others: &[T], equal: impl Fn(&T, &T) -> bool) -> bool {
    some.len() == others.len() && some.iter().all(|one| others.iter().any(|other| equal(one, other)))
}

/// Whether all numbers differ by less than a pixel.
pub fn near<const N: usize>(one: &[f64; N], other: &[f64; N]) -> bool {
    one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(faces: &[[f64; 4]], eyes: &[[f64; 4]], scores: &[(&str, f64)]) -> Marks {
        let score = |&(text, left): &(&str, f64)| Score {
            text: text.to_owned(),
            left,
        };
        Marks {
            faces: faces.to_vec(),
            eyes: eyes.to_vec(),
            landmarks: Vec::new(),
            scores: scores.iter().map(score).collect(),
        }
    }

    #[test]
    fn marks_are_compared_in_any_order() {
        let (one, other) = ([1.0, 2.0, 30.0, 30.0], [50.0, 2.0, 30.0, 30.0]);
        let given = marks(&[one, other], &[], &[]);
        assert!(given.same(&marks(&[other, [1.4, 2.0, 29.6, 30.0]], &[], &[])));
        assert!(!given.same(&marks(&[one, [50.0, 3.0, 30.0, 30.0]], &[], &[])));
        assert!(!given.same(&marks(&[one], &[], &[])));
        assert!(!given.same(&marks(&[one], &[other], &[])));
        assert!(!given.is_empty() && marks(&[], &[], &[]).is_empty());
    }

    #[test]
    fn scores_are_compared_with_their_positions() {
        let given = marks(&[], &[], &[("0.90", 5.0), ("0.91", 50.0)]);
        assert!(given.same(&marks(&[], &[], &[("0.91", 50.4), ("0.90", 5.0)])));
        for scores in [[("0.90", 5.0), ("0.92", 50.0)], [("0.90", 50.0), ("0.91", 5.0)]] {
            assert!(!given.same(&marks(&[], &[], &scores)), "{scores:?}");
        }
        assert!(!given.same(&marks(&[], &[], &[])));
    }
}

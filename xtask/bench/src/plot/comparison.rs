//! Plots the ratios of all benches to the reference, a bar for each group of figures.

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::FontStyle::{Bold, Normal};
use plotters::style::text_anchor::HPos::{Left, Right};

use super::canvas::{Area, DrawResult, INK, MARGIN, MUTED, OURS, WIDTH, font, rule, to_u32, write};
use super::scale::Scale;
use crate::figures::format_value;

const NAMES: i32 = 400;
const LEFT: i32 = 416;
const RIGHT: i32 = WIDTH - 90;
const HEAD: i32 = 92;
const ROW: i32 = 30;
const BAR: i32 = 8;

/// Plots `ratios`, each with its group's title, in the given order.
pub fn comparison(title: &str, subtitle: &str, ratios: &[(String, f64)]) -> Result<String> {
    let mut text = String::new();
    let rows = i32::try_from(ratios.len())?;
    {
        let size = (to_u32(WIDTH), to_u32(HEAD + ROW * rows + MARGIN));
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&area, title, subtitle, ratios).map_err(|error| anyhow!("failed to draw the plot: {error}"))?;
    }
    Ok(text)
}

fn draw(area: &Area, title: &str, subtitle: &str, ratios: &[(String, f64)]) -> DrawResult {
    area.fill(&WHITE)?;
    write(area, title, (MARGIN, 32), font(22, Bold, INK, Left))?;
    write(area, subtitle, (MARGIN, 58), font(13, Normal, MUTED, Left))?;
    // Bars begin at 1, the ratio of the reference.
    let values: Vec<_> = ratios.iter().map(|(_, ratio)| *ratio).chain([1.0]).collect();
    let scale = Scale::of(&values, LEFT, RIGHT);
    let start = scale.position(1.0);
    for (row, (name, ratio)) in (0..).zip(ratios) {
        let y = HEAD + ROW * row + ROW / 2;
        let end = scale.position(*ratio);
        write(area, name, (NAMES, y), font(14, Normal, INK, Right))?;
        let bar = [(start.min(end), y - BAR), (start.max(end), y + BAR)];
        area.draw(&Rectangle::new(bar, OURS.filled()))?;
        let label = format!("{}×", format_value(*ratio));
        write(area, &label, (start.max(end) + 10, y), font(14, Bold, INK, Left))?;
    }
    let bottom = HEAD + ROW * i32::try_from(ratios.len())?;
    rule(area, (start, HEAD), (start, bottom))?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_have_a_bar_for_each_ratio() {
        let ratios = [("faces".to_owned(), 16.0), ("memory".to_owned(), 0.5)];
        let text = comparison("a title", "when & where", &ratios).unwrap();
        let parsed = roxmltree::Document::parse(&text).unwrap();
        let nodes = || parsed.descendants();
        let texts: Vec<_> = nodes().filter_map(|node| node.text()).map(str::trim).collect();
        for expected in ["a title", "when & where", "faces", "16.0×", "0.500×"] {
            assert!(texts.contains(&expected), "no {expected} in {texts:?}");
        }
        // Two bars and the background.
        assert_eq!(nodes().filter(|node| node.has_tag_name("rect")).count(), 3);
    }
}

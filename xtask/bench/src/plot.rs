//! Plots figures: a panel for each group with a row for each case, in which every implementation is a dot on a
//! logarithmic scale, so that equal distances are equal ratios. Columns next to it have the ratios.

mod canvas;
mod comparison;
mod scale;

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::FontStyle::{self, Bold, Normal};
use plotters::style::text_anchor::HPos::{Center, Left, Right};

use self::canvas::{
    Area, DrawResult, INK, LINK, MARGIN, MUTED, OURS, REFERENCE, UPSTREAM, WIDTH, font, rule, to_u32, write,
};
pub use self::comparison::comparison;
use self::scale::Scale;
use super::figures::{Case, Figures, Group, Value, format_ratio, format_value};

/// The right edge of cases' names, and the edges of scales.
const NAMES: i32 = 250;
const LEFT: i32 = 310;
const RIGHT: i32 = 720;
/// The middle of the first column of ratios, and the distance of columns.
const RATIOS: i32 = 820;
const COLUMN: i32 = 84;
const HEAD: i32 = 86;
const ROW: i32 = 26;
/// The heights of a panel's title with the legend, and of its scale.
const TITLE: i32 = 58;
const AXIS: i32 = 40;
const NOTE: i32 = 20;

pub fn plot(title: &str, subtitle: &str, figures: &Figures) -> Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (to_u32(WIDTH), height(figures)));
        let area = area.into_drawing_area();
        draw(&area, title, subtitle, figures).map_err(|error| anyhow!("failed to draw the plot: {error}"))?;
    }
    Ok(text)
}

fn height(figures: &Figures) -> u32 {
    let panels = figures.groups.iter().map(panel_height);
    to_u32(HEAD + panels.sum::<i32>() + MARGIN)
}

fn panel_height(group: &Group) -> i32 {
    let cases = i32::try_from(group.cases.len()).unwrap_or(i32::MAX);
    let rows = cases + i32::from(!group.means.is_empty());
    TITLE + ROW * rows + AXIS
}

fn colour(group: &Group, implementation: &str) -> RGBColor {
    if Some(implementation) == group.reference.as_deref() {
        REFERENCE
    } else if implementation == "upstream" {
        UPSTREAM
    } else {
        OURS
    }
}

fn draw(area: &Area, title: &str, subtitle: &str, figures: &Figures) -> DrawResult {
    area.fill(&WHITE)?;
    write(area, title, (MARGIN, 32), font(22, Bold, INK, Left))?;
    write(area, subtitle, (MARGIN, 58), font(13, Normal, MUTED, Left))?;
    let mut top = HEAD;
    for group in &figures.groups {
        panel(area, top, group)?;
        top += panel_height(group);
    }
    area.present()?;
    Ok(())
}

fn panel(area: &Area, top: i32, group: &Group) -> DrawResult {
    let values = group.cases.iter().flat_map(|case| &case.values);
    let values: Vec<_> = values.map(|value| value.value).collect();
    let scale = Scale::of(&values, LEFT, RIGHT);
    rule(area, (MARGIN, top), (WIDTH - MARGIN, top))?;
    let title = (MARGIN, top + NOTE);
    write(area, &group.title, title, font(15, Bold, INK, Left))?;
    legend(area, top + TITLE - 16, group)?;
    let first = top + TITLE;
    let bottom = first + ROW * i32::try_from(group.cases.len())?;
    let note = |anchor| font(12, Normal, MUTED, anchor);
    for tick in scale.ticks() {
        let x = scale.position(tick);
        rule(area, (x, first), (x, bottom))?;
        write(area, &scale::label(tick), (x, bottom + 12), note(Center))?;
    }
    let unit = format!("{}, log", group.unit.symbol());
    write(area, &unit, (RIGHT + 16, bottom + 12), note(Left))?;
    for (number, case) in (0..).zip(&group.cases) {
        row(area, first + ROW * number + ROW / 2, group, case, &scale)?;
    }
    if !group.means.is_empty() {
        let y = bottom + ROW / 2;
        write(area, "geometric mean", (NAMES, y), font(13, Bold, INK, Right))?;
        columns(area, y, group, (14, Bold), |implementation| {
            group.mean(implementation).map(format_ratio)
        })?;
    }
    Ok(())
}

fn legend(area: &Area, y: i32, group: &Group) -> DrawResult {
    let mut x = LEFT;
    for implementation in group.implementations() {
        let colour = colour(group, implementation);
        area.draw(&Circle::new((x, y), 5, colour.filled()))?;
        write(area, implementation, (x + 11, y), font(13, Normal, colour, Left))?;
        x += 40 + 8 * i32::try_from(implementation.chars().count())?;
    }
    columns(area, y, group, (12, Normal), |implementation| {
        Some(group.ratio_label(implementation))
    })
}

fn row(area: &Area, y: i32, group: &Group, case: &Case, scale: &Scale) -> DrawResult {
    write(area, &case.name, (NAMES, y), font(13, Normal, INK, Right))?;
    let values = case.values.iter();
    let mut dots: Vec<_> = values.map(|value| (scale.position(value.value), value)).collect();
    dots.sort_by_key(|(x, _)| *x);
    let (Some((least, low)), Some((most, high))) = (dots.first(), dots.last()) else {
        return Ok(());
    };
    let line = PathElement::new(vec![(*least, y), (*most, y)], LINK.stroke_width(3));
    area.draw(&line)?;
    for (x, value) in &dots {
        let colour = colour(group, &value.implementation);
        area.draw(&Circle::new((*x, y), 6, colour.filled()))?;
    }
    let label = |value: &Value, x, anchor| {
        let font = font(12, Normal, colour(group, &value.implementation), anchor);
        write(area, &format_value(value.value), (x, y), font)
    };
    if dots.len() > 1 {
        label(low, least - 11, Right)?;
    }
    label(high, most + 11, Left)?;
    columns(area, y, group, (13, Normal), |implementation| {
        Some(format_ratio(case.value(implementation)?.ratio?))
    })
}

fn columns(
    area: &Area,
    y: i32,
    group: &Group,
    (size, weight): (u32, FontStyle),
    text: impl Fn(&str) -> Option<String>,
) -> DrawResult {
    for (column, implementation) in (0..).zip(group.compared_implementations()) {
        if let Some(text) = text(implementation) {
            let font = font(size, weight, colour(group, implementation), Center);
            write(area, &text, (RATIOS + COLUMN * column, y), font)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Unit;

    #[test]
    fn plots_are_svg_with_each_name_and_ratio() {
        let group = Group::new("faces <in> photos", Unit::Milliseconds, Some("wheel"))
            .with_case("a&b.jpg", &[("wheel", 120.0), ("upstream", 60.0), ("ours", 8.0)])
            .with_case("c.jpg", &[("wheel", 100.0), ("upstream", 50.0), ("ours", 10.0)])
            .with_means();
        let figures = Figures {
            groups: vec![group],
            ..Figures::default()
        };
        let text = plot("a title", "when & where", &figures).unwrap();
        let parsed = roxmltree::Document::parse(&text).unwrap();
        let texts: Vec<_> = parsed
            .descendants()
            .filter_map(|node| node.text())
            .map(str::trim)
            .collect();
        for expected in [
            "a title",
            "when & where",
            "faces <in> photos",
            "a&b.jpg",
            "15.0x",
            "2.00x",
            "geometric mean",
            "12.2x",
            "8.00",
            "120",
        ] {
            assert!(texts.contains(&expected), "no {expected} in {texts:?}");
        }
    }

    #[test]
    fn empty_groups_can_be_drawn() {
        let mut group = Group::new("free", Unit::Dollars, None);
        group.add_case("nothing", &[("ours", 0.0)]);
        let groups = vec![group, Group::new("empty", Unit::Seconds, None)];
        let figures = Figures {
            groups,
            ..Figures::default()
        };
        roxmltree::Document::parse(&plot("", "", &figures).unwrap()).unwrap();
    }
}

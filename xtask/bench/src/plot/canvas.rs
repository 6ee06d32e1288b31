//! Colours, sizes and drawing functions that all plots share.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::FontStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub(super) const WIDTH: i32 = 960;
pub(super) const MARGIN: i32 = 28;
pub(super) const INK: RGBColor = RGBColor(31, 36, 43);
pub(super) const MUTED: RGBColor = RGBColor(105, 113, 124);
pub(super) const GRID: RGBColor = RGBColor(228, 231, 236);
pub(super) const LINK: RGBColor = RGBColor(200, 205, 212);
pub(super) const OURS: RGBColor = RGBColor(22, 104, 199);
pub(super) const UPSTREAM: RGBColor = RGBColor(28, 146, 120);
pub(super) const REFERENCE: RGBColor = RGBColor(214, 112, 32);

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type DrawResult = Result<(), Box<dyn std::error::Error>>;

pub(super) fn to_u32(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}

pub(super) fn rule(area: &Area, from: (i32, i32), to: (i32, i32)) -> DrawResult {
    area.draw(&PathElement::new(vec![from, to], GRID.stroke_width(1)))?;
    Ok(())
}

pub(super) fn font(size: u32, weight: FontStyle, colour: RGBColor, anchor: HPos) -> TextStyle<'static> {
    let font = ("sans-serif", size).into_font().style(weight);
    font.color(&colour).pos(Pos::new(anchor, VPos::Center))
}

/// Draws text that is vertically centred at `place`.
pub(super) fn write(area: &Area, text: &str, place: (i32, i32), font: TextStyle) -> DrawResult {
    area.draw(&Text::new(text.to_owned(), place, font))?;
    Ok(())
}

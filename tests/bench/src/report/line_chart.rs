//! Line charts as SVG: one panel for each figure, one line for each subject.

use std::fmt::{Result, Write};

use super::numbers::shown;

const PANEL: usize = 260;
const HEIGHT: usize = 210;
const LEFT: usize = 52;
const RIGHT: usize = 12;
const TOP: usize = 48;
const BOTTOM: usize = 40;
const COLOURS: [&str; 3] = ["#2a6fbb", "#2f8f5b", "#b0413e"];

/// A line: its name, and for each panel the values at each place on the axis.
pub struct Line<'a> {
    pub label: &'a str,
    pub values: Vec<Vec<Option<f64>>>,
}

/// The places on the horizontal axis have equal distances, as their values grow tenfold.
pub fn line_chart(axis: &str, places: &[usize], panels: &[&str], lines: &[Line<'_>]) -> String {
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write_chart(&mut svg, axis, places, panels, lines);
    svg
}

fn write_chart(
    svg: &mut String,
    axis: &str,
    places: &[usize],
    panels: &[&str],
    lines: &[Line<'_>],
) -> Result {
    let width = PANEL * panels.len();
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" font-family="sans-serif" font-size="11" fill="#222">"##
    )?;
    writeln!(svg, r##"<rect width="{width}" height="{HEIGHT}" fill="#fff"/>"##)?;
    for (index, line) in lines.iter().enumerate() {
        let x = 8 + index * 190;
        let colour = COLOURS[index % COLOURS.len()];
        writeln!(svg, r#"<text x="{x}" y="16" fill="{colour}">{}</text>"#, line.label)?;
    }
    for (index, panel) in panels.iter().enumerate() {
        write_panel(svg, index, axis, panel, places, lines)?;
    }
    writeln!(svg, "</svg>")
}

fn write_panel(
    svg: &mut String,
    index: usize,
    axis: &str,
    title: &str,
    places: &[usize],
    lines: &[Line<'_>],
) -> Result {
    let values = lines.iter().filter_map(|it| it.values.get(index)).flatten().flatten();
    let highest = values.copied().fold(f64::MIN_POSITIVE, f64::max);
    let (left, right) = (index * PANEL + LEFT, (index + 1) * PANEL - RIGHT);
    let bottom = HEIGHT - BOTTOM;
    let step = (right - left) as f64 / places.len().saturating_sub(1).max(1) as f64;
    let x = |place: usize| left as f64 + place as f64 * step;
    let y = |value: f64| bottom as f64 - value / highest * (bottom - TOP) as f64;
    writeln!(svg, r#"<text x="{left}" y="{}" font-weight="bold">{title}</text>"#, TOP - 12)?;
    writeln!(svg, r##"<path d="M{left} {TOP}V{bottom}H{right}" fill="none" stroke="#999"/>"##)?;
    for value in [0.0, highest] {
        let (x, y) = (left - 4, y(value) + 4.0);
        writeln!(svg, r#"<text x="{x}" y="{y:.1}" text-anchor="end">{}</text>"#, shown(value))?;
    }
    for (place, value) in places.iter().enumerate() {
        let (x, y, value) = (x(place), bottom + 14, shown(*value as f64));
        writeln!(
            svg,
            r#"<text x="{x:.1}" y="{y}" text-anchor="middle" font-size="9">{value}</text>"#
        )?;
    }
    let middle = usize::midpoint(left, right);
    writeln!(svg, r#"<text x="{middle}" y="{}" text-anchor="middle">{axis}</text>"#, HEIGHT - 8)?;
    for (number, line) in lines.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let values = line.values.get(index).map(Vec::as_slice).unwrap_or_default();
        let points = values.iter().enumerate().filter_map(|(at, it)| Some((x(at), y((*it)?))));
        let points: Vec<_> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        writeln!(
            svg,
            r#"<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>"#
        )?;
    }
    Ok(())
}

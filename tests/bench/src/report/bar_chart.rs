//! Bar charts as SVG.

use std::fmt::{Result, Write};

use super::numbers::{range, shown};

const WIDTH: usize = 720;
const LABELS: usize = 230;
const VALUES: usize = 80;
const BAR: usize = 16;
const GAP: usize = 12;
const TOP: usize = 34;

/// A group of bars, one for each series, with all measured values.
pub struct Group<'a> {
    pub label: &'a str,
    /// Whether it is what others are compared with.
    pub is_peer: bool,
    pub values: Vec<Vec<f64>>,
}

/// Horizontal bars for the medians, with lines for the ranges.
pub fn bar_chart(title: &str, series: &[&str], groups: &[Group<'_>]) -> String {
    let height = TOP + groups.len() * (series.len() * BAR + GAP) + GAP;
    let highs = groups.iter().flat_map(|it| &it.values).filter_map(|it| range(it));
    let highest = highs.map(|(_, _, high)| high).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write_chart(&mut svg, title, series, groups, height, highest);
    svg
}

fn write_chart(
    svg: &mut String,
    title: &str,
    series: &[&str],
    groups: &[Group<'_>],
    height: usize,
    highest: f64,
) -> Result {
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12" fill="#222">"##
    )?;
    writeln!(svg, r##"<rect width="{WIDTH}" height="{height}" fill="#fff"/>"##)?;
    let units = series.join(", ");
    writeln!(svg, r#"<text x="8" y="20" font-weight="bold">{title}: {units}</text>"#)?;
    let scale = (WIDTH - LABELS - VALUES) as f64 / highest;
    let mut y = TOP;
    for group in groups {
        let middle = y + series.len() * BAR / 2 + 4;
        writeln!(
            svg,
            r#"<text x="{}" y="{middle}" text-anchor="end">{}</text>"#,
            LABELS - 8,
            group.label
        )?;
        for (index, values) in group.values.iter().enumerate() {
            if let Some(range) = range(values) {
                write_bar(svg, y, range, scale, colour(group.is_peer, index))?;
            }
            y += BAR;
        }
        y += GAP;
    }
    writeln!(svg, "</svg>")
}

fn write_bar(
    svg: &mut String,
    y: usize,
    (low, median, high): (f64, f64, f64),
    scale: f64,
    colour: &str,
) -> Result {
    let left = LABELS as f64;
    let (width, thickness) = (median * scale, BAR - 3);
    writeln!(
        svg,
        r#"<rect x="{left}" y="{y}" width="{width:.1}" height="{thickness}" fill="{colour}"/>"#
    )?;
    let (from, to) = (left + low * scale, left + high * scale);
    let middle = y + thickness / 2;
    writeln!(
        svg,
        r##"<line x1="{from:.1}" x2="{to:.1}" y1="{middle}" y2="{middle}" stroke="#222"/>"##
    )?;
    let (x, baseline) = (to + 6.0, y + thickness - 2);
    writeln!(svg, r#"<text x="{x:.1}" y="{baseline}">{}</text>"#, shown(median))
}

fn colour(is_peer: bool, series: usize) -> &'static str {
    match (is_peer, series) {
        (false, 0) => "#2a6fbb",
        (false, _) => "#9cc3ea",
        (true, 0) => "#b06a2c",
        (true, _) => "#e3bf9a",
    }
}

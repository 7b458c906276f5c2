//! Numbers as tables show them.

const DIGITS: usize = 3;

/// Three significant digits; whole numbers from a thousand on.
pub fn shown(value: f64) -> String {
    if value.abs() >= 1_000.0 {
        return with_separators(value.round() as i64);
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let before_point = value.abs().log10().floor() as i32 + 1;
    let decimals = (DIGITS as i32 - before_point).clamp(0, 6) as usize;
    let text = format!("{value:.decimals$}");
    if decimals == 0 { text } else { trimmed(&text).to_owned() }
}

/// The median, and the range if there is one.
pub fn summary(values: &[f64]) -> String {
    let Some((low, middle, high)) = range(values) else { return "–".to_owned() };
    let (low, middle, high) = (shown(low), shown(middle), shown(high));
    if low == high { middle } else { format!("{middle} ({low}–{high})") }
}

/// The lowest value, the median, and the highest value.
pub fn range(values: &[f64]) -> Option<(f64, f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some((*sorted.first()?, *sorted.get(sorted.len() / 2)?, *sorted.last()?))
}

fn trimmed(text: &str) -> &str {
    text.trim_end_matches('0').trim_end_matches('.')
}

fn with_separators(value: i64) -> String {
    let digits = value.abs().to_string();
    let mut text = if value < 0 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_significant_digits() {
        let numbers = [0.0, 0.012_34, 1.0, 9.996, 12.34, 999.4, 1_234.5, 1_234_567.0];
        let texts = ["0", "0.0123", "1", "10", "12.3", "999", "1,235", "1,234,567"];
        assert_eq!(numbers.map(shown), texts);
    }

    #[test]
    fn a_range_is_shown_only_if_there_is_one() {
        assert_eq!(summary(&[3.0, 1.0, 2.0]), "2 (1–3)");
        assert_eq!(summary(&[1.0, 1.0]), "1");
        assert_eq!(summary(&[]), "–");
    }
}

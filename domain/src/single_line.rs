//! Normalises names and titles to one visible line.

use alloc::string::String;

/// The first `chars_max` characters of a typed text as one line: white space is collapsed and
/// invisible characters are removed, because they could make a name look empty or reverse the text
/// around it. Joiners and variation selectors stay beside the letters that they shape. Empty if
/// nothing is visible.
pub(crate) fn single_line(typed: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    let mut pending: Option<char> = None;
    for c in typed.chars() {
        match visibility(c) {
            Visibility::Blank => pending = (count > 0).then_some(' '),
            Visibility::Joiner if count > 0 && pending.is_none() => pending = Some(c),
            Visibility::Shape if count > 0 && pending.is_none() && count < chars_max => {
                line.push(c);
                count += 1;
            }
            Visibility::Joiner | Visibility::Shape | Visibility::Invisible => {}
            Visibility::Visible => {
                let more = 1 + usize::from(pending.is_some());
                if count + more > chars_max {
                    break;
                }
                line.extend(pending.take());
                line.push(c);
                count += more;
            }
        }
    }
    line
}

enum Visibility {
    Visible,
    /// Rendered as a space.
    Blank,
    /// Joins or separates the letters on its two sides.
    Joiner,
    /// Selects a variant of the character before it.
    Shape,
    Invisible,
}

const BRAILLE_BLANK: char = '\u{2800}';

/// Classifies by the Unicode properties `White_Space` and `Default_Ignorable_Code_Point` and the
/// category Cf, except its visible signs; letters that are drawn as nothing are invisible too.
fn visibility(c: char) -> Visibility {
    match c {
        c if c.is_whitespace() || c.is_control() || c == BRAILLE_BLANK => Visibility::Blank,
        '\u{200c}' | '\u{200d}' => Visibility::Joiner,
        '\u{180b}'..='\u{180d}'
        | '\u{180f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}' => Visibility::Shape,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{16fe4}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d159}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Visibility::Invisible,
        _ => Visibility::Visible,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(typed: &str) -> String {
        single_line(typed, 100)
    }

    #[test]
    fn white_space_is_collapsed_and_trimmed() {
        assert_eq!(whole(" \tAda\r\n \u{3000}\u{2028}Lovelace\u{0}"), "Ada Lovelace");
    }

    #[test]
    fn invisible_characters_are_removed() {
        for c in [
            '\0',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2028}',
            '\u{2060}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fffb}',
            '\u{1d159}',
            '\u{e0041}',
            '\u{e0100}',
        ] {
            let typed: String = core::iter::repeat_n(c, 5).collect();
            assert_eq!(whole(&typed), "", "{:x}", u32::from(c));
        }
    }

    #[test]
    fn bidirectional_controls_are_removed() {
        assert_eq!(whole("\u{202e}Ada\u{2067}!\u{2069} \u{200f}B"), "Ada! B");
    }

    #[test]
    fn joiners_and_variation_selectors_stay_only_beside_letters() {
        for name in ["नर्\u{200d}मदा", "می\u{200c}خواهم", "👩\u{200d}🚀", "❤\u{fe0f}", "葛\u{e0100}"]
        {
            assert_eq!(whole(name), name);
        }
        assert_eq!(whole("\u{200d}a\u{200d}\u{200d}b \u{200d}\u{fe0f}c\u{200d}"), "a\u{200d}b c");
    }

    #[test]
    fn a_long_line_is_cut_after_a_visible_character() {
        assert_eq!(single_line("ab cd", 3), "ab");
        assert_eq!(single_line("ab\u{200d}cd", 3), "ab");
        assert_eq!(single_line("abcd", 3), "abc");
        assert_eq!(single_line("\u{202e}\u{202e}\u{202e}abcd", 3), "abc");
    }
}

//! One line that says something: names and titles, as others may be shown them.

use alloc::string::String;

/// The first `chars_max` characters of what somebody typed, as one line: white space is collapsed,
/// and what cannot be seen goes, so that nobody hides behind an empty name or turns the words
/// around it. What shapes the letters beside it stays. Empty where there is nothing to see.
pub(crate) fn single_line(typed: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    let mut waiting: Option<char> = None;
    for c in typed.chars() {
        match visibility(c) {
            Visibility::Blank => waiting = (count > 0).then_some(' '),
            Visibility::Joiner if count > 0 && waiting.is_none() => waiting = Some(c),
            Visibility::Shape if count > 0 && waiting.is_none() && count < chars_max => {
                line.push(c);
                count += 1;
            }
            Visibility::Joiner | Visibility::Shape | Visibility::Invisible => {}
            Visibility::Visible => {
                let more = 1 + usize::from(waiting.is_some());
                if count + more > chars_max {
                    break;
                }
                line.extend(waiting.take());
                line.push(c);
                count += more;
            }
        }
    }
    line
}

enum Visibility {
    Visible,
    /// Seen as a space.
    Blank,
    /// Joins or parts the letters on both of its sides.
    Joiner,
    /// Chooses a shape of the character before it.
    Shape,
    Invisible,
}

const BRAILLE_BLANK: char = '\u{2800}';

/// By Unicode's properties `White_Space`, `Default_Ignorable_Code_Point` and the category Cf, but for
/// signs of that category that can be seen; and letters that are drawn as nothing.
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
    fn what_cannot_be_seen_is_nothing() {
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
    fn words_are_not_turned_around() {
        assert_eq!(whole("\u{202e}Ada\u{2067}!\u{2069} \u{200f}B"), "Ada! B");
    }

    #[test]
    fn what_shapes_letters_stays_between_and_behind_them_alone() {
        for name in ["नर्\u{200d}मदा", "می\u{200c}خواهم", "👩\u{200d}🚀", "❤\u{fe0f}", "葛\u{e0100}"]
        {
            assert_eq!(whole(name), name);
        }
        assert_eq!(whole("\u{200d}a\u{200d}\u{200d}b \u{200d}\u{fe0f}c\u{200d}"), "a\u{200d}b c");
    }

    #[test]
    fn a_long_line_is_cut_behind_a_character_that_can_be_seen() {
        assert_eq!(single_line("ab cd", 3), "ab");
        assert_eq!(single_line("ab\u{200d}cd", 3), "ab");
        assert_eq!(single_line("abcd", 3), "abc");
        assert_eq!(single_line("\u{202e}\u{202e}\u{202e}abcd", 3), "abc");
    }
}

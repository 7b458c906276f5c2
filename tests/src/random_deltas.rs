//! Random texts and changes, decided by a seed.

use sockbit_domain::{Delta, Text};
use sockbit_simulation::Random;

/// Short, so that repetitions are frequent, and with characters that share a surrogate.
const WORDS: [&str; 12] =
    ["the", "note", "a", "ink", "über", "漢字", "👩", "👧", "👩\u{200d}👧", "e\u{301}", "x1", "𝒳𝒴"];
const GAPS: [&str; 8] = [" ", " ", " ", "  ", "\n", ", ", ". ", "\t"];

/// A source of random texts and changes.
pub struct RandomDeltas {
    random: Random,
}

impl RandomDeltas {
    /// The same seed gives the same texts and changes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed) }
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound)
    }

    /// True in one of two cases.
    pub fn coin(&mut self) -> bool {
        self.random.percent(50)
    }

    /// A short text, with characters of every plane of Unicode.
    pub fn text(&mut self) -> Text {
        let len = self.below(12);
        Text::normalise(&self.characters(len))
    }

    /// A change that fits a text.
    pub fn change(&mut self, text: &Text) -> Delta {
        self.change_of_kinds(text, 3)
    }

    /// A change that fits a text and deletes nothing.
    pub fn growth(&mut self, text: &Text) -> Delta {
        self.change_of_kinds(text, 2)
    }

    /// A change that fits a text and only deletes.
    pub fn cut(&mut self, text: &Text) -> Delta {
        let mut cut = Delta::new();
        for c in text.as_str().chars() {
            let units = units(c);
            cut = if self.coin() { cut.delete(units) } else { cut.retain(units) };
        }
        cut
    }

    /// A change of any length, which may not fit a text.
    pub fn wild_change(&mut self) -> Delta {
        let mut delta = Delta::new();
        for _ in 0..self.below(6) {
            let units = u32::try_from(self.below(8)).unwrap_or(1);
            delta = match self.below(3) {
                0 => delta.retain(units),
                1 => delta.delete(units),
                _ => delta.insert(&self.characters(1)),
            };
        }
        delta
    }

    /// A text of so many words.
    pub fn prose(&mut self, words: usize) -> Text {
        let mut text = String::new();
        for _ in 0..words {
            text.push_str(self.random.pick(&WORDS, ""));
            text.push_str(self.random.pick(&GAPS, ""));
        }
        Text::normalise(&text)
    }

    /// A word that is unique to this number, followed by a blank or a line break.
    pub fn word(&mut self, number: usize) -> String {
        let [letter, gap] = [self.below(3), self.below(4)];
        format!("{}{number}{}", ["a", "b", "c"][letter], [" ", " ", " ", "\n"][gap])
    }

    /// A text after heavy editing elsewhere: parts are typed anew, cut, repeated and moved.
    pub fn reworked(&mut self, text: &Text) -> Text {
        let mut chars: Vec<char> = text.as_str().chars().collect();
        for _ in 0..=self.below(4) {
            let from = self.below(chars.len() + 1);
            let len = self.below((chars.len() - from).min(12) + 1);
            let cut: Vec<char> = chars.drain(from..from + len).collect();
            let to = self.below(chars.len() + 1);
            match self.below(5) {
                0 => {}
                1 => drop(chars.splice(to..to, cut)),
                2 => drop(chars.splice(from..from, [cut.clone(), cut].concat())),
                3 => drop(chars.splice(from..from, self.prose(2).as_str().chars())),
                _ => drop(chars.splice(from..from, self.characters(2).chars())),
            }
        }
        Text::normalise(&chars.into_iter().collect::<String>())
    }

    fn change_of_kinds(&mut self, text: &Text, kinds: usize) -> Delta {
        let mut rest = text.as_str().chars();
        let mut delta = Delta::new();
        for _ in 0..self.below(7) {
            match self.below(kinds) {
                0 => {
                    let len = 1 + self.below(3);
                    delta = delta.insert(&self.characters(len));
                }
                1 => delta = delta.retain(self.some_units(&mut rest)),
                _ => delta = delta.delete(self.some_units(&mut rest)),
            }
        }
        delta
    }

    fn some_units(&mut self, rest: &mut std::str::Chars<'_>) -> u32 {
        let len = 1 + self.below(4);
        rest.by_ref().take(len).map(units).sum()
    }

    fn characters(&mut self, len: usize) -> String {
        (0..len).map(|_| self.character()).collect()
    }

    fn character(&mut self) -> char {
        if self.coin() {
            return self.random.pick(&['a', 'b', 'c', ' ', '\n', '.'], 'a');
        }
        loop {
            let plane = self.below(17);
            let code = plane * 0x1_0000 + self.below(0x1_0000);
            let c = u32::try_from(code).ok().and_then(char::from_u32);
            if let Some(c) = c.filter(|c| Text::is_clean(c.encode_utf8(&mut [0; 4]))) {
                return c;
            }
        }
    }
}

fn units(c: char) -> u32 {
    1 + u32::from(c > '\u{ffff}')
}

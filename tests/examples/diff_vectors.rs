//! Writes test vectors of `Delta::diff`, which the browser's `delta.js` must match: to
//! `tests/vectors/diff.json`, or COUNT of them to FILE. Some are chosen, most are random.
//!
//! `cargo run -p sockbit-tests --example diff_vectors [COUNT FILE]`

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use sockbit_domain::{Delta, Text};
use sockbit_tests::random_deltas::RandomDeltas;

const CASES: u64 = 700;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let count = arguments.next().map_or(Ok(CASES), |count| count.parse())?;
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/diff.json");
    let file = arguments.next().map_or(beside, PathBuf::from);
    let lines: Result<Vec<String>, _> = chosen()
        .chain((0..count).map(random))
        .map(|(old, new)| serde_json::to_string(&(&old, &new, Delta::diff(&old, &new))))
        .collect();
    fs::write(file, format!("[\n{}\n]\n", lines?.join(",\n")))?;
    Ok(())
}

/// Cases that random texts rarely contain.
fn chosen() -> impl Iterator<Item = (Text, Text)> {
    let pair = |(old, new): (String, String)| (Text::normalise(&old), Text::normalise(&new));
    let bounds = at_the_bound().chain(beyond_the_bound()).chain(in_many_lines());
    bounds.chain(around_each_mark()).chain(sharing_half_a_pair()).map(pair)
}

/// A word among new lines, in numbers just below and above the limit of a comparison by words.
fn at_the_bound() -> impl Iterator<Item = (String, String)> {
    (254..=258).map(|count| {
        let (before, after) = ("\n".repeat(count / 2), "\n".repeat(count.div_ceil(2)));
        ("word".into(), format!("{before}word{after}"))
    })
}

/// A common part among more new words than the limit: it is found only if it is a line.
fn beyond_the_bound() -> impl Iterator<Item = (String, String)> {
    let word = |n: u32| format!("<{n}>");
    let words = move |from: u32| (from..from + 130).map(word).collect::<String>();
    ["\nhere\n", " here ", "here"].into_iter().map(move |stays| {
        let old = format!("{}{stays}{}", words(1_000), words(2_000));
        (old, format!("{}{stays}{}", words(3_000), words(4_000)))
    })
}

/// A common line among new lines, in numbers just below and above the limit. In scripts without
/// spaces each character is a word.
fn in_many_lines() -> impl Iterator<Item = (String, String)> {
    let lines = |from: u32, count: u32, word: &str| {
        (from..from + count).map(|n| format!("{word}{n} a\n")).collect::<Vec<_>>().concat()
    };
    [("a b", 100), ("a b", 128), ("a b", 129), ("漢字", 128), ("𠀀𠀁", 60)].into_iter().map(
        move |(word, count)| {
            let old = format!("{}stays\n{}", lines(1_000, count, word), lines(2_000, 1, word));
            (old, format!("{}stays\n{}", lines(3_000, count, word), lines(4_000, 1, word)))
        },
    )
}

/// The common part is found only if the character in the middle ends a word.
fn around_each_mark() -> impl Iterator<Item = (String, String)> {
    ('\t'..='~').chain("\u{a0}\u{2028}\u{3000}\u{feff}—、".chars()).filter_map(|mark| {
        let (old, new) = (format!("ab{mark}cd{mark}{mark}ef"), format!("xb{mark}cy{mark}{mark}ez"));
        Text::is_clean(&old).then_some((old, new))
    })
}

/// Different characters that share one half of their surrogate pair.
fn sharing_half_a_pair() -> impl Iterator<Item = (String, String)> {
    let ends = [("👩", "👧"), ("👩", "\u{1f869}")];
    let frames = [("", ""), ("a", ""), ("", "a"), ("👧", "👧"), ("one two ", " three")];
    ends.into_iter().flat_map(move |(old, new)| {
        frames.map(|(before, after)| {
            (format!("1{before}{old}{after}2"), format!("3{before}{new}{after}4"))
        })
    })
}

fn random(seed: u64) -> (Text, Text) {
    let mut deltas = RandomDeltas::new(seed);
    let words = match seed % 200 {
        // Long enough that a text whose words all differ exceeds the search bound.
        0 => 400,
        1 => 120,
        _ => deltas.below(20),
    };
    let old = deltas.prose(words);
    let new = match seed % 8 {
        0 => deltas.prose(words),
        1 => deltas.text(),
        _ => deltas.reworked(&old),
    };
    (old, new)
}

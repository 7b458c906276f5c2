//! The cost of delta operations on a note of 4 KiB and on one of maximum length.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sockbit_domain::{Delta, Text};

const SENTENCE: &str = "Notes are shared — über alle Grenzen, 漢字 and 👩‍👧 included.\n";

fn note(bytes: usize) -> Text {
    Text::normalise(&SENTENCE.repeat(bytes / SENTENCE.len()))
}

/// Some words typed and some deleted in the middle; `shift` sentences apart for two users.
fn edit(text: &Text, shift: u32) -> Delta {
    let line = u32::try_from(SENTENCE.encode_utf16().count()).unwrap_or(1);
    let lines = u32::try_from(text.len_utf16()).unwrap_or(0) / line;
    Delta::new().retain((lines / 2 + shift) * line).insert("One more word. ").delete(6)
}

fn deltas(criterion: &mut Criterion) {
    for kib in [4, 64] {
        let text = note(kib * 1024);
        let (first, second) = (edit(&text, 0), edit(&text, 1));
        let changed = second.apply(&text).unwrap_or_default();
        let mut bench = |name: &str, run: &dyn Fn()| {
            criterion.bench_function(&format!("{name}, {kib} KiB"), |it| it.iter(run));
        };
        bench("apply", &|| drop(black_box(first.apply(black_box(&text)))));
        bench("invert", &|| drop(black_box(first.invert(black_box(&text)))));
        bench("compose", &|| drop(black_box(first.compose(black_box(&second)))));
        bench("transform", &|| drop(black_box(first.transform(black_box(&second), true))));
        bench("diff", &|| drop(black_box(Delta::diff(black_box(&text), &changed))));
    }
}

criterion_group!(benches, deltas);
criterion_main!(benches);

//! The laws of deltas, on about 100,000 random cases in all. `SOCKBIT_DELTA_CASES` sets the number
//! of cases for each law, `SOCKBIT_DELTA_SEED` runs a single case.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Debug;

use sockbit_domain::{Delta, DeltaError, Op, Text};
use sockbit_tests::random_deltas::RandomDeltas;

/// For each of the 15 laws.
const CASES: u64 = 7_000;

type LawResult = Result<(), Box<dyn Error>>;

#[track_caller]
fn check_law(law: impl Fn(&mut RandomDeltas) -> LawResult) {
    let seeds = match number("SOCKBIT_DELTA_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SOCKBIT_DELTA_CASES").unwrap_or(CASES),
    };
    for seed in seeds {
        if let Err(fault) = law(&mut RandomDeltas::new(seed)) {
            panic!("SOCKBIT_DELTA_SEED={seed}: {fault}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the number of cases is configuration of this test")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn same<T: PartialEq + Debug>(left: &T, right: &T) -> LawResult {
    if left == right { Ok(()) } else { Err(format!("{left:?} is not {right:?}").into()) }
}

#[test]
fn two_concurrent_changes_converge() {
    check_law(|deltas| {
        let text = deltas.text();
        let (first, second) = (deltas.change(&text), deltas.change(&text));
        let one = first.transform(&second, true).apply(&first.apply(&text)?)?;
        let other = second.transform(&first, false).apply(&second.apply(&text)?)?;
        same(&one, &other)
    });
}

/// A client's text and its changes that the server has not received.
struct Client {
    shown: Text,
    unsent: Delta,
}

impl Client {
    fn new(text: &Text, change: &Delta) -> Result<Self, DeltaError> {
        Ok(Self { shown: change.apply(text)?, unsent: change.clone() })
    }

    fn next_message(&mut self, remote: &Delta) -> Result<(), DeltaError> {
        self.shown = self.unsent.transform(remote, false).apply(&self.shown)?;
        self.unsent = remote.transform(&self.unsent, true);
        Ok(())
    }

    fn saved(&mut self) {
        self.unsent = Delta::new();
    }
}

#[test]
fn three_clients_with_one_server_order_converge() {
    check_law(|deltas| {
        let text = deltas.text();
        let changes = [deltas.change(&text), deltas.change(&text), deltas.change(&text)];
        let first = changes[0].clone();
        let second = first.transform(&changes[1], true);
        let third = second.transform(&first.transform(&changes[2], true), true);
        let log = [first, second, third];
        let server = log.iter().try_fold(text.clone(), |text, delta| delta.apply(&text))?;
        for (mine, change) in changes.iter().enumerate() {
            let mut client = Client::new(&text, change)?;
            for (number, delta) in log.iter().enumerate() {
                if number == mine { client.saved() } else { client.next_message(delta)? }
            }
            same(&client.shown, &server)?;
        }
        Ok(())
    });
}

#[test]
fn a_change_in_flight_and_a_pending_one_give_the_text_that_the_client_shows() {
    check_law(|deltas| {
        let text = deltas.text();
        let (remote, in_flight) = (deltas.change(&text), deltas.change(&text));
        let sent = in_flight.apply(&text)?;
        let pending = deltas.change(&sent);

        let remote_here = pending.transform(&in_flight.transform(&remote, false), false);
        let shown = remote_here.apply(&pending.apply(&sent)?)?;

        let pending = in_flight.transform(&remote, false).transform(&pending, true);
        let in_flight = remote.transform(&in_flight, true);
        same(&pending.apply(&in_flight.apply(&remote.apply(&text)?)?)?, &shown)
    });
}

#[test]
fn a_composition_has_the_effect_of_its_parts() {
    check_law(|deltas| {
        let text = deltas.text();
        let first = deltas.change(&text);
        let between = first.apply(&text)?;
        let second = deltas.change(&between);
        same(&first.compose(&second)?.apply(&text)?, &second.apply(&between)?)
    });
}

#[test]
fn composition_is_associative() {
    check_law(|deltas| {
        let text = deltas.text();
        let a = deltas.change(&text);
        let b = deltas.change(&a.apply(&text)?);
        let c = deltas.change(&a.compose(&b)?.apply(&text)?);
        same(&a.compose(&b)?.compose(&c)?, &a.compose(&b.compose(&c)?)?)
    });
}

#[test]
fn an_inverse_undoes_its_change() {
    check_law(|deltas| {
        let text = deltas.text();
        let change = deltas.change(&text);
        same(&change.invert(&text)?.apply(&change.apply(&text)?)?, &text)
    });
}

#[test]
fn applying_a_diff_gives_the_new_text() {
    check_law(|deltas| {
        let words = deltas.below(12);
        let old = deltas.prose(words);
        let new = if deltas.below(10) == 0 { deltas.text() } else { deltas.reworked(&old) };
        let diff = Delta::diff(&old, &new);
        is_canonical(&diff)?;
        same(&diff.apply(&old)?, &new)
    });
}

/// The number of concurrent edits. In one of a hundred cases it exceeds the limit of a comparison
/// by words.
fn concurrent_edits(deltas: &mut RandomDeltas) -> usize {
    if deltas.below(100) == 0 { 300 } else { deltas.below(8) }
}

/// The new text with a change that was made on the old one.
fn rebased(old: &Text, new: &Text, mine: &Delta) -> Result<Text, DeltaError> {
    let (inserts, deletes) = Delta::diff(old, new).split_inserts_and_deletes();
    deletes.transform(&inserts.transform(mine, true), true).apply(new)
}

#[test]
fn a_change_rebased_over_a_diff_stays_between_words() {
    check_law(|deltas| {
        let mut words: Vec<String> = (0..deltas.below(8)).map(|n| deltas.word(n)).collect();
        let old = Text::normalise(&words.concat());
        let place = words[..deltas.below(words.len() + 1)].concat().encode_utf16().count();
        let mine = Delta::new().retain(u32::try_from(place)?).insert("mine ");
        for n in 100..100 + concurrent_edits(deltas) {
            let at = deltas.below(words.len() + 1);
            let replaced = deltas.below(3).min(words.len() - at);
            words.splice(at..at + replaced, [deltas.word(n)]);
        }
        let merged = rebased(&old, &Text::normalise(&words.concat()), &mine)?;
        words.push("mine ".to_owned());
        let sorted =
            |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
        same(&sorted(merged.as_str()), &sorted(&words.concat()))
    });
}

#[test]
fn a_change_rebased_over_many_inserts_without_spaces_splits_none_of_them() {
    check_law(|deltas| {
        let mut words: Vec<String> =
            (0..deltas.below(8)).map(|n| format!("<{}>", deltas.word(n).trim_end())).collect();
        let old = Text::normalise(&words.concat());
        let place = words[..deltas.below(words.len() + 1)].concat().encode_utf16().count();
        let mine = Delta::new().retain(u32::try_from(place)?).insert("<mine>");
        for n in 100..100 + concurrent_edits(deltas) {
            let word = format!("<{}>", deltas.word(n).trim_end());
            words.insert(deltas.below(words.len() + 1), word);
        }
        let merged = rebased(&old, &Text::normalise(&words.concat()), &mine)?;
        words.push("<mine>".to_owned());
        let is_split = |word: &&String| merged.as_str().matches(word.as_str()).count() != 1;
        same(&words.iter().filter(is_split).collect::<Vec<_>>(), &Vec::new())
    });
}

#[test]
fn a_change_over_inserts_is_the_same_one_by_one_and_over_their_composition() {
    check_law(|deltas| {
        let text = deltas.text();
        let first = deltas.growth(&text);
        let second = deltas.growth(&first.apply(&text)?);
        over_both(&first, &second, &deltas.change(&text), deltas.coin())
    });
}

#[test]
fn a_delete_over_any_changes_is_the_same_one_by_one_and_over_their_composition() {
    check_law(|deltas| {
        let text = deltas.text();
        let first = deltas.change(&text);
        let second = deltas.change(&first.apply(&text)?);
        over_both(&first, &second, &deltas.cut(&text), deltas.coin())
    });
}

fn over_both(first: &Delta, second: &Delta, late: &Delta, priority: bool) -> LawResult {
    let one_by_one = second.transform(&first.transform(late, priority), priority);
    same(&first.compose(second)?.transform(late, priority), &one_by_one)
}

#[test]
fn all_results_are_canonical() {
    check_law(|deltas| {
        let text = deltas.text();
        let (a, b) = (deltas.change(&text), deltas.change(&text));
        let then = deltas.change(&a.apply(&text)?);
        is_canonical(&a.compose(&then)?)?;
        is_canonical(&a.transform(&b, deltas.coin()))?;
        is_canonical(&a.invert(&text)?)?;
        is_canonical(&serde_json::from_str(&serde_json::to_string(&a)?)?)
    });
}

fn is_canonical(delta: &Delta) -> LawResult {
    let ops = delta.ops();
    let is_empty = |op: &Op| match op {
        Op::Retain(units) | Op::Delete(units) => *units == 0,
        Op::Insert(text) => text.is_empty(),
    };
    let is_wrong = |pair: &[Op]| match pair {
        [Op::Delete(_), next] => matches!(next, Op::Delete(_) | Op::Insert(_)),
        [Op::Insert(_), next] => matches!(next, Op::Insert(_)),
        [Op::Retain(_), next] => matches!(next, Op::Retain(_)),
        _ => false,
    };
    let ends_in_retain = matches!(ops.last(), Some(Op::Retain(_)));
    if ends_in_retain || ops.iter().any(is_empty) || ops.windows(2).any(is_wrong) {
        return Err(format!("{ops:?} is not canonical").into());
    }
    // A following delete starts right after the last op, so no retain is hidden at the end.
    same(&delta.clone().retain(1).delete(1).base_len(), &(delta.base_len() + 2))
}

#[test]
fn json_round_trips() {
    check_law(|deltas| {
        let text = deltas.text();
        let delta = deltas.change(&text);
        same(&serde_json::from_str::<Delta>(&serde_json::to_string(&delta)?)?, &delta)?;
        same(&serde_json::from_str::<Text>(&serde_json::to_string(&text)?)?, &text)
    });
}

#[test]
fn a_caret_moves_like_an_insert_at_its_position() {
    check_law(|deltas| {
        let text = deltas.text();
        let change = deltas.change(&text);
        let index = u32::try_from(deltas.below(text.len_utf16() + 1))?;
        let stays = deltas.coin();
        let caret = Delta::new().retain(index).insert("|");
        let expected = Delta::new().retain(change.transform_index(index, stays)).insert("|");
        same(&change.transform(&caret, !stays), &expected)
    });
}

#[test]
fn applying_a_delta_equals_splicing_an_array_of_units_or_is_an_error() {
    check_law(|deltas| {
        let (text, delta) = (deltas.text(), deltas.wild_change());
        same(&delta.apply(&text).ok(), &spliced(&text, &delta))?;
        let inverse = delta.invert(&text).ok();
        same(&inverse.is_some(), &delta.apply(&text).is_ok())
    });
}

/// An oracle that applies the change unit by unit; `None` if it does not fit.
fn spliced(text: &Text, delta: &Delta) -> Option<Text> {
    let mut units: Vec<u16> = text.as_str().encode_utf16().collect();
    let is_inside_pair = |units: &[u16], at: usize| {
        units.get(at).is_some_and(|unit| (0xdc00..0xe000).contains(unit))
    };
    let mut at = 0;
    for op in delta.ops() {
        match op {
            Op::Retain(len) => at += *len as usize,
            Op::Insert(text) => {
                units.splice(at..at, text.encode_utf16());
                at += text.encode_utf16().count();
            }
            Op::Delete(len) => {
                let end = at + *len as usize;
                if end > units.len() || is_inside_pair(&units, end) {
                    return None;
                }
                units.drain(at..end);
            }
        }
        if at > units.len() || is_inside_pair(&units, at) {
            return None;
        }
    }
    String::from_utf16(&units).ok().map(|text| Text::normalise(&text))
}

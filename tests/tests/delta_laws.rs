//! The laws that deltas keep, on 1.5 million random cases. `SOCKBIT_DELTA_CASES` sets how many
//! cases each law is tried on, `SOCKBIT_DELTA_SEED` tries one alone.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Debug;

use sockbit_domain::{Delta, DeltaError, Op, Text};
use sockbit_tests::random_deltas::RandomDeltas;

const CASES: u64 = 100_000;

type Held = Result<(), Box<dyn Error>>;

#[track_caller]
fn holds(law: impl Fn(&mut RandomDeltas) -> Held) {
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

#[expect(clippy::disallowed_methods, reason = "the count of cases is configuration of this test")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn same<T: PartialEq + Debug>(left: &T, right: &T) -> Held {
    if left == right { Ok(()) } else { Err(format!("{left:?} is not {right:?}").into()) }
}

#[test]
fn two_changes_made_at_once_converge() {
    holds(|deltas| {
        let text = deltas.text();
        let (first, late) = (deltas.change(&text), deltas.change(&text));
        let here = first.transform(&late, true).apply(&first.apply(&text)?)?;
        let there = late.transform(&first, false).apply(&late.apply(&text)?)?;
        same(&here, &there)
    });
}

/// What a client shows whose changes the server has not seen, and those changes.
struct Client {
    shown: Text,
    unseen: Delta,
}

impl Client {
    fn new(text: &Text, change: &Delta) -> Result<Self, DeltaError> {
        Ok(Self { shown: change.apply(text)?, unseen: change.clone() })
    }

    fn hear(&mut self, remote: &Delta) -> Result<(), DeltaError> {
        self.shown = self.unseen.transform(remote, false).apply(&self.shown)?;
        self.unseen = remote.transform(&self.unseen, true);
        Ok(())
    }

    fn saved(&mut self) {
        self.unseen = Delta::new();
    }
}

#[test]
fn three_clients_behind_one_order_converge() {
    holds(|deltas| {
        let text = deltas.text();
        let wishes = [deltas.change(&text), deltas.change(&text), deltas.change(&text)];
        let first = wishes[0].clone();
        let second = first.transform(&wishes[1], true);
        let third = second.transform(&first.transform(&wishes[2], true), true);
        let log = [first, second, third];
        let server = log.iter().try_fold(text.clone(), |text, delta| delta.apply(&text))?;
        for (mine, wish) in wishes.iter().enumerate() {
            let mut client = Client::new(&text, wish)?;
            for (number, delta) in log.iter().enumerate() {
                if number == mine { client.saved() } else { client.hear(delta)? }
            }
            same(&client.shown, &server)?;
        }
        Ok(())
    });
}

#[test]
fn a_change_in_flight_and_one_pending_after_it_arrive_as_the_client_shows_them() {
    holds(|deltas| {
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
fn a_composition_does_what_its_parts_do() {
    holds(|deltas| {
        let text = deltas.text();
        let first = deltas.change(&text);
        let between = first.apply(&text)?;
        let second = deltas.change(&between);
        same(&first.compose(&second)?.apply(&text)?, &second.apply(&between)?)
    });
}

#[test]
fn composition_is_associative() {
    holds(|deltas| {
        let text = deltas.text();
        let a = deltas.change(&text);
        let b = deltas.change(&a.apply(&text)?);
        let c = deltas.change(&a.compose(&b)?.apply(&text)?);
        same(&a.compose(&b)?.compose(&c)?, &a.compose(&b.compose(&c)?)?)
    });
}

#[test]
fn an_inverse_takes_a_change_back() {
    holds(|deltas| {
        let text = deltas.text();
        let change = deltas.change(&text);
        same(&change.invert(&text)?.apply(&change.apply(&text)?)?, &text)
    });
}

#[test]
fn a_diff_leads_to_the_new_text() {
    holds(|deltas| {
        let words = deltas.below(12);
        let old = deltas.prose(words);
        let new = if deltas.below(10) == 0 { deltas.text() } else { deltas.reworked(&old) };
        let diff = Delta::diff(&old, &new);
        is_canonical(&diff)?;
        same(&diff.apply(&old)?, &new)
    });
}

/// How many others write meanwhile: once in a hundred so many that words are not compared any more.
fn others(deltas: &mut RandomDeltas) -> usize {
    if deltas.below(100) == 0 { 300 } else { deltas.below(8) }
}

/// The text that others wrote, with what was inserted into the one before it.
fn carried(old: &Text, new: &Text, mine: &Delta) -> Result<Text, DeltaError> {
    let (inserts, deletes) = Delta::diff(old, new).in_two();
    deletes.transform(&inserts.transform(mine, true), true).apply(new)
}

#[test]
fn what_is_carried_over_a_diff_stands_between_words() {
    holds(|deltas| {
        let mut words: Vec<String> = (0..deltas.below(8)).map(|n| deltas.word(n)).collect();
        let old = Text::normalise(&words.concat());
        let place = words[..deltas.below(words.len() + 1)].concat().encode_utf16().count();
        let mine = Delta::new().retain(u32::try_from(place)?).insert("mine ");
        for n in 100..100 + others(deltas) {
            let at = deltas.below(words.len() + 1);
            let replaced = deltas.below(3).min(words.len() - at);
            words.splice(at..at + replaced, [deltas.word(n)]);
        }
        let merged = carried(&old, &Text::normalise(&words.concat()), &mine)?;
        words.push("mine ".to_owned());
        let sorted =
            |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
        same(&sorted(merged.as_str()), &sorted(&words.concat()))
    });
}

#[test]
fn what_is_carried_over_many_inserts_splits_none_of_them_where_there_are_no_blanks() {
    holds(|deltas| {
        let mut words: Vec<String> =
            (0..deltas.below(8)).map(|n| format!("<{}>", deltas.word(n).trim_end())).collect();
        let old = Text::normalise(&words.concat());
        let place = words[..deltas.below(words.len() + 1)].concat().encode_utf16().count();
        let mine = Delta::new().retain(u32::try_from(place)?).insert("<mine>");
        for n in 100..100 + others(deltas) {
            let word = format!("<{}>", deltas.word(n).trim_end());
            words.insert(deltas.below(words.len() + 1), word);
        }
        let merged = carried(&old, &Text::normalise(&words.concat()), &mine)?;
        words.push("<mine>".to_owned());
        let is_split = |word: &&String| merged.as_str().matches(word.as_str()).count() != 1;
        same(&words.iter().filter(is_split).collect::<Vec<_>>(), &Vec::new())
    });
}

#[test]
fn a_change_over_inserts_is_the_same_one_by_one_and_over_their_composition() {
    holds(|deltas| {
        let text = deltas.text();
        let first = deltas.growth(&text);
        let second = deltas.growth(&first.apply(&text)?);
        over_both(&first, &second, &deltas.change(&text), deltas.coin())
    });
}

#[test]
fn a_cut_over_any_changes_is_the_same_one_by_one_and_over_their_composition() {
    holds(|deltas| {
        let text = deltas.text();
        let first = deltas.change(&text);
        let second = deltas.change(&first.apply(&text)?);
        over_both(&first, &second, &deltas.cut(&text), deltas.coin())
    });
}

fn over_both(first: &Delta, second: &Delta, late: &Delta, priority: bool) -> Held {
    let one_by_one = second.transform(&first.transform(late, priority), priority);
    same(&first.compose(second)?.transform(late, priority), &one_by_one)
}

#[test]
fn all_results_are_canonical() {
    holds(|deltas| {
        let text = deltas.text();
        let (a, b) = (deltas.change(&text), deltas.change(&text));
        let then = deltas.change(&a.apply(&text)?);
        is_canonical(&a.compose(&then)?)?;
        is_canonical(&a.transform(&b, deltas.coin()))?;
        is_canonical(&a.invert(&text)?)?;
        is_canonical(&serde_json::from_str(&serde_json::to_string(&a)?)?)
    });
}

fn is_canonical(delta: &Delta) -> Held {
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
    // What is built on comes right after the last op, and not after a retain that is not shown.
    same(&delta.clone().retain(1).delete(1).base_len(), &(delta.base_len() + 2))
}

#[test]
fn what_is_written_as_json_is_read_again() {
    holds(|deltas| {
        let text = deltas.text();
        let delta = deltas.change(&text);
        same(&serde_json::from_str::<Delta>(&serde_json::to_string(&delta)?)?, &delta)?;
        same(&serde_json::from_str::<Text>(&serde_json::to_string(&text)?)?, &text)
    });
}

#[test]
fn a_caret_goes_where_an_insert_at_its_place_would_go() {
    holds(|deltas| {
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
fn any_delta_does_to_a_text_what_it_does_to_an_array_of_units_or_is_refused() {
    holds(|deltas| {
        let (text, delta) = (deltas.text(), deltas.wild_change());
        same(&delta.apply(&text).ok(), &spliced(&text, &delta))?;
        let inverse = delta.invert(&text).ok();
        same(&inverse.is_some(), &delta.apply(&text).is_ok())
    });
}

/// An oracle: the change carried out unit by unit. Nothing where it does not fit.
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

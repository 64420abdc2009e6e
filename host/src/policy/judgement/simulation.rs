//! The promise, tried: thousands of histories, each looked at again and again as replicas do. The
//! generator has a seed, so that the table is the same on each run.

mod calls;
mod kinds;

use std::fmt::Write as _;

use self::calls::{Dice, call};
use self::kinds::{Kind, kinds};
use super::judge::ERROR;
use super::{Budgets, Judged, Verdict, judge};
use crate::store::registry::Counted;

/// Histories of each kind.
const HISTORIES: u32 = 110;
/// So many of its calls lie between two looks.
const LOOK: u32 = 50;

/// After how many of its calls a history is judged bad, if ever; and whether it ended as good.
fn history(kind: &Kind, dice: &mut Dice) -> (Option<u64>, bool) {
    let budgets = Budgets::default();
    let (mut candidate, mut active) = (Counted::default(), Counted::default());
    let mut is_good = false;
    for number in 0..kind.calls {
        let now = f64::from(number) / f64::from(kind.calls);
        let (one, other) = (kind.at)(now);
        let again =
            |dice: &mut Dice| 1 + u32::try_from(dice.next() % u64::from(kind.again)).unwrap();
        let times = again(dice);
        call(dice, one, &mut candidate, number, times);
        for _ in 0..kind.beside {
            let times = again(dice);
            call(dice, other, &mut active, number, times);
        }
        let look = if number < 1000 { LOOK } else { 5 * LOOK };
        if (number + 1) % look.min(kind.calls / 5) != 0 {
            continue;
        }
        let (verdict, _) = judge(&Judged {
            evidence: kind.evidence,
            budgets: &budgets,
            least_calls: 200,
            windows: 1,
            candidate: &candidate,
            active: Some(&active),
        });
        is_good = match verdict {
            Verdict::Bad(_) => return (Some(candidate.calls), false),
            Verdict::Good => true,
            Verdict::NotEnough { .. } => false,
        };
    }
    (None, is_good)
}

/// The ends of the histories of each kind. Each has a thread and a seed of its own.
fn all_histories(kinds: &[Kind]) -> Vec<Vec<(Option<u64>, bool)>> {
    let of = |(seed, kind): (usize, &Kind)| {
        let mut dice = Dice::new(u64::try_from(seed).unwrap());
        (0..HISTORIES).map(|_| history(kind, &mut dice)).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let work = kinds.iter().enumerate().map(|one| scope.spawn(move || of(one)));
        let work: Vec<_> = work.collect();
        work.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn false_alarms_and_misses_stay_below_what_the_docs_promise() {
    let mut table = format!("{:34} {:>5} {:>5}  {}\n", "history", "bad", "good", "median calls");
    let mut broken = Vec::new();
    let kinds = kinds();
    for (kind, ends) in kinds.iter().zip(all_histories(&kinds)) {
        let mut bad: Vec<u64> = ends.iter().filter_map(|(bad, _)| *bad).collect();
        let good = ends.iter().filter(|(_, good)| *good).count();
        bad.sort_unstable();
        let median = bad.get(bad.len() / 2).map_or_else(String::new, u64::to_string);
        writeln!(table, "{:34} {:5} {good:5}  {median}", kind.name, bad.len()).unwrap();
        let most = f64::from(HISTORIES) * ERROR;
        let alarms = f64::from(u32::try_from(bad.len()).unwrap());
        let wrong = if kind.is_bad { f64::from(HISTORIES) - alarms } else { alarms };
        if wrong >= most {
            broken.push(kind.name);
        }
    }
    println!("of {HISTORIES} histories each:\n{table}");
    assert!(broken.is_empty(), "the promise is broken by {broken:?}:\n{table}");
}

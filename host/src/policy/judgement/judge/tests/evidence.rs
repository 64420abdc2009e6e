//! What a verdict needs: people whom it met, times, and a release before that is known well.

use super::*;

#[test]
fn calls_that_the_host_failed_are_compared_in_a_share() {
    let failed = |calls: u64, failed: u64| {
        let met = [(FAILED.to_owned(), (0..5).collect())].into();
        Counted { failed, met, ..counted(calls, 0) }
    };
    assert_verdict("bad failed", SHARE, &failed(800, 200), &failed(5000, 0));
    assert_verdict("good", SHADOW, &failed(800, 200), &failed(5000, 0));
    // The host fails for both.
    assert_verdict("good", SHARE, &failed(800, 200), &failed(4000, 1000));
    let one = Counted { met: [(FAILED.to_owned(), vec![7])].into(), ..failed(800, 200) };
    assert_verdict("not enough: failed is beyond", SHARE, &one, &failed(5000, 0));
}

#[test]
fn what_met_few_people_is_not_bad_and_what_was_not_timed_is_not_good() {
    let mut candidate = refused(1000, &[("closed", 500)]);
    candidate.met = [("closed".to_owned(), vec![1, 2, 3, 4, 4])].into();
    let few = "not enough: refusals.closed is beyond its limit, but met 4 people";
    assert_verdict(few, SHARE, &candidate, &refused(5000, &[]));
    let mut slow = timed(1000, 40, 500, 2000);
    slow.timed = vec![vec![1, 2]; 29];
    assert_verdict("not enough: p99", SHARE, &slow, &timed(5000, 40, 0, 90));
    let untimed = "not enough: 0 of its calls were timed";
    assert_verdict(untimed, SHARE, &counted(200, 0), &timed(5000, 40, 0, 90));
}

#[test]
fn a_stray_fault_of_a_young_release_excuses_nothing() {
    assert_verdict("bad faults", Evidence::Probation, &counted(1000, 100), &counted(50, 1));
}

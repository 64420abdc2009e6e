//! Bounds of a rate that hold at all times, however often one looks: a confidence sequence.
//!
//! If `p` is the true rate, the likelihood of what was counted under a mixture of all rates with
//! the density Beta(1/2, 1/2), divided by its likelihood under `p`, is a martingale that begins at
//! 1 (Robbins, "Statistical methods related to the law of the iterated logarithm", 1970). It ever
//! reaches `1 / error` with a probability of at most `error` (Ville 1939). So the rates for which
//! it is below that hold the true one from the first call to the last, but for that probability
//! (Howard, Ramdas, `McAuliffe` and Sekhon, "Time-uniform confidence sequences", 2021).

use libm::lgamma;

use super::numbers::float;

/// The rates that are believable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Newton's steps: they double the number of digits, and begin near.
const MOST_STEPS: usize = 60;
/// Steps that move a rate by a smaller part of it change nothing.
const PRECISION: f64 = 1e-10;

/// The bounds of a rate of which so many of all were seen. Over all looks together they are wrong
/// with a probability of at most `error`.
pub(super) fn interval(seen: u64, all: u64, error: f64) -> Interval {
    let seen = seen.min(all);
    let low = lower(seen, all, error);
    let high = 1.0 - lower(all - seen, all, error);
    Interval { low, high }
}

/// The lower one alone.
fn lower(seen: u64, all: u64, error: f64) -> f64 {
    if seen == 0 {
        return 0.0;
    }
    let (seen, others) = (float(seen), float(all - seen));
    // The logarithm of the mixture's likelihood, and of what it may be at most of the rate's.
    let mixture = lgamma(seen + 0.5) + lgamma(others + 0.5)
        - lgamma(seen + others + 1.0)
        - std::f64::consts::PI.ln();
    let constant = mixture + error.ln();
    // As a function of the logarithm of the rate it is convex, and positive at this start, which
    // lies below the bound: every step of Newton's stays below it.
    let mut logarithm = (constant / seen).min(0.0);
    for _ in 0..MOST_STEPS {
        let rate = logarithm.exp();
        let value = constant - seen * logarithm - others * (-rate).ln_1p();
        let slope = others * rate / (1.0 - rate) - seen;
        if !(value > 0.0 && slope < 0.0) {
            break;
        }
        let step = value / slope;
        logarithm -= step;
        if step.abs() < PRECISION {
            break;
        }
    }
    logarithm.exp().clamp(0.0, seen / (seen + others))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The logarithm of the martingale, from the definition, with the beta function as a sum.
    fn martingale(seen: u32, all: u32, rate: f64) -> f64 {
        // B(s + 1/2, n - s + 1/2) / B(1/2, 1/2), one call after the other.
        let (mut likelihood, mut s, mut f) = (0.0_f64, 0.5, 0.5);
        for call in 0..all {
            let fault = call < seen;
            let count = if fault { &mut s } else { &mut f };
            let now = *count;
            *count += 1.0;
            likelihood += (now / (f64::from(call) + 1.0)).ln();
        }
        likelihood - f64::from(seen) * rate.ln() - f64::from(all - seen) * (-rate).ln_1p()
    }

    #[test]
    fn bounds_are_where_the_martingale_reaches_its_limit() {
        for (seen, all) in [(1, 1), (1, 2), (3, 5), (5, 5), (7, 1000), (500, 1000), (1, 100_000)] {
            for error in [0.05, 0.001] {
                let Interval { low, high } = interval(seen.into(), all.into(), error);
                let limit = -f64::ln(error);
                let at_low = martingale(seen, all, low);
                assert!((at_low - limit).abs() < 1e-6, "{seen} of {all}: {at_low} at {low}");
                if seen < all {
                    let at_high = martingale(seen, all, high);
                    assert!((at_high - limit).abs() < 1e-6, "{seen} of {all}: {at_high}");
                }
            }
        }
    }

    #[test]
    fn known_values() {
        let near = |value: f64, expected: f64| (value - expected).abs() < 1e-12;
        // One call of one, at 5 %: the mixture gives it 1/2, so that the bound is 1/2 of 1/20.
        assert!(near(interval(1, 1, 0.05).low, 0.025));
        assert!(near(interval(0, 1, 0.05).high, 0.975));
        // Two of two: 3/8 of 1/20 is the square of the bound.
        assert!(near(interval(2, 2, 0.05).low, f64::sqrt(0.01875)));
        assert!(near(lgamma(0.5), f64::ln(std::f64::consts::PI) / 2.0));
        assert!(near(lgamma(11.0), f64::ln(3_628_800.0)));
    }

    #[test]
    fn bounds_hold_what_was_seen_and_close_in_on_it() {
        assert_eq!(interval(0, 0, 0.01), Interval { low: 0.0, high: 1.0 });
        let mut before = interval(0, 0, 0.01);
        for power in 1..=12 {
            let all = 10_u64.pow(power);
            let now = interval(all / 10, all, 0.01);
            assert!(now.low <= 0.1 && now.high >= 0.1, "{now:?}");
            assert!(now.high - now.low < before.high - before.low, "{now:?} after {before:?}");
            before = now;
        }
        assert!(before.high - before.low < 1e-5);
        // More than all can't be.
        assert_eq!(interval(7, 5, 0.01), interval(5, 5, 0.01));
    }
}

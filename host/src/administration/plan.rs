//! How a release is to be tried, as callers write it: checked, member by member.

use std::str::FromStr as _;

use super::input::wrong;
use super::views::{NewRolloutView, StepView};
use crate::errors::ApiError;
use crate::policy::judgement::{Budget, Metric};
use crate::store::registry::{RolloutMode, RolloutPlan, RolloutStep, WHOLE};

/// The most steps of a share.
const MOST_STEPS: usize = 20;
/// The longest that a step lasts at least: 30 days.
const LONGEST_HOLD: u64 = 30 * 24 * 60 * 60;
/// The most budgets of a trial, and characters of each.
const MOST_BUDGETS: usize = 20;
const MOST_BUDGET: usize = 200;
/// The most calls that somebody may want to be judged.
const MOST_CALLS: u64 = 10_000_000;

/// The plan of a trial.
pub(super) fn plan(new: &NewRolloutView) -> Result<RolloutPlan, ApiError> {
    let steps = steps(&new.steps)?;
    let share = match (new.mode, new.percent, steps.first()) {
        (RolloutMode::Shadow, _, Some(_)) => {
            let message = "are those of a share: a shadow decides about nobody. Leave them out, or \
                           ask for the mode share";
            return Err(wrong("rollout.steps", message));
        }
        (RolloutMode::Shadow, None, None) => WHOLE,
        (RolloutMode::Shadow, Some(percent), None) => of_calls(percent)?,
        (RolloutMode::Share, Some(_), Some(_)) => {
            let message = "is not given beside steps: the first of them says it";
            return Err(wrong("rollout.percent", message));
        }
        (RolloutMode::Share, Some(percent), None) => of_people("rollout.percent", percent)?,
        (RolloutMode::Share, None, Some(first)) => first.share,
        (RolloutMode::Share, None, None) => {
            let message = "must say which part of all people gets it, or steps must";
            return Err(wrong("rollout.percent", message));
        }
    };
    Ok(RolloutPlan {
        mode: new.mode,
        share,
        steps,
        budgets: budgets(&new.abort_if)?,
        least_calls: least_calls(new.least_calls)?,
    })
}

/// A plan as it was asked for.
pub(super) fn asked(plan: &RolloutPlan) -> NewRolloutView {
    NewRolloutView {
        mode: plan.mode,
        percent: plan.steps.is_empty().then(|| percent(plan.share)),
        steps: plan.steps.iter().map(step).collect(),
        abort_if: plan.budgets.clone(),
        least_calls: plan.least_calls,
    }
}

pub(super) fn step(step: &RolloutStep) -> StepView {
    StepView {
        percent: percent(step.share),
        hold_seconds: u64::try_from(step.hold_milliseconds / 1000).unwrap_or(0),
    }
}

/// Hundredths of a percent as percent.
pub(super) fn percent(share: u32) -> f64 {
    f64::from(share) / 100.0
}

fn steps(asked: &[StepView]) -> Result<Vec<RolloutStep>, ApiError> {
    if asked.len() > MOST_STEPS {
        return Err(wrong("rollout.steps", &format!("are more than {MOST_STEPS}")));
    }
    let mut steps: Vec<RolloutStep> = Vec::new();
    for (index, one) in asked.iter().enumerate() {
        let is_last = index + 1 == asked.len();
        let field = |member: &str| format!("rollout.steps[{index}].{member}");
        let share = match hundredths(&field("percent"), one.percent)? {
            WHOLE if is_last && index > 0 => WHOLE,
            _ => of_people(&field("percent"), one.percent)?,
        };
        if let Some(before) = steps.last()
            && before.share >= share
        {
            let before = percent(before.share);
            let message = format!("must be more than that of the step before it, {before}");
            return Err(wrong(&field("percent"), &message));
        }
        let hold = hold(&field("hold_seconds"), one.hold_seconds, is_last)?;
        steps.push(RolloutStep { share, hold_milliseconds: hold });
    }
    Ok(steps)
}

/// In milliseconds.
fn hold(field: &str, seconds: u64, is_last: bool) -> Result<i64, ApiError> {
    match (is_last, seconds) {
        (true, 0) => Ok(0),
        (true, _) => Err(wrong(field, "must be left out: nothing comes after the last step")),
        (false, 1..=LONGEST_HOLD) => Ok(i64::try_from(seconds * 1000).unwrap_or(i64::MAX)),
        (false, _) => {
            let message = format!(
                "must be from 1 to {LONGEST_HOLD} (30 days): the step lasts at least so long"
            );
            Err(wrong(field, &message))
        }
    }
}

/// A part of all calls that a shadow follows.
fn of_calls(percent: f64) -> Result<u32, ApiError> {
    let field = "rollout.percent";
    match hundredths(field, percent)? {
        0 => Err(wrong(field, "is 0: no call would be followed. To end a trial, abort it")),
        share => Ok(share),
    }
}

/// A part of all people, but neither none nor all.
fn of_people(field: &str, percent: f64) -> Result<u32, ApiError> {
    match hundredths(field, percent)? {
        0 => Err(wrong(field, "is 0: nobody would get it. To end a trial, abort it")),
        WHOLE => Err(wrong(
            field,
            "is 100: for all at once deploy it without a rollout, or promote it if it is being \
             tried; of steps, 100 is the last of several",
        )),
        share => Ok(share),
    }
}

/// Percent with at most two decimals.
fn hundredths(field: &str, percent: f64) -> Result<u32, ApiError> {
    let exact = percent * 100.0;
    if !(0.0..=f64::from(WHOLE)).contains(&exact) {
        return Err(wrong(field, "must be percent: more than 0, and at most 100"));
    }
    let whole = exact.round();
    if (exact - whole).abs() > 1e-6 {
        return Err(wrong(field, "has more than two decimals"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a whole number from 0 to 10,000"
    )]
    Ok(whole as u32)
}

fn budgets(asked: &[String]) -> Result<Vec<String>, ApiError> {
    if asked.len() > MOST_BUDGETS {
        return Err(wrong("rollout.abort_if", &format!("are more than {MOST_BUDGETS}")));
    }
    let mut metrics: Vec<Metric> = Vec::new();
    for (index, text) in asked.iter().enumerate() {
        let field = format!("rollout.abort_if[{index}]");
        if text.chars().count() > MOST_BUDGET {
            return Err(wrong(&field, &format!("has more than {MOST_BUDGET} characters")));
        }
        let budget = Budget::from_str(text).map_err(|fault| wrong(&field, &fault))?;
        if metrics.contains(&budget.metric) {
            return Err(wrong(&field, "is about the same metric as another one"));
        }
        metrics.push(budget.metric);
    }
    Ok(asked.iter().map(|text| text.trim().to_owned()).collect())
}

fn least_calls(asked: Option<u64>) -> Result<Option<u64>, ApiError> {
    if asked.is_some_and(|calls| !(1..=MOST_CALLS).contains(&calls)) {
        let message = format!("must be from 1 to {MOST_CALLS}");
        return Err(wrong("rollout.least_calls", &message));
    }
    Ok(asked)
}

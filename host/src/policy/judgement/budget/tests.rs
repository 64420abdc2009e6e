use super::*;

fn budget(text: &str) -> Result<Budget, String> {
    text.parse()
}

#[test]
fn budgets_are_read_as_they_are_written() {
    let limit = |text: &str| budget(text).unwrap().limit;
    assert_eq!(limit("faults > 0.5%"), Limit::Share(0.005));
    assert_eq!(limit("faults>+0.5%"), Limit::More(0.005));
    assert_eq!(limit("  timeouts  >  + 1 % "), Limit::More(0.01));
    assert_eq!(limit("p99 > x1.5"), Limit::Times(1.5));
    assert_eq!(limit("p99 > ×2"), Limit::Times(2.0));
    assert_eq!(limit("p99 > +20ms"), Limit::Longer(20_000));
    assert_eq!(limit("p99 > +1.5s"), Limit::Longer(1_500_000));
    assert_eq!(limit("refusals off"), Limit::Off);
    assert_eq!(limit("refusals > off"), Limit::Off);
    let code = budget("refusals.closed_hours > 10%").unwrap();
    assert_eq!(code.metric, Metric::RefusalsOf("closed_hours".into()));
    for text in ["faults > 0.1%", "p99 > x1.5", "p99 > +20ms", "refusals off", "refusals.a > +2%"] {
        assert_eq!(budget(text).unwrap().to_string(), text);
    }
}

#[test]
fn what_is_no_budget_is_refused() {
    for text in [
        "",
        "faults",
        "faults > ",
        "faults > 5",
        "faults > -1%",
        "faults > 101%",
        "faults > 1e1%",
        "faults > NaN%",
        "faults > inf%",
        "faults > x2",
        "faults < 1%",
        "p99 > 5%",
        "p99 > x0.5",
        "p99 > x1000",
        "p99 > 20ms",
        "p99 > +20",
        "p99 > +99999999s",
        "speed > 1%",
        "refusals. > 1%",
        "refusals.a b > 1%",
        "off",
        "faults > 1% > 2%",
    ] {
        let fault = budget(text).unwrap_err();
        assert!(fault.starts_with("is not a budget"), "{text}: {fault}");
    }
    budget(&format!("refusals.{} > 1%", "x".repeat(1000))).unwrap_err();
}

#[test]
fn a_list_holds_each_metric_once() {
    let budgets: Budgets =
        "faults > +0.1%, timeouts > +0.1%, failed > +1%, p99 > x1.5, refusals > +2%"
            .parse()
            .unwrap();
    assert_eq!(budgets, Budgets::default());
    assert_eq!("".parse::<Budgets>(), Ok(Budgets(Vec::new())));
    let fault = "faults > 1%, p99".parse::<Budgets>().unwrap_err();
    assert!(fault.starts_with("holds \"p99\", which is not a budget"), "{fault}");
    assert_eq!("faults off, faults > 1%".parse::<Budgets>(), Err("names faults twice".into()));
}

#[test]
fn those_of_a_trial_take_the_place_of_the_same_metric_alone() {
    let own = ["faults > 1%".parse().unwrap(), "refusals.late off".parse().unwrap()];
    let budgets = Budgets::default().with(&own);
    assert_eq!(budgets.0.len(), 6);
    let limit = |metric| budgets.of(&metric).map(|budget| (budget.limit, budget.own));
    assert_eq!(limit(Metric::Faults), Some((Limit::Share(0.01), true)));
    assert_eq!(limit(Metric::Timeouts), Some((Limit::More(0.001), false)));
    assert_eq!(limit(Metric::RefusalsOf("late".into())), Some((Limit::Off, true)));
    assert_eq!(limit(Metric::RefusalsOf("early".into())), Some((Limit::More(0.02), false)));
    assert_eq!(Budgets(Vec::new()).of(&Metric::P99), None);
}

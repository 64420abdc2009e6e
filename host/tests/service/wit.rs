//! The contract with policies: it must not break those that exist, and the default ones must ask
//! for no more than they need.

use auth_host::contract::Slot;
use auth_host::policy::admission;
use wit_parser::{Resolve, WorldId};

use crate::support::{policy, wit};

/// The last version that was released. At a release: copy `wit/policy.wit` to `wit/released/<its
/// version>/policy.wit` and name that version here; the copies before it stay as they are. While
/// the package is 0.x, a change that breaks policies needs a new minor version, which is open to
/// changes until it is released.
const RELEASED: &str = "0.1.0";

/// Reads a text as if it were the package's version `version`: the check wants both of them side by
/// side.
fn worlds(resolve: &mut Resolve, text: &str, version: &str) -> [WorldId; 3] {
    let own = text.lines().find(|line| line.starts_with("package ")).unwrap();
    let package = resolve
        .push_str("policy.wit", &text.replacen(own, &format!("package auth:policy@{version};"), 1))
        .unwrap();
    Slot::ALL.map(|slot| resolve.select_world(&[package], Some(&format!("{slot}-policy"))).unwrap())
}

/// Major and minor number.
fn line(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn a_policy_of_the_last_release_still_fits_or_the_version_is_a_new_one() {
    let (released, current) = (wit(&format!("released/{RELEASED}/policy.wit")), wit("policy.wit"));
    assert!(
        released.contains(&format!("package auth:policy@{RELEASED};")),
        "the copy in wit/released/{RELEASED} is of another version"
    );
    let now_version = auth_host::contract::wit::version();
    for (position, slot) in Slot::ALL.into_iter().enumerate() {
        let mut resolve = Resolve::default();
        let before = worlds(&mut resolve, &released, "9.0.0")[position];
        let now = worlds(&mut resolve, &current, "9.0.999")[position];
        let fits = wit_component::semver_check(resolve, before, now);
        if line(now_version) == line(RELEASED) {
            fits.unwrap_or_else(|fault| {
                panic!("a {slot} policy of {RELEASED} no longer fits wit/policy.wit: {fault:#}")
            });
        } else {
            assert!(line(now_version) > line(RELEASED), "{now_version} is older than {RELEASED}");
        }
    }
}

#[test]
fn the_check_finds_a_break() {
    let current = wit("policy.wit");
    for (what, from, to) in [
        ("a removed function", "    length: func() -> u32;", ""),
        ("another result", "    length: func() -> u32;", "    length: func() -> u64;"),
        (
            "another argument",
            "is-breached: func() -> result<bool, failure>;",
            "is-breached: func(words: string) -> result<bool, failure>;",
        ),
        ("a new case of a variant", "    other(string),", "    other(string),\n    more(string),"),
    ] {
        let changed = current.replacen(from, to, 1);
        assert_ne!(changed, current, "{what}: the text to change is not there");
        let mut resolve = Resolve::default();
        let [before, ..] = worlds(&mut resolve, &current, "0.2.0");
        let [now, ..] = worlds(&mut resolve, &changed, "0.2.999");
        assert!(wit_component::semver_check(resolve, before, now).is_err(), "{what} was not found");
    }
}

#[test]
fn every_interface_and_world_says_since_when_it_is_there() {
    let text = wit("policy.wit");
    let lines: Vec<_> = text.lines().collect();
    for pair in lines
        .windows(2)
        .filter(|pair| pair[1].starts_with("interface ") || pair[1].starts_with("world "))
    {
        assert!(pair[0].starts_with("@since(version = "), "{} is not gated", pair[1]);
    }
}

/// What the default register policy imports.
const REGISTER: &[&str] = &[
    "types#[constructor]refusal",
    "types#[method]caller.address",
    "types#[method]refusal.add-field",
    "types#[method]refusal.set-retry-after",
    "passwords#[method]password.is-breached",
    "passwords#[method]password.length",
    "passwords#[method]password.strength",
    "registering#[constructor]acceptance",
    "registering#[method]acceptance.set-attribute",
    "registering#[method]attempt.attribute",
    "registering#[method]attempt.caller",
    "registering#[method]attempt.email",
    "registering#[method]attempt.email-valid",
    "registering#[method]attempt.password",
    "throttle#hit",
    "log#write",
    "settings#get",
];
/// What the default login policy imports.
const LOGIN: &[&str] = &[
    "types#[constructor]refusal",
    "types#[method]caller.address",
    "types#[method]refusal.set-retry-after",
    "accounts#[method]account.disabled",
    "accounts#[method]account.email",
    "accounts#find-by-email",
    "passwords#verify",
    "logging-in#[constructor]acceptance",
    "logging-in#[method]attempt.caller",
    "logging-in#[method]attempt.email",
    "logging-in#[method]attempt.password",
    "throttle#clear",
    "log#write",
    "settings#get",
];
/// What the default refresh policy imports.
const REFRESH: &[&str] = &[
    "types#[constructor]refusal",
    "sessions#[method]session.refreshed-at",
    "sessions#[method]session.revoke",
    "refreshing#[constructor]acceptance",
    "refreshing#[method]attempt.session",
    "log#write",
    "settings#get",
    "clock#now",
];

#[test]
fn the_default_policies_import_this_and_nothing_else() {
    let expected = [(Slot::Register, REGISTER), (Slot::Login, LOGIN), (Slot::Refresh, REFRESH)];
    for (slot, functions) in expected {
        let mut imports = admission::inspect(&policy(slot)).unwrap().imports;
        let mut expected: Vec<_> = functions
            .iter()
            .map(|function| {
                let (interface, name) = function.split_once('#').unwrap();
                format!("auth:policy/{interface}@{}#{name}", auth_host::contract::wit::version())
            })
            .collect();
        imports.sort();
        expected.sort();
        assert_eq!(imports, expected, "the imports of the default {slot} policy");
        assert!(
            imports
                .iter()
                .all(|import| import.starts_with("auth:policy/") && !import.contains("wasi"))
        );
    }
}

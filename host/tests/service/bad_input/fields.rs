//! Members of a registration or login that break their rule.

use serde_json::{Value, json};

use super::{assert_no_account, assert_nothing_happened};
use crate::support::{Person, TestService};

/// A member, what it is set to (none: left out), and the codes of the answer and of the field.
type Case = (&'static str, Option<Value>, &'static str, &'static str);

fn cases() -> Vec<Case> {
    [wrong_types(), wrong_emails(), wrong_texts(), wrong_dates()].concat()
}

fn wrong_types() -> Vec<Case> {
    let mut cases = Vec::new();
    for member in ["email", "password"] {
        cases.push((member, None, "missing_field", "missing_field"));
        for wrong in
            [json!(null), json!(1), json!(true), json!(["a@example.com"]), json!({ "a": "b" })]
        {
            cases.push((member, Some(wrong), "wrong_type", "wrong_type"));
        }
    }
    for member in ["phone", "name"] {
        cases.push((member, None, "invalid_request", "required"));
        for empty in [json!(null), json!(""), json!("   ")] {
            cases.push((member, Some(empty), "invalid_request", "required"));
        }
    }
    for member in ["phone", "name", "surname", "fathers_name", "birth_date"] {
        for wrong in [json!(1), json!(1.5), json!(false), json!(["Leo"]), json!({ "first": "Leo" })]
        {
            cases.push((member, Some(wrong), "invalid_request", "wrong_type"));
        }
    }
    cases
}

/// Texts that break the rule of a member.
fn invalid(member: &'static str, texts: &[&str], code: &'static str) -> Vec<Case> {
    texts.iter().map(|text| (member, Some(json!(text)), "invalid_request", code)).collect()
}

fn wrong_emails() -> Vec<Case> {
    let mut cases = Vec::new();
    let (many, labels) = ("a".repeat(320), "a.".repeat(130));
    let (long_local, long_domain) =
        (format!("{}@example.com", "a".repeat(65)), format!("a@{labels}example.com"));
    let (long, longer) = (format!("{many}@example.com"), format!("a@{}.com", "b".repeat(400)));
    cases.extend(invalid(
        "email",
        &[
            "",
            " ",
            "leo",
            "leo.example.com",
            "@",
            "leo@",
            "@example.com",
            "a@b@example.com",
            "leo@example..com",
        ],
        "invalid",
    ));
    cases.extend(invalid(
        "email",
        &[
            "leo urin@example.com",
            "leo@exam ple.com",
            "leo@example.com\nBcc: x@example.com",
            "leo\t@example.com",
        ],
        "invalid",
    ));
    cases.extend(invalid("email", &[&many, &long, &longer, &long_local, &long_domain], "invalid"));
    cases.extend(invalid(
        "email",
        &[
            "leo\u{202e}@example.com",
            "leo\u{200b}@example.com",
            "leo@exam\u{ad}ple\u{202e}.com",
            "leo@\u{7f}.com",
        ],
        "invalid",
    ));
    cases.extend(invalid(
        "email",
        &[
            "<leo@example.com>",
            "leo@[127.0.0.1]",
            "\"leo\"@example.com",
            ".leo@example.com",
            "leo..u@example.com",
        ],
        "invalid",
    ));
    cases
}

fn wrong_texts() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(invalid("password", &["", "short", "1234567", "пароль7"], "too_short"));
    let password = "x".repeat(257);
    cases.extend(invalid("password", &[&password], "too_long"));
    cases.extend(invalid(
        "phone",
        &[
            "79999999999",
            "+09999999999",
            "+",
            "+7",
            "+1234567890123456",
            "+7 999 999",
            "+7(999)9999999",
        ],
        "invalid",
    ));
    cases.extend(invalid(
        "phone",
        &["+7٩٩٩٩٩٩٩", "tel:+79999999999", "+79999999999;ext=1", "++79999999999"],
        "invalid",
    ));
    let name = "a".repeat(51);
    for member in ["name", "surname", "fathers_name"] {
        cases.extend(invalid(
            member,
            &["Leo1", "李", "Αλέξης", "O'Neil", "Le\no", "<b>", "a\u{7f}b", "😀", "Leo\u{202e}"],
            "invalid",
        ));
        cases.extend(invalid(member, &[&name], "too_long"));
    }
    cases
}

fn wrong_dates() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(invalid(
        "birth_date",
        &[
            "1993-02-30",
            "2023-02-29",
            "1900-02-29",
            "1993-13-01",
            "1993-00-01",
            "1993-01-00",
            "1993-04-31",
        ],
        "invalid",
    ));
    cases.extend(invalid(
        "birth_date",
        &[
            "03.03.1993",
            "1993-3-3",
            "1993-03-03T00:00:00Z",
            "19930303",
            "today",
            "0000-01-01",
            "+993-03-03",
        ],
        "invalid",
    ));
    cases
}

#[tokio::test]
async fn a_member_that_breaks_its_rule_is_named_and_no_account_is_created() {
    let service = TestService::start().await;
    for (number, (member, value, code, field_code)) in cases().into_iter().enumerate() {
        let case = format!("{member} {value:?}");
        let person = Person::new(&format!("person{number}"));
        let text = |name: &str, other: &str| match (&value, member == name) {
            (Some(Value::String(text)), true) => text.clone(),
            _ => other.to_owned(),
        };
        let credentials = Person {
            email: text("email", &person.email),
            password: text("password", &person.password),
        };
        let answer = service.register(&person.form_with(member, value.clone())).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (400, Some(code)),
            "{case}: {}",
            answer.text()
        );
        assert_eq!(
            answer.refused(400, code).fields(),
            [(member.to_owned(), field_code.to_owned())],
            "{case}"
        );
        assert_no_account(&service, &credentials, &case).await;
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn all_faults_of_a_form_are_told_at_once() {
    let service = TestService::start().await;
    let form = json!({ "email": "leo", "password": "short", "phone": "1", "name": "李", "birth_date": "1993-02-30", "surname": 5 });
    let mut fields: Vec<_> = service
        .register(&form)
        .await
        .refused(400, "invalid_request")
        .fields()
        .into_iter()
        .map(|field| field.0)
        .collect();
    fields.sort();
    assert_eq!(fields, ["birth_date", "email", "name", "password", "phone", "surname"]);
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn what_is_unusual_and_within_the_rules_is_accepted() {
    let service = TestService::start().await;
    let unusual = [
        ("email", "почта@пример.рф"),
        ("email", "o'neil+tag@example.com"),
        ("email", "用户@例子.公司"),
        ("password", "пароль-и-ещё"),
        ("password", "        "),
        ("password", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢𝔰"),
        ("name", "Анна-Мария"),
        ("name", "José Ñandú"),
        ("surname", "Ёж"),
        ("phone", "+12"),
        ("birth_date", "2024-02-29"),
        ("birth_date", "1900-12-31"),
    ];
    for (number, (member, value)) in unusual.into_iter().enumerate() {
        let person = Person::new(&format!("person{number}"));
        let answer = service.register(&person.form_with(member, Some(json!(value)))).await;
        assert_eq!(answer.status, 200, "{member} {value:?}: {}", answer.text());
        let mut same = person;
        match member {
            "email" => value.clone_into(&mut same.email),
            "password" => value.clone_into(&mut same.password),
            _ => {}
        }
        assert_eq!(
            service.login(&same).await.tokens().user_id,
            answer.tokens().user_id,
            "{member} {value:?}"
        );
    }
    service.stop().await;
}

#[tokio::test]
async fn a_login_without_its_members_or_with_others_is_refused() {
    let service = TestService::start().await;
    let (person, _) = service.newcomer("leo").await;
    for member in ["email", "password"] {
        for value in [
            None,
            Some(json!(null)),
            Some(json!(1)),
            Some(json!([person.password])),
            Some(json!({ "$ne": "" })),
        ] {
            let code = if value.is_none() { "missing_field" } else { "wrong_type" };
            let mut credentials = json!({ "email": person.email, "password": person.password });
            credentials.as_object_mut().unwrap().shift_remove(member);
            if let Some(value) = value {
                credentials[member] = value;
            }
            let answer = service.post("/auth/login", credentials.to_string()).await;
            assert_eq!(answer.refused(400, code).fields(), [(member.to_owned(), code.to_owned())]);
        }
    }
    let long = "x".repeat(60_000);
    for (email, password) in [
        ("", ""),
        (&*person.email, ""),
        (&*person.email, &*long),
        (&*long, "x"),
        ("' OR 1=1 --", "' OR 1=1 --"),
    ] {
        let credentials = json!({ "email": email, "password": password });
        service
            .post("/auth/login", credentials.to_string())
            .await
            .refused(401, "invalid_credentials");
    }
    service.login(&person).await.tokens();
    service.stop().await;
}

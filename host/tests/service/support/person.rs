//! People who register.

use serde_json::{Value, json};

/// Somebody with an e-mail address and a password that occurs nowhere else.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
}

impl Person {
    pub(crate) fn new(name: &str) -> Self {
        Self { email: format!("{name}@example.com"), password: secret_text() }
    }

    /// What they fill in.
    pub(crate) fn form(&self) -> Value {
        json!({ "email": self.email, "password": self.password, "phone": "+79999999999", "name": "Leo" })
    }

    /// The same with one member set, or taken out (null stays null).
    pub(crate) fn form_with(&self, member: &str, value: Option<Value>) -> Value {
        let mut form = self.form();
        let members = form.as_object_mut().unwrap();
        members.shift_remove(member);
        if let Some(value) = value {
            members.insert(member.to_owned(), value);
        }
        form
    }
}

/// A text that occurs nowhere else, so that it can be searched for.
pub(crate) fn secret_text() -> String {
    format!("Geheim-{}", uuid::Uuid::new_v4().simple())
}

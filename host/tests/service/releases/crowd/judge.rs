//! What counts as right, and what as a failure.

use serde_json::Value;

/// What is known of a request before it is answered.
#[derive(Clone, Copy)]
pub(super) struct Question {
    /// Whose account it is, unless it is to be made.
    pub(super) user_id: Option<i64>,
    /// Whether a release may serve that was made to fail this very request.
    pub(super) harmed: bool,
}

/// What an account is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) user_id: i64,
    pub(super) refresh_token: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Right(Told),
    /// By the release that was made to.
    Harmed,
    /// The replica was told to stop, or killed, before it answered.
    Cut,
    Failed(String),
}

/// `leaves`: whether the replica was told to stop, or killed.
pub(super) fn judge(
    question: Question,
    answer: Result<(u16, Value), String>,
    leaves: bool,
) -> Outcome {
    let (status, body) = match answer {
        Ok(answer) => answer,
        Err(_) if leaves => return Outcome::Cut,
        Err(error) => return Outcome::Failed(error),
    };
    if let Some(told) = told(status, &body, question.user_id) {
        Outcome::Right(told)
    } else if question.harmed && (status, &body["code"]) == (503, &"policy_fault".into()) {
        Outcome::Harmed
    } else {
        Outcome::Failed(format!("{status} {body}"))
    }
}

/// What the contract promises whoever is let in.
fn told(status: u16, body: &Value, user_id: Option<i64>) -> Option<Told> {
    let told = Told {
        user_id: body["user_id"].as_i64()?,
        refresh_token: body["refresh_token"].as_str()?.to_owned(),
    };
    let expected = user_id.is_none_or(|user_id| user_id == told.user_id);
    (status == 200 && expected && body["access_token"].is_string()).then_some(told)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: Question = Question { user_id: Some(7), harmed: false };
    const HARMED: Question = Question { user_id: None, harmed: true };

    #[test]
    fn what_is_wrong_is_a_failure_and_nothing_else_is() {
        let good = json!({ "user_id": 7, "access_token": "a", "refresh_token": "r" });
        let fault = json!({ "code": "policy_fault" });
        let right = Outcome::Right(Told { user_id: 7, refresh_token: "r".into() });
        assert_eq!(judge(OWN, Ok((200, good.clone())), false), right);
        assert_eq!(judge(OWN, Ok((200, good.clone())), true), right);
        assert_eq!(judge(OWN, Err("reset".into()), true), Outcome::Cut);
        assert_eq!(judge(HARMED, Ok((503, fault.clone())), false), Outcome::Harmed);
        let others = Question { user_id: Some(8), ..OWN };
        for (question, answer, leaves) in [
            (OWN, Err("reset".to_owned()), false),
            (OWN, Ok((503, json!({ "code": "busy" }))), true),
            (OWN, Ok((503, fault.clone())), false),
            (HARMED, Ok((503, json!({ "code": "busy" }))), false),
            (HARMED, Ok((500, fault)), false),
            (OWN, Ok((401, json!({ "code": "invalid_credentials" }))), false),
            (others, Ok((200, good.clone())), false),
            (OWN, Ok((202, good)), false),
            (OWN, Ok((200, json!({ "user_id": 7 }))), false),
        ] {
            let outcome = judge(question, answer.clone(), leaves);
            assert!(matches!(outcome, Outcome::Failed(_)), "{answer:?} came to {outcome:?}");
        }
    }
}

//! The order of preparations.

use super::*;
use crate::store::registry::DeploymentState;

fn active(active: i64, previous: &[i64]) -> PlaceState {
    PlaceState {
        place: "login".into(),
        active,
        revision: 1,
        activated_at: 0,
        activated_by: "ann".into(),
        previous: previous.to_vec(),
        probation_until: None,
        freeze: None,
        candidate: None,
        grants: None,
    }
}

fn deployed(release: i64) -> Deployment {
    Deployment {
        id: Uuid::from_u128(7),
        place: "login".into(),
        release,
        state: DeploymentState::Preparing,
        who: "ann".into(),
        why: String::new(),
        asked_at: 0,
        deadline: 1,
        ended_at: None,
        reports: Vec::new(),
        plan: None,
        waiting_for: Vec::new(),
    }
}

/// What begins to be prepared now, if anything does.
fn begins(place: &mut Followed) -> Option<i64> {
    let mut begun = None;
    place.prepare_next(|number, _| {
        begun = Some(number);
        AbortOnDropHandle::new(tokio::spawn(std::future::pending()))
    });
    begun
}

fn fails(place: &mut Followed, why: &Unprepared) -> bool {
    place.take(place.attempts, Err(why.clone())).is_some()
}

#[tokio::test]
async fn what_failed_before_is_told_once_and_ends_no_preparation() {
    for why in [Unprepared::Away("timed out".into()), Unprepared::from("no".to_owned())] {
        let mut place = Followed::default();
        place.learn(Some(active(2, &[1])), None);
        assert_eq!(begins(&mut place), Some(2));
        assert!(fails(&mut place, &why), "{why:?} is news");
        place.learn(Some(active(2, &[1])), Some(deployed(3)));
        assert_eq!(begins(&mut place), Some(3), "{why:?}: its pause is for the others");
        place.failed.get_mut(&2).unwrap().again = Instant::now();
        assert_eq!(begins(&mut place), None, "{why:?}: the fix was given up for a retry");
        fails(&mut place, &why);
        assert_eq!(begins(&mut place), Some(2), "{why:?}: then it is tried again");
        let pause = place.failed[&3].pause;
        assert!(!fails(&mut place, &why), "{why:?} is told again");
        assert_eq!(place.failed[&2].pause, pause * 2);
        assert_eq!(begins(&mut place), Some(1));
    }
}

//! Times as people and machines write them: RFC 3339, UTC.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock::{self, Timestamp};

/// A time as a text.
pub fn moment(time: Timestamp) -> String {
    clock::moment(time)
}

/// A text as a time.
pub fn read_moment(text: &str) -> Option<Timestamp> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Timestamp::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for time in [0, 1_801_526_400_123, 253_402_300_799_000] {
            assert_eq!(read_moment(&moment(time)), Some(time), "{}", moment(time));
        }
        assert_eq!(read_moment("2027-01-02T08:00:00+01:00"), read_moment("2027-01-02T07:00:00Z"));
        for wrong in ["", "tomorrow", "2027-01-02", "1801526400", "2027-02-30T00:00:00Z"] {
            assert_eq!(read_moment(wrong), None, "{wrong}");
        }
    }
}

//! What an import of the old service's rows found and did, for a person to read.

/// Examples that are kept of each outcome.
pub(super) const EXAMPLES: u32 = 20;

/// The whole of it.
pub struct ImportReport {
    pub accounts: Part,
    /// Unprocessed rows of `outbox`; none if there is no such table.
    pub events: Option<Part>,
    /// How many of the imported accounts have a bcrypt hash of each cost.
    pub bcrypt_costs: Vec<(String, i64)>,
    /// The highest id that was given to an account so far.
    pub last_id: i64,
    /// Connections to the database that are not ours.
    pub other_connections: i64,
    /// Whether it was all rolled back.
    pub dry_run: bool,
}

/// What became of the rows of one table.
pub struct Part {
    /// Quoted, with its schema.
    pub table: String,
    /// Its rows by what became of them.
    pub findings: Vec<Finding>,
}

/// All rows of a table that came to the same.
pub struct Finding {
    /// What they came to.
    pub outcome: Outcome,
    /// How many came to it.
    pub count: i64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// A row that somebody has to look at.
pub struct Example {
    /// As it stands in the old table.
    pub id: String,
    /// The address, if it is an account.
    pub email: Option<String>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is here now.
    Imported,
    /// It was here before.
    There,
    /// It was imported, or was here before, and shares its address with another but for letter case
    /// and the like.
    Twin,
    /// It was imported before, and deleted since.
    Removed,
    /// Its id is not a positive whole number.
    BadId,
    /// Its address has no canonical form.
    BadEmail,
    /// Its hash cannot be verified.
    BadHash,
    /// An account with a lower id has the same spelling of the address.
    Duplicate,
    /// Another account has its id.
    IdTaken,
    /// Another account has its address.
    EmailTaken,
    /// An event's type is empty or too long.
    BadType,
    /// An event's payload is not a JSON object.
    BadPayload,
}

impl Outcome {
    /// In the order in which they are told.
    pub const ALL: [Self; 12] = [
        Self::Imported,
        Self::There,
        Self::Twin,
        Self::Removed,
        Self::BadId,
        Self::BadEmail,
        Self::BadHash,
        Self::Duplicate,
        Self::IdTaken,
        Self::EmailTaken,
        Self::BadType,
        Self::BadPayload,
    ];

    /// Its name in the table that an import works with.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::There => "there",
            Self::Twin => "twin",
            Self::Removed => "removed",
            Self::BadId => "bad id",
            Self::BadEmail => "bad email",
            Self::BadHash => "bad hash",
            Self::Duplicate => "duplicate",
            Self::IdTaken => "id taken",
            Self::EmailTaken => "email taken",
            Self::BadType => "bad type",
            Self::BadPayload => "bad payload",
        }
    }

    /// Whether the row should be here now, and is not.
    pub fn is_skipped(self) -> bool {
        !matches!(self, Self::Imported | Self::There | Self::Twin | Self::Removed)
    }
}

impl Part {
    /// How many rows came to that.
    pub fn count(&self, outcome: Outcome) -> i64 {
        self.findings
            .iter()
            .filter(|finding| finding.outcome == outcome)
            .map(|finding| finding.count)
            .sum()
    }

    /// How many rows there were.
    pub fn total(&self) -> i64 {
        self.findings
            .iter()
            .filter(|finding| finding.outcome != Outcome::Twin)
            .map(|finding| finding.count)
            .sum()
    }
}

impl ImportReport {
    /// How many rows should be here now, and are not.
    pub fn skipped(&self) -> i64 {
        let parts = std::iter::once(&self.accounts).chain(&self.events);
        parts
            .flat_map(|part| &part.findings)
            .filter(|finding| finding.outcome.is_skipped())
            .map(|finding| finding.count)
            .sum()
    }
}

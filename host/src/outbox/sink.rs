//! Where events go: one sink for the process, made at its start. What there is to know of it is
//! asked here, by whoever answers operators.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::file::FileSink;
use super::link::Link;
use super::settings::AmqpSettings;

/// All clones are one sink.
#[derive(Clone)]
pub enum Sink {
    /// A file, for one machine.
    File(FileSink),
    /// `RabbitMQ`, for anything real.
    Rabbit(Arc<Link>),
}

impl Sink {
    /// A file in the data folder.
    pub fn file(data_dir: &Path) -> Self {
        Self::File(FileSink::in_folder(data_dir))
    }

    /// `RabbitMQ`; the relay connects to it.
    pub fn rabbit(settings: AmqpSettings) -> Self {
        Self::Rabbit(Arc::new(Link::new(settings)))
    }

    /// What an operator wants to know.
    pub fn status(&self) -> Value {
        match self {
            Self::File(sink) => json!({ "sink": "file", "detail": sink.path() }),
            Self::Rabbit(link) => link.status(),
        }
    }

    /// How long a batch may wait for its confirms. A file needs none.
    pub(super) fn confirm_timeout(&self) -> Duration {
        match self {
            Self::File(_) => Duration::ZERO,
            Self::Rabbit(link) => link.settings.confirm_timeout,
        }
    }
}

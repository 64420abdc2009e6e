//! What the process that admits a component is asked, and what it answers: JSON and bytes, each
//! after its length. Neither side reads more than it expects.

use std::io::{Read, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fault::{Fault, Faults, Found};
use super::report::AdmissionReport;
use crate::contract::{Limits, Slot};

/// The most bytes of a job's or an answer's JSON.
pub const MAX_JSON_BYTES: u64 = 4 << 20;
/// The most bytes of a compiled component, twice those of the largest component: the host holds
/// them for a moment.
pub const MAX_COMPILED_BYTES: u64 = 64 << 20;

/// One component to be admitted; its bytes follow.
#[derive(Serialize, Deserialize)]
pub struct Job {
    /// None: the one that its manifest names.
    pub slot: Option<Slot>,
    /// None: they are not known yet.
    pub settings: Option<Map<String, Value>>,
    pub work: Work,
    pub bounds: Bounds,
}

/// How far the work goes.
#[derive(Serialize, Deserialize)]
pub enum Work {
    /// As `Check`, but a component for another version of the contract is no fault.
    Examine,
    /// The checks of the bytes and the settings: its compiled form is there already.
    Check,
    /// All of it, for an engine of this compatibility.
    Compile { compatible: String },
}

/// The bounds of a call that a trial run keeps as well.
#[derive(Serialize, Deserialize)]
pub struct Bounds {
    memory_bytes: usize,
    table_elements: usize,
    stack_bytes: usize,
    ticks: u32,
    tick: Duration,
}

impl Bounds {
    pub fn of(limits: &Limits) -> Self {
        let Limits { memory_bytes, table_elements, stack_bytes, ticks, tick, .. } = *limits;
        Self { memory_bytes, table_elements, stack_bytes, ticks, tick }
    }

    /// All others are not reached without a call of the host.
    pub fn limits(&self) -> Limits {
        let Self { tick, ticks, memory_bytes, table_elements, stack_bytes } = *self;
        Limits { tick, ticks, memory_bytes, table_elements, stack_bytes, ..Limits::default() }
    }
}

/// What came of it; after a pass of all of it, the compiled bytes follow.
#[derive(Serialize, Deserialize)]
pub enum Answer {
    Passed { report: Box<AdmissionReport> },
    Refused { faults: Vec<Found> },
}

impl Answer {
    pub fn refused(faults: &Faults) -> Self {
        Self::Refused { faults: faults.iter().take(MOST_FAULTS).map(Fault::found).collect() }
    }
}

/// More than these nobody reads.
const MOST_FAULTS: usize = 64;

/// A length and its bytes.
pub fn write(to: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    to.write_all(&(bytes.len() as u64).to_le_bytes())?;
    to.write_all(bytes)
}

/// The bytes after their length, if they are no more than `most`.
pub fn read(from: &mut impl Read, most: u64) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = length_within(length, most)?;
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A length as it was sent, if it is no more than `most`.
pub fn length_within(length: [u8; 8], most: u64) -> std::io::Result<usize> {
    let length = u64::from_le_bytes(length);
    if length > most {
        return Err(std::io::Error::other("more bytes than allowed were announced"));
    }
    usize::try_from(length).map_err(std::io::Error::other)
}

//! What a component takes before its first instruction, beside the bounds of a call: what could
//! never be instantiated is refused here, with its numbers.

use wasmtime::component::Component;

use crate::contract::Limits;

/// Bytes of a page of linear memory (WebAssembly core specification, 4.2.8).
const PAGE: u64 = 65_536;

/// A bound that no call of the component could keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoundsFault {
    /// What it needs cannot be told then.
    #[error("it imports core modules or components, which is not allowed")]
    ImportsModules,
    /// Counted in pages of 64 KiB.
    #[error("it starts with {pages} pages of memory; at most {most} are allowed")]
    Memory {
        /// So large is its largest memory.
        pages: u64,
        /// The bound of a call.
        most: u64,
    },
    /// All of its modules together.
    #[error("it has {count} memories; at most {most} are allowed")]
    Memories { count: u32, most: u32 },
    /// All of its modules together.
    #[error("it has {count} tables; at most {most} are allowed")]
    Tables { count: u32, most: u32 },
    /// Counted in functions that can be called through pointers.
    #[error("it has a table of more than {most} elements")]
    Table {
        /// The bound of a call.
        most: usize,
    },
}

impl BoundsFault {
    /// What to do about it, as a sentence for the policy's author.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::ImportsModules => {
                "Link everything that it needs into one component, and pack that."
            }
            Self::Memory { .. } => {
                "Make its static data and its stack smaller, or lower the initial memory that its \
                 linker sets; if its manifest asks for less memory than the host has, ask for more."
            }
            Self::Memories { .. } | Self::Tables { .. } => {
                "Build it of fewer core modules, or of modules that share what they have."
            }
            Self::Table { .. } => {
                "Lower the initial size of its tables, or the number of its functions that are \
                 called through pointers."
            }
        }
    }
}

/// Compares what it starts with with the bounds of a call.
pub(super) fn check(component: &Component, limits: &Limits) -> Result<(), Vec<BoundsFault>> {
    let Some(required) = component.resources_required() else {
        return Err(vec![BoundsFault::ImportsModules]);
    };
    let mut faults = Vec::new();
    let pages = required.max_initial_memory_size.unwrap_or(0);
    let most = limits.memory_bytes as u64;
    if pages.saturating_mul(PAGE) > most {
        faults.push(BoundsFault::Memory { pages, most: most / PAGE });
    }
    if required.max_initial_table_size.unwrap_or(0) > limits.table_elements as u64 {
        faults.push(BoundsFault::Table { most: limits.table_elements });
    }
    let (count, most) = (required.num_memories, limits.memories);
    if count > most {
        faults.push(BoundsFault::Memories { count, most });
    }
    let (count, most) = (required.num_tables, limits.tables);
    if count > most {
        faults.push(BoundsFault::Tables { count, most });
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

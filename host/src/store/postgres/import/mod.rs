//! Taking over what the old service left in this database: its accounts, and the events that it has
//! not sent. One transaction for all of it, under locks that keep writers out; a second run finds
//! nothing left to do.

mod accounts;
mod cursor;
mod events;
mod legacy;
mod locks;
mod tables;

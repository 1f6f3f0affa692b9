//! Utilities for every crate: figures and names as text, scratch directories, pipes to other processes.

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod cargo;
pub mod figures;
pub mod path_bytes;
pub mod pipe;
pub mod scratch;
pub mod suggestion;
pub mod terminal;
pub mod words;

/// Each item once, where it comes first. Compares each with all before it: for short lists.
pub fn distinct<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for item in items {
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
}

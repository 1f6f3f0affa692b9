//! Lines for people. `println!` panics when nobody reads any more (`makespan list | head -1`); these don't.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::OnceLock,
};

/// The first line of standard output that was lost.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints a line to standard output, as `println!` does.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::print::to_stdout(format_args!($($text)*)) };
}

/// Prints a line to standard error, as `eprintln!` does.
macro_rules! note {
    ($($text:tt)*) => { $crate::cli::print::to_stderr(format_args!($($text)*)) };
}

pub use makespan::wrapped::{COLUMNS, wrapped};
pub(crate) use {note, say};

pub fn to_stdout(text: fmt::Arguments) {
    if let Err(error) = writeln!(io::stdout(), "{text}") {
        // The first one is the cause of the others.
        let _ = LOST.set(error);
    }
}

pub fn to_stderr(text: fmt::Arguments) {
    // There is nowhere left to say so.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether everything said so far went out. A reader that has seen enough and left is no failure of ours; a full disk is.
pub fn outcome() -> anyhow::Result<()> {
    match LOST.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(anyhow::anyhow!("standard output: {error}")),
        _ => Ok(()),
    }
}

//! A file as a decoder reads it, with a look at the deadline at each read.
//!
//! Decoders have no hook by which they could be told to stop. But they read: with every few kilobytes they come back here,
//! and a read that fails ends them.

use crate::Caller;
use std::io::{self, Read, Seek, SeekFrom};

/// The most that is handed over at once. A decoder makes at most some megabytes of pixels of it before it comes back.
const PIECE_BYTES: usize = 16 << 10;

/// A file in memory that can't be read any more when the run is to end.
pub(super) struct Watched<'a> {
    caller: &'a dyn Caller,
    file: &'a [u8],
    at: usize,
    /// Where pieces end at the latest, ascending.
    ends: Vec<usize>,
}

impl<'a> Watched<'a> {
    /// `ends`, ascending, are places beyond which no read goes in one step.
    pub(super) fn new(caller: &'a dyn Caller, file: &'a [u8], ends: Vec<usize>) -> Self {
        Self { caller, file, at: 0, ends }
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The caller knows why.
        if self.caller.stopped() {
            return Err(io::Error::other("stopped"));
        }
        let rest = &self.file[self.at.min(self.file.len())..];
        let next_end = self.ends[self.ends.partition_point(|&end| end <= self.at)..].first();
        let piece = next_end.map_or(PIECE_BYTES, |end| PIECE_BYTES.min(end - self.at));
        let length = rest.len().min(piece).min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(length)
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut cursor = io::Cursor::new(self.file);
        cursor.set_position(self.at as u64);
        let at = cursor.seek(to)?;
        self.at = at as usize;
        Ok(at)
    }
}

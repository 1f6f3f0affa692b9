//! A reader for decoders that checks the deadline at each read.
//!
//! Decoders have no hook for cancellation. But they call this reader every few kilobytes, and a failed read ends them.

use crate::Caller;
use std::io::{self, Read, Seek, SeekFrom};

/// The largest read. A decoder makes at most some megabytes of pixels from it before the next one.
const PIECE_BYTES: usize = 16 << 10;

/// A file in memory whose reads fail once the run should end.
pub(super) struct Watched<'a> {
    caller: &'a dyn Caller,
    file: &'a [u8],
    at: usize,
    /// Offsets at which pieces must end, ascending.
    ends: Vec<usize>,
}

impl<'a> Watched<'a> {
    /// `ends`, ascending, are offsets that no read crosses.
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

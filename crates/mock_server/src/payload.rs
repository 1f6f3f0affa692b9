//! The bytes of an answer: the connection pulls them in chunks, without a copy.
//!
//! A body of a given size consists of a short head, drawn from the seed and the path, and one block of noise that all
//! bodies share and repeat. So two paths never have the same body, a request for gigabytes takes no memory, and a
//! larger body costs no processor time beyond sending it.

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

const HEAD: usize = 64;
/// Large enough that a chunk costs little beside the system call that sends it.
const BLOCK: usize = 64 * 1024;

/// The source of bodies of a given size.
#[derive(Debug, Clone)]
pub struct NoiseBytes {
    seed: u64,
    block: Bytes,
}

impl NoiseBytes {
    /// The noise of a server with this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, block: drawn(seed, BLOCK) }
    }

    /// The body of `path`, `length` bytes long: the same on every machine.
    pub fn body(&self, path: &str, length: u64) -> Payload {
        // The path's checksum only has to distinguish paths; the generator does the mixing.
        let mut head = drawn(self.seed ^ u64::from(crc32fast::hash(path.as_bytes())) << 32, HEAD);
        head.truncate(usize::try_from(length).unwrap_or(HEAD).min(HEAD));
        let repeated = length - head.len() as u64;
        Payload { head, block: self.block.clone(), repeated }
    }
}

fn drawn(seed: u64, length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    Pcg64::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes.into()
}

/// The unsent rest of one answer. As an iterator it gives the same chunks, to predict the result of a fetch.
#[derive(Debug, Clone, Default)]
pub struct Payload {
    /// Sent first.
    head: Bytes,
    /// Sent repeatedly after it, until `repeated` bytes of it are sent.
    block: Bytes,
    repeated: u64,
}

impl Payload {
    /// Asterisks.
    pub(super) fn stars(length: u64) -> Self {
        static STARS: [u8; BLOCK] = [b'*'; BLOCK];
        Self { head: Bytes::new(), block: Bytes::from_static(&STARS), repeated: length }
    }

    /// Bytes that are still to come.
    pub fn left(&self) -> u64 {
        self.head.len() as u64 + self.repeated
    }
}

impl From<Bytes> for Payload {
    fn from(head: Bytes) -> Self {
        Self { head, ..Self::default() }
    }
}

impl Iterator for Payload {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if !self.head.is_empty() {
            return Some(std::mem::take(&mut self.head));
        }
        let length = self.repeated.min(self.block.len() as u64);
        self.repeated -= length;
        (length > 0).then(|| self.block.slice(..length as usize))
    }
}

impl hyper::body::Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    /// Exact, so every answer has a `Content-Length`.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn collected(payload: Payload) -> Vec<u8> {
        payload.flat_map(|chunk| chunk.to_vec()).collect()
    }

    #[test]
    fn a_body_depends_on_seed_and_path_only() {
        let body = |seed, path| collected(NoiseBytes::new(seed).body(path, 1000));
        assert_eq!(body(1, "/a"), body(1, "/a"));
        assert_ne!(body(1, "/a"), body(1, "/b"));
        assert_ne!(body(1, "/a"), body(2, "/a"));
    }

    #[test]
    fn an_absurd_size_takes_no_memory() {
        let mut body = NoiseBytes::new(1).body("/endless", u64::MAX);
        assert_eq!(body.left(), u64::MAX);
        assert!(body.by_ref().take(10).all(|chunk| chunk.len() <= BLOCK));
        assert_eq!(body.left(), u64::MAX - HEAD as u64 - 9 * BLOCK as u64);
    }

    proptest! {
        #[test]
        fn a_body_is_as_long_as_asked(length in 0_u64..300_000, seed: u64) {
            let body = NoiseBytes::new(seed).body("/page", length);
            prop_assert_eq!(body.left(), length);
            prop_assert_eq!(collected(body).len() as u64, length);
        }
    }
}

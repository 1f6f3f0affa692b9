//! Frames: how the parent and its worker processes talk over pipes.
//!
//! A pipe is a byte stream without message boundaries, so each message is preceded by its length: four bytes, little
//! endian, then postcard. Binary, because a task that takes microseconds must not spend more in a parser.

use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, Read, Write};

/// None of our messages is larger. A larger length means that something else wrote to the pipe (a stray print, say).
const LARGEST: u32 = 64 << 20;

/// Writes one message in one call, so that a short one is never seen in part.
pub fn write<T: Serialize>(mut to: impl Write, message: &T) -> io::Result<()> {
    let mut frame = postcard::to_extend(message, vec![0; 4]).map_err(io::Error::other)?;
    let length = u32::try_from(frame.len() - 4).ok().filter(|&length| length <= LARGEST);
    let length = length.ok_or_else(|| io::Error::other(format!("a message of {} bytes is too long", frame.len())))?;
    frame[..4].copy_from_slice(&length.to_le_bytes());
    to.write_all(&frame)?;
    to.flush()
}

/// Reads one message; `None` when the other side has closed the pipe between two messages.
pub fn read<T: DeserializeOwned>(mut from: impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(end) if end.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(broken) => return Err(broken),
    }
    let length = u32::from_le_bytes(length);
    if length > LARGEST {
        return Err(io::Error::other(format!("a message of {length} bytes was announced: that is not one of ours")));
    }
    let mut message = vec![0; length as usize];
    from.read_exact(&mut message)?;
    postcard::from_bytes(&message).map(Some).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(messages: Vec<(u32, String)>) {
            let mut pipe = Vec::new();
            for message in &messages {
                write(&mut pipe, message).expect("a Vec takes everything");
            }
            let mut reader = pipe.as_slice();
            for message in messages {
                prop_assert_eq!(read(&mut reader).expect("whole"), Some(message));
            }
            prop_assert_eq!(read::<(u32, String)>(&mut reader).expect("a clean end"), None);
        }

        #[test]
        fn noise_is_an_error_or_a_message_but_never_a_panic(noise: Vec<u8>) {
            let _ = read::<(u32, String)>(noise.as_slice());
        }
    }

    #[test]
    fn a_frame_cut_short_is_an_error() {
        let mut pipe = Vec::new();
        write(&mut pipe, &"half of this is lost").expect("a Vec takes everything");
        pipe.truncate(pipe.len() / 2);
        assert!(read::<String>(pipe.as_slice()).is_err());
    }

    #[test]
    fn a_stray_print_is_recognised() {
        assert!(
            read::<String>(&b"thread 'main' said hello\n"[..])
                .expect_err("not a frame")
                .to_string()
                .contains("not one of ours")
        );
    }
}

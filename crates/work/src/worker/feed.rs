//! The feed: what workers do, moment by moment, for viewers of a run.
//!
//! Watching must cost next to nothing, or it would change what is measured. So a worker appends 32 bytes to a file and
//! goes on: no lock of ours, no thread, no wake-up. The file's name is in the environment variable [`VARIABLE`], which
//! worker processes inherit; if it isn't set, there is no feed, and a lane checks one `Option`. Another process, which
//! set the variable, reads the file at its own pace (see `harness::live`).
//!
//! The feed is for viewing only. A record's times and spans come from the run itself, with or without a feed.

use super::lane::Activity;
use std::{
    env,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
    sync::OnceLock,
};

/// Holds the file's path, if there is a viewer.
pub const VARIABLE: &str = "MAKESPAN_FEED";

/// The length of one announcement. A single `write` of so few bytes to a file opened for appending is never torn.
const LENGTH: usize = 32;

/// What is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The run begins. `worker` holds the number of the run's cell.
    Began,
    /// The run ended.
    Ended,
    /// What the worker does from now on.
    Worker(Activity),
}

impl Notice {
    fn to_byte(self) -> u8 {
        match self {
            Self::Began => 0,
            Self::Ended => 1,
            Self::Worker(activity) => 2 + Activity::ALL.iter().position(|one| *one == activity).unwrap_or(0) as u8,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Began),
            1 => Some(Self::Ended),
            activity => Activity::ALL.get(usize::from(activity) - 2).copied().map(Self::Worker),
        }
    }
}

/// One announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcement {
    /// The number of the run.
    pub run: u64,
    /// Since when: `CLOCK_MONOTONIC`, nanoseconds.
    pub at_ns: u64,
    /// The worker, counted from 0.
    pub worker: u32,
    /// The task it concerns; `None` for the prologue.
    pub index: Option<u32>,
    /// What is announced.
    pub what: Notice,
}

impl Announcement {
    fn to_bytes(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&self.run.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.at_ns.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.worker.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.index.unwrap_or(u32::MAX).to_le_bytes());
        bytes[24] = self.what.to_byte();
        bytes
    }

    /// `None` for bytes of another kind.
    fn from_bytes(bytes: &[u8; LENGTH]) -> Option<Self> {
        let [run, at_ns, places, what] = [0, 8, 16, 24].map(|from| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[from..from + 8]);
            u64::from_le_bytes(word)
        });
        let (worker, index) = (places as u32, (places >> 32) as u32);
        let what = Notice::from_byte(u8::try_from(what).ok()?)?;
        Some(Self { run, at_ns, worker, index: (index != u32::MAX).then_some(index), what })
    }
}

/// Where workers announce what they do.
#[derive(Debug)]
pub struct Feed(File);

impl Feed {
    /// The feed of this process; `None` without a viewer. If the file can't be opened, there is no feed: a viewer must
    /// not make a run fail.
    pub fn of_this_process() -> Option<&'static Self> {
        static FEED: OnceLock<Option<Feed>> = OnceLock::new();
        FEED.get_or_init(|| Self::open(env::var_os(VARIABLE)?.as_ref()).ok()).as_ref()
    }

    /// The feed in this file, which must exist.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().append(true).open(path).map(Self)
    }

    /// Appends it. On a full disk it is lost, and the viewer sees a little less.
    pub fn announce(&self, announcement: Announcement) {
        let _ = (&self.0).write(&announcement.to_bytes());
    }
}

/// Reads a feed from its beginning to its current end.
#[derive(Debug)]
pub struct FeedReader {
    file: File,
    begun: Vec<u8>,
}

impl FeedReader {
    /// Reads the feed in this file.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, begun: Vec::new() })
    }

    /// The announcements since the last call.
    pub fn news(&mut self) -> io::Result<Vec<Announcement>> {
        self.file.read_to_end(&mut self.begun)?;
        let (whole, begun) = self.begun.as_chunks::<LENGTH>();
        let news = whole.iter().filter_map(Announcement::from_bytes).collect();
        self.begun = begun.to_vec();
        Ok(news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::thread;
    use tempfile::NamedTempFile;

    proptest! {
        #[test]
        fn what_is_announced_is_read(run: u64, at_ns: u64, worker: u32, index in prop::option::of(0..u32::MAX), which in 0..13_u8) {
            let announcement = Announcement { run, at_ns, worker, index, what: Notice::from_byte(which).unwrap() };
            prop_assert_eq!(Announcement::from_bytes(&announcement.to_bytes()), Some(announcement));
        }

        #[test]
        fn noise_is_no_panic(noise: [u8; LENGTH]) {
            let _ = Announcement::from_bytes(&noise);
        }
    }

    #[test]
    fn nothing_is_torn_or_lost_where_many_announce_at_once() {
        let file = NamedTempFile::new().unwrap();
        let mut reader = FeedReader::open(file.path()).unwrap();
        let (threads, each) = (8, 500);
        thread::scope(|scope| {
            for worker in 0..threads {
                // Each with a handle of its own, as processes have.
                let feed = Feed::open(file.path()).unwrap();
                scope.spawn(move || {
                    for index in 0..each {
                        let of = u64::from(worker) << 32 | u64::from(index);
                        feed.announce(Announcement {
                            run: of,
                            at_ns: of,
                            worker,
                            index: Some(index),
                            what: Notice::Worker(Activity::Run),
                        });
                    }
                });
            }
        });
        let news = reader.news().unwrap();
        assert_eq!(news.len(), (threads * each) as usize);
        assert!(
            news.iter()
                .all(|one| one.run == one.at_ns
                    && one.run == u64::from(one.worker) << 32 | u64::from(one.index.unwrap()))
        );
        assert!(reader.news().unwrap().is_empty());
    }
}

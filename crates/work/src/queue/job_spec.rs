//! A job specification: a task without anything that only one machine has. It names URLs and fixtures that every
//! machine can make, never a path.
//!
//! A worker trusts no job. Anyone who can write to the queue can ask for the things below and nothing else: a
//! fixture's name is compared with the known ones, thumbnails go to the worker's own directory, and a fetch stays at
//! one server.

use crate::{
    fixtures::FixtureKind,
    task::{
        Task, TaskError,
        fetch::{Fetch, same_server},
        gunzip::Gunzip,
        payload::SentText,
        prime_sum::{Method, PrimeSum},
        sharing::SharedWork,
        thumbnail::Thumbnail,
    },
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use support::terminal::printable_path;

/// Above this, a single number takes so many divisions that a worker would not check its deadline for a tenth of a
/// second or more, and near the largest 64-bit number, never.
const LARGEST_FIRST_NUMBER: u64 = 1 << 50;

/// What a job asks for. A worker does nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Errand {
    /// Nothing at all.
    Noop,
    /// Get a URL.
    Fetch(Fetch),
    /// Sum the primes of a range.
    PrimeSum(PrimeSum),
    /// Sum the bytes of a text.
    Payload(SentText),
    /// Count or sum, with what this machine's workers share.
    Sharing(SharedWork),
    /// Make a thumbnail of the photograph or drawing of this name.
    Thumbnail {
        /// The fixture's file name.
        picture: String,
        /// The widest it may be, in pixels.
        width: u32,
        /// The highest it may be, in pixels.
        height: u32,
    },
    /// Decompress the archive of this name.
    Gunzip {
        /// The fixture's file name.
        archive: String,
        /// See [`Gunzip::releases_lock`](crate::task::gunzip::Gunzip::releases_lock).
        releases_lock: bool,
    },
}

impl Errand {
    /// The task's specification, or why it can't be sent.
    pub fn of(task: &Task) -> Result<Self, String> {
        let only_here =
            |path: &Path| format!("{}: workers elsewhere don't have it, only fixtures", printable_path(path));
        let named = |kind: FixtureKind, path: &Path| kind.name_of(path).ok_or_else(|| only_here(path));
        Ok(match task {
            Task::Noop => Self::Noop,
            Task::Fetch(Fetch { save: Some(save), .. }) => return Err(only_here(&save.path)),
            Task::Fetch(fetch) => Self::Fetch(fetch.clone()),
            Task::PrimeSum(range) => Self::PrimeSum(range.clone()),
            Task::Payload(payload) => Self::Payload(payload.clone()),
            Task::Sharing(sharing) => Self::Sharing(sharing.clone()),
            Task::Thumbnail(Thumbnail { input, width, height, .. }) => {
                Self::Thumbnail { picture: named(FixtureKind::Picture, input)?, width: *width, height: *height }
            }
            Task::Gunzip(Gunzip { input, releases_lock }) => {
                Self::Gunzip { archive: named(FixtureKind::Archive, input)?, releases_lock: *releases_lock }
            }
            Task::File(file) => return Err(only_here(&file.path)),
            Task::Command(_) | Task::Request(_) | Task::Function(_) => {
                return Err("work of the user's own: workers elsewhere don't have it".into());
            }
            // The job itself says when it is due.
            Task::Arrival(arrival) => Self::of(&arrival.task)?,
        })
    }

    /// The task, for a worker that has fixtures in `data`, or makes them there now, writes only to `outputs`, and may
    /// fetch only from `server`.
    pub fn task(self, data: &Path, outputs: &Path, server: Option<&str>) -> Result<Task, TaskError> {
        Ok(match self {
            Self::Noop => Task::Noop,
            // A worker never writes to a path that a job names.
            Self::Fetch(Fetch { save: Some(save), .. }) => {
                return Err(TaskError::Refused(format!(
                    "{}: a job writes to no file",
                    shown(&save.path.to_string_lossy())
                )));
            }
            Self::Fetch(fetch) => Task::Fetch(bound(fetch, server)?),
            Self::PrimeSum(range) if range.from > LARGEST_FIRST_NUMBER => {
                let why = format!("primes from {} on: 2^50 is the largest first number", range.from);
                return Err(TaskError::Refused(why));
            }
            Self::PrimeSum(range) if range.by == Method::Sieve && range.below > LARGEST_FIRST_NUMBER => {
                let why = format!("primes below {} by a sieve: 2^50 is the most that fits in memory", range.below);
                return Err(TaskError::Refused(why));
            }
            Self::PrimeSum(range) => Task::PrimeSum(range),
            Self::Payload(payload) => Task::Payload(payload),
            Self::Sharing(sharing) => Task::Sharing(sharing),
            Self::Thumbnail { picture, width, height } => {
                let input = fixture(FixtureKind::Picture, data, &picture)?;
                Task::Thumbnail(Thumbnail { input, output_dir: outputs.into(), width, height })
            }
            Self::Gunzip { archive, releases_lock } => {
                Task::Gunzip(Gunzip { input: fixture(FixtureKind::Archive, data, &archive)?, releases_lock })
            }
        })
    }
}

/// The same fetch, confined to `server`.
fn bound(fetch: Fetch, server: Option<&str>) -> Result<Fetch, TaskError> {
    let why = match server {
        Some(server) if same_server(&fetch.url, server) => return Ok(Fetch { stays: true, ..fetch }),
        Some(server) => format!("{} is not at {}, the one server to fetch from", shown(&fetch.url), shown(server)),
        None => format!("{}: there is no server to fetch from", shown(&fetch.url)),
    };
    Err(TaskError::Refused(why))
}

fn fixture(kind: FixtureKind, data: &Path, name: &str) -> Result<PathBuf, TaskError> {
    let dir = data.join("fixtures");
    match kind.named(&dir, name) {
        Ok(Some(path)) => Ok(path),
        Ok(None) => Err(TaskError::Refused(format!("`{}` is not the name of a fixture", shown(name)))),
        Err(error) => Err(TaskError::File { path: dir, message: error.to_string() }),
    }
}

/// The text made safe for a message: its author may have meant to fill a terminal, or to steer it.
fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        task::{ErrorKind, fetch::Save},
        worker::{lane::Lane, stop::Stop},
    };
    use std::{fs, time::Duration};

    const SERVER: &str = "http://10.0.0.1:8080";

    fn fetch(url: &str) -> Fetch {
        let limit = Duration::from_mins(1);
        Fetch {
            url: url.into(),
            site: Some("news.test".into()),
            authorization: None,
            keep_alive: true,
            connect_timeout: limit,
            timeout: limit,
            redirects: 2,
            blocking: false,
            retries: 0,
            retry_wait: Duration::ZERO,
            save: None,
            stays: false,
        }
    }

    fn refusal(errand: Errand, server: Option<&str>) -> String {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (data, outputs) = (dir.path().join("data"), dir.path().join("outputs"));
        let error = errand.task(&data, &outputs, server).expect_err("it is to be refused");
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(fs::read_dir(dir.path()).expect("it is there").next().is_none(), "nothing is made for what is refused");
        error.to_string()
    }

    /// A picture in a set of one, whole by its manifest.
    fn data_with(picture: &[u8]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let photos = dir.path().join("fixtures/photos");
        fs::create_dir_all(&photos).expect("writable");
        fs::write(photos.join("photo_001.jpg"), picture).expect("writable");
        fs::write(photos.join("manifest.json"), r#"{"version": 1, "files": []}"#).expect("writable");
        dir
    }

    #[test]
    fn what_has_no_path_travels_as_it_is() {
        let range = PrimeSum { from: 0, below: 10, by: Method::Sieve };
        for task in [Task::Noop, Task::PrimeSum(range)] {
            let errand = Errand::of(&task).expect("nothing in it is of one machine");
            assert_eq!(errand.task(Path::new("data"), Path::new("out"), None), Ok(task));
        }
        let errand = Errand::of(&Task::Fetch(fetch("http://10.0.0.1:8080/a"))).expect("a URL");
        let Ok(Task::Fetch(there)) = errand.task(Path::new("data"), Path::new("out"), Some(SERVER)) else {
            panic!("the same fetch");
        };
        assert_eq!(there, Fetch { stays: true, ..fetch("http://10.0.0.1:8080/a") }, "its virtual site with it");
    }

    #[test]
    fn a_fixture_travels_as_its_name_and_is_found_again_elsewhere() {
        let (here, there) = (data_with(b"one"), data_with(b"one"));
        let picture = |data: &Path, out: &str| {
            let input = data.join("fixtures/photos/photo_001.jpg");
            Task::Thumbnail(Thumbnail { input, output_dir: out.into(), width: 7, height: 8 })
        };
        let errand = Errand::of(&picture(here.path(), "/here/out")).expect("it is a fixture");
        assert_eq!(errand, Errand::Thumbnail { picture: "photo_001.jpg".into(), width: 7, height: 8 });
        let task = errand.task(there.path(), Path::new("/there/out"), None);
        assert_eq!(task, Ok(picture(there.path(), "/there/out")));
    }

    #[test]
    fn ones_own_files_can_not_be_sent() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let input = dir.path().join("photo_001.jpg");
        fs::write(&input, "a picture").expect("writable");
        let thumbnail = Thumbnail { input: input.clone(), output_dir: "out".into(), width: 1, height: 1 };
        for task in [Task::Thumbnail(thumbnail), Task::Gunzip(Gunzip { input, releases_lock: true })] {
            let why = Errand::of(&task).expect_err("only this machine has it");
            assert!(why.contains("photo_001.jpg") && why.contains("workers elsewhere don't have it"), "{why}");
        }
    }

    #[test]
    fn names_of_no_fixture_are_refused() {
        let long = "x".repeat(1 << 20);
        for name in ["../../etc/passwd", "/etc/passwd", "photo_001.jpg\0", "\0", "", "photo_999.jpg", "\x1b[2J", &long]
        {
            let picture = Errand::Thumbnail { picture: name.into(), width: 1, height: 1 };
            for errand in [picture, Errand::Gunzip { archive: name.into(), releases_lock: false }] {
                let words = refusal(errand, Some(SERVER));
                assert!(words.len() < 300 && !words.contains(char::is_control), "{words:?}");
            }
        }
    }

    #[test]
    fn a_fetch_stays_at_the_one_server() {
        for url in
            ["http://10.0.0.2:8080/", "https://10.0.0.1:8080/", "http://me@10.0.0.1:8080/", "http://10.0.0.1/", ""]
        {
            assert!(refusal(Errand::Fetch(fetch(url)), Some(SERVER)).contains("the one server"), "{url}");
        }
        let save = Some(Save { path: "/etc/passwd".into(), bytes_per_s: std::num::NonZeroU64::MIN });
        assert!(refusal(Errand::Fetch(Fetch { save, ..fetch(SERVER) }), Some(SERVER)).contains("writes to no file"));
        assert!(refusal(Errand::Fetch(fetch(SERVER)), None).contains("no server"));
        assert!(refusal(Errand::Fetch(fetch("x")), Some("x")).contains("the one server"), "x is no server");
    }

    #[test]
    fn a_thumbnail_of_any_size_is_a_task_that_fails_or_works() {
        let mut file = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut file, 90);
        encoder.encode(&[0; 60 * 40], 60, 40, jpeg_encoder::ColorType::Luma).expect("a Vec takes everything");
        let (data, outputs) = (data_with(&file), tempfile::tempdir().expect("a temporary directory"));
        for (width, height) in [(0, 0), (0, 9), (9, 0), (1, 1), (u32::MAX, u32::MAX), (u32::MAX, 1), (1, u32::MAX)] {
            let errand = Errand::Thumbnail { picture: "photo_001.jpg".into(), width, height };
            let task = errand.task(data.path(), outputs.path(), None).expect("a fixture");
            let mut lane = Lane::new(0, 1, Stop::after(Duration::from_mins(1)));
            let result = lane.run(0, &task).result;
            let expected = if width.min(height) == 0 { Err(ErrorKind::Damaged) } else { Ok(()) };
            assert_eq!(result.as_ref().map(drop).map_err(TaskError::kind), expected, "{width}x{height}: {result:?}");
        }
        let written: Vec<_> = fs::read_dir(outputs.path()).expect("it is there").flatten().collect();
        assert_eq!(written.iter().map(fs::DirEntry::file_name).collect::<Vec<_>>(), ["photo_001_thumbnail.jpg"]);
    }

    #[test]
    fn a_range_that_never_ends_stops_at_the_deadline() {
        let endless = Errand::PrimeSum(PrimeSum { from: 1 << 40, below: u64::MAX, by: Method::TrialDivision });
        let task = endless.task(Path::new("data"), Path::new("out"), None).expect("it may begin");
        let stop = Stop::after(Duration::from_millis(20));
        let _watchdog = stop.watchdog().expect("a thread");
        assert_eq!(Lane::new(0, 1, stop).run(0, &task).result, Err(TaskError::TimedOut));
        // If a single number took forever, the deadline would never be checked. And a task that exhausts the memory
        // would end the whole worker.
        for (from, by) in [(u64::MAX - 100, Method::TrialDivision), (0, Method::Sieve)] {
            let words = refusal(Errand::PrimeSum(PrimeSum { from, below: u64::MAX, by }), None);
            assert!(words.contains("2^50"), "{words}");
        }
    }
}

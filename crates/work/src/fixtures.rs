//! The workloads' input files: photographs and archives, made on first use, the same on every machine.
//!
//! Nothing is downloaded, and the repository holds no large files. Everything is computed from fixed seeds, with
//! integer arithmetic only, because the last bits of floating point may differ between processors and compilers. A
//! finished set stays in its directory and is reused; `set.rs` says how a damaged or unfinished one is recognised.
//!
//! Students can also use their own pictures: [`user_photos`]. But only files made here can be named to another machine
//! without being sent: [`FixtureKind`].

mod archive;
mod named;
mod set;
mod user;

pub use named::FixtureKind;
pub use user::{LeftOut, OwnPictures, user_photos};

use pictures::synthetic::{drawing, photo};
use rayon::prelude::*;
use set::{Content, FixtureFile, Set};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};
use support::terminal::{printable, printable_path};

/// How many photographs there are, as many as document 001 made thumbnails of.
pub const PHOTOS: u32 = 160;
/// How many drawings lie beside them.
pub const DRAWINGS: u32 = 3;
/// How many archives there are.
pub const ARCHIVES: u32 = 64;

/// Raised whenever a generator's output changes: sets of another version are made again.
const VERSION: u32 = 1;

/// Why there are no fixtures.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    /// The disk is full, or the directory belongs to somebody else.
    #[error(
        "{}: could not be written: {error}; free some disk space, make it writable, or use another directory",
        printable_path(path)
    )]
    Unwritable {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A directory of pictures could not be listed.
    #[error(
        "{}: could not be listed: {error}; expected a readable directory with JPEG or PNG files in it",
        printable_path(path)
    )]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A directory without a picture that can be used.
    #[error(
        "{}: no pictures there; expected JPEG or PNG files (those in subdirectories don't count){}",
        printable_path(path),
        told(left_out)
    )]
    NoPictures {
        /// The directory.
        path: PathBuf,
        /// Files that were left out.
        left_out: Vec<LeftOut>,
    },
    /// The system refused the threads to make them.
    #[error("no threads to make fixtures with: {0}; close other programs or raise the limit on processes (ulimit -u)")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// The files and the reasons, behind a message.
fn told(left_out: &[LeftOut]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let each = left_out.iter().map(|one| format!("\n  {}: {}", printable(&one.file), printable(&one.why)));
    format!(". Left out:{}", each.collect::<String>())
}

/// A gzip file and its expected content. The generator took the figures before it compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// The file.
    pub path: PathBuf,
    /// How many bytes its content has.
    pub content_bytes: u64,
    /// The CRC-32 of its content.
    pub content_crc32: u32,
}

/// The 160 photographs `photo_001.jpg` to `photo_160.jpg`: baseline JPEGs, 4:2:0, 36.0 MB and 212 megapixels in all, a
/// quarter of them upright. They lie in the folder `photos` of `dir`, which belongs to this program: anything but a
/// whole set of this version is deleted. `progress` gets (files done, files in all) while a set is made.
pub fn photos(dir: &Path, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Vec<PathBuf>, FixtureError> {
    Ok(pictures(dir, progress)?.into_iter().take(PHOTOS as usize).collect())
}

/// The photographs, and the three drawings `drawing_1.png` to `drawing_3.png`, about 225 kB each: one folder holds both kinds
/// that the gallery's listing names.
fn pictures(dir: &Path, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Vec<PathBuf>, FixtureError> {
    let set = named::FixtureKind::Picture.set(dir);
    let entries = set.ensure(|folder| in_parallel(PHOTOS + DRAWINGS, progress, |index| picture(folder, index)))?;
    Ok(entries.iter().map(|entry| set.path(entry)).collect())
}

fn picture(folder: &Path, index: u32) -> Result<FixtureFile, FixtureError> {
    let bytes = if index < PHOTOS { photo::jpeg(index) } else { drawing::png(index - PHOTOS) };
    save(folder, named::FixtureKind::Picture.name(index), &bytes, None)
}

/// The 64 archives `server_log_01.txt.gz` to `server_log_64.txt.gz`: invented log lines, 5 MB each before compression.
/// They lie in the folder `archives` of `dir`, under the same terms as [`photos`].
pub fn archives(dir: &Path) -> Result<Vec<Archive>, FixtureError> {
    let set = named::FixtureKind::Archive.set(dir);
    let entries = set.ensure(|folder| in_parallel(ARCHIVES, &|_, _| (), |index| archive(folder, index)))?;
    let described = |entry: &FixtureFile| {
        let content = entry.content?;
        Some(Archive { path: set.path(entry), content_bytes: content.bytes, content_crc32: content.crc32 })
    };
    Ok(entries.iter().filter_map(described).collect())
}

fn archive(folder: &Path, index: u32) -> Result<FixtureFile, FixtureError> {
    let log = archive::log(index);
    let content = Content { bytes: log.len() as u64, crc32: crc32fast::hash(log.as_bytes()) };
    save(folder, named::FixtureKind::Archive.name(index), &archive::gzip(log.as_bytes()), Some(content))
}

fn save(folder: &Path, name: String, bytes: &[u8], content: Option<Content>) -> Result<FixtureFile, FixtureError> {
    let path = folder.join(&name);
    fs::write(&path, bytes).map_err(|error| FixtureError::Unwritable { path, error })?;
    Ok(FixtureFile { name, bytes: bytes.len() as u64, crc32: crc32fast::hash(bytes), content })
}

/// Calls `make` for each index on all cores. The pool is separate and is joined at the end: rayon's global pool would
/// stay, and its threads would count as those of the strategy that is measured next.
fn in_parallel<T: Send>(
    count: u32,
    progress: &(dyn Fn(u64, u64) + Sync),
    make: impl Fn(u32) -> Result<T, FixtureError> + Sync,
) -> Result<Vec<T>, FixtureError> {
    let done = AtomicU64::new(0);
    let step = |index| {
        let result = make(index)?;
        progress(done.fetch_add(1, Relaxed) + 1, u64::from(count));
        Ok(result)
    };
    let all = || (0..count).into_par_iter().map(step).collect();
    rayon::ThreadPoolBuilder::new().build_scoped(rayon::ThreadBuilder::run, |pool| pool.install(all))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageReader;

    fn size(path: &Path) -> u64 {
        fs::metadata(path).expect("it was made").len()
    }

    /// One test for everything about the whole set: making it takes seconds.
    #[test]
    fn the_photographs_are_as_described() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let told = AtomicU64::new(0);
        let photos = photos(dir.path(), &|_, total| {
            assert_eq!(total, u64::from(PHOTOS + DRAWINGS));
            told.fetch_add(1, Relaxed);
        })
        .expect("a writable directory");
        assert_eq!(told.into_inner(), u64::from(PHOTOS + DRAWINGS));

        assert_eq!(photos.len(), PHOTOS as usize);
        assert!(photos[0].ends_with("photos/photo_001.jpg") && photos[159].ends_with("photos/photo_160.jpg"));
        let bytes: u64 = photos.iter().map(|photo| size(photo)).sum();
        assert!((35_280_000..=36_720_000).contains(&bytes), "{bytes} bytes are not 36.0 MB +- 2 %");

        let dimensions = |photo: &PathBuf| {
            let mut decoder = rusty_jpeg::decode::Decoder::new(fs::File::open(photo).expect("it was made"));
            decoder.read_info().expect("a JPEG");
            decoder.info().map(|info| (info.width, info.height)).expect("a header")
        };
        let sizes: Vec<_> = photos.iter().map(dimensions).collect();
        let pixels: u64 = sizes.iter().map(|&(width, height)| u64::from(width) * u64::from(height)).sum();
        assert!((210_000_000..=214_000_000).contains(&pixels), "{pixels} pixels are not 212 million");
        assert_eq!(sizes.iter().filter(|(width, height)| width < height).count(), 40);

        let all = pictures(dir.path(), &|_, _| panic!("the set is there already")).expect("the same set");
        let drawings = &all[PHOTOS as usize..];
        assert_eq!(drawings.len(), DRAWINGS as usize);
        for drawing in drawings {
            assert!((190_000..=260_000).contains(&size(drawing)), "{} has {} bytes", drawing.display(), size(drawing));
            let picture = ImageReader::open(drawing).expect("it was made").decode().expect("a PNG");
            assert_eq!(picture.color(), image::ColorType::Rgb8);
        }
    }

    #[test]
    fn archives_are_as_their_manifest_says() {
        use std::io::Read;
        let dir = tempfile::tempdir().expect("a temporary directory");
        let archives = archives(dir.path()).expect("a writable directory");
        assert_eq!(archives.len(), ARCHIVES as usize);
        for archive in archives.iter().step_by(21) {
            let mut content = Vec::new();
            let packed = fs::File::open(&archive.path).expect("it was made");
            flate2::read::GzDecoder::new(packed).read_to_end(&mut content).expect("one gzip member");
            assert_eq!(content.len() as u64, archive.content_bytes);
            assert_eq!(crc32fast::hash(&content), archive.content_crc32);
        }
    }

    #[test]
    fn an_unwritable_directory_is_named() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let in_the_way = dir.path().join("file");
        fs::write(&in_the_way, "not a directory").expect("writable");
        let error = archives(&in_the_way).expect_err("a file is no directory");
        assert!(matches!(&error, FixtureError::Unwritable { path, .. } if path.starts_with(&in_the_way)), "{error}");
        assert!(error.to_string().contains("use another directory"), "{error}");
    }
}

mod encoder;

use super::*;
use crate::worker::{lane::Lane, stop::Stop};
use encoder::{KINDS, Kind, Layout, SCANS, Scans};
use image::{
    DynamicImage, ExtendedColorType, GenericImageView, ImageEncoder, RgbImage, Rgba, RgbaImage, codecs::png::PngEncoder,
};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};
use pictures::{QUALITY, fit, header, planes};
use proptest::prelude::*;
use rusty_jpeg::decode::{Decoder, PixelFormat};
use std::{fs, sync::Arc, time::Duration};

fn lane() -> Lane {
    Lane::new(0, 1, Stop::after(Duration::from_mins(1)))
}

/// A picture that is brighter to the right, greener to the bottom and blue in its middle.
fn gradient(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let middle = 255 - (i64::from(x) * 510 / i64::from(width) - 255).unsigned_abs() as u8;
        image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, middle])
    })
}

fn jpeg(picture: &RgbImage, sampling: SamplingFactor, progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.set_sampling_factor(sampling);
    encoder.set_progressive(progressive);
    encoder.encode(picture, picture.width() as u16, picture.height() as u16, ColorType::Rgb).expect("a small picture");
    bytes
}

fn png(pixels: &[u8], width: u32, height: u32, colour: ExtendedColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(pixels, width, height, colour).expect("a small picture");
    bytes
}

/// The result for `file` under this name, at most 64 x 64; and the thumbnail, if there is one.
fn thumbnail(name: &str, file: &[u8]) -> (Result<Output, TaskError>, Option<DynamicImage>) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let input = dir.path().join(name);
    fs::write(&input, file).expect("writable");
    let task = Thumbnail { input, output_dir: dir.path().join("made/here"), width: 64, height: 64 };
    let result = task.run(&mut lane());
    let written = fs::read(task.output()).ok();
    if let (Ok(output), Some(written)) = (&result, &written) {
        assert_eq!((output.checksum, output.amount), (crc32fast::hash(written).into(), written.len() as u64));
    }
    (result, written.map(|bytes| open(&bytes)))
}

/// A picture that this program wrote.
fn open(file: &[u8]) -> DynamicImage {
    if Format::of(file) == Some(Format::Png) {
        return image::load_from_memory(file).expect("a PNG");
    }
    let mut decoder = Decoder::new(file);
    let pixels = decoder.decode().expect("a JPEG");
    let info = decoder.info().expect("it was decoded");
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    match info.pixel_format {
        PixelFormat::L8 => image::GrayImage::from_raw(width, height, pixels).expect("one byte each").into(),
        _ => RgbImage::from_raw(width, height, pixels).expect("three bytes each").into(),
    }
}

/// How similar two pictures are, in decibels: twice the error is six less.
fn psnr(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let square = |(a, b): (&u8, &u8)| f64::from(a.abs_diff(*b)).powi(2);
    let mean = one.iter().zip(other.iter()).map(square).sum::<f64>() / one.len() as f64;
    10.0 * (255.0 * 255.0 / mean.max(1e-3)).log10()
}

/// The picture's thumbnail, if only its own encoding lost anything.
fn ideal(picture: &RgbImage, (width, height): (u32, u32)) -> RgbImage {
    let small = image::imageops::thumbnail(picture, width, height);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.encode(&small, width as u16, height as u16, ColorType::Rgb).expect("a small picture");
    open(&bytes).to_rgb8()
}

fn assert_looks_like(small: &DynamicImage, picture: &RgbImage) {
    let likeness = psnr(&small.to_rgb8(), &ideal(picture, small.dimensions()));
    assert!(likeness > 30.0, "{likeness} dB");
}

#[test]
fn every_kind_of_jpeg_becomes_the_same_small_picture() {
    // Sides that are not multiples of a block, decoded at an eighth, a quarter, half and all of their size.
    for (width, height) in [(1203, 803), (611, 401), (301, 202), (150, 99)] {
        let picture = gradient(width, height);
        for sampling in [SamplingFactor::F_2_2, SamplingFactor::F_2_1, SamplingFactor::F_1_1] {
            for progressive in [false, true] {
                let (result, small) = thumbnail("photo.jpg", &jpeg(&picture, sampling, progressive));
                result.expect("a whole JPEG");
                let small = small.expect("written");
                assert_eq!(small.dimensions(), fit::within(64, 64, width, height));
                assert_looks_like(&small, &picture);
            }
        }
    }
}

#[test]
fn grey_stays_grey_and_small_stays_small() {
    let mut grey = Vec::new();
    Encoder::new(&mut grey, 90).encode(&[100; 50 * 20], 50, 20, ColorType::Luma).expect("a small picture");
    let small = thumbnail("grey.JPEG", &grey).1.expect("written");
    assert_eq!((small.dimensions(), small.color()), ((50, 20), image::ColorType::L8));
}

#[test]
fn png_keeps_its_kind_and_its_transparency() {
    let picture = RgbaImage::from_fn(200, 100, |x, _| Rgba([255, 0, 0, if x < 100 { 0 } else { 255 }]));
    let small = thumbnail("drawing.png", &png(&picture, 200, 100, ExtendedColorType::Rgba8)).1.expect("written");
    assert_eq!((small.dimensions(), small.color()), ((64, 32), image::ColorType::Rgba8));
    assert_eq!((small.get_pixel(2, 2).0[3], small.get_pixel(62, 2).0), (0, [255, 0, 0, 255]));
    let deep = vec![0x12; 200 * 100 * 6];
    let small = thumbnail("deep.png", &png(&deep, 200, 100, ExtendedColorType::Rgb16)).1.expect("written");
    assert_eq!(small.color(), image::ColorType::Rgb16);
}

/// The error for a file without a thumbnail.
fn refusal(name: &str, file: &[u8]) -> String {
    let (result, small) = thumbnail(name, file);
    assert_eq!(small, None, "{name}: nothing is written");
    match result {
        Err(TaskError::Damaged { message, .. }) => message,
        other => panic!("{name} of {} bytes: {other:?}", file.len()),
    }
}

#[test]
fn damage_is_named_and_nothing_written() {
    let picture = gradient(400, 300);
    let drawing = png(&picture, 400, 300, ExtendedColorType::Rgb8);
    for whole in [jpeg(&picture, SamplingFactor::F_2_2, false), jpeg(&picture, SamplingFactor::F_1_1, true), drawing] {
        for length in [20, whole.len() / 2, whole.len() - 1] {
            assert_eq!(refusal("photo.jpg", &whole[..length]), header::ENDS_EARLY, "{length} of {} bytes", whole.len());
        }
        assert!(refusal("photo.jpg", &whole[..1]).starts_with("not a picture"));
    }
    assert!(refusal("photo.jpg", b"").starts_with("an empty file"));
    assert!(refusal("notes.jpg", b"not a picture at all").starts_with("not a picture"));
}

#[test]
fn content_decides_what_a_picture_is_and_its_end_is_the_end() {
    let picture = gradient(400, 300);
    let trailer = b"\0\0\0\x20ftypmp42\xff\xda\xff\xd8 and so on";
    let full = jpeg(&picture, SamplingFactor::F_1_1, false);
    let files = [jpeg(&picture, SamplingFactor::F_2_2, true), png(&picture, 400, 300, ExtendedColorType::Rgb8), full];
    for file in files {
        for name in ["photo.jpg", "photo.png", "photo.jfif", "photo", "photo.of.mine"] {
            let small = thumbnail(name, &[&file[..], trailer].concat()).1.expect(name);
            assert_looks_like(&small, &picture);
        }
    }
}

#[test]
fn what_no_decoder_here_knows_is_said_in_plain_words() {
    let layout = Layout { kind: Kind::JfifYcc, factors: [(1, 1); 4], scans: Scans::One };
    let file = layout.encode(&gradient(40, 30));
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC0]).expect("a baseline header");
    let changed = |at: usize, byte: u8| {
        let mut file = file.clone();
        file[frame + at] = byte;
        file
    };
    for (file, says) in [
        (changed(1, 0xC9), "an arithmetic-coded JPEG, which is not supported: convert it"),
        (changed(1, 0xCA), "an arithmetic-coded JPEG"),
        (changed(1, 0xC3), "a lossless JPEG"),
        (changed(1, 0xC5), "a hierarchical JPEG"),
        (changed(4, 12), "a JPEG of more than 8 bits"),
        (changed(11, 0x51), "damaged: its frame header"),
        (
            Layout { factors: [(3, 1), (2, 1), (1, 1), (1, 1)], ..layout }.encode(&gradient(40, 30)),
            "a JPEG of unusual sampling (3x1, 2x1, 1x1), which is not supported",
        ),
    ] {
        let words = refusal("photo.jpg", &file);
        assert!(words.starts_with(says), "{words}");
    }
    let four = Layout { kind: Kind::AdobeCmyk, ..layout }.encode(&gradient(40, 30));
    let at = four.windows(5).position(|five| five == b"Adobe").expect("its segment");
    let unnamed = [&four[..at - 4], &four[at + 12..]].concat();
    assert!(refusal("photo.jpg", &unnamed).contains("doesn't say how they make up colours"));
}

/// A JPEG that claims a size.
fn claiming(file: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut file = file.to_vec();
    let frame = file.windows(2).position(|pair| matches!(pair, [0xFF, 0xC0..=0xC2])).expect("a frame header");
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

#[test]
fn what_is_allocated_is_bounded_before_it_is_allocated() {
    let small = gradient(160, 120);
    let (plain, progressive) = (jpeg(&small, SamplingFactor::F_2_2, false), jpeg(&small, SamplingFactor::F_2_2, true));
    // 200 megapixels at an eighth are three; all coefficients of a progressive file are kept.
    let whole = header::read(&claiming(&plain, 16320, 12240)).expect("a usual JPEG");
    assert_eq!((planes::scale(&whole, (64, 48)), planes::affordable(&whole, 1)), (1, Ok(())));
    assert!(
        planes::affordable(&whole, 8).is_ok()
            && planes::affordable(&header::read(&claiming(&plain, 25_000, 16_000)).expect("a usual JPEG"), 8).is_err()
    );
    for (file, says) in [
        (claiming(&progressive, 16320, 12240), "16320 x 12240 pixels take 604\u{a0}MB of memory"),
        (claiming(&plain, 65535, 65535), "65535 x 65535 pixels, and holds next to nothing"),
    ] {
        let words = refusal("huge.jpg", &file);
        assert!(words.contains(says), "{words}");
    }
    for (colour, bytes, side) in [(ExtendedColorType::L8, 1, 65_536_u32), (ExtendedColorType::Rgba8, 4, 9000)] {
        let mut huge = png(&vec![0; 16 * 16 * bytes], 16, 16, colour);
        huge[16..20].copy_from_slice(&side.to_be_bytes());
        huge[20..24].copy_from_slice(&side.to_be_bytes());
        let checksum = crc32fast::hash(&huge[12..29]).to_be_bytes();
        huge[29..33].copy_from_slice(&checksum);
        let words = refusal("huge.png", &huge);
        assert!(words.contains("of memory to decode"), "{words}");
    }
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let input = dir.path().join("photo.jpg");
    let mut task = Thumbnail { input: input.clone(), output_dir: dir.path().into(), width: 64, height: 64 };
    assert!(matches!(task.run(&mut lane()), Err(TaskError::File { path, .. }) if path == input));
    fs::write(&input, jpeg(&gradient(100, 100), SamplingFactor::F_2_2, false)).expect("writable");
    task.output_dir.clone_from(&input);
    assert!(matches!(task.run(&mut lane()), Err(TaskError::File { path, .. }) if path == input));
}

#[test]
fn it_stops_when_told_to() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let input = dir.path().join("photo.jpg");
    fs::write(&input, jpeg(&gradient(100, 100), SamplingFactor::F_2_2, false)).expect("writable");
    let task = Thumbnail { input, output_dir: dir.path().join("made"), width: 64, height: 64 };
    let mut stopped = Lane::new(0, 1, Stop::new(Duration::from_mins(1), &Arc::new(true.into())));
    assert_eq!(task.run(&mut stopped), Err(TaskError::Cancelled));
    assert!(!task.output().exists());
}

/// A context that says "stop" after `most` checks.
struct Impatient {
    looks: std::cell::Cell<u32>,
    most: u32,
}

impl Impatient {
    fn look(&self) -> Result<(), crate::worker::stop::Stopped> {
        self.looks.set(self.looks.get() + 1);
        if self.looks.get() > self.most { Err(crate::worker::stop::Stopped::Deadline) } else { Ok(()) }
    }
}

impl TaskContext for Impatient {
    fn check(&mut self) -> Result<(), crate::worker::stop::Stopped> {
        self.look()
    }

    fn stopped(&self) -> Result<(), crate::worker::stop::Stopped> {
        self.look()
    }

    fn await_due(&mut self, _: u64) -> Result<(), crate::worker::stop::Stopped> {
        Ok(())
    }

    fn wait<T>(&mut self, _: crate::worker::lane::Activity, io: impl FnOnce(Duration) -> T) -> T {
        io(Duration::ZERO)
    }

    fn tag(&self) -> mock_server::log::TaskTag {
        mock_server::log::TaskTag { run: 0, index: None }
    }

    fn worker(&self) -> u32 {
        0
    }
}

/// A progressive picture that holds only its means and `count` scans that add nothing: a dozen bytes each.
fn of_scans(count: usize, side: u16) -> Vec<u8> {
    let [high, low] = side.to_be_bytes();
    let mut file = vec![0xFF, 0xD8];
    file.extend(encoder::segment(0xDB, &[&[0][..], &[1; 64]].concat()));
    file.extend(encoder::segment(0xC2, &[8, high, low, high, low, 1, 1, 0x11, 0]));
    for table in [0, 0x10] {
        file.extend(encoder::segment(0xC4, &[&[table, 1][..], &[0; 15], &[0]].concat()));
    }
    file.extend(encoder::segment(0xDA, &[1, 1, 0, 0, 0, 0]));
    (0..count).for_each(|_| file.extend(encoder::segment(0xDA, &[1, 1, 0, 1, 63, 0])));
    file.extend([0xFF, 0xD9]);
    file
}

#[test]
fn the_deadline_is_looked_at_within_a_decode() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let input = dir.path().join("photo.jpg");
    let task = Thumbnail { input: input.clone(), output_dir: dir.path().join("made"), width: 64, height: 64 };
    let noise: Vec<u8> = (0..300 * 300 * 3_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let noise = RgbImage::from_raw(300, 300, noise).expect("three bytes each");
    for file in
        [of_scans(100, 512), jpeg(&noise, SamplingFactor::F_1_1, false), png(&noise, 300, 300, ExtendedColorType::Rgb8)]
    {
        fs::write(&input, &file).expect("writable");
        let patient = &mut Impatient { looks: 0.into(), most: u32::MAX };
        task.run(patient).expect("a whole picture");
        let looks = patient.looks.get();
        assert!(looks > 5 + (file.len() as u32 / 20_000).max(if file.len() < 2000 { 100 } else { 0 }), "{looks} looks");
        for most in 0..looks {
            let stopped = task.run(&mut Impatient { looks: 0.into(), most });
            assert_eq!(stopped, Err(TaskError::TimedOut), "{most} of {looks} looks");
        }
    }
}

#[test]
fn any_name_gets_a_thumbnail_with_a_name_of_its_own() {
    use std::{collections::BTreeSet, ffi::OsStr, os::unix::ffi::OsStrExt};
    let dir = tempfile::tempdir().expect("a temporary directory");
    let long = |last: &str| format!("{}{last}.jpg", "x".repeat(250));
    let wide = format!("{}.jpeg", "ä".repeat(125));
    let names = [
        b"photo.jpg".to_vec(),
        b"photo".to_vec(),
        b"K\xe4se.jpg".to_vec(),
        long("1").into(),
        long("2").into(),
        wide.into(),
        format!("a.{}", "y".repeat(253)).into(),
        format!("b.{}", "y".repeat(253)).into(),
        b"...".to_vec(),
    ];
    let mut made = BTreeSet::new();
    for name in &names {
        let input = dir.path().join(OsStr::from_bytes(name));
        fs::write(&input, jpeg(&gradient(60, 40), SamplingFactor::F_2_2, false)).expect("writable");
        let task = Thumbnail { input, output_dir: dir.path().join("made"), width: 64, height: 64 };
        task.run(&mut lane()).expect("a whole picture");
        assert!(task.output().is_file() && made.insert(task.output()), "{:?}", task.output());
        let sent: Thumbnail = postcard::from_bytes(&postcard::to_stdvec(&task).expect("any path")).expect("any path");
        assert_eq!(sent, task);
    }
    assert!(made.contains(&dir.path().join("made/photo_thumbnail.jpg")));
}

#[test]
fn a_recipe_takes_the_first_photos_and_no_more_than_there_are() {
    let recipe: Recipe = toml::from_str("photos = 2\nheight = 64").expect("the width has a default");
    let photos = ["a.jpg", "b.jpg", "c.jpg"].map(PathBuf::from);
    let task = |input: &str| {
        Task::Thumbnail(Thumbnail { input: input.into(), output_dir: "made".into(), width: 128, height: 64 })
    };
    let tasks = recipe.build(&photos, Path::new("made")).expect("there are three");
    assert_eq!(tasks, [(task("a.jpg"), Expected::AsSequential), (task("b.jpg"), Expected::AsSequential)]);
    assert_eq!(recipe.build(&photos[..1], Path::new("made")), Err(TooFewPhotos { wanted: 2, found: 1 }));
    assert!(
        toml::from_str::<Recipe>("photos = 0").is_err() && toml::from_str::<Recipe>("photos = 1\nwide = 2").is_err()
    );
}

fn factors() -> impl Strategy<Value = [(u32, u32); 4]> {
    // The finest first, as in nearly every file, or any.
    let any = || [(1_u32..=4, 1_u32..=4), (1..=4, 1..=4), (1..=4, 1..=4), (1..=4, 1..=4)];
    let usual = (1_u32..=2, 1_u32..=2).prop_map(|finest| [finest, (1, 1), (1, 1), finest]);
    let two = || prop::sample::select(vec![1_u32, 2, 4]);
    let doubling = [(two(), two()), (two(), two()), (two(), two()), (two(), two())];
    prop_oneof![usual, doubling, any()]
}

fn layouts() -> impl Strategy<Value = Layout> {
    let parts = (prop::sample::select(&KINDS[..]), factors(), prop::sample::select(&SCANS[..]));
    let layout = |(kind, factors, scans)| Layout { kind, factors, scans };
    parts.prop_map(layout).prop_filter("ten blocks at most in a unit", Layout::is_legal)
}

/// Sides of pictures, thin ones among them.
fn sides() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![(1_u32..200, 1_u32..200), (150_u32..900, 1_u32..8), (1_u32..8, 150_u32..900)]
}

/// How similar a thumbnail of a file of this layout is to what the file shows, in decibels, and whether that is enough:
/// far above the 13 dB and less of planes mistaken for others, and below the cost of rounding in a picture a few pixels
/// wide. `None` if the layout is refused as unusual.
fn likeness(layout: &Layout, (width, height): (u32, u32), side: u32) -> Option<(f64, bool)> {
    let picture = gradient(width, height);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let input = dir.path().join("photo.jpg");
    fs::write(&input, layout.encode(&picture)).expect("writable");
    let task = Thumbnail { input, output_dir: dir.path().into(), width: side, height: side };
    match task.run(&mut lane()) {
        Ok(_) => {
            let small = open(&fs::read(task.output()).expect("written")).to_rgb8();
            let likeness = psnr(&small, &ideal(&layout.shown(&picture), small.dimensions()));
            Some((likeness, likeness > if width.min(height) < 24 { 16.0 } else { 25.0 }))
        }
        Err(TaskError::Damaged { message, .. }) => {
            assert!(message.starts_with("a JPEG of unusual sampling ("), "{message}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Planes finer than the first, red, green and blue of different sizes, and strips: each was once misread.
#[test]
fn no_plane_is_taken_for_another() {
    for kind in KINDS {
        for factors in [[(2, 2), (1, 1), (1, 1), (2, 2)], [(1, 1), (2, 1), (1, 1), (1, 2)], [(1, 1); 4]] {
            for (scans, size) in SCANS.into_iter().zip([(160, 120), (211, 97), (900, 3)]) {
                let layout = Layout { kind, factors, scans };
                let (likeness, enough) = likeness(&layout, size, 64).expect("an allowed layout");
                assert!(enough, "{layout:?}, {size:?}: {likeness:.1} dB");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Every layout comes out as what the file shows, or is refused.
    #[test]
    fn no_layout_is_silently_wrong(layout in layouts(), size in sides(), side in 8_u32..64) {
        match likeness(&layout, size, side) {
            Some((likeness, enough)) => prop_assert!(enough, "{likeness:.1} dB"),
            None => prop_assert!(!layout.is_whole() || layout.has_one_between_alone(), "it is no unusual one"),
        }
    }
}

proptest! {
    /// Damage within a file may go unnoticed, but it never brings a worker down.
    #[test]
    fn no_damage_panics(at in prop::collection::vec((0.0..1.0, any::<u8>()), 1..6), progressive: bool) {
        let mut file = jpeg(&gradient(150, 110), SamplingFactor::F_2_2, progressive);
        for (place, byte) in at {
            let place = (file.len() as f64 * place) as usize;
            file[place] = byte;
        }
        let result = thumbnail("photo.jpg", &file).0;
        prop_assert!(matches!(result, Ok(_) | Err(TaskError::Damaged { .. })), "{result:?}");
    }
}

/// Copies each picture to where its thumbnail should be.
const COPIES: &str = r#"sh -c 'for it; do cp "$it" "$0/$(basename "$it" .jpg)_thumbnail.jpg"; done' {folder} {}"#;

#[test]
fn a_program_makes_the_thumbnails_of_several_pictures_at_once() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let pictures: Vec<PathBuf> = (0..3).map(|index| dir.path().join(format!("a {index}.jpg"))).collect();
    let small = jpeg(&gradient(40, 30), SamplingFactor::F_2_2, false);
    pictures.iter().for_each(|picture| fs::write(picture, &small).expect("writable"));
    let outputs = dir.path().join("made");
    fs::create_dir(&outputs).expect("writable");
    let tasks = |line: &str| {
        let program = ThumbnailProgram { line: Template::parse(line).unwrap(), pictures: NonZeroU32::new(2).unwrap() };
        let recipe =
            Recipe { photos: NonZeroU32::new(3).unwrap(), width: side(), height: side(), program: Some(program) };
        recipe.build(&pictures, &outputs).expect("three pictures").into_iter().map(|(task, _)| task).collect::<Vec<_>>()
    };
    let made = tasks(COPIES);
    assert_eq!(made.iter().map(|task| task.thumbnails().len()).collect::<Vec<_>>(), [2, 1], "two pictures at once");
    assert_eq!(made[0].program(), Some("sh"));
    let output = made[0].run(&mut lane()).expect("copied");
    assert_eq!((output.checksum, output.amount), (crc32fast::hash(&small.repeat(2)).into(), 2 * small.len() as u64));
    // A picture that fits is its own thumbnail.
    assert!(made[0].thumbnails()[0].likeness_db().unwrap() > Some(60.0));
    let none = tasks("true {} {folder}").remove(1).run(&mut lane());
    assert!(matches!(&none, Err(TaskError::File { path, .. }) if path.ends_with("a 2_thumbnail.jpg")), "{none:?}");
}

#[test]
fn a_thumbnail_is_compared_with_a_carefully_made_one_and_its_size_checked() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let input = dir.path().join("photo.jpg");
    fs::write(&input, jpeg(&gradient(611, 401), SamplingFactor::F_2_2, false)).expect("writable");
    let task = Thumbnail { input: input.clone(), output_dir: dir.path().join("made"), width: 64, height: 64 };
    task.run(&mut lane()).expect("a whole JPEG");
    let good = task.likeness_db().expect("of its size").expect("both are JPEGs");
    let mut coarse = Vec::new();
    let (width, height) = fit::within(64, 64, 611, 401);
    let grey = vec![128; (3 * width * height) as usize];
    Encoder::new(&mut coarse, 75).encode(&grey, width as u16, height as u16, ColorType::Rgb).expect("a small picture");
    fs::write(task.output(), coarse).expect("writable");
    let bad = task.likeness_db().expect("of its size").expect("both are JPEGs");
    assert!(good > 35.0 && bad < 20.0, "{good} and {bad} dB");
    fs::copy(&input, task.output()).expect("writable");
    let too_large = task.likeness_db().expect_err("it has the picture's own size").to_string();
    assert!(too_large.contains("its thumbnail has 611 x 401 pixels, expected 64 x 42"), "{too_large}");
}

use super::*;
use crate::worker::{lane::Lane, stop::Stop};
use image::{ExtendedColorType, GenericImageView, ImageEncoder, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;
use std::{sync::Arc, time::Duration};

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

/// What becomes of `file` under this name, at most 64 x 64; and the thumbnail, if there is one.
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
    (result, written.map(|bytes| image::load_from_memory(&bytes).expect("a picture")))
}

fn assert_looks_like(small: &DynamicImage, picture: &RgbImage) {
    let ideal = image::imageops::thumbnail(picture, small.width(), small.height());
    let off = |(a, b): (&u8, &u8)| u64::from(a.abs_diff(*b));
    let small = small.to_rgb8();
    let mean = small.iter().zip(ideal.iter()).map(off).sum::<u64>() as f64 / ideal.len() as f64;
    assert!(mean < 4.0, "a sample is off by {mean} levels in the mean");
}

#[test]
fn every_kind_of_jpeg_becomes_the_same_small_picture() {
    // Sides that are no multiples of a block, decoded at an eighth, a quarter, half and the whole of their size.
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

#[test]
fn damage_is_named_and_nothing_written() {
    let picture = gradient(400, 300);
    let plain = jpeg(&picture, SamplingFactor::F_2_2, false);
    let full = jpeg(&picture, SamplingFactor::F_1_1, false);
    let drawing = png(&picture, 400, 300, ExtendedColorType::Rgb8);
    let halved = |file: &[u8]| [0, 1, 20, file.len() / 2, file.len() - 4].map(|length| file[..length].to_vec());
    let mut cases: Vec<(&str, Vec<u8>)> = Vec::new();
    cases.extend(halved(&plain).map(|part| ("photo.jpg", part)));
    cases.extend(halved(&full).map(|part| ("photo.jpg", part)));
    cases.extend(halved(&drawing)[..4].iter().map(|part| ("drawing.png", part.clone())));
    cases.extend([("photo.jpg", drawing), ("drawing.png", plain.clone()), ("photo.gif", plain)]);
    cases.push(("notes.jpg", b"not a picture at all".into()));
    for (name, file) in cases {
        let (result, small) = thumbnail(name, &file);
        assert!(matches!(result, Err(TaskError::Damaged { .. })), "{name} of {} bytes: {result:?}", file.len());
        assert_eq!(small, None);
    }
}

#[test]
fn absurd_sizes_are_refused() {
    let mut huge = jpeg(&gradient(16, 16), SamplingFactor::F_2_2, false);
    let header = huge.windows(2).position(|pair| pair == [0xFF, 0xC0]).expect("a baseline header");
    huge[header + 5..header + 9].copy_from_slice(&[0xFF; 4]);
    let result = thumbnail("huge.jpg", &huge).0;
    assert!(matches!(&result, Err(TaskError::Damaged { message, .. }) if message.contains("65535")), "{result:?}");

    let mut huge = png(&[0; 16 * 16], 16, 16, ExtendedColorType::L8);
    huge[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let checksum = crc32fast::hash(&huge[12..29]).to_be_bytes();
    huge[29..33].copy_from_slice(&checksum);
    assert!(matches!(thumbnail("huge.png", &huge).0, Err(TaskError::Damaged { .. })));
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

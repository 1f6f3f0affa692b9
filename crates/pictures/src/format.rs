//! Detects a picture's format by content, as Pillow does. File names are wrong too often.

use std::path::Path;

/// A picture format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Can be decoded.
    Jpeg,
    /// Can be decoded.
    Png,
    /// Known, but can't be decoded: its name.
    Other(&'static str),
}

/// How many bytes of a file [`Format::of`] needs.
pub const HEAD_BYTES: usize = 16;

/// Magic bytes of formats that are not decoded here. In the MPEG family, the format's name is at offset 8.
const BEGINNINGS: [(usize, &[u8], &str); 17] = [
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"BM", "BMP"),
    (0, b"8BPS", "Photoshop"),
    (4, b"JXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"jP  ", "JPEG 2000"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypavis", "AVIF"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypheix", "HEIC"),
    (4, b"ftyphevc", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftypmsf1", "HEIC"),
    (4, b"ftypcrx", "raw"),
];

/// File extensions that differ from the format's own name.
const ENDINGS: [(&str, Format); 24] = [
    ("jpg", Format::Jpeg),
    ("jpeg", Format::Jpeg),
    ("jpe", Format::Jpeg),
    ("jfif", Format::Jpeg),
    ("png", Format::Png),
    ("gif", Format::Other("GIF")),
    ("webp", Format::Other("WebP")),
    ("tif", Format::Other("TIFF")),
    ("tiff", Format::Other("TIFF")),
    ("bmp", Format::Other("BMP")),
    ("psd", Format::Other("Photoshop")),
    ("jxl", Format::Other("JPEG XL")),
    ("jp2", Format::Other("JPEG 2000")),
    ("avif", Format::Other("AVIF")),
    ("heic", Format::Other("HEIC")),
    ("heif", Format::Other("HEIC")),
    ("cr2", Format::Other("raw")),
    ("cr3", Format::Other("raw")),
    ("nef", Format::Other("raw")),
    ("arw", Format::Other("raw")),
    ("dng", Format::Other("raw")),
    ("orf", Format::Other("raw")),
    ("raf", Format::Other("raw")),
    ("rw2", Format::Other("raw")),
];

impl Format {
    /// Detects the format by magic bytes; `None` if unknown.
    pub fn of(content: &[u8]) -> Option<Self> {
        let begins = |(at, beginning, _): &&(usize, &[u8], &str)| {
            content.get(*at..).is_some_and(|rest| rest.starts_with(beginning))
        };
        if content.starts_with(b"\xff\xd8") {
            Some(Self::Jpeg)
        } else if content.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else {
            BEGINNINGS.iter().find(begins).map(|&(_, _, name)| Self::Other(name))
        }
    }

    /// By file extension, in any case.
    pub fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        ENDINGS.iter().find(|(ending, _)| extension.eq_ignore_ascii_case(ending)).map(|&(_, format)| format)
    }

    /// Why a file can't be decoded, and what to do; `None` if it perhaps can. `content` may be only its beginning.
    pub fn refusal(path: &Path, content: &[u8]) -> Option<String> {
        if content.is_empty() {
            return Some("an empty file: copy it again".into());
        }
        // The name is used only if the content doesn't tell.
        let by_name = || Self::of_name(path).filter(|format| matches!(format, Self::Other(_)));
        match Self::of(content).or_else(by_name) {
            Some(Self::Jpeg | Self::Png) => None,
            Some(Self::Other(name)) => {
                Some(format!("a {name} picture, which is not supported: convert it to JPEG or PNG"))
            }
            None => Some("not a picture, by its content: copy it again, or take it away".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_and_a_name_only_where_the_content_says_nothing() {
        let refusal = |name: &str, content: &[u8]| Format::refusal(Path::new(name), content);
        for (name, content) in
            [("a.jpg", &b"\xff\xd8\xff\xe0"[..]), ("a.png", b"\xff\xd8\xff"), ("a", b"\x89PNG\r\n\x1a\n")]
        {
            assert_eq!(refusal(name, content), None, "{name}");
        }
        for (name, content, says) in [
            ("photo.jpg", &b"RIFF\0\0\0\0WEBPVP8 "[..], "a WebP picture"),
            ("photo.jpg", b"\0\0\0\x18ftypheic", "a HEIC picture"),
            ("photo.HEIC", b"x", "a HEIC picture"),
            ("photo.jpg", b"II*\0", "a TIFF picture"),
            ("photo.jpg", b"", "an empty file"),
            ("photo.heic", b"", "an empty file"),
            ("photo.jpg", b"bad", "not a picture"),
            ("photo", b"bad", "not a picture"),
        ] {
            let why = refusal(name, content).expect("it can't be decoded");
            assert!(why.starts_with(says) && why.contains(": "), "{name}: {why}");
        }
    }
}

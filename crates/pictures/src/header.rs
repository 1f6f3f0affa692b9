//! Reads a JPEG's headers: its frame, its colours, where its scans lie and where it ends. Nothing is decoded.
//!
//! Decoders accept more than they understand: layouts whose planes they misread, colours that they guess. So files are
//! checked here first, and a file that might not be decoded correctly is refused with the reason.

/// The marker segments used here, by the second byte of their marker (ITU-T T.81, table B.1).
mod mark {
    pub(super) const SOI: [u8; 2] = [0xFF, 0xD8];
    pub(super) const TEM: u8 = 0x01;
    pub(super) const RST0: u8 = 0xD0;
    pub(super) const RST7: u8 = 0xD7;
    pub(super) const EOI: u8 = 0xD9;
    pub(super) const SOS: u8 = 0xDA;
    pub(super) const APP0: u8 = 0xE0;
    pub(super) const APP14: u8 = 0xEE;
}

/// The error for a file whose picture is not complete.
pub const ENDS_EARLY: &str = "damaged: it ends before its content does: copy it again";

/// A JPEG's headers.
#[derive(Debug)]
pub struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: Vec<Component>,
    pub(super) colour: Colour,
    pub(super) progressive: bool,
    /// Where each scan's data lies in the file.
    pub(super) scans: Vec<Scan>,
    /// Where the picture ends. Anything after it, such as a phone's film or second picture, is not part of it.
    pub(super) end: usize,
}

/// One plane of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Component {
    id: u8,
    /// Its sampling factors, across and down; the finest component's are [`Header::most`].
    pub(super) factors: (u32, u32),
}

/// One scan: the data of some components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Indexes of its components.
    components: Vec<usize>,
    pub(super) data: std::ops::Range<usize>,
}

/// The meaning of the components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Grey,
    YCbCr,
    Rgb,
    /// Four inks, as Adobe's programs store them: 255 is no ink.
    Cmyk,
    /// The same, the first three components as luma and chroma of the inks' complements.
    Ycck,
}

/// A frame header as in the file.
struct Frame {
    mark: u8,
    precision: u8,
    size: (u32, u32),
    components: Vec<Component>,
}

/// Reads the headers of the first picture in the file. Refuses unsupported files.
pub fn read(file: &[u8]) -> Result<Header, String> {
    let mut marks = Marks { file, at: 2 };
    if !file.starts_with(&mark::SOI) {
        return Err("damaged: it doesn't begin as a JPEG does".into());
    }
    let (mut frame, mut scans) = (None::<Frame>, Vec::new());
    let (mut is_jfif, mut adobe) = (false, None);
    loop {
        match marks.next().ok_or(ENDS_EARLY)? {
            mark::EOI => break,
            mark::TEM | mark::RST0..=mark::RST7 => {}
            0xD8 => return Err("damaged: a second picture begins within it".into()),
            code => {
                let segment = marks.segment().ok_or(ENDS_EARLY)?;
                match code {
                    mark::APP0 => is_jfif |= segment.starts_with(b"JFIF\0"),
                    mark::APP14 if segment.starts_with(b"Adobe") => adobe = segment.get(11).copied().or(adobe),
                    // Three markers in the frames' range are for tables or reserved.
                    0xC4 | 0xC8 | 0xCC => {}
                    0xC0..=0xCF if frame.is_none() => {
                        frame = Some(Frame::read(code, segment).ok_or("damaged: its frame header is malformed")?);
                    }
                    0xC0..=0xCF => return Err(unsupported("a hierarchical JPEG")),
                    mark::SOS => {
                        let frame = frame.as_ref().ok_or("damaged: its data comes before its frame header")?;
                        let components = frame.named_in(segment).ok_or("damaged: a scan header is malformed")?;
                        scans.push(Scan { components, data: marks.data() });
                    }
                    _ => {}
                }
            }
        }
    }
    let frame = frame.ok_or("damaged: it has no frame header")?;
    frame.supported()?;
    let colour = frame.colour(is_jfif, adobe)?;
    let (width, height) = frame.size;
    let progressive = frame.mark == 0xC2;
    let header = Header { width, height, components: frame.components, colour, progressive, scans, end: marks.at };
    header.layout_supported()?;
    Ok(header)
}

/// An error: what it is, and what to do.
fn unsupported(what: &str) -> String {
    format!("{what}, which is not supported: convert it to a usual JPEG")
}

/// Iterates over markers.
struct Marks<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Marks<'a> {
    /// The next marker's code. Bytes before it are skipped, as in every decoder.
    fn next(&mut self) -> Option<u8> {
        loop {
            self.at += memchr::memchr(0xFF, self.file.get(self.at..)?)? + 1;
            while *self.file.get(self.at)? == 0xFF {
                self.at += 1;
            }
            self.at += 1;
            let code = self.file[self.at - 1];
            if code != 0 {
                return Some(code);
            }
        }
    }

    /// The content of the segment that begins here.
    fn segment(&mut self) -> Option<&'a [u8]> {
        let length = self.file.get(self.at..self.at + 2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let segment = self.file.get(self.at + 2..self.at + length)?;
        self.at += length;
        Some(segment)
    }

    /// The entropy-coded data that begins here, up to the next marker that is not a restart, which is next.
    fn data(&mut self) -> std::ops::Range<usize> {
        let start = self.at;
        loop {
            match self.next() {
                Some(mark::RST0..=mark::RST7) => {}
                Some(_) => {
                    self.at -= 2;
                    return start..self.at;
                }
                None => {
                    self.at = self.file.len();
                    return start..self.at;
                }
            }
        }
    }
}

impl Frame {
    fn read(mark: u8, segment: &[u8]) -> Option<Self> {
        let &[precision, h1, h0, w1, w0, count, ref rest @ ..] = segment else { return None };
        let size = (u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into());
        let component =
            |three: &[u8]| Component { id: three[0], factors: ((three[1] >> 4).into(), (three[1] & 15).into()) };
        let components: Vec<Component> = rest.chunks_exact(3).map(component).collect();
        let right = |factor: u32| (1..=4).contains(&factor);
        let all_right = components.iter().all(|one| right(one.factors.0) && right(one.factors.1));
        (all_right && components.len() == usize::from(count) && size.0 > 0).then_some(Self {
            mark,
            precision,
            size,
            components,
        })
    }

    /// The indexes of the components that a scan header names.
    fn named_in(&self, segment: &[u8]) -> Option<Vec<usize>> {
        let (&count, rest) = segment.split_first()?;
        let ids = rest.get(..2 * usize::from(count))?.chunks_exact(2).map(|pair| pair[0]);
        ids.map(|id| self.components.iter().position(|component| component.id == id)).collect()
    }

    fn supported(&self) -> Result<(), String> {
        let what = match self.mark {
            0xC3 => "a lossless JPEG",
            0xC9..=0xCB => "an arithmetic-coded JPEG",
            0xC5..=0xC7 | 0xCD..=0xCF => "a hierarchical JPEG",
            _ if self.precision != 8 => "a JPEG of more than 8 bits a sample",
            _ if self.size.1 == 0 => "a JPEG that doesn't say its height beforehand",
            _ => return Ok(()),
        };
        Err(unsupported(what))
    }

    /// As in libjpeg, and so in Pillow and browsers: JFIF has only grey and YCbCr, Adobe's segment names the colours,
    /// and without either, three components are YCbCr unless they are named R, G and B.
    fn colour(&self, is_jfif: bool, adobe: Option<u8>) -> Result<Colour, String> {
        let ids: Vec<u8> = self.components.iter().map(|component| component.id).collect();
        Ok(match (ids.len(), adobe) {
            (1, _) => Colour::Grey,
            (3, _) if is_jfif => Colour::YCbCr,
            (3, Some(0)) => Colour::Rgb,
            (3, None) if ids == *b"RGB" => Colour::Rgb,
            (3, _) => Colour::YCbCr,
            (4, Some(0)) => Colour::Cmyk,
            (4, Some(2)) => Colour::Ycck,
            (4, _) => return Err(unsupported("a JPEG of four components that doesn't say how they make up colours")),
            (count, _) => return Err(unsupported(&format!("a JPEG of {count} components"))),
        })
    }
}

impl Header {
    /// The factors of the finest components.
    pub(super) fn most(&self) -> (u32, u32) {
        let most = |factor: fn(&Component) -> u32| self.components.iter().map(factor).max().unwrap_or(1);
        (most(|one| one.factors.0), most(|one| one.factors.1))
    }

    /// How many blocks of 8 x 8 samples a decoder keeps of a component.
    pub(super) fn blocks(&self, component: &Component) -> u64 {
        let (across, down) = self.most();
        let along = |length: u32, most: u32, factor: u32| u64::from(length.div_ceil(8 * most) * factor);
        along(self.width, across, component.factors.0) * along(self.height, down, component.factors.1)
    }

    /// How many blocks a scan codes.
    pub(super) fn blocks_of(&self, scan: &Scan) -> u64 {
        scan.components.iter().map(|&index| self.blocks(&self.components[index])).sum()
    }

    /// Each component's factor must divide the finest one's: the decoder supports no others. Intermediate ones (2 of 4)
    /// are right only if a scan holds several components: in its own scan such a component has fewer blocks than the
    /// decoder reads.
    fn layout_supported(&self) -> Result<(), String> {
        let most = self.most();
        let whole = |one: &Component| most.0.is_multiple_of(one.factors.0) && most.1.is_multiple_of(one.factors.1);
        let outer = |factor: u32, most: u32| factor == 1 || factor == most;
        let alone = |scan: &Scan| scan.components.len() == 1;
        let between = |one: &Component| !outer(one.factors.0, most.0) || !outer(one.factors.1, most.1);
        let read_wrongly = |scan: &Scan| alone(scan) && between(&self.components[scan.components[0]]);
        if self.components.iter().all(whole) && !self.scans.iter().any(read_wrongly) {
            return Ok(());
        }
        let factors: Vec<String> =
            self.components.iter().map(|one| format!("{}x{}", one.factors.0, one.factors.1)).collect();
        Err(unsupported(&format!("a JPEG of unusual sampling ({})", factors.join(", "))))
    }
}

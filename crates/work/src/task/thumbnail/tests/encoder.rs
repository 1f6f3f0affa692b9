//! JPEGs of any layout, beyond what encoders write: every sampling factor, every kind of colours, each component in its
//! own scan or not, progressive or not. Simple and slow. It knows what it wrote, so no decoder has to be trusted.

use image::{Rgb, RgbImage};

/// What the components stand for, and what in the file says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Grey,
    JfifYcc,
    AdobeYcc,
    /// By default: nothing in the file says otherwise.
    BareYcc,
    AdobeRgb,
    /// By the components' names.
    NamedRgb,
    AdobeCmyk,
    AdobeYcck,
}

pub(super) const KINDS: [Kind; 8] = [
    Kind::Grey,
    Kind::JfifYcc,
    Kind::AdobeYcc,
    Kind::BareYcc,
    Kind::AdobeRgb,
    Kind::NamedRgb,
    Kind::AdobeCmyk,
    Kind::AdobeYcck,
];

/// How the components are spread over scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scans {
    One,
    Separate,
    /// The means of all in one, then each one's waves.
    Progressive,
}

pub(super) const SCANS: [Scans; 3] = [Scans::One, Scans::Separate, Scans::Progressive];

/// A layout: as many of the factors count as the kind has components.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    pub(super) factors: [(u32, u32); 4],
    pub(super) scans: Scans,
}

/// A component's samples at its own resolution.
struct Plane {
    width: u32,
    height: u32,
    factors: (u32, u32),
    samples: Vec<f64>,
}

const QUANTUM: f64 = 2.0;
/// The order in which a block's coefficients are written.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

impl Kind {
    pub(super) fn components(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::AdobeCmyk | Self::AdobeYcck => 4,
            _ => 3,
        }
    }

    fn ids(self) -> &'static [u8] {
        if self == Self::NamedRgb { b"RGB" } else { &[1, 2, 3, 4][..self.components()] }
    }

    fn segment(self) -> Vec<u8> {
        let adobe = |transform| segment(0xEE, &[&b"Adobe\0\x64\0\0\0\0"[..], &[transform]].concat());
        match self {
            Self::JfifYcc | Self::Grey => segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            Self::AdobeRgb | Self::AdobeCmyk => adobe(0),
            Self::AdobeYcc => adobe(1),
            Self::AdobeYcck => adobe(2),
            Self::BareYcc | Self::NamedRgb => Vec::new(),
        }
    }

    /// A pixel's components. Adobe's inks are stored as what they leave of white, and YCCK has their complements.
    fn of_rgb(self, Rgb([r, g, b]): Rgb<u8>) -> Vec<f64> {
        let (r, g, b) = (f64::from(r), f64::from(g), f64::from(b));
        let ycc = |r: f64, g: f64, b: f64| {
            let luma = 0.299 * r + 0.587 * g + 0.114 * b;
            vec![luma, (b - luma) / 1.772 + 128.0, (r - luma) / 1.402 + 128.0]
        };
        let black = 128.0 + r.max(g).max(b) / 2.0;
        let ink = |value: f64| (value * 255.0 / black).min(255.0);
        match self {
            Self::Grey => vec![ycc(r, g, b)[0]],
            Self::JfifYcc | Self::AdobeYcc | Self::BareYcc => ycc(r, g, b),
            Self::AdobeRgb | Self::NamedRgb => vec![r, g, b],
            Self::AdobeCmyk => vec![ink(r), ink(g), ink(b), black.min(255.0)],
            Self::AdobeYcck => {
                let mut four = ycc(255.0 - ink(r), 255.0 - ink(g), 255.0 - ink(b));
                four.push(black.min(255.0));
                four
            }
        }
    }

    fn to_rgb(self, values: &[f64]) -> Rgb<u8> {
        let ycc = || {
            let (luma, blue, red) = (values[0], values[1] - 128.0, values[2] - 128.0);
            [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue]
        };
        let three = || [values[0], values[1], values[2]];
        let mixed = match self {
            Self::Grey => [values[0]; 3],
            Self::JfifYcc | Self::AdobeYcc | Self::BareYcc => ycc(),
            Self::AdobeRgb | Self::NamedRgb => three(),
            Self::AdobeCmyk => three().map(|ink| ink * values[3] / 255.0),
            Self::AdobeYcck => ycc().map(|complement| (255.0 - complement.clamp(0.0, 255.0)) * values[3] / 255.0),
        };
        Rgb(mixed.map(|value| value.round() as u8))
    }
}

impl Layout {
    fn most(&self) -> (u32, u32) {
        let factors = || self.factors[..self.kind.components()].iter();
        (factors().map(|one| one.0).max().unwrap_or(1), factors().map(|one| one.1).max().unwrap_or(1))
    }

    /// Whether no component lies between the pixels of the finest one.
    pub(super) fn is_whole(&self) -> bool {
        let most = self.most();
        let factors = &self.factors[..self.kind.components()];
        factors.iter().all(|one| most.0.is_multiple_of(one.0) && most.1.is_multiple_of(one.1))
    }

    /// Whether a component that has neither the finest resolution nor a factor of 1 has a scan of its own.
    pub(super) fn has_one_between_alone(&self) -> bool {
        let most = self.most();
        let factors = &self.factors[..self.kind.components()];
        let between = |one: &(u32, u32)| !(one.0 == 1 || one.0 == most.0) || !(one.1 == 1 || one.1 == most.1);
        self.scans != Scans::One && factors.iter().any(between)
    }

    /// Whether the standard allows it: ten blocks at most lie side by side in a scan.
    pub(super) fn is_legal(&self) -> bool {
        let factors = &self.factors[..self.kind.components()];
        self.scans == Scans::Separate
            || factors.len() == 1
            || factors.iter().map(|one| one.0 * one.1).sum::<u32>() <= 10
    }

    fn planes(&self, picture: &RgbImage) -> Vec<Plane> {
        let most = self.most();
        let plane = |index: usize| {
            let factors = self.factors[index];
            let (width, height) =
                ((picture.width() * factors.0).div_ceil(most.0), (picture.height() * factors.1).div_ceil(most.1));
            let spread = |at: u32, factor: u32, most: u32, length: u32| {
                (at * most / factor).min(length - 1)..((at + 1) * most).div_ceil(factor).min(length)
            };
            let sample = |x: u32, y: u32| {
                let rows = spread(y, factors.1, most.1, picture.height());
                let columns = spread(x, factors.0, most.0, picture.width());
                let values: Vec<f64> = rows
                    .flat_map(|y| columns.clone().map(move |x| (x, y)))
                    .map(|(x, y)| self.kind.of_rgb(*picture.get_pixel(x, y))[index])
                    .collect();
                values.iter().sum::<f64>() / values.len() as f64
            };
            let samples =
                (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| sample(x, y)).collect();
            Plane { width, height, factors, samples }
        };
        (0..self.kind.components()).map(plane).collect()
    }

    /// What a file of this layout shows of the picture, however it is decoded.
    pub(super) fn shown(&self, picture: &RgbImage) -> RgbImage {
        let (planes, most) = (self.planes(picture), self.most());
        RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
            let at = |plane: &Plane| plane.at(x * plane.factors.0 / most.0, y * plane.factors.1 / most.1);
            self.kind.to_rgb(&planes.iter().map(at).collect::<Vec<f64>>())
        })
    }

    /// The picture as a file of this layout.
    pub(super) fn encode(&self, picture: &RgbImage) -> Vec<u8> {
        let (planes, ids) = (self.planes(picture), self.kind.ids());
        let all: Vec<usize> = (0..planes.len()).collect();
        let mut file = vec![0xFF, 0xD8];
        file.extend(self.kind.segment());
        file.extend(segment(0xDB, &[&[0][..], &[QUANTUM as u8; 64]].concat()));
        let (width, height) = ((picture.width() as u16).to_be_bytes(), (picture.height() as u16).to_be_bytes());
        let mut frame = vec![8, height[0], height[1], width[0], width[1], planes.len() as u8];
        frame.extend(all.iter().flat_map(|&i| [ids[i], (planes[i].factors.0 << 4 | planes[i].factors.1) as u8, 0]));
        file.extend(segment(if self.scans == Scans::Progressive { 0xC2 } else { 0xC0 }, &frame));
        file.extend(segment(0xC4, &[&[0, 0, 0, 0, 12][..], &[0; 12], &(0..12).collect::<Vec<u8>>()].concat()));
        let symbols = waves();
        file.extend(segment(
            0xC4,
            &[&[0x10, 0, 0, 0, 0, 0, 0, 0, symbols.len() as u8][..], &[0; 8], &symbols].concat(),
        ));
        let mut scan = |of: &[usize], band: (u8, u8)| {
            let mut head = vec![of.len() as u8];
            head.extend(of.iter().flat_map(|&index| [ids[index], 0]));
            head.extend([band.0, band.1, 0]);
            file.extend(segment(0xDA, &head));
            file.extend(self.data(&planes, of, band, picture.dimensions()));
        };
        match self.scans {
            Scans::One => scan(&all, (0, 63)),
            Scans::Separate => all.iter().for_each(|&index| scan(&[index], (0, 63))),
            Scans::Progressive => {
                scan(&all, (0, 0));
                all.iter().for_each(|&index| scan(&[index], (1, 63)));
            }
        }
        file.extend([0xFF, 0xD9]);
        file
    }

    fn data(&self, planes: &[Plane], of: &[usize], band: (u8, u8), (width, height): (u32, u32)) -> Vec<u8> {
        let (mut bits, mut means, most) = (Bits::default(), [0; 4], self.most());
        if let &[index] = of {
            // A scan of one component has its blocks and no others, row by row.
            let plane = &planes[index];
            for y in 0..plane.height.div_ceil(8) {
                (0..plane.width.div_ceil(8)).for_each(|x| bits.block(&plane.block(x, y), band, &mut means[index]));
            }
            return bits.finish();
        }
        for unit_y in 0..height.div_ceil(8 * most.1) {
            for unit_x in 0..width.div_ceil(8 * most.0) {
                for &index in of {
                    let (plane, (across, down)) = (&planes[index], planes[index].factors);
                    for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
                        bits.block(&plane.block(unit_x * across + x, unit_y * down + y), band, &mut means[index]);
                    }
                }
            }
        }
        bits.finish()
    }
}

impl Plane {
    fn at(&self, x: u32, y: u32) -> f64 {
        self.samples[(y.min(self.height - 1) * self.width + x.min(self.width - 1)) as usize]
    }

    /// The quantised coefficients of a block, in the order in which they are written.
    fn block(&self, block_x: u32, block_y: u32) -> [i32; 64] {
        let wave = |n: usize, at: usize| {
            let angle = (2 * at + 1) as f64 * n as f64 * std::f64::consts::PI / 16.0;
            angle.cos() * if n == 0 { 0.125_f64.sqrt() } else { 0.5 }
        };
        let sample = |x: usize, y: usize| self.at(8 * block_x + x as u32, 8 * block_y + y as u32) - 128.0;
        let rows: Vec<f64> = (0..64).map(|i| (0..8).map(|x| sample(x, i / 8) * wave(i % 8, x)).sum()).collect();
        let coefficient = |v: usize, u: usize| (0..8).map(|y| rows[8 * y + u] * wave(v, y)).sum::<f64>();
        ZIGZAG.map(|place| (coefficient(place / 8, place % 8) / QUANTUM).round() as i32)
    }
}

/// The symbols of waves: how many zeros before a value of how many bits; all codes have one length, so a symbol's code
/// is its index.
fn waves() -> Vec<u8> {
    [0x00, 0xF0].into_iter().chain((0..16).flat_map(|zeros| (1..=10).map(move |bits| zeros << 4 | bits))).collect()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, length: u32) {
        for place in (0..length).rev() {
            self.held = self.held << 1 | (value >> place & 1);
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.held as u8);
                if self.held == 0xFF {
                    self.bytes.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    /// A value's bits, behind the code that says how many.
    fn value(&mut self, value: i32) {
        let bits = size(value);
        self.put((if value < 0 { value - 1 } else { value }) as u32 & ((1 << bits) - 1), bits);
    }

    fn block(&mut self, block: &[i32; 64], (from, to): (u8, u8), mean: &mut i32) {
        if from == 0 {
            let step = block[0] - *mean;
            *mean = block[0];
            self.put(size(step), 4);
            self.value(step);
        }
        let mut zeros = 0;
        let symbol =
            |zeros: u8, bits: u32| waves().iter().position(|&one| u32::from(one) == u32::from(zeros) << 4 | bits);
        for &value in &block[usize::from(from.max(1))..=usize::from(to)] {
            if value == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 {
                self.put(1, 8);
                zeros -= 16;
            }
            self.put(symbol(zeros, size(value)).expect("quantised, it has ten bits at most") as u32, 8);
            self.value(value);
            zeros = 0;
        }
        if zeros > 0 && to > 0 {
            self.put(0, 8);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.put(u32::MAX, 8 - self.count);
        }
        self.bytes
    }
}

fn size(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

pub(super) fn segment(mark: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&[0xFF, mark], &length[..], content].concat()
}

//! The size of a thumbnail within a box, rounded like Pillow's `Image.thumbnail`.

/// The largest size with the picture's aspect ratio, as nearly as whole pixels allow, that fits within `width` x
/// `height`. Never larger than the picture and never 0.
pub fn within(width: u32, height: u32, picture_width: u32, picture_height: u32) -> (u32, u32) {
    if picture_width <= width && picture_height <= height {
        return (picture_width, picture_height);
    }
    let wide = u128::from(width) * u128::from(picture_height) >= u128::from(height) * u128::from(picture_width);
    if wide {
        (nearest(height, picture_width, picture_height).min(width).max(1), height)
    } else {
        (width, harmonic(width, picture_width, picture_height).min(height).max(1))
    }
}

/// The width n for which n / height is nearest to the picture's aspect; the smaller of two equally near.
fn nearest(height: u32, picture_width: u32, picture_height: u32) -> u32 {
    let (exact, unit) = (u64::from(height) * u64::from(picture_width), u64::from(picture_height));
    let (floor, rest) = (exact / unit, exact % unit);
    (floor + u64::from(2 * rest > unit)) as u32
}

/// The height n for which width / n is nearest to the picture's aspect; the smaller of two equally near. As n is in the
/// denominator, the boundary between two heights isn't half-way: it is where width / n + width / (n + 1) is twice the
/// aspect.
fn harmonic(width: u32, picture_width: u32, picture_height: u32) -> u32 {
    let [width, picture_width, picture_height] = [width, picture_width, picture_height].map(u128::from);
    let floor = width * picture_height / picture_width;
    let is_exact = floor * picture_width == width * picture_height;
    let next_is_nearer = width * (2 * floor + 1) * picture_height > 2 * picture_width * floor * (floor + 1);
    (floor + u128::from(floor > 0 && !is_exact && next_is_nearer)) as u32
}

/// Whether a thumbnail has the size of a picture that was made to fit within this one; otherwise both sizes, in words.
pub fn check(found: (u32, u32), within: (u32, u32), picture: (u32, u32)) -> Result<(), String> {
    let expected = self::within(within.0, within.1, picture.0, picture.1);
    if found == expected {
        return Ok(());
    }
    Err(format!("its thumbnail has {} x {} pixels, expected {} x {}", found.0, found.1, expected.0, expected.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_pillows() {
        for (picture, fitted) in [
            ((1410, 940), (128, 85)),
            ((940, 1410), (85, 128)),
            ((1329, 997), (128, 96)),
            ((1535, 863), (128, 72)),
            ((256, 257), (128, 128)),
            ((257, 256), (128, 128)),
            ((1000, 1), (128, 1)),
            ((1, 1000), (1, 128)),
            ((128, 128), (128, 128)),
            ((60, 30), (60, 30)),
            ((129, 10), (128, 10)),
            // 3.475 rows: 4 is nearer by aspect, though 3 is nearer by length.
            ((221, 6), (128, 4)),
        ] {
            assert_eq!(within(128, 128, picture.0, picture.1), fitted, "of {picture:?}");
        }
    }

    proptest! {
        #[test]
        fn it_fits_keeps_the_aspect_and_never_enlarges(
            (width, height) in (1_u32..2000, 1_u32..2000),
            (picture_width, picture_height) in (1_u32..70_000, 1_u32..70_000),
        ) {
            let (fitted_width, fitted_height) = within(width, height, picture_width, picture_height);
            prop_assert!((1..=width.min(picture_width)).contains(&fitted_width));
            prop_assert!((1..=height.min(picture_height)).contains(&fitted_height));
            let ideal_height = f64::from(fitted_width) * f64::from(picture_height) / f64::from(picture_width);
            let ideal_width = f64::from(fitted_height) * f64::from(picture_width) / f64::from(picture_height);
            let off = (ideal_height - f64::from(fitted_height)).abs().min((ideal_width - f64::from(fitted_width)).abs());
            prop_assert!(off <= 1.0, "{fitted_width} x {fitted_height} is off by {off} pixels");
        }
    }
}

//! A picture of how many rounds each pixel has taken.

/// Pixels of a row.
pub(crate) const WIDTH: u32 = 1024;
/// Rows.
pub(crate) const HEIGHT: u32 = 768;
const MOST: u32 = 1000;

/// Red, green and blue of a pixel that left after so many rounds; black if it never did.
pub(crate) fn colour(rounds: u32) -> [u8; 3] {
	if rounds >= MOST {
		return [0; 3];
	}
	let angle = f64::from(rounds).sqrt() * 0.6;
	[0.0, 2.1, 4.2].map(|shift| (127.5 + 127.5 * (angle + shift).cos()) as u8)
}

/// Writes the picture as PNG.
pub(crate) fn write(rounds: &[u32], output: impl std::io::Write) -> Result<(), png::EncodingError> {
	let mut encoder = png::Encoder::new(output, WIDTH, HEIGHT);
	encoder.set_color(png::ColorType::Rgb);
	encoder.set_depth(png::BitDepth::Eight);
	let colours: Vec<u8> = rounds.iter().flat_map(|rounds| colour(*rounds)).collect();
	encoder.write_header()?.write_image_data(&colours)
}

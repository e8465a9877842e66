//! Turns the rounds of the Mandelbrot example into a PNG: `picture rounds mandelbrot.png`.

#[path = "../examples-jobs/mandelbrot/picture.rs"]
mod picture;

fn main() -> Result<(), Box<dyn std::error::Error>> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let [input, output] = &arguments[..] else { return Err("usage: picture ROUNDS PNG".into()) };
	let bytes = std::fs::read(input)?;
	let words =
		bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
	Ok(picture::write(&words.collect::<Vec<_>>(), std::fs::File::create(output)?)?)
}

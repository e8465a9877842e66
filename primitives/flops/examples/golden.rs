//! Writes `vectors/golden.json`: `cargo run --release -p assay-flops --example golden`.

#[path = "../vectors/generate.rs"]
mod generate;

fn main() -> std::io::Result<()> {
	let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/golden.json");
	let text = serde_json::to_string_pretty(&generate::generate())?;
	std::fs::write(path, text + "\n")?;
	println!("wrote {path}");
	Ok(())
}

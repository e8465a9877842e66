//! Writes `vectors/golden.json`: `cargo run --release -p assay-flops --example golden`.

#[path = "../vectors/generate.rs"]
mod generate;

fn main() -> std::io::Result<()> {
	let folder = std::env::var("CARGO_MANIFEST_DIR").map_err(std::io::Error::other)?;
	let path = format!("{folder}/vectors/golden.json");
	let text = serde_json::to_string_pretty(&generate::generate())?;
	std::fs::write(&path, text + "\n")?;
	println!("wrote {path}");
	Ok(())
}

//! The worked examples, from template to checked result, through the API on the CPU driver.

mod common;
#[path = "../examples-jobs/mandelbrot/picture.rs"]
mod picture;
#[path = "common/server.rs"]
mod server;

use assay_compute::{
	jobs::{JobResult, Output, State},
	lease::{Lease, LeaseInfo},
	Hash,
};
use serde_json::Value;
use server::*;
use std::{
	fs,
	path::{Path, PathBuf},
};

fn folder(name: &str) -> PathBuf {
	// Asked at run time: checkouts that share a target directory share the compiled tests too.
	let folder = std::env::var_os("CARGO_MANIFEST_DIR");
	let folder = folder.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
	folder.join("examples-jobs").join(name)
}

fn template(name: &str) -> Value {
	let text = fs::read(folder(name).join("job.json")).expect("it is there");
	serde_json::from_slice(&text).expect("it is JSON")
}

/// Runs the template with the files of `files`; the result and the bytes of its first output.
async fn run(template: Value, files: &Path) -> (JobResult, Vec<u8>) {
	let home = tempfile::tempdir().expect("there is a temporary folder");
	let server = Server::start(home.path()).await;
	let large =
		LeaseInfo { storage_bytes: 1 << 30, memory_bytes: 256 << 20, job_seconds: 600, ..info(1) };
	server.chain.0.lock().expect("no panic").insert(1, Lease::Active(large));
	let client = server.client(1);
	let manifest =
		client.resolve(template, files, |_, _, _| {}).await.expect("the files are there");
	let published = include_str!("../docs/job.schema.json");
	let schema: Value = serde_json::from_str(published).expect("it is JSON");
	let validator = jsonschema::validator_for(&schema).expect("it is a schema");
	assert!(validator.is_valid(&serde_json::to_value(&manifest).expect("it is JSON")));
	let id = client.submit(&manifest).await.expect("it is valid").id;
	let ended = client.follow(&id, |_| {}).await.expect("it ends");
	assert_eq!(ended.state, State::Finished, "{ended:?}");
	let result = client.result(&id).await.expect("it has one");
	println!("{} dispatches, kernels {:.0} ms", ended.dispatches, result.kernel_ms);
	let output = home.path().join("output");
	let Output { blob, size } = result.outputs[&manifest.outputs[0]];
	client.download(&blob, size, &output, |_| {}).await.expect("it is there");
	(result, fs::read(output).expect("it was written"))
}

fn floats(bytes: &[u8]) -> Vec<f32> {
	bytes.chunks_exact(4).map(|w| f32::from_le_bytes([w[0], w[1], w[2], w[3]])).collect()
}

fn words(bytes: &[u8]) -> Vec<u32> {
	bytes.chunks_exact(4).map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn matmul_should_equal_a_cpu_library_when_rows_are_sampled() {
	const SIZE: usize = 4096;
	let files = tempfile::tempdir().expect("there is a temporary folder");
	let mut state = 1u32;
	let mut matrix = |name: &str| {
		let numbers: Vec<f32> = (0..SIZE * SIZE)
			.map(|_| {
				// Numerical Recipes' generator; its upper bits are good enough for a product.
				state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
				(state >> 8) as f32 / 8_388_608.0 - 1.0
			})
			.collect();
		fs::write(files.path().join(name), bytemuck::cast_slice(&numbers)).expect("writable");
		numbers
	};
	let (a, b) = (matrix("a.f32"), matrix("b.f32"));
	fs::copy(folder("matmul").join("shader.wgsl"), files.path().join("shader.wgsl"))
		.expect("there");
	let (result, output) = run(template("matmul"), files.path()).await;
	assert!(!result.reproducible);
	let c = floats(&output);
	assert_eq!(c.len(), SIZE * SIZE);
	for row in [0, 1, 63, 64, 777, 2048, 4031, 4095] {
		let mut expected = vec![0f32; SIZE];
		let (size, stride) = (SIZE, SIZE as isize);
		// SAFETY: one row of A, all of B and one row of C, each as long as these numbers say.
		#[allow(unsafe_code, reason = "see SAFETY")]
		unsafe {
			matrixmultiply::sgemm(
				1,
				size,
				size,
				1.0,
				a[row * SIZE..].as_ptr(),
				stride,
				1,
				b.as_ptr(),
				stride,
				1,
				0.0,
				expected.as_mut_ptr(),
				stride,
				1,
			);
		}
		for (column, expected) in expected.iter().enumerate() {
			let found = c[row * SIZE + column];
			assert!((found - expected).abs() < 2e-3, "C[{row}][{column}] {found} {expected}");
		}
	}
}

/// The shader's arithmetic, with wide integers.
fn rounds(x: u32, y: u32) -> u32 {
	let multiply = |a: i64, b: i64| (a * b).abs() / (1 << 25) * (a * b).signum();
	let (cx, cy) = (-67_108_864 + i64::from(x) * 90_112, -34_603_008 + i64::from(y) * 90_112);
	let (mut x, mut y) = (0, 0);
	for count in 0..1000 {
		let (xx, yy) = (multiply(x, x), multiply(y, y));
		if xx + yy > 4 << 25 {
			return count;
		}
		y = multiply(x, y) * 2 + cy;
		x = xx - yy + cx;
	}
	1000
}

#[tokio::test(flavor = "multi_thread")]
async fn mandelbrot_should_be_the_same_picture_when_it_is_written_as_png() {
	let (result, output) = run(template("mandelbrot"), &folder("mandelbrot")).await;
	assert!(result.reproducible);
	let hash = result.outputs_hash.expect("it is reproducible").to_string();
	let page = fs::read_to_string(folder("mandelbrot").join("README.md")).expect("it is there");
	assert!(page.contains(&hash), "the page lacks {hash}");
	let found = words(&output);
	for y in (0..picture::HEIGHT).step_by(37) {
		for x in (0..picture::WIDTH).step_by(29) {
			assert_eq!(found[(y * picture::WIDTH + x) as usize], rounds(x, y), "{x} {y}");
		}
	}
	let mut png = Vec::new();
	picture::write(&found, &mut png).expect("memory can be written");
	let decoder = png::Decoder::new(std::io::Cursor::new(png));
	let mut reader = decoder.read_info().expect("it is a PNG");
	let mut colours = vec![0; reader.output_buffer_size().expect("it is small")];
	let frame = reader.next_frame(&mut colours).expect("it has a picture");
	assert_eq!((frame.width, frame.height), (picture::WIDTH, picture::HEIGHT));
	let expected: Vec<u8> = found.iter().flat_map(|rounds| picture::colour(*rounds)).collect();
	assert!(colours == expected);
}

/// Share of pictures whose class with the highest score is the right one.
fn accuracy(weights: &[f32], part: &str) -> f64 {
	let read = |name: &str| fs::read(folder("training").join(name)).expect("it is there");
	let (pixels, labels) =
		(read(&format!("{part}-pixels.u8")), words(&read(&format!("{part}-labels.u32"))));
	let right = pixels.chunks_exact(64).zip(&labels).filter(|(picture, label)| {
		let score = |class: usize| {
			let row = &weights[class * 65..][..65];
			let sum: f32 = picture.iter().zip(row).map(|(p, w)| f32::from(*p) / 16.0 * w).sum();
			sum + row[64]
		};
		let best = (0..10).max_by(|a, b| score(*a).total_cmp(&score(*b)));
		best == Some(**label as usize)
	});
	right.count() as f64 / labels.len() as f64
}

#[tokio::test(flavor = "multi_thread")]
async fn training_should_reach_scikit_learn_when_both_have_the_same_data() {
	let expected = fs::read(folder("training").join("expected.json")).expect("it is there");
	let expected: Value = serde_json::from_slice(&expected).expect("it is JSON");
	for (name, hash) in expected["sha256"].as_object().expect("it has hashes") {
		let data = fs::read(folder("training").join(name)).expect("it is there");
		assert_eq!(Hash::of(&data).to_string(), hash.as_str().expect("it is text"), "{name}");
	}
	let (_, output) = run(template("training"), &folder("training")).await;
	let weights = floats(&output);
	let (test, train) = (accuracy(&weights, "test"), accuracy(&weights, "train"));
	println!("accuracy {test} on the test, {train} on the training");
	assert!(test >= expected["test_accuracy"].as_f64().expect("it is a number"), "{test}");
	assert!(
		train >= expected["train_accuracy"].as_f64().expect("it is a number") - 0.005,
		"{train}"
	);
}

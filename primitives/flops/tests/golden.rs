//! The golden vectors are what the code gives, and the code is what the text says.

#[path = "../vectors/generate.rs"]
mod generate;

use assay_flops::{stream, Side};

#[test]
fn golden_vectors_should_equal_what_the_crate_computes() {
	let file = include_str!("../vectors/golden.json");
	let golden: serde_json::Value = serde_json::from_str(file).expect("valid JSON");
	let computed = generate::generate();
	for (name, value) in computed.as_object().expect("an object") {
		assert_eq!(&golden[name], value, "{name}");
	}
	assert_eq!(golden, computed);
	assert!(file.len() < 150_000);
}

/// ChaCha8 written from the paper (D. J. Bernstein, 2008), with a 64-bit counter and stream number.
fn chacha8(key: &[u8; 32], stream: u64, block: u64) -> [u8; 64] {
	let mut state = [0u32; 16];
	state[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
	for (word, bytes) in state[4..12].iter_mut().zip(key.chunks_exact(4)) {
		*word = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
	}
	state[12..].copy_from_slice(&[
		block as u32,
		(block >> 32) as u32,
		stream as u32,
		(stream >> 32) as u32,
	]);
	let mut x = state;
	let mut quarter = |a: usize, b: usize, c: usize, d: usize| {
		for (left, right) in [(16, 12), (8, 7)] {
			x[a] = x[a].wrapping_add(x[b]);
			x[d] = (x[d] ^ x[a]).rotate_left(left);
			x[c] = x[c].wrapping_add(x[d]);
			x[b] = (x[b] ^ x[c]).rotate_left(right);
		}
	};
	for _ in 0..4 {
		for i in 0..4 {
			quarter(i, 4 + i, 8 + i, 12 + i);
		}
		for i in 0..4 {
			quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
		}
	}
	let mut out = [0; 64];
	for ((bytes, x), s) in out.chunks_exact_mut(4).zip(x).zip(state) {
		bytes.copy_from_slice(&x.wrapping_add(s).to_le_bytes());
	}
	out
}

#[test]
fn lines_should_equal_an_independent_chacha8() {
	let key = core::array::from_fn(|i| 7 * i as u8);
	for (side, panel, line, id) in [
		(Side::Left, 0, 0, 0),
		(Side::Right, 0, 0, 1),
		(Side::Left, 1, 2, 516),
		(Side::Right, 65_535, 255, (1 << 25) - 1),
	] {
		assert_eq!(stream::stream_id(side, panel, line), id);
		let blocks: Vec<u8> = (0..128).flat_map(|block| chacha8(&key, id, block)).collect();
		assert_eq!(stream::line(&key, side, panel, line)[..], blocks[..]);
	}
}

use super::*;
use crate::gpu::{
	device::Copy,
	panels::{pack, PANEL_BYTES},
	tests::cpu_or_gpu,
};
use assay_flops::{stream, tile::reference_tile, Side};
use wgpu::BufferUsages;

type Line = [u8; stream::LINE_BYTES];

/// Entries of two tiles: of `left` and `right`, and of `left` with itself as right panel.
fn multiply(device: &Device, shape: Shape, left: &[Line], right: &[Line]) -> Vec<Vec<i32>> {
	let panels = device.storage("panels", 3 * PANEL_BYTES).unwrap();
	let words = [pack(Side::Right, right), pack(Side::Left, left), pack(Side::Right, left)];
	device.write(&panels, &words.concat());
	let jobs = device.storage("jobs", 32).unwrap();
	device.write(&jobs, &[[1u32, 0, 9, 0], [1, 2, 9, 0]]);
	let entries = device.storage("entries", 2 * TILE_BYTES).unwrap();
	let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
	let staging = device.buffer("staging", 2 * TILE_BYTES, usage).unwrap();
	let product = Product::new(device, shape, &jobs, &panels, &entries).unwrap();
	let copy = Copy { source: &entries, offset: 0, size: 2 * TILE_BYTES };
	let words = device.run(&[product.dispatch(2)], &[copy], &staging).unwrap();
	words
		.chunks_exact(TILE_BYTES as usize / 4)
		.map(|tile| tile.iter().map(|word| *word as i32).collect())
		.collect()
}

fn shapes() -> impl Iterator<Item = Shape> {
	[Shape::CPU].into_iter().chain(Shape::GPU)
}

#[test]
fn product_should_equal_the_reference_when_entries_are_random() {
	let device = cpu_or_gpu();
	let seed = core::array::from_fn(|place| (place as u8).wrapping_mul(29).wrapping_add(5));
	let lines = |side, panel| -> Vec<Line> {
		(0..256).map(|line| stream::line(&seed, side, panel, line)).collect()
	};
	// Tile 6 is (2, 1).
	let (left, right) = (lines(Side::Left, 2), lines(Side::Right, 1));
	let expected = reference_tile(&seed, 6);
	for shape in shapes() {
		let tiles = multiply(&device, shape, &left, &right);
		assert!(tiles[0] == expected, "{shape:?} differs");
		for (row, column) in [(0, 0), (3, 250), (255, 255), (128, 17)] {
			let dot = stream::dot(&left[row], &left[column]);
			assert_eq!(tiles[1][256 * row + column], dot as i32, "{shape:?} {row} {column}");
		}
	}
}

#[test]
fn product_should_not_overflow_when_every_entry_is_the_largest() {
	let device = cpu_or_gpu();
	let lines = vec![[0xff; stream::LINE_BYTES]; 256];
	for shape in shapes() {
		for tile in multiply(&device, shape, &lines, &lines) {
			assert!(tile.iter().all(|entry| *entry == 3_686_400), "{shape:?} overflows");
		}
	}
}

#[test]
fn product_should_keep_columns_apart_when_neighbours_are_extreme() {
	let device = cpu_or_gpu();
	let full = vec![[0xff; stream::LINE_BYTES]; 256];
	// Column c holds the entry c mod 16 at every depth.
	let column = |c: usize| [(c % 16 * 17) as u8; stream::LINE_BYTES];
	let right: Vec<_> = (0..256).map(column).collect();
	let tiles = multiply(&device, Shape::CPU, &full, &right);
	for (place, entry) in tiles[0].iter().enumerate() {
		assert_eq!(*entry, 16_384 * 15 * (place as i32 % 16), "entry {place}");
	}
}

// One invocation computes a register tile of ROWS rows and 8 * QUADS columns of a tile.
// `mod.rs` puts the constants ROWS, QUADS, LANES_X and LANES_Y in front. See README.md for the
// proof that nothing overflows and that every index is in range.

// Of left and right panels, in vectors of four words.
const PANEL_VECTORS = 131072u;
const LEFT_VECTORS = 64u;
const RIGHT_VECTORS = 32u;
const TILE_VECTORS = 16384u;
const ROW_VECTORS = 64u;
// 32 words of eight entries: no 16-bit sum of 256 products overflows.
const STRETCHES = 64u;
const STRETCH_WORDS = 32u;

const SUMS = ROWS * QUADS;
const ROW_QUADS = ROWS / 4u;

// Slot of the left panel, slot of the right panel, number of the tile, unused.
@group(0) @binding(0) var<storage, read> jobs: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> panels: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> entries: array<vec4<i32>>;

// Adds the products at one depth: entry `4n` bits up in `left`, and in both halves of `right`.
fn multiply(
	sums: ptr<function, array<vec4<u32>, SUMS>>,
	left: ptr<function, array<vec4<u32>, ROW_QUADS>>,
	right: ptr<function, array<vec4<u32>, QUADS>>,
	left_shift: u32,
	right_shift: u32,
) {
	var pairs: array<vec4<u32>, QUADS>;
	for (var quad = 0u; quad < QUADS; quad++) {
		pairs[quad] = ((*right)[quad] >> vec4(right_shift)) & vec4(0x000f000fu);
	}
	for (var row = 0u; row < ROW_QUADS; row++) {
		let entry = ((*left)[row] >> vec4(left_shift)) & vec4(15u);
		for (var quad = 0u; quad < QUADS; quad++) {
			let at = 4u * QUADS * row + quad;
			(*sums)[at] += pairs[quad] * entry.x;
			(*sums)[at + QUADS] += pairs[quad] * entry.y;
			(*sums)[at + 2u * QUADS] += pairs[quad] * entry.z;
			(*sums)[at + 3u * QUADS] += pairs[quad] * entry.w;
		}
	}
}

@compute @workgroup_size(LANES_X, LANES_Y, 1)
fn product_kernel(@builtin(global_invocation_id) id: vec3<u32>) {
	let job = jobs[id.z];
	// Neighbouring invocations take neighbouring columns, so that their loads are contiguous.
	let lane = id.x;
	let row = id.y * ROWS;
	let left_start = job.x * PANEL_VECTORS + row / 4u;
	let right_start = job.y * PANEL_VECTORS + lane * QUADS;

	var even: array<vec4<u32>, SUMS>;
	var odd: array<vec4<u32>, SUMS>;
	for (var stretch = 0u; stretch < STRETCHES; stretch++) {
		var sums: array<vec4<u32>, SUMS>;
		for (var at = 0u; at < SUMS; at++) {
			sums[at] = vec4(0u);
		}
		for (var step = 0u; step < STRETCH_WORDS; step++) {
			let word = stretch * STRETCH_WORDS + step;
			var left: array<vec4<u32>, ROW_QUADS>;
			for (var at = 0u; at < ROW_QUADS; at++) {
				left[at] = panels[left_start + word * LEFT_VECTORS + at];
			}
			var low: array<vec4<u32>, QUADS>;
			var high: array<vec4<u32>, QUADS>;
			for (var quad = 0u; quad < QUADS; quad++) {
				let at = right_start + 2u * word * RIGHT_VECTORS + quad;
				low[quad] = panels[at];
				high[quad] = panels[at + RIGHT_VECTORS];
			}
			multiply(&sums, &left, &low, 0u, 0u);
			multiply(&sums, &left, &low, 4u, 4u);
			multiply(&sums, &left, &low, 8u, 8u);
			multiply(&sums, &left, &low, 12u, 12u);
			multiply(&sums, &left, &high, 16u, 0u);
			multiply(&sums, &left, &high, 20u, 4u);
			multiply(&sums, &left, &high, 24u, 8u);
			multiply(&sums, &left, &high, 28u, 12u);
		}
		for (var at = 0u; at < SUMS; at++) {
			even[at] += sums[at] & vec4(0xffffu);
			odd[at] += sums[at] >> vec4(16u);
		}
	}

	let start = id.z * TILE_VECTORS + row * ROW_VECTORS + lane * QUADS * 2u;
	for (var at = 0u; at < ROWS; at++) {
		for (var quad = 0u; quad < QUADS; quad++) {
			let e = vec4<i32>(even[at * QUADS + quad]);
			let o = vec4<i32>(odd[at * QUADS + quad]);
			let place = start + at * ROW_VECTORS + 2u * quad;
			entries[place] = vec4(e.x, o.x, e.y, o.y);
			entries[place + 1u] = vec4(e.z, o.z, e.w, o.w);
		}
	}
}

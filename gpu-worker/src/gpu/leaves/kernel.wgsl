// SHA-256 (FIPS 180-4) of the leaves of tiles, and of the nodes above them, four at a time.
// See README.md for the message layouts and for the proof that every index is in range.

const TILE_VECTORS = 16384u;
const LEAVES = 1024u;

// Tile's panels (two words), number of the tile, unused.
@group(0) @binding(0) var<storage, read> jobs: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> entries: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> hashes: array<array<vec4<u32>, 2>>;
// The 64 round constants.
@group(0) @binding(3) var<uniform> constants: array<vec4<u32>, 16>;
// First hash of the level below, first of this level, number of hashes of this level, unused.
@group(0) @binding(4) var<uniform> level: vec4<u32>;

const START = array<u32, 8>(
	0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
	0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
);

fn rotate(x: u32, right: u32) -> u32 {
	return (x >> right) | (x << (32u - right));
}

fn swap_bytes(x: vec4<u32>) -> vec4<u32> {
	let halves = ((x & vec4(0x00ff00ffu)) << vec4(8u)) | ((x >> vec4(8u)) & vec4(0x00ff00ffu));
	return (halves << vec4(16u)) | (halves >> vec4(16u));
}

// Takes one block into the state; the block's words are used up.
fn compress(state: ptr<function, array<u32, 8>>, words: ptr<function, array<u32, 16>>) {
	var a = (*state)[0];
	var b = (*state)[1];
	var c = (*state)[2];
	var d = (*state)[3];
	var e = (*state)[4];
	var f = (*state)[5];
	var g = (*state)[6];
	var h = (*state)[7];
	for (var stretch = 0u; stretch < 4u; stretch++) {
		for (var i = 0u; i < 16u; i++) {
			let word = (*words)[i];
			let big1 = rotate(e, 6u) ^ rotate(e, 11u) ^ rotate(e, 25u);
			let choice = (e & f) ^ (~e & g);
			let first = h + big1 + choice + constants[4u * stretch + i / 4u][i % 4u] + word;
			let big0 = rotate(a, 2u) ^ rotate(a, 13u) ^ rotate(a, 22u);
			let second = big0 + ((a & b) ^ (a & c) ^ (b & c));
			h = g;
			g = f;
			f = e;
			e = d + first;
			d = c;
			c = b;
			b = a;
			a = first + second;
			// The word that takes this one's place sixteen rounds later.
			let x = (*words)[(i + 1u) % 16u];
			let y = (*words)[(i + 14u) % 16u];
			let small0 = rotate(x, 7u) ^ rotate(x, 18u) ^ (x >> 3u);
			let small1 = rotate(y, 17u) ^ rotate(y, 19u) ^ (y >> 10u);
			(*words)[i] = word + small0 + (*words)[(i + 9u) % 16u] + small1;
		}
	}
	(*state)[0] += a;
	(*state)[1] += b;
	(*state)[2] += c;
	(*state)[3] += d;
	(*state)[4] += e;
	(*state)[5] += f;
	(*state)[6] += g;
	(*state)[7] += h;
}

fn digest(state: array<u32, 8>) -> array<vec4<u32>, 2> {
	return array<vec4<u32>, 2>(
		vec4(state[0], state[1], state[2], state[3]),
		vec4(state[4], state[5], state[6], state[7]),
	);
}

@compute @workgroup_size(64, 1, 1)
fn leaves_kernel(@builtin(global_invocation_id) id: vec3<u32>) {
	let leaf = id.x;
	let tile = jobs[id.y].z;
	let start = id.y * TILE_VECTORS + leaf * 16u;

	// 0x00, the index as u64 LE, the entries as i32 LE: an entry's lowest three bytes stand in one
	// word, its highest one in the next. `before` is the last entry so far, bytes swapped.
	let low = (tile << 10u) | leaf;
	let high = tile >> 22u;
	let index = swap_bytes(vec4(low, high, 0u, 0u));
	var before = index.y;
	var state = START;
	var words: array<u32, 16>;
	words[0] = index.x >> 8u;
	words[1] = (index.x << 24u) | (index.y >> 8u);
	for (var part = 0u; part < 3u; part++) {
		let entry = swap_bytes(entries[start + part]);
		words[4u * part + 2u] = (before << 24u) | (entry.x >> 8u);
		words[4u * part + 3u] = (entry.x << 24u) | (entry.y >> 8u);
		words[4u * part + 4u] = (entry.y << 24u) | (entry.z >> 8u);
		words[4u * part + 5u] = (entry.z << 24u) | (entry.w >> 8u);
		before = entry.w;
	}
	var last = swap_bytes(entries[start + 3u]);
	words[14] = (before << 24u) | (last.x >> 8u);
	words[15] = (last.x << 24u) | (last.y >> 8u);
	compress(&state, &words);
	for (var block = 1u; block < 4u; block++) {
		words[0] = (last.y << 24u) | (last.z >> 8u);
		words[1] = (last.z << 24u) | (last.w >> 8u);
		before = last.w;
		for (var part = 0u; part < 3u; part++) {
			let entry = swap_bytes(entries[start + 4u * block + part]);
			words[4u * part + 2u] = (before << 24u) | (entry.x >> 8u);
			words[4u * part + 3u] = (entry.x << 24u) | (entry.y >> 8u);
			words[4u * part + 4u] = (entry.y << 24u) | (entry.z >> 8u);
			words[4u * part + 5u] = (entry.z << 24u) | (entry.w >> 8u);
			before = entry.w;
		}
		last = swap_bytes(entries[start + 4u * block + 3u]);
		words[14] = (before << 24u) | (last.x >> 8u);
		words[15] = (last.x << 24u) | (last.y >> 8u);
		compress(&state, &words);
	}
	// The last ten bytes, the end mark, and the length of 265 bytes in bits.
	words[0] = (last.y << 24u) | (last.z >> 8u);
	words[1] = (last.z << 24u) | (last.w >> 8u);
	words[2] = (last.w << 24u) | 0x00800000u;
	for (var i = 3u; i < 15u; i++) {
		words[i] = 0u;
	}
	words[15] = 2120u;
	compress(&state, &words);
	hashes[id.y * LEAVES + leaf] = digest(state);
}

// SHA-256 of 0x01 and the sixteen words of two hashes.
fn node(left: array<vec4<u32>, 2>, right: array<vec4<u32>, 2>) -> array<vec4<u32>, 2> {
	var parts = array<vec4<u32>, 4>(left[0], left[1], right[0], right[1]);
	var state = START;
	var words: array<u32, 16>;
	var before = 1u;
	for (var part = 0u; part < 4u; part++) {
		let quad = parts[part];
		words[4u * part] = (before << 24u) | (quad.x >> 8u);
		words[4u * part + 1u] = (quad.x << 24u) | (quad.y >> 8u);
		words[4u * part + 2u] = (quad.y << 24u) | (quad.z >> 8u);
		words[4u * part + 3u] = (quad.z << 24u) | (quad.w >> 8u);
		before = quad.w;
	}
	compress(&state, &words);
	words[0] = (before << 24u) | 0x00800000u;
	for (var i = 1u; i < 15u; i++) {
		words[i] = 0u;
	}
	words[15] = 520u;
	compress(&state, &words);
	return digest(state);
}

@compute @workgroup_size(64, 1, 1)
fn nodes_kernel(@builtin(global_invocation_id) id: vec3<u32>) {
	if (id.x >= level.z) {
		return;
	}
	let below = level.x + 4u * id.x;
	// Left pair, right pair, then the node over both: one call site keeps the kernel small.
	var left = hashes[below];
	var right = hashes[below + 1u];
	var first = left;
	for (var turn = 0u; turn < 3u; turn++) {
		let parent = node(left, right);
		if (turn == 0u) {
			first = parent;
			left = hashes[below + 2u];
			right = hashes[below + 3u];
		} else {
			left = first;
			right = parent;
		}
	}
	// After the last turn `right` holds the node over both pairs.
	hashes[level.y + id.x] = right;
}

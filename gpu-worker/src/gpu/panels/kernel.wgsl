// One invocation makes the same ChaCha8 block of two neighbouring lines of a panel.
// See README.md for the layouts and for the proof that every index is in range.

const PANEL_WORDS = 524288u;
const LINES = 256u;

@group(0) @binding(0) var<uniform> seed: array<vec4<u32>, 2>;
// Slot, side (0 left, 1 right), stream of the panel's line 0, unused.
@group(0) @binding(1) var<storage, read> jobs: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> panels: array<u32>;

fn rotate(x: vec4<u32>, left: u32) -> vec4<u32> {
	return (x << vec4(left)) | (x >> vec4(32u - left));
}

// Four quarter rounds side by side.
fn quarters(state: array<vec4<u32>, 4>) -> array<vec4<u32>, 4> {
	var s = state;
	s[0] += s[1];
	s[3] = rotate(s[3] ^ s[0], 16u);
	s[2] += s[3];
	s[1] = rotate(s[1] ^ s[2], 12u);
	s[0] += s[1];
	s[3] = rotate(s[3] ^ s[0], 8u);
	s[2] += s[3];
	s[1] = rotate(s[1] ^ s[2], 7u);
	return s;
}

fn chacha8(stream: u32, block: u32) -> array<vec4<u32>, 4> {
	// "expand 32-byte k"; a 64-bit counter and a 64-bit stream, both below 2^32 here.
	let start = array<vec4<u32>, 4>(
		vec4(0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u),
		seed[0],
		seed[1],
		vec4(block, 0u, stream, 0u),
	);
	var s = start;
	for (var double_round = 0u; double_round < 4u; double_round++) {
		s = quarters(s);
		s[1] = s[1].yzwx;
		s[2] = s[2].zwxy;
		s[3] = s[3].wxyz;
		s = quarters(s);
		s[1] = s[1].wxyz;
		s[2] = s[2].zwxy;
		s[3] = s[3].yzwx;
	}
	s[0] += start[0];
	s[1] += start[1];
	s[2] += start[2];
	s[3] += start[3];
	return s;
}

@compute @workgroup_size(64, 1, 1)
fn panels_kernel(@builtin(global_invocation_id) id: vec3<u32>) {
	let pair = id.x;
	let block = id.y;
	let job = jobs[id.z];
	let right = job.y == 1u;

	// Streams of one side are two apart.
	let stream = job.z + 4u * pair;
	var first = chacha8(stream, block);
	var second = chacha8(stream + 2u, block);

	let start = job.x * PANEL_WORDS + block * 16u * LINES;
	let place = select(2u * pair, pair, right);
	let step = select(1u, LINES / 2u, right);
	for (var quad = 0u; quad < 4u; quad++) {
		for (var part = 0u; part < 4u; part++) {
			let a = first[quad][part];
			let b = second[quad][part];
			let at = start + (4u * quad + part) * LINES + place;
			panels[at] = select(a, (a & 0xffffu) | (b << 16u), right);
			panels[at + step] = select(b, (a >> 16u) | (b & 0xffff0000u), right);
		}
	}
}

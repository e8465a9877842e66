// C = A · B for square matrices of f32. Each iteration adds the products of 32 columns of A with 32
// rows of B to all of C: so few rows stay in a cache, whoever needs them next.

const SIZE: u32 = 4096u;
const COLUMNS: u32 = SIZE / 4u;
const BLOCK: u32 = 32u / 4u;

@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> block: vec4<u32>;

// Each invocation has 8 rows × 4 columns. Neighbours read the same entries of A, and entries of B
// that lie side by side. Arrays that a variable indexes would not stay in registers, hence the
// written-out rows.
@compute @workgroup_size(64)
fn multiply(@builtin(global_invocation_id) id: vec3<u32>) {
	let column = id.x;
	let row = id.y * 8u * COLUMNS;
	let first = block.x * BLOCK;
	var c0 = c[row + column];
	var c1 = c[row + COLUMNS + column];
	var c2 = c[row + 2u * COLUMNS + column];
	var c3 = c[row + 3u * COLUMNS + column];
	var c4 = c[row + 4u * COLUMNS + column];
	var c5 = c[row + 5u * COLUMNS + column];
	var c6 = c[row + 6u * COLUMNS + column];
	var c7 = c[row + 7u * COLUMNS + column];
	for (var k = first; k < first + BLOCK; k++) {
		let below = k * SIZE + column;
		let b0 = b[below];
		let b1 = b[below + COLUMNS];
		let b2 = b[below + 2u * COLUMNS];
		let b3 = b[below + 3u * COLUMNS];
		let a0 = a[row + k];
		c0 += a0.x * b0 + a0.y * b1 + a0.z * b2 + a0.w * b3;
		let a1 = a[row + COLUMNS + k];
		c1 += a1.x * b0 + a1.y * b1 + a1.z * b2 + a1.w * b3;
		let a2 = a[row + 2u * COLUMNS + k];
		c2 += a2.x * b0 + a2.y * b1 + a2.z * b2 + a2.w * b3;
		let a3 = a[row + 3u * COLUMNS + k];
		c3 += a3.x * b0 + a3.y * b1 + a3.z * b2 + a3.w * b3;
		let a4 = a[row + 4u * COLUMNS + k];
		c4 += a4.x * b0 + a4.y * b1 + a4.z * b2 + a4.w * b3;
		let a5 = a[row + 5u * COLUMNS + k];
		c5 += a5.x * b0 + a5.y * b1 + a5.z * b2 + a5.w * b3;
		let a6 = a[row + 6u * COLUMNS + k];
		c6 += a6.x * b0 + a6.y * b1 + a6.z * b2 + a6.w * b3;
		let a7 = a[row + 7u * COLUMNS + k];
		c7 += a7.x * b0 + a7.y * b1 + a7.z * b2 + a7.w * b3;
	}
	c[row + column] = c0;
	c[row + COLUMNS + column] = c1;
	c[row + 2u * COLUMNS + column] = c2;
	c[row + 3u * COLUMNS + column] = c3;
	c[row + 4u * COLUMNS + column] = c4;
	c[row + 5u * COLUMNS + column] = c5;
	c[row + 6u * COLUMNS + column] = c6;
	c[row + 7u * COLUMNS + column] = c7;
}

// The Mandelbrot set in fixed-point numbers: 7 bits before the point, one of them the sign, and
// 25 behind it. Integers only, so every device makes the same picture.

const WIDTH: u32 = 1024u;
const HEIGHT: u32 = 768u;
const MOST: u32 = 1000u;
// 2.75 / 1024 of a unit for each pixel; the picture's corner is at -2 - 1.03125 i.
const STEP: i32 = 90112;
const LEFT: i32 = -67108864;
const TOP: i32 = -34603008;

@group(0) @binding(0) var<storage, read_write> rounds: array<u32>;

// a · b / 2^25, rounded towards zero, for numbers whose product is below 64.
fn multiply(a: i32, b: i32) -> i32 {
	let x = u32(abs(a));
	let y = u32(abs(b));
	let low = (x & 0xffffu) * (y & 0xffffu);
	let cross = (x >> 16u) * (y & 0xffffu);
	let other = (x & 0xffffu) * (y >> 16u);
	let middle = (low >> 16u) + (cross & 0xffffu) + (other & 0xffffu);
	let high = (x >> 16u) * (y >> 16u) + (cross >> 16u) + (other >> 16u) + (middle >> 16u);
	let product = i32((high << 7u) | ((middle & 0xffffu) >> 9u));
	return select(product, -product, (a < 0) != (b < 0));
}

// How many rounds z ← z² + c stays within |z| ≤ 2, at most MOST.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
	let cx = LEFT + i32(id.x) * STEP;
	let cy = TOP + i32(id.y) * STEP;
	var x = 0;
	var y = 0;
	var count = 0u;
	for (; count < MOST; count++) {
		let xx = multiply(x, x);
		let yy = multiply(y, y);
		if (xx + yy > (4 << 25u)) {
			break;
		}
		y = multiply(x, y) * 2 + cy;
		x = xx - yy + cx;
	}
	rounds[id.y * WIDTH + id.x] = count;
}

// Multinomial logistic regression on 8 × 8 pictures of digits, by gradient descent with momentum.

const SAMPLES: u32 = 1347u;
const PIXELS: u32 = 64u;
const CLASSES: u32 = 10u;
const RATE: f32 = 0.5;
const MOMENTUM: f32 = 0.9;
// scikit-learn's default, C = 1, for the mean over the samples instead of their sum.
const DECAY: f32 = 1.0 / 1347.0;

// Four pixels from 0 to 16 in each word, a row of 16 words for each picture.
@group(0) @binding(0) var<storage, read> pixels: array<u32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
// A row of 65 for each digit: the weights of the pixels, then the bias.
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> speed: array<f32>;
@group(0) @binding(4) var<storage, read_write> errors: array<f32>;

fn pixel(sample: u32, index: u32) -> f32 {
	if (index == PIXELS) {
		return 1.0;
	}
	let word = pixels[(sample * PIXELS + index) / 4u];
	return f32((word >> (8u * (index % 4u))) & 0xffu) / 16.0;
}

// For each picture: the probability of each digit, minus one where it is the right one.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3<u32>) {
	let sample = id.x;
	if (sample >= SAMPLES) {
		return;
	}
	var score: array<f32, 10>;
	var most = -1e30;
	for (var digit = 0u; digit < CLASSES; digit++) {
		var sum = 0.0;
		for (var i = 0u; i <= PIXELS; i++) {
			sum += pixel(sample, i) * weights[digit * (PIXELS + 1u) + i];
		}
		score[digit] = sum;
		most = max(most, sum);
	}
	var total = 0.0;
	for (var digit = 0u; digit < CLASSES; digit++) {
		score[digit] = exp(score[digit] - most);
		total += score[digit];
	}
	for (var digit = 0u; digit < CLASSES; digit++) {
		let right = select(0.0, 1.0, labels[sample] == digit);
		errors[sample * CLASSES + digit] = score[digit] / total - right;
	}
}

// For each weight: its gradient over all pictures, and a step against it.
@compute @workgroup_size(64)
fn descend(@builtin(global_invocation_id) id: vec3<u32>) {
	let place = id.x;
	if (place >= CLASSES * (PIXELS + 1u)) {
		return;
	}
	let digit = place / (PIXELS + 1u);
	let index = place % (PIXELS + 1u);
	var gradient = 0.0;
	for (var sample = 0u; sample < SAMPLES; sample++) {
		gradient += pixel(sample, index) * errors[sample * CLASSES + digit];
	}
	gradient /= f32(SAMPLES);
	// The bias is not held back.
	if (index < PIXELS) {
		gradient += DECAY * weights[place];
	}
	speed[place] = MOMENTUM * speed[place] - RATE * gradient;
	weights[place] += speed[place];
}

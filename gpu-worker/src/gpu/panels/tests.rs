use super::*;
use crate::gpu::{device::Copy, tests::cpu_or_gpu};

/// What the kernel writes for each job, in the order of slots.
fn generate(seed: &Hash, jobs: &[Job]) -> Vec<Vec<u32>> {
	let device = cpu_or_gpu();
	let panels = Panels::new(&device, jobs.len() as u32).unwrap();
	let size = PANEL_BYTES * jobs.len() as u64;
	let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
	let staging = device.buffer("staging", size, usage).unwrap();
	let copy = Copy { source: &panels.buffer, offset: 0, size };
	let words = device.run(&[panels.dispatch(&device, seed, jobs)], &[copy], &staging).unwrap();
	words.chunks_exact(PANEL_BYTES as usize / 4).map(<[u32]>::to_vec).collect()
}

fn reference(seed: &Hash, side: Side, panel: u32) -> Vec<u32> {
	let lines: Vec<_> = (0..256).map(|line| stream::line(seed, side, panel, line)).collect();
	pack(side, &lines)
}

#[test]
fn panels_should_equal_the_reference_when_side_number_and_slot_vary() {
	let seed = core::array::from_fn(|place| (place as u8).wrapping_mul(77).wrapping_add(13));
	let numbers = [(Side::Left, 0), (Side::Right, 65_535), (Side::Right, 1), (Side::Left, 40_000)];
	let jobs: Vec<_> = [2, 0, 3, 1]
		.into_iter()
		.zip(numbers)
		.map(|(slot, (side, panel))| Job { slot, side, panel })
		.collect();
	let generated = generate(&seed, &jobs);
	for job in jobs {
		assert!(
			generated[job.slot as usize] == reference(&seed, job.side, job.panel),
			"{job:?} differs"
		);
	}
}

#[test]
fn panels_should_differ_when_one_bit_of_the_seed_does() {
	let job = Job { slot: 0, side: Side::Left, panel: 7 };
	let seed = [0; 32];
	let mut other = seed;
	other[31] = 1;
	let panels = [generate(&seed, &[job]), generate(&other, &[job])];
	assert!(panels[0][0] == reference(&seed, Side::Left, 7));
	assert!(panels[1][0] == reference(&other, Side::Left, 7));
	assert!(panels[0] != panels[1]);
}

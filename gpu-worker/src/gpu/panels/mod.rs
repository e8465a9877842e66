#![doc = include_str!("README.md")]

use super::device::{Device, Dispatch, Kernel};
use super::GpuError;
use assay_flops::{stream, Hash, Side};
use wgpu::BufferUsages;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step fails the test")]
mod tests;

/// Bytes of a panel.
pub(super) const PANEL_BYTES: u64 = 2 << 20;

/// Panel generation into the slots of one buffer.
pub(super) struct Panels {
	kernel: Kernel,
	group: wgpu::BindGroup,
	seed: wgpu::Buffer,
	jobs: wgpu::Buffer,
	/// The slots, one after another.
	pub(super) buffer: wgpu::Buffer,
}

/// One panel to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Job {
	/// Where to.
	pub(super) slot: u32,
	/// Which factor it belongs to.
	pub(super) side: Side,
	/// Its number, below 2¹⁶.
	pub(super) panel: u32,
}

impl Panels {
	/// Memory for `slots` panels, at most 64.
	pub(super) fn new(device: &Device, slots: u32) -> Result<Self, GpuError> {
		let kernel = device.kernel("panels_kernel", include_str!("kernel.wgsl").into())?;
		let seed = device.buffer("seed", 32, BufferUsages::UNIFORM)?;
		let jobs = device.storage("panel jobs", 16 * u64::from(slots))?;
		let buffer = device.storage("panels", PANEL_BYTES * u64::from(slots))?;
		let group = device.bind(&kernel, &[&seed, &jobs, &buffer]);
		Ok(Self { kernel, group, seed, jobs, buffer })
	}

	/// The dispatch that generates `jobs`, which are at most as many as there are slots.
	pub(super) fn dispatch(&self, device: &Device, seed: &Hash, jobs: &[Job]) -> Dispatch<'_> {
		let words: Vec<[u32; 4]> = jobs
			.iter()
			.map(|job| {
				let (side, first) = match job.side {
					Side::Left => (0, stream::stream_id(Side::Left, job.panel, 0)),
					Side::Right => (1, stream::stream_id(Side::Right, job.panel, 0)),
				};
				// Below 2²⁵ for panels below 2¹⁶.
				[job.slot, side, first as u32, 0]
			})
			.collect();
		device.write(&self.seed, seed);
		device.write(&self.jobs, &words);
		Dispatch {
			kernel: &self.kernel,
			group: &self.group,
			workgroups: [2, 128, jobs.len() as u32],
		}
	}
}

/// A panel in the device's layout, from its packed lines in order: what the kernel must write.
#[cfg(test)]
pub(super) fn pack(side: Side, lines: &[[u8; stream::LINE_BYTES]]) -> Vec<u32> {
	let word = |line: usize, w: usize| {
		let bytes = &lines[line][4 * w..4 * w + 4];
		bytes.iter().rev().fold(0u32, |word, byte| word << 8 | u32::from(*byte))
	};
	let mut panel = vec![0; 256 * 2048];
	for w in 0..2048 {
		for line in 0..256 {
			match side {
				Side::Left => panel[w * 256 + line] = word(line, w),
				Side::Right => {
					for half in 0..2 {
						let part = (word(line, w) >> (16 * half)) & 0xffff;
						panel[(2 * w + half) * 128 + line / 2] |= part << (16 * (line % 2));
					}
				}
			}
		}
	}
	panel
}

#![doc = include_str!("README.md")]

use super::device::{Device, Dispatch, Kernel};
use super::GpuError;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step fails the test")]
mod tests;

/// Bytes of a tile's entries.
pub(super) const TILE_BYTES: u64 = 256 << 10;

/// How the kernel is laid out on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
	/// Rows of an invocation: 4, 8 or 16, at most 32 with `quads` as factor.
	pub(super) rows: u32,
	/// Groups of eight columns of an invocation: 1, 2 or 4.
	pub(super) quads: u32,
	/// Invocations of a workgroup along columns; with `8 · quads` it divides 256.
	pub(super) lanes_x: u32,
	/// Invocations of a workgroup along rows; with `rows` it divides 256.
	pub(super) lanes_y: u32,
}

impl Shape {
	/// The best one for Mesa's CPU driver: one vector of eight lanes along the columns. It loads
	/// what differs between lanes word by word, so the more rows share a load the better; with
	/// twice as many sums its compiler takes minutes.
	pub(super) const CPU: Self = Self { rows: 16, quads: 2, lanes_x: 8, lanes_y: 1 };
	/// What [`super::Engine`] tries on a GPU: a subgroup of 32 spans all columns, and reads rows
	/// uniformly. More rows save loads, fewer save registers.
	pub(super) const GPU: [Self; 3] = [
		Self { rows: 8, quads: 1, lanes_x: 32, lanes_y: 4 },
		Self { rows: 16, quads: 1, lanes_x: 32, lanes_y: 2 },
		Self { rows: 8, quads: 2, lanes_x: 16, lanes_y: 8 },
	];

	/// The kernel's source with the constants of this shape.
	fn source(self) -> String {
		let Self { rows, quads, lanes_x, lanes_y } = self;
		format!(
			"const ROWS = {rows}u;\nconst QUADS = {quads}u;\nconst LANES_X = {lanes_x}u;\n\
			 const LANES_Y = {lanes_y}u;\n{}",
			include_str!("kernel.wgsl")
		)
	}

	/// Workgroups of a tile along columns and rows.
	fn workgroups(self) -> [u32; 2] {
		[256 / (8 * self.quads * self.lanes_x), 256 / (self.rows * self.lanes_y)]
	}
}

/// The tile product from panels to entries.
pub(super) struct Product {
	kernel: Kernel,
	group: wgpu::BindGroup,
	shape: Shape,
}

impl Product {
	/// Reads jobs and panels, writes entries: buffers that the caller shares with other kernels.
	pub(super) fn new(
		device: &Device,
		shape: Shape,
		jobs: &wgpu::Buffer,
		panels: &wgpu::Buffer,
		entries: &wgpu::Buffer,
	) -> Result<Self, GpuError> {
		let kernel = device.kernel("product_kernel", shape.source().into())?;
		let group = device.bind(&kernel, &[jobs, panels, entries]);
		Ok(Self { kernel, group, shape })
	}

	/// How it is laid out.
	pub(super) fn shape(&self) -> Shape {
		self.shape
	}

	/// The dispatch for the first `tiles` jobs.
	pub(super) fn dispatch(&self, tiles: u32) -> Dispatch<'_> {
		let [x, y] = self.shape.workgroups();
		Dispatch { kernel: &self.kernel, group: &self.group, workgroups: [x, y, tiles] }
	}
}

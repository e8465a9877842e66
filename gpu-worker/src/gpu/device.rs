//! An opened device: buffers, kernels, submissions, and what went wrong with them.

use super::{adapter, AdapterInfo, GpuError, Selection};
use std::{
	borrow::Cow,
	panic::{catch_unwind, AssertUnwindSafe},
	sync::{mpsc, Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};

/// A submission that takes longer never ends: the engine keeps them far below a second.
const DEADLINE: Duration = Duration::from_secs(60);

/// An opened device with its queue.
pub(super) struct Device {
	info: AdapterInfo,
	device: wgpu::Device,
	queue: wgpu::Queue,
	trouble: Arc<Mutex<Option<GpuError>>>,
}

/// A compute pipeline.
pub(super) struct Kernel {
	pipeline: wgpu::ComputePipeline,
}

/// Workgroups of one dispatch with everything that they read and write.
pub(super) struct Dispatch<'a> {
	/// What to run.
	pub(super) kernel: &'a Kernel,
	/// Its buffers.
	pub(super) group: &'a wgpu::BindGroup,
	/// How many workgroups in each direction.
	pub(super) workgroups: [u32; 3],
}

/// Bytes to copy into a buffer that the host can read.
pub(super) struct Copy<'a> {
	/// Where from.
	pub(super) source: &'a wgpu::Buffer,
	/// First byte.
	pub(super) offset: u64,
	/// Number of bytes.
	pub(super) size: u64,
}

impl Device {
	/// Opens the adapter that `selection` names.
	pub(super) fn open(selection: &Selection, allow_cpu: bool) -> Result<Self, GpuError> {
		let (info, adapter) = adapter::choose(selection, allow_cpu)?;
		let request = adapter.request_device(&wgpu::DeviceDescriptor {
			label: Some("assay"),
			// Four storage buffers of 128 MiB and workgroups of 256: what every GPU of the last
			// ten years has, so nothing is lost by asking for no more.
			required_limits: wgpu::Limits::downlevel_defaults(),
			..Default::default()
		});
		let (device, queue) = pollster::block_on(request).map_err(|error| GpuError::Open {
			adapter: info.name.clone(),
			cause: error.to_string(),
		})?;
		let trouble = Arc::new(Mutex::new(None));
		let sink = trouble.clone();
		// Without a handler an error ends the process.
		device.on_uncaptured_error(Arc::new(move |error| {
			tracing::warn!(%error, "the graphics driver reported an error");
			let error = match error {
				wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory,
				other => GpuError::Driver(other.to_string()),
			};
			lock(&sink).get_or_insert(error);
		}));
		let sink = trouble.clone();
		device.set_device_lost_callback(move |reason, message| {
			// Being lost outweighs every earlier error: it is what the caller can act on.
			*lock(&sink) = Some(GpuError::Lost(match message.is_empty() {
				true => format!("{reason:?}").to_lowercase(),
				false => message,
			}));
		});
		Ok(Self { info, device, queue, trouble })
	}

	/// What was opened.
	pub(super) fn info(&self) -> &AdapterInfo {
		&self.info
	}

	/// Fails when the device was lost, or an error was reported since the last check.
	pub(super) fn check(&self) -> Result<(), GpuError> {
		let mut trouble = lock(&self.trouble);
		match &*trouble {
			None => Ok(()),
			Some(error) if error.is_lost() => Err(error.clone()),
			Some(_) => trouble.take().map_or(Ok(()), Err),
		}
	}

	/// Compiles the entry point `entry` of `source`, one of this crate's own kernels.
	///
	/// The checks that are off would cost up to a hundred times (gfx-rs/wgpu#7698).
	#[allow(unsafe_code, reason = "see SAFETY")]
	pub(super) fn kernel(
		&self,
		entry: &'static str,
		source: Cow<'static, str>,
	) -> Result<Kernel, GpuError> {
		let descriptor = wgpu::ShaderModuleDescriptor {
			label: Some(entry),
			source: wgpu::ShaderSource::Wgsl(source),
		};
		// SAFETY: `ShaderRuntimeChecks` asks for four things, and each caller is a kernel of this
		// folder, whose README.md proves them: every index is below the length of its buffer, given
		// slots below the cache's capacity and dispatches of the documented size, which is what
		// `engine` writes and nobody else can; every loop counts up to a constant; there are
		// no ray queries, no mesh stages, and no integer division whose divisor is not a constant
		// above zero. Buffers that are read before they are written hold zeros, since wgpu
		// clears them, so no value of another program can be seen.
		let module = unsafe {
			self.device
				.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
		};
		let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
			label: Some(entry),
			layout: None,
			module: &module,
			entry_point: Some(entry),
			compilation_options: wgpu::PipelineCompilationOptions {
				// The kernels have no workgroup memory, so there is nothing to clear.
				zero_initialize_workgroup_memory: false,
				..Default::default()
			},
			cache: None,
		});
		self.check().map_err(|error| match error {
			GpuError::Driver(cause) => GpuError::Kernel { kernel: entry, cause },
			other => other,
		})?;
		Ok(Kernel { pipeline })
	}

	/// A buffer of `size` bytes that kernels use as `usage` and the host can fill and copy.
	pub(super) fn buffer(
		&self,
		label: &str,
		size: u64,
		usage: wgpu::BufferUsages,
	) -> Result<wgpu::Buffer, GpuError> {
		let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
			label: Some(label),
			size,
			usage: match usage.contains(wgpu::BufferUsages::MAP_READ) {
				true => usage,
				false => usage | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
			},
			mapped_at_creation: false,
		});
		self.check()?;
		Ok(buffer)
	}

	/// A storage buffer of `size` bytes.
	pub(super) fn storage(&self, label: &str, size: u64) -> Result<wgpu::Buffer, GpuError> {
		self.buffer(label, size, wgpu::BufferUsages::STORAGE)
	}

	/// Binds `buffers` to the kernel's bindings 0, 1, 2, ….
	pub(super) fn bind(&self, kernel: &Kernel, buffers: &[&wgpu::Buffer]) -> wgpu::BindGroup {
		let bindings: Vec<_> = (0..).zip(buffers.iter().copied()).collect();
		self.bind_at(kernel, &bindings)
	}

	/// Binds each buffer to the kernel's binding with the given number: all those that it uses.
	pub(super) fn bind_at(
		&self,
		kernel: &Kernel,
		buffers: &[(u32, &wgpu::Buffer)],
	) -> wgpu::BindGroup {
		let entries: Vec<_> = buffers
			.iter()
			.map(|(binding, buffer)| wgpu::BindGroupEntry {
				binding: *binding,
				resource: buffer.as_entire_binding(),
			})
			.collect();
		self.device.create_bind_group(&wgpu::BindGroupDescriptor {
			label: None,
			layout: &kernel.pipeline.get_bind_group_layout(0),
			entries: &entries,
		})
	}

	/// Fills a buffer from its start, before what is submitted next.
	pub(super) fn write<T: bytemuck::NoUninit>(&self, buffer: &wgpu::Buffer, data: &[T]) {
		self.queue.write_buffer(buffer, 0, bytemuck::cast_slice(data));
	}

	/// Runs `dispatches` one after another, then `copies` into `staging`, one behind the other, and
	/// returns what was copied. Each dispatch sees what the ones before it wrote.
	pub(super) fn run(
		&self,
		dispatches: &[Dispatch<'_>],
		copies: &[Copy<'_>],
		staging: &wgpu::Buffer,
	) -> Result<Vec<u32>, GpuError> {
		self.check()?;
		let mut encoder = self.device.create_command_encoder(&Default::default());
		{
			let mut pass = encoder.begin_compute_pass(&Default::default());
			for dispatch in dispatches {
				let [x, y, z] = dispatch.workgroups;
				pass.set_pipeline(&dispatch.kernel.pipeline);
				pass.set_bind_group(0, dispatch.group, &[]);
				pass.dispatch_workgroups(x, y, z);
			}
		}
		let mut size = 0;
		for copy in copies {
			encoder.copy_buffer_to_buffer(copy.source, copy.offset, staging, size, copy.size);
			size += copy.size;
		}
		self.queue.submit([encoder.finish()]);
		self.check()?;
		self.read(staging, size)
	}

	/// Waits for everything submitted and reads the first `size` bytes of `staging`.
	fn read(&self, staging: &wgpu::Buffer, size: u64) -> Result<Vec<u32>, GpuError> {
		if size == 0 {
			self.wait()?;
			return Ok(Vec::new());
		}
		let (sender, mapped) = mpsc::channel();
		staging.map_async(wgpu::MapMode::Read, 0..size, move |result| {
			// The receiver is gone only when waiting has failed, which is reported there.
			let _ = sender.send(result);
		});
		self.wait()?;
		let broken = |cause: String| GpuError::Driver(cause);
		mapped
			.try_recv()
			.map_err(|_| broken("a finished buffer was not mapped".into()))?
			.map_err(|error| broken(error.to_string()))?;
		let view = staging.get_mapped_range(0..size).map_err(|error| broken(error.to_string()))?;
		let words = bytemuck::pod_collect_to_vec(&view);
		drop(view);
		staging.unmap();
		Ok(words)
	}

	/// Waits until the device has done everything submitted.
	fn wait(&self) -> Result<(), GpuError> {
		let wait = wgpu::PollType::Wait { submission_index: None, timeout: Some(DEADLINE) };
		// wgpu 30 panics here when the driver says that the device is lost (`handle_error_fatal`).
		let polled = catch_unwind(AssertUnwindSafe(|| self.device.poll(wait)));
		let lost = match polled {
			Ok(Ok(_)) => return self.check(),
			Ok(Err(error)) => format!("{error} after {} s", DEADLINE.as_secs()),
			Err(_) => "waiting for it failed".into(),
		};
		let mut trouble = lock(&self.trouble);
		let known = trouble.take().filter(GpuError::is_lost);
		let error = known.unwrap_or(GpuError::Lost(lost));
		*trouble = Some(error.clone());
		Err(error)
	}

	/// Takes the device away, as a driver's reset would.
	#[cfg(test)]
	pub(super) fn destroy(&self) {
		self.device.destroy();
	}
}

/// The guarded value, also when another thread has panicked: each write leaves it complete.
fn lock(trouble: &Mutex<Option<GpuError>>) -> MutexGuard<'_, Option<GpuError>> {
	trouble.lock().unwrap_or_else(PoisonError::into_inner)
}

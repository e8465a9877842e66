//! Running a job on a device, inside the child.

use super::{
	child::{Gate, Voice},
	protocol::{Caps, ChildReport, Event},
	watchdog::Watchdog,
	Failure,
};
use crate::{
	manifest::{Buffer, BufferKind, Init, Manifest, Shader as Source, MAX_SHADER_BYTES},
	shader::Shader,
	Device,
};
use std::{
	collections::{BTreeMap, VecDeque},
	fs::File,
	io::{Read, Write},
	path::PathBuf,
	time::{Duration, Instant},
};

/// Bytes that cross between host and device at once.
const CHUNK: u64 = 8 << 20;
/// Bytes that are read or written between two looks at the gate: files can be slow.
const PIECE: usize = 1 << 20;
/// Dispatches that the device has at once: one runs, and the next waits behind it.
pub(super) const IN_FLIGHT: usize = 2;
/// How often progress is told.
const TELL: Duration = Duration::from_millis(100);
/// What copying a chunk may take.
const COPY_LIMIT_MS: u64 = 10_000;

/// A job and where it runs.
pub(super) struct Job<'a> {
	pub(super) device: Device,
	pub(super) folder: PathBuf,
	pub(super) caps: Caps,
	pub(super) voice: &'a Voice,
	pub(super) gate: Gate,
	pub(super) watchdog: Watchdog,
}

/// What one pass of the manifest became.
struct Step {
	pipeline: wgpu::ComputePipeline,
	groups: Vec<(u32, wgpu::BindGroup)>,
	dispatch: [u32; 3],
}

impl Job<'_> {
	/// From the manifest to the written outputs.
	pub(super) fn run(&self, manifest: &Manifest) -> Result<ChildReport, Failure> {
		let limit_ms = self.caps.compile_ms;
		self.watchdog.arm(Duration::from_millis(limit_ms), Failure::CompileTooLong { limit_ms });
		let source = self.source(manifest)?;
		let shader = Shader::read(&source)?;
		// All of wgpu's own checks are on: indices are bounded, loops end, memory is cleared.
		let module = self.device.device.create_shader_module(wgpu::ShaderModuleDescriptor {
			label: None,
			source: wgpu::ShaderSource::Wgsl(source.into()),
		});
		self.device.check()?;
		let pipelines = manifest.passes.iter().map(|pass| {
			let constants: Vec<_> =
				pass.constants.iter().map(|(name, value)| (name.as_str(), *value)).collect();
			let places = shader.places(pass)?;
			let pipeline =
				self.device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
					label: None,
					layout: None,
					module: &module,
					entry_point: Some(&pass.entry_point),
					compilation_options: wgpu::PipelineCompilationOptions {
						constants: &constants,
						..Default::default()
					},
					cache: None,
				});
			self.device.check()?;
			Ok((pipeline, places))
		});
		let pipelines = pipelines.collect::<Result<Vec<_>, Failure>>()?;
		self.watchdog.disarm();

		let buffers = self.buffers(manifest)?;
		let steps = self.steps(manifest, pipelines, &buffers)?;
		let mut report = self.dispatch(manifest, &steps, &buffers)?;
		report.reproducible = shader.is_reproducible();
		for (index, name) in manifest.outputs.iter().enumerate() {
			let size = manifest.buffers.iter().find(|buffer| buffer.name == *name);
			let size = size.map_or(0, |buffer| buffer.size);
			self.write(index, &buffers[name.as_str()], size)?;
		}
		Ok(report)
	}

	fn source(&self, manifest: &Manifest) -> Result<String, Failure> {
		let hash = match &manifest.shader {
			Source::Wgsl(source) => return Ok(source.clone()),
			Source::Blob(hash) => hash,
		};
		let mut source = String::new();
		let mut blob = self.blob(&hash.to_string())?.0.take(MAX_SHADER_BYTES as u64 + 1);
		blob.read_to_string(&mut source).map_err(|error| Failure::Shader {
			message: format!("the shader's blob is not text: {error}"),
		})?;
		Ok(source)
	}

	fn blob(&self, name: &str) -> Result<(File, u64), Failure> {
		let opened = File::open(self.folder.join("in").join(name));
		opened.and_then(|file| file.metadata().map(|data| (file, data.len()))).map_err(broken)
	}

	/// Creates and fills every buffer.
	fn buffers<'m>(
		&self,
		manifest: &'m Manifest,
	) -> Result<BTreeMap<&'m str, wgpu::Buffer>, Failure> {
		let mut buffers = BTreeMap::new();
		for declared in &manifest.buffers {
			let usage = match declared.kind {
				BufferKind::Storage => wgpu::BufferUsages::STORAGE,
				BufferKind::Uniform => wgpu::BufferUsages::UNIFORM,
			};
			let buffer = self.device.device.create_buffer(&wgpu::BufferDescriptor {
				label: None,
				size: declared.size,
				usage: usage | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
				mapped_at_creation: false,
			});
			self.device.check()?;
			self.fill(declared, &buffer)?;
			buffers.insert(declared.name.as_str(), buffer);
		}
		Ok(buffers)
	}

	fn fill(&self, declared: &Buffer, buffer: &wgpu::Buffer) -> Result<(), Failure> {
		let mut reader: Box<dyn Read> = match &declared.init {
			Init::Zero => return Ok(()),
			Init::Blob(hash) => {
				let (file, given) = self.blob(&hash.to_string())?;
				if given > declared.size {
					let (buffer, size) = (declared.name.clone(), declared.size);
					return Err(Failure::BlobTooLong { buffer, size, given });
				}
				Box::new(file)
			}
			inline => {
				let bytes = inline.inline();
				let bytes =
					bytes.map_err(|error| Failure::Worker { message: error.to_string() })?;
				Box::new(std::io::Cursor::new(bytes))
			}
		};
		let mut offset = 0;
		loop {
			let mut chunk = Vec::new();
			while (chunk.len() as u64) < CHUNK {
				self.pass();
				let piece = (&mut reader).take(PIECE as u64).read_to_end(&mut chunk);
				if piece.map_err(broken)? == 0 {
					break;
				}
			}
			if chunk.is_empty() {
				return Ok(());
			}
			let read = chunk.len() as u64;
			chunk.resize(chunk.len().next_multiple_of(4), 0);
			self.device.queue.write_buffer(buffer, offset, &chunk);
			// Waiting keeps what is in flight to one chunk.
			self.device.queue.submit([]);
			self.wait(None, COPY_LIMIT_MS, copy_too_long())?;
			offset += read;
		}
	}

	fn steps(
		&self,
		manifest: &Manifest,
		pipelines: Vec<(wgpu::ComputePipeline, Vec<(u32, u32)>)>,
		buffers: &BTreeMap<&str, wgpu::Buffer>,
	) -> Result<Vec<Step>, Failure> {
		let mut steps = Vec::new();
		for (pass, (pipeline, places)) in manifest.passes.iter().zip(pipelines) {
			let mut by_group: BTreeMap<u32, Vec<wgpu::BindGroupEntry<'_>>> = BTreeMap::new();
			for binding in &pass.bindings {
				if places.contains(&(binding.group, binding.binding)) {
					by_group.entry(binding.group).or_default().push(wgpu::BindGroupEntry {
						binding: binding.binding,
						resource: buffers[binding.buffer.as_str()].as_entire_binding(),
					});
				}
			}
			let groups = by_group.iter().map(|(group, entries)| {
				let layout = pipeline.get_bind_group_layout(*group);
				let made = self.device.device.create_bind_group(&wgpu::BindGroupDescriptor {
					label: None,
					layout: &layout,
					entries,
				});
				(*group, made)
			});
			let groups = groups.collect();
			self.device.check()?;
			steps.push(Step { pipeline, groups, dispatch: pass.dispatch });
		}
		Ok(steps)
	}

	/// Runs every dispatch of every iteration, each a submission of its own that has to end in time.
	fn dispatch(
		&self,
		manifest: &Manifest,
		steps: &[Step],
		buffers: &BTreeMap<&str, wgpu::Buffer>,
	) -> Result<ChildReport, Failure> {
		let counter = manifest.counter.as_deref().map(|name| &buffers[name]);
		let total = manifest.dispatches();
		let limit_ms = self.caps.dispatch_ms;
		let (mut given, mut done) = (0, 0);
		let mut in_flight = VecDeque::new();
		let mut kernel = Duration::ZERO;
		let (mut begun, mut told) = (Instant::now(), Instant::now());
		self.say(&Event::Started)?;
		while done < total {
			if in_flight.is_empty() {
				self.pass();
				begun = Instant::now();
			}
			while given < total && in_flight.len() < IN_FLIGHT && !self.gate.is_closed() {
				in_flight.push_back(self.submit(steps, counter, given));
				given += 1;
			}
			let Some(submission) = in_flight.pop_front() else { continue };
			let failure = Failure::DispatchTooLong { dispatch: done, limit_ms };
			self.wait(Some(submission), limit_ms, failure)?;
			let ended = Instant::now();
			kernel += ended - begun;
			begun = ended;
			done += 1;
			if told.elapsed() > TELL || done == total {
				told = ended;
				self.say(&Event::Progress(done))?;
			}
		}
		let kernel_ms = kernel.as_secs_f64() * 1e3;
		Ok(ChildReport { dispatches: done, kernel_ms, reproducible: false })
	}

	/// Submits the dispatch with this number, counted over all iterations.
	fn submit(
		&self,
		steps: &[Step],
		counter: Option<&wgpu::Buffer>,
		number: u64,
	) -> wgpu::SubmissionIndex {
		let length = steps.len() as u64;
		if let Some(counter) = counter.filter(|_| number.is_multiple_of(length)) {
			let iteration = (number / length) as u32;
			self.device.queue.write_buffer(counter, 0, &iteration.to_le_bytes());
		}
		let mut encoder = self.device.device.create_command_encoder(&Default::default());
		let mut pass = encoder.begin_compute_pass(&Default::default());
		let step = &steps[(number % length) as usize];
		let [x, y, z] = step.dispatch;
		pass.set_pipeline(&step.pipeline);
		for (group, made) in &step.groups {
			pass.set_bind_group(*group, made, &[]);
		}
		pass.dispatch_workgroups(x, y, z);
		drop(pass);
		self.device.queue.submit([encoder.finish()])
	}

	/// Waits while the job is paused.
	fn pass(&self) {
		self.gate.pass(|| {
			// A parent that is gone ends this process in another thread.
			let _ = self.voice.say(&Event::Paused);
		});
	}

	/// Waits until the device has done one submission, or everything; says `failure` when it takes
	/// too long.
	fn wait(
		&self,
		submission: Option<wgpu::SubmissionIndex>,
		limit_ms: u64,
		failure: Failure,
	) -> Result<(), Failure> {
		let limit = Duration::from_millis(limit_ms);
		// Behind the driver's own timeout, for drivers that do their work inside of other calls.
		self.watchdog.arm(limit + Duration::from_millis(500), failure.clone());
		let waited = self
			.device
			.device
			.poll(wgpu::PollType::Wait { submission_index: submission, timeout: Some(limit) });
		self.watchdog.disarm();
		match waited {
			Ok(_) => Ok(self.device.check()?),
			Err(wgpu::PollError::Timeout) => Err(failure),
			Err(error) => Err(Failure::Device { message: error.to_string() }),
		}
	}

	/// Writes a buffer to `out/index`.
	fn write(&self, index: usize, buffer: &wgpu::Buffer, size: u64) -> Result<(), Failure> {
		let file = File::create_new(self.folder.join("out").join(index.to_string()));
		let mut file = file.map_err(broken)?;
		let staging = self.device.device.create_buffer(&wgpu::BufferDescriptor {
			label: None,
			size: CHUNK.min(size),
			usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
			mapped_at_creation: false,
		});
		let mut offset = 0;
		while offset < size {
			let length = CHUNK.min(size - offset);
			let mut encoder = self.device.device.create_command_encoder(&Default::default());
			encoder.copy_buffer_to_buffer(buffer, offset, &staging, 0, length);
			self.device.queue.submit([encoder.finish()]);
			staging.map_async(wgpu::MapMode::Read, 0..length, |_| {});
			self.wait(None, COPY_LIMIT_MS, copy_too_long())?;
			let view = staging
				.get_mapped_range(0..length)
				.map_err(|error| Failure::Device { message: error.to_string() })?;
			for piece in view.chunks(PIECE) {
				self.pass();
				file.write_all(piece).map_err(broken)?;
			}
			drop(view);
			staging.unmap();
			offset += length;
		}
		Ok(())
	}

	fn say(&self, event: &Event) -> Result<(), Failure> {
		self.voice.say(event).map_err(broken)
	}
}

fn copy_too_long() -> Failure {
	Failure::Device { message: format!("copying took longer than {COPY_LIMIT_MS} ms") }
}

fn broken(error: std::io::Error) -> Failure {
	Failure::Worker { message: error.to_string() }
}

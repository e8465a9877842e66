//! What a job is: shader, buffers, passes and outputs, as JSON (`docs/job.schema.json`).

use crate::Hash;
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Longest shader in bytes: naga needs a deep stack for what is nested, and this bounds it.
pub const MAX_SHADER_BYTES: usize = 64 << 10;
/// Most buffers of a job.
pub const MAX_BUFFERS: usize = 16;
/// Most passes of a job.
pub const MAX_PASSES: usize = 16;
/// Most iterations over the passes.
pub const MAX_ITERATIONS: u32 = 1_000_000;
/// Most workgroups of a dispatch in one direction, as WebGPU has it.
pub const MAX_WORKGROUPS: u32 = 65_535;
/// Largest uniform buffer in bytes, as WebGPU has it.
pub const MAX_UNIFORM_BYTES: u64 = 64 << 10;
/// Binding groups, and bindings in one, as WebGPU has them.
pub const MAX_GROUPS: u32 = 4;
/// One above the largest number of a binding.
pub const MAX_BINDINGS: u32 = 16;
/// Longest name of a buffer or an entry point in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// A compute job. The text of the schema has an example for each field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
	/// The WGSL source.
	pub shader: Shader,
	/// Memory of the job; everything that no `init` fills is zero.
	pub buffers: Vec<Buffer>,
	/// Dispatches in order; each sees what the ones before it wrote.
	pub passes: Vec<Pass>,
	/// How often the list of passes runs.
	#[serde(default = "one")]
	pub iterations: u32,
	/// A uniform buffer whose first 4 bytes hold the number of the iteration, from 0 (u32).
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub counter: Option<String>,
	/// Buffers to keep as blobs when the job has finished.
	pub outputs: Vec<String>,
	/// What the job may use.
	#[serde(default)]
	pub limits: JobLimits,
}

fn one() -> u32 {
	1
}

/// Where the source is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shader {
	/// In the manifest.
	Wgsl(String),
	/// In an uploaded blob, as UTF-8.
	Blob(Hash),
}

/// A piece of memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buffer {
	/// What passes and outputs call it.
	pub name: String,
	/// Length in bytes, a multiple of 4.
	pub size: u64,
	/// How shaders see it.
	#[serde(default)]
	pub kind: BufferKind,
	/// What it holds at first.
	#[serde(default)]
	pub init: Init,
}

/// How shaders see a buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BufferKind {
	/// `var<storage>`, read-only or writable.
	#[default]
	Storage,
	/// `var<uniform>`.
	Uniform,
}

/// First bytes of a buffer, little-endian; the rest is zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Init {
	/// All zero.
	#[default]
	Zero,
	/// The bytes of an uploaded blob.
	Blob(Hash),
	/// Bytes in base64 (with padding).
	Base64(String),
	/// Unsigned numbers.
	U32(Vec<u32>),
	/// Signed numbers.
	I32(Vec<i32>),
	/// Floating-point numbers.
	F32(Vec<f32>),
}

impl Init {
	/// The bytes that the manifest itself holds; nothing for a blob.
	pub fn inline(&self) -> Result<Vec<u8>, ManifestError> {
		Ok(match self {
			Self::Zero | Self::Blob(_) => Vec::new(),
			Self::Base64(text) => base64::engine::general_purpose::STANDARD
				.decode(text)
				.map_err(|error| ManifestError::Base64(error.to_string()))?,
			Self::U32(words) => words.iter().flat_map(|word| word.to_le_bytes()).collect(),
			Self::I32(words) => words.iter().flat_map(|word| word.to_le_bytes()).collect(),
			Self::F32(words) => words.iter().flat_map(|word| word.to_le_bytes()).collect(),
		})
	}
}

/// One dispatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
	/// Name of a `@compute` function.
	pub entry_point: String,
	/// The buffers that it uses.
	pub bindings: Vec<Binding>,
	/// Workgroups in x, y and z.
	pub dispatch: [u32; 3],
	/// Values of `override` declarations.
	#[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
	pub constants: BTreeMap<String, f64>,
}

/// A buffer at a place of the shader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
	/// `@group` of the shader.
	#[serde(default)]
	pub group: u32,
	/// `@binding` of the shader.
	pub binding: u32,
	/// Name of the buffer.
	pub buffer: String,
}

/// What a job may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobLimits {
	/// Seconds from its start after which it is stopped, without the time for which it was paused.
	pub seconds: u32,
}

impl Default for JobLimits {
	fn default() -> Self {
		Self { seconds: 60 }
	}
}

/// What the lease allows to one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
	/// Sum of all buffers in bytes.
	pub memory_bytes: u64,
	/// Longest time in seconds.
	pub seconds: u32,
}

/// Why a manifest is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
	/// Not JSON, or not of the schema.
	#[error("the manifest is not of the schema: {0}")]
	Syntax(String),
	/// A count is out of range.
	#[error("{what} is {value}; it has to be from {least} to {most}")]
	Range {
		/// What was counted.
		what: String,
		/// What it is.
		value: u64,
		/// Smallest value that is allowed.
		least: u64,
		/// Largest value that is allowed.
		most: u64,
	},
	/// A size is no multiple of 4.
	#[error("the size of buffer {0} is not a multiple of 4")]
	Unaligned(String),
	/// The same name or place twice.
	#[error("{0} is there twice")]
	Twice(String),
	/// A buffer is named that is not declared.
	#[error("{place} names the buffer {name}, which is not among `buffers`")]
	UnknownBuffer {
		/// Where.
		place: String,
		/// The name.
		name: String,
	},
	/// More initial bytes than the buffer has.
	#[error("buffer {name} has {size} bytes and {given} initial ones")]
	TooMuchInit {
		/// The buffer.
		name: String,
		/// Its size.
		size: u64,
		/// Bytes of its `init`.
		given: u64,
	},
	/// The counter is no uniform buffer.
	#[error("the counter {0} is not a uniform buffer")]
	Counter(String),
	/// Bytes are not base64.
	#[error("an `init` is not base64: {0}")]
	Base64(String),
	/// A number that the format cannot hold.
	#[error("{0} holds a number that is too large for its format")]
	NotFinite(String),
}

impl ManifestError {
	/// What to do about it.
	pub fn fix(&self) -> &'static str {
		match self {
			Self::Syntax(_) => "compare the manifest with docs/job.schema.json",
			Self::Range { .. } => "change the value; GET /lease shows what this lease allows",
			Self::Unaligned(_) => "round the size up to a multiple of 4",
			Self::Twice(_) => "give it another name or place",
			Self::UnknownBuffer { .. } => "declare the buffer, or correct the name",
			Self::TooMuchInit { .. } => "make the buffer larger, or give fewer bytes",
			Self::Counter(_) => "declare it with \"kind\": \"uniform\"",
			Self::Base64(_) => "encode the bytes in base64 with padding",
			Self::NotFinite(_) => "give numbers below 3.4e38, or the bytes themselves in base64",
		}
	}
}

impl Manifest {
	/// Reads and checks a manifest.
	pub fn read(json: &[u8], bounds: &Bounds) -> Result<Self, ManifestError> {
		let manifest: Self = serde_json::from_slice(json)
			.map_err(|error| ManifestError::Syntax(error.to_string()))?;
		manifest.check(bounds)?;
		Ok(manifest)
	}

	/// Fails unless every rule holds that can be checked without the shader and the blobs.
	pub fn check(&self, bounds: &Bounds) -> Result<(), ManifestError> {
		if let Shader::Wgsl(source) = &self.shader {
			range("the length of the shader", source.len() as u64, 1, MAX_SHADER_BYTES as u64)?;
		}
		range("the number of buffers", self.buffers.len() as u64, 1, MAX_BUFFERS as u64)?;
		range("the number of passes", self.passes.len() as u64, 1, MAX_PASSES as u64)?;
		range("`iterations`", self.iterations.into(), 1, MAX_ITERATIONS.into())?;
		range("the number of outputs", self.outputs.len() as u64, 1, MAX_BUFFERS as u64)?;
		range("`limits.seconds`", self.limits.seconds.into(), 1, bounds.seconds.into())?;

		let mut names = BTreeMap::new();
		for buffer in &self.buffers {
			check_buffer(buffer, bounds.memory_bytes)?;
			if names.insert(buffer.name.as_str(), buffer.kind).is_some() {
				return Err(ManifestError::Twice(format!("buffer {}", buffer.name)));
			}
		}
		range("the sum of all buffers", self.memory_bytes(), 1, bounds.memory_bytes)?;

		let known = |place: String, name: &str| match names.get(name) {
			Some(kind) => Ok(*kind),
			None => Err(ManifestError::UnknownBuffer { place, name: shortened(name) }),
		};
		for (index, pass) in self.passes.iter().enumerate() {
			check_pass(index, pass)?;
			for binding in &pass.bindings {
				known(format!("pass {index}"), &binding.buffer)?;
			}
		}
		let mut outputs = BTreeSet::new();
		for name in &self.outputs {
			known("`outputs`".into(), name)?;
			if !outputs.insert(name) {
				return Err(ManifestError::Twice(format!("output {name}")));
			}
		}
		match &self.counter {
			Some(name) if known("`counter`".into(), name)? != BufferKind::Uniform => {
				Err(ManifestError::Counter(name.clone()))
			}
			_ => Ok(()),
		}
	}

	/// Sum of all buffers in bytes.
	pub fn memory_bytes(&self) -> u64 {
		self.buffers.iter().fold(0, |sum, buffer| sum.saturating_add(buffer.size))
	}

	/// The blobs that have to be there before the job can start.
	pub fn blobs(&self) -> BTreeSet<Hash> {
		let shader = match &self.shader {
			Shader::Blob(hash) => Some(*hash),
			Shader::Wgsl(_) => None,
		};
		let inits = self.buffers.iter().filter_map(|buffer| match buffer.init {
			Init::Blob(hash) => Some(hash),
			_ => None,
		});
		shader.into_iter().chain(inits).collect()
	}

	/// Most bytes of the blobs that fill buffers.
	pub fn input_bytes(&self) -> u64 {
		let is_input = |buffer: &&Buffer| matches!(buffer.init, Init::Blob(_));
		let inputs = self.buffers.iter().filter(is_input);
		inputs.fold(0, |sum, buffer| sum.saturating_add(buffer.size))
	}

	/// Sum of the buffers that become blobs, in bytes.
	pub fn output_bytes(&self) -> u64 {
		let is_output = |buffer: &&Buffer| self.outputs.contains(&buffer.name);
		let outputs = self.buffers.iter().filter(is_output);
		outputs.fold(0, |sum, buffer| sum.saturating_add(buffer.size))
	}

	/// Number of dispatches in all iterations together.
	pub fn dispatches(&self) -> u64 {
		self.passes.len() as u64 * u64::from(self.iterations)
	}
}

fn check_buffer(buffer: &Buffer, memory_bytes: u64) -> Result<(), ManifestError> {
	range("the length of a name", buffer.name.len() as u64, 1, MAX_NAME_BYTES as u64)?;
	let most = match buffer.kind {
		BufferKind::Storage => memory_bytes,
		BufferKind::Uniform => MAX_UNIFORM_BYTES.min(memory_bytes),
	};
	range(&format!("the size of buffer {}", buffer.name), buffer.size, 4, most)?;
	if !buffer.size.is_multiple_of(4) {
		return Err(ManifestError::Unaligned(buffer.name.clone()));
	}
	if let Init::F32(numbers) = &buffer.init {
		// 1e39 is read as infinity, which JSON has no word for when the job is kept.
		if numbers.iter().any(|number| !number.is_finite()) {
			return Err(ManifestError::NotFinite(format!("the `init` of buffer {}", buffer.name)));
		}
	}
	let given = buffer.init.inline()?.len() as u64;
	if given > buffer.size {
		let (name, size) = (buffer.name.clone(), buffer.size);
		return Err(ManifestError::TooMuchInit { name, size, given });
	}
	Ok(())
}

fn check_pass(index: usize, pass: &Pass) -> Result<(), ManifestError> {
	let named = |what: &str| format!("{what} of pass {index}");
	let length = pass.entry_point.len() as u64;
	range(&named("the length of the entry point"), length, 1, MAX_NAME_BYTES as u64)?;
	for workgroups in pass.dispatch {
		range(&named("the dispatch"), workgroups.into(), 1, MAX_WORKGROUPS.into())?;
	}
	// Mesa's CPU driver multiplies in 32 bits and silently runs what is left of a larger product.
	let product =
		pass.dispatch.iter().fold(1, |product: u64, n| product.saturating_mul(u64::from(*n)));
	range(&named("the number of workgroups"), product, 1, u32::MAX.into())?;
	let most = u64::from(MAX_GROUPS * MAX_BINDINGS);
	range(&named("the number of bindings"), pass.bindings.len() as u64, 0, most)?;
	range(&named("the number of constants"), pass.constants.len() as u64, 0, 64)?;
	let mut places = BTreeSet::new();
	for binding in &pass.bindings {
		range(&named("a group"), binding.group.into(), 0, u64::from(MAX_GROUPS - 1))?;
		range(&named("a binding"), binding.binding.into(), 0, u64::from(MAX_BINDINGS - 1))?;
		if !places.insert((binding.group, binding.binding)) {
			let place = format!("binding {} of group {}", binding.binding, binding.group);
			return Err(ManifestError::Twice(format!("{place} in pass {index}")));
		}
	}
	Ok(())
}

fn range(what: &str, value: u64, least: u64, most: u64) -> Result<(), ManifestError> {
	match (least..=most).contains(&value) {
		true => Ok(()),
		false => Err(ManifestError::Range { what: shortened(what), value, least, most }),
	}
}

/// A text of a stranger, short enough for an error.
fn shortened(text: &str) -> String {
	text.chars().take(2 * MAX_NAME_BYTES).collect()
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;

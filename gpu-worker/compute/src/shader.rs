//! Reading and checking a stranger's shader.
//!
//! Call it on a thread with a deep stack inside the child: naga recurses over what is nested, and
//! 64 KiB of source can nest tens of thousands of levels.

use crate::manifest::{Pass, MAX_SHADER_BYTES};
use wgpu::naga::{
	front::wgsl,
	proc::TypeResolution,
	valid::{Capabilities, FunctionInfo, ModuleInfo, ValidationFlags, Validator},
	AddressSpace, Expression, Function, Module, ScalarKind, Statement, Type, TypeInner,
	UniqueArena,
};

/// A checked shader.
pub struct Shader {
	module: Module,
	info: ModuleInfo,
}

/// Why a shader is refused. The texts are naga's, cut to a bounded length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShaderError {
	/// Longer than [`MAX_SHADER_BYTES`].
	#[error("the shader has {0} bytes; at most {MAX_SHADER_BYTES} are allowed")]
	TooLong(usize),
	/// Not WGSL.
	#[error("the shader cannot be read: {0}")]
	Syntax(String),
	/// WGSL that breaks a rule.
	#[error("the shader is not valid: {0}")]
	Invalid(String),
	/// Something that jobs may not use.
	#[error("jobs may not use {0}")]
	Forbidden(&'static str),
	/// No such `@compute` function.
	#[error("the shader has no compute entry point {0}")]
	NoEntryPoint(String),
	/// A binding that an entry point uses is not in the pass.
	#[error("{entry_point} uses binding {binding} of group {group}, which the pass does not bind")]
	Unbound {
		/// The entry point.
		entry_point: String,
		/// Its group.
		group: u32,
		/// Its binding.
		binding: u32,
	},
}

const MAX_MESSAGE: usize = 4_000;

impl Shader {
	/// Parses and validates `source`.
	pub fn read(source: &str) -> Result<Self, ShaderError> {
		if source.len() > MAX_SHADER_BYTES {
			return Err(ShaderError::TooLong(source.len()));
		}
		let module = wgsl::parse_str(source)
			.map_err(|error| ShaderError::Syntax(cut(error.emit_to_string(source))))?;
		for (_, global) in module.global_variables.iter() {
			match global.space {
				AddressSpace::Storage { .. }
				| AddressSpace::Uniform
				| AddressSpace::Private
				| AddressSpace::WorkGroup => {}
				_ => return Err(ShaderError::Forbidden("anything but buffers")),
			}
			if matches!(module.types[global.ty].inner, TypeInner::BindingArray { .. }) {
				return Err(ShaderError::Forbidden("arrays of bindings"));
			}
		}
		let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
			.validate(&module)
			.map_err(|error| ShaderError::Invalid(cut(error.emit_to_string(source))))?;
		Ok(Self { module, info })
	}

	/// The (group, binding) places that the entry point of `pass` uses, all bound by the pass.
	pub fn places(&self, pass: &Pass) -> Result<Vec<(u32, u32)>, ShaderError> {
		let entry = self.module.entry_points.iter().position(|entry| {
			entry.name == pass.entry_point && entry.stage == wgpu::naga::ShaderStage::Compute
		});
		let entry = entry.ok_or_else(|| ShaderError::NoEntryPoint(pass.entry_point.clone()))?;
		let used = self.info.get_entry_point(entry);
		let mut places = Vec::new();
		for (handle, global) in self.module.global_variables.iter() {
			let Some(place) = &global.binding else { continue };
			if used[handle].is_empty() {
				continue;
			}
			let (group, binding) = (place.group, place.binding);
			if !pass.bindings.iter().any(|b| (b.group, b.binding) == (group, binding)) {
				let entry_point = pass.entry_point.clone();
				return Err(ShaderError::Unbound { entry_point, group, binding });
			}
			places.push((group, binding));
		}
		places.sort_unstable();
		places.dedup();
		Ok(places)
	}

	/// Whether the outputs are the same on every device, given a shader without data races: no
	/// floating-point type occurs, and no value that an atomic operation returns is used, since
	/// that depends on the order of invocations.
	pub fn is_reproducible(&self) -> bool {
		let types = &self.module.types;
		let globals = self.module.global_expressions.iter();
		let functions = self.module.functions.iter().map(|(h, f)| (f, &self.info[h]));
		let entries = self.module.entry_points.iter().enumerate();
		let entries = entries.map(|(i, entry)| (&entry.function, self.info.get_entry_point(i)));
		types.iter().all(|(_, ty)| is_integer(&ty.inner))
			&& globals.into_iter().all(|(handle, _)| is_integer_type(&self.info[handle], types))
			&& functions.chain(entries).all(|(function, info)| is_ordered(function, info, types))
	}
}

fn is_ordered(function: &Function, info: &FunctionInfo, types: &UniqueArena<Type>) -> bool {
	function.expressions.iter().all(|(handle, expression)| {
		let used_atomic =
			matches!(expression, Expression::AtomicResult { .. }) && info[handle].ref_count > 0;
		!used_atomic && is_integer_type(&info[handle].ty, types)
	}) && !has_exchange(&function.body)
}

/// Whether a block stores by an atomic exchange, whose last writer is a matter of luck.
fn has_exchange(block: &wgpu::naga::Block) -> bool {
	use wgpu::naga::AtomicFunction::Exchange;
	block.iter().any(|statement| match statement {
		Statement::Atomic { fun: Exchange { .. }, .. } => true,
		Statement::Block(inner) => has_exchange(inner),
		Statement::If { accept, reject, .. } => has_exchange(accept) || has_exchange(reject),
		Statement::Switch { cases, .. } => cases.iter().any(|case| has_exchange(&case.body)),
		Statement::Loop { body, continuing, .. } => has_exchange(body) || has_exchange(continuing),
		_ => false,
	})
}

fn is_integer_type(resolution: &TypeResolution, types: &UniqueArena<Type>) -> bool {
	is_integer(resolution.inner_with(types))
}

/// Whether a type holds no floating-point number itself; its parts are in the list of types.
fn is_integer(inner: &TypeInner) -> bool {
	let scalar = match inner {
		TypeInner::Scalar(scalar)
		| TypeInner::Vector { scalar, .. }
		| TypeInner::Matrix { scalar, .. }
		| TypeInner::Atomic(scalar) => Some(scalar.kind),
		TypeInner::ValuePointer { scalar, .. } => Some(scalar.kind),
		_ => None,
	};
	!matches!(scalar, Some(ScalarKind::Float | ScalarKind::AbstractFloat))
}

fn cut(text: String) -> String {
	match text.char_indices().nth(MAX_MESSAGE) {
		Some((end, _)) => format!("{} …", &text[..end]),
		None => text,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::manifest::Binding;

	fn read(body: &str) -> Result<Shader, ShaderError> {
		let head = "@group(0) @binding(0) var<storage, read_write> data: array<u32>;
			@group(1) @binding(3) var<storage, read_write> sum: atomic<u32>;
			@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3<u32>)";
		Shader::read(&format!("{head} {{ {body} }}"))
	}

	#[test]
	fn shader_should_be_reproducible_when_it_uses_integers_only() {
		for body in ["data[0] = id.x * 3u;", "atomicAdd(&sum, data[0]);", "data[1] ^= 1u << id.x;"]
		{
			assert!(read(body).expect(body).is_reproducible(), "{body}");
		}
	}

	#[test]
	fn shader_should_not_be_reproducible_when_a_float_or_an_order_shows() {
		for body in [
			"data[0] = u32(f32(id.x) * 0.5);",
			"data[0] = u32(unpack4x8unorm(id.x).x);",
			"data[0] = bitcast<u32>(bitcast<f32>(id.x) + bitcast<f32>(id.y));",
			"let x = vec2(1.5, 2.0); data[0] = u32(x.y);",
			"data[0] = atomicAdd(&sum, 1u);",
			"if (id.x > 1u) { atomicExchange(&sum, id.x); }",
		] {
			assert!(!read(body).expect(body).is_reproducible(), "{body}");
		}
	}

	#[test]
	fn shader_should_be_refused_when_it_is_long_wrong_or_uses_more_than_buffers() {
		let long = " ".repeat(MAX_SHADER_BYTES + 1);
		assert!(matches!(Shader::read(&long), Err(ShaderError::TooLong(_))));
		assert!(matches!(read("data[0] = ;"), Err(ShaderError::Syntax(_))));
		assert!(matches!(
			read("data[0] = 1i;"),
			Err(ShaderError::Syntax(_) | ShaderError::Invalid(_))
		));
		let array = "@group(0) @binding(0) var<storage> x: binding_array<array<u32>, 4>;";
		assert!(Shader::read(array).is_err());
		let texture = "@group(0) @binding(0) var x: texture_2d<f32>;";
		assert!(matches!(Shader::read(texture), Err(ShaderError::Forbidden(_))));
		assert!(Shader::read("enable f16; var<private> x: f16;").is_err());
	}

	#[test]
	fn places_should_be_those_used_when_a_pass_binds_more() {
		let binding = |group, binding| Binding { group, binding, buffer: "data".into() };
		let mut pass = Pass {
			entry_point: "main".into(),
			bindings: vec![binding(0, 0), binding(1, 3), binding(2, 2)],
			dispatch: [1; 3],
			constants: Default::default(),
		};
		let shader = read("atomicAdd(&sum, 1u);").expect("the shader is valid");
		assert_eq!(shader.places(&pass), Ok(vec![(1, 3)]));
		pass.bindings.remove(1);
		assert!(matches!(
			shader.places(&pass),
			Err(ShaderError::Unbound { group: 1, binding: 3, .. })
		));
		pass.entry_point = "other".into();
		assert!(matches!(shader.places(&pass), Err(ShaderError::NoEntryPoint(_))));
	}
}

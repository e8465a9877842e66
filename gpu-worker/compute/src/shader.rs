//! Reading and checking a stranger's shader.
//!
//! Call it on a thread with a deep stack inside the child: naga recurses over what is nested, and
//! 64 KiB of source can nest tens of thousands of levels.

use crate::manifest::{Pass, MAX_SHADER_BYTES};
use std::{collections::BTreeMap, mem::Discriminant};
use wgpu::naga::{
	front::wgsl,
	proc::TypeResolution,
	valid::{Capabilities, FunctionInfo, ModuleInfo, ValidationFlags, Validator},
	AddressSpace, AtomicFunction, Block, Expression, Function, Handle, Module, ScalarKind,
	Statement, Type, TypeInner, UniqueArena,
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

	/// Whether the outputs are the same on every device, given a shader without data races that
	/// stays inside of its buffers: no floating-point type occurs, and no order of invocations shows.
	/// It would show in what an atomic operation returns, in what is loaded from an atomic, in the
	/// last of several stores to one, and in operations of two kinds on the same variable.
	pub fn is_reproducible(&self) -> bool {
		let types = &self.module.types;
		let globals = self.module.global_expressions.iter();
		let functions = self.module.functions.iter().map(|(h, f)| (f, &self.info[h]));
		let entries = self.module.entry_points.iter().enumerate();
		let entries = entries.map(|(i, entry)| (&entry.function, self.info.get_entry_point(i)));
		types.iter().all(|(_, ty)| is_integer(&ty.inner))
			&& globals.into_iter().all(|(handle, _)| is_integer_type(&self.info[handle], types))
			&& {
				let mut kinds = Kinds::default();
				functions.chain(entries).all(|(function, info)| {
					let scope = Scope { function, info, types };
					scope.values_are_ordered() && scope.is_ordered(&function.body, &mut kinds)
				})
			}
	}
}

/// What is done to each atomic variable: adding commutes with adding and not with taking the
/// larger, so one kind is all that leaves no trace of an order.
#[derive(Default)]
struct Kinds {
	of: BTreeMap<Option<usize>, Discriminant<AtomicFunction>>,
}

impl Kinds {
	/// Notes an operation on the global variable `root`; whether it is the only kind so far. Where
	/// the variable is not known (`None`), it counts for all of them.
	fn note(&mut self, root: Option<usize>, operation: &AtomicFunction) -> bool {
		let kind = std::mem::discriminant(match operation {
			AtomicFunction::Subtract => &AtomicFunction::Add,
			other => other,
		});
		self.of.insert(root, kind).is_none_or(|other| other == kind)
			&& (!self.of.contains_key(&None) || self.of.values().all(|other| *other == kind))
	}
}

/// A function and what is known of its expressions.
struct Scope<'a> {
	function: &'a Function,
	info: &'a FunctionInfo,
	types: &'a UniqueArena<Type>,
}

impl Scope<'_> {
	/// Whether every value is an integer and none comes out of an atomic.
	fn values_are_ordered(&self) -> bool {
		self.function.expressions.iter().all(|(handle, expression)| {
			let shows_order = match expression {
				Expression::AtomicResult { .. } => self.info[handle].ref_count > 0,
				Expression::Load { pointer } => self.points_to_atomic(*pointer),
				_ => false,
			};
			!shows_order && is_integer_type(&self.info[handle].ty, self.types)
		})
	}

	/// Whether what a block does to atomics gives the same in any order.
	fn is_ordered(&self, block: &Block, kinds: &mut Kinds) -> bool {
		block.iter().all(|statement| match statement {
			// The last writer is a matter of luck.
			Statement::Atomic { fun: AtomicFunction::Exchange { .. }, .. } => false,
			Statement::Atomic { pointer, fun, .. } => kinds.note(self.root(*pointer), fun),
			Statement::Store { pointer, .. } | Statement::WorkGroupUniformLoad { pointer, .. } => {
				!self.points_to_atomic(*pointer)
			}
			Statement::Block(inner) => self.is_ordered(inner, kinds),
			Statement::If { accept, reject, .. } => {
				self.is_ordered(accept, kinds) && self.is_ordered(reject, kinds)
			}
			Statement::Switch { cases, .. } => {
				cases.iter().all(|case| self.is_ordered(&case.body, kinds))
			}
			Statement::Loop { body, continuing, .. } => {
				self.is_ordered(body, kinds) && self.is_ordered(continuing, kinds)
			}
			_ => true,
		})
	}

	fn points_to_atomic(&self, pointer: Handle<Expression>) -> bool {
		match self.info[pointer].ty.inner_with(self.types) {
			TypeInner::Pointer { base, .. } => holds_atomic(*base, self.types),
			_ => false,
		}
	}

	/// The global variable that a pointer leads into; none if it is an argument.
	fn root(&self, mut pointer: Handle<Expression>) -> Option<usize> {
		loop {
			match self.function.expressions[pointer] {
				Expression::Access { base, .. } | Expression::AccessIndex { base, .. } => {
					pointer = base;
				}
				Expression::GlobalVariable(variable) => return Some(variable.index()),
				_ => return None,
			}
		}
	}
}

/// Whether a type is an atomic or has one in it.
fn holds_atomic(ty: Handle<Type>, types: &UniqueArena<Type>) -> bool {
	match &types[ty].inner {
		TypeInner::Atomic(_) => true,
		TypeInner::Array { base, .. } => holds_atomic(*base, types),
		TypeInner::Struct { members, .. } => {
			members.iter().any(|member| holds_atomic(member.ty, types))
		}
		_ => false,
	}
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
			struct Pair { n: u32, sums: array<atomic<u32>, 4> }
			@group(1) @binding(4) var<storage, read_write> pair: Pair;
			@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3<u32>)";
		Shader::read(&format!("{head} {{ {body} }}"))
	}

	#[test]
	fn shader_should_be_reproducible_when_it_uses_integers_only() {
		for body in [
			"data[0] = id.x * 3u;",
			"atomicAdd(&sum, data[0]);",
			"data[1] ^= 1u << id.x;",
			"atomicAdd(&sum, 1u); atomicSub(&sum, 3u); atomicMax(&pair.sums[id.x], data[0]);",
			"data[1] = pair.n; pair.n = 4u;",
		] {
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
			"atomicCompareExchangeWeak(&sum, 1u, id.x);",
			"data[id.x] = atomicLoad(&sum);",
			"data[id.x] = atomicLoad(&pair.sums[2]);",
			"atomicStore(&sum, id.x);",
			"loop { atomicStore(&pair.sums[id.x], 1u); break; }",
			"atomicAdd(&sum, 1u); if (id.x > 1u) { atomicMax(&sum, 7u); }",
			"atomicAdd(&pair.sums[id.x], 1u); atomicXor(&pair.sums[id.y], 7u);",
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

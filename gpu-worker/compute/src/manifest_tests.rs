use super::*;
use serde_json::{json, Value};

const BOUNDS: Bounds = Bounds { memory_bytes: 1 << 30, seconds: 600 };

fn valid() -> Value {
	json!({
		"shader": { "wgsl": "@compute @workgroup_size(1) fn main() {}" },
		"buffers": [
			{ "name": "data", "size": 64, "init": { "u32": [1, 2, 3] } },
			{ "name": "step", "size": 16, "kind": "uniform" },
		],
		"passes": [{
			"entry_point": "main",
			"bindings": [
				{ "group": 0, "binding": 0, "buffer": "data" },
				{ "binding": 1, "buffer": "step" },
			],
			"dispatch": [1, 1, 1],
		}],
		"iterations": 3,
		"counter": "step",
		"outputs": ["data"],
		"limits": { "seconds": 5 },
	})
}

fn read(manifest: &Value) -> Result<Manifest, ManifestError> {
	Manifest::read(manifest.to_string().as_bytes(), &BOUNDS)
}

fn changed(pointer: &str, value: Value) -> Value {
	let mut manifest = valid();
	match manifest.pointer_mut(pointer) {
		Some(place) => *place = value,
		None => {
			let (parent, key) = pointer.rsplit_once('/').expect("a pointer has a slash");
			let parent = manifest.pointer_mut(parent).and_then(Value::as_object_mut);
			parent.expect("the parent is an object").insert(key.into(), value);
		}
	}
	manifest
}

/// What the schema and the code both refuse.
fn broken() -> Vec<(&'static str, Value)> {
	vec![
		("/unknown", json!(1)),
		("/shader", json!("text")),
		("/shader", json!({ "wgsl": "" })),
		("/shader", json!({ "glsl": "x" })),
		("/shader", json!({ "blob": "../../etc/passwd" })),
		("/shader", json!({ "wgsl": "a".repeat(MAX_SHADER_BYTES + 1) })),
		("/buffers", json!([])),
		("/buffers/0/size", json!(0)),
		("/buffers/0/size", json!(6)),
		("/buffers/0/size", json!(-4)),
		("/buffers/0/name", json!("")),
		("/buffers/0/kind", json!("texture")),
		("/buffers/0/init", json!("random")),
		("/buffers/0/init", json!({ "base64": "!" })),
		("/buffers/0/init", json!({ "f32": [1.0, 1e39] })),
		("/buffers/0/extra", json!(0)),
		("/buffers/1/size", json!(MAX_UNIFORM_BYTES + 4)),
		("/passes", json!([])),
		("/passes/0/dispatch", json!([1, 1])),
		("/passes/0/dispatch", json!([0, 1, 1])),
		("/passes/0/dispatch", json!([1, 65_536, 1])),
		("/passes/0/entry_point", json!("")),
		("/passes/0/bindings/0/group", json!(4)),
		("/passes/0/bindings/0/binding", json!(16)),
		("/iterations", json!(0)),
		("/iterations", json!(MAX_ITERATIONS + 1)),
		("/outputs", json!([])),
		("/outputs", json!(["data", "data"])),
		("/limits/seconds", json!(0)),
	]
}

/// What only the code can refuse.
fn inconsistent() -> Vec<(&'static str, Value)> {
	vec![
		("/buffers/0/size", json!(2u64 << 30)),
		("/buffers/0/size", json!(8)),
		("/buffers/1/name", json!("data")),
		("/passes/0/bindings/0/buffer", json!("nothing")),
		("/passes/0/bindings/1/binding", json!(0)),
		("/passes/0/dispatch", json!([65_535, 65_535, 2])),
		("/outputs", json!(["nothing"])),
		("/counter", json!("data")),
		("/counter", json!("nothing")),
		("/limits/seconds", json!(601)),
	]
}

#[test]
fn manifest_should_be_read_when_it_is_valid() {
	let manifest = read(&valid()).expect("the manifest is valid");
	assert_eq!(manifest.dispatches(), 3);
	assert_eq!(manifest.memory_bytes(), 80);
	assert_eq!(manifest.passes[0].bindings[1].group, 0);
	let again = serde_json::to_value(&manifest).expect("a manifest is JSON");
	assert_eq!(read(&again), Ok(manifest));
}

#[test]
fn manifest_should_be_refused_when_any_part_is_broken() {
	for (pointer, value) in broken().into_iter().chain(inconsistent()) {
		let result = read(&changed(pointer, value.clone()));
		let error = result.expect_err(&format!("{pointer} = {value:.80}"));
		assert!(!error.fix().is_empty());
	}
}

#[test]
fn sum_of_sizes_should_be_refused_when_it_overflows() {
	let huge = u64::MAX - 3;
	let buffers = json!([{ "name": "a", "size": huge }, { "name": "b", "size": huge }]);
	let mut manifest = changed("/buffers", buffers);
	manifest["outputs"] = json!(["a"]);
	assert!(matches!(read(&manifest), Err(ManifestError::Range { .. })));
}

#[test]
fn schema_should_agree_with_the_code_when_manifests_are_valid_or_broken() {
	let schema: Value =
		serde_json::from_str(include_str!("../docs/job.schema.json")).expect("the schema is JSON");
	let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
	assert!(validator.is_valid(&valid()));
	for (pointer, value) in broken() {
		assert!(!validator.is_valid(&changed(pointer, value.clone())), "{pointer} = {value:.80}");
	}
	for (pointer, value) in inconsistent() {
		assert!(validator.is_valid(&changed(pointer, value)), "{pointer}");
	}
}

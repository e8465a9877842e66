//! What several test programs need.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test program uses a part of it")]

use assay_compute::{
	adapters,
	manifest::Manifest,
	sandbox::{Caps, Launcher, Sandbox},
	AdapterId,
};
use serde_json::{json, Value};
use std::{ffi::OsString, path::Path};

pub const CAPS: Caps =
	Caps { memory_bytes: 256 << 20, seconds: 600, dispatch_ms: 2_000, compile_ms: 10_000 };

pub fn cpu() -> AdapterId {
	adapters().into_iter().find(|adapter| adapter.cpu).expect("Mesa's CPU driver is installed")
}

pub fn launcher() -> Launcher {
	Launcher {
		program: env!("CARGO_BIN_EXE_assay-compute-host").into(),
		arguments: vec![OsString::from("sandbox")],
	}
}

pub fn sandbox(folder: &Path) -> Sandbox {
	Sandbox::new(launcher(), cpu(), CAPS, folder.join("work")).expect("the sandbox starts")
}

/// A job with one storage buffer `data` of `size` bytes at binding 0.
pub fn job(shader: &str, size: u64, dispatch: [u32; 3]) -> Value {
	json!({
		"shader": { "wgsl": shader },
		"buffers": [{ "name": "data", "size": size }],
		"passes": [{
			"entry_point": "main",
			"bindings": [{ "binding": 0, "buffer": "data" }],
			"dispatch": dispatch,
		}],
		"outputs": ["data"],
		"limits": { "seconds": 30 },
	})
}

pub fn manifest(json: Value) -> Manifest {
	serde_json::from_value(json).expect("the job is of the schema")
}

pub const HEAD: &str = "@group(0) @binding(0) var<storage, read_write> data: array<u32>;";

/// A shader whose `main` has `body` and the invocation's place in `id`.
pub fn shader(body: &str) -> String {
	format!(
		"{HEAD} @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) \
		 {{ {body} }}"
	)
}

/// The same with another output of `size` bytes, which is zero: more than a shader may bind.
pub fn with_large_output(mut job: Value, size: u64) -> Value {
	job["buffers"] = json!([job["buffers"][0], { "name": "large", "size": size }]);
	job["outputs"] = json!(["data", "large"]);
	job
}

/// A job of so many dispatches, of which each takes some time.
pub fn slow(iterations: u64) -> Value {
	let body = "for (var i = 0u; i < 20000u; i++) { data[id.x] = data[id.x] * 3u + i; }";
	let mut slow = job(&shader(body), 256, [1, 1, 1]);
	slow["iterations"] = json!(iterations);
	slow
}

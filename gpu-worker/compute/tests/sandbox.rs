//! Jobs in their processes, on Mesa's CPU driver: honest ones, and every hostile one of the list.

mod common;

use assay_compute::{
	sandbox::{Caps, Control, Failure, Finished, Launcher, Progress, Sandbox},
	Hash,
};
use common::*;
use serde_json::{json, Value};
use std::{
	sync::{Arc, OnceLock},
	time::{Duration, Instant},
};

fn shared() -> Arc<Sandbox> {
	static SHARED: OnceLock<Arc<Sandbox>> = OnceLock::new();
	let make = || {
		let folder = tempfile::tempdir().expect("there is a temporary folder").keep();
		Arc::new(sandbox(&folder))
	};
	SHARED.get_or_init(make).clone()
}

fn run(job: Value) -> Result<Finished, Failure> {
	shared().run(&manifest(job), |_| None, &Control::default(), |_| {})
}

fn words(finished: &Finished, output: usize) -> Vec<u32> {
	let bytes = std::fs::read(&finished.outputs[output]).expect("the output is there");
	bytes.chunks_exact(4).map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]])).collect()
}

/// Runs a hostile job, which has to fail.
fn hostile(job: Value) -> Failure {
	beside_an_honest_one(job).expect_err("a hostile job fails")
}

/// Runs a job that may be hostile; meanwhile an honest one of somebody else has to finish.
fn beside_an_honest_one(job: Value) -> Result<Finished, Failure> {
	let honest = std::thread::spawn(|| {
		let body = "for (var i = 0u; i < 1000u; i++) { data[id.x] += i; }";
		run(common::job(&shader(body), 256, [1, 1, 1])).map(|finished| words(&finished, 0))
	});
	let begun = Instant::now();
	let outcome = run(job);
	assert!(begun.elapsed() < Duration::from_secs(45), "{outcome:?} took {:?}", begun.elapsed());
	let sums = honest.join().expect("no panic").expect("the honest job finishes");
	assert_eq!(sums, vec![499_500; 64]);
	outcome
}

#[test]
fn passes_should_see_each_other_when_they_run_in_iterations() {
	let source = format!(
		"{HEAD}
		@group(1) @binding(2) var<uniform> step: vec4<u32>;
		override factor: u32 = 1;
		@compute @workgroup_size(1) fn add() {{ data[0] += step.x; data[1] = data[1] * 10u + step.x; }}
		@compute @workgroup_size(1) fn multiply() {{ data[0] *= factor; }}"
	);
	let job = json!({
		"shader": { "wgsl": source },
		"buffers": [
			{ "name": "data", "size": 8, "init": { "u32": [1] } },
			{ "name": "step", "size": 16, "kind": "uniform" },
		],
		"passes": [
			{
				"entry_point": "add",
				"bindings": [
					{ "binding": 0, "buffer": "data" },
					{ "group": 1, "binding": 2, "buffer": "step" },
				],
				"dispatch": [1, 1, 1],
			},
			{
				"entry_point": "multiply",
				"bindings": [{ "binding": 0, "buffer": "data" }],
				"dispatch": [1, 1, 1],
				"constants": { "factor": 3 },
			},
		],
		"iterations": 5,
		"counter": "step",
		"outputs": ["data"],
	});
	let finished = run(job).expect("the job is honest");
	// ((((1·3 + 1)·3 + 2)·3 + 3)·3 + 4)·3, and the digits of the iterations.
	let expected = (0..5u32).fold(1, |value, step| (value + step) * 3);
	assert_eq!(words(&finished, 0), vec![expected, 1234]);
	assert_eq!(finished.dispatches, 10);
	assert!(finished.reproducible);
	assert!(finished.confinement.limits);
}

#[test]
fn integer_job_should_give_the_same_hash_when_another_worker_runs_it() {
	let body = "data[id.x] = (id.x * 2654435761u) ^ (data[id.x] >> 3u);";
	let other = tempfile::tempdir().expect("there is a temporary folder");
	let other = sandbox(other.path());
	let job = common::job(&shader(body), 4096, [16, 1, 1]);
	let first = run(job.clone()).expect("the job is honest");
	let second = other
		.run(&manifest(job), |_| None, &Control::default(), |_| {})
		.expect("the job is honest");
	assert!(first.reproducible && second.reproducible);
	let hash = |finished: &Finished| {
		Hash::of(&std::fs::read(&finished.outputs[0]).expect("the output is there"))
	};
	assert_eq!(hash(&first), hash(&second));
}

#[test]
fn float_job_should_not_be_reported_reproducible_when_it_finishes() {
	let finished = run(common::job(&shader("data[id.x] = u32(sqrt(f32(id.x)));"), 256, [1, 1, 1]));
	assert!(!finished.expect("the job is honest").reproducible);
}

#[test]
fn endless_loop_should_fail_when_it_meets_the_dispatch_limit() {
	let body =
		"var i = 1u; loop { i = i * 3u + data[i % 64u]; if (i == 0u) { break; } data[id.x] = i; }";
	// Mesa ends such a loop itself after 65,535 rounds, so many invocations are what hangs there.
	let failure = hostile(common::job(&shader(body), 256, [65_535, 64, 1]));
	assert!(matches!(failure, Failure::DispatchTooLong { dispatch: 0, .. }), "{failure:?}");
}

#[test]
fn huge_dispatch_should_fail_when_it_meets_the_dispatch_limit() {
	let failure = hostile(common::job(
		&shader("data[id.x % 64u] += id.y ^ data[id.y % 64u];"),
		256,
		[65_535, 65_535, 1],
	));
	assert!(matches!(failure, Failure::DispatchTooLong { .. }), "{failure:?}");
}

#[test]
fn job_should_fail_when_its_time_is_over() {
	let mut job = slow(1_000_000);
	job["limits"]["seconds"] = json!(2);
	let begun = Instant::now();
	assert_eq!(hostile(job), Failure::TimeLimit { seconds: 2 });
	assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn long_sum_should_fail_or_finish_when_it_nests_the_parser() {
	// 100 KB is above the cap; the longest that is below it has 32,000 terms.
	for terms in [50_000, 32_000] {
		let sum = vec!["a"; terms].join("+");
		let body = format!("let a = id.x; data[0] = {sum};");
		match beside_an_honest_one(common::job(&shader(&body), 256, [1, 1, 1])) {
			Ok(_) => assert_eq!(terms, 32_000),
			Err(Failure::Shader { .. } | Failure::CompileTooLong { .. }) => {}
			// Mesa translates a shader at its first dispatch.
			Err(
				Failure::Crashed { .. } | Failure::OutOfMemory | Failure::DispatchTooLong { .. },
			) => assert_eq!(terms, 32_000),
			Err(other) => panic!("{other:?}"),
		}
	}
}

#[test]
fn nested_negations_should_fail_when_there_are_60000() {
	let body = format!("data[0] = {}id.x;", "~".repeat(60_000));
	let Err(failure) = beside_an_honest_one(common::job(&shader(&body), 256, [1, 1, 1])) else {
		return;
	};
	let typed = matches!(
		failure,
		Failure::Shader { .. } | Failure::CompileTooLong { .. } | Failure::Crashed { .. }
	);
	assert!(typed, "{failure:?}");
}

#[test]
fn exponential_calls_should_fail_when_they_are_inlined() {
	let mut source = String::from(HEAD);
	source += "fn f0(x: u32) -> u32 { return data[x % 64u] * 3u + x; }\n";
	for level in 1..=16 {
		let below = level - 1;
		source +=
			&format!("fn f{level}(x: u32) -> u32 {{ return f{below}(x) ^ f{below}(x + 1u); }}\n");
	}
	source += "@compute @workgroup_size(1) fn main() { data[0] = f16(1u); }";
	let failure = hostile(common::job(&source, 256, [1, 1, 1]));
	let typed = matches!(
		failure,
		Failure::CompileTooLong { .. }
			| Failure::DispatchTooLong { .. }
			| Failure::OutOfMemory
			| Failure::Crashed { .. }
	);
	assert!(typed, "{failure:?}");
}

#[test]
fn huge_arrays_should_fail_when_they_are_private_or_shared() {
	let private = format!(
		"{HEAD} var<private> big: array<u32, 100000000>;
		@compute @workgroup_size(1) fn main() {{ big[data[0]] = 1u; data[1] = big[data[2]]; }}"
	);
	let shared = format!(
		"{HEAD} var<workgroup> big: array<u32, 100000000>;
		@compute @workgroup_size(1) fn main() {{ big[data[0]] = 1u; data[1] = big[data[2]]; }}"
	);
	for source in [private, shared] {
		let failure = hostile(common::job(&source, 256, [1, 1, 1]));
		assert!(
			!matches!(failure, Failure::TimeLimit { .. } | Failure::Worker { .. }),
			"{failure:?}"
		);
	}
}

#[test]
fn memory_should_be_zero_when_nobody_has_written_it() {
	let source = format!(
		"{HEAD}
		@group(0) @binding(1) var<storage, read_write> scratch: array<u32>;
		var<workgroup> shared_words: array<u32, 1024>;
		var<private> own: array<u32, 64>;
		@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {{
			var sum = 0u;
			for (var k = 0u; k < 16u; k++) {{ sum |= shared_words[i * 16u + k]; }}
			for (var k = 0u; k < 64u; k++) {{ sum |= own[k]; }}
			for (var k = 0u; k < 4096u; k++) {{ sum |= scratch[i * 4096u + k]; }}
			data[i] = sum | data[i];
		}}"
	);
	// A first tenant leaves something behind in every kind of memory.
	let dirt = shader("data[id.x] = 0xdeadbeefu;");
	run(common::job(&dirt, 1 << 20, [4096, 1, 1])).expect("the job is honest");
	let mut job = common::job(&source, 256, [1, 1, 1]);
	job["buffers"] =
		json!([{ "name": "data", "size": 256 }, { "name": "scratch", "size": 1 << 20 }]);
	job["passes"][0]["bindings"] =
		json!([{ "binding": 0, "buffer": "data" }, { "binding": 1, "buffer": "scratch" }]);
	job["outputs"] = json!(["data", "scratch"]);
	let finished = run(job).expect("the job is honest");
	assert!(words(&finished, 0).iter().chain(&words(&finished, 1)).all(|word| *word == 0));
}

#[test]
fn access_should_stay_inside_when_an_index_is_out_of_bounds() {
	let body = "data[id.x + 4000000000u] = 7u; data[id.x] = data[id.x + 1000000u];";
	let finished = run(common::job(&shader(body), 256, [1, 1, 1])).expect("it is clamped");
	// WGSL lets a write land anywhere inside of the buffer, and nowhere else.
	assert!(words(&finished, 0).iter().all(|word| [0, 7].contains(word)));
}

#[test]
fn gigabyte_outputs_should_fail_when_the_memory_is_smaller() {
	// The API refuses such a manifest; the sandbox is a second wall.
	let failure = hostile(common::job(&shader("data[id.x] = 1u;"), 8 << 30, [1, 1, 1]));
	assert!(matches!(failure, Failure::OutOfMemory | Failure::Device { .. }), "{failure:?}");
}

#[test]
fn failure_should_name_the_cause_when_shader_or_bindings_are_wrong() {
	let failure = hostile(common::job("this is not WGSL", 256, [1, 1, 1]));
	assert!(matches!(failure, Failure::Shader { .. }), "{failure:?}");
	let mut job = common::job(&shader("data[0] = 1u;"), 256, [1, 1, 1]);
	job["passes"][0]["bindings"] = json!([]);
	assert!(matches!(hostile(job), Failure::Shader { message } if message.contains("binding 0")));
	let mut job = common::job(&shader("data[0] = 1u;"), 256, [1, 1, 1]);
	job["buffers"][0]["kind"] = json!("uniform");
	assert!(matches!(hostile(job), Failure::Device { .. }));
	let mut job = common::job(&shader("data[0] = 1u;"), 256, [1, 1, 1]);
	job["buffers"][0]["init"] = json!({ "blob": "00".repeat(32) });
	assert!(matches!(hostile(job), Failure::MissingBlob { .. }));
}

#[test]
fn job_should_wait_at_a_boundary_when_it_is_paused() {
	let job = slow(2_000);
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let own = Arc::new(sandbox(folder.path()));
	let (sender, events) = std::sync::mpsc::channel();
	let running = {
		let own = own.clone();
		std::thread::spawn(move || {
			let tell = |progress| sender.send((progress, Instant::now())).expect("it is heard");
			own.run(&manifest(job), |_| None, &Control::default(), tell)
		})
	};
	let wait = |wanted: fn(&Progress) -> bool| loop {
		let (event, at) = events.recv_timeout(Duration::from_secs(20)).expect("it comes");
		if wanted(&event) {
			return (event, at);
		}
	};
	wait(|event| *event == Progress::Started);
	let asked = Instant::now();
	own.pause(true);
	let (_, at) = wait(|event| *event == Progress::Paused);
	assert!(at - asked < Duration::from_millis(2_000));
	std::thread::sleep(Duration::from_millis(400));
	assert!(events.try_recv().is_err(), "nothing runs while it is paused");
	// Another tenant's hostile job meanwhile is as good as none.
	assert!(matches!(hostile(common::job("not WGSL", 256, [1, 1, 1])), Failure::Shader { .. }));
	assert!(events.try_recv().is_err(), "nothing runs while it is paused");
	own.pause(false);
	wait(|event| matches!(event, Progress::Resumed(_)));
	let finished = running.join().expect("no panic").expect("the job is honest");
	assert!((400..20_000).contains(&finished.paused_ms), "{} ms", finished.paused_ms);
	assert_eq!(finished.dispatches, 2_000);
}

#[test]
fn outputs_should_wait_when_a_round_begins_while_they_are_written() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let own = sandbox(folder.path());
	let job =
		with_large_output(common::job(&shader("data[id.x] = 1u;"), 256, [1, 1, 1]), 200 << 20);
	let own = &own;
	let mut paused = false;
	let finished = std::thread::scope(|scope| {
		let tell = |event| match event {
			Progress::Dispatches(1) => own.pause(true),
			Progress::Paused => {
				paused = true;
				scope.spawn(|| {
					std::thread::sleep(Duration::from_millis(800));
					own.pause(false);
				});
			}
			_ => {}
		};
		own.run(&manifest(job), |_| None, &Control::default(), tell)
	});
	let finished = finished.expect("the job is honest");
	assert!(paused && finished.paused_ms >= 800, "{} ms", finished.paused_ms);
	assert_eq!(words(&finished, 1).len(), 50 << 20);
}

#[test]
fn job_should_finish_when_its_dispatches_are_uneven() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let caps = Caps { dispatch_ms: 1_500, ..CAPS };
	let own = Sandbox::new(launcher(), cpu(), caps, folder.path().join("work"));
	let source = format!(
		"{HEAD}
		@group(0) @binding(1) var<uniform> step: vec4<u32>;
		@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {{
			if (step.x < 31u) {{ return; }}
			var x = i;
			for (var k = 0u; k < 50000u; k++) {{ x = x * 1664525u + k; }}
			data[i] = x;
		}}"
	);
	// 31 dispatches of nothing, after which 31 come that take some 100 ms each.
	let mut job = common::job(&source, 256, [96, 1, 1]);
	job["buffers"] = json!([
		{ "name": "data", "size": 256 },
		{ "name": "step", "size": 16, "kind": "uniform" },
	]);
	job["passes"][0]["bindings"] =
		json!([{ "binding": 0, "buffer": "data" }, { "binding": 1, "buffer": "step" }]);
	job["counter"] = json!("step");
	job["iterations"] = json!(62);
	let own = own.expect("the sandbox starts");
	let finished = own.run(&manifest(job), |_| None, &Control::default(), |_| {});
	let finished = finished.expect("each dispatch is short");
	assert!(finished.kernel_ms > 1_500.0, "{} ms", finished.kernel_ms);
}

#[test]
#[cfg(unix)]
fn job_should_run_when_the_child_before_could_not_start() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let script = folder.path().join("start.sh");
	let (started, program) = (folder.path().join("started"), launcher().program);
	let text = format!(
		"if [ ! -e {0} ]; then touch {0}; exit 1; fi; exec {1} sandbox",
		started.display(),
		program.display()
	);
	std::fs::write(&script, text).expect("the folder is writable");
	let launcher = Launcher { program: "/bin/sh".into(), arguments: vec![script.into()] };
	let own = Sandbox::new(launcher, cpu(), CAPS, folder.path().join("work"));
	let own = own.expect("the sandbox starts");
	// Time enough for the failure to wait for a job.
	std::thread::sleep(Duration::from_millis(500));
	assert!(started.exists());
	let job = common::job(&shader("data[id.x] = 1u;"), 256, [1, 1, 1]);
	own.run(&manifest(job), |_| None, &Control::default(), |_| {}).expect("the next one starts");
}

/// A child that was taken over: it says what it likes, and then runs `script`.
#[cfg(unix)]
fn taken_over(folder: &std::path::Path, events: &[Value], script: &str) -> Sandbox {
	let ready = json!({ "Ready": { "limits": true, "seccomp": true, "landlock": "full" } });
	let mut text = String::new();
	for event in std::iter::once(&ready).chain(events) {
		let event = event.to_string();
		text += &format!("printf '\\{:03o}\\000\\000\\000%s' '{event}'\n", event.len());
	}
	let path = folder.join("child.sh");
	std::fs::write(&path, format!("{text}{script}\n")).expect("the folder is writable");
	let launcher = Launcher { program: "/bin/sh".into(), arguments: vec![path.into()] };
	Sandbox::new(launcher, cpu(), CAPS, folder.join("work")).expect("the sandbox starts")
}

#[test]
#[cfg(unix)]
fn child_should_be_killed_when_it_fills_the_disk() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let script = "/usr/bin/head -c 100000000 /dev/zero > x; exec /bin/sleep 60";
	let own = taken_over(folder.path(), &[], script);
	let job = manifest(common::job(&shader("data[id.x] = 1u;"), 256, [1, 1, 1]));
	let failure = own.run(&job, |_| None, &Control::default(), |_| {}).map(drop);
	let failure = failure.expect_err("it wrote too much");
	assert!(failure.to_string().contains("more than its outputs"), "{failure:?}");
}

#[test]
#[cfg(unix)]
fn child_should_be_killed_in_time_when_it_claims_to_be_paused() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let own = taken_over(folder.path(), &[json!("Started"), json!("Paused")], "exec /bin/sleep 60");
	let mut job = common::job(&shader("data[id.x] = 1u;"), 256, [1, 1, 1]);
	job["limits"]["seconds"] = json!(1);
	let begun = Instant::now();
	let failure = own.run(
		&manifest(job),
		|_| None,
		&Control::default(),
		|event| {
			assert_ne!(event, Progress::Paused, "nobody has asked it");
		},
	);
	assert_eq!(failure.map(drop), Err(Failure::TimeLimit { seconds: 1 }));
	assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn job_should_end_at_once_when_it_is_cancelled() {
	let job = slow(1_000_000);
	let control = Control::default();
	let result = shared().run(
		&manifest(job),
		|_| None,
		&control,
		|event| {
			if event == Progress::Started {
				control.cancel();
			}
		},
	);
	assert_eq!(result.map(drop), Err(Failure::Cancelled));
}

#[test]
#[cfg(target_os = "linux")]
fn child_should_be_refused_when_it_reaches_for_anything() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	for part in ["in", "out"] {
		std::fs::create_dir(folder.path().join(part)).expect("the folder is writable");
	}
	let secret = tempfile::NamedTempFile::new().expect("there is a temporary folder");
	std::fs::write(secret.path(), "key").expect("the file is writable");
	let output = std::process::Command::new(env!("CARGO_BIN_EXE_assay-compute-host"))
		.arg("probe")
		.args([folder.path(), secret.path()])
		.arg(std::process::id().to_string())
		.output()
		.expect("the program starts");
	let report: Value = serde_json::from_slice(&output.stdout)
		.unwrap_or_else(|error| panic!("{error}: {output:?}"));
	let landlock = report["confinement"]["landlock"] != "none";
	assert_eq!(report["confinement"]["seccomp"], true);
	assert_eq!(report["oom_score_adj"], "1000");
	#[cfg(target_arch = "x86_64")]
	{
		// By the filter: a kernel that lacks this interface would not know the call.
		let x32 = report["refused"]["x32"].as_str().expect("it is refused");
		assert!(x32.contains("not permitted"), "{x32}");
	}
	for attempt in [
		"affinity",
		"parameters",
		"io_priority",
		"move_pages",
		"migrate_pages",
		"memfd",
		"owner",
		"owner_ex",
		"signal",
		"async",
		"async_ioctl",
		"owner_ioctl",
		"outlive",
	] {
		let outcome = report["refused"][attempt].as_str();
		assert!(
			outcome.is_some_and(|text| text.contains("not permitted")),
			"{attempt}: {outcome:?}"
		);
	}
	for (attempt, outcome) in report["refused"].as_object().expect("it is a map") {
		let files = ["secret", "root", "shadow", "input"].iter().any(|part| attempt.contains(part));
		if attempt.starts_with("may_") {
			assert!(outcome.is_null(), "{attempt}: {outcome}");
		} else if landlock || !files {
			assert!(outcome.is_string(), "{attempt} was not refused");
		}
	}
	assert_eq!(std::fs::read(secret.path()).expect("it is there"), b"key");
}

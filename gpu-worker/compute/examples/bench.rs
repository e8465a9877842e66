//! What the sandbox and the API cost, on the CPU driver: `cargo run --release --example bench`.
//!
//! It prints one JSON object. The program starts itself as the sandbox's child.

use assay_compute::{
	adapters, api,
	auth::{header, Claim, Signer, Sr25519},
	client::Client,
	jobs::{now_ms, Config, DeviceConfig, Host},
	lease::{Lease, LeaseInfo, Leases},
	manifest::Manifest,
	sandbox::{child_main, Caps, Control, Launcher, Progress, Sandbox},
	AdapterId, Device, Hash,
};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Bytes, Request};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::{
	process::ExitCode,
	sync::Arc,
	time::{Duration, Instant},
};

type Failed = Box<dyn std::error::Error + Send + Sync>;

const CAPS: Caps =
	Caps { memory_bytes: 512 << 20, seconds: 600, dispatch_ms: 2_000, compile_ms: 20_000 };
const GENESIS: [u8; 32] = [0; 32];
const SHADER: &str = "@group(0) @binding(0) var<storage, read_write> data: array<u32>;
	@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
		var x = data[id.x];
		for (var i = 0u; i < 2000u; i++) { x = x * 1664525u + 1013904223u; }
		data[id.x] = x;
	}";
const WORDS: u64 = 1 << 16;
const DISPATCHES: u32 = 40;

fn main() -> ExitCode {
	if std::env::args().nth(1).as_deref() == Some("sandbox") {
		return child_main();
	}
	// One thread of the driver: with more, what else the machine does decides.
	std::env::set_var("LP_NUM_THREADS", "1");
	match bench() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("{error}");
			ExitCode::FAILURE
		}
	}
}

fn bench() -> Result<(), Failed> {
	let adapter = adapters().into_iter().find(|adapter| adapter.cpu);
	let adapter = adapter.ok_or("there is no CPU driver")?;
	let folder = tempfile::tempdir()?;
	let launcher =
		Launcher { program: std::env::current_exe()?, arguments: vec!["sandbox".into()] };
	let sandbox =
		Sandbox::new(launcher.clone(), adapter.clone(), CAPS, folder.path().join("bench"))?;
	let (start, inside, outside) = kernels(&sandbox, &adapter)?;
	drop(sandbox);

	let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
	let (submit, download, requests) =
		runtime.block_on(served(launcher, adapter.clone(), folder.path()))?;
	let verify = verifications()?;
	let report = json!({
		"adapter": adapter.name,
		"handed_to_first_dispatch_ms": start,
		"submitted_to_first_dispatch_ms": submit,
		"kernel_ms": { "inside": inside, "outside": outside, "ratio": inside / outside },
		"download_mb_per_second": download,
		"signed_requests_per_second_and_core": requests,
		"verifications_per_second_and_core": verify,
	});
	println!("{report:#}");
	Ok(())
}

fn manifest() -> Result<Manifest, serde_json::Error> {
	serde_json::from_value(json!({
		"shader": { "wgsl": SHADER },
		"buffers": [{ "name": "data", "size": 4 * WORDS }],
		"passes": [{
			"entry_point": "main",
			"bindings": [{ "binding": 0, "buffer": "data" }],
			"dispatch": [WORDS / 64, 1, 1],
		}],
		"iterations": DISPATCHES,
		"outputs": ["data"],
	}))
}

/// Median milliseconds to the first dispatch, and the least milliseconds of all dispatches inside
/// and outside, in turns, so that other load on the machine meets both.
fn kernels(sandbox: &Sandbox, adapter: &AdapterId) -> Result<(f64, f64, f64), Failed> {
	let mut starts = Vec::new();
	let (mut within, mut without) = (f64::INFINITY, f64::INFINITY);
	for _ in 0..9 {
		// Long enough for the next child to be ready.
		std::thread::sleep(Duration::from_secs(1));
		let begun = Instant::now();
		let mut start = 0.0;
		let done = sandbox.run(
			&manifest()?,
			|_| None,
			&Control::default(),
			|event| {
				if event == Progress::Started {
					start = begun.elapsed().as_secs_f64() * 1e3;
				}
			},
		)?;
		starts.push(start);
		within = within.min(done.kernel_ms);
		without = without.min(outside(adapter)?);
	}
	starts.sort_by(f64::total_cmp);
	Ok((starts[starts.len() / 2], within, without))
}

/// Milliseconds of the same dispatches in this process, without any restriction.
fn outside(adapter: &AdapterId) -> Result<f64, Failed> {
	let Device { device, queue, .. } = Device::open(adapter)?;
	let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
		label: None,
		source: wgpu::ShaderSource::Wgsl(SHADER.into()),
	});
	let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
		label: None,
		layout: None,
		module: &module,
		entry_point: Some("main"),
		compilation_options: Default::default(),
		cache: None,
	});
	let buffer = device.create_buffer(&wgpu::BufferDescriptor {
		label: None,
		size: 4 * WORDS,
		usage: wgpu::BufferUsages::STORAGE,
		mapped_at_creation: false,
	});
	let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
		label: None,
		layout: &pipeline.get_bind_group_layout(0),
		entries: &[wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() }],
	});
	let begun = Instant::now();
	for _ in 0..DISPATCHES {
		let mut encoder = device.create_command_encoder(&Default::default());
		let mut pass = encoder.begin_compute_pass(&Default::default());
		pass.set_pipeline(&pipeline);
		pass.set_bind_group(0, &group, &[]);
		pass.dispatch_workgroups((WORDS / 64) as u32, 1, 1);
		drop(pass);
		queue.submit([encoder.finish()]);
		device.poll(wgpu::PollType::wait_indefinitely())?;
	}
	Ok(begun.elapsed().as_secs_f64() * 1e3)
}

struct One([u8; 32]);

impl Leases for One {
	fn lease(&self, _: u64) -> Lease {
		Lease::Active(LeaseInfo {
			access: self.0,
			devices: vec![0],
			until_block: 0,
			storage_bytes: 4 << 30,
			memory_bytes: 512 << 20,
			job_seconds: 600,
			open_jobs: 16,
		})
	}
}

/// Milliseconds from submitting to the first dispatch, MB/s of a download, requests/s and core.
async fn served(
	launcher: Launcher,
	adapter: AdapterId,
	folder: &std::path::Path,
) -> Result<(f64, f64, f64), Failed> {
	let signer = Arc::new(Sr25519::from_seed(&[1; 32]).ok_or("the seed is none")?);
	let devices = vec![DeviceConfig { index: 0, adapter, caps: CAPS }];
	let folder = folder.join("host");
	let config = Config { folder, genesis: GENESIS, launcher, devices, disk_floor: 0 };
	let host = Host::open(config, Arc::new(One(signer.public())))?;
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
	let address = listener.local_addr()?;
	let router = api::router(host);
	let server = api::serve(listener, router, api::Limits::default(), None, std::future::pending());
	tokio::spawn(server);
	let client = Client::new(&format!("http://{address}"), None, GENESIS, 1, signer.clone())?;

	let mut starts = Vec::new();
	for _ in 0..5 {
		tokio::time::sleep(Duration::from_secs(2)).await;
		let begun = now_ms();
		let id = client.submit(&manifest()?).await?.id;
		client.follow(&id, |_| {}).await?;
		let log = client.logs(&id).await?;
		let first = log.iter().find(|line| line.text.contains("first dispatch"));
		starts.push(first.ok_or("the log has no first dispatch")?.ms - begun);
	}
	starts.sort_unstable();

	let data = vec![7u8; 512 << 20];
	let hash = client.upload(&mut std::io::Cursor::new(&data), |_, _| {}).await?;
	let mut rate: f64 = 0.0;
	for _ in 0..3 {
		let begun = Instant::now();
		let bytes = raw(address, signer.as_ref(), &format!("/blobs/{hash}"), 1).await?;
		rate = rate.max(bytes as f64 / 1e6 / begun.elapsed().as_secs_f64());
	}

	// Processor time of this process covers the client, too, so the figure is a lower bound.
	let processor = processor_seconds();
	const REQUESTS: u32 = 4_000;
	raw(address, signer.as_ref(), "/lease", REQUESTS).await?;
	let requests = f64::from(REQUESTS) / (processor_seconds() - processor);
	Ok((starts[starts.len() / 2] as f64, rate, requests))
}

/// Sends signed requests one after another over one connection; the bytes of all answers.
async fn raw(
	address: std::net::SocketAddr,
	signer: &dyn Signer,
	path: &str,
	count: u32,
) -> Result<u64, Failed> {
	let stream = tokio::net::TcpStream::connect(address).await?;
	stream.set_nodelay(true)?;
	let (mut sender, connection) =
		hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
	tokio::spawn(connection);
	let mut bytes = 0;
	for _ in 0..count {
		let mut nonce = [0; 16];
		getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
		let (body, expires_ms) = (Hash::of(b""), now_ms() + 60_000);
		let claim = Claim { lease: 1, method: "GET", path, body, nonce, expires_ms };
		let signature = signer.sign(claim.message(&GENESIS).as_bytes());
		let request = Request::get(path)
			.header("host", "bench")
			.header(header::LEASE, 1)
			.header(header::KEY, hex::encode(signer.public()))
			.header(header::NONCE, hex::encode(nonce))
			.header(header::EXPIRES, expires_ms)
			.header(header::SIGNATURE, hex::encode(signature))
			.header(header::CONTENT, body.to_string())
			.body(Empty::<Bytes>::new())?;
		sender.ready().await?;
		let mut response = sender.send_request(request).await?;
		if !response.status().is_success() {
			return Err(format!("{path} answered {}", response.status()).into());
		}
		while let Some(frame) = response.frame().await {
			bytes += frame?.data_ref().map_or(0, |data| data.len() as u64);
		}
	}
	Ok(bytes)
}

/// Signatures that one thread can check in a second.
fn verifications() -> Result<f64, Failed> {
	let signer = Sr25519::from_seed(&[1; 32]).ok_or("the seed is none")?;
	let message = "x".repeat(300);
	let signature = signer.sign(message.as_bytes());
	let begun = Instant::now();
	for _ in 0..2_000 {
		if !assay_compute::auth::verify(&signer.public(), &message, &signature) {
			return Err("a good signature was refused".into());
		}
	}
	Ok(2_000.0 / begun.elapsed().as_secs_f64())
}

/// Seconds of processor time of this process so far.
fn processor_seconds() -> f64 {
	let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
	// The name in the second field may hold spaces; it ends with the last parenthesis.
	let fields = text.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
	let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
	ticks / 100.0
}

//! The HTTP API of the worker's leases, and the sandboxes behind it.

use super::leases::{Known, Quotas};
use crate::{
	chain::Endpoint,
	config::{Config, ProviderConfig},
	gpu,
	stop::Stop,
	Error,
};
use assay_compute::{
	api,
	disk::FLOOR,
	jobs::{Config as HostConfig, DeviceConfig, Host},
	sandbox::{self, Caps, Launcher},
	tls::Identity,
	AdapterId,
};
use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};
use tokio::{net::TcpListener, runtime::Runtime};

/// The argument with which this program starts itself as the process of one job.
pub(crate) const SANDBOX: &str = "sandbox";
/// Longest job in seconds: 30 days, as the longest lease of a live network.
const JOB_SECONDS: u32 = 30 * 86_400;
/// Longest dispatch in milliseconds: on a GPU, and on the processor.
const DISPATCH_MS: (u64, u64) = (250, 2_000);
/// Longest translation of a job's shader in milliseconds.
const COMPILE_MS: u64 = 20_000;
/// Bytes of the buffers of a job unless it is configured: on a GPU, where its driver refuses what it
/// does not have, and on the processor.
const JOB_MEMORY: (u64, u64) = (64 << 30, 1 << 30);
/// Threads that answer requests.
const THREADS: usize = 2;
/// Threads for what blocks: files, and one for each job that runs.
const BLOCKING_THREADS: usize = 128;

/// The API while it is served.
pub(super) struct Api {
	/// What it knows of the chain.
	pub(super) known: Arc<Known>,
	/// Where renters find it.
	pub(super) endpoint: Endpoint,
	host: Arc<Host>,
	_threads: Threads,
}

/// The API's own threads, so that no request can keep the prover from its windows.
struct Threads(Option<Runtime>);

impl Threads {
	fn start() -> io::Result<Self> {
		let mut builder = tokio::runtime::Builder::new_multi_thread();
		builder.worker_threads(THREADS).max_blocking_threads(BLOCKING_THREADS);
		Ok(Self(Some(builder.thread_name("api").enable_all().build()?)))
	}

	fn handle(&self) -> io::Result<&Runtime> {
		self.0.as_ref().ok_or_else(|| io::Error::other("the threads have ended"))
	}
}

impl Drop for Threads {
	fn drop(&mut self) {
		// Waiting for them is not allowed inside of another runtime, and needed by nobody.
		if let Some(runtime) = self.0.take() {
			runtime.shutdown_background();
		}
	}
}

impl Api {
	/// Starts to serve; until the chain was looked at, nobody gets anything.
	pub(super) async fn start(
		config: &Config,
		provider: &ProviderConfig,
		genesis: [u8; 32],
		stop: &Stop,
	) -> Result<Self, Error> {
		let folder = config.base_path.join("leases");
		let storage = |cause| Error::System { doing: "opening the folder of leases", cause };
		if sandbox::landlock() == "none" && !provider.allow_no_landlock {
			let cause = io::Error::other(
				"this kernel has no Landlock, which hides files from jobs: switch it on (Linux 5.13 \
				 and newer), or set allow-no-landlock if this user can read nothing secret",
			);
			return Err(Error::System { doing: "confining jobs", cause });
		}
		std::fs::create_dir_all(&folder).map_err(storage)?;
		let identity =
			provider.tls.then(|| Identity::open(&folder)).transpose().map_err(storage)?;
		let failed =
			|cause: io::Error| Error::Api { address: provider.listen, cause: cause.to_string() };
		let starting = |cause| Error::System { doing: "starting the API's threads", cause };
		let threads = Threads::start().map_err(starting)?;
		let runtime = threads.handle().map_err(starting)?;
		let bound = runtime.spawn(TcpListener::bind(provider.listen)).await;
		let listener = bound.map_err(io::Error::other).and_then(|bound| bound).map_err(failed)?;
		let address = listener.local_addr().map_err(failed)?;
		let endpoint = Endpoint {
			url: provider.url.clone().unwrap_or_else(|| url(address, provider.tls)),
			certificate: identity.as_ref().map(|identity| identity.certificate().0),
		};
		let devices: Result<_, _> = config
			.devices
			.iter()
			.map(|(index, wanted)| device(*index, wanted, config, provider))
			.collect();
		let program =
			program().map_err(|cause| Error::System { doing: "finding this program", cause })?;
		let launcher = Launcher { program, arguments: vec![SANDBOX.into()] };
		let known = Arc::new(Known::new(Quotas { storage: provider.lease_storage }));
		let devices = devices?;
		let host = HostConfig { folder, genesis, launcher, devices, disk_floor: FLOOR };
		let leases = known.clone();
		let host = runtime.spawn_blocking(move || Host::open(host, leases)).await;
		let host = host.map_err(io::Error::other).and_then(|host| host).map_err(storage)?;
		tracing::info!(%address, url = endpoint.url, "serving leases");
		if address.ip().is_loopback() && provider.url.is_none() {
			tracing::warn!(
				"renters on other machines cannot reach this address: set --api-listen and --api-url"
			);
		}
		let mut stop = stop.clone();
		let (router, limits) = (api::router(host.clone()), api::Limits::default());
		runtime.spawn(async move {
			api::serve(listener, router, limits, identity, async move { stop.wait().await }).await;
		});
		Ok(Self { known, endpoint, host, _threads: threads })
	}

	/// Stops jobs of a device at their next dispatch, or lets them go on.
	pub(super) fn pause(&self, device: u16, pause: bool) {
		self.host.pause(device, pause);
	}
}

/// This program, also when its file was replaced by a newer one since it was started.
fn program() -> io::Result<PathBuf> {
	match cfg!(target_os = "linux") {
		true => Ok("/proc/self/exe".into()),
		false => std::env::current_exe(),
	}
}

/// Where it listens, as renters on this machine find it.
fn url(address: SocketAddr, tls: bool) -> String {
	let scheme = if tls { "https" } else { "http" };
	format!("{scheme}://{address}")
}

fn device(
	index: u16,
	wanted: &gpu::Selection,
	config: &Config,
	provider: &ProviderConfig,
) -> Result<DeviceConfig, Error> {
	let info = gpu::find(wanted, config.allow_cpu)?;
	let cpu = info.is_cpu();
	let of = |(gpu, processor)| if cpu { processor } else { gpu };
	let caps = Caps {
		memory_bytes: provider.job_memory.unwrap_or(of(JOB_MEMORY)),
		seconds: JOB_SECONDS,
		dispatch_ms: of(DISPATCH_MS),
		compile_ms: COMPILE_MS,
	};
	let gpu::AdapterInfo { backend, vendor, device, bus, name, .. } = info;
	Ok(DeviceConfig { index, adapter: AdapterId { backend, vendor, device, bus, name, cpu }, caps })
}

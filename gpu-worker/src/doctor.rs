//! `assay doctor`: looks at everything that a worker needs. Every failure has a code, a cause and a
//! fix.

use crate::{
	chain::{AccountId, AllocationView, Chain, Head, Service, Terms, WorkerView},
	cli::{amount, blocks},
	config::Config,
	gpu::{self, Engine},
	keys,
	store::{self, Store},
	Error, LOW_FLOAT,
};
use assay_compute::sandbox;
use assay_flops::TILE_FLOP;
use serde_json::{json, Value};
use std::{
	path::{Path, PathBuf},
	time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Free memory that a worker should find.
const ENOUGH_MEMORY: u64 = 1 << 30;
/// Free disk space that a worker should find: roots of some rounds of a fast device.
const ENOUGH_DISK: u64 = 2 << 30;
/// How far the clock may be behind a block's time.
const CLOCK_BEHIND_MS: i64 = 2_000;
/// How old the best block may be.
const CLOCK_AHEAD_MS: i64 = 30_000;
/// How long opening, checking and measuring a device may take.
const DEVICE_DEADLINE: Duration = Duration::from_secs(300);

/// How a check went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
	/// All is well.
	Good,
	/// Something has to be mended.
	Bad {
		/// A stable code for scripts.
		code: &'static str,
		/// What to do.
		fix: String,
	},
	/// It could not be looked at, since something before it failed.
	Skipped,
}

/// One check with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
	/// What was looked at.
	pub name: &'static str,
	/// What was found; for a failure, its cause.
	pub found: String,
	/// How it went.
	pub verdict: Verdict,
}

fn good(name: &'static str, found: impl Into<String>) -> Check {
	Check { name, found: found.into(), verdict: Verdict::Good }
}

fn bad(
	name: &'static str,
	code: &'static str,
	cause: impl Into<String>,
	fix: impl Into<String>,
) -> Check {
	Check { name, found: cause.into(), verdict: Verdict::Bad { code, fix: fix.into() } }
}

fn failed(name: &'static str, error: impl Into<Error>) -> Check {
	let error = error.into();
	bad(name, error.code(), error.to_string(), error.fix())
}

fn skipped(name: &'static str, why: &str) -> Check {
	Check { name, found: why.into(), verdict: Verdict::Skipped }
}

/// Looks at everything. Never fails as a whole.
pub async fn examine(config: &Config) -> Vec<Check> {
	let mut checks = Vec::new();
	let account = match keys::load(&config.key_file) {
		Ok(pair) => {
			let account = keys::account(&pair);
			let found = format!("{} holds {account}, mode 0600", config.key_file.display());
			checks.push(good("key file", found));
			Some(account)
		}
		Err(error) => {
			checks.push(failed("key file", error));
			None
		}
	};
	examine_chain(config, account.as_ref(), &mut checks).await;
	checks.push(memory());
	checks.push(disk(&config.base_path));
	checks.push(store_of(config));
	checks.push(loader());
	if let Some(provider) = &config.provider {
		checks.push(sandbox_of(sandbox::landlock(), provider.allow_no_landlock));
	}
	examine_devices(config, &mut checks).await;
	checks
}

async fn examine_chain(config: &Config, account: Option<&AccountId>, checks: &mut Vec<Check>) {
	const AFTER: [&str; 7] = [
		"genesis and runtime",
		"node",
		"clock",
		"registration",
		"devices on chain",
		"stake for devices",
		"float",
	];
	let connecting =
		Chain::connect(&config.rpc, config.rpc_deadline, config.genesis.as_ref()).await;
	let chain = match connecting {
		Ok(chain) => chain,
		Err(error) => {
			// A node that answered with a wrong genesis or runtime can be reached.
			let name = if error.is_temporary() { "rpc" } else { "genesis and runtime" };
			if !error.is_temporary() {
				checks.push(good("rpc", config.rpc.clone()));
			}
			checks.push(failed(name, error));
			let rest = AFTER.iter().filter(|after| **after != name);
			checks.extend(rest.map(|after| skipped(after, "the chain cannot be asked")));
			return;
		}
	};
	checks.push(good("rpc", config.rpc.clone()));
	checks.push(good(
		"genesis and runtime",
		format!("0x{}, spec version {}", hex::encode(chain.genesis()), chain.spec_version()),
	));
	checks.push(match chain.health().await {
		Ok((peers, true)) => bad(
			"node",
			"node-syncing",
			format!("the node is still synchronising, with {peers} peers"),
			"wait until it has caught up",
		),
		Ok((peers, false)) => good("node", format!("in sync, {peers} peers")),
		Err(error) => failed("node", error),
	});
	let best = match chain.best().await {
		Ok(best) => best,
		Err(error) => {
			checks.push(failed("clock", error));
			return;
		}
	};
	checks.push(clock(&chain, best).await);
	match account {
		Some(account) => examine_registration(config, &chain, best, account, checks).await,
		None => {
			for name in ["registration", "devices on chain", "stake for devices", "float"] {
				checks.push(skipped(name, "there is no key"));
			}
		}
	}
}

async fn clock(chain: &Chain, best: Head) -> Check {
	let block_ms = match chain.timestamp_ms(best).await {
		Ok(block_ms) => block_ms,
		Err(error) => return failed("clock", error),
	};
	let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
	let now_ms = i64::try_from(now_ms).unwrap_or(i64::MAX);
	judge_clock(now_ms.saturating_sub(i64::try_from(block_ms).unwrap_or(i64::MAX)))
}

fn judge_clock(age_ms: i64) -> Check {
	let seconds = age_ms as f64 / 1e3;
	if age_ms < -CLOCK_BEHIND_MS {
		bad(
			"clock",
			"clock-behind",
			format!("this clock is {:.1} s behind the best block", -seconds),
			"set the clock: switch time synchronisation (NTP) on",
		)
	} else if age_ms > CLOCK_AHEAD_MS {
		bad(
			"clock",
			"clock-ahead-or-chain-stopped",
			format!("the best block is {seconds:.1} s old by this clock"),
			"set the clock (NTP); if it is right, the chain or the node makes no blocks",
		)
	} else {
		good("clock", format!("the best block is {seconds:.1} s old"))
	}
}

async fn examine_registration(
	config: &Config,
	chain: &Chain,
	best: Head,
	account: &AccountId,
	checks: &mut Vec<Check>,
) {
	let worker = match chain.worker_of(best, account).await {
		Ok(Some(id)) => chain.worker(best, id).await,
		Ok(None) => Ok(None),
		Err(error) => Err(error),
	};
	match worker {
		Ok(Some(worker)) => {
			checks.push(if worker.activity == "active" {
				good(
					"registration",
					format!("worker {} of operator {}", worker.worker, worker.operator),
				)
			} else {
				bad(
					"registration",
					"operator-inactive",
					format!("operator {}: {}", worker.operator, worker.activity),
					"raise the bond with `assay operator bond`; if more is reserved than is active, \
					 wait for open obligations to end; a retiring operator cannot work",
				)
			});
			let missing = config
				.devices
				.iter()
				.map(|(index, _)| *index)
				.find(|index| !worker.devices.iter().any(|device| device.device == *index));
			checks.push(match missing {
				None => good("devices on chain", format!("{} known", worker.devices.len())),
				Some(device) => failed(
					"devices on chain",
					Error::NoSuchDevice { worker: worker.worker, device },
				),
			});
			checks.push(stake_of(config, chain, best, &worker).await);
			if config.provider.is_some() {
				checks.push(market_of(chain, best, &worker).await);
			}
		}
		Ok(None) => {
			checks.push(failed("registration", Error::NotRegistered(account.to_string())));
			for name in ["devices on chain", "stake for devices"] {
				checks.push(skipped(name, "the worker is not registered"));
			}
		}
		Err(error) => {
			checks.push(failed("registration", error));
			for name in ["devices on chain", "stake for devices"] {
				checks.push(skipped(name, "the worker is unknown"));
			}
		}
	}
	checks.push(match chain.balance(best, account).await {
		Ok(float) if float >= LOW_FLOAT => good("float", format!("{} ASY", amount(float))),
		Ok(float) => bad(
			"float",
			"float-low",
			format!("{} ASY, and fees are paid from it before they are refunded", amount(float)),
			format!("send some ASY: `assay operator top-up {account} 1`"),
		),
		Err(error) => failed("float", error),
	});
}

/// Whether what the operator allocated to flops is enough for the devices of this machine.
async fn stake_of(config: &Config, chain: &Chain, best: Head, worker: &WorkerView) -> Check {
	const NAME: &str = "stake for devices";
	let view = match chain.operator(best, &worker.operator).await {
		Ok(Some(view)) => view,
		Ok(None) => return skipped(NAME, "the operator is unknown"),
		Err(error) => return failed(NAME, error),
	};
	let terms = match chain.terms(best).await {
		Ok(terms) => terms,
		Err(error) => return failed(NAME, error),
	};
	let Some(flops) = view.allocation(Service::Flops) else {
		return skipped(NAME, "the chain knows no allocation to flops");
	};
	let waiting = config.devices.iter().filter(|(index, _)| {
		worker.devices.iter().any(|known| known.device == *index && known.reservations == 0)
	});
	judge_stake(flops, waiting.count(), &terms)
}

/// Judges whether `waiting` devices that have no reservation yet can get one.
fn judge_stake(flops: &AllocationView, waiting: usize, terms: &Terms) -> Check {
	const NAME: &str = "stake for devices";
	let waiting = u128::try_from(waiting).unwrap_or(u128::MAX);
	let needed = terms.device_stake.saturating_mul(waiting);
	let found = format!(
		"{} ASY allocated to flops, {} of them free",
		amount(flops.allocated),
		amount(flops.free)
	);
	if flops.free >= needed {
		return good(NAME, found);
	}
	let lacking = needed.saturating_sub(flops.free);
	let delay = blocks(terms.allocation_blocks, terms.slot_ms);
	let fix = match flops.pending {
		Some(pending) => format!(
			"wait for the allocation that is pending until block {}, or bond more with `assay \
			 operator bond`",
			pending.due
		),
		None => format!(
			"allocate {} ASY more with `assay operator allocate flops SHARE`, which takes {delay}; \
			 if all of the stake is allocated, bond more with `assay operator bond`",
			amount(lacking)
		),
	};
	let cause = format!(
		"{found}, but {} ASY are needed for {waiting} devices without a reservation",
		amount(needed)
	);
	bad(NAME, "stake-for-devices", cause, fix)
}

/// Whether leases of the worker can start, and whether its offers say where they are served.
async fn market_of(chain: &Chain, best: Head, worker: &WorkerView) -> Check {
	const NAME: &str = "market";
	let looked = async {
		let rules = chain.market_rules(best).await?;
		let operator = chain.operator(best, &worker.operator).await?;
		let market = operator.as_ref().and_then(|o| o.allocation(Service::Market).cloned());
		let presence = chain.presence(best, worker.worker).await?;
		let endpoint = chain.endpoint(best, worker.worker).await?;
		Ok::<_, crate::chain::Error>((rules, market, presence, endpoint))
	};
	match looked.await {
		Ok((rules, market, presence, endpoint)) => {
			let (offers, leases) = presence.map_or((0, 0), |known| (known.offers, known.leases));
			let free = market.map_or(0, |market| market.free);
			let place = endpoint.map_or("nowhere yet".into(), |endpoint| endpoint.url);
			judge_market(offers, leases, free, rules.lease_stake, &place)
		}
		Err(error) => failed(NAME, error),
	}
}

fn judge_market(offers: u32, leases: u32, free: u128, needed: u128, place: &str) -> Check {
	const NAME: &str = "market";
	let found = format!(
		"{offers} offers and {leases} leases, served at {place}; {} ASY allocated to market are free",
		amount(free)
	);
	if leases == 0 && free < needed {
		return bad(
			NAME,
			"stake-for-leases",
			format!("{found}, but {} are needed for each leased GPU", amount(needed)),
			"allocate more with `assay operator allocate market SHARE`",
		);
	}
	if offers == 0 {
		return bad(
			NAME,
			"no-offers",
			found,
			"publish one: `assay offer create WORKER --price PRICE --memory SIZE`",
		);
	}
	good(NAME, found)
}

fn memory() -> Check {
	let Some(available) =
		std::fs::read_to_string("/proc/meminfo").ok().as_deref().and_then(available)
	else {
		return skipped("memory", "this system does not tell");
	};
	let found = format!("{:.1} GiB available", available as f64 / f64::from(1 << 30));
	if available >= ENOUGH_MEMORY {
		good("memory", found)
	} else {
		bad("memory", "memory-low", found, "stop other programs: 1 GiB should be free")
	}
}

fn available(meminfo: &str) -> Option<u64> {
	let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
	let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
	kibibytes.checked_mul(1_024)
}

fn disk(folder: &Path) -> Check {
	// The folder may not exist yet: its nearest parent is on the same disk.
	let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
	let output = std::process::Command::new("df").arg("-Pk").arg(existing).output();
	let free = output.ok().and_then(|output| free_space(&String::from_utf8_lossy(&output.stdout)));
	let Some(free) = free else { return skipped("disk", "this system does not tell") };
	let gibibytes = free as f64 / f64::from(1 << 30);
	let found = format!("{gibibytes:.1} GiB free at {}", existing.display());
	if free >= ENOUGH_DISK {
		good("disk", found)
	} else {
		bad("disk", "disk-low", found, "free 2 GiB, or name another folder with --base-path")
	}
}

fn free_space(df: &str) -> Option<u64> {
	let kibibytes: u64 = df.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
	kibibytes.checked_mul(1_024)
}

fn store_of(config: &Config) -> Check {
	let path = config.store_file();
	if !path.exists() {
		return good("store", "none yet: the worker makes it");
	}
	match Store::open(&path) {
		Ok(_) => good("store", path.display().to_string()),
		Err(store::Error::InUse(_)) => good("store", "in use by a running worker"),
		Err(error) => failed("store", error),
	}
}

/// Whether jobs of strangers can be kept from this machine's files.
fn sandbox_of(landlock: &str, allowed: bool) -> Check {
	const NAME: &str = "sandbox";
	let found = format!("Landlock hides files from jobs: {landlock}");
	match (landlock, allowed) {
		("none", false) => bad(
			NAME,
			"no-landlock",
			"this kernel has no Landlock, so a job could read what this user can",
			"switch Landlock on (Linux 5.13 and newer; `lsm=landlock,...` at boot), or set \
			 allow-no-landlock if this user can read nothing secret",
		),
		_ => good(NAME, found),
	}
}

/// The Vulkan loader and the drivers' manifests, where Linux has them.
fn loader() -> Check {
	if !cfg!(target_os = "linux") {
		return skipped("vulkan", "looked at on Linux only");
	}
	let library = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"]
		.iter()
		.flat_map(|folder| {
			let nested = std::fs::read_dir(folder).into_iter().flatten().flatten();
			std::iter::once(PathBuf::from(folder))
				.chain(nested.map(|entry| entry.path()).filter(|path| path.is_dir()))
		})
		.map(|folder| folder.join("libvulkan.so.1"))
		.find(|path| path.exists());
	let Some(library) = library else {
		return bad(
			"vulkan",
			"vulkan-loader-missing",
			"there is no libvulkan.so.1",
			"install the Vulkan loader (Debian and Ubuntu: apt-get install libvulkan1)",
		);
	};
	let drivers: Vec<String> =
		["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"]
			.iter()
			.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten())
			.map(|entry| entry.file_name().to_string_lossy().into_owned())
			.collect();
	if drivers.is_empty() && std::env::var_os("VK_DRIVER_FILES").is_none() {
		return bad(
			"vulkan",
			"vulkan-driver-missing",
			format!("{} is there, but no driver is registered with it", library.display()),
			"install the GPU's driver (Debian and Ubuntu: apt-get install mesa-vulkan-drivers, or \
			 the vendor's)",
		);
	}
	good("vulkan", format!("{}, drivers: {}", library.display(), drivers.join(", ")))
}

async fn examine_devices(config: &Config, checks: &mut Vec<Check>) {
	let adapters = tokio::task::spawn_blocking(gpu::list).await.unwrap_or_default();
	checks.push(if adapters.is_empty() {
		failed("adapters", gpu::GpuError::NoAdapter)
	} else {
		let list: Vec<String> = adapters.iter().map(ToString::to_string).collect();
		good("adapters", list.join("; "))
	});
	if adapters.is_empty() {
		checks.push(skipped("dry tile", "there is no device"));
		return;
	}
	for (index, selection) in config.devices.clone() {
		let allow_cpu = config.allow_cpu;
		let measuring = tokio::task::spawn_blocking(move || {
			let mut engine = Engine::new(&selection, allow_cpu)?;
			engine.self_test()?;
			let rate = engine.measure()?;
			Ok::<_, gpu::GpuError>((engine.info().to_string(), rate))
		});
		checks.push(match tokio::time::timeout(DEVICE_DEADLINE, measuring).await {
			Ok(Ok(Ok((device, rate)))) => good(
				"dry tile",
				format!(
					"device {index}, {device}: right, {rate:.1} tiles/s, {:.3} TFLOP/s",
					rate * TILE_FLOP as f64 / 1e12
				),
			),
			Ok(Ok(Err(error))) => failed("dry tile", error),
			Ok(Err(cause)) => failed(
				"dry tile",
				Error::System {
					doing: "measuring the device",
					cause: std::io::Error::other(cause),
				},
			),
			Err(_) => failed(
				"dry tile",
				Error::DeviceStuck { device: index, seconds: DEVICE_DEADLINE.as_secs() },
			),
		});
	}
}

/// Whether nothing has to be mended.
pub fn is_healthy(checks: &[Check]) -> bool {
	!checks.iter().any(|check| matches!(check.verdict, Verdict::Bad { .. }))
}

/// The checks as JSON: `{"healthy", "checks": [{"name", "status", "found", "code"?, "fix"?}]}`.
pub fn to_json(checks: &[Check]) -> Value {
	let list: Vec<Value> = checks
		.iter()
		.map(|check| match &check.verdict {
			Verdict::Good => {
				json!({ "name": check.name, "status": "good", "found": check.found })
			}
			Verdict::Skipped => {
				json!({ "name": check.name, "status": "skipped", "found": check.found })
			}
			Verdict::Bad { code, fix } => json!({
				"name": check.name,
				"status": "bad",
				"code": code,
				"cause": check.found,
				"fix": fix,
			}),
		})
		.collect();
	json!({ "healthy": is_healthy(checks), "checks": list })
}

/// The checks for people.
pub fn to_text(checks: &[Check]) -> String {
	let mut out = String::new();
	for check in checks {
		let (mark, fix) = match &check.verdict {
			Verdict::Good => ("ok  ", String::new()),
			Verdict::Skipped => ("-   ", String::new()),
			Verdict::Bad { code, fix } => ("FAIL", format!("\n       fix [{code}]: {fix}")),
		};
		out.push_str(&format!("{mark} {:<20} {}{fix}\n", check.name, check.found));
	}
	let failures = checks.iter().filter(|c| matches!(c.verdict, Verdict::Bad { .. })).count();
	out.push_str(&match failures {
		0 => "everything is ready".to_string(),
		1 => "1 failure".to_string(),
		many => format!("{many} failures"),
	});
	out
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn n04_clock_should_be_reported_when_it_is_off() {
		for (age, code) in [
			(-30_000, Some("clock-behind")),
			(-2_001, Some("clock-behind")),
			(-2_000, None),
			(0, None),
			(6_000, None),
			(30_000, None),
			(30_001, Some("clock-ahead-or-chain-stopped")),
		] {
			let found = match judge_clock(age).verdict {
				Verdict::Bad { code, fix } => {
					assert!(!fix.is_empty());
					Some(code)
				}
				_ => None,
			};
			assert_eq!(found, code, "{age} ms");
		}
	}

	#[test]
	fn stake_should_be_reported_when_it_is_too_small_for_the_devices() {
		use crate::chain::Pending;
		const ASY: u128 = 1_000_000_000_000;
		let terms = Terms {
			minimum_bond: 1_000 * ASY,
			minimum_delegation: ASY,
			minimum_self_bond: ASY,
			device_stake: 100 * ASY,
			worker_deposit: 0,
			device_deposit: 0,
			key_deposit: 0,
			existential_deposit: 0,
			unbonding_blocks: 840,
			allocation_blocks: 10,
			commission_blocks: 420,
			max_commission_ppm: 0,
			max_commission_raise_ppm: 0,
			session_blocks: 60,
			slot_ms: 1_000,
		};
		let flops = AllocationView {
			service: Service::Flops,
			allocated: 350 * ASY,
			reserved: 100 * ASY,
			free: 250 * ASY,
			pending: None,
		};
		for devices in 0..=2 {
			assert_eq!(judge_stake(&flops, devices, &terms).verdict, Verdict::Good, "{devices}");
		}
		let check = judge_stake(&flops, 3, &terms);
		assert!(check.found.contains("300 ASY are needed for 3 devices"), "{}", check.found);
		let Verdict::Bad { code, fix } = check.verdict else { panic!("too small") };
		assert_eq!(code, "stake-for-devices");
		assert!(fix.starts_with("allocate 50 ASY more"), "{fix}");
		let pending =
			AllocationView { pending: Some(Pending { ppm: 1_000_000, due: 77 }), ..flops };
		let Verdict::Bad { fix, .. } = judge_stake(&pending, 3, &terms).verdict else {
			panic!("too small");
		};
		assert!(fix.contains("block 77"), "{fix}");
	}

	#[test]
	fn market_should_need_stake_and_an_offer_when_nothing_is_leased() {
		let code = |offers, leases, free| match judge_market(offers, leases, free, 10, "x").verdict
		{
			Verdict::Bad { code, .. } => code,
			_ => "",
		};
		assert_eq!(code(1, 0, 9), "stake-for-leases");
		assert_eq!(code(0, 0, 10), "no-offers");
		assert_eq!((code(1, 0, 10), code(1, 1, 0)), ("", ""));
	}

	#[test]
	fn sandbox_should_be_reported_when_files_cannot_be_hidden() {
		let healthy = |landlock, allowed| is_healthy(&[sandbox_of(landlock, allowed)]);
		assert!(healthy("full", false) && healthy("partial", false) && healthy("none", true));
		assert!(!healthy("none", false));
	}

	#[test]
	fn system_figures_should_be_read_from_their_text() {
		let meminfo = "MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable:    2048 kB\n";
		assert_eq!(available(meminfo), Some(2 << 20));
		assert_eq!(available("nonsense"), None);
		let df = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 9 1 8 11% /\n";
		assert_eq!(free_space(df), Some(8 << 10));
		assert_eq!(free_space(""), None);
	}

	#[test]
	fn report_should_be_unhealthy_when_one_check_fails() {
		let checks =
			[good("a", "fine"), bad("b", "b-broken", "cause", "mend it"), skipped("c", "b")];
		assert!(!is_healthy(&checks));
		let json = to_json(&checks);
		assert_eq!(json["healthy"], false);
		assert_eq!(json["checks"][1]["code"], "b-broken");
		assert_eq!(json["checks"][1]["fix"], "mend it");
		assert!(to_text(&checks).contains("fix [b-broken]: mend it"));
		assert!(is_healthy(&[good("a", "fine"), skipped("c", "no")]));
	}
}

//! What the worker is told: a TOML file, then the environment (`ASSAY_*`), then flags, each
//! stronger than the one before.

use crate::gpu::{GpuError, Selection};
use serde::{Deserialize, Serialize};
use std::{
	net::SocketAddr,
	path::{Path, PathBuf},
	time::Duration,
};

/// Where a node listens by default.
pub const DEFAULT_RPC: &str = "ws://127.0.0.1:9944";
/// Where metrics are served by default.
pub const DEFAULT_METRICS: &str = "127.0.0.1:9616";
/// Where leases are served by default.
pub const DEFAULT_API: &str = "127.0.0.1:9640";
/// Bytes of all blobs of a lease by default.
const LEASE_STORAGE: u64 = 8 << 30;
/// Name of the configuration file inside the base path.
pub const FILE_NAME: &str = "worker.toml";

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// The file exists, or was asked for, and cannot be read.
	#[error("the configuration file {path} cannot be read: {cause}")]
	Unreadable {
		/// The file.
		path: PathBuf,
		/// What the operating system said.
		cause: std::io::Error,
	},
	/// The file is not valid.
	#[error("the configuration file {path} is not valid: {cause}")]
	Invalid {
		/// The file.
		path: PathBuf,
		/// Line and reason.
		cause: String,
	},
	/// A value from any source cannot be used.
	#[error("{name} = \"{value}\" is not valid: {cause}")]
	Value {
		/// The setting.
		name: &'static str,
		/// Its value.
		value: String,
		/// Why not.
		cause: String,
	},
	/// Neither a home directory nor a base path is known.
	#[error("there is no home directory and no base path")]
	NoHome,
}

impl Error {
	/// What to do about it.
	pub fn fix(&self) -> String {
		match self {
			Self::Unreadable { path, .. } => {
				format!("check that {} exists and is readable, or drop --config", path.display())
			}
			Self::Invalid { .. } => {
				"correct the named line; `assay worker run --help` lists the settings".into()
			}
			Self::Value { name, .. } => {
				format!("set {name} to a valid value in the file, by ASSAY_* or by its flag")
			}
			Self::NoHome => "set HOME, or name a folder with --base-path".into(),
		}
	}
}

/// Settings from one source; everything is optional, so that sources can be laid over each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
	/// WebSocket address of the node [environment: ASSAY_RPC]
	#[arg(long, global = true, value_name = "URL")]
	pub rpc: Option<String>,
	/// Folder of the store and the key [environment: ASSAY_BASE_PATH]
	#[arg(long, global = true, value_name = "FOLDER")]
	pub base_path: Option<PathBuf>,
	/// File with the worker's secret key, mode 0600 [environment: ASSAY_KEY_FILE]
	#[arg(long, global = true, value_name = "FILE")]
	pub key_file: Option<PathBuf>,
	/// Genesis hash that the chain must have [environment: ASSAY_GENESIS]
	#[arg(long, global = true, value_name = "HASH")]
	pub genesis: Option<String>,
	/// GPU by PCI id (10de:2335), PCI bus (0000:3b:00.0), index, or "only"; once for each device.
	/// The first one is device 0 on chain and so on, unless "NUMBER=" stands in front
	/// [environment: ASSAY_DEVICES, separated by commas]
	#[arg(long = "device", global = true, value_name = "[NUMBER=]GPU")]
	pub devices: Option<Vec<String>>,
	/// Allow CPU drivers such as llvmpipe; for development [environment: ASSAY_ALLOW_CPU]
	#[arg(long, global = true, num_args = 0..=1, default_missing_value = "true")]
	pub allow_cpu: Option<bool>,
	/// Answer requests of the GPU market and serve its leases [environment: ASSAY_PROVIDER]
	#[arg(long, global = true, num_args = 0..=1, default_missing_value = "true")]
	pub provider: Option<bool>,
	/// With --provider: address at which leases are served [environment: ASSAY_API_LISTEN]
	#[arg(long, global = true, value_name = "ADDRESS")]
	pub api_listen: Option<String>,
	/// With --provider: where renters find that address, such as https://203.0.113.5:9640; announced
	/// on chain [environment: ASSAY_API_URL]
	#[arg(long, global = true, value_name = "URL")]
	pub api_url: Option<String>,
	/// With --provider: whether leases are served over TLS, with a certificate that is announced on
	/// chain; "false" behind a proxy that does so itself [environment: ASSAY_API_TLS]
	#[arg(long, global = true, num_args = 0..=1, default_missing_value = "true")]
	pub api_tls: Option<bool>,
	/// With --provider: most disk space of a lease, such as 16G [environment: ASSAY_LEASE_STORAGE]
	#[arg(long, global = true, value_name = "SIZE")]
	pub lease_storage: Option<String>,
	/// With --provider: most memory of a job's buffers [environment: ASSAY_JOB_MEMORY]
	#[arg(long, global = true, value_name = "SIZE")]
	pub job_memory: Option<String>,
	/// With --provider: serve leases although this kernel hides no files from jobs, for a user that can
	/// read nothing secret [environment: ASSAY_ALLOW_NO_LANDLOCK]
	#[arg(long, global = true, num_args = 0..=1, default_missing_value = "true")]
	pub allow_no_landlock: Option<bool>,
	/// Address to serve Prometheus metrics at, or "off" [environment: ASSAY_METRICS]
	#[arg(long, global = true, value_name = "ADDRESS")]
	pub metrics: Option<String>,
	/// Seconds that the node has for an answer [environment: ASSAY_RPC_DEADLINE_SECONDS]
	#[arg(long, global = true, value_name = "SECONDS")]
	pub rpc_deadline_seconds: Option<u64>,
}

impl Settings {
	/// Reads the `ASSAY_*` variables through `lookup` (`std::env::var` outside of tests).
	pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
		let parse_bool = |name: &'static str| {
			move |value: String| match value.as_str() {
				"1" | "true" | "yes" => Ok(true),
				"0" | "false" | "no" | "" => Ok(false),
				_ => Err(Error::Value { name, value, cause: "neither true nor false".into() }),
			}
		};
		let parse_seconds = |value: String| {
			value.parse::<u64>().map_err(|cause| Error::Value {
				name: "rpc-deadline-seconds",
				value,
				cause: cause.to_string(),
			})
		};
		Ok(Self {
			rpc: lookup("ASSAY_RPC"),
			base_path: lookup("ASSAY_BASE_PATH").map(PathBuf::from),
			key_file: lookup("ASSAY_KEY_FILE").map(PathBuf::from),
			genesis: lookup("ASSAY_GENESIS"),
			devices: lookup("ASSAY_DEVICES")
				.map(|list| list.split(',').map(|item| item.trim().to_string()).collect()),
			allow_cpu: lookup("ASSAY_ALLOW_CPU").map(parse_bool("allow-cpu")).transpose()?,
			provider: lookup("ASSAY_PROVIDER").map(parse_bool("provider")).transpose()?,
			api_listen: lookup("ASSAY_API_LISTEN"),
			api_url: lookup("ASSAY_API_URL"),
			api_tls: lookup("ASSAY_API_TLS").map(parse_bool("api-tls")).transpose()?,
			lease_storage: lookup("ASSAY_LEASE_STORAGE"),
			job_memory: lookup("ASSAY_JOB_MEMORY"),
			allow_no_landlock: lookup("ASSAY_ALLOW_NO_LANDLOCK")
				.map(parse_bool("allow-no-landlock"))
				.transpose()?,
			metrics: lookup("ASSAY_METRICS"),
			rpc_deadline_seconds: lookup("ASSAY_RPC_DEADLINE_SECONDS")
				.map(parse_seconds)
				.transpose()?,
		})
	}

	/// Reads a TOML file.
	pub fn from_file(path: &Path) -> Result<Self, Error> {
		let text = std::fs::read_to_string(path)
			.map_err(|cause| Error::Unreadable { path: path.into(), cause })?;
		toml::from_str(&text)
			.map_err(|cause| Error::Invalid { path: path.into(), cause: cause.to_string() })
	}

	/// These settings, and where one is missing, that of `weaker`.
	pub fn over(self, weaker: Self) -> Self {
		Self {
			rpc: self.rpc.or(weaker.rpc),
			base_path: self.base_path.or(weaker.base_path),
			key_file: self.key_file.or(weaker.key_file),
			genesis: self.genesis.or(weaker.genesis),
			devices: self.devices.or(weaker.devices),
			allow_cpu: self.allow_cpu.or(weaker.allow_cpu),
			provider: self.provider.or(weaker.provider),
			api_listen: self.api_listen.or(weaker.api_listen),
			api_url: self.api_url.or(weaker.api_url),
			api_tls: self.api_tls.or(weaker.api_tls),
			lease_storage: self.lease_storage.or(weaker.lease_storage),
			job_memory: self.job_memory.or(weaker.job_memory),
			allow_no_landlock: self.allow_no_landlock.or(weaker.allow_no_landlock),
			metrics: self.metrics.or(weaker.metrics),
			rpc_deadline_seconds: self.rpc_deadline_seconds.or(weaker.rpc_deadline_seconds),
		}
	}
}

/// The configuration that is in force: complete and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
	/// WebSocket address of the node.
	pub rpc: String,
	/// Folder of the store and, unless said otherwise, of the key.
	pub base_path: PathBuf,
	/// File with the worker's secret key.
	pub key_file: PathBuf,
	/// Genesis hash that the chain must have; without one, the first chain seen is pinned.
	pub genesis: Option<[u8; 32]>,
	/// Index of each device on chain, and the GPU that it is.
	pub devices: Vec<(u16, Selection)>,
	/// Whether CPU drivers are allowed.
	pub allow_cpu: bool,
	/// How leases are served, if requests of the GPU market are answered.
	pub provider: Option<ProviderConfig>,
	/// Where to serve metrics, if anywhere.
	pub metrics: Option<SocketAddr>,
	/// How long the node may take for one answer.
	pub rpc_deadline: Duration,
}

/// How leases are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderConfig {
	/// Where the API listens; port 0 for any.
	pub listen: SocketAddr,
	/// Where renters find it; without it, where it listens.
	pub url: Option<String>,
	/// Whether it presents a certificate of its own.
	pub tls: bool,
	/// Bytes of all blobs of a lease.
	pub lease_storage: u64,
	/// Bytes of the buffers of a job; without it, what suits the device.
	pub job_memory: Option<u64>,
	/// Whether leases are served where files cannot be hidden from jobs.
	pub allow_no_landlock: bool,
}

impl ProviderConfig {
	fn complete(settings: &Settings) -> Result<Self, Error> {
		let wrong = |name, value: &str, cause: &str| Error::Value {
			name,
			value: value.into(),
			cause: cause.into(),
		};
		let listen = settings.api_listen.as_deref().unwrap_or(DEFAULT_API);
		let listen: SocketAddr = listen
			.parse()
			.map_err(|_| wrong("api-listen", listen, "it is no address like 127.0.0.1:9640"))?;
		let tls = settings.api_tls.unwrap_or(true);
		if let Some(url) = &settings.api_url {
			let certificate = tls.then_some(&[0; 32]);
			if let Err(reason) = assay_market::endpoint::check(url.as_bytes(), certificate) {
				return Err(wrong("api-url", url, &reason.to_string()));
			}
		} else if listen.ip().is_unspecified() {
			let cause = "it is every address of this machine: say with --api-url at which of them \
				renters find it";
			return Err(wrong("api-listen", &listen.to_string(), cause));
		}
		let size = |name, value: &Option<String>| {
			let Some(text) = value else { return Ok(None) };
			let mebibytes = crate::cli::parse_memory(text).map_err(|e| wrong(name, text, &e))?;
			Ok(Some(u64::from(mebibytes) << 20))
		};
		Ok(Self {
			listen,
			url: settings.api_url.clone(),
			tls,
			lease_storage: size("lease-storage", &settings.lease_storage)?.unwrap_or(LEASE_STORAGE),
			job_memory: size("job-memory", &settings.job_memory)?,
			allow_no_landlock: settings.allow_no_landlock.unwrap_or(false),
		})
	}
}

impl Config {
	/// Lays flags over the environment over the file, fills in defaults and checks everything.
	///
	/// `file` is a file that was asked for and has to exist; without it `worker.toml` in the base
	/// path is read if it is there.
	pub fn load(
		file: Option<&Path>,
		lookup: impl Fn(&str) -> Option<String>,
		flags: Settings,
	) -> Result<Self, Error> {
		let home = lookup("HOME").map(PathBuf::from);
		let file =
			file.map(Path::to_path_buf).or_else(|| lookup("ASSAY_CONFIG").map(PathBuf::from));
		let strong = flags.over(Settings::from_environment(&lookup)?);
		let default_base = home.map(|home| home.join(".assay"));
		let settings = match file {
			Some(path) => strong.over(Settings::from_file(&path)?),
			None => {
				let base = strong.base_path.clone().or_else(|| default_base.clone());
				match base.map(|base| base.join(FILE_NAME)).filter(|path| path.exists()) {
					Some(path) => strong.over(Settings::from_file(&path)?),
					None => strong,
				}
			}
		};
		Self::complete(settings, default_base)
	}

	fn complete(settings: Settings, default_base: Option<PathBuf>) -> Result<Self, Error> {
		let provider = match settings.provider {
			Some(true) => Some(ProviderConfig::complete(&settings)?),
			_ => None,
		};
		let base_path = settings.base_path.or(default_base).ok_or(Error::NoHome)?;
		let rpc = settings.rpc.unwrap_or_else(|| DEFAULT_RPC.into());
		if !rpc.starts_with("ws://") && !rpc.starts_with("wss://") {
			return Err(Error::Value {
				name: "rpc",
				value: rpc,
				cause: "it has to begin with ws:// or wss://".into(),
			});
		}
		let genesis = settings.genesis.map(parse_hash).transpose()?;
		let metrics = match settings.metrics.as_deref().unwrap_or(DEFAULT_METRICS) {
			"off" => None,
			address => Some(address.parse().map_err(|_| Error::Value {
				name: "metrics",
				value: address.into(),
				cause: "neither an address like 127.0.0.1:9616 nor \"off\"".into(),
			})?),
		};
		let seconds = settings.rpc_deadline_seconds.unwrap_or(20);
		if !(1..=600).contains(&seconds) {
			return Err(Error::Value {
				name: "rpc-deadline-seconds",
				value: seconds.to_string(),
				cause: "it has to be between 1 and 600".into(),
			});
		}
		let devices = match settings.devices {
			None => vec![(0, Selection::Only)],
			Some(devices) => parse_devices(&devices)?,
		};
		Ok(Self {
			rpc,
			key_file: settings.key_file.unwrap_or_else(|| base_path.join("worker.key")),
			base_path,
			genesis,
			devices,
			allow_cpu: settings.allow_cpu.unwrap_or(false),
			provider,
			metrics,
			rpc_deadline: Duration::from_secs(seconds),
		})
	}

	/// The file of the store.
	pub fn store_file(&self) -> PathBuf {
		self.base_path.join("worker.redb")
	}
}

fn parse_devices(entries: &[String]) -> Result<Vec<(u16, Selection)>, Error> {
	let mut devices: Vec<(u16, Selection)> = Vec::new();
	for (place, entry) in (0u16..).zip(entries) {
		let wrong = |cause: String| Error::Value { name: "device", value: entry.clone(), cause };
		let (index, gpu) = match entry.split_once('=') {
			Some((index, gpu)) => {
				(index.trim().parse().map_err(|_| wrong("no number before =".into()))?, gpu)
			}
			None => (place, entry.as_str()),
		};
		let selection = gpu.trim().parse().map_err(|error: GpuError| wrong(error.to_string()))?;
		if devices.iter().any(|(known, _)| *known == index) {
			return Err(wrong(format!("device {index} is named twice")));
		}
		devices.push((index, selection));
	}
	if devices.is_empty() {
		return Err(Error::Value {
			name: "device",
			value: String::new(),
			cause: "no device is named".into(),
		});
	}
	Ok(devices)
}

fn parse_hash(value: String) -> Result<[u8; 32], Error> {
	let mut hash = [0; 32];
	hex::decode_to_slice(value.trim_start_matches("0x"), &mut hash).map_err(|cause| {
		Error::Value { name: "genesis", value, cause: format!("not 32 bytes in hex ({cause})") }
	})?;
	Ok(hash)
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::collections::HashMap;

	fn environment(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
		let map: HashMap<String, String> =
			pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
		move |name| map.get(name).cloned()
	}

	#[test]
	fn config_should_prefer_flags_over_environment_over_file() -> Result<(), Error> {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let home = folder.path().to_str().expect("UTF-8");
		std::fs::create_dir(folder.path().join(".assay")).expect("writable");
		std::fs::write(
			folder.path().join(".assay/worker.toml"),
			"rpc = \"ws://file:1\"\nmetrics = \"127.0.0.1:1\"\nallow-cpu = true\nprovider = true\n",
		)
		.expect("writable");

		let config = Config::load(None, environment(&[("HOME", home)]), Settings::default())?;
		assert_eq!(config.rpc, "ws://file:1");
		assert!(config.allow_cpu);
		let provider = config.provider.expect("the file says so");
		assert!(provider.tls && provider.url.is_none() && provider.listen.port() == 9640);

		let variables = [
			("HOME", home),
			("ASSAY_RPC", "ws://environment:2"),
			("ASSAY_METRICS", "off"),
			("ASSAY_PROVIDER", "no"),
		];
		let config = Config::load(None, environment(&variables), Settings::default())?;
		assert_eq!(config.rpc, "ws://environment:2");
		assert_eq!(config.metrics, None);
		assert_eq!(config.provider, None);

		let flags = Settings { rpc: Some("ws://flag:3".into()), ..Default::default() };
		let config = Config::load(None, environment(&variables), flags)?;
		assert_eq!(config.rpc, "ws://flag:3");
		assert_eq!(config.metrics, None);
		assert!(config.allow_cpu);
		Ok(())
	}

	#[test]
	fn config_should_fail_with_a_fix_when_a_value_is_wrong() {
		let home = [("HOME", "/nonexistent")];
		let cases = [
			Settings { rpc: Some("http://x".into()), ..Default::default() },
			Settings { genesis: Some("0x12".into()), ..Default::default() },
			Settings { metrics: Some("nowhere".into()), ..Default::default() },
			Settings { rpc_deadline_seconds: Some(0), ..Default::default() },
			Settings { devices: Some(vec![String::new()]), ..Default::default() },
			Settings { devices: Some(vec![]), ..Default::default() },
			Settings { devices: Some(vec!["x=0".into()]), ..Default::default() },
			Settings { devices: Some(vec!["0".into(), "0=1".into()]), ..Default::default() },
			Settings { api_listen: Some("nowhere".into()), ..provider() },
			Settings { api_listen: Some("0.0.0.0:9640".into()), ..provider() },
			Settings { api_url: Some("ftp://x".into()), ..provider() },
			Settings { api_url: Some("http://x".into()), ..provider() },
			Settings { lease_storage: Some("much".into()), ..provider() },
		];
		for flags in cases {
			let error = Config::load(None, environment(&home), flags).expect_err("invalid");
			assert!(!error.fix().is_empty());
		}
		let bad = environment(&[("HOME", "/nonexistent"), ("ASSAY_ALLOW_CPU", "maybe")]);
		assert!(matches!(
			Config::load(None, bad, Settings::default()),
			Err(Error::Value { name: "allow-cpu", .. })
		));
	}

	fn provider() -> Settings {
		Settings { provider: Some(true), ..Default::default() }
	}

	#[test]
	fn provider_should_be_found_at_its_url_when_it_listens_everywhere() {
		let flags = Settings {
			api_listen: Some("0.0.0.0:1".into()),
			api_url: Some("http://gpu.example".into()),
			api_tls: Some(false),
			lease_storage: Some("2G".into()),
			..provider()
		};
		let environment = environment(&[("HOME", "/x"), ("ASSAY_ALLOW_NO_LANDLOCK", "true")]);
		let config = Config::load(None, environment, flags).expect("valid");
		let provider = config.provider.expect("it is one");
		assert!(provider.allow_no_landlock);
		assert_eq!(provider.url.as_deref(), Some("http://gpu.example"));
		assert_eq!((provider.lease_storage, provider.job_memory), (2 << 30, None));
	}

	#[test]
	fn config_should_number_devices_by_place_unless_told() {
		let read = |entries: &[&str]| {
			parse_devices(&entries.iter().map(|entry| entry.to_string()).collect::<Vec<_>>())
		};
		assert_eq!(
			read(&["10de:2335", "5=1"]).expect("valid"),
			vec![(0, Selection::Pci(0x10de, 0x2335)), (5, Selection::Index(1))]
		);
		let default = Config::load(None, environment(&[("HOME", "/x")]), Settings::default());
		assert_eq!(default.expect("valid").devices, vec![(0, Selection::Only)]);
	}

	#[test]
	fn config_should_name_the_file_when_a_setting_is_unknown() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let path = folder.path().join("odd.toml");
		std::fs::write(&path, "colour = \"red\"").expect("writable");
		let error = Config::load(Some(&path), environment(&[]), Settings::default())
			.expect_err("an unknown setting");
		assert!(error.to_string().contains("odd.toml"));
		assert!(error.to_string().contains("colour"));
	}

	#[test]
	fn config_should_say_so_when_no_folder_is_known() {
		assert!(matches!(
			Config::load(None, environment(&[]), Settings::default()),
			Err(Error::NoHome)
		));
	}
}

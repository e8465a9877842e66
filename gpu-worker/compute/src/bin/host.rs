//! A program for tests and benchmarks: the sandbox's child (`sandbox`), what a child that was
//! taken over would try (`probe`), and the API with one lease on the CPU driver (`serve`).

use assay_compute::{
	adapters, api, disk,
	jobs::{Config, DeviceConfig, Host},
	lease::{Lease, LeaseInfo, Leases},
	sandbox::{self, Caps, Launcher},
};
use std::{
	path::{Path, PathBuf},
	process::ExitCode,
	sync::Arc,
};

fn main() -> ExitCode {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
	match arguments[..] {
		["sandbox"] => sandbox::child_main(),
		#[cfg(target_os = "linux")]
		["probe", folder, secret, parent] => probe::run(Path::new(folder), Path::new(secret), parent),
		["serve", folder, address, access] => serve(folder, address, access),
		_ => {
			eprintln!(
				"usage: assay-compute-host sandbox | probe FOLDER SECRET PARENT | serve FOLDER \
				 ADDRESS ACCESS_KEY"
			);
			ExitCode::from(2)
		}
	}
}

/// Lease 1 of a chain whose genesis hash is zero, for ever, except that nothing is known of it while
/// there is this file.
struct OneLease([u8; 32], PathBuf);

impl Leases for OneLease {
	fn lease(&self, id: u64) -> Lease {
		match id {
			1 if self.1.exists() => Lease::Unknown,
			1 => Lease::Active(LeaseInfo {
				access: self.0,
				devices: vec![0],
				until_block: u64::MAX >> 1,
				storage_bytes: 8 << 30,
				memory_bytes: 512 << 20,
				job_seconds: 600,
				open_jobs: 64,
			}),
			_ => Lease::Ended,
		}
	}
}

/// Serves until it is killed; prints the address once it listens.
fn serve(folder: &str, address: &str, access: &str) -> ExitCode {
	let run = async {
		let mut key = [0; 32];
		hex::decode_to_slice(access, &mut key).map_err(std::io::Error::other)?;
		let adapter = adapters().into_iter().find(|adapter| adapter.cpu);
		let adapter = adapter.ok_or_else(|| std::io::Error::other("there is no CPU driver"))?;
		let caps =
			Caps { memory_bytes: 512 << 20, seconds: 600, dispatch_ms: 2_000, compile_ms: 20_000 };
		let launcher =
			Launcher { program: std::env::current_exe()?, arguments: vec!["sandbox".into()] };
		let devices = vec![DeviceConfig { index: 0, adapter, caps }];
		let folder = PathBuf::from(folder);
		let lease = OneLease(key, folder.join("unknown"));
		let config =
			Config { folder, genesis: [0; 32], launcher, devices, disk_floor: disk::FLOOR };
		let host = Host::open(config, Arc::new(lease))?;
		let listener = tokio::net::TcpListener::bind(address).await?;
		println!("http://{}", listener.local_addr()?);
		let end = std::future::pending();
		api::serve(listener, api::router(host), api::Limits::default(), None, end).await;
		Ok::<_, std::io::Error>(())
	};
	let runtime = tokio::runtime::Runtime::new();
	match runtime.and_then(|runtime| runtime.block_on(run)) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("{error}");
			ExitCode::FAILURE
		}
	}
}

#[cfg(target_os = "linux")]
mod probe {
	#![allow(unsafe_code, reason = "system calls by number, with integers or valid pointers")]

	use super::*;
	use std::{io, ptr};

	/// Drivers make their descriptors non-blocking.
	fn may_set_flags() -> io::Result<()> {
		// SAFETY: integers only.
		match unsafe { libc::fcntl(2, libc::F_SETFL, libc::O_NONBLOCK) } {
			0 => Ok(()),
			_ => Err(io::Error::last_os_error()),
		}
	}

	/// Confines itself and prints as JSON whether each attempt was refused.
	pub(super) fn run(folder: &Path, secret: &Path, parent: &str) -> ExitCode {
		let parent: u32 = parent.parse().unwrap_or(0);
		let Some(adapter) = adapters().into_iter().find(|adapter| adapter.cpu) else {
			return ExitCode::FAILURE;
		};
		let caps =
			Caps { memory_bytes: 1 << 28, seconds: 60, dispatch_ms: 2_000, compile_ms: 20_000 };
		let confinement = match sandbox::confine_self(&adapter, folder, parent, caps) {
			Ok(confinement) => confinement,
			Err(error) => {
				eprintln!("{error}");
				return ExitCode::FAILURE;
			}
		};
		let target = parent as libc::c_int;
		let call = |result: libc::c_long| match result {
			0.. => Ok(()),
			_ => Err(io::Error::last_os_error()),
		};
		let path = c"/bin/true".as_ptr();
		let arguments = [path, ptr::null()];
		let limit = libc::rlimit { rlim_cur: 1, rlim_max: libc::RLIM_INFINITY };
		let own = [0u64; 16];
		let flag: libc::c_int = 1;
		// SAFETY: every pointer is null or of a value above that lives to the end; each call is
		// expected to be refused, and a success only makes the test fail.
		let calls = unsafe {
			[
				("inet_socket", call(libc::syscall(libc::SYS_socket, libc::AF_INET, 1, 0))),
				("unix_socket", call(libc::syscall(libc::SYS_socket, libc::AF_UNIX, 1, 0))),
				#[cfg(target_arch = "x86_64")]
				("x32", call(libc::syscall(0x4000_0000 | libc::SYS_socket, libc::AF_INET, 1, 0))),
				("execve", call(libc::syscall(libc::SYS_execve, path, arguments.as_ptr(), 0))),
				("ptrace", call(libc::syscall(libc::SYS_ptrace, 16, target, 0, 0))),
				("kill", call(libc::syscall(libc::SYS_kill, target, 0))),
				("tgkill", call(libc::syscall(libc::SYS_tgkill, target, target, 0))),
				("bpf", call(libc::syscall(libc::SYS_bpf, 0, 0, 0))),
				("keyctl", call(libc::syscall(libc::SYS_keyctl, 0, 0, 0, 0, 0))),
				("io_uring", call(libc::syscall(libc::SYS_io_uring_setup, 1, 0))),
				(
					"affinity",
					call(libc::syscall(libc::SYS_sched_setaffinity, target, 128, own.as_ptr())),
				),
				("parameters", call(libc::syscall(libc::SYS_sched_setparam, target, own.as_ptr()))),
				("io_priority", call(libc::syscall(libc::SYS_ioprio_set, 1, target, 0))),
				("move_pages", call(libc::syscall(libc::SYS_move_pages, target, 0, 0, 0, 0, 0))),
				("migrate_pages", call(libc::syscall(libc::SYS_migrate_pages, target, 0, 0, 0))),
				("memfd", call(libc::syscall(libc::SYS_memfd_create, c"x".as_ptr(), 0))),
				("owner", call(libc::fcntl(0, libc::F_SETOWN, target).into())),
				("owner_ex", call(libc::fcntl(0, 15, own.as_ptr()).into())),
				("signal", call(libc::fcntl(0, 10, 9).into())),
				("async", call(libc::fcntl(0, libc::F_SETFL, libc::O_ASYNC).into())),
				("async_ioctl", call(libc::ioctl(0, 0x5452, &raw const flag).into())),
				("owner_ioctl", call(libc::ioctl(0, 0x8901, &raw const target).into())),
				("outlive", call(libc::prctl(libc::PR_SET_PDEATHSIG, 0, 0, 0, 0).into())),
				("mount", call(libc::syscall(libc::SYS_mount, 0, 0, 0, 0, 0))),
				("unshare", call(libc::syscall(libc::SYS_unshare, libc::CLONE_NEWUSER))),
				("clone3", call(libc::syscall(libc::SYS_clone3, 0, 0))),
				(
					"setrlimit",
					call(libc::syscall(libc::SYS_setrlimit, libc::RLIMIT_CORE, &raw const limit)),
				),
				(
					"prlimit",
					call(libc::syscall(
						libc::SYS_prlimit64,
						target,
						libc::RLIMIT_CORE,
						&raw const limit,
						0,
					)),
				),
			]
		};
		let other = std::process::Command::new("/bin/true").status().map(drop);
		let folder_file = folder.join("out").join("kept");
		let mut results: Vec<(&str, Result<(), io::Error>)> = calls.into();
		results.extend([
			("command", other),
			("read_secret", std::fs::read(secret).map(drop)),
			("list_root", std::fs::read_dir("/").map(drop)),
			("write_secret", std::fs::write(secret, "x")),
			("write_input", std::fs::write(folder.join("in").join("x"), "x")),
			("link_secret", std::fs::hard_link(secret, folder.join("out").join("x"))),
			("symlink_secret", std::os::unix::fs::symlink(secret, folder.join("out").join("y"))),
			("read_shadow", std::fs::read("/etc/shadow").map(drop)),
			("parent_environment", std::fs::read(format!("/proc/{parent}/environ")).map(drop)),
			("parent_memory", std::fs::File::open(format!("/proc/{parent}/mem")).map(drop)),
			// What has to work all the same.
			("may_write_output", std::fs::write(folder_file, "x")),
			("may_set_flags", may_set_flags()),
			("may_start_thread", std::thread::Builder::new().spawn(|| ()).map(drop)),
		]);
		let report: serde_json::Map<String, serde_json::Value> = results
			.into_iter()
			.map(|(name, result)| (name.into(), result.err().map(|e| e.to_string()).into()))
			.collect();
		let oom = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap_or_default();
		let report = serde_json::json!({
			"confinement": confinement,
			"refused": report,
			"oom_score_adj": oom.trim(),
		});
		println!("{report}");
		ExitCode::SUCCESS
	}
}

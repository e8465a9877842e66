//! What the operating system holds a child to. README.md says in words what is enforced and what
//! is not.
#![allow(unsafe_code, reason = "each call has its SAFETY")]

use super::protocol::{Confinement, Setup};
use landlock::{
	path_beneath_rules, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr,
	RulesetCreatedAttr, RulesetStatus, Scope, ABI,
};
use seccompiler::{
	apply_filter_all_threads, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp,
	SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};
use std::{collections::BTreeMap, io, path::PathBuf};

/// What drivers and their loader read: libraries, their lists, and what the machine is made of.
const READ: &[&str] = &[
	"/usr/lib",
	"/usr/lib32",
	"/usr/lib64",
	"/usr/share",
	"/usr/local/lib",
	"/usr/local/share",
	"/opt/amdgpu",
	"/opt/amdgpu-pro",
	"/opt/rocm",
	"/nix/store",
	"/run/opengl-driver",
	"/etc/vulkan",
	"/etc/glvnd",
	"/etc/nvidia",
	"/etc/drirc",
	"/etc/ld.so.cache",
	"/sys/bus",
	"/sys/class",
	"/sys/dev",
	"/sys/devices",
	"/sys/module",
	"/proc/cpuinfo",
	"/proc/devices",
	"/proc/driver",
	"/proc/meminfo",
	"/proc/self",
];

/// Devices that drivers talk to.
const DEVICES: &[&str] = &[
	"/dev/dri",
	"/dev/kfd",
	"/dev/null",
	"/dev/nvidia-caps",
	"/dev/nvidia-modeset",
	"/dev/nvidia-uvm",
	"/dev/nvidia-uvm-tools",
	"/dev/nvidiactl",
	"/dev/udmabuf",
	"/dev/urandom",
	"/dev/zero",
];

/// Bytes that the driver, its compiler and the deep stack need above the job's own memory.
const HEADROOM: u64 = 2 << 30;
/// Bytes that a GPU's driver may take of the host's memory besides, however large its own is.
const GPU_HOST: u64 = 1 << 30;

/// Everything that must be in force before the driver starts threads, since a thread inherits it
/// and one that runs already is not reached.
pub(super) fn before_device(setup: &Setup) -> io::Result<Confinement> {
	close_inherited()?;
	die_with(setup.parent)?;
	let seconds = u64::from(setup.caps.seconds).saturating_mul(processors()).saturating_add(60);
	limit(libc::RLIMIT_CORE, 0)?;
	limit(libc::RLIMIT_NOFILE, 256)?;
	limit(libc::RLIMIT_CPU, seconds)?;
	limit(libc::RLIMIT_FSIZE, setup.caps.memory_bytes.saturating_add(1 << 20))?;
	// SAFETY: the call takes five integers and no pointer.
	check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
	drop_capabilities()?;
	// When memory runs out, this process goes first. Where the file is missing, there is no such rule.
	let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
	let landlock = hide_files(setup).map_err(io::Error::other)?;
	Ok(Confinement { limits: true, seccomp: false, landlock: landlock.into() })
}

/// What only works once the device is open, and holds for every thread.
pub(super) fn after_device(setup: &Setup, so_far: Confinement) -> io::Result<Confinement> {
	let [size, data] = mapped()?;
	let room = host_memory(setup.adapter.cpu, setup.caps.memory_bytes);
	if setup.adapter.cpu {
		limit(libc::RLIMIT_AS, size.saturating_add(room))?;
	} else {
		// A GPU's driver maps far more addresses than memory; what it allocates on the host counts,
		// and the job's buffers are elsewhere.
		limit(libc::RLIMIT_DATA, data.saturating_add(room))?;
	}
	filter_calls(setup.adapter.cpu).map_err(io::Error::other)?;
	Ok(Confinement { seccomp: true, ..so_far })
}

/// Bytes of the host's memory that a job may take when its buffers may have `buffers`: on a processor
/// they are there, too.
fn host_memory(cpu: bool, buffers: u64) -> u64 {
	match cpu {
		true => buffers.saturating_mul(2).saturating_add(HEADROOM),
		false => HEADROOM + GPU_HOST,
	}
}

fn check(result: libc::c_int) -> io::Result<()> {
	match result {
		0.. => Ok(()),
		_ => Err(io::Error::last_os_error()),
	}
}

fn processors() -> u64 {
	std::thread::available_parallelism().map_or(1, |count| count.get() as u64)
}

/// Descriptors that a parent has left open would outlive every other rule.
fn close_inherited() -> io::Result<()> {
	// SAFETY: the call takes three integers; nothing of this process holds a descriptor above 3 yet
	// but the protocol's, which is kept by number.
	check(unsafe { libc::syscall(libc::SYS_close_range, 4, libc::c_uint::MAX, 0) } as libc::c_int)
}

fn die_with(parent: u32) -> io::Result<()> {
	// SAFETY: integers only.
	check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) })?;
	// SAFETY: no arguments, and it cannot fail.
	let now = unsafe { libc::getppid() };
	match u32::try_from(now) == Ok(parent) {
		true => Ok(()),
		false => Err(io::Error::other("the parent is gone")),
	}
}

fn limit(resource: libc::__rlimit_resource_t, value: u64) -> io::Result<()> {
	let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
	// SAFETY: `old` is a valid place for one `rlimit`.
	check(unsafe { libc::getrlimit(resource, &mut old) })?;
	let value = value.min(old.rlim_max);
	let new = libc::rlimit { rlim_cur: value, rlim_max: value };
	// SAFETY: `new` is a valid `rlimit`.
	check(unsafe { libc::setrlimit(resource, &new) })
}

fn drop_capabilities() -> io::Result<()> {
	/// `_LINUX_CAPABILITY_VERSION_3`.
	const VERSION: u32 = 0x2008_0522;
	let header = [VERSION, 0];
	let none = [0u32; 6];
	// SAFETY: with this version the header is two words and the data six, as here.
	let done = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) };
	check(done as libc::c_int)
}

/// Mapped addresses and private data of this process in bytes.
fn mapped() -> io::Result<[u64; 2]> {
	let text = std::fs::read_to_string("/proc/self/statm")?;
	let mut pages = text.split_ascii_whitespace().map(|word| word.parse::<u64>().unwrap_or(0));
	// SAFETY: an integer in, an integer out.
	let page = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
	let size = pages.next().unwrap_or(0).saturating_mul(page);
	let data = pages.nth(4).unwrap_or(0).saturating_mul(page);
	Ok([size, data])
}

/// The version of the kernel's Landlock; 0 where there is none.
pub(super) fn landlock_version() -> u32 {
	/// `LANDLOCK_CREATE_RULESET_VERSION`.
	const VERSION: u32 = 1;
	let nothing = std::ptr::null::<u8>();
	// SAFETY: with this flag the call takes no structure and only answers a number.
	let version =
		unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, nothing, 0usize, VERSION) };
	u32::try_from(version).unwrap_or(0)
}

/// Hides the memory and the environment of this process from others of its user, and keeps it out
/// of core dumps.
pub(super) fn hide_self() -> io::Result<()> {
	// SAFETY: integers only.
	check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) })
}

fn hide_files(setup: &Setup) -> Result<&'static str, landlock::RulesetError> {
	let abi = ABI::V6;
	let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
	let device = read | AccessFs::WriteFile | AccessFs::IoctlDev;
	let output = read | AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::Truncate;
	let listed = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].into_iter().filter_map(std::env::var_os);
	let drivers: Vec<PathBuf> =
		listed.flat_map(|v| std::env::split_paths(&v).collect::<Vec<_>>()).collect();
	let cards = (0..32).map(|card| format!("/dev/nvidia{card}"));
	let status = Ruleset::default()
		.handle_access(AccessFs::from_all(abi))?
		.handle_access(AccessNet::from_all(abi))?
		.scope(Scope::from_all(abi))?
		.create()?
		.add_rules(path_beneath_rules(READ, read))?
		.add_rules(path_beneath_rules(drivers, read))?
		.add_rules(path_beneath_rules(DEVICES, device))?
		.add_rules(path_beneath_rules(cards, device))?
		.add_rules(path_beneath_rules([setup.folder.join("in")], read))?
		.add_rules(path_beneath_rules([setup.folder.join("out")], output))?
		.restrict_self()?;
	Ok(match status.ruleset {
		RulesetStatus::FullyEnforced => "full",
		RulesetStatus::PartiallyEnforced => "partial",
		RulesetStatus::NotEnforced => "none",
	})
}

/// Calls that no job needs and that an attacker would. A list of what is refused rather than of
/// what is allowed, since the drivers' needs differ and change.
fn refused() -> Vec<libc::c_long> {
	let mut calls = vec![
		// Network.
		libc::SYS_socket,
		libc::SYS_socketpair,
		libc::SYS_connect,
		libc::SYS_bind,
		libc::SYS_listen,
		libc::SYS_accept,
		libc::SYS_accept4,
		// Other programs and processes.
		libc::SYS_execve,
		libc::SYS_execveat,
		libc::SYS_ptrace,
		libc::SYS_process_vm_readv,
		libc::SYS_process_vm_writev,
		libc::SYS_process_madvise,
		libc::SYS_pidfd_open,
		libc::SYS_pidfd_getfd,
		libc::SYS_pidfd_send_signal,
		libc::SYS_kill,
		libc::SYS_tkill,
		libc::SYS_rt_sigqueueinfo,
		libc::SYS_rt_tgsigqueueinfo,
		libc::SYS_kcmp,
		libc::SYS_setns,
		libc::SYS_unshare,
		libc::SYS_setpriority,
		libc::SYS_sched_setscheduler,
		libc::SYS_sched_setparam,
		libc::SYS_sched_setattr,
		libc::SYS_sched_setaffinity,
		libc::SYS_ioprio_set,
		libc::SYS_move_pages,
		libc::SYS_migrate_pages,
		// More rights or resources.
		libc::SYS_setrlimit,
		libc::SYS_setuid,
		libc::SYS_setgid,
		libc::SYS_setreuid,
		libc::SYS_setregid,
		libc::SYS_setresuid,
		libc::SYS_setresgid,
		libc::SYS_setgroups,
		libc::SYS_setfsuid,
		libc::SYS_setfsgid,
		libc::SYS_capset,
		libc::SYS_personality,
		libc::SYS_add_key,
		libc::SYS_request_key,
		libc::SYS_keyctl,
		// The system.
		libc::SYS_mount,
		libc::SYS_umount2,
		libc::SYS_pivot_root,
		libc::SYS_chroot,
		libc::SYS_open_tree,
		libc::SYS_move_mount,
		libc::SYS_fsopen,
		libc::SYS_fsconfig,
		libc::SYS_fsmount,
		libc::SYS_fspick,
		libc::SYS_mount_setattr,
		libc::SYS_swapon,
		libc::SYS_swapoff,
		libc::SYS_reboot,
		libc::SYS_kexec_load,
		libc::SYS_init_module,
		libc::SYS_finit_module,
		libc::SYS_delete_module,
		libc::SYS_settimeofday,
		libc::SYS_clock_settime,
		libc::SYS_clock_adjtime,
		libc::SYS_adjtimex,
		libc::SYS_sethostname,
		libc::SYS_setdomainname,
		libc::SYS_acct,
		libc::SYS_quotactl,
		libc::SYS_syslog,
		libc::SYS_vhangup,
		// Rich targets in the kernel.
		libc::SYS_bpf,
		libc::SYS_perf_event_open,
		libc::SYS_userfaultfd,
		libc::SYS_io_uring_setup,
		libc::SYS_io_uring_enter,
		libc::SYS_io_uring_register,
		libc::SYS_name_to_handle_at,
		libc::SYS_open_by_handle_at,
		libc::SYS_fanotify_init,
		libc::SYS_mq_open,
		libc::SYS_msgget,
		libc::SYS_semget,
		libc::SYS_shmget,
	];
	#[cfg(target_arch = "x86_64")]
	calls.extend([
		libc::SYS_fork,
		libc::SYS_vfork,
		libc::SYS_iopl,
		libc::SYS_ioperm,
		libc::SYS_modify_ldt,
		libc::SYS_kexec_file_load,
	]);
	calls
}

/// What the C library does not name for every system, from `asm-generic/ioctls.h`, `sockios.h` and
/// `fcntl.h`.
const FIOASYNC: u64 = 0x5452;
const FIOSETOWN: u64 = 0x8901;
const SIOCSPGRP: u64 = 0x8902;
const F_SETSIG: libc::c_int = 10;
const F_SETOWN_EX: libc::c_int = 15;

fn filter_calls(cpu: bool) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
	use SeccompCmpArgLen::{Dword, Qword};
	let rule = |conditions| SeccompRule::new(conditions).map(|rule| vec![rule]);
	let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
		refused().into_iter().map(|call| (call, Vec::new())).collect();
	if cpu {
		// Memory that no limit counts; NVIDIA's driver has its translated programs there.
		rules.insert(libc::SYS_memfd_create, Vec::new());
	}
	// A thread may be started, a process not.
	let thread = SeccompCmpOp::MaskedEq(libc::CLONE_THREAD as u64);
	rules.insert(libc::SYS_clone, rule(vec![SeccompCondition::new(0, Qword, thread, 0)?])?);
	// Resource limits of this or another process may be read and not set.
	let set = SeccompCondition::new(2, Qword, SeccompCmpOp::Ne, 0)?;
	rules.insert(libc::SYS_prlimit64, rule(vec![set])?);
	// A thread may signal (abort) its own process only.
	let own = SeccompCondition::new(0, Dword, SeccompCmpOp::Ne, std::process::id().into())?;
	rules.insert(libc::SYS_tgkill, rule(vec![own])?);
	let any = |place, values: &[u64]| {
		let one = |value: &u64| {
			let is = SeccompCondition::new(place, Dword, SeccompCmpOp::Eq, *value)?;
			SeccompRule::new(vec![is])
		};
		values.iter().map(one).collect::<Result<Vec<_>, _>>()
	};
	// Typing into somebody's terminal, and having signals sent to somebody.
	rules.insert(libc::SYS_ioctl, any(1, &[libc::TIOCSTI, FIOASYNC, FIOSETOWN, SIOCSPGRP])?);
	let owner = [libc::F_SETOWN, F_SETOWN_EX, F_SETSIG].map(|command| command as u64);
	let mut file = any(1, &owner)?;
	let flags = SeccompCondition::new(1, Dword, SeccompCmpOp::Eq, libc::F_SETFL as u64)?;
	let signals = libc::O_ASYNC as u64;
	let signals = SeccompCondition::new(2, Dword, SeccompCmpOp::MaskedEq(signals), signals)?;
	file.push(SeccompRule::new(vec![flags, signals])?);
	rules.insert(libc::SYS_fcntl, file);
	// Outliving the parent.
	rules.insert(libc::SYS_prctl, any(0, &[libc::PR_SET_PDEATHSIG as u64])?);
	install(rules, libc::EPERM)?;
	#[cfg(target_arch = "x86_64")]
	refuse_x32()?;
	// The arguments of this one are behind a pointer, where no filter sees them; libraries take the
	// older call when the kernel does not know it.
	install(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

/// Refuses the second set of numbers that x86-64 kernels may have for the same calls: none of the
/// filters by number sees those.
#[cfg(target_arch = "x86_64")]
fn refuse_x32() -> Result<(), seccompiler::Error> {
	use libc::{BPF_ABS, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
	const X32: u32 = 0x4000_0000;
	let step = |code: u32, jf, k| seccompiler::sock_filter { code: code as u16, jt: 0, jf, k };
	apply_filter_all_threads(&[
		// The number of the call is the first word of what a filter sees.
		step(BPF_LD | BPF_W | BPF_ABS, 0, 0),
		step(BPF_JMP | BPF_JGE | BPF_K, 1, X32),
		step(BPF_RET | BPF_K, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
		step(BPF_RET | BPF_K, 0, libc::SECCOMP_RET_ALLOW),
	])
}

fn install(
	rules: BTreeMap<i64, Vec<SeccompRule>>,
	errno: i32,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
	let arch = TargetArch::try_from(std::env::consts::ARCH)?;
	let refuse = SeccompAction::Errno(errno.unsigned_abs());
	let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?;
	apply_filter_all_threads(&BpfProgram::try_from(filter)?)?;
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn host_memory_should_be_the_same_when_a_gpu_has_more() {
		assert_eq!(host_memory(false, 1 << 30), host_memory(false, 64 << 30));
		assert_eq!(host_memory(true, 1 << 30), 4 << 30);
		assert_eq!(host_memory(true, u64::MAX), u64::MAX);
	}
}

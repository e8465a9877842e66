//! Secret keys in files: generated here, readable by their owner alone, never printed.

use crate::chain::AccountId;
use std::{
	io::Write,
	path::{Path, PathBuf},
	str::FromStr,
};
use subxt_signer::{
	sr25519::{dev, Keypair},
	DeriveJunction, SecretUri,
};

/// SS58 prefix with which addresses are shown: the generic one of Substrate.
pub const SS58_PREFIX: u16 = 42;

/// What can be wrong with a key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// There is no such file.
	#[error("there is no key file at {0}")]
	Missing(PathBuf),
	/// There is a file already.
	#[error("{0} exists already and is never overwritten")]
	Exists(PathBuf),
	/// Others than the owner may read or write the file.
	#[error("{path} is open to others (mode {mode:04o})")]
	TooOpen {
		/// The file.
		path: PathBuf,
		/// Its permission bits.
		mode: u32,
	},
	/// The file's content is not a key.
	#[error("{0} does not hold a secret key (64 hex digits, or a phrase with derivations)")]
	Invalid(PathBuf),
	/// Reading or writing failed.
	#[error("{path}: {cause}")]
	Io {
		/// The file.
		path: PathBuf,
		/// What the operating system said.
		cause: std::io::Error,
	},
	/// There is no such development account.
	#[error("there is no development account \"{0}\"")]
	UnknownDevAccount(String),
	/// The operating system gave no randomness.
	#[error("the operating system gave no randomness: {0}")]
	NoRandomness(std::io::Error),
}

impl Error {
	/// A stable code for scripts.
	pub fn code(&self) -> &'static str {
		match self {
			Self::Missing(_) => "key-missing",
			Self::Exists(_) => "key-exists",
			Self::TooOpen { .. } => "key-too-open",
			Self::Invalid(_) => "key-invalid",
			Self::Io { .. } => "key-io",
			Self::UnknownDevAccount(_) => "key-dev-account",
			Self::NoRandomness(_) => "key-randomness",
		}
	}

	/// What to do about it.
	pub fn fix(&self) -> String {
		match self {
			Self::Missing(_) => {
				"make one with `assay keys generate`, or name one with --key-file".into()
			}
			Self::Exists(_) => {
				"use the key that is there, or name another file with --key-file".into()
			}
			Self::TooOpen { path, .. } => format!("run `chmod 600 {}`", path.display()),
			Self::Invalid(_) => {
				"restore the file from your backup, or make a new key in another file".into()
			}
			Self::Io { .. } => "check the folder, its owner and the free disk space".into(),
			Self::UnknownDevAccount(_) => {
				"use one of alice, bob, charlie, dave, eve, ferdie, one, two, or an account derived \
				 from one, such as alice//stash"
					.into()
			}
			Self::NoRandomness(_) => "check that /dev/urandom can be read".into(),
		}
	}
}

/// Makes a new key in `path`, with mode 0600, and returns its account.
///
/// The file holds the 32-byte seed as 64 hex digits. It is synced before this returns; an
/// existing file is never touched, and no half-written one is left behind.
pub fn generate(path: &Path) -> Result<AccountId, Error> {
	let io = |cause| Error::Io { path: path.into(), cause };
	if path.exists() {
		return Err(Error::Exists(path.into()));
	}
	if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
		std::fs::create_dir_all(folder).map_err(io)?;
	}
	let mut seed = [0u8; 32];
	read_random(&mut seed).map_err(Error::NoRandomness)?;
	let pair = Keypair::from_secret_key(seed).map_err(|_| Error::Invalid(path.into()))?;

	let mut draft = path.as_os_str().to_owned();
	draft.push(format!(".{}.new", std::process::id()));
	let draft = PathBuf::from(draft);
	let written = write_private(&draft, hex::encode(seed).as_bytes())
		// A hard link fails when the target exists, so two generators cannot overwrite each other.
		.and_then(|()| std::fs::hard_link(&draft, path));
	let _ = std::fs::remove_file(&draft);
	written.map_err(|cause| match cause.kind() {
		std::io::ErrorKind::AlreadyExists => Error::Exists(path.into()),
		_ => io(cause),
	})?;
	if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
		let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
	}
	Ok(account(&pair))
}

#[cfg(unix)]
fn read_random(seed: &mut [u8]) -> std::io::Result<()> {
	use std::io::Read;
	std::fs::File::open("/dev/urandom")?.read_exact(seed)
}

#[cfg(not(unix))]
fn read_random(_: &mut [u8]) -> std::io::Result<()> {
	Err(std::io::Error::other("key generation is supported on Unix systems only"))
}

fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
	let mut options = std::fs::OpenOptions::new();
	options.write(true).create_new(true);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	let mut file = options.open(path)?;
	file.write_all(content)?;
	file.write_all(b"\n")?;
	file.sync_all()
}

/// Reads the key in `path`, refusing a file that others may read or write.
///
/// The file holds either 64 hex digits (with or without `0x`) or a secret phrase with optional
/// derivations, on one line.
pub fn load(path: &Path) -> Result<Keypair, Error> {
	let io = |cause: std::io::Error| match cause.kind() {
		std::io::ErrorKind::NotFound => Error::Missing(path.into()),
		_ => Error::Io { path: path.into(), cause },
	};
	let file = std::fs::File::open(path).map_err(io)?;
	#[cfg(unix)]
	{
		use std::os::unix::fs::MetadataExt;
		let mode = file.metadata().map_err(io)?.mode() & 0o777;
		if mode & 0o077 != 0 {
			return Err(Error::TooOpen { path: path.into(), mode });
		}
	}
	let mut text = String::new();
	// A key is short: a huge file named by mistake must not fill the memory.
	std::io::Read::read_to_string(&mut std::io::Read::take(file, 4_096), &mut text).map_err(io)?;
	let text = text.trim();
	let invalid = || Error::Invalid(path.into());
	let mut seed = [0u8; 32];
	if hex::decode_to_slice(text.trim_start_matches("0x"), &mut seed).is_ok() {
		return Keypair::from_secret_key(seed).map_err(|_| invalid());
	}
	let uri = SecretUri::from_str(text).map_err(|_| invalid())?;
	Keypair::from_uri(&uri).map_err(|_| invalid())
}

/// A well-known development key, such as `alice`, or one derived from it, such as `alice//stash`.
/// It is public knowledge and guards nothing.
pub fn development(name: &str) -> Result<Keypair, Error> {
	let mut parts = name.split("//");
	let pair = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
		"alice" => dev::alice(),
		"bob" => dev::bob(),
		"charlie" => dev::charlie(),
		"dave" => dev::dave(),
		"eve" => dev::eve(),
		"ferdie" => dev::ferdie(),
		"one" => dev::one(),
		"two" => dev::two(),
		_ => return Err(Error::UnknownDevAccount(name.into())),
	};
	Ok(pair.derive(parts.map(DeriveJunction::hard)))
}

/// The account of a key.
pub fn account(pair: &Keypair) -> AccountId {
	pair.public_key().to_account_id()
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::os::unix::fs::PermissionsExt;

	#[test]
	fn key_should_be_private_and_load_again_when_generated() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let path = folder.path().join("deep/worker.key");
		let made = generate(&path).expect("a new key");
		let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
		assert_eq!(mode & 0o777, 0o600);
		assert_eq!(account(&load(&path).expect("the key")), made);
		let left: Vec<_> =
			std::fs::read_dir(path.parent().expect("a folder")).expect("readable").collect();
		assert_eq!(left.len(), 1, "no draft is left behind");
	}

	#[test]
	fn key_should_never_be_overwritten_when_one_exists() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let path = folder.path().join("worker.key");
		generate(&path).expect("a new key");
		let before = std::fs::read(&path).expect("the file");
		assert!(matches!(generate(&path), Err(Error::Exists(_))));
		assert_eq!(std::fs::read(&path).expect("the file"), before);
	}

	#[test]
	fn key_should_be_refused_when_others_may_read_it() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let path = folder.path().join("worker.key");
		generate(&path).expect("a new key");
		for mode in [0o640, 0o604, 0o660, 0o622] {
			std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("chmod");
			let error = load(&path).expect_err("too open");
			assert!(matches!(error, Error::TooOpen { mode: seen, .. } if seen == mode));
			assert!(error.fix().contains("chmod 600"));
		}
	}

	#[test]
	fn key_should_be_refused_without_showing_it_when_it_is_invalid() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let path = folder.path().join("worker.key");
		write_private(&path, b"correct horse battery staple").expect("writable");
		let error = load(&path).expect_err("not a key");
		assert!(!format!("{error:?} {error} {}", error.fix()).contains("horse"));
		assert!(matches!(load(&folder.path().join("none")), Err(Error::Missing(_))));
	}

	#[test]
	fn key_should_load_from_a_phrase_with_derivation() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let path = folder.path().join("alice.key");
		write_private(
			&path,
			b"bottom drive obey lake curtain smoke basket hold race lonely fit walk//Alice",
		)
		.expect("writable");
		let alice = development("Alice").expect("known");
		assert_eq!(account(&load(&path).expect("a phrase")), account(&alice));
		assert!(development("mallory").is_err());
		write_private(
			&folder.path().join("stash.key"),
			b"bottom drive obey lake curtain smoke basket hold race lonely fit walk//Alice//stash",
		)
		.expect("writable");
		let stash = load(&folder.path().join("stash.key")).expect("a phrase");
		let derived = development("alice//stash").expect("known");
		assert_eq!(account(&stash), account(&derived));
		assert_ne!(account(&stash), account(&alice));
	}
}

//! Who asks: requests signed by a lease's access key.
//!
//! Signed is a text of eight lines, so that a wallet can show it and no two requests share one:
//!
//! ```text
//! assay/api/v1
//! 0x… (genesis hash)
//! 7 (lease)
//! PUT
//! /blobs/… (path and query)
//! … (SHA-256 of the body in hexadecimal)
//! … (nonce, 32 hexadecimal digits)
//! 1790000000000 (expiry, milliseconds since 1970)
//! ```
//!
//! Wallets wrap what they sign in `<Bytes>…</Bytes>`; both forms are taken. An sr25519 signature
//! has the top bit of its last byte set and a valid ed25519 one never has, so nobody has to say
//! which it is.

use crate::Hash;
use std::{
	collections::{BTreeMap, HashMap},
	fs::{File, OpenOptions},
	io::{self, Read, Write},
	path::{Path, PathBuf},
	sync::{Mutex, PoisonError},
};

/// Domain of the signed text.
pub const DOMAIN: &str = "assay/api/v1";
/// How far ahead an expiry may be in milliseconds: how long a nonce has to be remembered.
pub const MAX_AHEAD_MS: u64 = 300_000;
/// Most nonces that one lease may have in that time.
pub const MAX_NONCES: usize = 500_000;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 16;
/// sr25519's signing context, as wallets have it.
const CONTEXT: &[u8] = b"substrate";

/// Names of the headers.
pub mod header {
	/// Number of the lease.
	pub const LEASE: &str = "assay-lease";
	/// The access key, 64 hexadecimal digits.
	pub const KEY: &str = "assay-key";
	/// 32 hexadecimal digits that were never used before.
	pub const NONCE: &str = "assay-nonce";
	/// Milliseconds since 1970.
	pub const EXPIRES: &str = "assay-expires";
	/// 128 hexadecimal digits.
	pub const SIGNATURE: &str = "assay-signature";
	/// SHA-256 of the body.
	pub const CONTENT: &str = "assay-content-sha256";
}

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
	/// A header is missing or malformed.
	#[error("the header {0} is missing or malformed")]
	Header(&'static str),
	/// Too late.
	#[error("the request expired")]
	Expired,
	/// The expiry is too far away.
	#[error("the expiry is more than {} s ahead", MAX_AHEAD_MS / 1000)]
	TooFarAhead,
	/// Unknown or ended lease, or another's.
	#[error("this key has no such lease here")]
	NotYours,
	/// The signature is not of this key over this request on this chain.
	#[error("the signature does not fit the request")]
	Signature,
	/// The nonce was used.
	#[error("the nonce was used before")]
	Replay,
	/// Too many requests in the time of one expiry.
	#[error("too many requests")]
	TooMany,
	/// Too many wrong signatures of one address.
	#[error("too many wrong signatures came from this address")]
	TooManyWrong,
	/// The worker does not know its chain's state.
	#[error("the worker cannot reach its chain")]
	NoChain,
	/// Nonces cannot be remembered.
	#[error("the worker's storage failed")]
	Storage,
}

impl AuthError {
	/// Stable code for programs.
	pub fn code(&self) -> &'static str {
		match self {
			Self::Header(_) => "bad-header",
			Self::Expired => "expired",
			Self::TooFarAhead => "expiry-too-far",
			Self::NotYours => "not-your-lease",
			Self::Signature => "bad-signature",
			Self::Replay => "replayed",
			Self::TooMany => "too-many-requests",
			Self::TooManyWrong => "too-many-failures",
			Self::NoChain => "no-chain",
			Self::Storage => "storage",
		}
	}

	/// What to do about it.
	pub fn fix(&self) -> &'static str {
		match self {
			Self::Header(_) => "sign requests as GET /openapi.json describes",
			Self::Expired => "set this machine's clock, and sign again",
			Self::TooFarAhead => "expire requests at most five minutes ahead",
			Self::NotYours => "use the access key of an active lease of this worker",
			Self::Signature => "sign the genesis hash of this chain and the request as it is sent",
			Self::Replay => "take a random nonce for each request",
			Self::TooManyWrong => "wait a minute, and sign with the access key",
			Self::TooMany => "send fewer requests, or let them expire sooner",
			Self::NoChain | Self::Storage => "try again; tell the provider if it goes on",
		}
	}
}

/// What a signature covers besides the genesis hash.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
	/// The lease.
	pub lease: u64,
	/// HTTP method in capitals.
	pub method: &'a str,
	/// Path and query as sent.
	pub path: &'a str,
	/// Hash of the body.
	pub body: Hash,
	/// The nonce.
	pub nonce: [u8; NONCE_BYTES],
	/// Expiry, milliseconds since 1970.
	pub expires_ms: u64,
}

impl Claim<'_> {
	/// The text to sign.
	pub fn message(&self, genesis: &[u8; 32]) -> String {
		format!(
			"{DOMAIN}\n0x{}\n{}\n{}\n{}\n{}\n{}\n{}",
			hex::encode(genesis),
			self.lease,
			self.method,
			self.path,
			self.body,
			hex::encode(self.nonce),
			self.expires_ms
		)
	}
}

/// Whether `signature` is one of `key` over `message`, wrapped as wallets do or not.
pub fn verify(key: &[u8; 32], message: &str, signature: &[u8; 64]) -> bool {
	let wrapped = format!("<Bytes>{message}</Bytes>");
	let forms = [message.as_bytes(), wrapped.as_bytes()];
	if signature[63] & 0x80 == 0 {
		let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(key) else { return false };
		let signature = ed25519_dalek::Signature::from_bytes(signature);
		return forms.iter().any(|form| key.verify_strict(form, &signature).is_ok());
	}
	let (Ok(key), Ok(signature)) =
		(schnorrkel::PublicKey::from_bytes(key), schnorrkel::Signature::from_bytes(signature))
	else {
		return false;
	};
	forms.iter().any(|form| key.verify_simple(CONTEXT, form, &signature).is_ok())
}

/// A key that can sign requests.
pub trait Signer: Send + Sync {
	/// The public key.
	fn public(&self) -> [u8; 32];
	/// A signature over `message`.
	fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// An sr25519 key.
pub struct Sr25519(schnorrkel::Keypair);

impl Sr25519 {
	/// From a 32-byte seed, expanded as wallets do.
	pub fn from_seed(seed: &[u8; 32]) -> Option<Self> {
		let mini = schnorrkel::MiniSecretKey::from_bytes(seed).ok()?;
		Some(Self(mini.expand_to_keypair(schnorrkel::ExpansionMode::Ed25519)))
	}
}

impl Signer for Sr25519 {
	fn public(&self) -> [u8; 32] {
		self.0.public.to_bytes()
	}

	fn sign(&self, message: &[u8]) -> [u8; 64] {
		self.0.sign_simple(CONTEXT, message).to_bytes()
	}
}

/// An ed25519 key.
pub struct Ed25519(ed25519_dalek::SigningKey);

impl Ed25519 {
	/// From a 32-byte seed.
	pub fn from_seed(seed: &[u8; 32]) -> Self {
		Self(ed25519_dalek::SigningKey::from_bytes(seed))
	}
}

impl Signer for Ed25519 {
	fn public(&self) -> [u8; 32] {
		self.0.verifying_key().to_bytes()
	}

	fn sign(&self, message: &[u8]) -> [u8; 64] {
		ed25519_dalek::Signer::sign(&self.0, message).to_bytes()
	}
}

type Nonce = (u64, [u8; NONCE_BYTES]);
/// Lease, nonce and expiry, as the file holds them.
const ENTRY: usize = 8 + NONCE_BYTES + 8;

/// Nonces that were used and have not expired, in memory and in a file: so that a restart forgets
/// none. Only verified requests get here, so nobody else can fill it. Each costs a constant.
pub struct Nonces {
	path: PathBuf,
	state: Mutex<Known>,
}

struct Known {
	live: HashMap<Nonce, u64>,
	/// The same by the second in which they expire.
	by_second: BTreeMap<u64, Vec<Nonce>>,
	/// How many each lease has.
	count: HashMap<u64, usize>,
	file: File,
	/// Entries in the file, expired ones included.
	written: usize,
	/// Whether the file may end with a part of an entry.
	torn: bool,
}

impl Known {
	fn insert(&mut self, nonce: Nonce, expires_ms: u64) {
		if self.live.insert(nonce, expires_ms).is_none() {
			self.by_second.entry(expires_ms / 1000).or_default().push(nonce);
			*self.count.entry(nonce.0).or_default() += 1;
		}
	}

	/// Forgets what has expired in seconds that are over.
	fn prune(&mut self, now_ms: u64) {
		while let Some(second) = self.by_second.first_entry() {
			if *second.key() >= now_ms / 1000 {
				return;
			}
			for nonce in second.remove() {
				self.live.remove(&nonce);
				if let Some(count) = self.count.get_mut(&nonce.0) {
					*count -= 1;
					if *count == 0 {
						self.count.remove(&nonce.0);
					}
				}
			}
		}
	}

	/// Writes the file anew, without what has expired.
	fn rewrite(&mut self, path: &Path) -> io::Result<()> {
		let temporary = path.with_extension("new");
		let mut bytes = Vec::with_capacity(self.live.len() * ENTRY);
		for (nonce, expires) in &self.live {
			bytes.extend(entry(nonce, *expires));
		}
		std::fs::write(&temporary, bytes)?;
		std::fs::rename(&temporary, path)?;
		self.file = OpenOptions::new().append(true).open(path)?;
		self.written = self.live.len();
		self.torn = false;
		Ok(())
	}

	/// Adds an entry to the file, or leaves the file as it was.
	fn append(&mut self, nonce: &Nonce, expires_ms: u64) -> io::Result<()> {
		let written = self.file.write_all(&entry(nonce, expires_ms));
		if written.is_err() {
			// On a full disk a part of it may be there, and all that follow would be misread.
			self.torn = self.file.set_len((self.written * ENTRY) as u64).is_err();
		}
		written?;
		self.written += 1;
		Ok(())
	}
}

impl Nonces {
	/// Reads what is in the file at `path`.
	pub fn open(path: &Path, now_ms: u64) -> io::Result<Self> {
		let mut bytes = Vec::new();
		let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
		(&file).read_to_end(&mut bytes)?;
		let mut known = Known {
			live: HashMap::new(),
			by_second: BTreeMap::new(),
			count: HashMap::new(),
			file,
			written: 0,
			torn: false,
		};
		for entry in bytes.chunks_exact(ENTRY) {
			let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_le_bytes);
			let lease = number(&entry[..8]);
			let nonce = entry[8..8 + NONCE_BYTES].try_into().ok();
			let expires = number(&entry[8 + NONCE_BYTES..]);
			if let (Some(lease), Some(nonce), Some(expires)) = (lease, nonce, expires) {
				if expires >= now_ms {
					known.insert((lease, nonce), expires);
				}
			}
		}
		known.rewrite(path)?;
		Ok(Self { path: path.into(), state: Mutex::new(known) })
	}

	/// Remembers a nonce until it expires; fails if it is known.
	pub fn use_once(
		&self,
		lease: u64,
		nonce: [u8; NONCE_BYTES],
		expires_ms: u64,
		now_ms: u64,
	) -> Result<(), AuthError> {
		let nonce = (lease, nonce);
		let mut known = self.state.lock().unwrap_or_else(PoisonError::into_inner);
		if known.live.contains_key(&nonce) {
			return Err(AuthError::Replay);
		}
		known.prune(now_ms);
		if known.count.get(&lease).is_some_and(|count| *count >= MAX_NONCES) {
			return Err(AuthError::TooMany);
		}
		// Writing anew what is at most half of the file costs a constant for each request.
		if known.torn || known.written > 4_096 + 2 * known.live.len() {
			known.rewrite(&self.path).map_err(|_| AuthError::Storage)?;
		}
		known.append(&nonce, expires_ms).map_err(|_| AuthError::Storage)?;
		known.insert(nonce, expires_ms);
		Ok(())
	}
}

fn entry((lease, nonce): &Nonce, expires_ms: u64) -> [u8; ENTRY] {
	let mut entry = [0; ENTRY];
	entry[..8].copy_from_slice(&lease.to_le_bytes());
	entry[8..8 + NONCE_BYTES].copy_from_slice(nonce);
	entry[8 + NONCE_BYTES..].copy_from_slice(&expires_ms.to_le_bytes());
	entry
}

#[cfg(test)]
mod tests {
	use super::*;

	fn claim() -> Claim<'static> {
		Claim {
			lease: 7,
			method: "PUT",
			path: "/blobs/x?y=1",
			body: Hash::of(b"body"),
			nonce: [3; NONCE_BYTES],
			expires_ms: 1_000,
		}
	}

	#[test]
	fn m15_signature_should_be_refused_when_any_part_of_the_claim_is_another() {
		let signers: [Box<dyn Signer>; 2] = [
			Box::new(Sr25519::from_seed(&[1; 32]).expect("any seed is a key")),
			Box::new(Ed25519::from_seed(&[1; 32])),
		];
		let genesis = [9; 32];
		for signer in signers {
			let message = claim().message(&genesis);
			let signature = signer.sign(message.as_bytes());
			assert!(verify(&signer.public(), &message, &signature));
			let wrapped = signer.sign(format!("<Bytes>{message}</Bytes>").as_bytes());
			assert!(verify(&signer.public(), &message, &wrapped));
			let others = [
				claim().message(&[8; 32]),
				Claim { lease: 8, ..claim() }.message(&genesis),
				Claim { method: "GET", ..claim() }.message(&genesis),
				Claim { path: "/blobs/x", ..claim() }.message(&genesis),
				Claim { body: Hash::of(b""), ..claim() }.message(&genesis),
				Claim { nonce: [4; NONCE_BYTES], ..claim() }.message(&genesis),
				Claim { expires_ms: 1_001, ..claim() }.message(&genesis),
			];
			for other in others {
				assert!(!verify(&signer.public(), &other, &signature), "{other}");
			}
			assert!(!verify(&[5; 32], &message, &signature));
			let mut flipped = signature;
			flipped[10] ^= 1;
			assert!(!verify(&signer.public(), &message, &flipped));
		}
	}

	#[test]
	fn m15_nonce_should_be_refused_when_it_was_used_before_a_restart() {
		let folder = tempfile::tempdir().expect("there is a temporary folder");
		let path = folder.path().join("nonces");
		let nonces = Nonces::open(&path, 0).expect("the file opens");
		assert_eq!(nonces.use_once(1, [1; 16], 100, 0), Ok(()));
		assert_eq!(nonces.use_once(1, [1; 16], 100, 0), Err(AuthError::Replay));
		assert_eq!(nonces.use_once(2, [1; 16], 100, 0), Ok(()));
		drop(nonces);
		let nonces = Nonces::open(&path, 100).expect("the file opens");
		assert_eq!(nonces.use_once(1, [1; 16], 100, 100), Err(AuthError::Replay));
		drop(nonces);
		let nonces = Nonces::open(&path, 101).expect("the file opens");
		assert_eq!(nonces.use_once(1, [1; 16], 200, 101), Ok(()));
	}

	fn nonce(number: u64) -> [u8; 16] {
		let mut nonce = [0; 16];
		nonce[..8].copy_from_slice(&number.to_le_bytes());
		nonce
	}

	#[test]
	fn file_should_stay_small_when_nonces_expire() {
		let folder = tempfile::tempdir().expect("there is a temporary folder");
		let path = folder.path().join("nonces");
		let nonces = Nonces::open(&path, 0).expect("the file opens");
		for number in 0..50_000u64 {
			assert_eq!(nonces.use_once(1, nonce(number), number + 10, number), Ok(()));
		}
		let length = std::fs::metadata(&path).expect("it is there").len();
		assert!(length < 10_000 * ENTRY as u64, "{length}");
		let known = nonces.state.lock().expect("no panic");
		assert!(known.live.len() < 2_000 && known.count[&1] == known.live.len());
	}

	#[test]
	fn requests_should_stay_cheap_when_a_lease_has_used_all_of_its_nonces() {
		let folder = tempfile::tempdir().expect("there is a temporary folder");
		let path = folder.path().join("nonces");
		let nonces = Nonces::open(&path, 0).expect("the file opens");
		for number in 0..MAX_NONCES as u64 {
			assert_eq!(nonces.use_once(1, nonce(number), 100_000, 0), Ok(()));
		}
		let begun = std::time::Instant::now();
		for number in 0..2_000 {
			let refused = nonces.use_once(1, nonce(u64::MAX - number), 100_000, 0);
			assert_eq!(refused, Err(AuthError::TooMany));
		}
		assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
		assert_eq!(nonces.use_once(2, nonce(1), 100_000, 0), Ok(()));
		assert_eq!(nonces.use_once(1, nonce(u64::MAX), 300_000, 101_000), Ok(()));
	}

	#[test]
	#[cfg(target_os = "linux")]
	fn nonce_should_be_remembered_when_the_disk_was_full_before() {
		let folder = tempfile::tempdir().expect("there is a temporary folder");
		let path = folder.path().join("nonces");
		let nonces = Nonces::open(&path, 0).expect("the file opens");
		assert_eq!(nonces.use_once(1, nonce(1), 100, 0), Ok(()));
		let full = OpenOptions::new().append(true).open("/dev/full").expect("it opens");
		nonces.state.lock().expect("no panic").file = full;
		assert_eq!(nonces.use_once(1, nonce(2), 100, 0), Err(AuthError::Storage));
		for number in 2..4 {
			assert_eq!(nonces.use_once(1, nonce(number), 100, 0), Ok(()));
		}
		drop(nonces);
		let nonces = Nonces::open(&path, 0).expect("the file opens");
		for number in 1..4 {
			assert_eq!(nonces.use_once(1, nonce(number), 100, 0), Err(AuthError::Replay));
		}
	}
}

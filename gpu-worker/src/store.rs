//! What has to survive a crash: which chain this is, what was seen final, the roots of computed
//! tiles, the one commitment intended for every fork of a round, and signed transactions.
//!
//! Everything that is written here is written before the chain sees it. A store belongs to one
//! chain and is open in one process at a time.

use assay_flops::Hash;
use codec::{Decode, Encode};
use redb::{
	CommitError, Database, DatabaseError, Durability, ReadableDatabase, ReadableTable,
	TableDefinition,
};
use std::{
	path::{Path, PathBuf},
	sync::{Mutex, PoisonError},
	time::{Duration, Instant},
};

/// Version of the layout below.
const LAYOUT: u32 = 1;
/// Longest time that appended roots stay without a sync. What a crash takes is computed again.
const SYNC_EVERY: Duration = Duration::from_secs(1);

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// By the seed of the device in that fork of the round.
const FORKS: TableDefinition<'_, &Hash, &[u8]> = TableDefinition::new("forks");
/// By seed and first tile: the 32-byte roots of consecutive tiles.
const ROOTS: TableDefinition<'_, (&Hash, u32), &[u8]> = TableDefinition::new("roots");
const TRANSACTIONS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("transactions");

/// What can be wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// Another process has it open.
	#[error("the store {0} is in use by another worker")]
	InUse(PathBuf),
	/// It was written by a version of the worker with another layout.
	#[error("the store has layout {found}, this worker knows layout {LAYOUT}")]
	Layout {
		/// The layout found.
		found: u32,
	},
	/// It belongs to another chain.
	#[error(
		"the store belongs to the chain with genesis 0x{}, not 0x{}",
		hex::encode(pinned),
		hex::encode(found)
	)]
	OtherChain {
		/// Genesis hash that the store belongs to.
		pinned: Hash,
		/// Genesis hash of the connected chain.
		found: Hash,
	},
	/// A second, different commitment was about to be made for the same fork of a round.
	#[error("a different commitment is already intended for round {0}")]
	SecondIntent(u32),
	/// Roots do not continue where the stored ones end.
	#[error("tile {first} does not follow the {stored} stored tiles")]
	Gap {
		/// First tile of the roots to be appended.
		first: u32,
		/// How many tiles are stored.
		stored: u32,
	},
	/// There is no record of that fork.
	#[error("the store knows nothing of seed 0x{}", hex::encode(.0))]
	UnknownFork(Hash),
	/// A record cannot be decoded.
	#[error("a record of table {0} is damaged")]
	Damaged(&'static str),
	/// The folder cannot be made.
	#[error("the folder of the store cannot be made: {0}")]
	Folder(std::io::Error),
	/// The database failed.
	#[error("the store failed: {0}")]
	Database(Box<redb::Error>),
}

impl Error {
	/// A stable code for scripts.
	pub fn code(&self) -> &'static str {
		match self {
			Self::InUse(_) => "store-in-use",
			Self::Layout { .. } => "store-layout",
			Self::OtherChain { .. } => "store-other-chain",
			Self::SecondIntent(_) => "store-second-intent",
			Self::Gap { .. } | Self::UnknownFork(_) | Self::Damaged(_) => "store-damaged",
			Self::Folder(_) | Self::Database(_) => "store-io",
		}
	}

	/// What to do about it.
	pub fn fix(&self) -> String {
		match self {
			Self::InUse(_) => {
				"stop the other worker, or give this one its own folder with --base-path".into()
			}
			Self::Layout { .. } => "use the worker version that wrote it, or upgrade".into(),
			Self::OtherChain { .. } => {
				"use one folder for each chain: name another with --base-path".into()
			}
			Self::SecondIntent(_) => {
				"nothing: the first commitment stands, and the worker never makes a second one"
					.into()
			}
			Self::Gap { .. } | Self::UnknownFork(_) | Self::Damaged(_) => {
				"move the file worker.redb away and restart: claims are recomputed from the chain"
					.into()
			}
			Self::Folder(_) | Self::Database(_) => {
				"check the folder, its owner and the free disk space".into()
			}
		}
	}
}

macro_rules! from_redb {
	($($error:ident),*) => {$(
		impl From<redb::$error> for Error {
			fn from(error: redb::$error) -> Self {
				Self::Database(Box::new(error.into()))
			}
		}
	)*};
}
from_redb!(StorageError, TableError, TransactionError, CommitError, SetDurabilityError);

/// The one commitment that may be made for a fork of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Intent {
	/// Tiles under the root.
	pub tiles: u32,
	/// Root over the roots of tiles `0..tiles`.
	pub root: Hash,
}

/// A device's part in one fork of a round.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Fork {
	/// Index of the round.
	pub round: u32,
	/// Index of the device.
	pub device: u16,
	/// Block in which the round opened on this fork.
	pub opened_at: u32,
	/// The beacon's value in that block: it tells forks apart.
	pub beacon: Hash,
	/// First block that takes no more reveals: when it is final, the record can go.
	pub reveal_until: u32,
	/// The commitment, once it is fixed.
	pub intent: Option<Intent>,
}

/// A signed transaction that was, or is about to be, given to the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Signed {
	/// The encoded extrinsic.
	pub bytes: Vec<u8>,
	/// Its hash.
	pub hash: Hash,
	/// Nonce of its signer.
	pub nonce: u64,
	/// Block number at which it was signed.
	pub signed_at: u32,
	/// First block that cannot take it any more.
	pub expires_at: u32,
	/// How many transactions were signed for this purpose, this one included.
	pub attempt: u32,
}

/// The embedded store.
pub struct Store {
	database: Database,
	synced: Mutex<Instant>,
}

impl std::fmt::Debug for Store {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str("Store")
	}
}

impl Store {
	/// Opens the store in `path`, making it if there is none.
	pub fn open(path: &Path) -> Result<Self, Error> {
		if let Some(folder) = path.parent() {
			std::fs::create_dir_all(folder).map_err(Error::Folder)?;
		}
		let database = Database::create(path).map_err(|error| match error {
			DatabaseError::DatabaseAlreadyOpen => Error::InUse(path.into()),
			other => Error::Database(Box::new(other.into())),
		})?;
		let store = Self { database, synced: Mutex::new(Instant::now()) };
		store.write(Durability::Immediate, |transaction| {
			transaction.open_table(FORKS)?;
			transaction.open_table(ROOTS)?;
			transaction.open_table(TRANSACTIONS)?;
			let mut meta = transaction.open_table(META)?;
			let found = meta.get("layout")?.map(|value| decode::<u32>(value.value(), "meta"));
			match found.transpose()? {
				None => {
					meta.insert("layout", LAYOUT.encode().as_slice())?;
				}
				Some(LAYOUT) => (),
				Some(found) => return Err(Error::Layout { found }),
			}
			Ok(())
		})?;
		Ok(store)
	}

	fn write<R>(
		&self,
		durability: Durability,
		act: impl FnOnce(&redb::WriteTransaction) -> Result<R, Error>,
	) -> Result<R, Error> {
		let mut transaction = self.database.begin_write()?;
		transaction.set_durability(durability)?;
		let result = act(&transaction)?;
		transaction.commit().map_err(|error: CommitError| Error::from(error))?;
		if matches!(durability, Durability::Immediate) {
			*self.synced.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
		}
		Ok(result)
	}

	/// Durable once in a while, for data that can be computed again.
	fn lazy(&self) -> Durability {
		let synced = *self.synced.lock().unwrap_or_else(PoisonError::into_inner);
		if synced.elapsed() >= SYNC_EVERY {
			Durability::Immediate
		} else {
			Durability::None
		}
	}

	/// Pins the store to the chain with this genesis hash, or checks that it is the pinned one.
	pub fn pin_genesis(&self, genesis: &Hash) -> Result<(), Error> {
		if let Some(pinned) = self.meta::<Hash>("genesis")? {
			return if pinned == *genesis {
				Ok(())
			} else {
				Err(Error::OtherChain { pinned, found: *genesis })
			};
		}
		self.write(Durability::Immediate, |transaction| {
			transaction.open_table(META)?.insert("genesis", genesis.as_slice())?;
			Ok(())
		})
	}

	/// The genesis hash that the store is pinned to.
	pub fn genesis(&self) -> Result<Option<Hash>, Error> {
		self.meta("genesis")
	}

	/// The highest block seen final, with its hash.
	pub fn finalized(&self) -> Result<Option<(u32, Hash)>, Error> {
		self.meta("finalized")
	}

	/// Remembers a final block. The caller has checked that it is not older than the stored one.
	pub fn set_finalized(&self, number: u32, hash: &Hash) -> Result<(), Error> {
		self.write(self.lazy(), |transaction| {
			transaction
				.open_table(META)?
				.insert("finalized", (number, hash).encode().as_slice())?;
			Ok(())
		})
	}

	fn meta<T: Decode>(&self, key: &str) -> Result<Option<T>, Error> {
		let transaction = self.database.begin_read()?;
		let table = transaction.open_table(META)?;
		let value = table.get(key)?;
		value.map(|value| decode(value.value(), "meta")).transpose()
	}

	/// Records a fork of a round; one that is known keeps its tiles and its intent.
	pub fn begin_fork(&self, seed: &Hash, fork: &Fork) -> Result<(), Error> {
		if self.fork(seed)?.is_some() {
			return Ok(());
		}
		self.write(self.lazy(), |transaction| {
			transaction.open_table(FORKS)?.insert(seed, fork.encode().as_slice())?;
			Ok(())
		})
	}

	/// What is known of a fork.
	pub fn fork(&self, seed: &Hash) -> Result<Option<Fork>, Error> {
		let transaction = self.database.begin_read()?;
		let table = transaction.open_table(FORKS)?;
		let value = table.get(seed)?;
		value.map(|value| decode(value.value(), "forks")).transpose()
	}

	/// How many tiles of a fork are stored.
	pub fn tiles(&self, seed: &Hash) -> Result<u32, Error> {
		let transaction = self.database.begin_read()?;
		end_of(&transaction.open_table(ROOTS)?, seed)
	}

	/// Appends the roots of tiles `first..`; they have to follow the stored ones.
	pub fn append(&self, seed: &Hash, first: u32, roots: &[Hash]) -> Result<(), Error> {
		if roots.is_empty() {
			return Ok(());
		}
		self.write(self.lazy(), |transaction| {
			let mut table = transaction.open_table(ROOTS)?;
			let stored = end_of(&table, seed)?;
			if stored != first {
				return Err(Error::Gap { first, stored });
			}
			table.insert((seed, first), roots.as_flattened())?;
			Ok(())
		})
	}

	/// The roots of tiles `0..count`, or all that are stored if there are fewer.
	pub fn roots(&self, seed: &Hash, count: u32) -> Result<Vec<Hash>, Error> {
		let transaction = self.database.begin_read()?;
		let table = transaction.open_table(ROOTS)?;
		let wanted = usize::try_from(count).unwrap_or(usize::MAX);
		let mut roots: Vec<Hash> = Vec::new();
		for row in table.range((seed, 0)..=(seed, u32::MAX))? {
			let (key, value) = row?;
			let (chunks, rest) = value.value().as_chunks::<32>();
			if !rest.is_empty() || usize::try_from(key.value().1) != Ok(roots.len()) {
				return Err(Error::Damaged("roots"));
			}
			roots.extend_from_slice(chunks);
			if roots.len() >= wanted {
				break;
			}
		}
		roots.truncate(wanted);
		Ok(roots)
	}

	/// Fixes the one commitment of a fork, durably together with everything appended before.
	///
	/// The same intent again is fine; a different one is refused.
	pub fn intend(&self, seed: &Hash, intent: Intent) -> Result<(), Error> {
		self.write(Durability::Immediate, |transaction| {
			let mut table = transaction.open_table(FORKS)?;
			let stored = table.get(seed)?.map(|value| decode::<Fork>(value.value(), "forks"));
			let mut fork = stored.transpose()?.ok_or(Error::UnknownFork(*seed))?;
			match fork.intent {
				Some(known) if known == intent => return Ok(()),
				Some(_) => return Err(Error::SecondIntent(fork.round)),
				None => fork.intent = Some(intent),
			}
			table.insert(seed, fork.encode().as_slice())?;
			Ok(())
		})
	}

	/// Forgets the tiles of a fork that has no intent: they do not belong to what is on chain.
	pub fn drop_tiles(&self, seed: &Hash) -> Result<(), Error> {
		self.write(Durability::Immediate, |transaction| {
			let mut table = transaction.open_table(ROOTS)?;
			table.retain_in((seed, 0)..=(seed, u32::MAX), |_, _| false)?;
			Ok(())
		})
	}

	/// The signed transaction for a purpose, if there is one.
	pub fn signed(&self, purpose: &[u8]) -> Result<Option<Signed>, Error> {
		let transaction = self.database.begin_read()?;
		let table = transaction.open_table(TRANSACTIONS)?;
		let value = table.get(purpose)?;
		value.map(|value| decode(value.value(), "transactions")).transpose()
	}

	/// Stores a signed transaction durably, before it is given to the chain.
	pub fn set_signed(&self, purpose: &[u8], signed: &Signed) -> Result<(), Error> {
		self.write(Durability::Immediate, |transaction| {
			transaction.open_table(TRANSACTIONS)?.insert(purpose, signed.encode().as_slice())?;
			Ok(())
		})
	}

	/// Forgets forks whose reveal window closed in a final block, and transactions that expired
	/// before it. Returns how many forks went.
	pub fn prune(&self, finalized: u32) -> Result<u32, Error> {
		let mut gone = Vec::new();
		let mut expired = false;
		{
			let transaction = self.database.begin_read()?;
			for row in transaction.open_table(FORKS)?.iter()? {
				let (key, value) = row?;
				if decode::<Fork>(value.value(), "forks")?.reveal_until < finalized {
					gone.push(*key.value());
				}
			}
			for row in transaction.open_table(TRANSACTIONS)?.iter()? {
				let (_, value) = row?;
				expired |= !is_live(value.value(), finalized);
			}
		}
		if gone.is_empty() && !expired {
			return Ok(0);
		}
		self.write(self.lazy(), |transaction| {
			let mut forks = transaction.open_table(FORKS)?;
			let mut roots = transaction.open_table(ROOTS)?;
			for seed in &gone {
				forks.remove(seed)?;
				roots.retain_in((seed, 0)..=(seed, u32::MAX), |_, _| false)?;
			}
			transaction.open_table(TRANSACTIONS)?.retain(|_, value| is_live(value, finalized))?;
			Ok(())
		})?;
		Ok(u32::try_from(gone.len()).unwrap_or(u32::MAX))
	}
}

/// Whether a signed transaction can still be taken after a final block.
fn is_live(record: &[u8], finalized: u32) -> bool {
	decode::<Signed>(record, "transactions").is_ok_and(|signed| signed.expires_at >= finalized)
}

fn decode<T: Decode>(mut bytes: &[u8], table: &'static str) -> Result<T, Error> {
	T::decode(&mut bytes).map_err(|_| Error::Damaged(table))
}

fn end_of(
	table: &impl ReadableTable<(&'static Hash, u32), &'static [u8]>,
	seed: &Hash,
) -> Result<u32, Error> {
	match table.range((seed, 0)..=(seed, u32::MAX))?.next_back() {
		None => Ok(0),
		Some(row) => {
			let (key, value) = row?;
			let count = u32::try_from(value.value().len() / 32).unwrap_or(u32::MAX);
			Ok(key.value().1.saturating_add(count))
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const SEED: Hash = [7; 32];

	fn fork() -> Fork {
		Fork {
			round: 3,
			device: 0,
			opened_at: 100,
			beacon: [1; 32],
			reveal_until: 130,
			intent: None,
		}
	}

	fn roots(range: std::ops::Range<u8>) -> Vec<Hash> {
		range.map(|byte| [byte; 32]).collect()
	}

	#[test]
	fn store_should_refuse_a_second_opening_when_it_is_open() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let path = folder.path().join("deep/worker.redb");
		let first = Store::open(&path).expect("a new store");
		let error = Store::open(&path).expect_err("in use");
		assert!(matches!(error, Error::InUse(_)), "{error}");
		assert!(error.fix().contains("--base-path"));
		drop(first);
		Store::open(&path).expect("free again");
	}

	#[test]
	fn store_should_keep_tiles_and_intent_when_reopened() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let path = folder.path().join("worker.redb");
		{
			let store = Store::open(&path).expect("a new store");
			store.begin_fork(&SEED, &fork()).expect("writable");
			store.append(&SEED, 0, &roots(0..3)).expect("writable");
			store.append(&SEED, 3, &roots(3..5)).expect("writable");
			store.intend(&SEED, Intent { tiles: 4, root: [9; 32] }).expect("writable");
		}
		let store = Store::open(&path).expect("the same store");
		store.begin_fork(&SEED, &fork()).expect("known already");
		assert_eq!(store.tiles(&SEED).expect("readable"), 5);
		assert_eq!(store.roots(&SEED, 4).expect("readable"), roots(0..4));
		assert_eq!(store.roots(&SEED, 9).expect("readable"), roots(0..5));
		let intent = store.fork(&SEED).expect("readable").and_then(|fork| fork.intent);
		assert_eq!(intent, Some(Intent { tiles: 4, root: [9; 32] }));
	}

	#[test]
	fn store_should_refuse_a_second_intent_when_it_differs() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let store = Store::open(&folder.path().join("worker.redb")).expect("a new store");
		let intent = Intent { tiles: 4, root: [9; 32] };
		assert!(matches!(store.intend(&SEED, intent), Err(Error::UnknownFork(_))));
		store.begin_fork(&SEED, &fork()).expect("writable");
		store.intend(&SEED, intent).expect("the first");
		store.intend(&SEED, intent).expect("the same");
		for other in [Intent { tiles: 5, ..intent }, Intent { root: [8; 32], ..intent }] {
			assert!(matches!(store.intend(&SEED, other), Err(Error::SecondIntent(3))));
		}
	}

	#[test]
	fn store_should_refuse_roots_when_they_leave_a_gap() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let store = Store::open(&folder.path().join("worker.redb")).expect("a new store");
		store.append(&SEED, 0, &roots(0..2)).expect("writable");
		for first in [0, 1, 3] {
			let error = store.append(&SEED, first, &roots(0..1)).expect_err("a gap");
			assert!(matches!(error, Error::Gap { stored: 2, .. }));
		}
		assert_eq!(store.tiles(&[8; 32]).expect("readable"), 0, "other seeds are apart");
		store.drop_tiles(&SEED).expect("writable");
		assert_eq!(store.tiles(&SEED).expect("readable"), 0);
	}

	#[test]
	fn store_should_stay_with_its_chain_when_another_comes() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let path = folder.path().join("worker.redb");
		let store = Store::open(&path).expect("a new store");
		store.pin_genesis(&[1; 32]).expect("the first chain");
		drop(store);
		let store = Store::open(&path).expect("the same store");
		store.pin_genesis(&[1; 32]).expect("the same chain");
		assert!(matches!(store.pin_genesis(&[2; 32]), Err(Error::OtherChain { .. })));
	}

	#[test]
	fn store_should_forget_what_is_final_and_over() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let store = Store::open(&folder.path().join("worker.redb")).expect("a new store");
		store.begin_fork(&SEED, &fork()).expect("writable");
		store.append(&SEED, 0, &roots(0..2)).expect("writable");
		let signed = Signed {
			bytes: vec![1, 2, 3],
			hash: [4; 32],
			nonce: 5,
			signed_at: 110,
			expires_at: 126,
			attempt: 1,
		};
		store.set_signed(b"commit", &signed).expect("writable");
		assert_eq!(store.prune(126).expect("nothing yet"), 0);
		assert_eq!(store.signed(b"commit").expect("readable"), Some(signed));
		assert_eq!(store.prune(127).expect("the transaction, though no fork"), 0);
		assert_eq!(store.signed(b"commit").expect("readable"), None);
		assert_eq!(store.tiles(&SEED).expect("readable"), 2);
		assert_eq!(store.prune(131).expect("the fork"), 1);
		assert_eq!(store.fork(&SEED).expect("readable"), None);
		assert_eq!(store.tiles(&SEED).expect("readable"), 0);
	}

	#[test]
	fn store_should_lose_only_the_last_second_when_killed() {
		let folder = tempfile::tempdir().expect("a temporary folder");
		let path = folder.path().join("worker.redb");
		let copy = folder.path().join("copy.redb");
		let store = Store::open(&path).expect("a new store");
		store.begin_fork(&SEED, &fork()).expect("writable");
		store.append(&SEED, 0, &roots(0..2)).expect("writable");
		store.intend(&SEED, Intent { tiles: 2, root: [9; 32] }).expect("durable");
		store.append(&SEED, 2, &roots(2..3)).expect("not yet durable");
		// What the disk holds while the process still runs is what a killed process leaves.
		std::fs::copy(&path, &copy).expect("a copy");
		let survivor = Store::open(&copy).expect("opens without repair by hand");
		let intent = survivor.fork(&SEED).expect("readable").and_then(|fork| fork.intent);
		assert_eq!(intent, Some(Intent { tiles: 2, root: [9; 32] }));
		assert!(survivor.tiles(&SEED).expect("readable") >= 2);
	}
}

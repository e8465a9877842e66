//! Whose session keys were in use when.

use crate::pallet::{Config, KeysInUse, Pallet};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_support::{
	traits::{Defensive, KeyOwnerProofSystem},
	BoundedVec,
};
use sp_runtime::{traits::OpaqueKeys, KeyTypeId};
use sp_session::{MembershipProof, ValidatorCount};
use sp_staking::SessionIndex;

/// The largest session keys of one validator, in bytes.
pub(crate) const MAX_KEYS: u32 = 128;

/// Finds the owner of a key by the keys that were in use in the session. Those of the session pallet
/// are the ones that were set last: by them a validator could deny what it has signed, as soon as it
/// sets other keys, and who sets its old ones would answer for it.
impl<T: Config, Key: AsRef<[u8]>> KeyOwnerProofSystem<(KeyTypeId, Key)> for Pallet<T> {
	type IdentificationTuple = T::AccountId;
	type Proof = MembershipProof;

	fn prove(key: (KeyTypeId, Key)) -> Option<MembershipProof> {
		let session = pallet_session::CurrentIndex::<T>::get();
		let (_, validator_count) = Self::owner_in(session, key)?;
		Some(MembershipProof { session, trie_nodes: Vec::new(), validator_count })
	}

	fn check_proof(key: (KeyTypeId, Key), proof: MembershipProof) -> Option<T::AccountId> {
		let (owner, count) = Self::owner_in(proof.session, key)?;
		(proof.trie_nodes.is_empty() && proof.validator_count == count).then_some(owner)
	}
}

impl<T: Config> Pallet<T> {
	/// Keeps the keys that are in use from now on.
	pub(crate) fn record_keys(session: SessionIndex) {
		// These were queued in the session before, and are not replaced yet.
		let queued = pallet_session::QueuedKeys::<T>::get().into_iter();
		let encoded = queued.filter_map(|(validator, keys)| {
			let keys = BoundedVec::try_from(keys.encode()).defensive().ok()?;
			Some((validator, keys))
		});
		// Genesis refuses too many validators, but only after the session pallet has begun with them.
		if let Ok(keys) = BoundedVec::try_from(encoded.collect::<Vec<_>>()) {
			KeysInUse::<T>::insert(session, keys);
		}
	}

	/// The validator with such a key in a session, and how many validators there were.
	fn owner_in<Key: AsRef<[u8]>>(
		session: SessionIndex,
		(kind, key): (KeyTypeId, Key),
	) -> Option<(T::AccountId, ValidatorCount)> {
		let validators = KeysInUse::<T>::get(session)?;
		let count = ValidatorCount::try_from(validators.len()).ok()?;
		let (owner, _) = validators.into_iter().find(|(_, keys)| {
			T::Keys::decode(&mut &keys[..]).is_ok_and(|keys| keys.get_raw(kind) == key.as_ref())
		})?;
		Some((owner, count))
	}
}

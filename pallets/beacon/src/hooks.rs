//! The folding of every block, and the answers to consumers.

use crate::{
	pallet::{Accumulator, Config, Delay, LastVrf, Pallet, Ring},
	traits::Beacon,
	types::{fold, genesis_value, subject_seed, PastValue},
};
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_runtime::traits::{One, Saturating, UniqueSaturatedInto};

impl<T: Config> Pallet<T> {
	/// Makes the value of block `now` out of the parent's and the VRF output of its author.
	pub(crate) fn advance(now: BlockNumberFor<T>, vrf: Option<[u8; 32]>) {
		let parent_value = Accumulator::<T>::get()
			.unwrap_or_else(|| genesis_value(frame_system::Pallet::<T>::parent_hash().as_ref()));
		let value = match vrf {
			// BABE keeps its last output over a block that has none: folding it again would give
			// the author of the next block a value that was known before.
			Some(vrf) if LastVrf::<T>::get() != Some(vrf) => {
				LastVrf::<T>::put(vrf);
				fold(&parent_value, &vrf)
			}
			_ => parent_value,
		};
		Accumulator::<T>::put(value);
		Ring::<T>::insert(Self::place_of(now), PastValue { block: now, value });
	}

	/// The place of a block in the ring.
	pub(crate) fn place_of(block: BlockNumberFor<T>) -> u32 {
		let block: u64 = block.unique_saturated_into();
		block
			.checked_rem(u64::from(T::RingLength::get()))
			.and_then(|place| u32::try_from(place).ok())
			.unwrap_or_default()
	}

	/// Whether a delay is one that consumers can live with: they have the other half of the ring
	/// to store their seed.
	pub(crate) fn delay_is_valid(delay: BlockNumberFor<T>) -> bool {
		let half = T::RingLength::get().checked_div(2).unwrap_or_default();
		delay >= One::one() && delay <= half.into()
	}
}

impl<T: Config> Beacon<BlockNumberFor<T>> for Pallet<T> {
	fn current() -> H256 {
		Accumulator::<T>::get().unwrap_or_default()
	}

	fn delay() -> BlockNumberFor<T> {
		// A commitment must never be sampled with a value that stood when it was made, even on a
		// chain whose genesis did not know this pallet.
		Delay::<T>::get().max(One::one())
	}

	fn value_at(block: BlockNumberFor<T>) -> Option<H256> {
		Ring::<T>::get(Self::place_of(block))
			.filter(|past| past.block == block)
			.map(|past| past.value)
	}

	fn due_at(committed_at: BlockNumberFor<T>) -> BlockNumberFor<T> {
		committed_at.saturating_add(Self::delay())
	}

	fn seed_for(subject: &[u8], committed_at: BlockNumberFor<T>) -> Option<H256> {
		Self::value_at(Self::due_at(committed_at)).map(|value| subject_seed(&value, subject))
	}
}

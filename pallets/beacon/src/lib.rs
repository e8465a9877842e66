#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::arithmetic_side_effects,
		clippy::indexing_slicing,
		clippy::as_conversions
	)
)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

extern crate alloc;

pub use pallet::*;
pub use traits::{AuthorVrf, Beacon};
pub use weights::WeightInfo;

#[cfg(any(test, feature = "runtime-benchmarks"))]
mod benchmarking;
mod hooks;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
pub mod traits;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
pub mod types;
pub mod weights;

#[allow(clippy::expect_used, reason = "the macros' code, not ours")]
#[frame_support::pallet]
pub mod pallet {
	use crate::{types::PastValue, AuthorVrf, Beacon, WeightInfo};
	use alloc::vec::Vec;
	use core::marker::PhantomData;
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use sp_core::H256;

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the runtime has to provide.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Where the VRF output of the parent block's author comes from.
		type AuthorVrf: AuthorVrf;

		/// How many past values are kept, in blocks. At least 2; the delay is at most half of it.
		#[pallet::constant]
		type RingLength: Get<u32>;

		/// Weights of what this pallet does.
		type WeightInfo: WeightInfo;
	}

	/// The value of this block. Empty only before the first block.
	#[pallet::storage]
	pub type Accumulator<T: Config> = StorageValue<_, H256, OptionQuery>;

	/// The VRF output that was folded last. The same output again is stale and adds nothing.
	#[pallet::storage]
	pub type LastVrf<T: Config> = StorageValue<_, [u8; 32], OptionQuery>;

	/// The values of the last `RingLength` blocks, by block number modulo `RingLength`.
	#[pallet::storage]
	pub type Ring<T: Config> =
		StorageMap<_, Twox64Concat, u32, PastValue<BlockNumberFor<T>>, OptionQuery>;

	/// How many blocks lie between a commitment and the value that samples it. Written by genesis
	/// and by nothing else.
	#[pallet::storage]
	pub type Delay<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// The beacon's part of the chain specification.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// Blocks between a commitment and the value that samples it: at least 1, at most half of
		/// `RingLength`.
		pub delay: u32,
		/// Binds the type to its runtime.
		#[serde(skip)]
		pub _config: PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self { delay: 8, _config: PhantomData }
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			assert!(
				Pallet::<T>::delay_is_valid(self.delay.into()),
				"the beacon's delay has to be at least 1 and at most half of its ring"
			);
			Delay::<T>::put(BlockNumberFor::<T>::from(self.delay));
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			Self::advance(now, T::AuthorVrf::parent_vrf());
			T::WeightInfo::advance()
		}

		fn integrity_test() {
			assert!(T::RingLength::get() >= 2, "the ring has to hold two values or more");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The beacon's value of this block: 32 bytes, public and unpredictable before its block.
		pub fn current_value() -> H256 {
			<Self as Beacon<BlockNumberFor<T>>>::current()
		}

		/// The block whose value samples what was committed in block `committed_at`.
		pub fn seed_due_at(committed_at: BlockNumberFor<T>) -> BlockNumberFor<T> {
			<Self as Beacon<BlockNumberFor<T>>>::due_at(committed_at)
		}

		/// The seed that samples `subject`, committed in block `committed_at`: nothing before it is
		/// due and after the ring has moved on.
		pub fn seed_of(subject: Vec<u8>, committed_at: BlockNumberFor<T>) -> Option<H256> {
			<Self as Beacon<BlockNumberFor<T>>>::seed_for(&subject, committed_at)
		}
	}
}

//! Slot and epoch length of this network: written once at genesis, never changed.
//!
//! One Wasm serves chains with slots of one and of six seconds, so the lengths cannot be constants of the code.

pub use pallet::*;

#[frame_support::pallet]
// The macro's own expansion of the genesis config.
#[allow(missing_docs)]
pub mod pallet {
	use frame_support::{
		pallet_prelude::*,
		weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
	};
	use frame_system::limits;
	use sp_runtime::Perbill;

	/// Slot length in milliseconds where genesis says nothing.
	pub const DEFAULT_SLOT_DURATION: u64 = 6_000;
	/// Epoch length in slots where genesis says nothing: four hours.
	pub const DEFAULT_EPOCH_LENGTH: u64 = 2_400;

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {}

	#[pallet::type_value]
	/// Slot length where genesis says nothing.
	pub fn DefaultSlotDuration() -> u64 {
		DEFAULT_SLOT_DURATION
	}

	#[pallet::type_value]
	/// Epoch length where genesis says nothing.
	pub fn DefaultEpochLength() -> u64 {
		DEFAULT_EPOCH_LENGTH
	}

	/// Length of a slot in milliseconds.
	#[pallet::storage]
	pub type SlotDuration<T> = StorageValue<_, u64, ValueQuery, DefaultSlotDuration>;

	/// Length of an epoch in slots. A session is an epoch.
	#[pallet::storage]
	pub type EpochLength<T> = StorageValue<_, u64, ValueQuery, DefaultEpochLength>;

	/// The two lengths.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// Length of a slot in milliseconds, 100 to 60,000.
		pub slot_duration: u64,
		/// Length of an epoch in slots, at least 10.
		pub epoch_length: u64,
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self {
				slot_duration: DEFAULT_SLOT_DURATION,
				epoch_length: DEFAULT_EPOCH_LENGTH,
				_config: Default::default(),
			}
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			assert!(
				(100..=60_000).contains(&self.slot_duration),
				"timing.slotDuration must be between 100 and 60000 milliseconds",
			);
			assert!(self.epoch_length >= 10, "timing.epochLength must be at least 10 slots");
			SlotDuration::<T>::put(self.slot_duration);
			EpochLength::<T>::put(self.epoch_length);
		}
	}

	/// Reads the slot length in milliseconds.
	pub struct SlotMilliseconds<T>(PhantomData<T>);
	impl<T: Config> Get<u64> for SlotMilliseconds<T> {
		fn get() -> u64 {
			SlotDuration::<T>::get()
		}
	}

	/// Half a slot in milliseconds: the least time between two blocks' timestamps.
	pub struct MinimumPeriod<T>(PhantomData<T>);
	impl<T: Config> Get<u64> for MinimumPeriod<T> {
		fn get() -> u64 {
			SlotDuration::<T>::get() / 2
		}
	}

	/// Reads the epoch length in slots.
	pub struct EpochSlots<T>(PhantomData<T>);
	impl<T: Config> Get<u64> for EpochSlots<T> {
		fn get() -> u64 {
			EpochLength::<T>::get()
		}
	}

	/// Block weights: a block may compute for a third of a slot, and ordinary transactions may take
	/// three quarters of that.
	pub struct SlotBlockWeights<T>(PhantomData<T>);
	impl<T: Config> Get<limits::BlockWeights> for SlotBlockWeights<T> {
		fn get() -> limits::BlockWeights {
			let time = (SlotDuration::<T>::get() / 3).saturating_mul(WEIGHT_REF_TIME_PER_MILLIS);
			limits::BlockWeights::with_sensible_defaults(
				Weight::from_parts(time, u64::MAX),
				Perbill::from_percent(75),
			)
		}
	}
}

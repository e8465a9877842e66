//! Slot length, epoch length and unbonding time of this network: written once at genesis, never
//! changed.
//!
//! One Wasm serves chains with slots of one and of six seconds, so the lengths cannot be constants of
//! the code. Every delay of stake and governance is a part of the unbonding time, so that one value
//! turns days of a live network into minutes on a developer's chain and the delays never contradict
//! each other:
//!
//! | delay | part of the unbonding time | live | development |
//! | --- | --- | --- | --- |
//! | [`UnbondingDelay`] | all of it | 84 epochs, 14 days | 14 epochs, 14 minutes |
//! | [`CommissionDelay`] | a half | 7 days | 7 minutes |
//! | [`EscrowDelay`] | 3/14 | 3 days | 3 minutes |
//! | [`LongestFaultWindow`] | 1/14 | 1 day | 1 minute |
//!
//! An equivocation can be proven for [`KeptSessions`], which is [`SESSIONS_OF_GRACE`] less than the
//! unbonding time: stake is counted in elections of a session ahead and a report takes effect a block
//! later, and by then the stake must still be there.

pub use pallet::*;

#[frame_support::pallet]
// The macro's own expansion of the genesis config.
#[allow(missing_docs)]
pub mod pallet {
	use frame_support::{
		pallet_prelude::*,
		weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
	};
	use frame_system::{limits, pallet_prelude::BlockNumberFor};
	use sp_runtime::{traits::UniqueSaturatedFrom, Perbill};

	/// Slot length in milliseconds where genesis says nothing.
	pub const DEFAULT_SLOT_DURATION: u64 = 6_000;
	/// Epoch length in slots where genesis says nothing: four hours.
	pub const DEFAULT_EPOCH_LENGTH: u64 = 2_400;
	/// Unbonding time in epochs where genesis says nothing: fourteen days.
	pub const DEFAULT_UNBONDING_EPOCHS: u32 = 84;
	/// The unbonding time is a multiple of so many epochs, because delays are fourteenths of it.
	pub const UNBONDING_STEP: u32 = 14;
	/// The longest unbonding time in blocks: a block number never overflows when delays are added.
	pub const LONGEST_UNBONDING: u64 = 1 << 28;
	/// By how many sessions the time in which an equivocation can be proven is shorter than the
	/// unbonding time. Two, because stake that leaves at the start of a session was elected for it and
	/// for the next; one, because proofs are forgotten at the end of a session; one for charges that
	/// wait for their block.
	pub const SESSIONS_OF_GRACE: u32 = 4;

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

	#[pallet::type_value]
	/// Unbonding time where genesis says nothing.
	pub fn DefaultUnbondingEpochs() -> u32 {
		DEFAULT_UNBONDING_EPOCHS
	}

	/// Length of a slot in milliseconds.
	#[pallet::storage]
	pub type SlotDuration<T> = StorageValue<_, u64, ValueQuery, DefaultSlotDuration>;

	/// Length of an epoch in slots. A session is an epoch.
	#[pallet::storage]
	pub type EpochLength<T> = StorageValue<_, u64, ValueQuery, DefaultEpochLength>;

	/// Epochs from unbonding to withdrawal, from which all delays of stake and governance follow.
	#[pallet::storage]
	pub type UnbondingEpochs<T> = StorageValue<_, u32, ValueQuery, DefaultUnbondingEpochs>;

	/// The lengths.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// Length of a slot in milliseconds, 100 to 60,000.
		pub slot_duration: u64,
		/// Length of an epoch in slots, at least 10.
		pub epoch_length: u64,
		/// Epochs from unbonding to withdrawal, a multiple of 14.
		pub unbonding_epochs: u32,
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self {
				slot_duration: DEFAULT_SLOT_DURATION,
				epoch_length: DEFAULT_EPOCH_LENGTH,
				unbonding_epochs: DEFAULT_UNBONDING_EPOCHS,
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
			assert!(
				self.unbonding_epochs >= UNBONDING_STEP
					&& self.unbonding_epochs.is_multiple_of(UNBONDING_STEP),
				"timing.unbondingEpochs must be 14 or a multiple of it",
			);
			assert!(
				self.epoch_length.saturating_mul(self.unbonding_epochs.into()) <= LONGEST_UNBONDING,
				"timing.epochLength times timing.unbondingEpochs must be at most 2^28 slots",
			);
			SlotDuration::<T>::put(self.slot_duration);
			EpochLength::<T>::put(self.epoch_length);
			UnbondingEpochs::<T>::put(self.unbonding_epochs);
		}
	}

	impl<T: Config> Pallet<T> {
		/// `numerator / denominator` of the unbonding time in blocks, rounded down, but at least one
		/// block.
		pub fn part_of_unbonding(numerator: u32, denominator: u32) -> BlockNumberFor<T> {
			let blocks = EpochLength::<T>::get()
				.saturating_mul(UnbondingEpochs::<T>::get().into())
				.saturating_mul(numerator.into())
				.checked_div(denominator.into())
				.unwrap_or_default();
			BlockNumberFor::<T>::unique_saturated_from(blocks.max(1))
		}
	}

	/// So many fourteenths of the unbonding time, in blocks.
	pub struct UnbondingFourteenths<T, const N: u32>(PhantomData<T>);
	impl<T: Config, const N: u32> Get<BlockNumberFor<T>> for UnbondingFourteenths<T, N> {
		fn get() -> BlockNumberFor<T> {
			Pallet::<T>::part_of_unbonding(N, UNBONDING_STEP)
		}
	}

	/// Blocks from unbonding to withdrawal. Live: fourteen days.
	pub type UnbondingDelay<T> = UnbondingFourteenths<T, 14>;
	/// Blocks from the announcement of a higher commission until it is taken, in which a delegator
	/// that does not like it can begin to leave. Live: seven days.
	pub type CommissionDelay<T> = UnbondingFourteenths<T, 7>;
	/// Blocks from a conviction until its stake is burnt, in which it can be cancelled. Live: three
	/// days.
	pub type EscrowDelay<T> = UnbondingFourteenths<T, 3>;
	/// Blocks in which a fault of a worker can still be proven. Live: one day.
	pub type LongestFaultWindow<T> = UnbondingFourteenths<T, 1>;

	/// Sessions for which membership can be proven, so that old equivocations can be reported.
	pub struct KeptSessions<T>(PhantomData<T>);
	impl<T: Config> Get<u32> for KeptSessions<T> {
		fn get() -> u32 {
			UnbondingEpochs::<T>::get().saturating_sub(SESSIONS_OF_GRACE)
		}
	}
	impl<T: Config> Get<u64> for KeptSessions<T> {
		fn get() -> u64 {
			<Self as Get<u32>>::get().into()
		}
	}

	/// Blocks for which a report of an equivocation is worth keeping in a node's pool.
	pub struct ReportLongevity<T>(PhantomData<T>);
	impl<T: Config> Get<u64> for ReportLongevity<T> {
		fn get() -> u64 {
			EpochLength::<T>::get().saturating_mul(<KeptSessions<T> as Get<u64>>::get())
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

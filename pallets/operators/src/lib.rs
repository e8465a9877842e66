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
#[cfg(feature = "runtime-benchmarks")]
pub use traits::BenchmarkWorkers;
pub use traits::{Occupancy, OpenObligations, Rounds, Security, Staking, Workers};
pub use types::{
	Activity, ConsensusStake, ConvictionId, DeviceIndex, Fault, Obligation, Service, Share,
	WorkerId, WHOLE_DEVICE,
};
pub use weights::WeightInfo;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
mod convictions;
mod hooks;
mod ledger;
#[cfg(test)]
mod mock;
mod stake;
#[cfg(test)]
mod tests;
pub mod traits;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
pub mod types;
mod views;
pub mod weights;

#[allow(clippy::expect_used, clippy::as_conversions, reason = "the macros' code, not ours")]
#[frame_support::pallet]
pub mod pallet {
	use crate::{
		traits::{OpenObligations, Rounds},
		types::*,
		WeightInfo,
	};
	use alloc::vec::Vec;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{hold, Inspect, Mutate},
		DefaultNoBound,
	};
	use frame_system::pallet_prelude::*;
	use sp_runtime::Permill;

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the runtime has to provide.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// The native currency.
		type Currency: Inspect<Self::AccountId>
			+ Mutate<Self::AccountId>
			+ hold::Inspect<Self::AccountId, Reason = Self::RuntimeHoldReason>
			+ hold::Mutate<Self::AccountId>
			+ hold::Balanced<Self::AccountId>;

		/// The runtime's reasons for holds.
		type RuntimeHoldReason: From<HoldReason>;

		/// The clock of key rotation.
		type Rounds: Rounds;

		/// Asked before a worker is removed.
		type OpenObligations: OpenObligations;

		/// The bond an operator begins with and needs to take on new obligations.
		#[pallet::constant]
		type MinimumBond: Get<BalanceOf<Self>>;

		/// Held on the operator's account for every worker.
		#[pallet::constant]
		type WorkerDeposit: Get<BalanceOf<Self>>;

		/// Held on the operator's account for every device.
		#[pallet::constant]
		type DeviceDeposit: Get<BalanceOf<Self>>;

		/// Blocks from unbonding to withdrawal. Longer than `LongestFaultWindow` and than
		/// `EscrowDelay`.
		#[pallet::constant]
		type UnbondingDelay: Get<BlockNumberFor<Self>>;

		/// Blocks in which a fault can still be proven after the act, in whatever service.
		#[pallet::constant]
		type LongestFaultWindow: Get<BlockNumberFor<Self>>;

		/// Blocks from a conviction to the moment when it can be executed.
		#[pallet::constant]
		type EscrowDelay: Get<BlockNumberFor<Self>>;

		/// The part of the operator's own stake in a conviction that goes to the prover. At most
		/// 49 %.
		#[pallet::constant]
		type BountyShare: Get<Permill>;

		/// How many workers an operator can have.
		#[pallet::constant]
		type MaxWorkers: Get<u32>;

		/// How many devices a worker can have.
		#[pallet::constant]
		type MaxDevices: Get<DeviceIndex>;

		/// How many amounts of an operator can be unbonding at a time.
		#[pallet::constant]
		type MaxUnbondingChunks: Get<u32>;

		/// The longest description of a device, in bytes.
		#[pallet::constant]
		type MaxDescription: Get<u32>;

		/// The longest reason of a cancellation, in bytes.
		#[pallet::constant]
		type MaxReason: Get<u32>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The bond of an operator, what is unbonding included.
		Bond,
		/// Stake of convictions that are not final.
		Escrow,
		/// Deposits for workers and devices.
		Deposit,
	}

	/// All operators.
	#[pallet::storage]
	pub type Operators<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, OperatorRecordOf<T>, OptionQuery>;

	/// The number that the next worker gets.
	#[pallet::storage]
	pub type NextWorkerId<T: Config> = StorageValue<_, WorkerId, ValueQuery>;

	/// All workers.
	#[pallet::storage]
	pub type Workers<T: Config> =
		StorageMap<_, Twox64Concat, WorkerId, WorkerRecordOf<T>, OptionQuery>;

	/// The workers of each operator.
	#[pallet::storage]
	pub type WorkersOf<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Twox64Concat,
		WorkerId,
		(),
		OptionQuery,
	>;

	/// The worker of every hot key, in use or waiting for the next round.
	#[pallet::storage]
	pub type Keys<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, WorkerId, OptionQuery>;

	/// The devices of each worker.
	#[pallet::storage]
	pub type Devices<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		WorkerId,
		Twox64Concat,
		DeviceIndex,
		DeviceRecordOf<T>,
		OptionQuery,
	>;

	/// The stake that is set aside for each open obligation.
	#[pallet::storage]
	pub type Reservations<T: Config> = StorageNMap<
		_,
		(
			NMapKey<Blake2_128Concat, T::AccountId>,
			NMapKey<Twox64Concat, Service>,
			NMapKey<Blake2_128Concat, Obligation>,
		),
		BalanceOf<T>,
		OptionQuery,
	>;

	/// The number that the next conviction gets.
	#[pallet::storage]
	pub type NextConvictionId<T: Config> = StorageValue<_, ConvictionId, ValueQuery>;

	/// The convictions in escrow.
	#[pallet::storage]
	pub type Convictions<T: Config> =
		StorageMap<_, Twox64Concat, ConvictionId, ConvictionRecordOf<T>, OptionQuery>;

	/// The block of the last conviction of an operator in a service.
	#[pallet::storage]
	pub type VoidedAt<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Twox64Concat,
		Service,
		BlockNumberFor<T>,
		OptionQuery,
	>;

	/// What executed convictions have burnt so far.
	#[pallet::storage]
	pub type TotalBurnt<T: Config> = StorageValue<_, BalanceOf<T>, ValueQuery>;

	/// The operators with which the chain begins.
	#[pallet::genesis_config]
	#[derive(DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Their accounts have to be endowed with bond, deposits and the existential deposit.
		pub operators: Vec<GenesisOperator<T>>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			Pallet::<T>::integrity_test();
			for (operator, payout, bond, workers) in &self.operators {
				if let Err(error) = Pallet::<T>::build_operator(operator, payout, *bond, workers) {
					panic!("operator {operator:?} of the chain specification: {error:?}");
				}
			}
		}
	}

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An account became an operator.
		OperatorRegistered {
			/// The account.
			operator: T::AccountId,
			/// Where its rewards go.
			payout: T::AccountId,
			/// Its bond.
			bond: BalanceOf<T>,
		},
		/// An operator's rewards go elsewhere from now on.
		PayoutSet {
			/// The operator.
			operator: T::AccountId,
			/// Where its rewards go.
			payout: T::AccountId,
		},
		/// An operator raised its bond.
		BondRaised {
			/// The operator.
			operator: T::AccountId,
			/// By how much.
			amount: BalanceOf<T>,
			/// The bond after it.
			bonded: BalanceOf<T>,
		},
		/// A part of a bond was sent on its way out.
		Unbonded {
			/// The operator.
			operator: T::AccountId,
			/// The part.
			amount: BalanceOf<T>,
			/// The first block in which it can be withdrawn.
			due: BlockNumberFor<T>,
			/// The bond after it.
			bonded: BalanceOf<T>,
		},
		/// Unbonded stake was given back.
		Withdrawn {
			/// The operator.
			operator: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// A worker was added.
		WorkerAdded {
			/// Its operator.
			operator: T::AccountId,
			/// Its number.
			worker: WorkerId,
			/// Its hot key.
			key: T::AccountId,
			/// What is held for it.
			deposit: BalanceOf<T>,
		},
		/// A worker gets another hot key.
		KeyRotated {
			/// The worker.
			worker: WorkerId,
			/// The key that takes over.
			key: T::AccountId,
			/// The first round in which it signs.
			from_round: u32,
		},
		/// A worker was removed.
		WorkerRemoved {
			/// Its operator.
			operator: T::AccountId,
			/// The worker.
			worker: WorkerId,
			/// The deposit that was given back.
			deposit: BalanceOf<T>,
		},
		/// A device was added.
		DeviceAdded {
			/// Its worker.
			worker: WorkerId,
			/// Its index.
			device: DeviceIndex,
			/// What the operator says about it.
			description: DescriptionOf<T>,
			/// What is held for it.
			deposit: BalanceOf<T>,
		},
		/// A device was described anew.
		DeviceDescribed {
			/// Its worker.
			worker: WorkerId,
			/// Its index.
			device: DeviceIndex,
			/// What the operator says about it.
			description: DescriptionOf<T>,
		},
		/// A device was removed.
		DeviceRemoved {
			/// Its worker.
			worker: WorkerId,
			/// Its index.
			device: DeviceIndex,
			/// The deposit that was given back.
			deposit: BalanceOf<T>,
		},
		/// An operator takes on no new obligations any more.
		RetirementBegun {
			/// The operator.
			operator: T::AccountId,
		},
		/// An operator left with everything that was its own.
		Retired {
			/// The operator.
			operator: T::AccountId,
		},
		/// Stake was set aside for an obligation.
		StakeReserved {
			/// The operator.
			operator: T::AccountId,
			/// The service it is obliged to.
			service: Service,
			/// The obligation.
			obligation: Obligation,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// An obligation is final and its stake is free.
		StakeReleased {
			/// The operator.
			operator: T::AccountId,
			/// The service it was obliged to.
			service: Service,
			/// The obligation.
			obligation: Obligation,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// An operator was convicted and the reservation went into escrow.
		Convicted {
			/// The number of the conviction.
			id: ConvictionId,
			/// The operator.
			operator: T::AccountId,
			/// The service it was obliged to.
			service: Service,
			/// The obligation that was broken.
			obligation: Obligation,
			/// How it was broken.
			fault: Fault,
			/// The stake in escrow.
			amount: BalanceOf<T>,
			/// The part of it that the prover will get.
			bounty: BalanceOf<T>,
			/// Who earns the bounty.
			prover: Option<T::AccountId>,
			/// The first block in which the conviction can be executed.
			execute_at: BlockNumberFor<T>,
		},
		/// A conviction became final.
		ConvictionExecuted {
			/// The number of the conviction.
			id: ConvictionId,
			/// The operator.
			operator: T::AccountId,
			/// What was burnt.
			burnt: BalanceOf<T>,
			/// What the prover got.
			bounty: BalanceOf<T>,
			/// Who got the bounty.
			prover: Option<T::AccountId>,
		},
		/// A conviction was cancelled by root and its stake is bonded again.
		ConvictionCancelled {
			/// The number of the conviction.
			id: ConvictionId,
			/// The operator.
			operator: T::AccountId,
			/// The stake that went back.
			amount: BalanceOf<T>,
			/// Why, in UTF-8.
			reason: BoundedVec<u8, T::MaxReason>,
		},
		/// More of a device is in use.
		DeviceOccupied {
			/// Its worker.
			worker: WorkerId,
			/// Its index.
			device: DeviceIndex,
			/// How many thousandths more.
			share: Share,
			/// How many thousandths are in use after it.
			occupied: Share,
		},
		/// Less of a device is in use.
		DeviceFreed {
			/// Its worker.
			worker: WorkerId,
			/// Its index.
			device: DeviceIndex,
			/// How many thousandths less.
			share: Share,
			/// How many thousandths are in use after it.
			occupied: Share,
		},
	}

	/// What the caller has to do otherwise.
	#[pallet::error]
	pub enum Error<T> {
		/// This account is an operator already; use its other calls.
		AlreadyRegistered,
		/// This account is not an operator; register it first.
		UnknownOperator,
		/// This account is a worker's hot key; register another account as operator.
		AccountIsHotKey,
		/// The payout account is a worker's hot key, which may move no funds; name another account.
		PayoutIsHotKey,
		/// The operator is retiring; withdraw everything and register again to begin anew.
		OperatorRetiring,
		/// The amount is zero; name a larger one.
		AmountIsZero,
		/// The bond would be or is below the minimum; unbond less, bond more, or retire.
		BondBelowMinimum,
		/// This stake is reserved for open obligations; wait until they are final or unbond less.
		StakeIsReserved,
		/// Too many amounts are unbonding; withdraw what is due first.
		TooManyUnbondingChunks,
		/// Nothing is free to be unbonded; wait until open obligations are final.
		NothingToUnbond,
		/// Nothing is due and the operator cannot leave yet; look up the next due block.
		NothingToWithdraw,
		/// The operator has as many workers as it can have; remove one first.
		TooManyWorkers,
		/// The worker has or had as many devices as it can have; remove one or add another worker.
		TooManyDevices,
		/// There is no such worker; look up the number of yours.
		UnknownWorker,
		/// The worker belongs to another operator; sign with that operator's account.
		NotTheOperator,
		/// The origin is no worker's effective hot key; sign with the key of the current round.
		NotAHotKey,
		/// The key is or was just used by a worker; generate a fresh one.
		KeyInUse,
		/// The key is an operator's account; generate a fresh one.
		KeyIsOperator,
		/// The key is the operator's payout account; generate a fresh one.
		KeyIsPayout,
		/// The worker still has devices; remove them first.
		WorkerHasDevices,
		/// The worker still has open obligations; settle them first.
		WorkerHasObligations,
		/// The worker may begin nothing new while its operator retires or is bonded below the
		/// minimum; raise the bond or take another worker.
		WorkerInactive,
		/// The worker has no such device; look up the indices of its devices.
		UnknownDevice,
		/// The device is in use; wait until its leases and jobs have ended.
		DeviceIsOccupied,
		/// Stake is reserved for the device; wait until its obligations are final.
		DeviceHasObligations,
		/// There is a reservation for this obligation already; release it or use another nonce.
		AlreadyReserved,
		/// There is no reservation for this obligation; it was released or convicted before.
		UnknownReservation,
		/// The operator's free bond is too small for this obligation; bond more.
		InsufficientStake,
		/// There is no such conviction; it was executed or cancelled before.
		UnknownConviction,
		/// The conviction is still in escrow; try again when its delay has passed.
		EscrowNotOver,
		/// The escrow of the conviction is over; it can only be executed.
		EscrowOver,
		/// The share has to lie between 1 and 1,000 thousandths; name another one.
		InvalidShare,
		/// Not so much of the device is free; ask for a smaller share or another device.
		DeviceFull,
		/// Not so much of the device is occupied; free a smaller share.
		ShareNotOccupied,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			if let Err(reason) = Self::check_constants() {
				panic!("the operators' constants contradict each other: {reason}");
			}
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call(weight(<T as Config>::WeightInfo))]
	impl<T: Config> Pallet<T> {
		/// Makes the caller an operator with the minimum bond, which is held on its account.
		///
		/// Rewards go to `payout`, which may be the caller itself.
		#[pallet::call_index(0)]
		pub fn register(origin: OriginFor<T>, payout: T::AccountId) -> DispatchResult {
			Self::do_register(ensure_signed(origin)?, payout, T::MinimumBond::get())
		}

		/// Sends the caller's later rewards to `payout`.
		#[pallet::call_index(1)]
		pub fn set_payout(origin: OriginFor<T>, payout: T::AccountId) -> DispatchResult {
			Self::do_set_payout(ensure_signed(origin)?, payout)
		}

		/// Raises the caller's bond by `amount` (smallest unit) from its free balance.
		#[pallet::call_index(2)]
		pub fn bond_more(origin: OriginFor<T>, amount: BalanceOf<T>) -> DispatchResult {
			Self::do_bond_more(ensure_signed(origin)?, amount)
		}

		/// Sends `amount` (smallest unit) of the caller's unreserved bond on its way out.
		///
		/// It can be withdrawn after the unbonding delay. The minimum bond stays, unless the
		/// operator is retiring.
		#[pallet::call_index(3)]
		pub fn unbond(origin: OriginFor<T>, amount: BalanceOf<T>) -> DispatchResult {
			Self::do_unbond(ensure_signed(origin)?, amount)
		}

		/// Gives back all unbonded stake that is due, and lets a retiring operator leave when
		/// nothing of it is left: no stake, no worker, no conviction in escrow.
		#[pallet::call_index(4)]
		pub fn withdraw(origin: OriginFor<T>) -> DispatchResult {
			Self::do_withdraw(ensure_signed(origin)?)
		}

		/// Adds a worker that signs with `hot_key`; its number is in the event.
		///
		/// The key has to be fresh: no operator's account, not the payout account, no other
		/// worker's key. A deposit is held until the worker is removed.
		#[pallet::call_index(5)]
		pub fn add_worker(origin: OriginFor<T>, hot_key: T::AccountId) -> DispatchResult {
			Self::do_add_worker(ensure_signed(origin)?, hot_key).map(|_| ())
		}

		/// Lets `new_key` sign for a worker of the caller from the next round on. A rotation that
		/// is still waiting is replaced.
		#[pallet::call_index(6)]
		pub fn rotate_key(
			origin: OriginFor<T>,
			worker: WorkerId,
			new_key: T::AccountId,
		) -> DispatchResult {
			Self::do_rotate_key(ensure_signed(origin)?, worker, new_key)
		}

		/// Removes a worker without devices and open obligations, and gives its deposit back.
		#[pallet::call_index(7)]
		pub fn remove_worker(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
			Self::do_remove_worker(ensure_signed(origin)?, worker)
		}

		/// Adds a device to a worker of the caller; its index is in the event.
		///
		/// The description (UTF-8) is information for people: nothing is ever paid for it. A
		/// deposit is held until the device is removed.
		#[pallet::call_index(8)]
		pub fn add_device(
			origin: OriginFor<T>,
			worker: WorkerId,
			description: DescriptionOf<T>,
		) -> DispatchResult {
			Self::do_add_device(ensure_signed(origin)?, worker, description).map(|_| ())
		}

		/// Replaces the description (UTF-8) of a device.
		#[pallet::call_index(9)]
		pub fn describe_device(
			origin: OriginFor<T>,
			worker: WorkerId,
			device: DeviceIndex,
			description: DescriptionOf<T>,
		) -> DispatchResult {
			Self::do_describe_device(ensure_signed(origin)?, worker, device, description)
		}

		/// Removes a device without use and open obligations, and gives its deposit back.
		#[pallet::call_index(10)]
		pub fn remove_device(
			origin: OriginFor<T>,
			worker: WorkerId,
			device: DeviceIndex,
		) -> DispatchResult {
			Self::do_remove_device(ensure_signed(origin)?, worker, device)
		}

		/// Ends the caller's career: no new obligations, and what is not reserved starts unbonding.
		/// Call it again when more obligations are final, and `withdraw` when the stake is due.
		#[pallet::call_index(11)]
		pub fn retire(origin: OriginFor<T>) -> DispatchResult {
			Self::do_retire(ensure_signed(origin)?)
		}

		/// Makes a conviction final whose escrow is over: pays the bounty and burns the rest.
		/// Anybody may call it; the fee is returned.
		#[pallet::call_index(12)]
		pub fn execute_conviction(
			origin: OriginFor<T>,
			id: ConvictionId,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			Self::do_execute_conviction(id)?;
			Ok(Pays::No.into())
		}

		/// Cancels a conviction within its escrow and gives the stake back to the bond. Root only.
		///
		/// Rewards that the conviction voided stay void.
		#[pallet::call_index(13)]
		pub fn cancel_conviction(
			origin: OriginFor<T>,
			id: ConvictionId,
			reason: BoundedVec<u8, T::MaxReason>,
		) -> DispatchResult {
			ensure_root(origin)?;
			Self::do_cancel_conviction(id, reason)
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// What is known of an operator; nothing if the account is none.
		pub fn operator_status(
			operator: T::AccountId,
		) -> Option<OperatorStatus<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>> {
			Self::view_operator(&operator)
		}

		/// What is known of a worker and its devices; nothing if there is none of this number.
		pub fn worker_status(worker: WorkerId) -> Option<WorkerStatus<T::AccountId>> {
			Self::view_worker(worker)
		}

		/// The numbers of an operator's workers, ascending.
		pub fn workers_of(operator: T::AccountId) -> Vec<WorkerId> {
			Self::view_workers(&operator)
		}

		/// The worker for which a hot key signs in the current round.
		pub fn worker_of_key(key: T::AccountId) -> Option<WorkerId> {
			<Self as crate::traits::Workers<T::AccountId>>::worker_of(&key)
		}
	}
}

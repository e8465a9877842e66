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
pub use traits::{
	BenchmarkWorkers, Occupancy, OpenObligations, Rounds, Security, Staking, Workers,
};
pub use types::*;
pub use weights::WeightInfo;

mod allocation;
#[cfg(any(test, feature = "runtime-benchmarks"))]
mod benchmarking;
mod calls;
mod convictions;
mod delegation;
mod hooks;
mod ledger;
#[cfg(test)]
mod mock;
mod rewards;
mod stake;
#[cfg(feature = "std")]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod traits;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
pub mod types;
mod views;
pub mod weights;

#[allow(clippy::expect_used, clippy::as_conversions, reason = "the macros' code, not ours")]
#[frame_support::pallet]
pub mod pallet {
	use crate::{traits::*, types::*, weights::with_claim, WeightInfo};
	use alloc::vec::Vec;
	use assay_economics::deterrence::Policy;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{hold, Inspect, Mutate},
		PalletId,
	};
	use frame_system::pallet_prelude::*;

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the runtime has to provide.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// The native currency.
		type Currency: Inspect<Self::AccountId, Balance = Balance>
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

		/// The number of the current session.
		type Session: Get<u32>;

		/// Who may cancel a conviction that is in escrow.
		type CancelOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Names the account with all delegated stake.
		#[pallet::constant]
		type DelegationPot: Get<PalletId>;

		/// Names the account with all rewards that wait to be claimed.
		#[pallet::constant]
		type RewardsPot: Get<PalletId>;

		/// The bond an operator begins with and needs to take on new obligations.
		#[pallet::constant]
		type MinimumBond: Get<Balance>;

		/// Held on the operator's account for every worker.
		#[pallet::constant]
		type WorkerDeposit: Get<Balance>;

		/// Held on the operator's account for every device.
		#[pallet::constant]
		type DeviceDeposit: Get<Balance>;

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

		/// The least stake that an account can have delegated to an operator.
		#[pallet::constant]
		type MinimumDelegation: Get<Balance>;

		/// The highest commission that can be announced, in parts in a million.
		#[pallet::constant]
		type MaxCommission: Get<u32>;

		/// By how much one announcement can raise a commission, in parts in a million.
		#[pallet::constant]
		type MaxCommissionRaise: Get<u32>;

		/// Blocks from the announcement of a higher commission to the moment when it holds.
		#[pallet::constant]
		type CommissionDelay: Get<BlockNumberFor<Self>>;

		/// How many workers an operator can have.
		#[pallet::constant]
		type MaxWorkers: Get<u32>;

		/// How many devices a worker can have.
		#[pallet::constant]
		type MaxDevices: Get<DeviceIndex>;

		/// How many amounts of an operator, or of a delegation, can be on their way out at a time.
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
	pub type WorkersOf<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, WorkerId, ()>;

	/// The worker of every hot key, in use or waiting for the next round.
	#[pallet::storage]
	pub type Keys<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, WorkerId, OptionQuery>;

	/// The devices of each worker.
	#[pallet::storage]
	pub type Devices<T: Config> =
		StorageDoubleMap<_, Twox64Concat, WorkerId, Twox64Concat, DeviceIndex, DeviceRecordOf<T>>;

	/// The stake that is set aside for each open obligation.
	#[pallet::storage]
	pub type Reservations<T: Config> = StorageNMap<
		_,
		(
			NMapKey<Blake2_128Concat, T::AccountId>,
			NMapKey<Twox64Concat, Service>,
			NMapKey<Blake2_128Concat, Obligation>,
		),
		Balance,
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
	>;

	/// What executed convictions have burnt so far.
	#[pallet::storage]
	pub type TotalBurnt<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// What each account has delegated to each operator.
	#[pallet::storage]
	pub type Delegations<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Blake2_128Concat,
		T::AccountId,
		DelegationOf<T>,
	>;

	/// Delegators of an operator that begin to earn in the same session, which is the second key.
	#[pallet::storage]
	pub type Cohorts<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, u32, Cohort>;

	/// Blocks from the announcement of a higher allocation to the moment when it holds.
	#[pallet::storage]
	pub type AllocationDelay<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// The least `AllocationDelay` that can be set; from genesis.
	#[pallet::storage]
	pub type AllocationDelayFloor<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// What the network assumes about jobs and asks of them, the share of a bounty included.
	#[pallet::storage]
	pub type EconomicPolicy<T: Config> = StorageValue<_, Policy, OptionQuery>;

	/// With what the chain begins.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// Their accounts have to be endowed with bond, deposits and the existential deposit.
		pub operators: Vec<GenesisOperator<T>>,
		/// Least blocks from the announcement of a higher allocation to the moment when it holds.
		pub allocation_delay: BlockNumberFor<T>,
		/// What the network assumes about jobs and asks of them.
		pub policy: Policy,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			Pallet::<T>::integrity_test();
			let built = Pallet::<T>::build_genesis(self);
			assert!(built.is_ok(), "the operators of the chain specification: {built:?}");
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
			bond: Balance,
			/// Its allocations, which hold at once.
			allocations: InitialAllocations,
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
			amount: Balance,
			/// The bond after it.
			bonded: Balance,
		},
		/// A part of a bond was sent on its way out.
		Unbonded {
			/// The operator.
			operator: T::AccountId,
			/// The part.
			amount: Balance,
			/// The first block in which it can be withdrawn.
			due: BlockNumberFor<T>,
			/// The bond after it.
			bonded: Balance,
		},
		/// Unbonded stake was given back.
		Withdrawn {
			/// The operator.
			operator: T::AccountId,
			/// How much.
			amount: Balance,
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
			deposit: Balance,
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
			deposit: Balance,
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
			deposit: Balance,
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
			deposit: Balance,
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
			amount: Balance,
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
			amount: Balance,
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
			amount: Balance,
			/// The part of it that is its delegators'.
			delegated: Balance,
			/// The part of it that the prover will get.
			bounty: Balance,
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
			burnt: Balance,
			/// What the prover got.
			bounty: Balance,
			/// Who got the bounty.
			prover: Option<T::AccountId>,
		},
		/// A conviction was cancelled and its stake is back where it was.
		ConvictionCancelled {
			/// The number of the conviction.
			id: ConvictionId,
			/// The operator.
			operator: T::AccountId,
			/// The stake that went back.
			amount: Balance,
			/// Why, in UTF-8.
			reason: BoundedVec<u8, T::MaxReason>,
		},
		/// An account delegated stake to an operator.
		Delegated {
			/// The operator.
			operator: T::AccountId,
			/// The account.
			delegator: T::AccountId,
			/// How much.
			amount: Balance,
			/// The shares of the operator's pool that it bought.
			shares: u128,
		},
		/// Delegated stake was sent on its way out.
		Undelegated {
			/// The operator.
			operator: T::AccountId,
			/// The delegator.
			delegator: T::AccountId,
			/// How many shares.
			shares: u128,
			/// What they are worth now; a slash may lower it.
			amount: Balance,
			/// The first block in which they can be withdrawn.
			due: BlockNumberFor<T>,
		},
		/// Delegated stake was given back.
		DelegationWithdrawn {
			/// The operator.
			operator: T::AccountId,
			/// The delegator.
			delegator: T::AccountId,
			/// How many shares.
			shares: u128,
			/// What they were worth.
			amount: Balance,
		},
		/// Delegated stake went to another operator without waiting.
		Redelegated {
			/// The delegator.
			delegator: T::AccountId,
			/// The operator that had it.
			from: T::AccountId,
			/// The operator that has it.
			to: T::AccountId,
			/// How much.
			amount: Balance,
			/// The shares of the former.
			sold: u128,
			/// The shares of the latter.
			bought: u128,
		},
		/// A session's income was shared.
		Rewarded {
			/// The operator.
			operator: T::AccountId,
			/// The session.
			session: u32,
			/// The operator's own part, its commission included.
			own: Balance,
			/// Its delegators' part.
			delegated: Balance,
			/// The part of delegators that have begun to leave since the election, and what cannot be
			/// divided.
			burnt: Balance,
		},
		/// Rewards were paid.
		RewardsClaimed {
			/// The operator that earned them.
			operator: T::AccountId,
			/// The operator or the delegator that claimed.
			claimant: T::AccountId,
			/// Where they went.
			payee: T::AccountId,
			/// How much.
			amount: Balance,
		},
		/// An operator has, or will have, another commission.
		CommissionAnnounced {
			/// The operator.
			operator: T::AccountId,
			/// The commission in parts in a million.
			commission_ppm: u32,
			/// The first block in which it holds.
			due: BlockNumberFor<T>,
		},
		/// An operator will allocate another share to a service, or keeps its present one.
		AllocationAnnounced {
			/// The operator.
			operator: T::AccountId,
			/// The service.
			service: Service,
			/// The share of the stake in parts in a million.
			share_ppm: u32,
			/// The first block in which it holds.
			due: BlockNumberFor<T>,
		},
		/// Root changed the delay of higher allocations.
		AllocationDelaySet {
			/// The delay.
			blocks: BlockNumberFor<T>,
		},
		/// Root changed what the network assumes about jobs.
		PolicySet {
			/// The policy.
			policy: Policy,
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
		/// The own bond would be or is below the minimum; unbond less, bond more, or retire.
		BondBelowMinimum,
		/// This stake is reserved for open obligations; wait until they are final or unbond less.
		StakeIsReserved,
		/// Too many amounts are on their way out; withdraw what is due first.
		TooManyUnbondingChunks,
		/// Nothing is free to be unbonded; wait until open obligations are final.
		NothingToUnbond,
		/// Nothing is due, or the operator cannot leave yet; look up the next due block.
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
		/// Too little of the operator's allocation to the service is free; allocate or bond more.
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
		/// An operator cannot be its own delegator; bond more instead.
		SelfDelegation,
		/// The delegation would be below the minimum; delegate more.
		DelegationTooSmall,
		/// The operator can take no more delegated stake; delegate less or to another one.
		DelegationTooLarge,
		/// The account has not so much above the existential deposit; delegate less.
		BalanceTooLow,
		/// Delegated stake of this operator is in escrow; wait until its convictions are final.
		DelegatedStakeInEscrow,
		/// Convictions took nearly all delegated stake of this operator; delegate to another one.
		PoolExhausted,
		/// The account has nothing with this operator, or all is leaving already; delegate first.
		NothingDelegated,
		/// The operator's stake may still be slashed, or it does not retire; let the delegator
		/// undelegate, wait and withdraw instead.
		StakeIsAnswerable,
		/// The account does not exist and the amount cannot create it; send it some funds first.
		CannotReceive,
		/// There are no rewards to claim; wait until a session with income ends.
		NothingToClaim,
		/// The allocations would exceed the stake, announced raises included; name smaller shares.
		AllocationsExceedStake,
		/// The service is named twice; name each at most once.
		ServiceNamedTwice,
		/// The value holds already and no change of it is announced; name another one.
		NothingToChange,
		/// The commission is above the highest one; name a lower one.
		CommissionTooHigh,
		/// The commission is raised by too much at a time; name a lower one.
		CommissionRaiseTooLarge,
		/// A raise of the commission is announced already; wait until it holds, or cut it.
		CommissionRaisePending,
		/// The delay is below the one from genesis; name a longer one.
		AllocationDelayTooShort,
		/// Cheating could pay under this policy; `Policy::validate` says what to change.
		UnsafePolicy,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			let fit = Self::check_constants();
			assert!(fit.is_ok(), "the operators' constants contradict each other: {fit:?}");
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
		/// Rewards go to `payout`, which may be the caller itself. `allocations` are the services
		/// that the stake secures, each with its share in parts in a million; they hold at once.
		#[pallet::call_index(0)]
		pub fn register(
			origin: OriginFor<T>,
			payout: T::AccountId,
			allocations: InitialAllocations,
		) -> DispatchResult {
			Self::do_register(ensure_signed(origin)?, payout, T::MinimumBond::get(), allocations)
		}

		/// Sends the caller's later rewards to `payout`.
		#[pallet::call_index(1)]
		pub fn set_payout(origin: OriginFor<T>, payout: T::AccountId) -> DispatchResult {
			Self::do_set_payout(ensure_signed(origin)?, payout)
		}

		/// Raises the caller's bond by `amount` (smallest unit) from its free balance. Every
		/// allocation grows in proportion.
		#[pallet::call_index(2)]
		pub fn bond_more(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			Self::do_bond_more(ensure_signed(origin)?, amount)
		}

		/// Sends `amount` (smallest unit) of the caller's unreserved bond on its way out.
		///
		/// It can be withdrawn after the unbonding delay. The minimum bond stays, unless the
		/// operator is retiring.
		#[pallet::call_index(3)]
		pub fn unbond(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
			Self::do_unbond(ensure_signed(origin)?, amount)
		}

		/// Gives back all unbonded stake that is due, and lets a retiring operator leave when
		/// nothing of it is left: no stake, no reward, no worker, no delegator, no conviction.
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
			Ok(Self::do_execute_conviction(id).map(|()| Pays::No.into())?)
		}

		/// Cancels a conviction within its escrow and gives the stake back; rewards that it voided
		/// stay void. Only the origin that the runtime names may.
		#[pallet::call_index(13)]
		pub fn cancel_conviction(
			origin: OriginFor<T>,
			id: ConvictionId,
			reason: BoundedVec<u8, T::MaxReason>,
		) -> DispatchResult {
			T::CancelOrigin::ensure_origin(origin)?;
			Self::do_cancel_conviction(id, reason)
		}

		/// Adds `amount` (smallest unit) of the caller's balance to an operator's stake. It can be
		/// slashed from now on, and earns from the second session after this one.
		#[pallet::call_index(14)]
		pub fn delegate(
			origin: OriginFor<T>,
			operator: T::AccountId,
			amount: Balance,
		) -> DispatchResult {
			Self::do_delegate(ensure_signed(origin)?, operator, amount)
		}

		/// Sends `amount` (smallest unit) of the caller's stake with an operator on its way out,
		/// or all of it if less than the minimum would stay. Always possible; the stake can be
		/// slashed until it is withdrawn after the unbonding delay.
		#[pallet::call_index(15)]
		pub fn undelegate(
			origin: OriginFor<T>,
			operator: T::AccountId,
			amount: Balance,
		) -> DispatchResult {
			Self::do_undelegate(ensure_signed(origin)?, operator, amount)
		}

		/// Pays the caller all its stake with an operator that left and is due, and with the last of
		/// it what it has earned.
		#[pallet::call_index(16)]
		#[pallet::weight(with_claim::<T>(<T as Config>::WeightInfo::withdraw_delegation()))]
		pub fn withdraw_delegation(origin: OriginFor<T>, operator: T::AccountId) -> DispatchResult {
			Self::do_withdraw_delegation(ensure_signed(origin)?, operator)
		}

		/// Moves `amount` (smallest unit) of the caller's stake from one operator to another at
		/// once. Only where no slash can be evaded: the former has allocated nothing, announced
		/// nothing, and has no conviction in escrow.
		#[pallet::call_index(17)]
		#[pallet::weight(with_claim::<T>(<T as Config>::WeightInfo::redelegate()))]
		pub fn redelegate(
			origin: OriginFor<T>,
			from: T::AccountId,
			to: T::AccountId,
			amount: Balance,
		) -> DispatchResult {
			Self::do_redelegate(ensure_signed(origin)?, from, to, amount)
		}

		/// Pays what `operator` has earned for the caller: to its payout account if the caller is
		/// the operator itself, else to the caller, its delegator.
		#[pallet::call_index(18)]
		pub fn claim_rewards(origin: OriginFor<T>, operator: T::AccountId) -> DispatchResult {
			Self::do_claim_rewards(ensure_signed(origin)?, operator)
		}

		/// Sets what the caller keeps of its delegators' rewards, in parts in a million. A cut
		/// holds at once and withdraws an announced raise; a raise is announced and holds later.
		#[pallet::call_index(19)]
		pub fn set_commission(origin: OriginFor<T>, commission_ppm: u32) -> DispatchResult {
			Self::do_set_commission(ensure_signed(origin)?, commission_ppm)
		}

		/// Announces the share of the caller's stake that a service shall have, in parts in a
		/// million, in place of what was announced before. A raise holds after the allocation
		/// delay, a cut after the unbonding delay; naming the present share withdraws either.
		#[pallet::call_index(20)]
		pub fn allocate(origin: OriginFor<T>, service: Service, share_ppm: u32) -> DispatchResult {
			Self::do_allocate(ensure_signed(origin)?, service, share_ppm)
		}

		/// Sets how many blocks later a higher allocation holds. Root only, and never less than at
		/// genesis.
		#[pallet::call_index(21)]
		pub fn set_allocation_delay(
			origin: OriginFor<T>,
			blocks: BlockNumberFor<T>,
		) -> DispatchResult {
			ensure_root(origin)?;
			Self::do_set_allocation_delay(blocks)
		}

		/// Sets what the network assumes about jobs. Root only, and nothing under which cheating
		/// could pay.
		#[pallet::call_index(22)]
		pub fn set_policy(origin: OriginFor<T>, policy: Policy) -> DispatchResult {
			ensure_root(origin)?;
			Self::do_set_policy(policy)
		}

		/// Pays a delegator all that it has with an operator that retires and answers for nothing any
		/// more, so that the operator can end. Anybody may call it.
		#[pallet::call_index(23)]
		pub fn settle_delegation(
			origin: OriginFor<T>,
			operator: T::AccountId,
			delegator: T::AccountId,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_settle_delegation(operator, delegator)
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// What is known of an operator; nothing if the account is none.
		pub fn operator_status(
			operator: T::AccountId,
		) -> Option<OperatorStatus<T::AccountId, BlockNumberFor<T>>> {
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

		/// What an account has with an operator; nothing if it has delegated nothing to it.
		pub fn delegation_status(
			operator: T::AccountId,
			delegator: T::AccountId,
		) -> Option<DelegationStatus<BlockNumberFor<T>>> {
			Self::view_delegation(&operator, &delegator)
		}

		/// What cheating on a job risks, in millionths of what it must be made to risk: a million
		/// and more deters. `reward` and `cost` are the job's, `reservation` its stake.
		pub fn margin(reward: Balance, reservation: Balance, cost: Balance) -> Option<u128> {
			Self::view_margin(reward, reservation, cost)
		}

		/// What the network assumes about jobs and asks of them.
		pub fn policy() -> Option<Policy> {
			EconomicPolicy::<T>::get()
		}
	}
}

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
pub use rewards::FeesToRewards;
pub use weights::WeightInfo;

#[cfg(any(test, feature = "runtime-benchmarks"))]
mod benchmarking;
mod calls;
mod election;
mod hooks;
mod keys;
#[cfg(test)]
mod mock;
mod offences;
mod rewards;
mod session;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
pub mod types;
mod views;
pub mod weights;

#[allow(clippy::expect_used, clippy::as_conversions, reason = "the macros' code, not ours")]
#[frame_support::pallet]
pub mod pallet {
	use crate::{
		keys::MAX_KEYS,
		types::{
			self, Balance, CandidateState, CandidateStatus, Charge, PutOutReason, QueueEnds, Stake,
			Tally, ValidatorStatus,
		},
		WeightInfo,
	};
	use alloc::vec::Vec;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Balanced, Inspect, Mutate},
	};
	use frame_system::pallet_prelude::*;
	use pallet_operators::traits::{Staking, Workers};
	use pallet_session::WeightInfo as _;
	use sp_runtime::Permill;
	use sp_staking::SessionIndex;

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	/// What the runtime has to provide.
	#[pallet::config]
	pub trait Config:
		frame_system::Config
		+ pallet_authorship::Config
		+ pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
	{
		/// The native currency.
		type Currency: Inspect<Self::AccountId, Balance = Balance>
			+ Mutate<Self::AccountId>
			+ Balanced<Self::AccountId>;

		/// The operators: who has which stake, and what takes and rewards it.
		type Staking: Staking<Self::AccountId, Balance> + Workers<Self::AccountId>;

		/// Time between two blocks in milliseconds.
		type SlotDuration: Get<u64>;

		/// The most validators that are ever possible.
		#[pallet::constant]
		type MaxValidators: Get<u32>;

		/// How many candidates there can be, ready or put out.
		#[pallet::constant]
		type MaxCandidates: Get<u32>;

		/// Sessions after its end for which a session's exposures are kept, and within which an
		/// equivocation can be reported.
		#[pallet::constant]
		type KeptSessions: Get<u32>;

		/// The least fraction of its exposure that an equivocation costs a validator.
		#[pallet::constant]
		type MinimumFraction: Get<Permill>;

		/// Weights of the calls and hooks.
		type WeightInfo: WeightInfo;
	}

	/// The operators that want to validate.
	#[pallet::storage]
	pub type Candidates<T: Config> =
		CountedStorageMap<_, Blake2_128Concat, T::AccountId, CandidateState, OptionQuery>;

	/// How many validators there may be.
	#[pallet::storage]
	pub type Limits<T: Config> = StorageValue<_, types::Limits, ValueQuery>;

	/// The least with which an operator is elected: of its own bond, as far as no obligation has
	/// reserved it, and of its weight.
	#[pallet::storage]
	pub type MinimumSelfBond<T: Config> = StorageValue<_, Balance, ValueQuery>;

	/// The stake with which each validator serves a session, from the moment the session is planned.
	#[pallet::storage]
	pub type Exposures<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		SessionIndex,
		Blake2_128Concat,
		T::AccountId,
		Stake,
		OptionQuery,
	>;

	/// The validators of a session with the session keys, encoded, that they use in it.
	#[pallet::storage]
	pub type KeysInUse<T: Config> = StorageMap<
		_,
		Twox64Concat,
		SessionIndex,
		BoundedVec<
			(T::AccountId, BoundedVec<u8, ConstU32<MAX_KEYS>>),
			<T as Config>::MaxValidators,
		>,
		OptionQuery,
	>;

	/// Blocks and income of the running session.
	#[pallet::storage]
	pub type Tallies<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Tally, ValueQuery>;

	/// Who was reported in the running session while it serves in it or in the next, with the
	/// largest fraction that it is charged: its income of the session is void, and it is disabled in
	/// both.
	#[pallet::storage]
	pub type Offenders<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Permill, OptionQuery>;

	/// The session in which each account was reported last, as long as it may not stand for election
	/// again, candidate or not. At most `MaxValidators`.
	#[pallet::storage]
	pub type LastReports<T: Config> =
		CountedStorageMap<_, Blake2_128Concat, T::AccountId, SessionIndex, OptionQuery>;

	/// What each validator is charged for equivocations in a session.
	#[pallet::storage]
	pub type Charges<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		SessionIndex,
		Blake2_128Concat,
		T::AccountId,
		Charge<T::AccountId>,
		OptionQuery,
	>;

	/// The charges that wait for execution, oldest first.
	#[pallet::storage]
	pub type OffenceQueue<T: Config> =
		StorageMap<_, Twox64Concat, u64, (SessionIndex, T::AccountId), OptionQuery>;

	/// Where the queue begins and ends.
	#[pallet::storage]
	pub type OffenceQueueEnds<T: Config> = StorageValue<_, QueueEnds, ValueQuery>;

	/// The rules and candidates with which the chain begins.
	///
	/// The sessions 0 and 1 are served by the accounts of the session keys; the candidates are
	/// elected from session 2 on.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// How many validators there may be.
		pub limits: types::Limits,
		/// The least own bond, and the least weight, with which an operator is elected, in the
		/// smallest unit.
		pub minimum_self_bond: Balance,
		/// Operators with session keys and enough stake in `Consensus`.
		pub candidates: Vec<T::AccountId>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self {
				limits: types::Limits { minimum: 1, maximum: T::MaxValidators::get() },
				minimum_self_bond: 0,
				candidates: Vec::new(),
			}
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			Pallet::<T>::integrity_test();
			assert!(
				self.limits.are_valid(T::MaxValidators::get()),
				"validators.limits must be 1 <= minimum <= maximum <= {}",
				T::MaxValidators::get(),
			);
			let first = pallet_session::Validators::<T>::get().len();
			assert!(
				u32::try_from(first).is_ok_and(|first| first <= T::MaxValidators::get()),
				"session.keys must name at most {} validators",
				T::MaxValidators::get(),
			);
			Limits::<T>::put(self.limits);
			MinimumSelfBond::<T>::put(self.minimum_self_bond);
			for candidate in &self.candidates {
				if let Err(error) = Pallet::<T>::do_validate(candidate.clone()) {
					panic!("candidate {candidate:?} of the chain specification: {error:?}");
				}
			}
			Pallet::<T>::build_first_sessions();
		}
	}

	/// What happened.
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An operator takes part in elections from now on, for the first time or again.
		CandidateReady {
			/// The operator.
			candidate: T::AccountId,
		},
		/// An operator is no candidate any more by its own wish. It serves the sessions for which
		/// it was elected already.
		CandidateLeft {
			/// The operator.
			candidate: T::AccountId,
		},
		/// All places were taken and a stronger operator took this one's.
		CandidateDisplaced {
			/// The operator that is no candidate any more.
			candidate: T::AccountId,
			/// The operator that is one now.
			by: T::AccountId,
		},
		/// A candidate is not elected any more until it calls `validate` again.
		CandidatePutOut {
			/// The operator.
			candidate: T::AccountId,
			/// Why.
			reason: PutOutReason,
			/// The session in which that was found.
			session: SessionIndex,
		},
		/// The limits of the set were changed.
		LimitsSet {
			/// The new limits.
			limits: types::Limits,
		},
		/// An operator took its session keys back.
		KeysRemoved {
			/// The operator.
			validator: T::AccountId,
		},
		/// The validators of a session were elected.
		ValidatorsElected {
			/// The session.
			session: SessionIndex,
			/// How many they are.
			validators: u32,
			/// The weight of the weakest of them.
			least: Balance,
		},
		/// Too few candidates are eligible: the running validators serve the session too.
		ValidatorsKept {
			/// The session.
			session: SessionIndex,
			/// How many candidates are eligible.
			eligible: u32,
		},
		/// A block earned its author newly issued money.
		BlockRewarded {
			/// The author.
			validator: T::AccountId,
			/// How much was issued.
			amount: Balance,
		},
		/// The income of a session went to an operator and its delegators.
		IncomePaid {
			/// The operator.
			validator: T::AccountId,
			/// The session by whose exposure it was shared.
			session: SessionIndex,
			/// How much.
			amount: Balance,
		},
		/// The income of a session was burnt, because of an equivocation that was reported in it or
		/// because nobody's stake earned it.
		IncomeVoided {
			/// The operator.
			validator: T::AccountId,
			/// The session.
			session: SessionIndex,
			/// How much was burnt.
			amount: Balance,
		},
		/// A validator was reported for an equivocation.
		EquivocationReported {
			/// The validator.
			validator: T::AccountId,
			/// The session of the equivocation.
			session: SessionIndex,
			/// The fraction of its exposure in that session that its equivocations there cost.
			fraction: Permill,
		},
		/// A validator was convicted and its stake went into escrow.
		ValidatorConvicted {
			/// The validator.
			validator: T::AccountId,
			/// The session of the equivocation.
			session: SessionIndex,
			/// The charge: what its equivocations of that session cost in addition.
			charged: Balance,
			/// What was really taken: less if the stake has become less.
			taken: Balance,
		},
	}

	/// What the caller has to do otherwise.
	#[pallet::error]
	pub enum Error<T> {
		/// This account has no session keys; set them with the session's `set_keys` first.
		NoSessionKeys,
		/// This account is not an operator; register it first.
		NotAnOperator,
		/// The operator is retiring, bonded below the minimum, owes more than its bond covers, or has
		/// nothing allocated to consensus; bond more or allocate, and wait for the delay.
		NoConsensusStake,
		/// The operator's own bond, without what is reserved, is below what validators need; bond
		/// more.
		SelfBondBelowMinimum,
		/// Less is allocated to consensus than validators need; allocate more and wait for the delay.
		ConsensusStakeBelowMinimum,
		/// All places are taken by candidates with at least as much stake; allocate more to
		/// consensus.
		TooManyCandidates,
		/// The validator equivocated in this or the last session; try again in the session after
		/// the next.
		EquivocatedRecently,
		/// This account is no candidate; there is nothing to stop.
		NotACandidate,
		/// The account is a candidate or serves in this or the next session; stop validating and
		/// try again in the session after the next.
		StillValidating,
		/// The limits have to be 1 <= minimum <= maximum <= `MaxValidators`; name others.
		InvalidLimits,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_now: BlockNumberFor<T>) -> Weight {
			let drained = Self::drain_charges(crate::offences::CHARGES_PER_BLOCK);
			<T as Config>::WeightInfo::drain_charges(drained)
		}

		fn integrity_test() {
			if let Err(reason) = Self::check_constants() {
				panic!("the validators' constants contradict each other: {reason}");
			}
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call(weight(<T as Config>::WeightInfo))]
	impl<T: Config> Pallet<T> {
		/// Makes the calling operator a candidate, or says that it is back after it was put out.
		///
		/// It needs session keys and enough stake of its own and in `Consensus`. If it is among the
		/// strongest candidates at the next change of session, it validates from the session after
		/// that. Repeating the call changes nothing.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::validate(T::MaxCandidates::get()))]
		pub fn validate(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let compared = Self::do_validate(ensure_signed(origin)?)?;
			Ok(Some(<T as Config>::WeightInfo::validate(compared)).into())
		}

		/// Ends the caller's candidacy. It goes on validating to the end of the last session for
		/// which it was elected, and as long as too few others are eligible.
		#[pallet::call_index(1)]
		pub fn stop_validating(origin: OriginFor<T>) -> DispatchResult {
			Self::do_stop_validating(ensure_signed(origin)?)
		}

		/// Sets how many validators there may be. Root only.
		#[pallet::call_index(2)]
		pub fn set_limits(origin: OriginFor<T>, limits: types::Limits) -> DispatchResult {
			ensure_root(origin)?;
			Self::do_set_limits(limits)
		}

		/// Takes the caller's session keys back, with their deposit, once it does not validate any
		/// more.
		///
		/// The session's own `purge_keys` must be closed to everybody: a validator without keys
		/// drops out of a set that stays.
		#[pallet::call_index(3)]
		#[pallet::weight(
			<T as Config>::WeightInfo::remove_keys()
				.saturating_add(<T as pallet_session::Config>::WeightInfo::purge_keys())
		)]
		pub fn remove_keys(origin: OriginFor<T>) -> DispatchResult {
			Self::do_remove_keys(ensure_signed(origin)?)
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// All candidates with their state and stake, and whether they would be elected now:
		/// strongest first.
		pub fn candidates() -> Vec<CandidateStatus<T::AccountId>> {
			Self::view_candidates()
		}

		/// What is known of an account as validator.
		pub fn validator_status(account: T::AccountId) -> ValidatorStatus {
			Self::view_validator(&account)
		}
	}
}

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

#[cfg(any(test, feature = "runtime-benchmarks"))]
mod benchmarking;
mod calls;
mod hooks;
#[cfg(test)]
mod mock;
mod rules;
mod settlement;
#[cfg(any(test, feature = "runtime-benchmarks"))]
mod sparse;
#[cfg(test)]
mod tests;
mod traits;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod types;
mod views;
pub mod weights;

pub use pallet::*;
pub use traits::{Capacity, Proven};
pub use types::*;
pub use weights::WeightInfo;

#[allow(clippy::expect_used, clippy::as_conversions, reason = "the macros' code, not ours")]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use assay_flops::{Multiplier, Opening, Parameters as RoundParameters};
	use frame_support::{
		dispatch::DispatchResultWithPostInfo,
		pallet_prelude::*,
		traits::{fungible, tokens},
	};
	use frame_system::pallet_prelude::*;
	use pallet_beacon::Beacon;
	use pallet_operators::{DeviceIndex, Security, WorkerId, Workers};
	use sp_core::H256;

	/// The storage version of the pallet.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// Rounds of proof of FLOPS.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the pallet needs from its runtime.
	///
	/// BABE and the beacon must come before this pallet in the runtime, so that a block's hook sees
	/// the slot and the beacon's value of that very block, and the genesis the beacon's delay.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Balance of the native token, in which stake is reserved.
		type Balance: tokens::Balance;
		/// The chain's running randomness.
		type Beacon: Beacon<BlockNumberFor<Self>>;
		/// Who the workers are, and whose.
		type Workers: Workers<Self::AccountId>;
		/// Reservations and convictions.
		type Security: Security<Self::AccountId, Self::Balance, BlockNumberFor<Self>>;
		/// The currency of proven work. Only this pallet may mint it.
		type Credits: fungible::Mutate<Self::AccountId, Balance = u128>;
		/// The slot of the current block.
		type Slots: Get<u64>;
		/// Length of a slot in milliseconds. It never changes on a chain.
		type SlotDuration: Get<u64>;
		/// Stake that is reserved for every device that commits.
		#[pallet::constant]
		type DeviceStake: Get<Self::Balance>;
		/// Weights of the calls and hooks.
		type WeightInfo: WeightInfo;
		/// Makes workers for the benchmarks.
		#[cfg(any(test, feature = "runtime-benchmarks"))]
		type BenchmarkHelper: pallet_operators::BenchmarkWorkers<Self::AccountId>;
	}

	/// The rules of the rounds: written at genesis and never again.
	#[pallet::storage]
	pub type Parameters<T: Config> = StorageValue<_, RoundParameters, OptionQuery>;

	/// Index of the latest round; zero before the first one.
	#[pallet::storage]
	pub type CurrentRound<T: Config> = StorageValue<_, RoundIndex, ValueQuery>;

	/// The current round and every older one with claims that are not settled.
	#[pallet::storage]
	pub type Rounds<T: Config> = StorageMap<_, Twox64Concat, RoundIndex, Round, OptionQuery>;

	/// Turnout of the latest round that was sampled: it decides the class of new claims.
	#[pallet::storage]
	pub type LastTurnout<T: Config> = StorageValue<_, Turnout, ValueQuery>;

	/// Every device that has committed and was not released since, with its claims.
	#[pallet::storage]
	pub type Standings<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		WorkerId,
		Blake2_128Concat,
		DeviceIndex,
		Standing<T::AccountId>,
		OptionQuery,
	>;

	/// The genesis configuration: the rules of the rounds.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// The rules of the rounds. They are checked when the genesis is built.
		pub parameters: RoundParameters,
		/// Marker.
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self { parameters: RoundParameters::LIVE, _config: Default::default() }
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			if let Err(reason) = rules::validate(&self.parameters) {
				panic!("the parameters of proof of FLOPS contradict each other: {reason}");
			}
			assert!(
				T::Beacon::delay() == self.parameters.delay.into(),
				"the delay of the rounds is not the one that the beacon was given before"
			);
			Parameters::<T>::put(self.parameters);
		}
	}

	/// What happened. Every credit can be recomputed from these.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A round opened: every worker computes tiles until its window closes.
		RoundOpened {
			/// Index of the round.
			round: RoundIndex,
			/// Block in which it opened.
			block: u32,
			/// Slot of that block.
			slot: u64,
			/// The beacon's value: every device's seed follows from it.
			beacon: H256,
		},
		/// The sample of a round is fixed: who opens, and what.
		RoundSampled {
			/// Index of the round.
			round: RoundIndex,
			/// Seed of the sample.
			sample: H256,
			/// Commitments of covered claims.
			covered: u32,
			/// Commitments of claims that are not covered.
			uncovered: u32,
		},
		/// A device committed to its tiles.
		Committed {
			/// Index of the round.
			round: RoundIndex,
			/// Worker that committed.
			worker: WorkerId,
			/// Its device.
			device: DeviceIndex,
			/// Operator that answers for it.
			operator: T::AccountId,
			/// Tiles under the root.
			tiles: u32,
			/// Claimed rate × W, in tiles.
			claim: u32,
			/// Liveness multiplier.
			multiplier: Multiplier,
			/// Merkle root over all leaves.
			root: H256,
			/// Whether the buffer covers the claim.
			covered: bool,
		},
		/// A device was absent from rounds since its previous commitment.
		RoundsMissed {
			/// Worker that was absent.
			worker: WorkerId,
			/// Its device.
			device: DeviceIndex,
			/// How many rounds it missed.
			missed: u32,
		},
		/// A device opened its samples, and all of them are right.
		Revealed {
			/// Index of the round.
			round: RoundIndex,
			/// Worker that opened.
			worker: WorkerId,
			/// Its device.
			device: DeviceIndex,
		},
		/// A claim was credited: of `credits = claim × multiplier` as much as is `granted`, and
		/// `granted = to_buffer + paid`.
		Credited {
			/// Index of the round.
			round: RoundIndex,
			/// Worker that earned it.
			worker: WorkerId,
			/// Its device.
			device: DeviceIndex,
			/// Operator of the worker.
			operator: T::AccountId,
			/// Claimed rate × W, in tiles.
			claim: u32,
			/// Liveness multiplier.
			multiplier: Multiplier,
			/// Whether the claim was opened; otherwise it was not drawn.
			opened: bool,
			/// Credits of the claim, in units of 10⁻¹² credits.
			credits: u128,
			/// What of them is granted: all if the claim was opened, otherwise what the buffer
			/// covered.
			granted: u128,
			/// Level up to which the buffer fills first; the rest of what is granted is paid.
			required: u128,
			/// What the buffer grew by. It never shrinks before it is released or burnt.
			to_buffer: u128,
			/// What was paid to the operator's payout account.
			paid: u128,
			/// The buffer afterwards.
			buffer: u128,
		},
		/// A claim ended without a credit and without a fault.
		Lapsed {
			/// Index of the round.
			round: RoundIndex,
			/// Worker that claimed.
			worker: WorkerId,
			/// Its device.
			device: DeviceIndex,
			/// Claimed rate × W, in tiles.
			claim: u32,
			/// Why nothing is paid.
			reason: Lapse,
		},
		/// A claim was voided by a conviction of its operator.
		Voided {
			/// Index of the round.
			round: RoundIndex,
			/// Worker that claimed.
			worker: WorkerId,
			/// Its device.
			device: DeviceIndex,
			/// Claimed rate × W, in tiles.
			claim: u32,
		},
		/// A device was convicted: its buffer is burnt and its reservation taken into escrow.
		Convicted {
			/// Round of the claim that convicts.
			round: RoundIndex,
			/// Worker that claimed.
			worker: WorkerId,
			/// Its device.
			device: DeviceIndex,
			/// Operator that answers for it.
			operator: T::AccountId,
			/// What it did.
			misdeed: Misdeed,
			/// Stake taken into escrow.
			stake: T::Balance,
			/// Credits burnt with the buffer, in units of 10⁻¹² credits.
			burnt: u128,
		},
		/// A device that retired got its buffer and its reservation back.
		BufferReleased {
			/// Worker that retired.
			worker: WorkerId,
			/// Its device.
			device: DeviceIndex,
			/// Operator that answered for it.
			operator: T::AccountId,
			/// Credits paid to the payout account, in units of 10⁻¹² credits.
			paid: u128,
		},
	}

	/// Why a call was refused. Each tells the caller what to do.
	#[pallet::error]
	pub enum Error<T> {
		/// The signer is no worker's hot key: sign with the hot key that the operator registered.
		NotAWorker,
		/// The worker has no such device: let the operator add it first.
		NoSuchDevice,
		/// The worker is removed or its operator is retired: it can not commit any more.
		NotActive,
		/// No round has opened yet: wait for the first one.
		NoRound,
		/// The window has not opened yet: wait for its first block.
		TooEarly,
		/// The window has closed: wait for the next round.
		TooLate,
		/// The device has committed in this round already: a commitment can not be changed.
		AlreadyCommitted,
		/// One commitment takes at most 2³⁰ tiles: commit to fewer.
		TooManyTiles,
		/// A commitment needs at least one tile.
		NoTiles,
		/// Too many claims of the device are waiting: settle or reveal the oldest ones.
		TooManyPending,
		/// The device has no pending claim of that round.
		NoSuchClaim,
		/// The claim was not drawn: there is nothing to reveal.
		NotDrawn,
		/// The samples of that round have been opened already.
		AlreadyRevealed,
		/// Open exactly the samples that were drawn, in their order.
		WrongNumberOfOpenings,
		/// A Merkle path has the wrong length for its leaf: rebuild the opening.
		MalformedOpening,
		/// The device has no such claim that could be settled.
		NothingToSettle,
		/// An older claim of the device has to be settled first.
		OlderClaimPending,
		/// Only the operator may release the buffer of a device that is still registered.
		NotRetired,
		/// Claims of the device are not settled yet: wait until they can be.
		ClaimsPending,
		/// The device has neither a buffer nor a reservation here.
		NothingToRelease,
		/// The payout account can not receive credits: set another one.
		CannotPay,
		/// No further round can be counted.
		RoundsExhausted,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			Self::advance()
		}

		fn integrity_test() {
			for preset in [RoundParameters::LIVE, RoundParameters::DEVELOPMENT] {
				if let Err(reason) = rules::validate(&preset) {
					panic!("a preset of proof of FLOPS contradicts itself: {reason}");
				}
			}
			assert!(
				T::DeviceStake::get() > Default::default(),
				"a device that reserves no stake has nothing to lose"
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call(weight(<T as Config>::WeightInfo))]
	impl<T: Config> Pallet<T> {
		/// Commits a device to the tiles that it computed in the current round.
		///
		/// Signed by the worker's hot key, in a block of the half-open range from `s + W` to
		/// `s + W + G`, once per device and round. The first commitment of a device reserves
		/// stake of its operator. Older claims of the device that can be settled are settled
		/// first; when one of them convicts the device, that is all that happens, and the fee is
		/// kept. Otherwise it is returned when the call succeeds.
		///
		/// - `device`: the worker's device.
		/// - `tiles`: how many tiles were computed.
		/// - `root`: Merkle root over the leaves of tiles `0..tiles`.
		#[pallet::call_index(0)]
		#[pallet::weight((T::WeightInfo::commit(MAX_PENDING), DispatchClass::Operational))]
		pub fn commit(
			origin: OriginFor<T>,
			device: DeviceIndex,
			tiles: u32,
			root: H256,
		) -> DispatchResultWithPostInfo {
			let key = ensure_signed(origin)?;
			let worker = T::Workers::worker_of(&key).ok_or(Error::<T>::NotAWorker)?;
			let done = Self::do_commit(worker, device, tiles, root)?;
			let weight = Some(T::WeightInfo::commit(done.settled));
			Ok((weight, if done.honest { Pays::No } else { Pays::Yes }).into())
		}

		/// Opens the samples of a claim that was drawn.
		///
		/// Signed by the worker's hot key, from the block in which the sample is fixed until
		/// before the end of the reveal window. Right openings credit the claim and the fee is
		/// returned. A wrong one convicts the device: that is a success of the call, and the fee
		/// is kept.
		///
		/// - `round`: round of the claim.
		/// - `device`: the worker's device.
		/// - `openings`: one opening for every sample, in the order in which they were drawn.
		#[pallet::call_index(1)]
		#[pallet::weight((
			T::WeightInfo::reveal(u32::try_from(openings.len()).unwrap_or(u32::MAX)),
			DispatchClass::Operational
		))]
		pub fn reveal(
			origin: OriginFor<T>,
			round: RoundIndex,
			device: DeviceIndex,
			openings: BoundedVec<Opening, ConstU32<MAX_SAMPLES>>,
		) -> DispatchResultWithPostInfo {
			let key = ensure_signed(origin)?;
			let worker = T::Workers::worker_of(&key).ok_or(Error::<T>::NotAWorker)?;
			let done = Self::do_reveal(worker, device, round, &openings)?;
			Ok(if done.honest { Pays::No } else { Pays::Yes }.into())
		}

		/// Settles a device's claim of a round, and the older ones before it. By anybody.
		///
		/// A claim that was drawn and not opened in time convicts; nobody earns a bounty for
		/// that, but the fee is returned whenever the claim is settled.
		///
		/// - `worker`, `device`: whose claim.
		/// - `round`: round of the claim.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::settle(MAX_PENDING))]
		pub fn settle(
			origin: OriginFor<T>,
			worker: WorkerId,
			device: DeviceIndex,
			round: RoundIndex,
		) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let done = Self::do_settle(worker, device, round)?;
			Ok((Some(T::WeightInfo::settle(done.settled)), Pays::No).into())
		}

		/// Pays the buffer of a retired device out and releases its reservation.
		///
		/// By the operator at any time, since that retires the device: it will be a newcomer if
		/// it commits again. By anybody once the worker or the device is removed. All claims have
		/// to be settled before, so that nothing can be opened any more. The fee is returned.
		///
		/// - `worker`, `device`: whose buffer.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::release_buffer(MAX_PENDING))]
		pub fn release_buffer(
			origin: OriginFor<T>,
			worker: WorkerId,
			device: DeviceIndex,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let done = Self::do_release_buffer(&who, worker, device)?;
			let weight = Some(T::WeightInfo::release_buffer(done.settled));
			Ok((weight, if done.honest { Pays::No } else { Pays::Yes }).into())
		}
	}

	/// Read-only functions for wallets, dashboards and the worker.
	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The rules of the rounds.
		pub fn parameters() -> Option<RoundParameters> {
			Parameters::<T>::get()
		}

		/// The current round with its phase and the edges of its windows.
		pub fn round() -> Option<RoundView> {
			Self::round_view(CurrentRound::<T>::get())
		}

		/// A round that still has a record: the current one, or one with open claims.
		pub fn round_at(round: RoundIndex) -> Option<RoundView> {
			Self::round_view(round)
		}

		/// All about one device: what it has to do next, and why it is paid or not.
		pub fn status(worker: WorkerId, device: DeviceIndex) -> Status<T::AccountId> {
			Self::status_view(worker, device)
		}

		/// Proven capacity of a device in FLOP per second.
		pub fn capacity(worker: WorkerId, device: DeviceIndex) -> u64 {
			<Self as Capacity>::capacity(worker, device)
		}

		/// Liveness multiplier of a device's commitment in a round that opens now.
		pub fn multiplier(worker: WorkerId, device: DeviceIndex) -> Multiplier {
			Self::status_view(worker, device).multiplier
		}

		/// The buffer of a device and the level up to which it fills for a claim like the latest,
		/// in units of 10⁻¹² credits.
		pub fn buffer(worker: WorkerId, device: DeviceIndex) -> (u128, u128) {
			let status = Self::status_view(worker, device);
			(status.buffer, status.required)
		}

		/// Credits of one more claim like the latest, in units of 10⁻¹² credits, if it is drawn and
		/// opened; if it is not drawn, as much of them is granted as the buffer covers.
		pub fn expected_credits(worker: WorkerId, device: DeviceIndex) -> u128 {
			Self::status_view(worker, device).expected_credits
		}

		/// Pending claims of a device, each with the samples that have to be opened.
		pub fn pending_claims(worker: WorkerId, device: DeviceIndex) -> Vec<ClaimView> {
			Self::status_view(worker, device).pending
		}
	}
}

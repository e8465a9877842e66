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

mod attendance;
#[cfg(any(test, feature = "runtime-benchmarks"))]
mod benchmarking;
mod calls;
mod clusters;
#[cfg(test)]
mod mock;
mod money;
mod offers;
mod renting;
mod settlement;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod types;
mod views;
pub mod weights;

#[cfg(any(test, feature = "runtime-benchmarks"))]
pub use benchmarking::{BenchmarkMarket, FromPallets};
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[allow(clippy::expect_used, clippy::as_conversions, reason = "the macros' code, not ours")]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use assay_market::{Blocks, Currency, Parameters as Rules, Reputation, MAX_DEVICES};
	use frame_support::{
		dispatch::DispatchResultWithPostInfo, pallet_prelude::*, traits::fungible,
	};
	use frame_system::pallet_prelude::*;
	use pallet_operators::{Occupancy, Security, WorkerId, Workers};
	use pallet_proof_of_flops::Capacity;

	/// The storage version of the pallet.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The GPU market.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the pallet needs from its runtime.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;
		/// The native token.
		type Native: fungible::MutateHold<
			Self::AccountId,
			Balance = Balance,
			Reason = Self::RuntimeHoldReason,
		>;
		/// The credits, with holds.
		type Credits: fungible::MutateHold<
			Self::AccountId,
			Balance = Balance,
			Reason = Self::RuntimeHoldReason,
		>;
		/// Who the workers are, and whose.
		type Workers: Workers<Self::AccountId>;
		/// Reservations and convictions.
		type Security: Security<Self::AccountId, Balance, BlockNumberFor<Self>>;
		/// The ledger of what is in use on each device.
		type Occupancy: Occupancy;
		/// Proven capacity.
		type Capacity: Capacity;
		/// Held from an operator for every offer, in the native token.
		#[pallet::constant]
		type OfferDeposit: Get<Balance>;
		/// Held from a renter for every lease, in the native token.
		#[pallet::constant]
		type LeaseDeposit: Get<Balance>;
		/// Weights of the calls.
		type WeightInfo: WeightInfo;
		/// Makes workers for the benchmarks.
		#[cfg(any(test, feature = "runtime-benchmarks"))]
		type BenchmarkHelper: BenchmarkMarket<Self::AccountId>;
	}

	/// Why this pallet holds funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Deposits of operators for their offers.
		OfferDeposit,
		/// Deposits of renters for their leases.
		LeaseDeposit,
		/// What renters have set aside for their leases.
		Escrow,
	}

	/// The numbers of the market.
	#[pallet::storage]
	pub type Parameters<T: Config> = StorageValue<_, Rules, ValueQuery>;

	/// The name that the next offer gets.
	#[pallet::storage]
	pub type NextOffer<T: Config> = StorageValue<_, OfferId, ValueQuery>;

	/// The name that the next lease gets.
	#[pallet::storage]
	pub type NextLease<T: Config> = StorageValue<_, LeaseId, ValueQuery>;

	/// The name that the next cluster gets.
	#[pallet::storage]
	pub type NextCluster<T: Config> = StorageValue<_, ClusterId, ValueQuery>;

	/// All offers.
	#[pallet::storage]
	pub type Offers<T: Config> =
		StorageMap<_, Twox64Concat, OfferId, Offer<T::AccountId>, OptionQuery>;

	/// All leases that are not closed.
	#[pallet::storage]
	pub type Leases<T: Config> =
		StorageMap<_, Twox64Concat, LeaseId, Lease<T::AccountId>, OptionQuery>;

	/// The leases of each renter.
	#[pallet::storage]
	pub type LeasesOf<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, LeaseId, (), OptionQuery>;

	/// The leases of each worker.
	#[pallet::storage]
	pub type LeasesAt<T: Config> =
		StorageDoubleMap<_, Twox64Concat, WorkerId, Twox64Concat, LeaseId, (), OptionQuery>;

	/// Clusters that have not started.
	#[pallet::storage]
	pub type Clusters<T: Config> = StorageMap<_, Twox64Concat, ClusterId, Cluster, OptionQuery>;

	/// Workers with an offer, or with a lease that they were ready for.
	#[pallet::storage]
	pub type Presences<T: Config> = StorageMap<_, Twox64Concat, WorkerId, Presence, OptionQuery>;

	/// Where workers with a presence say that their API is.
	#[pallet::storage]
	pub type Endpoints<T: Config> = StorageMap<_, Twox64Concat, WorkerId, Endpoint, OptionQuery>;

	/// What operators are known for.
	#[pallet::storage]
	pub type Reputations<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Reputation, ValueQuery>;

	/// Refunds that a renter's account could not take: on hold until it can.
	#[pallet::storage]
	pub type Withheld<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Twox64Concat,
		Currency,
		Balance,
		ValueQuery,
	>;

	/// The genesis configuration: the numbers of the market.
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// The numbers of the market. They are checked when the genesis is built.
		pub parameters: Rules,
		/// Marker.
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self { parameters: Rules::LIVE, _config: Default::default() }
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			if let Err(reason) = self.parameters.validate() {
				panic!("the parameters of the market contradict each other: {reason}");
			}
			Parameters::<T>::put(self.parameters);
		}
	}

	/// What happened. Every hold, release, payment and burn can be recomputed from these.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An offer was published; `deposit` (native) was put on hold.
		OfferCreated {
			/// Its name.
			offer: OfferId,
			/// The operator, who paid the deposit.
			operator: T::AccountId,
			/// The worker with the devices.
			worker: WorkerId,
			/// The devices.
			devices: Devices,
			/// In what leases are paid.
			currency: Currency,
			/// Memory of each device in MiB, as the provider says.
			memory_mib: u32,
			/// Where the devices are, as the provider says.
			region: Region,
			/// Prices, durations and the largest count.
			terms: Terms,
			/// What was put on hold.
			deposit: Balance,
		},
		/// An offer has other terms from now on, and is listed. Its leases keep theirs.
		OfferUpdated {
			/// The offer.
			offer: OfferId,
			/// The terms.
			terms: Terms,
		},
		/// An offer can not be rented any more until it is updated: its worker did not take a
		/// request that it could have taken.
		OfferUnlisted {
			/// The offer.
			offer: OfferId,
		},
		/// An offer is gone; its deposit was released.
		OfferRemoved {
			/// The offer.
			offer: OfferId,
			/// The operator, who has the deposit back.
			operator: T::AccountId,
			/// The deposit.
			deposit: Balance,
			/// Whether it was stale and removed by somebody else.
			pruned: bool,
		},
		/// A worker attested its presence.
		Attended {
			/// The worker.
			worker: WorkerId,
			/// Blocks since its previous heartbeat that this one does not attest.
			missed: Blocks,
		},
		/// A worker said where its API is, or that there is none.
		EndpointAnnounced {
			/// The worker.
			worker: WorkerId,
			/// Where.
			endpoint: Option<Endpoint>,
		},
		/// A worker will be silent.
		MaintenanceAnnounced {
			/// The worker.
			worker: WorkerId,
			/// From this block on.
			from: Blocks,
			/// Before this block.
			until: Blocks,
		},
		/// A worker will not be silent after all.
		MaintenanceCancelled {
			/// The worker.
			worker: WorkerId,
		},
		/// A lease was requested; `escrow` and `deposit` (native) of the renter were put on hold.
		LeaseRequested {
			/// Its name.
			lease: LeaseId,
			/// Its offer.
			offer: OfferId,
			/// Who pays.
			renter: T::AccountId,
			/// Who may use it.
			access: T::AccountId,
			/// Who answers for it.
			operator: T::AccountId,
			/// Who shall serve it.
			worker: WorkerId,
			/// In what it is paid.
			currency: Currency,
			/// Price per GPU and block.
			price: Balance,
			/// How many devices.
			count: u32,
			/// Proven FLOP/s of each device that are bought.
			bought: u64,
			/// How many blocks.
			duration: Blocks,
			/// For a spot lease, the blocks of service from the provider's notice on.
			spot_notice: Option<Blocks>,
			/// Permission to lengthen it.
			top_up: Option<TopUp>,
			/// The cluster that it belongs to.
			cluster: Option<ClusterId>,
			/// What was put on hold in its currency.
			escrow: Balance,
			/// What was put on hold in the native token.
			deposit: Balance,
		},
		/// A worker is ready for a lease with these devices. It starts now, or, in a cluster, with the
		/// last member that is ready.
		LeaseReady {
			/// The lease.
			lease: LeaseId,
			/// The devices.
			devices: Devices,
		},
		/// A lease runs from this block on: its devices are occupied and stake is reserved.
		LeaseStarted {
			/// The lease.
			lease: LeaseId,
			/// The first block that nothing is held for.
			until: Blocks,
			/// Stake that answers for the lease.
			stake: Balance,
		},
		/// Blocks of a lease were settled: `paid`, `fee` and `refund` left the escrow.
		Settled {
			/// The lease.
			lease: LeaseId,
			/// The first block of those.
			from: Blocks,
			/// The first block after them.
			to: Blocks,
			/// How many of them were attested.
			payable: Blocks,
			/// To whom was paid; nobody if nothing was.
			payout: Option<T::AccountId>,
			/// What was paid, earlier debts included.
			paid: Balance,
			/// What is earned and can not be paid yet.
			owed: Balance,
			/// What was burnt.
			fee: Balance,
			/// What the renter has back.
			refund: Balance,
		},
		/// The renter lengthened a lease; `held` more was put on hold.
		Extended {
			/// The lease.
			lease: LeaseId,
			/// The first block that nothing is held for.
			until: Blocks,
			/// What was put on hold.
			held: Balance,
		},
		/// A lease was lengthened as its renter wished; `held` more was put on hold.
		ToppedUp {
			/// The lease.
			lease: LeaseId,
			/// Where the blocks begin that were added: before it nothing is paid.
			from: Blocks,
			/// The first block that nothing is held for.
			until: Blocks,
			/// What was put on hold.
			held: Balance,
			/// What may still be held.
			left: Balance,
		},
		/// It is decided that a lease ends; `refund` of the escrow was released.
		EndAnnounced {
			/// The lease.
			lease: LeaseId,
			/// Why.
			reason: CloseReason,
			/// The first block that nothing is held for.
			until: Blocks,
			/// What the renter has back.
			refund: Balance,
		},
		/// The renter changed the permission to lengthen a lease.
		TopUpSet {
			/// The lease.
			lease: LeaseId,
			/// The permission.
			top_up: Option<TopUp>,
		},
		/// The renter gave a lease to another key.
		AccessSet {
			/// The lease.
			lease: LeaseId,
			/// Who may use it.
			access: T::AccountId,
		},
		/// A lease is no more: of what was left of its escrow `refund` was released, `fee` and
		/// `burnt` were burnt; the deposit was released.
		Closed {
			/// The lease.
			lease: LeaseId,
			/// Why.
			reason: CloseReason,
			/// Who has paid for it.
			renter: T::AccountId,
			/// In what.
			currency: Currency,
			/// What the renter has back.
			refund: Balance,
			/// The fee for a cancelled request.
			fee: Balance,
			/// What was earned and the payout account could not take.
			burnt: Balance,
			/// What the renter has back in the native token.
			deposit: Balance,
			/// Stake of the operator that was taken into escrow.
			convicted: Balance,
		},
		/// The renter's account can not take a refund that another event tells of: it stays on
		/// hold.
		RefundWithheld {
			/// The renter.
			renter: T::AccountId,
			/// In what.
			currency: Currency,
			/// How much.
			amount: Balance,
		},
		/// A refund that had been withheld was released.
		RefundReleased {
			/// The renter.
			renter: T::AccountId,
			/// In what.
			currency: Currency,
			/// How much.
			amount: Balance,
		},
		/// The market has other numbers.
		ParametersSet {
			/// The numbers.
			parameters: Rules,
		},
	}

	/// Why a call was refused. Each tells the caller what to do.
	#[pallet::error]
	pub enum Error<T> {
		/// The signer is no worker's hot key: sign with the hot key that the operator registered.
		NotAWorker,
		/// The lease is another worker's: sign with the hot key of its worker.
		NotTheWorker,
		/// The worker or offer is another operator's: sign with that operator's account.
		NotTheOperator,
		/// The lease is somebody else's: sign with the account that rented it.
		NotTheRenter,
		/// There is no such offer: it was withdrawn or pruned.
		UnknownOffer,
		/// There is no such lease: it is closed.
		UnknownLease,
		/// The worker has no such device: let the operator add it first.
		UnknownDevice,
		/// Name at least one device, each once and in ascending order.
		BadDevices,
		/// The price is below twice the minimum fee or above the highest price: set another one.
		BadPrice,
		/// The spot price has to be lower than the price, and its notice within the bounds.
		BadSpot,
		/// The durations have to be at least one block, in order, and within the longest lease.
		BadDuration,
		/// The count is zero, or more than the offer allows: name another one.
		BadCount,
		/// The offer is still good: only its operator can withdraw it.
		NotStale,
		/// The worker has no offer and no lease: create an offer first.
		NothingToAttend,
		/// The latest heartbeat is less than half an interval ago: wait.
		TooSoon,
		/// The worker was silent for too long and has lost its leases: settle them first.
		LeasesLost,
		/// The address has to begin with http:// or https://, to name a host, and to have no other
		/// characters than those of a plain address; a certificate needs https://.
		BadEndpoint,
		/// Maintenance has to be announced earlier: name a later block.
		ShortNotice,
		/// Maintenance has to last at least one block, and no longer than allowed.
		BadLength,
		/// Maintenance is announced already: cancel it before it begins, or wait until it is over
		/// and the worker has sent a heartbeat.
		AlreadyAnnounced,
		/// The maintenance would follow too soon after the previous one: name a later block.
		TooSoonAfterPrevious,
		/// There is no maintenance that has not begun.
		NoMaintenance,
		/// The offer is not listed: its operator has to update it first.
		NotListed,
		/// The operator can begin nothing new at present: take another offer.
		OperatorInactive,
		/// The price is above what the caller is willing to pay: look the offer up again.
		PriceChanged,
		/// The offer has no spot price: rent without it.
		NoSpotPrice,
		/// The devices prove less than what is asked for, or nothing: ask for less, or take
		/// another offer.
		CapacityTooLow,
		/// Not enough devices of the offer are free at present: ask for fewer or wait.
		NotEnoughDevices,
		/// The operator has too little free stake in the market: take another offer or wait.
		NotEnoughStake,
		/// The worker is in maintenance, or will be before the request has to be taken: take another
		/// offer, or rent when the maintenance is over.
		InMaintenance,
		/// The provider could end the spot lease with less notice than is asked for: take another
		/// offer, or ask for less.
		NoticeTooShort,
		/// None of the named offers fits: relax the requirements or name others.
		NothingFits,
		/// The members of a cluster are paid in different currencies: choose one.
		MixedCurrencies,
		/// A cluster has at least two members: rent a single offer alone.
		TooFewMembers,
		/// The request was taken already.
		NotRequested,
		/// The lease has started already: it can not be declined.
		AlreadyStarted,
		/// The request is too old: settle it.
		TooLate,
		/// The lease has not started: cancel it, or wait.
		NotActive,
		/// The lease has reached its end: settle it.
		LeaseOver,
		/// The end of the lease is decided already.
		AlreadyEnding,
		/// Only spot leases can be ended by the provider.
		NotSpot,
		/// The lease would be longer than its offer allows: name fewer blocks, but at least one.
		TooLong,
		/// There is nothing to settle yet: wait for a heartbeat or a deadline.
		NothingToSettle,
		/// Nothing is withheld from that account.
		NothingWithheld,
		/// The parameters contradict each other: the rules of the market say how.
		BadParameters,
		/// No further name can be given.
		NamesExhausted,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			for preset in [Rules::LIVE, Rules::DEVELOPMENT] {
				if let Err(reason) = preset.validate() {
					panic!("a preset of the market contradicts itself: {reason}");
				}
			}
			assert!(
				T::OfferDeposit::get() > 0 && T::LeaseDeposit::get() > 0,
				"offers and leases fill the state and need deposits"
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call(weight(<T as Config>::WeightInfo))]
	impl<T: Config> Pallet<T> {
		/// Publishes an offer of devices of one of the caller's workers. A deposit is held until the
		/// offer is gone. Capacity is not declared: it is what the devices prove.
		///
		/// - `devices`: which devices, in ascending order.
		/// - `currency`, `memory_mib`, `region`: these stay as they are.
		/// - `terms`: prices, durations and the largest count, which can be updated.
		#[pallet::call_index(0)]
		pub fn create_offer(
			origin: OriginFor<T>,
			worker: WorkerId,
			devices: Devices,
			currency: Currency,
			memory_mib: u32,
			region: Region,
			terms: Terms,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_create_offer(who, worker, devices, currency, memory_mib, region, terms)
		}

		/// Changes the terms of an offer and lists it. Leases of it keep their terms.
		#[pallet::call_index(1)]
		pub fn update_offer(origin: OriginFor<T>, offer: OfferId, terms: Terms) -> DispatchResult {
			Self::do_update_offer(ensure_signed(origin)?, offer, terms)
		}

		/// Withdraws an offer and gives its deposit back. Leases of it go on.
		#[pallet::call_index(2)]
		pub fn withdraw_offer(origin: OriginFor<T>, offer: OfferId) -> DispatchResult {
			Self::do_withdraw_offer(ensure_signed(origin)?, offer)
		}

		/// Removes a stale offer: its worker is gone, its operator inactive, or it has been unlisted
		/// or its worker silent for long. By anybody; the fee is returned, the deposit goes to the
		/// operator.
		#[pallet::call_index(3)]
		pub fn prune_offer(origin: OriginFor<T>, offer: OfferId) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			Self::do_prune_offer(offer)?;
			Ok(Pays::No.into())
		}

		/// Attests that the worker is there, for all its leases: for the blocks since its previous
		/// heartbeat, but at most one interval of them. Signed by the worker's hot key. The fee is
		/// returned.
		#[pallet::call_index(4)]
		#[pallet::weight((T::WeightInfo::heartbeat(), DispatchClass::Operational))]
		pub fn heartbeat(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let worker = Self::ensure_worker(origin)?;
			Self::do_heartbeat(worker)?;
			Ok(Pays::No.into())
		}

		/// Announces that a worker of the caller will be silent from block `from` on, before block
		/// `until`. It is not paid for that time, and loses no lease by it.
		#[pallet::call_index(5)]
		pub fn announce_maintenance(
			origin: OriginFor<T>,
			worker: WorkerId,
			from: Blocks,
			until: Blocks,
		) -> DispatchResult {
			Self::do_announce_maintenance(ensure_signed(origin)?, worker, from, until)
		}

		/// Cancels an announced maintenance that has not begun.
		#[pallet::call_index(6)]
		pub fn cancel_maintenance(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
			Self::do_cancel_maintenance(ensure_signed(origin)?, worker)
		}

		/// Requests a lease of `count` devices of an offer. The whole price and a deposit are put on
		/// hold; it starts when the worker is ready, or all comes back.
		///
		/// - `ask`: duration, price ceiling, least capacity, and whether the provider may end it, with
		///   which notice.
		/// - `access`: the account whose signature opens the lease.
		/// - `top_up`: permission to lengthen it out of the caller's balance.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::rent())]
		pub fn rent(
			origin: OriginFor<T>,
			offer: OfferId,
			count: u32,
			ask: Ask,
			access: T::AccountId,
			top_up: Option<TopUp>,
		) -> DispatchResult {
			Self::do_rent(ensure_signed(origin)?, offer, count, ask, access, top_up)
		}

		/// Requests a lease of the cheapest of the named offers that fits; of two at the same price,
		/// the older one.
		///
		/// - `offers`: at most 16, such as the view function `candidates` proposes.
		/// - `requirements`: what has to fit.
		/// - `access`, `top_up`: as in `rent`.
		#[pallet::call_index(8)]
		#[pallet::weight(
			T::WeightInfo::rent_matching(u32::try_from(offers.len()).unwrap_or(u32::MAX))
		)]
		pub fn rent_matching(
			origin: OriginFor<T>,
			offers: Choice,
			requirements: Requirements,
			access: T::AccountId,
			top_up: Option<TopUp>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_rent_matching(who, &offers, &requirements, access, top_up)
		}

		/// Requests leases of several offers that start together or not at all.
		///
		/// - `members`: two to 16 offers in one currency, each with a count of its devices and with
		///   what is asked of it.
		/// - `access`, `top_up`: of each lease, as in `rent`.
		#[pallet::call_index(9)]
		#[pallet::weight(
			T::WeightInfo::rent_cluster(u32::try_from(members.len()).unwrap_or(u32::MAX))
		)]
		pub fn rent_cluster(
			origin: OriginFor<T>,
			members: Members,
			access: T::AccountId,
			top_up: Option<TopUp>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_rent_cluster(who, &members, access, top_up)
		}

		/// Takes a request: occupies the named devices, reserves stake and starts the lease. Counts as
		/// a heartbeat. Signed by the worker's hot key. The fee is returned.
		///
		/// For a member of a cluster this is a promise that occupies and reserves nothing. The last
		/// member that is ready starts all; if one of them can not keep its promise by then, all are
		/// closed and refunded.
		///
		/// - `devices`: as many as were asked for, of those offered, in ascending order.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::ready(MAX_DEVICES))]
		pub fn ready(
			origin: OriginFor<T>,
			lease: LeaseId,
			devices: Devices,
		) -> DispatchResultWithPostInfo {
			let worker = Self::ensure_worker(origin)?;
			let touched = Self::do_ready(worker, lease, devices)?;
			Ok((Some(T::WeightInfo::ready(touched)), Pays::No).into())
		}

		/// Declines a request, and its cluster with it. The renter has everything back. When it is too
		/// late to take it, that is a settlement. Signed by the worker's hot key. The fee is returned.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::decline(MAX_DEVICES))]
		pub fn decline(origin: OriginFor<T>, lease: LeaseId) -> DispatchResultWithPostInfo {
			let worker = Self::ensure_worker(origin)?;
			let touched = Self::do_decline(worker, lease)?;
			Ok((Some(T::WeightInfo::decline(touched)), Pays::No).into())
		}

		/// Ends a lease of the caller: it is paid for no longer than the notice, and what is held
		/// beyond that comes back at once. A request, with its cluster, is cancelled for a small fee.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::end(MAX_DEVICES))]
		pub fn end(origin: OriginFor<T>, lease: LeaseId) -> DispatchResultWithPostInfo {
			let touched = Self::do_end(ensure_signed(origin)?, lease)?;
			Ok(Some(T::WeightInfo::end(touched)).into())
		}

		/// Ends a spot lease with the notice that its offer promised. By the operator or the worker.
		#[pallet::call_index(13)]
		pub fn give_notice(origin: OriginFor<T>, lease: LeaseId) -> DispatchResult {
			Self::do_give_notice(ensure_signed(origin)?, lease)
		}

		/// Lengthens a lease of the caller by `blocks` at its price, which has to be at most
		/// `max_price` per GPU and block.
		#[pallet::call_index(14)]
		pub fn extend(
			origin: OriginFor<T>,
			lease: LeaseId,
			blocks: Blocks,
			max_price: Balance,
		) -> DispatchResult {
			Self::do_extend(ensure_signed(origin)?, lease, blocks, max_price)
		}

		/// Sets or takes back the permission to lengthen a lease out of the caller's balance.
		#[pallet::call_index(15)]
		pub fn set_top_up(
			origin: OriginFor<T>,
			lease: LeaseId,
			top_up: Option<TopUp>,
		) -> DispatchResult {
			Self::do_set_top_up(ensure_signed(origin)?, lease, top_up)
		}

		/// Gives a lease of the caller to another key.
		#[pallet::call_index(16)]
		pub fn set_access(
			origin: OriginFor<T>,
			lease: LeaseId,
			access: T::AccountId,
		) -> DispatchResult {
			Self::do_set_access(ensure_signed(origin)?, lease, access)
		}

		/// Pays what was attested of a lease, lengthens it if its renter wished so, and closes it if
		/// it is over, lost, or was not taken in time. By anybody; the fee is returned to the lease's
		/// worker, and to whoever closes a lease that was lost or not taken in time.
		#[pallet::call_index(17)]
		#[pallet::weight(
			T::WeightInfo::settle().max(T::WeightInfo::settle_request(MAX_DEVICES))
		)]
		pub fn settle(origin: OriginFor<T>, lease: LeaseId) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let done = Self::do_settle(lease)?;
			let weight = match done.requests {
				0 => T::WeightInfo::settle(),
				requests => T::WeightInfo::settle_request(requests),
			};
			let reported =
				matches!(done.closed, Some(CloseReason::ProviderLost | CloseReason::NeverStarted));
			let is_free = reported || T::Workers::worker_of(&who) == Some(done.worker);
			Ok((Some(weight), if is_free { Pays::No } else { Pays::Yes }).into())
		}

		/// Releases a refund that the renter's account could not take before. By anybody.
		#[pallet::call_index(18)]
		pub fn release_withheld(
			origin: OriginFor<T>,
			renter: T::AccountId,
			currency: Currency,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_release_withheld(renter, currency)
		}

		/// Sets the numbers of the market. Root only, and none that contradict each other. Fees,
		/// notices and deadlines hold for running leases too; prices and durations are theirs.
		#[pallet::call_index(19)]
		pub fn set_parameters(origin: OriginFor<T>, parameters: Rules) -> DispatchResult {
			ensure_root(origin)?;
			ensure!(parameters.validate().is_ok(), Error::<T>::BadParameters);
			Parameters::<T>::put(parameters);
			Self::deposit_event(Event::ParametersSet { parameters });
			Ok(())
		}

		/// Says where the API of the caller's worker is, or that there is none; as long as the worker
		/// has an offer or a lease. Signed by the worker's hot key.
		#[pallet::call_index(20)]
		pub fn announce(origin: OriginFor<T>, endpoint: Option<Endpoint>) -> DispatchResult {
			let worker = Self::ensure_worker(origin)?;
			Self::do_announce(worker, endpoint)
		}
	}

	/// Read-only functions for wallets, the worker and the command line.
	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The numbers of the market.
		pub fn parameters() -> Rules {
			Parameters::<T>::get()
		}

		/// An offer, with what it proves and what is free.
		pub fn offer(id: OfferId) -> Option<OfferView<T::AccountId>> {
			Offers::<T>::get(id).map(|offer| Self::view_offer(id, offer))
		}

		/// Offers that fit the requirements and could be rented now, the cheapest first. Looks at 256
		/// offers from `cursor` on, and returns the cheapest `limit` of those that fit; `next` is where
		/// the next 256 begin.
		pub fn candidates(
			requirements: Requirements,
			cursor: Option<OfferId>,
			limit: u32,
		) -> Candidates<T::AccountId> {
			Self::view_candidates(&requirements, cursor, limit)
		}

		/// What a lease of an offer would cost; nothing if it could not be rented now.
		pub fn quote(offer: OfferId, count: u32, ask: Ask) -> Option<Quote> {
			Self::view_quote(offer, count, &ask)
		}

		/// A lease, with what a settlement would do now.
		pub fn lease(id: LeaseId) -> Option<LeaseView<T::AccountId>> {
			Leases::<T>::get(id).map(|lease| Self::view_lease(id, lease))
		}

		/// Names of a renter's leases, no more than 256 from `cursor` on.
		pub fn leases_of(renter: T::AccountId, cursor: Option<LeaseId>) -> Vec<LeaseId> {
			Self::view_leases_of(&renter, cursor)
		}

		/// Names of a worker's leases, no more than 256 from `cursor` on.
		pub fn leases_at(worker: WorkerId, cursor: Option<LeaseId>) -> Vec<LeaseId> {
			Self::view_leases_at(worker, cursor)
		}

		/// A worker's attendance; nothing if it has neither an offer nor a lease.
		pub fn presence(worker: WorkerId) -> Option<Presence> {
			Presences::<T>::get(worker)
		}

		/// Where the API of a worker is, as it has announced.
		pub fn endpoint(worker: WorkerId) -> Option<Endpoint> {
			Endpoints::<T>::get(worker)
		}

		/// What an operator is known for, as of now.
		pub fn reputation(operator: T::AccountId) -> Reputation {
			Self::view_reputation(&operator)
		}
	}
}

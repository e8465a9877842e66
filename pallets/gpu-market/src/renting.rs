//! Requests: by offer, by requirement, or several at once.

use crate::{
	Ask, Balance, Choice, Cluster, ClusterId, Clusters, Config, Error, Event, HoldReason, Lease,
	LeaseId, LeaseState, Leases, LeasesAt, LeasesOf, Member, Members, NextCluster, NextLease,
	Offer, OfferId, Offers, Pallet, Parameters, Requirements, TopUp,
};
use assay_market::{charge::total, Blocks, Currency};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get, BoundedVec};
use pallet_operators::Workers;
use sp_runtime::DispatchError;

/// What an offer gives for an ask.
pub(crate) struct Deal {
	/// Price per GPU and block.
	pub(crate) price: Balance,
	/// Proven FLOP/s of each device.
	pub(crate) capacity: u64,
	/// For a spot lease, the blocks of service from the provider's notice on.
	pub(crate) spot_notice: Option<Blocks>,
}

/// Whoever rents, and what holds for all its leases of one call.
pub(crate) struct Renter<AccountId> {
	/// Who pays.
	pub(crate) who: AccountId,
	/// Who may use them.
	pub(crate) access: AccountId,
	/// Permission to lengthen them.
	pub(crate) top_up: Option<TopUp>,
	/// The cluster that they belong to.
	pub(crate) cluster: Option<ClusterId>,
}

impl<T: Config> Pallet<T> {
	/// What the offer gives now for what is asked, or why it gives nothing.
	pub(crate) fn deal(
		offer: &Offer<T::AccountId>,
		count: u32,
		ask: &Ask,
	) -> Result<Deal, Error<T>> {
		let terms = &offer.terms;
		ensure!(offer.listed, Error::<T>::NotListed);
		ensure!((1..=terms.maximum_count).contains(&count), Error::<T>::BadCount);
		ensure!(
			(terms.minimum_duration..=terms.maximum_duration).contains(&ask.duration),
			Error::<T>::BadDuration
		);
		let (price, spot_notice) = if ask.spot {
			let spot = terms.spot.ok_or(Error::<T>::NoSpotPrice)?;
			ensure!(spot.notice >= ask.minimum_notice, Error::<T>::NoticeTooShort);
			(spot.price, Some(spot.notice))
		} else {
			(terms.price, None)
		};
		ensure!(price <= ask.max_price, Error::<T>::PriceChanged);
		// The minimum fee may have grown since the offer was published.
		ensure!(Parameters::<T>::get().is_price(price, offer.currency), Error::<T>::BadPrice);
		ensure!(T::Workers::is_active(offer.worker), Error::<T>::OperatorInactive);
		ensure!(!Self::is_maintained(offer.worker, Self::now()), Error::<T>::InMaintenance);
		let capacity = Self::capacity_of(offer.worker, &offer.devices);
		ensure!(capacity >= ask.minimum_capacity.max(1), Error::<T>::CapacityTooLow);
		ensure!(
			Self::free_devices(offer.worker, &offer.devices) >= count,
			Error::<T>::NotEnoughDevices
		);
		ensure!(Self::has_stake(&offer.operator, count), Error::<T>::NotEnoughStake);
		Ok(Deal { price, capacity, spot_notice })
	}

	/// Records a request and puts its price and deposit on hold.
	fn request(
		renter: &Renter<T::AccountId>,
		id: OfferId,
		offer: Offer<T::AccountId>,
		count: u32,
		duration: Blocks,
		deal: Deal,
	) -> Result<LeaseId, DispatchError> {
		let lease = NextLease::<T>::get();
		NextLease::<T>::put(lease.checked_add(1).ok_or(Error::<T>::NamesExhausted)?);
		let Renter { who, access, top_up, cluster } = renter;
		let escrow = total(deal.price, count, duration);
		let deposit = T::LeaseDeposit::get();
		Self::hold(Currency::Native, HoldReason::LeaseDeposit, who, deposit)?;
		Self::hold(offer.currency, HoldReason::Escrow, who, escrow)?;
		LeasesOf::<T>::insert(who, lease, ());
		LeasesAt::<T>::insert(offer.worker, lease, ());
		Leases::<T>::insert(
			lease,
			Lease {
				renter: who.clone(),
				access: access.clone(),
				operator: offer.operator.clone(),
				worker: offer.worker,
				offer: id,
				currency: offer.currency,
				price: deal.price,
				count,
				devices: offer.devices,
				proven: BoundedVec::default(),
				bought: deal.capacity,
				spot_notice: deal.spot_notice,
				duration,
				maximum_duration: offer.terms.maximum_duration,
				top_up: *top_up,
				cluster: *cluster,
				escrow,
				owed: 0,
				deposit,
				state: LeaseState::Requested { at: Self::now() },
			},
		);
		Self::deposit_event(Event::LeaseRequested {
			lease,
			offer: id,
			renter: who.clone(),
			access: access.clone(),
			operator: offer.operator,
			worker: offer.worker,
			currency: offer.currency,
			price: deal.price,
			count,
			bought: deal.capacity,
			duration,
			spot_notice: deal.spot_notice,
			top_up: *top_up,
			cluster: *cluster,
			escrow,
			deposit,
		});
		Ok(lease)
	}

	pub(crate) fn do_rent(
		who: T::AccountId,
		id: OfferId,
		count: u32,
		ask: Ask,
		access: T::AccountId,
		top_up: Option<TopUp>,
	) -> DispatchResult {
		let offer = Offers::<T>::get(id).ok_or(Error::<T>::UnknownOffer)?;
		let deal = Self::deal(&offer, count, &ask)?;
		let renter = Renter { who, access, top_up, cluster: None };
		Self::request(&renter, id, offer, count, ask.duration, deal).map(|_| ())
	}

	/// What the offer gives for the requirements, if it meets all of them.
	pub(crate) fn match_offer(
		offer: &Offer<T::AccountId>,
		requirements: &Requirements,
	) -> Option<Deal> {
		let Requirements { ask, count, currency, minimum_memory_mib, region } = requirements;
		let fits = offer.currency == *currency
			&& offer.memory_mib >= *minimum_memory_mib
			&& region.as_ref().is_none_or(|region| *region == offer.region);
		if !fits {
			return None;
		}
		Self::deal(offer, *count, ask).ok()
	}

	pub(crate) fn do_rent_matching(
		who: T::AccountId,
		offers: &Choice,
		requirements: &Requirements,
		access: T::AccountId,
		top_up: Option<TopUp>,
	) -> DispatchResult {
		let (id, offer, deal) = offers
			.iter()
			.filter_map(|id| {
				let offer = Offers::<T>::get(id)?;
				let deal = Self::match_offer(&offer, requirements)?;
				Some((*id, offer, deal))
			})
			.min_by_key(|(id, _, deal)| (deal.price, *id))
			.ok_or(Error::<T>::NothingFits)?;
		let renter = Renter { who, access, top_up, cluster: None };
		let duration = requirements.ask.duration;
		Self::request(&renter, id, offer, requirements.count, duration, deal).map(|_| ())
	}

	pub(crate) fn do_rent_cluster(
		who: T::AccountId,
		members: &Members,
		access: T::AccountId,
		top_up: Option<TopUp>,
	) -> DispatchResult {
		ensure!(members.len() >= 2, Error::<T>::TooFewMembers);
		let cluster = NextCluster::<T>::get();
		NextCluster::<T>::put(cluster.checked_add(1).ok_or(Error::<T>::NamesExhausted)?);
		let renter = Renter { who, access, top_up, cluster: Some(cluster) };
		let mut leases = BoundedVec::default();
		let mut currency = None;
		for Member { offer: id, count, ask } in members {
			let offer = Offers::<T>::get(id).ok_or(Error::<T>::UnknownOffer)?;
			ensure!(
				*currency.get_or_insert(offer.currency) == offer.currency,
				Error::<T>::MixedCurrencies
			);
			let deal = Self::deal(&offer, *count, ask)?;
			let lease = Self::request(&renter, *id, offer, *count, ask.duration, deal)?;
			leases.try_push(lease).map_err(|_| Error::<T>::BadCount)?;
		}
		Clusters::<T>::insert(cluster, Cluster { members: leases, ready: 0 });
		Ok(())
	}
}

//! Between the generated types and the plain ones.

use super::{
	super::{
		runtime::runtime_types::{assay_market as rules, pallet_gpu_market::types as market},
		transactions::bounded,
		AccountId,
	},
	Ask, CloseReason, Endpoint, Lease, LeaseState, LeaseView, Member, Offer, OfferTerms, OfferView,
	Presence, Quote, Requirements, Running, Spot, TopUp,
};
use assay_market::{
	Amounts, Attendance, Checkpoint, Currency, MaintenanceRules, Parameters, Reputation, Window,
};

impl From<Currency> for rules::currency::Currency {
	fn from(currency: Currency) -> Self {
		match currency {
			Currency::Native => Self::Native,
			Currency::Credits => Self::Credits,
		}
	}
}

impl From<OfferTerms> for market::Terms {
	fn from(terms: OfferTerms) -> Self {
		let OfferTerms { price, spot, minimum_duration, maximum_duration, maximum_count } = terms;
		let spot = spot.map(|spot| market::Spot { price: spot.price, notice: spot.notice });
		Self { price, spot, minimum_duration, maximum_duration, maximum_count }
	}
}

impl From<Ask> for market::Ask {
	fn from(ask: Ask) -> Self {
		let Ask { duration, max_price, minimum_capacity, spot, minimum_notice } = ask;
		Self { duration, max_price, minimum_capacity, spot, minimum_notice }
	}
}

impl From<Member> for market::Member {
	fn from(member: Member) -> Self {
		Self { offer: member.offer, count: member.count, ask: member.ask.into() }
	}
}

impl From<Requirements> for market::Requirements {
	fn from(requirements: Requirements) -> Self {
		Self {
			ask: requirements.ask.into(),
			count: requirements.count,
			currency: requirements.currency.into(),
			minimum_memory_mib: requirements.minimum_memory_mib,
			region: requirements.region.map(|region| bounded(region.into_bytes())),
		}
	}
}

impl From<TopUp> for market::TopUp {
	fn from(top_up: TopUp) -> Self {
		Self { blocks: top_up.blocks, limit: top_up.limit }
	}
}

fn currency(currency: &rules::currency::Currency) -> Currency {
	match currency {
		rules::currency::Currency::Native => Currency::Native,
		rules::currency::Currency::Credits => Currency::Credits,
	}
}

fn amounts(amounts: &rules::currency::Amounts) -> Amounts {
	Amounts { native: amounts.native, credits: amounts.credits }
}

fn window(window: &rules::attendance::Window) -> Window {
	Window { from: window.from, until: window.until }
}

pub(super) fn parameters(numbers: &rules::parameters::Parameters) -> Parameters {
	Parameters {
		interval: numbers.interval,
		grace: numbers.grace,
		start_window: numbers.start_window,
		end_notice: numbers.end_notice,
		fee_ppm: numbers.fee_ppm,
		minimum_fee: amounts(&numbers.minimum_fee),
		lease_stake: numbers.lease_stake,
		stale_after: numbers.stale_after,
		maintenance: MaintenanceRules {
			notice: numbers.maintenance.notice,
			longest: numbers.maintenance.longest,
			gap: numbers.maintenance.gap,
		},
		max_spot_notice: numbers.max_spot_notice,
		max_duration: numbers.max_duration,
		half_life: numbers.half_life,
	}
}

pub(super) fn presence(record: &market::Presence) -> Presence {
	let attendance = &record.attendance;
	Presence {
		attendance: Attendance {
			last: attendance.last,
			missed: attendance.missed,
			maintenance: attendance.maintenance.as_ref().map(window),
			maintained_until: attendance.maintained_until,
		},
		offers: record.offers,
		waiting: record.waiting,
		leases: record.leases,
	}
}

impl From<Endpoint> for market::Endpoint {
	fn from(endpoint: Endpoint) -> Self {
		Self { url: bounded(endpoint.url.into_bytes()), certificate: endpoint.certificate }
	}
}

pub(super) fn endpoint(endpoint: &market::Endpoint) -> Endpoint {
	Endpoint {
		url: String::from_utf8_lossy(&endpoint.url.0).into_owned(),
		certificate: endpoint.certificate,
	}
}

pub(super) fn reputation(known: &rules::reputation::Reputation) -> Reputation {
	Reputation {
		updated_at: known.updated_at,
		kept: amounts(&known.kept),
		lost: amounts(&known.lost),
		service: known.service,
		leases_kept: known.leases_kept,
		leases_lost: known.leases_lost,
		convictions: known.convictions,
	}
}

pub(super) fn offer(offer: market::Offer<AccountId>) -> Offer {
	let terms = offer.terms;
	Offer {
		operator: offer.operator,
		worker: offer.worker,
		devices: offer.devices.0,
		currency: currency(&offer.currency),
		memory_mib: offer.memory_mib,
		region: String::from_utf8_lossy(&offer.region.0).into_owned(),
		terms: OfferTerms {
			price: terms.price,
			spot: terms.spot.map(|spot| Spot { price: spot.price, notice: spot.notice }),
			minimum_duration: terms.minimum_duration,
			maximum_duration: terms.maximum_duration,
			maximum_count: terms.maximum_count,
		},
		listed: offer.listed,
	}
}

pub(super) fn offer_view(view: market::OfferView<AccountId>) -> OfferView {
	OfferView {
		id: view.id,
		offer: offer(view.offer),
		capacity: view.capacity,
		free: view.free,
		active: view.active,
		last_seen: view.last_seen,
		maintenance: view.maintenance.as_ref().map(window),
	}
}

pub(super) fn quote(quote: &market::Quote) -> Quote {
	Quote {
		currency: currency(&quote.currency),
		price: quote.price,
		escrow: quote.escrow,
		deposit: quote.deposit,
		cancellation_fee: quote.cancellation_fee,
		capacity: quote.capacity,
		stake: quote.stake,
	}
}

fn reason(reason: &market::CloseReason) -> CloseReason {
	match reason {
		market::CloseReason::EndedByRenter => CloseReason::EndedByRenter,
		market::CloseReason::Expired => CloseReason::Expired,
		market::CloseReason::OutOfFunds => CloseReason::OutOfFunds,
		market::CloseReason::ProviderNotice => CloseReason::ProviderNotice,
		market::CloseReason::ProviderLost => CloseReason::ProviderLost,
		market::CloseReason::NeverStarted => CloseReason::NeverStarted,
		market::CloseReason::Cancelled => CloseReason::Cancelled,
		market::CloseReason::Declined => CloseReason::Declined,
	}
}

fn state(state: &market::LeaseState) -> LeaseState {
	match state {
		market::LeaseState::Requested { at } => LeaseState::Requested { at: *at },
		market::LeaseState::Waiting { at } => LeaseState::Waiting { at: *at },
		market::LeaseState::Active(running) => LeaseState::Active(Running {
			since: running.since,
			until: running.until,
			checkpoint: Checkpoint {
				block: running.checkpoint.block,
				missed: running.checkpoint.missed,
			},
			ending: running.ending.as_ref().map(reason),
		}),
	}
}

fn lease(lease: market::Lease<AccountId>) -> Lease {
	Lease {
		renter: lease.renter,
		access: lease.access,
		operator: lease.operator,
		worker: lease.worker,
		offer: lease.offer,
		currency: currency(&lease.currency),
		price: lease.price,
		count: lease.count,
		devices: lease.devices.0,
		bought: lease.bought,
		spot_notice: lease.spot_notice,
		duration: lease.duration,
		maximum_duration: lease.maximum_duration,
		top_up: lease.top_up.map(|top_up| TopUp { blocks: top_up.blocks, limit: top_up.limit }),
		cluster: lease.cluster,
		escrow: lease.escrow,
		owed: lease.owed,
		deposit: lease.deposit,
		state: state(&lease.state),
	}
}

pub(super) fn lease_view(view: market::LeaseView<AccountId>) -> LeaseView {
	LeaseView {
		id: view.id,
		lease: lease(view.lease),
		due: view.due,
		fee: view.fee,
		refund: view.refund,
		refundable: view.refundable,
		deadline: view.deadline,
		closes: view.closes.as_ref().map(reason),
		tops_up: view.tops_up,
	}
}

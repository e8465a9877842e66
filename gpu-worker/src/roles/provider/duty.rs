//! What a worker has to do in the market: a pure function of what the chain shows.
//!
//! It remembers nothing, so a worker that was killed goes on where it was. The rules that it asks,
//! such as when a heartbeat is early and when a lease is over, are those that the chain applies.

use crate::chain::{Endpoint, Lease, LeaseState, LeaseView, Market, Presence};
use assay_market::{term, Blocks, Term};

/// Intervals after which what a running lease has earned is fetched: rarely enough not to fill
/// blocks, often enough that a later loss of capacity does not lower the price of much.
const SETTLE_INTERVALS: u32 = 6;
/// A worker with offers and no leases is heard this often before its offers become stale.
const BEATS_BEFORE_STALE: u32 = 4;

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
	/// Attest the presence.
	Heartbeat {
		/// The latest heartbeat.
		last: Blocks,
	},
	/// Take a request.
	Ready {
		/// The lease.
		lease: u64,
		/// The devices that will serve it.
		devices: Vec<u16>,
	},
	/// Settle a lease.
	Settle {
		/// The lease.
		lease: u64,
		/// How far it is settled.
		from: Blocks,
		/// The first block that nothing is held for.
		until: Blocks,
	},
	/// Announce where the API is.
	Announce {
		/// Where.
		endpoint: Endpoint,
	},
	/// Decline a request.
	Decline {
		/// The lease.
		lease: u64,
	},
}

/// What is due in the next block at a worker that runs the devices `own` and serves its leases at
/// `endpoint`, in the order in which it has to happen.
pub fn due(market: &Market, own: &[u16], endpoint: &Endpoint) -> Vec<Step> {
	let now = market.head.saturating_add(1);
	let is_lost = market.presence.is_some_and(|presence| {
		presence.leases > 0 && presence.attendance.is_lost(now, &market.rules)
	});
	let (taken, declined) = if is_lost {
		// The chain hears nothing of this worker until what it has lost is settled.
		(Vec::new(), None)
	} else {
		answers(market, own, now)
	};
	let mut steps = Vec::new();
	if let Some(presence) = market.presence.filter(|_| !is_lost) {
		steps.extend(heartbeat(market, &presence, now, !taken.is_empty()));
	}
	steps.extend(taken);
	if market.presence.is_some() && market.endpoint.as_ref() != Some(endpoint) {
		steps.push(Step::Announce { endpoint: endpoint.clone() });
	}
	steps.extend(market.leases.iter().filter_map(|view| settlement(market, view, now)));
	// One in a block is enough.
	steps.extend(declined);
	steps
}

/// A heartbeat, if it is time. One that takes a request attests as much, and is waited for.
fn heartbeat(market: &Market, presence: &Presence, now: Blocks, is_ready: bool) -> Option<Step> {
	let (rules, attendance) = (&market.rules, &presence.attendance);
	let gap = now.saturating_sub(attendance.last);
	let half = rules.interval.div_ceil(2).max(1);
	let serves = presence.leases > 0 || presence.waiting > 0;
	let pause = match (serves, is_ready) {
		(true, false) => half,
		(true, true) => rules.interval,
		(false, _) => rules.stale_after.div_euclid(BEATS_BEFORE_STALE).max(half),
	};
	let is_due = gap >= pause && !attendance.is_early(now, rules);
	is_due.then_some(Step::Heartbeat { last: attendance.last })
}

/// Which requests to take, with which devices, and which one to decline.
///
/// A request is declined only for what the chain shows. One for whose devices an older request is
/// just being taken waits until the chain shows that. What was promised to a cluster stays free for
/// whoever starts first, since a promise occupies nothing; only to the same cluster it cannot be promised
/// twice.
fn answers(market: &Market, own: &[u16], now: Blocks) -> (Vec<Step>, Option<Step>) {
	let mut used: Vec<u16> = Vec::new();
	let mut stake = market.free_stake;
	let stake_of = |lease: &Lease| market.rules.lease_stake.saturating_mul(lease.count.into());
	let (mut taken, mut declined) = (Vec::new(), None);
	for LeaseView { id, lease, .. } in &market.leases {
		let LeaseState::Requested { at } = lease.state else { continue };
		if term::is_stale(at, now, &market.rules) {
			continue;
		}
		let count = usize::try_from(lease.count).unwrap_or(usize::MAX);
		let same = |other: &&Lease| lease.cluster.is_some() && other.cluster == lease.cluster;
		let needed = waiting(market)
			.filter(same)
			.fold(stake_of(lease), |sum, other| sum.saturating_add(stake_of(other)));
		let fits = |device: &u16| {
			own.contains(device)
				&& lease.devices.contains(device)
				&& !waiting(market).filter(same).any(|other| other.devices.contains(device))
		};
		let mut free: Vec<u16> = market.free.iter().copied().filter(fits).collect();
		if !market.active || market.free_stake < needed || free.len() < count {
			declined = declined.or(Some(Step::Decline { lease: *id }));
			continue;
		}
		let is_promised =
			|device: &u16| waiting(market).any(|other| other.devices.contains(device));
		free.retain(|device| !used.contains(device));
		free.sort_by_key(|device| (is_promised(device), *device));
		free.truncate(count);
		free.sort_unstable();
		if free.len() == count && stake >= needed {
			stake = stake.saturating_sub(needed);
			used.extend(&free);
			taken.push(Step::Ready { lease: *id, devices: free });
		}
	}
	(taken, declined)
}

/// The worker's leases that wait for the rest of their cluster.
fn waiting(market: &Market) -> impl Iterator<Item = &Lease> {
	let leases = market.leases.iter().map(|view| &view.lease);
	leases.filter(|lease| matches!(lease.state, LeaseState::Waiting { .. }))
}

/// Settling a lease, if that does something that should not wait.
fn settlement(market: &Market, view: &LeaseView, now: Blocks) -> Option<Step> {
	let running = match view.lease.state {
		LeaseState::Requested { at } | LeaseState::Waiting { at } => {
			let step = Step::Settle { lease: view.id, from: at, until: at };
			return term::is_stale(at, now, &market.rules).then_some(step);
		}
		LeaseState::Active(running) => running,
	};
	let rules = &market.rules;
	let attendance = market.presence?.attendance;
	let covered = attendance.span(running.checkpoint, running.until).covered;
	let is_due = match Term::of(&attendance, running.until, now, rules) {
		Term::Over | Term::Lost => true,
		Term::Running => {
			covered >= rules.interval.saturating_mul(SETTLE_INTERVALS)
				|| (view.tops_up && now < running.until)
		}
	};
	let (from, until) = (running.checkpoint.block, running.until);
	is_due.then_some(Step::Settle { lease: view.id, from, until })
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;
	use crate::chain::{AccountId, Running};
	use assay_market::{Attendance, Checkpoint, Currency, Parameters, Window};

	/// Intervals of 10 blocks, 30 of grace, 20 to take a request, offers stale after 600.
	const RULES: Parameters = Parameters::DEVELOPMENT;
	const STAKE: u128 = RULES.lease_stake;

	fn lease(id: u64, state: LeaseState) -> LeaseView {
		let account = AccountId::from([1; 32]);
		LeaseView {
			id,
			lease: Lease {
				renter: account,
				access: account,
				operator: account,
				worker: 7,
				offer: 0,
				currency: Currency::Credits,
				price: 10,
				count: 1,
				devices: vec![0, 1],
				bought: 1,
				spot_notice: None,
				duration: 100,
				maximum_duration: 1_000,
				top_up: None,
				cluster: None,
				escrow: 1_000,
				owed: 0,
				deposit: 1,
				state,
			},
			due: 0,
			fee: 0,
			refund: 0,
			refundable: 0,
			deadline: 0,
			closes: None,
			tops_up: false,
		}
	}

	pub(in super::super) fn request(id: u64, at: Blocks) -> LeaseView {
		lease(id, LeaseState::Requested { at })
	}

	pub(in super::super) fn active(id: u64, settled: Blocks, until: Blocks) -> LeaseView {
		let checkpoint = Checkpoint { block: settled, missed: 0 };
		let running = Running { since: 100, until, checkpoint, ending: None };
		lease(id, LeaseState::Active(running))
	}

	fn presence(last: Blocks, offers: u32, leases: u32) -> Option<Presence> {
		let attendance = Attendance::new(last);
		Some(Presence { attendance, offers, waiting: 0, leases })
	}

	/// A worker with one offer of devices 0 and 1, both free, and stake for both.
	pub(in super::super) fn market(
		head: Blocks,
		presence: Option<Presence>,
		leases: Vec<LeaseView>,
	) -> Market {
		Market {
			head,
			rules: RULES,
			presence,
			endpoint: Some(endpoint()),
			free: vec![0, 1],
			active: true,
			free_stake: 2 * STAKE,
			leases,
			next: None,
		}
	}

	fn endpoint() -> Endpoint {
		Endpoint { url: "https://192.0.2.1:1".into(), certificate: Some([1; 32]) }
	}

	/// What is due at a worker that runs [`OWN`].
	fn due(market: &Market, own: &[u16]) -> Vec<Step> {
		super::due(market, own, &endpoint())
	}

	fn ready(lease: u64, devices: &[u16]) -> Step {
		Step::Ready { lease, devices: devices.to_vec() }
	}

	fn beat(last: Blocks) -> Step {
		Step::Heartbeat { last }
	}

	fn settle(lease: u64, from: Blocks, until: Blocks) -> Step {
		Step::Settle { lease, from, until }
	}

	const OWN: [u16; 2] = [0, 1];

	#[test]
	fn provider_should_beat_each_half_interval_when_it_serves() {
		let running = || vec![active(1, 100, 900)];
		for (head, wanted) in [
			(100, None),
			(103, None),
			// The block after 104 is the first in which the chain takes a heartbeat.
			(104, Some(beat(100))),
			(109, Some(beat(100))),
			(129, Some(beat(100))),
		] {
			let steps = due(&market(head, presence(100, 1, 1), running()), &OWN);
			assert_eq!(steps, wanted.into_iter().collect::<Vec<_>>(), "after block {head}");
		}
		let waiting = presence(100, 1, 0).map(|presence| Presence { waiting: 1, ..presence });
		let steps = due(&market(104, waiting, vec![]), &OWN);
		assert_eq!(steps, vec![beat(100)], "a cluster starts only with workers that are there");
	}

	#[test]
	fn provider_should_beat_seldom_when_it_only_offers() {
		for (head, wanted) in [(148, vec![]), (248, vec![]), (249, vec![beat(100)])] {
			assert_eq!(due(&market(head, presence(100, 1, 0), vec![]), &OWN), wanted, "{head}");
		}
		assert_eq!(due(&market(9_000, None, vec![]), &OWN), vec![], "nothing to attend");
	}

	#[test]
	fn provider_should_announce_its_api_when_the_chain_has_another() {
		let mut view = market(101, presence(100, 1, 0), vec![]);
		view.endpoint = None;
		assert_eq!(due(&view, &OWN), vec![Step::Announce { endpoint: endpoint() }]);
		view.endpoint = Some(Endpoint { certificate: None, ..endpoint() });
		assert_eq!(due(&view, &OWN), vec![Step::Announce { endpoint: endpoint() }]);
		view.presence = None;
		assert_eq!(due(&view, &OWN), vec![], "the chain keeps no address of it");
	}

	#[test]
	fn provider_should_beat_before_its_leases_are_lost_when_it_was_away() {
		// The chain hears it up to block 130.
		let leases = || vec![active(1, 100, 900)];
		assert_eq!(due(&market(129, presence(100, 1, 1), leases()), &OWN), vec![beat(100)]);
		let lost = due(&market(130, presence(100, 1, 1), leases()), &OWN);
		assert_eq!(lost, vec![settle(1, 100, 900)], "no heartbeat is taken before that");
		// Announced maintenance moves that moment.
		let mut away = presence(100, 1, 1);
		if let Some(presence) = &mut away {
			presence.attendance.maintenance = Some(Window { from: 110, until: 200 });
		}
		assert_eq!(due(&market(220, away, leases()), &OWN), vec![beat(100)]);
	}

	#[test]
	fn provider_should_take_requests_oldest_first_when_devices_are_free() {
		let requests = vec![request(3, 100), request(5, 101), request(6, 102)];
		let steps = due(&market(102, presence(100, 1, 0), requests), &OWN);
		// The third waits until the chain shows that the devices are gone.
		assert_eq!(steps, vec![ready(3, &[0]), ready(5, &[1])]);

		let mut pair = request(4, 100);
		pair.lease.count = 2;
		let steps = due(&market(102, presence(100, 1, 0), vec![pair.clone()]), &OWN);
		assert_eq!(steps, vec![ready(4, &[0, 1])]);
		let steps = due(&market(102, presence(100, 1, 0), vec![request(3, 100), pair]), &OWN);
		assert_eq!(steps, vec![ready(3, &[0])], "the pair waits");
	}

	#[test]
	fn provider_should_take_a_request_without_a_record_when_its_offer_is_gone() {
		assert_eq!(due(&market(102, None, vec![request(3, 100)]), &OWN), vec![ready(3, &[0])]);
	}

	#[test]
	fn provider_should_decline_when_the_chain_shows_that_it_cannot_serve() {
		let requests = || vec![request(3, 100), request(5, 101)];
		let base = || market(102, presence(100, 1, 0), requests());
		let decline = vec![Step::Decline { lease: 3 }];
		let busy = Market { free: vec![], ..base() };
		assert_eq!(due(&busy, &OWN), decline, "one in a block");
		let inactive = Market { active: false, ..base() };
		assert_eq!(due(&inactive, &OWN), decline);
		let poor = Market { free_stake: STAKE - 1, ..base() };
		assert_eq!(due(&poor, &OWN), decline);
		assert_eq!(due(&base(), &[2]), decline, "this machine does not run those devices");
		let mut foreign = base();
		for view in &mut foreign.leases {
			view.lease.devices = vec![4];
		}
		assert_eq!(due(&foreign, &OWN), decline, "other devices than these were offered");

		// Stake for one lease: the second request waits and is not declined.
		let tight = Market { free_stake: STAKE, ..base() };
		assert_eq!(due(&tight, &OWN), vec![ready(3, &[0])]);
		// Device 1 alone is free: the first takes it, the second waits.
		let half = Market { free: vec![1], ..base() };
		assert_eq!(due(&half, &OWN), vec![ready(3, &[1])]);
	}

	#[test]
	fn m01_provider_should_rent_what_it_has_promised_to_a_cluster_to_whoever_starts_first() {
		let waiting = |devices: &[u16]| {
			let mut view = lease(3, LeaseState::Waiting { at: 100 });
			(view.lease.devices, view.lease.cluster) = (devices.to_vec(), Some(1));
			view
		};
		let member = |cluster| {
			let mut view = request(4, 100);
			view.lease.cluster = cluster;
			view
		};
		let steps = |view: &Market| due(view, &OWN);
		let present = || presence(100, 1, 0);
		// Devices that nobody was promised come first, then the others.
		let mut view = market(102, present(), vec![waiting(&[0]), member(None)]);
		assert_eq!(steps(&view), vec![ready(4, &[1])]);
		view.free = vec![0];
		assert_eq!(steps(&view), vec![ready(4, &[0])]);
		view.leases = vec![waiting(&[0]), member(Some(2))];
		assert_eq!(steps(&view), vec![ready(4, &[0])], "either may start");
		// To the same cluster a device is promised once, and stake as well.
		view.leases = vec![waiting(&[0]), member(Some(1))];
		assert_eq!(steps(&view), vec![Step::Decline { lease: 4 }]);
		view.free = vec![0, 1];
		assert_eq!(steps(&view), vec![ready(4, &[1])]);
		view.free_stake = 2 * STAKE - 1;
		assert_eq!(steps(&view), vec![Step::Decline { lease: 4 }]);
		view.leases = vec![waiting(&[0]), member(Some(2))];
		assert_eq!(steps(&view), vec![ready(4, &[1])]);
		// Two members at once: the second waits until the chain shows the first.
		let mut first = member(Some(1));
		(first.id, first.lease.devices) = (3, vec![0]);
		let mut second = member(Some(1));
		second.lease.devices = vec![0];
		let both = market(102, present(), vec![first, second]);
		assert_eq!(steps(&both), vec![ready(3, &[0])]);
	}

	#[test]
	fn m02_provider_should_settle_a_request_when_it_is_too_late_to_take_it() {
		for (head, wanted) in [(118, vec![ready(3, &[0])]), (119, vec![settle(3, 100, 100)])] {
			let steps = due(&market(head, presence(100, 1, 0), vec![request(3, 100)]), &OWN);
			assert_eq!(steps, wanted, "after block {head}");
		}
		let waiting = lease(4, LeaseState::Waiting { at: 100 });
		assert_eq!(due(&market(118, None, vec![waiting.clone()]), &OWN), vec![]);
		assert_eq!(due(&market(119, None, vec![waiting]), &OWN), vec![settle(4, 100, 100)]);
	}

	#[test]
	fn provider_should_let_ready_be_its_heartbeat_when_there_is_time() {
		let leases = || vec![active(1, 100, 900), request(3, 100)];
		let mut view = market(104, presence(100, 1, 1), leases());
		view.free = vec![1];
		assert_eq!(due(&view, &OWN), vec![ready(3, &[1])]);
		view.head = 109;
		// The heartbeat comes first: after `ready` it would be early.
		assert_eq!(due(&view, &OWN), vec![beat(100), ready(3, &[1])]);
	}

	#[test]
	fn provider_should_settle_when_a_lease_is_over() {
		// Attested to its end.
		let ended = |last| market(200, presence(last, 1, 1), vec![active(1, 150, 200)]);
		assert_eq!(due(&ended(200), &OWN), vec![settle(1, 150, 200)]);
		// Not attested: a heartbeat first, and the settlement at the next block.
		assert_eq!(due(&ended(195), &OWN), vec![beat(195)]);
		// Never attested to its end: over one interval later.
		let mut late = ended(195);
		late.head = 209;
		assert_eq!(due(&late, &OWN), vec![beat(195), settle(1, 150, 200)]);
	}

	#[test]
	fn provider_should_fetch_what_it_earned_now_and_then() {
		for (last, wanted) in [(159, vec![]), (160, vec![settle(1, 100, 900)])] {
			let view = market(last, presence(last, 1, 1), vec![active(1, 100, 900)]);
			assert_eq!(due(&view, &OWN), wanted, "attested up to {last}");
		}
	}

	#[test]
	fn provider_should_settle_before_the_end_when_that_lengthens_the_lease() {
		// Nothing has to be attested since the checkpoint for it.
		let steps = |head, settled, tops_up| {
			let view = LeaseView { tops_up, ..active(1, settled, 200) };
			due(&market(head, presence(188, 1, 1), vec![view]), &OWN)
		};
		assert_eq!(steps(189, 188, false), vec![]);
		assert_eq!(steps(189, 188, true), vec![settle(1, 188, 200)]);
		assert_eq!(steps(189, 180, true), vec![settle(1, 180, 200)]);
		assert_eq!(steps(191, 188, true), vec![settle(1, 188, 200)]);
		// In the block of its end it has to be attested first.
		let last = LeaseView { tops_up: true, ..active(1, 188, 200) };
		let steps = due(&market(199, presence(196, 1, 1), vec![last]), &OWN);
		assert_eq!(steps, vec![]);
	}
}

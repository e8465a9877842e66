//! The worker's leases as the API sees them: kept from what the provider reads after each block.

use crate::{
	chain::{Head, LeaseState, Market},
	roles::submitter::Position,
};
use assay_compute::lease::{Lease, LeaseInfo, Leases};
use assay_market::Blocks;
use std::{
	collections::HashMap,
	sync::{Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

/// How old the news of the chain may be; after that nothing is served.
const FRESH: Duration = Duration::from_secs(60);
/// Most jobs of a lease that have not ended.
const OPEN_JOBS: usize = 64;

/// What every lease of this worker allows besides its devices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotas {
	/// Bytes of all blobs of a lease.
	pub(super) storage: u64,
}

/// The leases of one worker.
pub(super) struct Known {
	quotas: Quotas,
	state: Mutex<State>,
}

#[derive(Default)]
struct State {
	/// Leases that the chain has, and those that it has had until a block that is not final yet.
	leases: HashMap<u64, Entry>,
	/// How often all leases were gone through.
	pass: u64,
	/// The best block when that was done for the first time.
	complete: Option<Blocks>,
	finalized: Blocks,
	updated: Option<Instant>,
}

struct Entry {
	pass: u64,
	/// `None` while it is on chain and may not be used: requested, waiting, or over.
	info: Option<LeaseInfo>,
	/// The best block when it was missing for the first time.
	gone: Option<Blocks>,
}

impl Known {
	/// No leases, and no news.
	pub(super) fn new(quotas: Quotas) -> Self {
		Self { quotas, state: Mutex::default() }
	}

	fn state(&self) -> MutexGuard<'_, State> {
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Takes in what was read after a best block: all leases, or the next ones of many.
	pub(super) fn observe(&self, market: &Market, position: Position) {
		let mut state = self.state();
		let Head { number: best, .. } = position.best;
		state.finalized = position.finalized.number;
		state.updated = Some(Instant::now());
		let pass = state.pass;
		for view in &market.leases {
			let info = match view.lease.state {
				LeaseState::Active(running) if view.closes.is_none() && best < running.until => {
					Some(LeaseInfo {
						access: view.lease.access.0,
						devices: view.lease.devices.clone(),
						until_block: running.until.into(),
						storage_bytes: self.quotas.storage,
						// Each device has its own limits.
						memory_bytes: u64::MAX,
						job_seconds: u32::MAX,
						open_jobs: OPEN_JOBS,
					})
				}
				_ => None,
			};
			state.leases.insert(view.id, Entry { pass, info, gone: None });
		}
		if market.next.is_some() {
			return;
		}
		let finalized = state.finalized;
		state.leases.retain(|_, entry| {
			if entry.pass != pass {
				entry.info = None;
				entry.gone.get_or_insert(best);
			}
			entry.gone.is_none_or(|at| finalized < at)
		});
		state.complete.get_or_insert(best);
		state.pass = pass.wrapping_add(1);
	}
}

impl Leases for Known {
	fn lease(&self, id: u64) -> Lease {
		let state = self.state();
		if state.updated.is_none_or(|at| at.elapsed() > FRESH) {
			return Lease::Unknown;
		}
		match state.leases.get(&id) {
			Some(Entry { info: Some(info), .. }) => Lease::Active(info.clone()),
			Some(_) => Lease::Unknown,
			// A block that takes a lease away may itself be taken back until it is final.
			None if state.complete.is_some_and(|at| state.finalized >= at) => Lease::Ended,
			None => Lease::Unknown,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::roles::provider::duty::tests::{active, market, request};

	fn known() -> Known {
		Known::new(Quotas { storage: 1 })
	}

	fn at(best: Blocks, finalized: Blocks) -> Position {
		let head = |number| Head { number, hash: [0; 32] };
		Position { best: head(best), finalized: head(finalized) }
	}

	#[test]
	fn lease_should_be_active_when_the_chain_says_so_and_until_it_is_over() {
		let known = known();
		assert_eq!(known.lease(1), Lease::Unknown, "nothing is known of the chain");
		known.observe(&market(110, None, vec![active(1, 100, 112), request(2, 100)]), at(110, 108));
		let Lease::Active(info) = known.lease(1) else { panic!("{:?}", known.lease(1)) };
		assert_eq!((info.access, info.until_block, info.storage_bytes), ([1; 32], 112, 1));
		assert_eq!(known.lease(2), Lease::Unknown, "it was not taken yet");
		known.observe(&market(112, None, vec![active(1, 100, 112)]), at(112, 110));
		assert_eq!(known.lease(1), Lease::Unknown, "it is over and not closed");
	}

	#[test]
	fn lease_should_be_over_for_good_only_when_that_is_final() {
		let known = known();
		known.observe(&market(110, None, vec![active(1, 100, 900)]), at(110, 108));
		assert_eq!(known.lease(7), Lease::Unknown, "block 110 is not final");
		known.observe(&market(111, None, vec![]), at(111, 110));
		assert_eq!((known.lease(1), known.lease(7)), (Lease::Unknown, Lease::Ended));
		known.observe(&market(111, None, vec![active(1, 100, 900)]), at(111, 110));
		assert!(matches!(known.lease(1), Lease::Active(_)), "the block was taken back");
		known.observe(&market(112, None, vec![]), at(112, 110));
		known.observe(&market(113, None, vec![]), at(113, 112));
		assert_eq!(known.lease(1), Lease::Ended);
	}

	#[test]
	fn lease_should_be_missed_only_after_all_were_looked_at() {
		let known = known();
		known.observe(&market(110, None, vec![active(1, 100, 900)]), at(110, 108));
		let mut page = market(111, None, vec![request(5, 111)]);
		page.next = Some(5);
		known.observe(&page, at(111, 109));
		assert!(matches!(known.lease(1), Lease::Active(_)), "it may be on the next page");
		known.observe(&market(112, None, vec![]), at(112, 110));
		assert_eq!(known.lease(1), Lease::Unknown);
	}
}

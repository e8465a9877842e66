//! What a lease pays, when it is lengthened, and how it ends.
//!
//! Everything here is about one lease and can not be stopped by anybody else's account: what a payout
//! account cannot take is owed, and burnt when the lease closes; what the renter's account cannot
//! take stays on hold for it.

use crate::{
	CloseReason, Config, Error, Event, HoldReason, Lease, LeaseId, LeaseState, Leases, LeasesAt,
	LeasesOf, Pallet, Parameters, Presence, Presences, Reputations, Running,
};
use alloc::vec::Vec;
use assay_market::{
	attendance::Span,
	charge::{self, cancellation_fee, total, Charge},
	term, Attendance, Checkpoint, Parameters as Rules, Reputation, Term,
};
use frame_support::{defensive, ensure};
use pallet_operators::{Fault, Occupancy, Security, Service, WorkerId, Workers, WHOLE_DEVICE};
use pallet_proof_of_flops::Capacity;
use sp_runtime::{traits::Zero, DispatchError};

/// What a settlement came to.
pub(crate) struct Done {
	/// The worker of the lease.
	pub(crate) worker: WorkerId,
	/// How many requests it closed; none if it was about a lease that has started.
	pub(crate) requests: u32,
}

impl<T: Config> Pallet<T> {
	pub(crate) fn do_settle(id: LeaseId) -> Result<Done, DispatchError> {
		let lease = Leases::<T>::get(id).ok_or(Error::<T>::UnknownLease)?;
		let worker = lease.worker;
		let rules = Parameters::<T>::get();
		let requests = match lease.state {
			LeaseState::Requested { at } | LeaseState::Waiting { at } => {
				ensure!(term::is_stale(at, Self::now(), &rules), Error::<T>::NothingToSettle);
				Self::close_request(id, lease, CloseReason::NeverStarted)
			}
			LeaseState::Active(running) => {
				Self::settle_active(id, lease, running, &rules)?;
				0
			}
		};
		Ok(Done { worker, requests })
	}

	/// The attendance that a lease rests on. The record exists as long as a lease counts on it.
	pub(crate) fn attendance_of(worker: WorkerId, running: &Running) -> Attendance {
		Presences::<T>::get(worker).map_or_else(
			|| {
				defensive!("a lease runs at a worker without a record");
				Attendance::new(running.checkpoint.block)
			},
			|presence| presence.attendance,
		)
	}

	fn settle_active(
		id: LeaseId,
		mut lease: Lease<T::AccountId>,
		mut running: Running,
		rules: &Rules,
	) -> Result<(), DispatchError> {
		let now = Self::now();
		let attendance = Self::attendance_of(lease.worker, &running);
		let paid = Self::pay_attested(id, &mut lease, &mut running, &attendance, rules);
		let topped_up = match Term::of(&attendance, running.until, now, rules) {
			Term::Lost => {
				lease.state = LeaseState::Active(running);
				Self::close(id, lease, CloseReason::ProviderLost);
				return Ok(());
			}
			Term::Over => {
				let served = attendance.last >= running.until && !attendance.is_lost(now, rules);
				let anew = Checkpoint { block: now, missed: attendance.missed };
				if !(served && Self::top_up(id, &mut lease, &mut running, Some(anew))) {
					let reason = Self::reason_of_end(&lease, &running, served);
					lease.state = LeaseState::Active(running);
					Self::close(id, lease, reason);
					return Ok(());
				}
				true
			}
			Term::Running if now.saturating_add(rules.interval) >= running.until => {
				Self::top_up(id, &mut lease, &mut running, None)
			}
			Term::Running => false,
		};
		ensure!(paid || topped_up, Error::<T>::NothingToSettle);
		lease.state = LeaseState::Active(running);
		Leases::<T>::insert(id, lease);
		Ok(())
	}

	/// Why a lease is closed that has reached its end.
	fn reason_of_end(lease: &Lease<T::AccountId>, running: &Running, served: bool) -> CloseReason {
		let latest = running.since.saturating_add(lease.maximum_duration);
		match running.ending {
			Some(reason) => reason,
			None if lease.top_up.is_some() && served && Self::now().max(running.until) < latest => {
				CloseReason::OutOfFunds
			}
			None => CloseReason::Expired,
		}
	}

	/// What the escrow of the blocks of `span` becomes now.
	pub(crate) fn charge_for(lease: &Lease<T::AccountId>, span: &Span, rules: &Rules) -> Charge {
		let capacities: Vec<u64> = lease
			.devices
			.iter()
			.map(|device| T::Capacity::capacity(lease.worker, *device))
			.collect();
		charge::charge(
			lease.price,
			lease.bought,
			&capacities,
			span.covered,
			span.payable,
			lease.currency,
			rules,
		)
	}

	/// Settles what was attested since the checkpoint, and what is still owed. Returns whether that
	/// was anything.
	fn pay_attested(
		id: LeaseId,
		lease: &mut Lease<T::AccountId>,
		running: &mut Running,
		attendance: &Attendance,
		rules: &Rules,
	) -> bool {
		let span = attendance.span(running.checkpoint, running.until);
		if span.covered.is_zero() && lease.owed.is_zero() {
			return false;
		}
		let Charge { net, fee, refund } = Self::charge_for(lease, &span, rules);
		let (currency, renter) = (lease.currency, lease.renter.clone());
		let due = lease.owed.saturating_add(net);
		let payout = T::Workers::payout_of(&lease.operator)
			.filter(|payout| !due.is_zero() && Self::pay(currency, &renter, payout, due).is_ok());
		let paid = if payout.is_some() { due } else { 0 };
		if span.covered.is_zero() && paid.is_zero() {
			return false;
		}
		Self::burn(currency, &renter, fee);
		lease.owed = due.saturating_sub(paid);
		lease.escrow = lease.escrow.saturating_sub(paid).saturating_sub(fee).saturating_sub(refund);
		let from = running.checkpoint.block;
		if !span.covered.is_zero() {
			running.checkpoint = span.end;
			let gpu_blocks = u128::from(span.payable).saturating_mul(lease.count.into());
			Self::mutate_reputation(&lease.operator, rules, |known| {
				known.serve(currency, fee, gpu_blocks);
			});
		}
		Self::deposit_event(Event::Settled {
			lease: id,
			from,
			to: running.checkpoint.block,
			payable: span.payable,
			payout,
			paid,
			owed: lease.owed,
			fee,
			refund,
		});
		Self::refund(currency, &renter, refund);
		true
	}

	/// Lengthens a lease as its renter permitted, from its end or `anew`. Returns whether it did.
	fn top_up(
		id: LeaseId,
		lease: &mut Lease<T::AccountId>,
		running: &mut Running,
		anew: Option<Checkpoint>,
	) -> bool {
		let Some(mut top_up) = lease.top_up.filter(|_| running.ending.is_none()) else {
			return false;
		};
		let from = anew.map_or(running.until, |checkpoint| checkpoint.block);
		let latest = running.since.saturating_add(lease.maximum_duration);
		let blocks = top_up.blocks.min(latest.saturating_sub(from));
		let held = total(lease.price, lease.count, blocks);
		if blocks.is_zero()
			|| held > top_up.limit
			|| Self::hold(lease.currency, HoldReason::Escrow, &lease.renter, held).is_err()
		{
			return false;
		}
		top_up.limit = top_up.limit.saturating_sub(held);
		lease.top_up = Some(top_up);
		lease.escrow = lease.escrow.saturating_add(held);
		running.until = from.saturating_add(blocks);
		running.checkpoint = anew.unwrap_or(running.checkpoint);
		Self::deposit_event(Event::ToppedUp {
			lease: id,
			from,
			until: running.until,
			held,
			left: top_up.limit,
		});
		true
	}

	fn mutate_reputation(
		operator: &T::AccountId,
		rules: &Rules,
		change: impl FnOnce(&mut Reputation),
	) {
		let now = Self::now();
		Reputations::<T>::mutate(operator, |known| {
			*known = known.at(now, rules.half_life);
			change(known);
		});
	}

	/// Ends a lease whatever its state: the renter has the rest of the escrow and the deposit back,
	/// devices and stake are free, and its records are gone. Nothing in here can fail for others.
	pub(crate) fn close(id: LeaseId, lease: Lease<T::AccountId>, reason: CloseReason) {
		let rules = Parameters::<T>::get();
		let fee = match reason {
			CloseReason::Cancelled => {
				cancellation_fee(lease.escrow, lease.count, lease.currency, &rules)
			}
			_ => 0,
		};
		let refund = lease.escrow.saturating_sub(lease.owed).saturating_sub(fee);
		Leases::<T>::remove(id);
		LeasesOf::<T>::remove(&lease.renter, id);
		LeasesAt::<T>::remove(lease.worker, id);
		Self::burn(lease.currency, &lease.renter, lease.owed.saturating_add(fee));
		Self::release_deposit(HoldReason::LeaseDeposit, &lease.renter, lease.deposit);
		let convicted = Self::free(id, &lease, reason);
		if let LeaseState::Active(running) = lease.state {
			Self::mutate_reputation(&lease.operator, &rules, |known| {
				if reason == CloseReason::ProviderLost {
					let rest = running.until.saturating_sub(running.checkpoint.block);
					let payment = total(lease.price, lease.count, rest);
					let gpu_blocks = u128::from(rest).saturating_mul(lease.count.into());
					let unburnt = charge::fee(payment, gpu_blocks, lease.currency, &rules);
					known.lose(lease.currency, unburnt, !convicted.is_zero());
				} else {
					known.keep();
				}
			});
		}
		Self::deposit_event(Event::Closed {
			lease: id,
			reason,
			renter: lease.renter.clone(),
			currency: lease.currency,
			refund,
			fee,
			burnt: lease.owed,
			deposit: lease.deposit,
			convicted,
		});
		Self::refund(lease.currency, &lease.renter, refund);
	}

	/// Frees devices and stake of a lease whose worker was ready, or takes the stake if the lease was
	/// lost. Returns what was taken.
	fn free(id: LeaseId, lease: &Lease<T::AccountId>, reason: CloseReason) -> u128 {
		let count: fn(&mut Presence) = match lease.state {
			LeaseState::Requested { .. } => return 0,
			LeaseState::Waiting { .. } => |presence| {
				presence.waiting = presence.waiting.saturating_sub(1);
			},
			LeaseState::Active(_) => |presence| {
				presence.leases = presence.leases.saturating_sub(1);
			},
		};
		Self::mutate_presence(lease.worker, count);
		for device in &lease.devices {
			// A device that is not there any more has nothing to free.
			let _ = T::Occupancy::release(lease.worker, *device, WHOLE_DEVICE);
		}
		let (operator, obligation) = (&lease.operator, Self::obligation(id, lease));
		if reason == CloseReason::ProviderLost {
			let fault = Fault::LostLease;
			return T::Security::convict(operator, Service::Market, obligation, fault, None)
				.unwrap_or(0);
		}
		// A reservation that is gone already needs no release.
		let _ = T::Security::release(operator, Service::Market, obligation);
		0
	}
}

//! What a lease pays, when it is lengthened, and how it ends.
//!
//! Everything here is about one lease and can not be stopped by anybody else's account: what a payout
//! account cannot take is owed, and burnt when the lease closes; what the renter's account cannot
//! take stays on hold for it.

use crate::{
	CloseReason, Config, Error, Event, HoldReason, Lease, LeaseId, LeaseState, Leases, LeasesAt,
	LeasesOf, Pallet, Parameters, Presences, Reputations, Running, TopUp,
};
use alloc::vec::Vec;
use assay_market::{
	attendance::Span,
	charge::{self, cancellation_fee, total, Charge},
	term, Attendance, Blocks, Checkpoint, Parameters as Rules, Reputation, Term, MAX_DEVICES,
};
use frame_support::{defensive, ensure, traits::ConstU32, BoundedVec};
use pallet_operators::{Fault, Occupancy, Security, Service, WorkerId, Workers, WHOLE_DEVICE};
use pallet_proof_of_flops::{Capacity, Proven};
use sp_runtime::{traits::Zero, DispatchError, SaturatedConversion};

/// What a settlement came to.
pub(crate) struct Done {
	/// The worker of the lease.
	pub(crate) worker: WorkerId,
	/// How many requests it closed; none if it was about a lease that has started.
	pub(crate) requests: u32,
	/// Why it closed what it was about, if it did.
	pub(crate) closed: Option<CloseReason>,
}

impl<T: Config> Pallet<T> {
	pub(crate) fn do_settle(id: LeaseId) -> Result<Done, DispatchError> {
		let lease = Leases::<T>::get(id).ok_or(Error::<T>::UnknownLease)?;
		let worker = lease.worker;
		let rules = Parameters::<T>::get();
		match lease.state {
			LeaseState::Requested { at } | LeaseState::Waiting { at } => {
				ensure!(term::is_stale(at, Self::now(), &rules), Error::<T>::NothingToSettle);
				let reason = CloseReason::NeverStarted;
				let requests = Self::close_request(id, lease, reason);
				Ok(Done { worker, requests, closed: Some(reason) })
			}
			LeaseState::Active(running) => {
				let closed = Self::settle_active(id, lease, running, &rules)?;
				Ok(Done { worker, requests: 0, closed })
			}
		}
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

	/// Settles a lease that has started. Returns why that closed it, if it did.
	fn settle_active(
		id: LeaseId,
		mut lease: Lease<T::AccountId>,
		mut running: Running,
		rules: &Rules,
	) -> Result<Option<CloseReason>, DispatchError> {
		let now = Self::now();
		let attendance = Self::attendance_of(lease.worker, &running);
		let paid = Self::pay_attested(id, &mut lease, &mut running, &attendance, rules);
		let topped_up = match Term::of(&attendance, running.until, now, rules) {
			Term::Lost => {
				lease.state = LeaseState::Active(running);
				Self::close(id, lease, CloseReason::ProviderLost);
				return Ok(Some(CloseReason::ProviderLost));
			}
			Term::Over => {
				let served = Self::is_served(&running, &attendance, rules);
				let anew = Checkpoint { block: now, missed: attendance.missed };
				if !(served && Self::top_up(id, &mut lease, &mut running, Some(anew))) {
					let reason = Self::reason_of_end(&lease, &running, served);
					lease.state = LeaseState::Active(running);
					Self::close(id, lease, reason);
					return Ok(Some(reason));
				}
				true
			}
			Term::Running => {
				Self::is_about_to_end(&running, rules)
					&& Self::top_up(id, &mut lease, &mut running, None)
			}
		};
		ensure!(paid || topped_up, Error::<T>::NothingToSettle);
		lease.state = LeaseState::Active(running);
		Leases::<T>::insert(id, lease);
		Ok(None)
	}

	/// What a settlement, which refunds `refund`, would do besides to a lease that has started: why it
	/// would close it, if it would, and whether it would lengthen it.
	pub(crate) fn outlook(
		lease: &Lease<T::AccountId>,
		running: &Running,
		attendance: &Attendance,
		refund: u128,
		rules: &Rules,
	) -> (Option<CloseReason>, bool) {
		let now = Self::now();
		let lengthens = |from| {
			Self::lengthening(lease, running, from).is_some_and(|(_, _, held)| {
				// What is refunded first can be held again.
				let more = held.saturating_sub(refund);
				Self::can_hold(lease.currency, HoldReason::Escrow, &lease.renter, more)
			})
		};
		match Term::of(attendance, running.until, now, rules) {
			Term::Lost => (Some(CloseReason::ProviderLost), false),
			Term::Over => {
				let served = Self::is_served(running, attendance, rules);
				match served && lengthens(now) {
					true => (None, true),
					false => (Some(Self::reason_of_end(lease, running, served)), false),
				}
			}
			Term::Running => {
				(None, Self::is_about_to_end(running, rules) && lengthens(running.until))
			}
		}
	}

	/// Whether a lease reaches its end within an interval. From the end on it has to be over before
	/// it is lengthened, or blocks would be charged that nobody served.
	fn is_about_to_end(running: &Running, rules: &Rules) -> bool {
		let now = Self::now();
		now < running.until && now.saturating_add(rules.interval) >= running.until
	}

	/// Whether the worker has attested a lease to its end, and is still there.
	fn is_served(running: &Running, attendance: &Attendance, rules: &Rules) -> bool {
		attendance.last >= running.until && !attendance.is_lost(Self::now(), rules)
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

	/// What each device of a lease has proven so far.
	pub(crate) fn proven_by(
		lease: &Lease<T::AccountId>,
	) -> BoundedVec<Proven, ConstU32<MAX_DEVICES>> {
		let proven = lease.devices.iter().map(|device| T::Capacity::proven(lease.worker, *device));
		BoundedVec::truncate_from(proven.collect())
	}

	/// What a lease has to settle. A conviction of its operator in the market, for whatever lease, voids
	/// all that was not settled before.
	pub(crate) fn span_of(
		lease: &Lease<T::AccountId>,
		running: &Running,
		attendance: &Attendance,
	) -> Span {
		let span = attendance.span(running.checkpoint, running.until);
		match T::Security::voided_at(&lease.operator, Service::Market) {
			Some(block) => span.void_until(block.saturated_into()),
			None => span,
		}
	}

	/// What the escrow of the blocks of `span` becomes now.
	pub(crate) fn charge_for(lease: &Lease<T::AccountId>, span: &Span, rules: &Rules) -> Charge {
		let capacities: Vec<u64> = lease
			.devices
			.iter()
			.zip(&lease.proven)
			.map(|(device, then)| T::Capacity::capacity_since(lease.worker, *device, *then))
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
		let span = Self::span_of(lease, running, attendance);
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
		running.served |= !fee.is_zero();
		if !span.covered.is_zero() {
			running.checkpoint = span.end;
			lease.proven = Self::proven_by(lease);
			let gpu_blocks = u128::from(span.payable).saturating_mul(lease.count.into());
			Self::mutate_reputation(&lease.operator, rules, |known| {
				known.serve(currency, fee, gpu_blocks, rules);
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

	/// By how many blocks a top-up would lengthen a lease from block `from` on as its renter permitted,
	/// what has to be held for them, and what would be permitted then.
	fn lengthening(
		lease: &Lease<T::AccountId>,
		running: &Running,
		from: Blocks,
	) -> Option<(TopUp, Blocks, u128)> {
		let top_up = lease.top_up.filter(|_| running.ending.is_none())?;
		let latest = running.since.saturating_add(lease.maximum_duration);
		let blocks = top_up.blocks.min(latest.saturating_sub(from));
		let held = total(lease.price, lease.count, blocks);
		let left = TopUp { limit: top_up.limit.checked_sub(held)?, ..top_up };
		(!blocks.is_zero()).then_some((left, blocks, held))
	}

	/// Lengthens a lease as its renter permitted, from its end or `anew`. Returns whether it did.
	fn top_up(
		id: LeaseId,
		lease: &mut Lease<T::AccountId>,
		running: &mut Running,
		anew: Option<Checkpoint>,
	) -> bool {
		let from = anew.map_or(running.until, |checkpoint| checkpoint.block);
		let Some((left, blocks, held)) = Self::lengthening(lease, running, from) else {
			return false;
		};
		if Self::hold(lease.currency, HoldReason::Escrow, &lease.renter, held).is_err() {
			return false;
		}
		lease.top_up = Some(left);
		lease.escrow = lease.escrow.saturating_add(held);
		running.until = from.saturating_add(blocks);
		if let Some(checkpoint) = anew {
			running.checkpoint = checkpoint;
			lease.proven = Self::proven_by(lease);
		}
		Self::deposit_event(Event::ToppedUp {
			lease: id,
			from,
			until: running.until,
			held,
			left: left.limit,
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
		match lease.state {
			LeaseState::Active(running) if reason == CloseReason::ProviderLost => {
				let rest = running.until.saturating_sub(running.checkpoint.block);
				let payment = total(lease.price, lease.count, rest);
				let gpu_blocks = u128::from(rest).saturating_mul(lease.count.into());
				let unburnt = charge::fee(payment, gpu_blocks, lease.currency, &rules);
				Self::mutate_reputation(&lease.operator, &rules, |known| {
					known.lose(lease.currency, unburnt, !convicted.is_zero());
				});
			}
			LeaseState::Active(Running { served: true, .. }) => {
				Self::mutate_reputation(&lease.operator, &rules, Reputation::keep);
			}
			_ => {}
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

	/// Frees devices and stake of a lease that has started, or takes the stake if the lease was lost.
	/// Returns what was taken.
	fn free(id: LeaseId, lease: &Lease<T::AccountId>, reason: CloseReason) -> u128 {
		match lease.state {
			LeaseState::Requested { .. } => return 0,
			LeaseState::Waiting { .. } => {
				Self::mutate_presence(lease.worker, |presence| {
					presence.waiting = presence.waiting.saturating_sub(1);
				});
				return 0;
			}
			LeaseState::Active(_) => Self::mutate_presence(lease.worker, |presence| {
				presence.leases = presence.leases.saturating_sub(1);
			}),
		}
		for device in &lease.devices {
			// A device that is not there any more has nothing to free.
			let _ = T::Occupancy::release(lease.worker, *device, WHOLE_DEVICE);
		}
		let (operator, obligation) = (&lease.operator, Self::obligation(id, lease));
		if reason == CloseReason::ProviderLost {
			let fault = Fault::LostLease;
			let taken = T::Security::convict(operator, Service::Market, obligation, fault, None);
			if let Ok(taken) = taken {
				return taken;
			}
		}
		// A reservation that is gone already needs no release; one that could not be taken must not
		// stay.
		let _ = T::Security::release(operator, Service::Market, obligation);
		0
	}
}

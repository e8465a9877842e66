//! How a claim ends: credited, lapsed, voided or convicted.
//!
//! Claims of a device are settled in the order of their rounds. A claim that follows a drawn one
//! waits for it, since a device that knows that it will be convicted has nothing left to lose:
//! whatever it claims meanwhile goes with the buffer.

use crate::{
	calls::Done, rules, Claim, Config, CurrentRound, Event, Lapse, Misdeed, Outcome, Pallet,
	Parameters, Round, RoundIndex, Rounds, Standing,
};
use assay_flops::{coverage, Parameters as RoundParameters};
use frame_support::{traits::fungible::Mutate, BoundedVec};
use pallet_operators::{DeviceIndex, Fault, Obligation, Security, Service, WorkerId, Workers};
use sp_runtime::{traits::Zero, SaturatedConversion};

/// What has to be done with a claim now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
	/// Nothing yet.
	Wait,
	/// Credit it.
	Credit {
		/// What of its credits is granted.
		granted: u128,
	},
	/// Pay nothing for it.
	Lapse(Lapse),
	/// Drop it: the operator was convicted since.
	Void,
	/// It was drawn and not opened in time.
	Convict,
}

/// What settlements of one device have in common.
pub(crate) struct Context {
	/// The rules of the rounds.
	pub(crate) parameters: RoundParameters,
	/// Index of the current round.
	pub(crate) current: RoundIndex,
	/// The current block.
	pub(crate) now: u32,
	/// Block of the operator's last conviction.
	pub(crate) voided_at: Option<u32>,
}

impl<T: Config> Pallet<T> {
	/// The current block. A chain of more than 2³² blocks is not foreseen.
	pub(crate) fn now() -> u32 {
		frame_system::Pallet::<T>::block_number().saturated_into()
	}

	/// The reservation that a device's claims rest on.
	pub(crate) fn obligation(worker: WorkerId, device: DeviceIndex) -> Obligation {
		Obligation { worker, device, nonce: 0 }
	}

	/// What settlements of this operator's devices need to know; `None` before genesis.
	pub(crate) fn context(operator: &T::AccountId) -> Option<Context> {
		Some(Context {
			parameters: Parameters::<T>::get()?,
			current: CurrentRound::<T>::get(),
			now: Self::now(),
			voided_at: T::Security::voided_at(operator, Service::Flops)
				.map(|block| block.saturated_into()),
		})
	}

	/// What has to be done with `claim` now, when it is the device's oldest.
	pub(crate) fn verdict(
		context: &Context,
		worker: WorkerId,
		device: DeviceIndex,
		buffer: u128,
		claim: &Claim,
		round: &Round,
	) -> Verdict {
		let Some(sample) = round.sample else {
			return if claim.round < context.current {
				Verdict::Lapse(Lapse::Unsampled)
			} else {
				Verdict::Wait
			};
		};
		let parameters = &context.parameters;
		let ratio = rules::ratio(parameters, &round.turnout, claim.covered);
		let drawn = assay_flops::sampling::drawn(&sample.0, worker, device, ratio);
		if drawn && !claim.opened {
			return if context.now < parameters.reveal_until(round.opened_at) {
				Verdict::Wait
			} else {
				Verdict::Convict
			};
		}
		if context.is_void(claim) {
			return Verdict::Void;
		}
		let granted = rules::granted(parameters, &round.turnout, buffer, claim);
		if claim.opened || granted > 0 {
			Verdict::Credit { granted }
		} else {
			Verdict::Lapse(Lapse::Uncovered)
		}
	}

	/// Settles the device's claims up to and including the round `until`, oldest first, until one
	/// has to wait. Tells how many were settled, and whether none of them convicted the device.
	pub(crate) fn settle_ready(
		worker: WorkerId,
		device: DeviceIndex,
		standing: &mut Standing<T::AccountId>,
		until: RoundIndex,
	) -> Done {
		let Some(context) = Self::context(&standing.operator) else {
			return Done { settled: 0, honest: true };
		};
		let mut settled = 0u32;
		// Every turn takes a claim off `pending`, so there are at most `MAX_PENDING` turns.
		while let Some(claim) = standing.pending.first().cloned() {
			if claim.round > until {
				break;
			}
			let Some(round) = Rounds::<T>::get(claim.round) else { break };
			match Self::verdict(&context, worker, device, standing.buffer, &claim, &round) {
				Verdict::Wait => break,
				Verdict::Convict => {
					let claims = u32::try_from(standing.pending.len()).unwrap_or(u32::MAX);
					Self::convict(worker, device, standing, claim.round, Misdeed::Silence);
					return Done { settled: settled.saturating_add(claims), honest: false };
				}
				Verdict::Credit { granted } => {
					let parameters = &context.parameters;
					Self::credit(worker, device, standing, &claim, &round, parameters, granted);
					rules::count(standing, claim.size);
				}
				Verdict::Lapse(reason) => {
					standing.outcome = Some((
						claim.round,
						match reason {
							Lapse::Uncovered => Outcome::Uncovered,
							Lapse::Unsampled => Outcome::Unsampled,
						},
					));
					// A lie that was not drawn may raise the mean, but capacity never exceeds the
					// last opened claim.
					rules::count(standing, claim.size);
					Self::deposit_event(Event::Lapsed {
						round: claim.round,
						worker,
						device,
						claim: claim.size,
						reason,
					});
				}
				Verdict::Void => {
					standing.outcome = Some((claim.round, Outcome::Voided));
					rules::count(standing, if claim.opened { claim.size } else { 0 });
					Self::void(worker, device, &claim);
				}
			}
			standing.pending.remove(0);
			Self::forget_claim(claim.round);
			settled = settled.saturating_add(1);
		}
		Done { settled, honest: true }
	}

	/// Convicts a device: its buffer is burnt, its reservation goes into escrow, its claims are
	/// void, and what is left of it is a newcomer.
	pub(crate) fn convict(
		worker: WorkerId,
		device: DeviceIndex,
		standing: &mut Standing<T::AccountId>,
		round: RoundIndex,
		misdeed: Misdeed,
	) {
		let (fault, outcome) = match misdeed {
			Misdeed::WrongOpening { .. } => (Fault::WrongOpening, Outcome::WrongOpening),
			Misdeed::Silence => (Fault::MissedOpening, Outcome::MissedOpening),
		};
		// The bond may be gone already, for another service's sake. The credits are burnt in any
		// case, and nothing here may keep a conviction from being recorded.
		let stake = T::Security::convict(
			&standing.operator,
			Service::Flops,
			Self::obligation(worker, device),
			fault,
			None,
		)
		.unwrap_or_else(|_| Zero::zero());
		let burnt = core::mem::take(&mut standing.buffer);
		standing.unbroken_ms = 0;
		standing.last_opened = 0;
		standing.recent = BoundedVec::default();
		standing.outcome = Some((round, outcome));
		for claim in core::mem::take(&mut standing.pending) {
			Self::forget_claim(claim.round);
			if claim.round != round {
				Self::void(worker, device, &claim);
			}
		}
		Self::deposit_event(Event::Convicted {
			round,
			worker,
			device,
			operator: standing.operator.clone(),
			misdeed,
			stake,
			burnt,
		});
	}

	/// Credits the device's oldest claim with what is granted of it: the buffer fills up to the
	/// claim's level first, the rest is paid. Nothing is taken out of the buffer.
	fn credit(
		worker: WorkerId,
		device: DeviceIndex,
		standing: &mut Standing<T::AccountId>,
		claim: &Claim,
		round: &Round,
		parameters: &RoundParameters,
		granted: u128,
	) {
		let before = standing.buffer;
		let credits = rules::credits(claim);
		let required = rules::level(parameters, &round.turnout, credits);
		let payment = coverage::pay(before, granted, required);
		let paid = Self::pay(&standing.operator, payment.paid);
		// What the payout account cannot receive stays in the buffer: nothing is lost.
		standing.buffer = before.saturating_add(granted).saturating_sub(paid);
		standing.outcome =
			Some((claim.round, if paid.is_zero() { Outcome::Buffered } else { Outcome::Paid }));
		Self::deposit_event(Event::Credited {
			round: claim.round,
			worker,
			device,
			operator: standing.operator.clone(),
			claim: claim.size,
			multiplier: claim.multiplier,
			opened: claim.opened,
			credits,
			granted,
			required,
			to_buffer: standing.buffer.saturating_sub(before),
			paid,
			buffer: standing.buffer,
		});
	}

	/// Mints `amount` to the operator's payout account. Returns what was minted: all or nothing.
	pub(crate) fn pay(operator: &T::AccountId, amount: u128) -> u128 {
		if amount.is_zero() {
			return 0;
		}
		T::Workers::payout_of(operator)
			.and_then(|payout| T::Credits::mint_into(&payout, amount).ok())
			.map_or(0, |_| amount)
	}

	/// Tells that a claim is void.
	fn void(worker: WorkerId, device: DeviceIndex, claim: &Claim) {
		Self::deposit_event(Event::Voided {
			round: claim.round,
			worker,
			device,
			claim: claim.size,
		});
	}

	/// Counts a claim off its round, whose record goes with its last claim unless it is current.
	fn forget_claim(index: RoundIndex) {
		Rounds::<T>::mutate_exists(index, |record| {
			let Some(round) = record else { return };
			round.pending = round.pending.saturating_sub(1);
			if round.pending == 0 && index != CurrentRound::<T>::get() {
				*record = None;
			}
		});
	}
}

impl Context {
	/// Whether a conviction of the operator has voided the claim.
	pub(crate) fn is_void(&self, claim: &Claim) -> bool {
		self.voided_at.is_some_and(|block| claim.committed_at <= block)
	}
}

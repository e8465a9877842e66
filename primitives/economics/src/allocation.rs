//! What an operator promises to each service: amounts of its stake that never overlap.
//!
//! An operator's stake is everything that can be slashed: its own bond, what of it is unbonding, and
//! its delegators' stake. A service's **allocation** is the part that it alone may slash, and each
//! open obligation **reserves** a part of that. Whoever keeps a [`Ledger`] tells it each change of the
//! stake, and then, after each step:
//!
//! * the allocations together are at most the stake: no unit is promised to two services;
//! * what a service has reserved is at most its allocation: no unit backs two obligations;
//! * a slash for one service takes nothing from another's allocation.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// Services that stake can be allocated to; a service's index is its discriminant.
pub const SERVICES: usize = 5;
/// The service that reserves nothing: its allocation as a whole answers for those whom it elected.
/// Reservations of the others leave it its part of the operator's own stake ([`Ledger::backing`]).
pub const UNRESERVED: usize = 0;

/// How much of an operator's `own` stake may back obligations: all but the part of it that the
/// [`UNRESERVED`] service's allocation, of which it may have reserved some, has in proportion to the
/// whole `stake`, rounded up. Others' stake backs nothing, so that whoever lent it may leave whatever
/// is open: as long as no more is reserved than this, the rest of the stake can go and the rest of the
/// allocations still fit.
pub fn backing(allocated: u128, reserved: u128, own: u128, stake: u128) -> u128 {
	let elected = part(allocated, own, stake, Rounding::Up);
	own.saturating_sub(elected.saturating_sub(reserved))
}

/// What is allocated to and reserved by each service, in amounts of the operator's stake.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
	Clone,
	Debug,
	Default,
	PartialEq,
	Eq,
)]
pub struct Ledger {
	/// Stake that a service, and nobody else, may slash.
	allocated: [u128; SERVICES],
	/// What open obligations have taken of `allocated`.
	reserved: [u128; SERVICES],
}

/// Why a [`Ledger`] refuses; it is unchanged then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerError {
	/// There is no service of this index.
	UnknownService,
	/// More would be reserved than the service's allocation leaves.
	AboveAllocation,
	/// The stake that would be left does not cover what is reserved.
	ReservedStake,
	/// An amount exceeds what it is taken from.
	Overflow,
}

impl Ledger {
	/// Stake allocated to a service; nothing to an unknown one.
	pub fn allocated(&self, service: usize) -> u128 {
		self.allocated.get(service).copied().unwrap_or_default()
	}

	/// Stake that a service has reserved.
	pub fn reserved(&self, service: usize) -> u128 {
		self.reserved.get(service).copied().unwrap_or_default()
	}

	/// Stake allocated to all services together.
	pub fn total_allocated(&self) -> u128 {
		sum(&self.allocated)
	}

	/// Stake reserved by all services together.
	pub fn total_reserved(&self) -> u128 {
		sum(&self.reserved)
	}

	/// How much of the operator's `own` stake, a part of `stake`, may back obligations; see
	/// [`backing`].
	pub fn backing(&self, own: u128, stake: u128) -> u128 {
		backing(self.allocated(UNRESERVED), self.reserved(UNRESERVED), own, stake)
	}

	/// The largest allocation of the [`UNRESERVED`] service with which what is reserved is still
	/// backed by the operator's `own` stake, a part of `stake`.
	pub fn electable(&self, own: u128, stake: u128) -> u128 {
		let others = self.total_reserved().saturating_sub(self.reserved(UNRESERVED));
		part(stake, own.saturating_sub(others), own, Rounding::Down)
	}

	/// The stake grew by `added`: each allocation grows in proportion, rounded down.
	pub fn grow(&mut self, stake_before: u128, added: u128) {
		for allocated in &mut self.allocated {
			let share = part(*allocated, added, stake_before, Rounding::Down);
			*allocated = allocated.saturating_add(share);
		}
	}

	/// The stake shrinks by `removed`: each allocation shrinks in proportion, rounded down, but not
	/// below what is reserved. What those cannot give comes from the rest of the others, in
	/// proportion to it, and from the [`UNRESERVED`] service last, so that reservations do not take
	/// away what answers for its offences.
	///
	/// # Errors
	/// [`LedgerError::ReservedStake`] if the remaining stake does not cover what is reserved,
	/// [`LedgerError::Overflow`] if `removed` exceeds the stake.
	pub fn shrink(&mut self, stake_before: u128, removed: u128) -> Result<(), LedgerError> {
		let stake = stake_before.checked_sub(removed).ok_or(LedgerError::Overflow)?;
		if self.total_reserved() > stake {
			return Err(LedgerError::ReservedStake);
		}
		for (allocated, reserved) in self.allocated.iter_mut().zip(&self.reserved) {
			let share = part(*allocated, removed, stake_before, Rounding::Up);
			*allocated = allocated.saturating_sub(share).max(*reserved);
		}
		let total = self.total_allocated();
		let kept = self.allocated(UNRESERVED).saturating_sub(self.reserved(UNRESERVED));
		let free = total.saturating_sub(self.total_reserved()).saturating_sub(kept);
		let excess = total.saturating_sub(stake).min(free);
		let others = self.allocated.iter_mut().zip(&self.reserved).enumerate();
		for (_, (allocated, reserved)) in others.filter(|(service, _)| *service != UNRESERVED) {
			let spare = allocated.saturating_sub(*reserved);
			let share = part(spare, excess, free, Rounding::Up);
			*allocated = allocated.saturating_sub(share);
		}
		let excess = self.total_allocated().saturating_sub(stake);
		if let Some(allocated) = self.allocated.get_mut(UNRESERVED) {
			*allocated = allocated.saturating_sub(excess);
		}
		Ok(())
	}

	/// Raises an allocation to `target`, or as far as the `stake` that is allocated to nobody
	/// reaches. Never lowers it.
	pub fn raise(&mut self, service: usize, target: u128, stake: u128) {
		let room = stake.saturating_sub(self.total_allocated());
		if let Some(allocated) = self.allocated.get_mut(service) {
			*allocated = target.min(allocated.saturating_add(room)).max(*allocated);
		}
	}

	/// Cuts an allocation to `target`, but not below what is reserved. Never raises it.
	pub fn cut(&mut self, service: usize, target: u128) {
		let floor = target.max(self.reserved(service));
		if let Some(allocated) = self.allocated.get_mut(service) {
			*allocated = floor.min(*allocated);
		}
	}

	/// Reserves `amount` for a new obligation. `ceiling` is the target of a pending cut of the
	/// service's allocation, if there is one: what is about to go backs nothing new. `backing` is the
	/// stake that may back obligations at all: [`Ledger::backing`] of what the operator has bonded.
	///
	/// # Errors
	/// [`LedgerError::AboveAllocation`] if the allocation or the ceiling leaves less,
	/// [`LedgerError::ReservedStake`] if all reservations together would exceed `backing`.
	pub fn reserve(
		&mut self,
		service: usize,
		ceiling: u128,
		backing: u128,
		amount: u128,
	) -> Result<(), LedgerError> {
		let limit = self.allocated(service).min(ceiling);
		let total = self.total_reserved().checked_add(amount).ok_or(LedgerError::Overflow)?;
		let reserved = self.reserved.get_mut(service).ok_or(LedgerError::UnknownService)?;
		let next = reserved.checked_add(amount).ok_or(LedgerError::Overflow)?;
		if next > limit {
			return Err(LedgerError::AboveAllocation);
		}
		if total > backing {
			return Err(LedgerError::ReservedStake);
		}
		*reserved = next;
		Ok(())
	}

	/// Ends a reservation: the allocation has `amount` for new ones again.
	///
	/// # Errors
	/// [`LedgerError::Overflow`] if the service has not reserved that much.
	pub fn release(&mut self, service: usize, amount: u128) -> Result<(), LedgerError> {
		let reserved = self.reserved.get_mut(service).ok_or(LedgerError::UnknownService)?;
		*reserved = reserved.checked_sub(amount).ok_or(LedgerError::Overflow)?;
		Ok(())
	}

	/// A conviction takes a reservation: `amount` leaves the reservations, the allocation and, by
	/// the caller, the stake.
	///
	/// # Errors
	/// [`LedgerError::Overflow`] if the service has not reserved that much.
	pub fn slash_reserved(&mut self, service: usize, amount: u128) -> Result<(), LedgerError> {
		let allocated = self.allocated.get_mut(service).ok_or(LedgerError::UnknownService)?;
		let reserved = self.reserved.get_mut(service).ok_or(LedgerError::UnknownService)?;
		let rest = allocated.checked_sub(amount).ok_or(LedgerError::Overflow)?;
		*reserved = reserved.checked_sub(amount).ok_or(LedgerError::Overflow)?;
		*allocated = rest;
		Ok(())
	}

	/// A conviction of a service that reserves nothing, but is backed by its whole allocation. Takes
	/// up to `amount` of what is not reserved, and returns what it took; the caller takes as much off
	/// the stake.
	pub fn slash(&mut self, service: usize, amount: u128) -> u128 {
		let reserved = self.reserved(service);
		let Some(allocated) = self.allocated.get_mut(service) else { return 0 };
		let taken = amount.min(allocated.saturating_sub(reserved));
		*allocated = allocated.saturating_sub(taken);
		taken
	}

	/// A conviction is cancelled: what it took is stake again, and allocated to the service as it
	/// was. `amount` is what the stake really grew by.
	pub fn restore(&mut self, service: usize, amount: u128) {
		if let Some(allocated) = self.allocated.get_mut(service) {
			*allocated = allocated.saturating_add(amount);
		}
	}
}

/// Sum of amounts.
fn sum(amounts: &[u128; SERVICES]) -> u128 {
	amounts.iter().fold(0, |sum, amount| sum.saturating_add(*amount))
}

/// `of · numerator / denominator`; nothing of nothing.
fn part(of: u128, numerator: u128, denominator: u128, rounding: Rounding) -> u128 {
	multiply_by_rational_with_rounding(of, numerator, denominator, rounding).unwrap_or_default()
}

//! What an operator is known for: facts only, counted in fees that were burnt.
//!
//! A fee that is burnt cannot come back, so reputation costs what it shows, whoever the renter was. The
//! counts say less than the fees: each lease counts as one, however small it was.

#![allow(clippy::as_conversions, reason = "the derived codec's own code; there is none of ours")]

use crate::{Amounts, Blocks, Currency, Parameters};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Reputation of an operator in the market. Fees and blocks of service halve with time; the counts
/// are of all time.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Reputation {
	/// Block up to which the figures are decayed.
	pub updated_at: Blocks,
	/// Fees burnt for what was served.
	pub kept: Amounts,
	/// Fees that lost leases would have burnt, had they been served to their end.
	pub lost: Amounts,
	/// Attested blocks times devices, of which each burnt at least the minimum fee.
	pub service: u128,
	/// Leases that were not lost and for which a fee was burnt.
	pub leases_kept: u32,
	/// Leases that were lost.
	pub leases_lost: u32,
	/// Lost leases for which stake was taken.
	pub convictions: u32,
}

/// How often a value is halved between two blocks: once for every multiple of the half-life in
/// `from + 1 ..= to`. So the result does not depend on how often it is brought up to date.
fn halvings(from: Blocks, to: Blocks, half_life: Blocks) -> u32 {
	let epoch = |block: Blocks| block.checked_div(half_life).unwrap_or(0);
	epoch(to).saturating_sub(epoch(from))
}

/// A value of block `from` as of block `to`, rounded down.
pub fn decay(value: u128, from: Blocks, to: Blocks, half_life: Blocks) -> u128 {
	value.checked_shr(halvings(from, to, half_life)).unwrap_or(0)
}

impl Reputation {
	/// The reputation as of `now`.
	pub fn at(self, now: Blocks, half_life: Blocks) -> Self {
		let decayed = |value| decay(value, self.updated_at, now, half_life);
		let amounts = |amounts: Amounts| Amounts {
			native: decayed(amounts.native),
			credits: decayed(amounts.credits),
		};
		Self {
			updated_at: self.updated_at.max(now),
			kept: amounts(self.kept),
			lost: amounts(self.lost),
			service: decayed(self.service),
			..self
		}
	}

	/// Counts service of so many GPU-blocks for which `fee` was burnt: as many of them as the minimum
	/// fee was burnt for, or a device that proves nothing would seem to serve.
	pub fn serve(&mut self, currency: Currency, fee: u128, gpu_blocks: u128, rules: &Parameters) {
		self.kept.add(currency, fee);
		let burnt_for = fee.checked_div(rules.minimum_fee.of(currency)).unwrap_or_default();
		self.service = self.service.saturating_add(gpu_blocks.min(burnt_for));
	}

	/// Counts a lease that was kept.
	pub fn keep(&mut self) {
		self.leases_kept = self.leases_kept.saturating_add(1);
	}

	/// Counts a lease that was lost, and the fee of what was not served.
	pub fn lose(&mut self, currency: Currency, fee: u128, convicted: bool) {
		self.lost.add(currency, fee);
		self.leases_lost = self.leases_lost.saturating_add(1);
		self.convictions = self.convictions.saturating_add(convicted.into());
	}
}

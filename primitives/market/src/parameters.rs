//! The numbers of the market, and which of them contradict each other.

#![allow(clippy::as_conversions, reason = "the derived codec's own code; there is none of ours")]

use crate::{Amounts, Blocks, Currency, MAX_PRICE, MILLION};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// Bounds of announced maintenance.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceRules {
	/// Fewest blocks from the announcement to the beginning.
	pub notice: Blocks,
	/// Most blocks of one maintenance.
	pub longest: Blocks,
	/// Fewest blocks from the end of one to the beginning of the next.
	pub gap: Blocks,
}

/// The numbers of the market.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
	/// Most blocks that a heartbeat attests.
	pub interval: Blocks,
	/// Blocks of silence after which a worker's leases are lost.
	pub grace: Blocks,
	/// Blocks in which a request can be taken.
	pub start_window: Blocks,
	/// Blocks that a renter pays at most after it has ended a lease.
	pub end_notice: Blocks,
	/// Share of a payment that is burnt, in parts of a [`MILLION`].
	pub fee_ppm: u32,
	/// Least that is burnt for each GPU and block that is paid for.
	pub minimum_fee: Amounts,
	/// Stake of the operator that answers for each leased device, in the native token.
	pub lease_stake: u128,
	/// Blocks after which an offer that is unlisted, or whose worker is silent, can be removed by
	/// anybody.
	pub stale_after: Blocks,
	/// Bounds of announced maintenance.
	pub maintenance: MaintenanceRules,
	/// Longest notice that a spot lease can promise.
	pub max_spot_notice: Blocks,
	/// Longest lease.
	pub max_duration: Blocks,
	/// Blocks after which reputation counts half.
	pub half_life: Blocks,
}

impl Default for Parameters {
	fn default() -> Self {
		Self::LIVE
	}
}

impl Parameters {
	/// A live network with blocks of 6 s: heartbeats every 10 minutes, half an hour of grace, leases of
	/// up to 30 days.
	pub const LIVE: Self = Self {
		interval: 100,
		grace: 300,
		start_window: 50,
		end_notice: 100,
		fee_ppm: 20_000,
		minimum_fee: Amounts { native: 1_000_000, credits: 1_000_000 },
		lease_stake: 100_000_000_000_000,
		stale_after: 100_800,
		maintenance: MaintenanceRules { notice: 14_400, longest: 2_400, gap: 100_800 },
		max_spot_notice: 14_400,
		max_duration: 432_000,
		half_life: 432_000,
	};

	/// Development and local test networks with blocks of 1 s: heartbeats every 10 seconds, half a
	/// minute of grace.
	pub const DEVELOPMENT: Self = Self {
		interval: 10,
		grace: 30,
		start_window: 20,
		end_notice: 10,
		stale_after: 600,
		lease_stake: 10_000_000_000_000,
		maintenance: MaintenanceRules { notice: 20, longest: 120, gap: 60 },
		max_spot_notice: 60,
		max_duration: 86_400,
		half_life: 3_600,
		..Self::LIVE
	};

	/// Refuses numbers that contradict each other.
	///
	/// # Errors
	/// One sentence on what to change.
	pub fn validate(&self) -> Result<(), &'static str> {
		let silence = self.maintenance.longest.saturating_add(self.grace);
		let fees = [self.minimum_fee.native, self.minimum_fee.credits];
		let rules = [
			(self.interval >= 2, "the interval must be at least 2 blocks"),
			(
				self.grace >= self.interval.saturating_mul(2),
				"the grace period must be at least two intervals, or one late heartbeat loses a lease",
			),
			(self.start_window >= 2, "the start window must be at least 2 blocks"),
			(self.fee_ppm >= 1, "the fee must be at least one in a million"),
			(
				self.fee_ppm <= MILLION.div_euclid(2),
				"the fee must be at most half of a payment, 500000 in a million",
			),
			(
				fees.iter().all(|fee| *fee >= 1),
				"the minimum fee must be at least 1 in either currency, or wash renting is free",
			),
			(
				fees.iter().all(|fee| fee.saturating_mul(4) <= MAX_PRICE),
				"the minimum fee must be at most a fourth of the highest price",
			),
			(self.lease_stake >= 1, "a lease must put stake at risk"),
			(
				self.maintenance.notice >= self.interval,
				"maintenance must be announced at least one interval ahead",
			),
			(self.maintenance.longest >= 1, "maintenance must be allowed to last a block"),
			(
				self.maintenance.gap > self.grace,
				"the gap between maintenances must exceed the grace period, or they never end",
			),
			(
				self.stale_after > silence,
				"an offer must not become stale within the longest maintenance and the grace period",
			),
			(
				self.max_duration >= self.interval,
				"the longest lease must last at least one interval",
			),
			(
				self.end_notice <= self.max_duration,
				"the renter's notice must not exceed the longest lease",
			),
			(
				self.max_spot_notice <= self.max_duration,
				"the notice of a spot lease must not exceed the longest lease",
			),
			(self.half_life >= 1, "the half-life of reputation must be at least 1 block"),
		];
		rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
	}

	/// Whether an offer may ask `price` per GPU and block: at least twice the minimum fee, so that a
	/// provider is always left with half of its price, and at most [`MAX_PRICE`].
	pub fn is_price(&self, price: u128, currency: Currency) -> bool {
		price >= self.minimum_fee.of(currency).saturating_mul(2) && price <= MAX_PRICE
	}
}

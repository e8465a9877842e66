//! An independent ledger: holds, balances and what was burnt, from the pallet's events alone.

use crate::{mock::*, Balance, Event, HoldReason, LeaseId};
use assay_market::Currency;
use std::collections::BTreeMap;

/// Both currencies.
pub(crate) const CURRENCIES: [Currency; 2] = [Currency::Native, Currency::Credits];

/// Everybody whom the tests know.
fn everybody() -> impl Iterator<Item = u64> {
	(0..OPERATORS)
		.flat_map(|i| [operator(i), hot_key(i), payout(i)])
		.chain([ALICE, BOB, CAROL, ADMIN])
		.chain(900..910)
}

/// The chain's balances at one moment, holds included, and its issuance.
pub(crate) struct Balances {
	wealth: BTreeMap<(u64, Currency), Balance>,
	issuance: BTreeMap<Currency, Balance>,
}

impl Balances {
	/// Those of now.
	pub(crate) fn now() -> Self {
		let both = |who| CURRENCIES.map(|currency| ((who, currency), wealth(who, currency)));
		Self {
			wealth: everybody().flat_map(both).collect(),
			issuance: CURRENCIES.map(|currency| (currency, issuance(currency))).into(),
		}
	}
}

/// What the events say.
#[derive(Default)]
pub(crate) struct Ledger {
	/// On hold: account, reason (in the order of [`HoldReason`]), currency.
	held: BTreeMap<(u64, u8, Currency), Balance>,
	/// By how much an account's balance, holds included, has changed.
	change: BTreeMap<(u64, Currency), i128>,
	/// What was burnt.
	burnt: BTreeMap<Currency, Balance>,
	/// Renter and currency of each lease.
	leases: BTreeMap<LeaseId, (u64, Currency)>,
}

const OFFER_HOLD: u8 = 0;
const LEASE_HOLD: u8 = 1;
const ESCROW: u8 = 2;

impl Ledger {
	fn hold(&mut self, who: u64, reason: u8, currency: Currency, amount: Balance) {
		*self.held.entry((who, reason, currency)).or_default() += amount;
	}

	fn release(&mut self, who: u64, reason: u8, currency: Currency, amount: Balance) {
		let held = self.held.entry((who, reason, currency)).or_default();
		*held = held.checked_sub(amount).expect("no more is released than is held");
	}

	fn pay(&mut self, from: u64, to: Option<u64>, currency: Currency, amount: Balance) {
		self.release(from, ESCROW, currency, amount);
		let change = i128::try_from(amount).unwrap();
		*self.change.entry((from, currency)).or_default() -= change;
		match to {
			Some(to) => *self.change.entry((to, currency)).or_default() += change,
			None => *self.burnt.entry(currency).or_default() += amount,
		}
	}

	/// Enters one event.
	pub(crate) fn apply(&mut self, event: Event<Test>) {
		match event {
			Event::OfferCreated { operator, deposit, .. } => {
				self.hold(operator, OFFER_HOLD, Currency::Native, deposit);
			}
			Event::OfferRemoved { operator, deposit, .. } => {
				self.release(operator, OFFER_HOLD, Currency::Native, deposit);
			}
			Event::LeaseRequested { lease, renter, currency, escrow, deposit, .. } => {
				self.leases.insert(lease, (renter, currency));
				self.hold(renter, LEASE_HOLD, Currency::Native, deposit);
				self.hold(renter, ESCROW, currency, escrow);
			}
			Event::Settled { lease, payout, paid, fee, refund, .. } => {
				let (renter, currency) = self.leases[&lease];
				assert_eq!(payout.is_some(), paid > 0);
				if let Some(payout) = payout {
					self.pay(renter, Some(payout), currency, paid);
				}
				self.pay(renter, None, currency, fee);
				self.release(renter, ESCROW, currency, refund);
			}
			Event::Extended { lease, held, .. } | Event::ToppedUp { lease, held, .. } => {
				let (renter, currency) = self.leases[&lease];
				self.hold(renter, ESCROW, currency, held);
			}
			Event::EndAnnounced { lease, refund, .. } => {
				let (renter, currency) = self.leases[&lease];
				self.release(renter, ESCROW, currency, refund);
			}
			Event::Closed { lease, renter, currency, refund, fee, burnt, deposit, .. } => {
				assert_eq!(self.leases.remove(&lease), Some((renter, currency)));
				self.release(renter, ESCROW, currency, refund);
				self.pay(renter, None, currency, fee + burnt);
				self.release(renter, LEASE_HOLD, Currency::Native, deposit);
			}
			Event::RefundWithheld { renter, currency, amount } => {
				self.hold(renter, ESCROW, currency, amount);
			}
			Event::RefundReleased { renter, currency, amount } => {
				self.release(renter, ESCROW, currency, amount);
			}
			_ => {}
		}
	}

	/// Compares what the events say with what the chain says, to the last unit.
	pub(crate) fn check(&self, before: &Balances) {
		let outside = Outside::get();
		for who in everybody() {
			for currency in CURRENCIES {
				for (reason, index) in [
					(HoldReason::OfferDeposit, OFFER_HOLD),
					(HoldReason::LeaseDeposit, LEASE_HOLD),
					(HoldReason::Escrow, ESCROW),
				] {
					let expected = self.held.get(&(who, index, currency)).copied();
					let held = Market::held(currency, reason, &who);
					assert_eq!(held, expected.unwrap_or(0), "{who} {reason:?} {currency:?}");
				}
				let start = i128::try_from(before.wealth[&(who, currency)]).unwrap();
				let change = self.change.get(&(who, currency)).copied().unwrap_or(0)
					+ outside.get(&(who, currency)).copied().unwrap_or(0);
				let now = i128::try_from(wealth(who, currency)).unwrap();
				assert_eq!(now, start + change, "balance of {who} in {currency:?}");
			}
		}
		for currency in CURRENCIES {
			let start = i128::try_from(before.issuance[&currency]).unwrap();
			let minted: i128 =
				outside.iter().filter(|((_, c), _)| *c == currency).map(|(_, sum)| sum).sum();
			let burnt = self.burnt.get(&currency).copied().unwrap_or(0);
			let now = i128::try_from(issuance(currency)).unwrap();
			assert_eq!(now, start + minted - i128::try_from(burnt).unwrap(), "{currency:?}");
		}
	}
}

//! What a lease costs: price × devices × blocks, scaled by what was proven, with a fee that is burnt.

use crate::{Blocks, Currency, Parameters, MILLION};
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// What a settlement does with the escrow of the blocks that it covers: the three parts, `net`, `fee`
/// and `refund`, add up to it exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
	/// To the provider.
	pub net: u128,
	/// Burnt.
	pub fee: u128,
	/// Back to the renter.
	pub refund: u128,
}

/// What `count` devices cost for so many blocks at `price` per GPU and block; the largest number
/// where that is no amount, which nobody can hold.
pub fn total(price: u128, count: u32, blocks: Blocks) -> u128 {
	price.saturating_mul(count.into()).saturating_mul(blocks.into())
}

/// The part of `full` that a device is paid which proves `now` FLOP/s where `bought` were: all of it
/// at most, rounded down. Nothing if nothing was bought.
pub fn scaled(full: u128, now: u64, bought: u64) -> u128 {
	multiply_by_rational_with_rounding(full, now.min(bought).into(), bought.into(), Rounding::Down)
		.unwrap_or(0)
}

/// The fee of a payment for so many GPU-blocks: a share, rounded up, or the minimum if that is more,
/// and never more than the payment.
pub fn fee(payment: u128, gpu_blocks: u128, currency: Currency, rules: &Parameters) -> u128 {
	let share = multiply_by_rational_with_rounding(
		payment,
		rules.fee_ppm.into(),
		MILLION.into(),
		Rounding::Up,
	)
	.unwrap_or(payment);
	let minimum = rules.minimum_fee.of(currency).saturating_mul(gpu_blocks);
	share.max(minimum).min(payment)
}

/// Divides the escrow of `covered` blocks of which `payable` were attested. `capacities` are what
/// the lease's devices prove now, in FLOP/s; `bought` is what each of them proved when it was rented.
pub fn charge(
	price: u128,
	bought: u64,
	capacities: &[u64],
	covered: Blocks,
	payable: Blocks,
	currency: Currency,
	rules: &Parameters,
) -> Charge {
	let count = u32::try_from(capacities.len()).unwrap_or(u32::MAX);
	let held = total(price, count, covered);
	let payable = payable.min(covered);
	let full = total(price, 1, payable);
	let payment = capacities
		.iter()
		.fold(0u128, |sum, now| sum.saturating_add(scaled(full, *now, bought)))
		.min(held);
	let gpu_blocks = u128::from(payable).saturating_mul(count.into());
	let fee = fee(payment, gpu_blocks, currency, rules);
	Charge { net: payment.saturating_sub(fee), fee, refund: held.saturating_sub(payment) }
}

/// What a renter that cancels a request pays, which is burnt: the minimum fee of one block for each
/// device, and never more than the `escrow`.
pub fn cancellation_fee(escrow: u128, count: u32, currency: Currency, rules: &Parameters) -> u128 {
	rules.minimum_fee.of(currency).saturating_mul(count.into()).min(escrow)
}

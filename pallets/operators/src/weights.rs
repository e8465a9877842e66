//! Weights of `pallet-operators`.
//!
//! The numbers are an upper estimate, counted by hand from the storage accesses and sizes of the
//! worst case (all unbonding chunks, the longest description, holds of all three reasons), until
//! `scripts/benchmark` writes them. An access to an account with its holds counts as two.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, Weight},
};

/// Weights of the calls.
pub trait WeightInfo {
	/// Weight of `register`.
	fn register() -> Weight;
	/// Weight of `set_payout`.
	fn set_payout() -> Weight;
	/// Weight of `bond_more`.
	fn bond_more() -> Weight;
	/// Weight of `unbond`.
	fn unbond() -> Weight;
	/// Weight of `withdraw`.
	fn withdraw() -> Weight;
	/// Weight of `add_worker`.
	fn add_worker() -> Weight;
	/// Weight of `rotate_key`.
	fn rotate_key() -> Weight;
	/// Weight of `remove_worker`.
	fn remove_worker() -> Weight;
	/// Weight of `add_device`.
	fn add_device() -> Weight;
	/// Weight of `describe_device`.
	fn describe_device() -> Weight;
	/// Weight of `remove_device`.
	fn remove_device() -> Weight;
	/// Weight of `retire`.
	fn retire() -> Weight;
	/// Weight of `execute_conviction`.
	fn execute_conviction() -> Weight;
	/// Weight of `cancel_conviction`.
	fn cancel_conviction() -> Weight;
	/// Weight of `delegate`.
	fn delegate() -> Weight;
	/// Weight of `undelegate`.
	fn undelegate() -> Weight;
	/// Weight of `withdraw_delegation`.
	fn withdraw_delegation() -> Weight;
	/// Weight of `redelegate`.
	fn redelegate() -> Weight;
	/// Weight of `claim_rewards`.
	fn claim_rewards() -> Weight;
	/// Weight of `set_commission`.
	fn set_commission() -> Weight;
	/// Weight of `allocate`.
	fn allocate() -> Weight;
	/// Weight of `set_allocation_delay`.
	fn set_allocation_delay() -> Weight;
	/// Weight of `set_policy`.
	fn set_policy() -> Weight;
}

/// Weights on a node's usual hardware and the runtime's own database costs.
pub struct SubstrateWeight<T>(PhantomData<T>);

/// `micros` of computation, `proof` bytes of proof, and accesses at the price of `Db`.
fn estimate<Db: Get<frame_support::weights::RuntimeDbWeight>>(
	micros: u64,
	proof: u64,
	reads: u64,
	writes: u64,
) -> Weight {
	Weight::from_parts(micros.saturating_mul(1_000_000), proof)
		.saturating_add(Db::get().reads_writes(reads, writes))
}

macro_rules! weights {
	($($call:ident: $micros:literal, $proof:literal, $reads:literal, $writes:literal;)*) => {
		impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
			$(fn $call() -> Weight {
				estimate::<T::DbWeight>($micros, $proof, $reads, $writes)
			})*
		}

		impl WeightInfo for () {
			$(fn $call() -> Weight {
				estimate::<RocksDbWeight>($micros, $proof, $reads, $writes)
			})*
		}
	};
}

// call: microseconds, bytes of proof, reads, writes.
weights! {
	// Operators, Keys twice, account with holds.
	register: 85, 13_000, 5, 3;
	// Operators, Keys.
	set_payout: 40, 9_000, 2, 1;
	// Operators, account with holds.
	bond_more: 85, 9_000, 3, 3;
	// Operators.
	unbond: 50, 6_000, 1, 1;
	// Operators, account with holds, five services of VoidedAt.
	withdraw: 120, 13_000, 3, 8;
	// Operators twice (own, key's), Keys, NextWorkerId, account with holds; writes Operators,
	// NextWorkerId, Keys, WorkersOf, Workers, account with holds.
	add_worker: 100, 17_000, 6, 7;
	// Workers, Operators twice, Keys, current round; writes two keys and the worker.
	rotate_key: 65, 15_000, 5, 3;
	// Workers, open obligations (two reads allowed), Operators, account with holds; writes those,
	// two keys, WorkersOf.
	remove_worker: 105, 17_000, 6, 7;
	// Workers, Operators, account with holds, the device.
	add_device: 90, 15_000, 4, 4;
	// Workers, the device.
	describe_device: 40, 8_000, 2, 1;
	// Workers, the device, account with holds.
	remove_device: 85, 12_000, 4, 4;
	// Operators.
	retire: 55, 6_000, 1, 1;
	// Convictions, Operators, the operator's account with holds, the prover's account, the pot of
	// delegated stake, TotalBurnt, total issuance.
	execute_conviction: 190, 26_000, 9, 9;
	// Convictions, Operators, account with holds, the pot of delegated stake, TotalBurnt, total
	// issuance.
	cancel_conviction: 160, 22_000, 7, 7;
	// Operators, Delegations, four Cohorts (two that mature, one to settle, one to join), the
	// session, the delegator's account, the pot of delegated stake.
	delegate: 170, 32_000, 10, 8;
	// Operators, Delegations, four Cohorts, the session.
	undelegate: 110, 24_000, 7, 6;
	// Operators, Delegations, two Cohorts, the pot of delegated stake, the delegator's account.
	withdraw_delegation: 170, 26_000, 7, 6;
	// Both Operators, both Delegations, eight Cohorts, the session.
	redelegate: 190, 46_000, 13, 12;
	// Operators, Delegations, four Cohorts, the session, the account of rewards, the payee's
	// account.
	claim_rewards: 170, 32_000, 10, 8;
	// Operators.
	set_commission: 50, 6_000, 1, 1;
	// Operators, AllocationDelay.
	allocate: 55, 8_000, 2, 1;
	// AllocationDelayFloor, AllocationDelay.
	set_allocation_delay: 20, 3_000, 1, 1;
	// EconomicPolicy.
	set_policy: 25, 3_000, 1, 1;
}

//! Accounts, shorthands and sums for the tests of the second storey.

use crate::{
	mock::*,
	pallet::{
		Config, Convictions, Delegations, NextConvictionId, NextWorkerId, Operators as Records,
	},
	ConsensusStake, ConvictionId, Fault, HoldReason, Obligation, Security, Service, Staking,
	WorkerId,
};
use frame_support::{
	assert_ok,
	dispatch::DispatchResult,
	traits::fungible::{Inspect, Mutate},
};
use sp_runtime::DispatchError;

/// An operator that wants to cheat.
pub(super) const OPERATOR: AccountId = 20;
/// Its second account, which delegates to it and proves its faults.
pub(super) const ACCOMPLICE: AccountId = 21;
/// An honest delegator.
pub(super) const HONEST: AccountId = 22;
/// Another one.
pub(super) const OTHER: AccountId = 23;
/// Where the cheat's rewards go.
pub(super) const PURSE: AccountId = 24;
/// What each of these accounts begins with.
pub(super) const WEALTH: Balance = 1_000_000;

/// A million parts.
pub(super) const WHOLE: u32 = 1_000_000;

/// The smallest delegation.
pub(super) fn minimum() -> Balance {
	<Test as Config>::MinimumDelegation::get()
}

/// Gives each of the accounts of this file its wealth.
pub(super) fn endow() {
	for who in [OPERATOR, ACCOMPLICE, HONEST, OTHER, PURSE] {
		assert_ok!(Balances::mint_into(&who, WEALTH));
	}
}

/// Registers [`OPERATOR`] with a bond, allocations and one worker with one device; returns the
/// worker.
pub(super) fn cheat(own: Balance, allocations: &[(Service, u32)]) -> WorkerId {
	endow();
	enlist(OPERATOR, own, allocations)
}

/// Registers an operator that has funds, with one worker and one device; returns the worker.
pub(super) fn enlist(
	operator: AccountId,
	own: Balance,
	allocations: &[(Service, u32)],
) -> WorkerId {
	let allocations = allocations.to_vec().try_into().unwrap();
	let payout = if operator == OPERATOR { PURSE } else { operator };
	assert_ok!(Operators::register(signed(operator), payout, allocations));
	let more = own - MinimumBond::get();
	if more > 0 {
		assert_ok!(Operators::bond_more(signed(operator), more));
	}
	let worker = NextWorkerId::<Test>::get();
	assert_ok!(Operators::add_worker(signed(operator), 1_000 + worker));
	assert_ok!(Operators::add_device(signed(operator), worker, Default::default()));
	worker
}

/// The origin of an account.
pub(super) fn signed(who: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

/// Delegates to an operator.
pub(super) fn delegate_to(who: AccountId, operator: AccountId, amount: Balance) -> DispatchResult {
	Operators::delegate(signed(who), operator, amount)
}

/// Sends delegated stake on its way out.
pub(super) fn undelegate_from(
	who: AccountId,
	operator: AccountId,
	amount: Balance,
) -> DispatchResult {
	Operators::undelegate(signed(who), operator, amount)
}

/// Takes delegated stake that is due.
pub(super) fn collect(who: AccountId, operator: AccountId) -> DispatchResult {
	Operators::withdraw_delegation(signed(who), operator)
}

/// The obligation `nonce` of a worker's first device.
pub(super) fn promise(worker: WorkerId, nonce: u64) -> Obligation {
	Obligation { worker, device: 0, nonce }
}

/// Reserves stake of [`OPERATOR`].
pub(super) fn set_aside(
	service: Service,
	worker: WorkerId,
	nonce: u64,
	amount: Balance,
) -> DispatchResult {
	<Operators as Security<_, _, _>>::reserve(&OPERATOR, service, promise(worker, nonce), amount)
}

/// Frees what was reserved by [`set_aside`].
pub(super) fn set_free(service: Service, worker: WorkerId, nonce: u64) -> DispatchResult {
	<Operators as Security<_, _, _>>::release(&OPERATOR, service, promise(worker, nonce))
}

/// Convicts [`OPERATOR`] of a fault that `prover` proved.
pub(super) fn prove(
	service: Service,
	worker: WorkerId,
	nonce: u64,
	prover: Option<AccountId>,
) -> Result<Balance, DispatchError> {
	<Operators as Security<_, _, _>>::convict(
		&OPERATOR,
		service,
		promise(worker, nonce),
		Fault::WrongOpening,
		prover.as_ref(),
	)
}

/// The id of the last conviction.
pub(super) fn last_conviction() -> ConvictionId {
	NextConvictionId::<Test>::get() - 1
}

/// Lets the escrow of every open conviction pass and executes them all.
pub(super) fn execute_all() {
	skip(EscrowDelay::get());
	let mut open: Vec<_> = Convictions::<Test>::iter_keys().collect();
	open.sort_unstable();
	for id in open {
		assert!(Operators::execute_conviction(signed(CAROL), id).is_ok());
	}
}

/// Begins the next session.
pub(super) fn next_session() {
	Session::mutate(|session| *session += 1);
}

/// What an operator weighs in the election.
pub(super) fn exposure(operator: AccountId) -> ConsensusStake<Balance> {
	<Operators as Staking<_, _>>::consensus_stake(&operator)
}

/// Mints `amount` to the account of rewards and distributes it as the income of `session`.
pub(super) fn pay(
	operator: AccountId,
	session: u32,
	amount: Balance,
	stake: &ConsensusStake<Balance>,
) {
	assert_ok!(Balances::mint_into(&rewards_pot(), amount));
	<Operators as Staking<_, _>>::reward(&operator, session, amount, stake);
}

/// Shares that a delegation has in all, leaving ones included.
pub(super) fn shares(operator: AccountId, delegator: AccountId) -> Balance {
	Delegations::<Test>::get(operator, delegator).map_or(0, |delegation| {
		let leaving: Balance = delegation.leaving.iter().map(|chunk| chunk.shares).sum();
		delegation.staying() + leaving
	})
}

/// What a delegation is worth, leaving shares included.
pub(super) fn value(operator: AccountId, delegator: AccountId) -> Balance {
	Records::<Test>::get(operator)
		.map_or(0, |record| record.pool.value(shares(operator, delegator)))
}

/// What could be claimed for a delegation now.
pub(super) fn claimable(operator: AccountId, delegator: AccountId) -> Balance {
	Operators::delegation_status(operator, delegator).map_or(0, |status| status.rewards)
}

/// Everything that an account owns: its balance, holds included, its delegations and its
/// unclaimed rewards, without what is in escrow.
pub(super) fn wealth(who: AccountId) -> Balance {
	let delegated: Balance = Delegations::<Test>::iter_keys()
		.filter(|(_, delegator)| *delegator == who)
		.map(|(operator, _)| value(operator, who) + claimable(operator, who))
		.sum();
	let earned = Records::<Test>::get(who).map_or(0, |record| record.rewards);
	Balances::total_balance(&who) - held(HoldReason::Escrow, who) + delegated + earned
}

/// What an operator's stake is in all: everything that can be slashed.
pub(super) fn stake_of(operator: AccountId) -> Balance {
	Records::<Test>::get(operator).map_or(0, |record| record.stake())
}

//! Named attacks on the second storey, each of which has to fail.

use super::support::*;
use crate::{
	mock::*,
	pallet::{
		Cohorts, Convictions, Delegations, EconomicPolicy, Operators as Records, Reservations,
		TotalBurnt,
	},
	ConsensusStake, Error, HoldReason, Security, Service, Staking, Workers,
};
use assay_economics::deterrence::Policy;
use frame_support::{
	assert_noop, assert_ok,
	traits::fungible::{Inspect, Mutate},
};
use proptest::prelude::*;
use sp_runtime::DispatchError;

/// All stake in proof of FLOPS.
const FLOPS: &[(Service, u32)] = &[(Service::Flops, WHOLE)];
/// All stake in the validators.
const CONSENSUS: &[(Service, u32)] = &[(Service::Consensus, WHOLE)];
/// A fifth of the stake in every service.
const EVERYWHERE: &[(Service, u32)] = &[
	(Service::Consensus, 200_000),
	(Service::Flops, 200_000),
	(Service::Market, 200_000),
	(Service::Jobs, 200_000),
	(Service::Data, 200_000),
];

fn pots() -> [AccountId; 2] {
	[delegation_pot(), rewards_pot()]
}

#[test]
fn f18_stake_should_stay_and_be_slashed_when_an_operator_leaves_before_the_penalty_lands() {
	build_and_execute(|| {
		let worker = cheat(8_000, FLOPS);
		assert_ok!(delegate_to(ACCOMPLICE, OPERATOR, 3_000));
		assert_ok!(delegate_to(HONEST, OPERATOR, 2_000));
		next_session();
		next_session();
		assert_ok!(set_aside(Service::Flops, worker, 0, 8_000));
		let stake = ConsensusStake { weight: 1, own: 8_000, delegated: 5_000, commission_ppm: 0 };
		pay(OPERATOR, Session::get(), 1_000, &stake);
		// It has earned and wants to be gone.
		assert_ok!(Operators::claim_rewards(signed(OPERATOR), OPERATOR));
		assert_ok!(Operators::retire(signed(OPERATOR)));
		assert_ok!(undelegate_from(ACCOMPLICE, OPERATOR, 3_000));
		assert_noop!(Operators::unbond(signed(OPERATOR), 1), Error::<Test>::StakeIsReserved);
		assert_noop!(Operators::retire(signed(OPERATOR)), Error::<Test>::NothingToUnbond);
		skip(10 * UnbondingDelay::get());
		// Delegators back no obligation and may go. What is reserved stays.
		assert_ok!(collect(ACCOMPLICE, OPERATOR));
		assert_noop!(Operators::withdraw(signed(OPERATOR)), Error::<Test>::NothingToWithdraw);
		assert_eq!(held(HoldReason::Bond, OPERATOR), 8_000);
		assert_noop!(
			Operators::remove_device(signed(OPERATOR), worker, 0),
			Error::<Test>::DeviceHasObligations
		);
		// The penalty lands in full, and not on who stayed.
		assert_eq!(prove(Service::Flops, worker, 0, None), Ok(8_000));
		assert_eq!(held(HoldReason::Bond, OPERATOR), 0);
		execute_all();
		assert_eq!(TotalBurnt::<Test>::get(), 8_000);
		assert_eq!(value(OPERATOR, HONEST), 2_000);
	});
}

#[test]
fn f18_unbonding_stake_should_be_slashed_when_the_fault_is_proven_in_the_last_block() {
	build_and_execute(|| {
		cheat(2_000, CONSENSUS);
		assert_ok!(delegate_to(ACCOMPLICE, OPERATOR, 8_000));
		let weight = exposure(OPERATOR).weight;
		assert_ok!(Operators::retire(signed(OPERATOR)));
		assert_ok!(undelegate_from(ACCOMPLICE, OPERATOR, Balance::MAX));
		skip(UnbondingDelay::get() - 1);
		assert_eq!(equivocate(weight, Some(HONEST)), 10_000);
		skip(1);
		assert_eq!(value(OPERATOR, ACCOMPLICE), 0);
		assert_noop!(Operators::withdraw(signed(OPERATOR)), Error::<Test>::NothingToWithdraw);
		execute_all();
		assert_eq!(wealth(ACCOMPLICE), WEALTH - 8_000);
		assert_eq!(wealth(OPERATOR), WEALTH - 2_000);
	});
}

#[test]
fn m08_rounding_should_lose_nothing_and_give_nobody_a_unit_too_much_when_amounts_are_odd() {
	build_and_execute(|| {
		cheat(1_009, CONSENSUS);
		let delegators: Vec<AccountId> = (100..140).collect();
		let mut deposited = 0;
		for (n, who) in (0..).zip(&delegators) {
			assert_ok!(Balances::mint_into(who, WEALTH));
			let amount = minimum() + 7 * n + 1;
			assert_ok!(delegate_to(*who, OPERATOR, amount));
			deposited += amount;
		}
		next_session();
		next_session();
		let before = Balances::total_balance(&rewards_pot());
		let mut paid = 0;
		for n in 0..97 {
			let stake = exposure(OPERATOR);
			pay(OPERATOR, Session::get(), 1 + n % 13, &stake);
			paid += 1 + n % 13;
			next_session();
			// Whoever claims all the time gains nothing over who waits.
			let _ = Operators::claim_rewards(signed(delegators[0]), OPERATOR);
			// Stake and price move by odd amounts.
			if n % 10 == 3 {
				assert_eq!(convict_consensus(1, 17), 17);
				deposited -= 17 - own_part(17);
			}
		}
		let got = |who: AccountId| Balances::total_balance(&who) + claimable(OPERATOR, who);
		let entitled: Balance = delegators.iter().map(|who| claimable(OPERATOR, *who)).sum();
		let pot = Balances::total_balance(&rewards_pot()) - before;
		let own = record(OPERATOR).rewards;
		assert!(own + entitled <= pot, "more is promised than is there");
		assert!(pot - own - entitled <= 97 * 41, "rounding ate more than a unit for each claim");
		// The eager one has at most what it would have had by waiting.
		let eager =
			got(delegators[0]) + record(OPERATOR).pool.value(shares(OPERATOR, 100)) - WEALTH;
		assert!(eager <= paid);
		// Stake: what all delegators could take is at most what is there.
		let values: Balance = delegators.iter().map(|who| value(OPERATOR, *who)).sum();
		let pool = record(OPERATOR).pool.stake;
		assert!(values <= pool && pool - values <= 40);
		assert!(pool <= deposited);
		for who in &delegators {
			assert_ok!(undelegate_from(*who, OPERATOR, Balance::MAX));
		}
		skip(UnbondingDelay::get());
		for who in &delegators {
			assert_ok!(collect(*who, OPERATOR));
			let _ = Operators::claim_rewards(signed(*who), OPERATOR);
		}
		// The last one took the dust of the stake; the dust of the rewards stays in the pot.
		assert_eq!(record(OPERATOR).pool.shares, 0);
		assert_eq!(record(OPERATOR).pool.stake, 0);
	});
}

#[test]
fn m09_pots_should_survive_when_they_are_drained() {
	build_and_execute(|| {
		cheat(1_000, CONSENSUS);
		for round in 0..3 {
			for pot in pots() {
				assert!(System::providers(&pot) > 0, "round {round}");
			}
			assert_ok!(delegate_to(HONEST, OPERATOR, minimum()));
			next_session();
			next_session();
			let stake = exposure(OPERATOR);
			pay(OPERATOR, Session::get(), 1, &stake);
			assert_ok!(undelegate_from(HONEST, OPERATOR, Balance::MAX));
			skip(UnbondingDelay::get());
			assert_ok!(collect(HONEST, OPERATOR));
			assert_eq!(Balances::total_balance(&delegation_pot()), ED);
		}
		let _ = Operators::claim_rewards(signed(HONEST), OPERATOR);
		let _ = Operators::claim_rewards(signed(OPERATOR), OPERATOR);
		assert_eq!(Balances::total_balance(&rewards_pot()), ED);
		for pot in pots() {
			assert!(System::providers(&pot) > 0);
			assert!(System::account_exists(&pot));
		}
		// Both still take what is smaller than the existential deposit.
		let stake = exposure(OPERATOR);
		pay(OPERATOR, Session::get(), ED / 2, &stake);
		assert_eq!(Balances::total_balance(&rewards_pot()), ED + ED / 2);
	});
}

/// Stake that has to be locked for a gigabyte of delegations and cohorts, in smallest delegations.
const SMALLEST_DELEGATIONS_PER_GIGABYTE: u128 = 1_000_000;

#[test]
fn m10_a_gigabyte_of_state_should_cost_the_stated_stake_when_it_is_filled_with_delegations() {
	use codec::{Encode, MaxEncodedLen};
	build_and_execute(|| {
		// With the account ids of a live network, which are longer than this runtime's.
		let wider = 32 - AccountId::max_encoded_len();
		let delegation = Delegations::<Test>::hashed_key_for(OPERATOR, HONEST).len()
			+ 2 * wider
			+ crate::types::DelegationOf::<Test>::max_encoded_len();
		let cohort = Cohorts::<Test>::hashed_key_for(OPERATOR, 0).len()
			+ wider + crate::types::Cohort::max_encoded_len();
		// A delegation opens two cohorts at most.
		let bytes = u128::try_from(delegation + 2 * cohort).unwrap();
		assert!((1 << 30) / bytes >= SMALLEST_DELEGATIONS_PER_GIGABYTE, "{bytes} bytes each");

		// No entry without its stake: less than the minimum is refused, and so is a rest below it.
		cheat(1_000, CONSENSUS);
		assert_noop!(
			delegate_to(HONEST, OPERATOR, minimum() - 1),
			Error::<Test>::DelegationTooSmall
		);
		assert_ok!(delegate_to(HONEST, OPERATOR, 2 * minimum()));
		assert_ok!(undelegate_from(HONEST, OPERATOR, minimum() + 1));
		assert_eq!(Delegations::<Test>::get(OPERATOR, HONEST).unwrap().shares, 0);
		skip(UnbondingDelay::get());
		assert_ok!(collect(HONEST, OPERATOR));
		// No entry outlives its stake, and no cohort its members.
		assert_eq!(Delegations::<Test>::iter().count(), 0);
		assert_eq!(Cohorts::<Test>::iter().count(), 0);
		for session in 0..20 {
			assert_ok!(delegate_to(HONEST, OPERATOR, minimum()));
			assert!(Cohorts::<Test>::iter().count() <= 2, "in session {session}");
			next_session();
		}
		assert!(Delegations::<Test>::get(OPERATOR, HONEST).unwrap().encoded_size() <= delegation);
		// Entries that earned something do not stay behind either.
		let stake = exposure(OPERATOR);
		pay(OPERATOR, Session::get(), 500, &stake);
		assert_ok!(undelegate_from(HONEST, OPERATOR, Balance::MAX));
		skip(UnbondingDelay::get());
		assert_ok!(collect(HONEST, OPERATOR));
		let _ = Operators::claim_rewards(signed(HONEST), OPERATOR);
		assert_eq!(Delegations::<Test>::iter().count(), 0);
		assert_eq!(Cohorts::<Test>::iter().count(), 0);
	});
}

/// Sets the part of the operator's own stake that a prover gets.
fn set_bounty(bounty_ppm: u32) {
	EconomicPolicy::<Test>::put(Policy { bounty_ppm, stake_per_cost: 1_000, ..Policy::LIVE });
}

fn convict_consensus(session: u32, amount: Balance) -> Balance {
	<Operators as Staking<_, _>>::convict_consensus(&OPERATOR, session, amount, None)
}

/// Convicts [`OPERATOR`] of an equivocation in the current session.
fn equivocate(amount: Balance, prover: Option<AccountId>) -> Balance {
	let session = Session::get();
	<Operators as Staking<_, _>>::convict_consensus(&OPERATOR, session, amount, prover.as_ref())
}

/// The part of the last conviction that was the operator's own.
fn own_part(amount: Balance) -> Balance {
	let conviction = Convictions::<Test>::get(last_conviction()).unwrap();
	assert_eq!(conviction.own + conviction.delegated, amount);
	conviction.own
}

#[test]
fn bounty_theft_of_delegated_stake_should_fail_when_the_operator_convicts_itself() {
	build_and_execute(|| {
		set_bounty(490_000);
		cheat(1_000, CONSENSUS);
		assert_ok!(delegate_to(HONEST, OPERATOR, 99_000));
		let before = wealth(OPERATOR) + wealth(ACCOMPLICE) + wealth(PURSE);
		assert_eq!(equivocate(100_000, Some(ACCOMPLICE)), 100_000);
		let conviction = Convictions::<Test>::get(last_conviction()).unwrap();
		// 49 % of the operator's own thousand; nothing of the others' 99,000.
		assert_eq!((conviction.own, conviction.bounty), (1_000, 490));
		execute_all();
		let after = wealth(OPERATOR) + wealth(ACCOMPLICE) + wealth(PURSE);
		assert_eq!(before - after, 510);
	});
}

#[test]
fn bounty_theft_of_delegated_stake_should_fail_when_the_own_stake_is_gone() {
	build_and_execute(|| {
		let worker = cheat(1_000, &[(Service::Consensus, 500_000), (Service::Flops, 500_000)]);
		assert_ok!(delegate_to(HONEST, OPERATOR, 9_000));
		assert_ok!(set_aside(Service::Flops, worker, 0, 500));
		// All of its own that no obligation has reserved.
		assert_eq!(equivocate(500, None), 500);
		// Whatever is taken now is others' stake, and pays nobody.
		assert_eq!(equivocate(4_500, Some(ACCOMPLICE)), 4_500);
		let conviction = Convictions::<Test>::get(last_conviction()).unwrap();
		assert_eq!((conviction.own, conviction.bounty, conviction.prover), (0, 0, None));
		// The obligation has still what it was promised, of the operator's own.
		assert_eq!(prove(Service::Flops, worker, 0, None), Ok(500));
		assert_eq!(Convictions::<Test>::get(last_conviction()).unwrap().own, 500);
		execute_all();
		assert_eq!(wealth(ACCOMPLICE), WEALTH);
		assert_eq!(TotalBurnt::<Test>::get(), 5_500);
	});
}

#[test]
fn double_slash_should_fail_when_one_fault_is_reported_again() {
	build_and_execute(|| {
		let worker = cheat(7_000, FLOPS);
		assert_ok!(delegate_to(HONEST, OPERATOR, 3_000));
		assert_ok!(set_aside(Service::Flops, worker, 0, 4_000));
		assert_ok!(set_aside(Service::Flops, worker, 1, 3_000));
		assert_eq!(prove(Service::Flops, worker, 0, Some(HONEST)), Ok(4_000));
		// Neither the same fault nor another one of the same obligation, by whomever.
		for prover in [Some(HONEST), Some(OTHER), None] {
			assert_noop!(
				prove(Service::Flops, worker, 0, prover),
				Error::<Test>::UnknownReservation
			);
		}
		assert_noop!(set_free(Service::Flops, worker, 0), Error::<Test>::UnknownReservation);
		assert_eq!(stake_of(OPERATOR), 6_000);
		let id = last_conviction();
		skip(EscrowDelay::get());
		assert!(Operators::execute_conviction(signed(OTHER), id).is_ok());
		for _ in 0..2 {
			assert!(Operators::execute_conviction(signed(OTHER), id).is_err());
			assert!(Operators::cancel_conviction(RuntimeOrigin::root(), id, Default::default())
				.is_err());
		}
		assert_eq!(stake_of(OPERATOR), 6_000);
		assert_eq!(Operators::reserved(&OPERATOR, Service::Flops, promise(worker, 1)), 3_000);
	});
}

#[test]
fn double_slash_should_fail_when_a_conviction_was_cancelled() {
	build_and_execute(|| {
		cheat(2_000, CONSENSUS);
		assert_ok!(delegate_to(HONEST, OPERATOR, 8_000));
		let whole = [OPERATOR, HONEST].map(wealth);
		assert_eq!(equivocate(6_000, Some(OTHER)), 6_000);
		let id = last_conviction();
		assert_ok!(Operators::cancel_conviction(RuntimeOrigin::root(), id, Default::default()));
		// All is as it was, for the operator and for its delegators, and is never taken again.
		assert_eq!([OPERATOR, HONEST].map(wealth), whole);
		assert_eq!(record(OPERATOR).ledger.allocated(Service::Consensus.index()), 10_000);
		skip(EscrowDelay::get());
		assert!(Operators::execute_conviction(signed(OTHER), id).is_err());
		assert!(
			Operators::cancel_conviction(RuntimeOrigin::root(), id, Default::default()).is_err()
		);
		assert_eq!([OPERATOR, HONEST].map(wealth), whole);
		assert_eq!(TotalBurnt::<Test>::get(), 0);
	});
}

#[test]
fn double_slash_should_stop_at_the_stake_when_offences_are_concurrent() {
	build_and_execute(|| {
		let worker = cheat(5_000, &[(Service::Consensus, 600_000), (Service::Flops, 400_000)]);
		assert_ok!(delegate_to(HONEST, OPERATOR, 5_000));
		assert_ok!(set_aside(Service::Flops, worker, 0, 2_000));
		assert_eq!(convict_consensus(1, 4_000), 4_000);
		assert_eq!(convict_consensus(1, 4_000), 2_000);
		assert_eq!(convict_consensus(1, 4_000), 0);
		assert_eq!(convict_consensus(2, Balance::MAX), 0);
		// The other service's stake is untouched and takes its own conviction.
		assert_eq!(record(OPERATOR).ledger.allocated(1), 4_000);
		assert_eq!(prove(Service::Flops, worker, 0, None), Ok(2_000));
		assert_eq!((stake_of(OPERATOR), record(OPERATOR).own()), (2_000, 0));
		execute_all();
		assert_eq!(TotalBurnt::<Test>::get(), 8_000);
	});
}

#[test]
fn slash_evasion_should_fail_when_stake_is_sent_out_before_the_conviction() {
	build_and_execute(|| {
		cheat(4_000, CONSENSUS);
		assert_ok!(delegate_to(ACCOMPLICE, OPERATOR, 6_000));
		let weight = exposure(OPERATOR).weight;
		assert_eq!(weight, 10_000);
		assert_ok!(Operators::unbond(signed(OPERATOR), 3_000));
		assert_ok!(undelegate_from(ACCOMPLICE, OPERATOR, Balance::MAX));
		// As long as the fault can be proven nothing has left.
		skip(LongestFaultWindow::get());
		assert_noop!(collect(ACCOMPLICE, OPERATOR), Error::<Test>::NothingToWithdraw);
		assert_noop!(Operators::withdraw(signed(OPERATOR)), Error::<Test>::NothingToWithdraw);
		assert_eq!(convict_consensus(0, weight), weight);
		assert_eq!(stake_of(OPERATOR), 0);
	});
}

#[test]
fn slash_evasion_should_fail_when_the_allocation_is_cut_before_the_conviction() {
	build_and_execute(|| {
		let worker = cheat(10_000, FLOPS);
		assert_ok!(set_aside(Service::Flops, worker, 0, 6_000));
		assert_ok!(Operators::allocate(signed(OPERATOR), Service::Flops, 0));
		// The cut waits as long as stake does, and does not reach what is reserved even then.
		assert_eq!(record(OPERATOR).ledger.allocated(1), 10_000);
		assert_noop!(set_aside(Service::Flops, worker, 1, 1), Error::<Test>::InsufficientStake);
		skip(2 * UnbondingDelay::get());
		assert_noop!(set_aside(Service::Flops, worker, 1, 1), Error::<Test>::InsufficientStake);
		assert_eq!(prove(Service::Flops, worker, 0, None), Ok(6_000));
	});
}

#[test]
fn slash_evasion_should_fail_when_a_cut_is_announced_before_the_election() {
	build_and_execute(|| {
		cheat(10_000, CONSENSUS);
		assert_ok!(Operators::allocate(signed(OPERATOR), Service::Consensus, 0));
		// Elected in the last block before the cut, it would go unpunished one block later: what
		// is announced as leaving has no weight.
		skip(UnbondingDelay::get() - 1);
		let weight = exposure(OPERATOR).weight;
		skip(1);
		assert_eq!(convict_consensus(Session::get(), weight), weight);
	});
}

#[test]
fn slash_evasion_should_fail_when_stake_is_redelegated() {
	build_and_execute(|| {
		let worker = cheat(2_000, FLOPS);
		enlist(OTHER, 2_000, CONSENSUS);
		assert_ok!(delegate_to(ACCOMPLICE, OPERATOR, 5_000));
		assert_ok!(set_aside(Service::Flops, worker, 0, 1_500));
		let flee = || Operators::redelegate(signed(ACCOMPLICE), OPERATOR, OTHER, 5_000);
		// While stake is reserved, ...
		assert_noop!(flee(), Error::<Test>::StakeIsAnswerable);
		// ... in escrow, ...
		assert_eq!(prove(Service::Flops, worker, 0, None), Ok(1_500));
		assert_noop!(flee(), Error::<Test>::StakeIsAnswerable);
		execute_all();
		// ... allocated, ...
		assert_noop!(flee(), Error::<Test>::StakeIsAnswerable);
		// ... or about to be allocated.
		assert_ok!(Operators::allocate(signed(OPERATOR), Service::Flops, 0));
		assert_noop!(flee(), Error::<Test>::StakeIsAnswerable);
		skip(UnbondingDelay::get());
		let rest = value(OPERATOR, ACCOMPLICE);
		assert_ok!(Operators::bond_more(signed(OPERATOR), 2_000));
		assert_ok!(Operators::allocate(signed(OPERATOR), Service::Flops, WHOLE));
		assert_noop!(flee(), Error::<Test>::StakeIsAnswerable);
		assert_ok!(Operators::allocate(signed(OPERATOR), Service::Flops, 0));
		// Nothing can be slashed for any more: it may go.
		assert_ok!(Operators::redelegate(signed(ACCOMPLICE), OPERATOR, OTHER, Balance::MAX));
		assert_eq!(value(OPERATOR, ACCOMPLICE), 0);
		assert!(value(OTHER, ACCOMPLICE) <= rest);
		assert!(value(OTHER, ACCOMPLICE) + 1 >= rest);
	});
}

#[test]
fn slash_evasion_should_fail_when_newcomers_could_share_a_cancelled_conviction() {
	build_and_execute(|| {
		cheat(1_000, CONSENSUS);
		assert_ok!(delegate_to(HONEST, OPERATOR, 9_000));
		assert_eq!(equivocate(5_000, None), 5_000);
		// Shares are cheap now; if the conviction is cancelled they are not.
		assert!(delegate_to(ACCOMPLICE, OPERATOR, 9_000).is_err());
		assert_ok!(Operators::cancel_conviction(
			RuntimeOrigin::root(),
			last_conviction(),
			Default::default()
		));
		assert_eq!(value(OPERATOR, HONEST), 9_000);
		assert_ok!(delegate_to(ACCOMPLICE, OPERATOR, 9_000));
		assert_eq!(value(OPERATOR, HONEST), 9_000);
	});
}

#[test]
fn reservation_starvation_should_fail_when_one_service_takes_all_it_can() {
	build_and_execute(|| {
		let worker = cheat(10_000, EVERYWHERE);
		assert_eq!(Operators::free_stake(&OPERATOR, Service::Flops), 2_000);
		assert_noop!(set_aside(Service::Flops, worker, 0, 2_001), Error::<Test>::InsufficientStake);
		assert_ok!(set_aside(Service::Flops, worker, 0, 2_000));
		assert_noop!(set_aside(Service::Flops, worker, 1, 1), Error::<Test>::InsufficientStake);
		// Every other service has what it had.
		for (service, nonce) in [(Service::Market, 2), (Service::Jobs, 3), (Service::Data, 4)] {
			assert_eq!(Operators::free_stake(&OPERATOR, service), 2_000);
			assert_ok!(set_aside(service, worker, nonce, 2_000));
		}
		assert_eq!(exposure(OPERATOR).weight, 2_000);
		assert!(convict_consensus(0, 2_000) == 2_000);
		// A slash in one leaves the others' reservations alone.
		assert_eq!(prove(Service::Flops, worker, 0, None), Ok(2_000));
		for (service, nonce) in [(Service::Market, 2), (Service::Jobs, 3), (Service::Data, 4)] {
			assert_eq!(Operators::reserved(&OPERATOR, service, promise(worker, nonce)), 2_000);
		}
	});
}

#[test]
fn reservation_starvation_should_fail_when_a_delegator_wants_to_leave() {
	build_and_execute(|| {
		let worker = cheat(5_000, FLOPS);
		assert_ok!(delegate_to(HONEST, OPERATOR, 5_000));
		// The operator promises all that it can, and delegated stake is no part of that.
		assert_eq!(Operators::free_stake(&OPERATOR, Service::Flops), 5_000);
		assert_ok!(set_aside(Service::Flops, worker, 0, 4_000));
		assert_ok!(set_aside(Service::Flops, worker, 1, 1_000));
		assert!(set_aside(Service::Flops, worker, 2, 1).is_err());
		assert_ok!(undelegate_from(HONEST, OPERATOR, Balance::MAX));
		// Whatever it promises meanwhile, the delegator goes on time and with everything.
		for nonce in 2..20 {
			assert_ok!(set_free(Service::Flops, worker, 0));
			assert!(set_aside(Service::Flops, worker, nonce, 4_001).is_err());
			assert_ok!(set_aside(Service::Flops, worker, 0, 4_000));
		}
		skip(UnbondingDelay::get());
		assert_ok!(collect(HONEST, OPERATOR));
		assert_eq!(Balances::balance(&HONEST), WEALTH);
		assert_eq!(stake_of(OPERATOR), 5_000);
		assert!(<Operators as Workers<_>>::is_active(worker));
	});
}

#[test]
fn reservation_starvation_should_fail_when_an_operator_reserves_what_it_does_not_have() {
	build_and_execute(|| {
		let worker = cheat(3_000, &[(Service::Flops, 500_000), (Service::Jobs, 500_000)]);
		assert_ok!(set_aside(Service::Flops, worker, 0, 1_500));
		assert_ok!(Operators::unbond(signed(OPERATOR), 1_000));
		// Half of what is left at most, though the allocation still names half of all.
		assert!(set_aside(Service::Jobs, worker, 1, 501).is_err());
		assert_noop!(Operators::unbond(signed(OPERATOR), 501), Error::<Test>::StakeIsReserved);
		let free = Operators::free_stake(&OPERATOR, Service::Jobs);
		assert!(free <= 500);
		assert!(set_aside(Service::Jobs, worker, 2, free + 1).is_err());
		if free > 0 {
			assert_ok!(set_aside(Service::Jobs, worker, 3, free));
		}
		let reserved: Balance = Reservations::<Test>::iter_prefix_values((OPERATOR,)).sum();
		assert!(reserved <= record(OPERATOR).bonded);
	});
}

#[test]
fn commission_rug_should_fail_when_the_commission_is_raised_before_a_reward() {
	build_and_execute(|| {
		cheat(1_000, CONSENSUS);
		assert_ok!(delegate_to(HONEST, OPERATOR, 9_000));
		next_session();
		next_session();
		let (most, step) = (
			<Test as crate::Config>::MaxCommission::get(),
			<Test as crate::Config>::MaxCommissionRaise::get(),
		);
		// Too much at once, or in all, or twice.
		assert!(Operators::set_commission(signed(OPERATOR), step + 1).is_err());
		assert!(Operators::set_commission(signed(OPERATOR), most + 1).is_err());
		assert!(Operators::set_commission(signed(OPERATOR), WHOLE).is_err());
		let stake = exposure(OPERATOR);
		assert_eq!(stake.commission_ppm, 0);
		assert_ok!(Operators::set_commission(signed(OPERATOR), step));
		assert!(Operators::set_commission(signed(OPERATOR), 2 * step).is_err());
		// The session's reward is shared by the commission of its election.
		pay(OPERATOR, Session::get(), 10_000, &stake);
		let fair = claimable(OPERATOR, HONEST);
		assert!((8_999..=9_000).contains(&fair), "{fair}");
		// Announced is not in force; whoever leaves at the announcement pays nothing of it.
		skip(<Test as crate::Config>::CommissionDelay::get() - 1);
		assert_eq!(exposure(OPERATOR).commission_ppm, 0);
		skip(1);
		assert_eq!(exposure(OPERATOR).commission_ppm, step);
		// A reward that was earned before stays as it was, claimed or not.
		assert_eq!(claimable(OPERATOR, HONEST), fair);
		pay(OPERATOR, Session::get(), 10_000, &stake);
		assert!(claimable(OPERATOR, HONEST) >= 2 * fair - 1);
		// A cut is at once, and a raise after it waits again.
		assert_ok!(Operators::set_commission(signed(OPERATOR), 0));
		assert_eq!(exposure(OPERATOR).commission_ppm, 0);
		assert_ok!(Operators::set_commission(signed(OPERATOR), step));
		assert_eq!(exposure(OPERATOR).commission_ppm, 0);
	});
}

#[test]
fn delegation_dust_should_not_be_stolen_when_amounts_are_chosen_to_round_well() {
	build_and_execute(|| {
		cheat(1_000, CONSENSUS);
		assert_ok!(delegate_to(HONEST, OPERATOR, 10_007));
		// A slash makes the price of a share an ugly fraction.
		assert_eq!(convict_consensus(0, 1_000 + 3_331), 4_331);
		execute_all();
		assert_ok!(Operators::bond_more(signed(OPERATOR), 5_000));
		let (fair, rich) = (value(OPERATOR, HONEST), wealth(ACCOMPLICE));
		assert_eq!(fair, 6_676);
		for n in 0..60 {
			let poorer = wealth(ACCOMPLICE);
			assert_ok!(delegate_to(ACCOMPLICE, OPERATOR, minimum() + n));
			assert!(wealth(ACCOMPLICE) <= poorer);
			assert!(value(OPERATOR, HONEST) >= fair);
			assert_ok!(undelegate_from(ACCOMPLICE, OPERATOR, 1 + n % 3));
			assert!(wealth(ACCOMPLICE) <= poorer);
			// Unless the part left a rest below the minimum, and all is leaving already.
			let _ = undelegate_from(ACCOMPLICE, OPERATOR, Balance::MAX);
			skip(UnbondingDelay::get());
			assert_ok!(collect(ACCOMPLICE, OPERATOR));
			assert!(Balances::total_balance(&ACCOMPLICE) <= poorer);
			assert!(value(OPERATOR, HONEST) >= fair);
		}
		assert!(wealth(ACCOMPLICE) <= rich);
		assert!(wealth(ACCOMPLICE) + 60 * 3 >= rich, "an honest newcomer loses only dust");
	});
}

#[test]
fn delegation_dust_should_not_dilute_a_newcomer_when_the_first_share_was_made_dear() {
	new_test_ext().execute_with(|| {
		cheat(1_000, CONSENSUS);
		// The first delegator makes the pool tiny by a slash and gives the pot a present.
		assert_ok!(delegate_to(ACCOMPLICE, OPERATOR, minimum()));
		assert_eq!(convict_consensus(0, 1_000 + minimum() - 1), 1_000 + minimum() - 1);
		execute_all();
		assert_ok!(Operators::bond_more(signed(OPERATOR), 1_000));
		assert_ok!(<Balances as Mutate<_>>::transfer(
			&ACCOMPLICE,
			&delegation_pot(),
			50_000,
			frame_support::traits::tokens::Preservation::Preserve
		));
		assert_ok!(delegate_to(HONEST, OPERATOR, 10_000));
		assert!(value(OPERATOR, HONEST) >= 9_999);
		assert!(value(OPERATOR, ACCOMPLICE) <= 1);
		assert_ok!(Operators::do_try_state());
	});
}

#[test]
fn one_bond_cheating_in_every_service_at_once_should_lose_it_once_for_each() {
	build_and_execute(|| {
		let worker = cheat(10_000, EVERYWHERE);
		assert_ok!(delegate_to(ACCOMPLICE, OPERATOR, 10_000));
		let coalition = || wealth(OPERATOR) + wealth(ACCOMPLICE) + wealth(PURSE);
		let before = coalition();
		// In each service many promises, as many as the bond carries, and not one more in any.
		const SERVICES: [Service; 4] =
			[Service::Flops, Service::Market, Service::Jobs, Service::Data];
		for service in SERVICES {
			for nonce in 0..25 {
				assert_ok!(set_aside(service, worker, nonce, 80));
			}
		}
		for service in SERVICES {
			assert!(set_aside(service, worker, 25, 1).is_err());
		}
		let weight = exposure(OPERATOR).weight;
		assert_eq!(weight, 4_000);
		// It cheats everywhere in one block and every single promise is paid in full.
		let mut taken = equivocate(weight, Some(ACCOMPLICE));
		for service in SERVICES {
			for nonce in 0..25 {
				assert_eq!(prove(service, worker, nonce, Some(ACCOMPLICE)), Ok(80));
				taken += 80;
				// What backs a promise is the operator's own, whatever else it has done.
				assert_eq!(own_part(80), 80);
			}
		}
		assert_eq!(taken, 12_000);
		assert_eq!((stake_of(OPERATOR), record(OPERATOR).own()), (8_000, 0));
		execute_all();
		// All of it is gone but bounties for less than half of the operator's own.
		let lost = before - coalition();
		assert!(lost >= 12_000 - 10_000 * 49 / 100, "{lost}");
	});
}

/// What a coalition tries.
#[derive(Clone, Debug)]
struct Plot {
	own: Balance,
	accomplice: Balance,
	honest: Balance,
	reserved_ppm: Balance,
	unbond: bool,
	leave: bool,
	bounty_ppm: u32,
	consensus: bool,
	cancelled: bool,
	reward: Balance,
}

fn plot() -> impl Strategy<Value = Plot> {
	(
		1_000u128..100_000,
		0u128..200_000,
		0u128..200_000,
		(1u128..=1_000_000, any::<bool>(), any::<bool>()),
		0u32..=490_000,
		any::<bool>(),
		prop::bool::weighted(0.2),
		0u128..50_000,
	)
		.prop_map(
			|(
				own,
				accomplice,
				honest,
				(reserved_ppm, unbond, leave),
				bounty_ppm,
				consensus,
				cancelled,
				reward,
			)| {
				Plot {
					own,
					accomplice,
					honest,
					reserved_ppm,
					unbond,
					leave,
					bounty_ppm,
					consensus,
					cancelled,
					reward,
				}
			},
		)
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(256))]

	#[test]
	fn coalition_should_never_gain_when_it_is_convicted_whatever_the_delegated_share(
		plot in plot()
	) {
		build_and_execute(|| {
			set_bounty(plot.bounty_ppm);
			let worker = cheat(plot.own, if plot.consensus { CONSENSUS } else { FLOPS });
			for (who, amount) in [(ACCOMPLICE, plot.accomplice), (HONEST, plot.honest)] {
				if amount >= minimum() {
					assert_ok!(delegate_to(who, OPERATOR, amount));
				}
			}
			next_session();
			next_session();
			let stake = exposure(OPERATOR);
			pay(OPERATOR, Session::get(), plot.reward, &stake);
			let coalition = || wealth(OPERATOR) + wealth(ACCOMPLICE) + wealth(PURSE);
			let (before, honest) = (coalition(), wealth(HONEST));
			let most = if plot.consensus { stake_of(OPERATOR) } else { plot.own };
			let amount = (most * plot.reserved_ppm / 1_000_000).max(1);
			if !plot.consensus {
				assert_ok!(set_aside(Service::Flops, worker, 0, amount));
			}
			if plot.unbond {
				let _ = Operators::unbond(signed(OPERATOR), plot.own - MinimumBond::get());
			}
			if plot.leave {
				let _ = undelegate_from(ACCOMPLICE, OPERATOR, Balance::MAX);
			}
			if plot.consensus {
				let taken = <Operators as Staking<_, _>>::convict_consensus(
					&OPERATOR,
					Session::get(),
					amount,
					Some(&ACCOMPLICE),
				);
				assert_eq!(taken, amount);
			} else {
				assert_eq!(prove(Service::Flops, worker, 0, Some(ACCOMPLICE)), Ok(amount));
			}
			let own = Convictions::<Test>::get(last_conviction()).unwrap().own;
			if plot.cancelled {
				assert_ok!(Operators::cancel_conviction(
					RuntimeOrigin::root(),
					last_conviction(),
					Default::default()
				));
				assert!(coalition() <= before);
			}
			execute_all();
			// Everybody takes what is left.
			let _ = undelegate_from(ACCOMPLICE, OPERATOR, Balance::MAX);
			let _ = undelegate_from(HONEST, OPERATOR, Balance::MAX);
			let _ = Operators::retire(signed(OPERATOR));
			skip(UnbondingDelay::get());
			let _ = Operators::withdraw(signed(OPERATOR));
			for who in [ACCOMPLICE, HONEST] {
				let _ = collect(who, OPERATOR);
				let _ = Operators::claim_rewards(signed(who), OPERATOR);
			}
			let _ = Operators::claim_rewards(signed(OPERATOR), OPERATOR);
			// A unit of dust may come from the other's rounding.
			let after = coalition();
			assert!(after <= before + 1, "gained {}", after - before);
			if !plot.cancelled {
				// It loses more than half of its own stake in the conviction, at least.
				assert!(before + 1 - after >= own * 51 / 100);
				// The honest lose no more than their part of what the own stake did not cover.
				let rest = amount - own;
				let theirs = honest - wealth(HONEST);
				assert!(theirs <= rest + 1);
			} else {
				assert!(before - after.min(before) <= 2);
			}
			});
	}
}

#[test]
fn no_origin_but_those_that_judge_should_move_stake() {
	build_and_execute(|| {
		cheat(1_000, CONSENSUS);
		assert_ok!(delegate_to(HONEST, OPERATOR, minimum()));
		for origin in [signed(OPERATOR), signed(HONEST), signed(OTHER)] {
			assert_noop!(
				Operators::set_allocation_delay(origin.clone(), 1_000),
				DispatchError::BadOrigin
			);
			assert_noop!(
				Operators::cancel_conviction(origin, 0, Default::default()),
				DispatchError::BadOrigin
			);
		}
		// Others' delegations are others'.
		assert!(undelegate_from(OTHER, OPERATOR, 1).is_err());
		assert!(collect(OTHER, OPERATOR).is_err());
		assert!(Operators::claim_rewards(signed(OTHER), OPERATOR).is_err());
		assert!(Records::<Test>::contains_key(OPERATOR));
	});
}

#[test]
fn slash_evasion_should_fail_when_a_withdrawal_squeezes_the_allocation_of_the_validators() {
	build_and_execute(|| {
		let worker = cheat(5_000, &[(Service::Consensus, 500_000), (Service::Flops, 500_000)]);
		assert_ok!(delegate_to(ACCOMPLICE, OPERATOR, 5_000));
		assert_ok!(undelegate_from(ACCOMPLICE, OPERATOR, Balance::MAX));
		skip(UnbondingDelay::get() - 1);
		// Half of the stake is on its way out: its weight counts once, not for both services.
		let weight = exposure(OPERATOR).weight;
		let _ = set_aside(Service::Flops, worker, 0, 5_000);
		let _ = set_aside(Service::Flops, worker, 1, 2_500);
		skip(1);
		let _ = collect(ACCOMPLICE, OPERATOR);
		assert!(convict_consensus(Session::get(), weight) >= weight);
	});
}

#[test]
fn hostage_taking_should_fail_when_allocations_and_reservations_take_all_they_can() {
	build_and_execute(|| {
		let worker = cheat(1_000, &[(Service::Consensus, 900_000), (Service::Flops, 100_000)]);
		assert_ok!(delegate_to(HONEST, OPERATOR, 4_000));
		// The validators have their part of the operator's own stake; it promises the rest.
		assert_eq!(Operators::free_stake(&OPERATOR, Service::Flops), 100);
		assert_noop!(set_aside(Service::Flops, worker, 0, 101), Error::<Test>::InsufficientStake);
		assert_ok!(set_aside(Service::Flops, worker, 0, 100));
		// Who leaves, a unit or all, takes the operator neither its seat nor its work.
		for amount in [1, Balance::MAX] {
			assert_ok!(undelegate_from(HONEST, OPERATOR, amount));
			assert!(<Operators as Workers<_>>::is_active(worker));
			assert!(exposure(OPERATOR).weight >= 900);
		}
		skip(UnbondingDelay::get());
		assert_ok!(collect(HONEST, OPERATOR));
		assert_eq!(Balances::balance(&HONEST), WEALTH);
		assert!(<Operators as Workers<_>>::is_active(worker));
		assert_eq!(exposure(OPERATOR).weight, 900);
		// Everything that was promised can still be taken, each once.
		assert_eq!(equivocate(Balance::MAX, None), 900);
		assert_eq!(prove(Service::Flops, worker, 0, None), Ok(100));
		assert_eq!(stake_of(OPERATOR), 0);
	});
}

#[test]
fn hostage_taking_should_fail_when_a_conviction_has_taken_what_was_free() {
	build_and_execute(|| {
		let worker = cheat(1_000, &[(Service::Consensus, 500_000), (Service::Flops, 500_000)]);
		assert_ok!(delegate_to(HONEST, OPERATOR, 1_000));
		assert_ok!(set_aside(Service::Flops, worker, 0, 500));
		assert_eq!(equivocate(400, None), 400);
		// The operator owes more than it should and can begin nothing, but nobody is kept for it.
		assert!(!<Operators as Workers<_>>::is_active(worker));
		assert_ok!(undelegate_from(HONEST, OPERATOR, Balance::MAX));
		skip(UnbondingDelay::get());
		assert_ok!(collect(HONEST, OPERATOR));
		assert_eq!(Balances::balance(&HONEST), WEALTH);
		let ledger = record(OPERATOR).ledger;
		// Of 600 the obligation has what it has, and the validators at most the rest.
		assert_eq!((stake_of(OPERATOR), ledger.reserved(1)), (600, 500));
		assert_eq!(ledger.total_allocated(), 600);
		assert_eq!(prove(Service::Flops, worker, 0, None), Ok(500));
	});
}

#[test]
fn overcommitment_should_fail_when_the_validators_part_is_raised_over_open_obligations() {
	build_and_execute(|| {
		let worker = cheat(1_000, &[(Service::Consensus, 200_000), (Service::Flops, 300_000)]);
		assert_ok!(delegate_to(HONEST, OPERATOR, 9_000));
		assert_ok!(set_aside(Service::Flops, worker, 0, 600));
		assert_ok!(Operators::allocate(signed(OPERATOR), Service::Consensus, 700_000));
		skip(ALLOCATION_DELAY);
		// 60 % of its own stake is reserved, so that 40 % can elect; the rest waits.
		assert_eq!(exposure(OPERATOR).weight, 4_000);
		assert!(<Operators as Workers<_>>::is_active(worker));
		assert_noop!(set_aside(Service::Flops, worker, 1, 1), Error::<Test>::InsufficientStake);
		assert_noop!(Operators::unbond(signed(OPERATOR), 1), Error::<Test>::StakeIsReserved);
		assert_ok!(set_free(Service::Flops, worker, 0));
		assert_eq!(exposure(OPERATOR).weight, 7_000);
		assert_ok!(set_aside(Service::Flops, worker, 1, 300));
	});
}

#[test]
fn m10_entries_should_not_outlive_their_stake_when_rewards_are_never_claimed() {
	build_and_execute(|| {
		cheat(1_000, CONSENSUS);
		assert_ok!(delegate_to(HONEST, OPERATOR, 1_000));
		next_session();
		next_session();
		let stake = exposure(OPERATOR);
		pay(OPERATOR, Session::get(), 500, &stake);
		let earned = claimable(OPERATOR, HONEST);
		assert!(earned > 200);
		assert_ok!(undelegate_from(HONEST, OPERATOR, Balance::MAX));
		skip(UnbondingDelay::get());
		// The last of the stake takes the rewards along.
		assert_ok!(collect(HONEST, OPERATOR));
		assert_eq!(Balances::balance(&HONEST), WEALTH + earned);
		assert_eq!(Delegations::<Test>::iter().count(), 0);
		assert_eq!(record(OPERATOR).delegators, 0);
	});
}

#[test]
fn operator_should_end_when_its_delegators_never_come_back() {
	build_and_execute(|| {
		let worker = cheat(1_000, CONSENSUS);
		for who in [HONEST, OTHER] {
			assert_ok!(delegate_to(who, OPERATOR, 1_000));
		}
		assert_ok!(undelegate_from(OTHER, OPERATOR, 300));
		next_session();
		next_session();
		let stake = exposure(OPERATOR);
		pay(OPERATOR, Session::get(), 600, &stake);
		let settle = |who| Operators::settle_delegation(signed(CAROL), OPERATOR, who);
		// Neither before it retires nor as long as anything can be taken.
		assert_noop!(settle(HONEST), Error::<Test>::StakeIsAnswerable);
		assert_ok!(Operators::retire(signed(OPERATOR)));
		assert_noop!(settle(HONEST), Error::<Test>::StakeIsAnswerable);
		assert_ok!(Operators::allocate(signed(OPERATOR), Service::Consensus, 0));
		skip(UnbondingDelay::get());
		assert_noop!(settle(ACCOMPLICE), Error::<Test>::NothingDelegated);
		let earned = [HONEST, OTHER].map(|who| claimable(OPERATOR, who));
		for who in [HONEST, OTHER] {
			assert_ok!(settle(who));
			assert_noop!(settle(who), Error::<Test>::NothingDelegated);
		}
		let [one, other] = [HONEST, OTHER].map(|who| Balances::balance(&who));
		assert_eq!([one, other], earned.map(|earned| WEALTH + earned));
		assert_ok!(Operators::claim_rewards(signed(OPERATOR), OPERATOR));
		assert_ok!(Operators::remove_device(signed(OPERATOR), worker, 0));
		assert_ok!(Operators::remove_worker(signed(OPERATOR), worker));
		assert_ok!(Operators::withdraw(signed(OPERATOR)));
		assert!(!Records::<Test>::contains_key(OPERATOR));
		// And begin anew.
		assert_ok!(Operators::register(signed(OPERATOR), PURSE, Default::default()));
	});
}

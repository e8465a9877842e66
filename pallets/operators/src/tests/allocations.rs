//! Allocations: shares of the stake that never overlap, announced before they change.

use crate::{
	mock::*,
	pallet::{AllocationDelay, EconomicPolicy},
	Error, Event, Fault, Security, Service,
};
use assay_economics::{deterrence::Policy, MILLION};
use frame_support::{assert_noop, assert_ok, traits::Hooks};
use sp_runtime::DispatchError;

fn allocated(service: Service) -> Balance {
	Operators::operator_status(ALICE).unwrap().allocations[service.index()].allocated
}

fn pending(service: Service) -> Option<(u32, u64)> {
	let status = Operators::operator_status(ALICE).unwrap();
	status.allocations[service.index()].pending.map(|change| (change.share_ppm, change.due))
}

#[test]
fn register_should_allocate_at_once_when_the_shares_fit() {
	build_and_execute(|| {
		let shares = vec![(Service::Consensus, 250_000), (Service::Jobs, 750_000)];
		assert_ok!(Operators::register(
			RuntimeOrigin::signed(BOB),
			BOB,
			shares.try_into().unwrap()
		));
		let ledger = record(BOB).ledger;
		assert_eq!(ledger.allocated(Service::Consensus.index()), 250);
		assert_eq!(ledger.allocated(Service::Jobs.index()), 750);
		assert_eq!(ledger.total_allocated(), MinimumBond::get());
	});
}

#[test]
fn register_should_fail_when_the_shares_overlap() {
	build_and_execute(|| {
		let register = |shares: Vec<(Service, u32)>| {
			Operators::register(RuntimeOrigin::signed(BOB), BOB, shares.try_into().unwrap())
		};
		assert_noop!(
			register(vec![(Service::Jobs, 500_000), (Service::Data, 500_001)]),
			Error::<Test>::AllocationsExceedStake
		);
		assert_noop!(
			register(vec![(Service::Jobs, u32::MAX), (Service::Data, 1)]),
			Error::<Test>::AllocationsExceedStake
		);
		assert_noop!(
			register(vec![(Service::Jobs, 1), (Service::Jobs, 1)]),
			Error::<Test>::ServiceNamedTwice
		);
	});
}

#[test]
fn raise_should_hold_only_when_the_allocation_delay_is_over() {
	execute(vec![(Service::Flops, 400_000)], || {
		assert_ok!(allocate(Service::Jobs, 600_000));
		assert!(happened(Event::AllocationAnnounced {
			operator: ALICE,
			service: Service::Jobs,
			share_ppm: 600_000,
			due: 21
		}));
		assert_eq!(pending(Service::Jobs), Some((600_000, 21)));
		System::set_block_number(20);
		assert_eq!(Operators::free_stake(&ALICE, Service::Jobs), 0);
		assert_noop!(
			Operators::reserve(&ALICE, Service::Jobs, duty(1), 1),
			Error::<Test>::InsufficientStake
		);
		System::set_block_number(21);
		assert_eq!((allocated(Service::Jobs), pending(Service::Jobs)), (3_000, None));
		assert_eq!(Operators::free_stake(&ALICE, Service::Jobs), 3_000);
		assert_ok!(Operators::reserve(&ALICE, Service::Jobs, duty(1), 3_000));
	});
}

#[test]
fn raise_should_fail_when_the_stake_is_promised_already() {
	execute(vec![(Service::Flops, 400_000)], || {
		assert_noop!(allocate(Service::Jobs, 601_000), Error::<Test>::AllocationsExceedStake);
		assert_noop!(allocate(Service::Jobs, MILLION + 1), Error::<Test>::AllocationsExceedStake);
		assert_ok!(allocate(Service::Jobs, 500_000));
		// What is announced counts, whoever it is for; the announcement itself is replaced.
		assert_noop!(allocate(Service::Data, 101_000), Error::<Test>::AllocationsExceedStake);
		assert_ok!(allocate(Service::Jobs, 600_000));
		// A cut frees nothing before it holds.
		assert_ok!(allocate(Service::Flops, 0));
		assert_noop!(allocate(Service::Data, 1_000), Error::<Test>::AllocationsExceedStake);
		skip(UnbondingDelay::get());
		assert_ok!(allocate(Service::Data, 400_000));
	});
}

#[test]
fn cut_should_hold_only_when_the_unbonding_delay_is_over() {
	build_and_execute(|| {
		assert_ok!(reserve(0, 1_000));
		assert_ok!(allocate(Service::Flops, 500_000));
		assert_eq!(pending(Service::Flops), Some((500_000, 101)));
		// What is about to go backs nothing new, but answers for what was begun.
		assert_eq!(Operators::free_stake(&ALICE, Service::Flops), 1_500);
		assert_noop!(reserve(1, 1_501), Error::<Test>::InsufficientStake);
		assert_ok!(reserve(1, 1_500));
		System::set_block_number(100);
		assert_eq!(allocated(Service::Flops), 5_000);
		System::set_block_number(101);
		assert_eq!((allocated(Service::Flops), pending(Service::Flops)), (2_500, None));
	});
}

#[test]
fn cut_should_remain_announced_when_obligations_stand_against_it() {
	build_and_execute(|| {
		assert_ok!(reserve(0, 2_000));
		assert_ok!(allocate(Service::Flops, 100_000));
		skip(UnbondingDelay::get());
		assert_eq!(allocated(Service::Flops), 2_000);
		assert_eq!(pending(Service::Flops), Some((100_000, 101)));
		assert_noop!(reserve(1, 1), Error::<Test>::InsufficientStake);
		assert_ok!(release(0));
		assert_eq!((allocated(Service::Flops), pending(Service::Flops)), (500, None));
	});
}

#[test]
fn announcement_should_be_withdrawn_when_the_present_share_is_named() {
	build_and_execute(|| {
		assert_noop!(allocate(Service::Flops, MILLION), Error::<Test>::NothingToChange);
		assert_ok!(allocate(Service::Flops, 1));
		assert_ok!(allocate(Service::Flops, MILLION));
		assert_eq!(pending(Service::Flops), None);
		skip(UnbondingDelay::get());
		assert_eq!(allocated(Service::Flops), BOND);
		assert_noop!(
			Operators::allocate(RuntimeOrigin::signed(BOB), Service::Jobs, 1),
			Error::<Test>::UnknownOperator
		);
	});
}

#[test]
fn retiring_operator_should_cut_but_not_raise_when_it_allocates() {
	execute(vec![(Service::Flops, 500_000)], || {
		assert_ok!(Operators::retire(RuntimeOrigin::signed(ALICE)));
		assert_noop!(allocate(Service::Jobs, 1), Error::<Test>::OperatorRetiring);
		assert_ok!(allocate(Service::Flops, 0));
	});
}

#[test]
fn allocations_should_follow_the_stake_when_it_grows_and_shrinks() {
	execute(vec![(Service::Flops, 600_000), (Service::Jobs, 200_000)], || {
		assert_ok!(Operators::bond_more(RuntimeOrigin::signed(ALICE), 5_000));
		assert_eq!((allocated(Service::Flops), allocated(Service::Jobs)), (6_000, 2_000));
		assert_ok!(delegate(BOB, 10_000));
		assert_eq!((allocated(Service::Flops), allocated(Service::Jobs)), (12_000, 4_000));
		assert_ok!(undelegate(BOB, 10_000));
		// Nothing leaves before its time, and it answers until then.
		assert_eq!(allocated(Service::Flops), 12_000);
		skip(UnbondingDelay::get());
		assert_ok!(withdraw_delegation(BOB));
		assert_eq!((allocated(Service::Flops), allocated(Service::Jobs)), (6_000, 2_000));
	});
}

#[test]
fn slash_should_take_from_one_allocation_when_several_share_the_stake() {
	execute(fifths(), || {
		assert_ok!(reserve(0, 1_000));
		assert_ok!(convict(0, Fault::WrongOpening, Some(BOB)));
		assert_eq!(allocated(Service::Flops), 0);
		for service in [Service::Consensus, Service::Market, Service::Jobs, Service::Data] {
			assert_eq!(allocated(service), 1_000, "{service:?}");
		}
		assert_ok!(Operators::cancel_conviction(RuntimeOrigin::root(), 0, Default::default()));
		assert_eq!(allocated(Service::Flops), 1_000);
	});
}

#[test]
fn own_stake_should_wait_when_obligations_need_it() {
	build_and_execute(|| {
		assert_ok!(delegate(BOB, 5_000));
		let own = record(ALICE).bonded;
		// Delegated stake raises the allocation, but backs no obligation.
		assert_noop!(reserve(0, own + 1), Error::<Test>::InsufficientStake);
		assert_ok!(reserve(0, own));
		assert_noop!(
			Operators::unbond(RuntimeOrigin::signed(ALICE), 1),
			Error::<Test>::StakeIsReserved
		);
		// So delegators may leave whatever is open.
		assert_ok!(undelegate(BOB, 5_000));
		skip(UnbondingDelay::get());
		assert_ok!(withdraw_delegation(BOB));
		assert!(<Operators as crate::Workers<_>>::is_active(0));
		assert_ok!(release(0));
	});
}

#[test]
fn operator_should_begin_nothing_new_when_a_slash_leaves_less_than_is_reserved() {
	execute(vec![(Service::Flops, 700_000), (Service::Consensus, 300_000)], || {
		assert_ok!(delegate(BOB, 5_000));
		// Three tenths of the own stake are the validators'.
		assert_eq!(Operators::free_stake(&ALICE, Service::Flops), 3_500);
		assert_ok!(reserve(0, 3_500));
		assert_eq!(<Stake as crate::Staking<_, _>>::convict_consensus(&ALICE, 0, 1, None), 1);
		assert!(!<Operators as crate::Workers<_>>::is_active(0));
		let status = Operators::operator_status(ALICE).unwrap();
		assert_eq!(status.activity, crate::Activity::Overcommitted);
		assert_noop!(reserve(1, 1), Error::<Test>::InsufficientStake);
		assert_ok!(release(0));
		assert!(<Operators as crate::Workers<_>>::is_active(0));
	});
}

#[test]
fn allocation_delay_should_never_fall_below_the_one_from_genesis() {
	build_and_execute(|| {
		let set = |origin, blocks| Operators::set_allocation_delay(origin, blocks);
		assert_noop!(set(RuntimeOrigin::signed(ALICE), 30), DispatchError::BadOrigin);
		assert_noop!(
			set(RuntimeOrigin::root(), ALLOCATION_DELAY - 1),
			Error::<Test>::AllocationDelayTooShort
		);
		assert_ok!(set(RuntimeOrigin::root(), 30));
		assert_eq!(AllocationDelay::<Test>::get(), 30);
		assert!(happened(Event::AllocationDelaySet { blocks: 30 }));
		assert_ok!(set(RuntimeOrigin::root(), ALLOCATION_DELAY));
	});
}

#[test]
fn integrity_test_should_refuse_a_policy_when_cheating_could_pay_under_it() {
	new_test_ext().execute_with(|| {
		assert_eq!(Operators::check_constants(), Ok(()));
		let pays = Policy { stake_per_cost: 1, ..Policy::LIVE };
		EconomicPolicy::<Test>::put(pays);
		assert_eq!(Operators::check_constants(), pays.validate());
		assert!(std::panic::catch_unwind(Operators::integrity_test).is_err());
	});
}

#[test]
fn policy_should_be_refused_when_cheating_could_pay() {
	build_and_execute(|| {
		let unsafe_policy = Policy { deterrence: 1, ..Policy::LIVE };
		assert_noop!(
			Operators::set_policy(RuntimeOrigin::root(), unsafe_policy),
			Error::<Test>::UnsafePolicy
		);
		assert_noop!(
			Operators::set_policy(RuntimeOrigin::signed(ALICE), Policy::DEVELOPMENT),
			DispatchError::BadOrigin
		);
		assert_eq!(Operators::policy(), Some(Policy::LIVE));
		assert!(Operators::margin(0, 80_000, 1_000).unwrap() >= 1_000_000);
		assert!(Operators::margin(0, 40_000, 1_000).unwrap() < 1_000_000);
		assert_ok!(Operators::set_policy(RuntimeOrigin::root(), Policy::DEVELOPMENT));
		assert!(happened(Event::PolicySet { policy: Policy::DEVELOPMENT }));
		EconomicPolicy::<Test>::kill();
		assert_eq!(Operators::margin(0, 80_000, 1_000), None);
	});
}

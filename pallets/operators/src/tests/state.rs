//! `try_state` sees what is wrong.

use crate::{
	mock::*,
	pallet::{
		Cohorts, Convictions, Delegations, Devices, EconomicPolicy, Keys, NextConvictionId,
		NextWorkerId, Operators as Records, Reservations, Workers, WorkersOf,
	},
	types::{Change, Cohort, ConvictionRecordOf, OperatorRecordOf},
	Fault, Service,
};
use assay_economics::{allocation::Ledger, deterrence::Policy};
use codec::Decode;
use frame_support::{assert_err, assert_ok, traits::fungible::MutateHold};

fn change(f: impl FnOnce(&mut OperatorRecordOf<Test>)) {
	Records::<Test>::mutate(ALICE, |record| f(record.as_mut().unwrap()));
}

fn change_delegation(f: impl FnOnce(&mut crate::types::DelegationOf<Test>)) {
	Delegations::<Test>::mutate(ALICE, BOB, |delegation| f(delegation.as_mut().unwrap()));
}

fn change_conviction(f: impl FnOnce(&mut crate::types::ConvictionRecordOf<Test>)) {
	Convictions::<Test>::mutate(0, |record| f(record.as_mut().unwrap()));
}

fn change_worker(f: impl FnOnce(&mut crate::types::WorkerRecordOf<Test>)) {
	Workers::<Test>::mutate(0, |record| f(record.as_mut().unwrap()));
}

fn change_device(f: impl FnOnce(&mut crate::types::DeviceRecordOf<Test>)) {
	Devices::<Test>::mutate(0, 0, |record| f(record.as_mut().unwrap()));
}

fn hold(reason: crate::HoldReason) {
	assert_ok!(Balances::hold(&reason.into(), &ALICE, 1));
}

#[test]
fn try_state_should_fail_when_the_state_is_corrupt() {
	type Corruption = (fn(), &'static str);
	let corruptions: Vec<Corruption> = vec![
		(|| change(|r| r.ledger.grow(1, 2)), "more is allocated than can be slashed"),
		(|| change(|r| r.ledger = Default::default()), "reservations do not add up"),
		(
			|| change(|r| r.ledger = Ledger::decode(&mut &[1u8; 160][..]).unwrap()),
			"more is reserved than the operator itself has bonded",
		),
		(
			|| {
				change(|r| {
					r.changes[0] = Some(Change { share_ppm: 1_000_001, due: 9, raise: true })
				})
			},
			"a share or a commission is above the whole",
		),
		(|| change(|r| r.commission_ppm = 1_000_001), "a share or a commission is above the whole"),
		(|| change(|r| r.escrowed = 0), "convictions do not add up"),
		(|| change(|r| r.escrowed_delegated = 1), "convictions do not add up"),
		(|| change(|r| r.delegators = 0), "an operator counts its delegators wrongly"),
		(|| change(|r| r.pool.joining[0].1 = 1), "a pool counts who joins wrongly"),
		(|| change(|r| r.pool.joining[0] = (0, 0)), "the delegations of a pool do not add up"),
		(|| change(|r| r.pool.leaving = 0), "the delegations of a pool do not add up"),
		(|| change(|r| r.pool.shares += 1), "the shares of a pool do not add up"),
		(|| change(|r| r.pool.stake += 1), "delegated stake is missing"),
		(|| change(|r| r.rewards += 1_000), "rewards are missing"),
		(|| change_delegation(|d| d.index = u128::MAX), "a delegation was paid too much"),
		(|| change_delegation(|d| d.leaving[0].shares = 0), "a part of a delegation is nothing"),
		(
			|| {
				Delegations::<Test>::insert(
					ALICE,
					DAVE,
					crate::types::DelegationOf::<Test>::default(),
				)
			},
			"a delegation of nothing",
		),
		(
			|| {
				let rewards =
					crate::types::DelegationOf::<Test> { rewards: 5, ..Default::default() };
				Delegations::<Test>::insert(ALICE, DAVE, rewards);
			},
			"a delegation of nothing",
		),
		(
			|| {
				let delegation = Delegations::<Test>::take(ALICE, BOB).unwrap();
				Delegations::<Test>::insert(CAROL, BOB, delegation);
			},
			"a delegation to an operator that is none",
		),
		(
			|| Cohorts::<Test>::insert(ALICE, 9, Cohort { index: None, members: 2 }),
			"a cohort counts its members wrongly",
		),
		(|| Cohorts::<Test>::remove(ALICE, 9), "a delegation joins with a cohort that is none"),
		(
			|| {
				let policy = Policy { deterrence: 0, ..Policy::LIVE };
				EconomicPolicy::<Test>::put(policy);
			},
			"cheating could pay under the policy",
		),
		(|| change(|r| r.convictions = 0), "convictions do not add up"),
		(|| change(|r| r.workers = 2), "an operator counts its workers wrongly or has too many"),
		(|| change(|r| r.bonded += 1), "the bond on hold is not what is bonded and unbonding"),
		(|| hold(crate::HoldReason::Escrow), "the escrow on hold is not that of the convictions"),
		(
			|| hold(crate::HoldReason::Deposit),
			"the deposits on hold are not those of workers and devices",
		),
		(
			|| Reservations::<Test>::insert((ALICE, Service::Data, duty(9)), 0),
			"a reservation of nothing",
		),
		(
			|| Reservations::<Test>::insert((ALICE, Service::Data, duty(9)), 1),
			"a worker counts its reservations wrongly",
		),
		(
			|| change_device(|device| device.reservations = 0),
			"a device counts its reservations wrongly",
		),
		(
			|| {
				let duty = crate::Obligation { worker: 5, device: 0, nonce: 0 };
				Reservations::<Test>::insert((ALICE, Service::Data, duty), 1);
			},
			"a reservation of a worker that does not exist",
		),
		(
			|| {
				change_worker(|worker| worker.devices = 0);
				Devices::<Test>::remove(0, 0);
			},
			"a reservation of a device that does not exist",
		),
		(|| NextConvictionId::<Test>::put(0), "a conviction's number is not given yet"),
		(
			|| change_conviction(|c| c.bounty = 500),
			"a bounty is above 49 % of the operator's own stake",
		),
		(
			|| change_conviction(|c| c.prover = None),
			"a bounty without a prover, or a prover without a bounty",
		),
		(|| NextWorkerId::<Test>::put(0), "a worker's number is not given yet"),
		(|| change_worker(|worker| worker.next_device = 0), "a device's index is not given yet"),
		(|| change_device(|device| device.occupied = 1_001), "a device is sold twice"),
		(
			|| change_worker(|worker| worker.devices = 2),
			"a worker counts its devices wrongly or has too many",
		),
		(|| WorkersOf::<Test>::remove(ALICE, 0), "a worker is missing in its operator's list"),
		(
			|| WorkersOf::<Test>::insert(BOB, 0, ()),
			"an operator's list names a worker that is not its own",
		),
		(|| Keys::<Test>::insert(60, 0), "a key that its worker does not know"),
		(|| Keys::<Test>::insert(60, 6), "a key of a worker that is none"),
		(|| Keys::<Test>::remove(KEY), "a worker's key leads to another worker"),
		(
			|| Records::<Test>::insert(KEY, Records::<Test>::get(ALICE).unwrap()),
			"an operator's account is a hot key",
		),
		(|| Records::<Test>::remove(ALICE), "a delegation to an operator that is none"),
		(
			|| {
				let conviction = Convictions::<Test>::get(0).unwrap();
				NextConvictionId::<Test>::put(2);
				Convictions::<Test>::insert(
					1,
					ConvictionRecordOf::<Test> { operator: BOB, ..conviction },
				);
			},
			"something belongs to an operator that is none",
		),
		(
			|| Devices::<Test>::insert(6, 0, Devices::<Test>::get(0, 0).unwrap()),
			"a device counts its reservations wrongly",
		),
	];
	for (corrupt, message) in corruptions {
		new_test_ext().execute_with(|| {
			assert_ok!(reserve(0, 500));
			assert_ok!(reserve(1, 500));
			assert_ok!(convict(1, Fault::WrongOpening, Some(BOB)));
			assert_ok!(Operators::unbond(RuntimeOrigin::signed(ALICE), 100));
			assert_ok!(delegate(BOB, 1_000));
			assert_ok!(undelegate(BOB, 300));
			assert_ok!(Operators::do_try_state());
			corrupt();
			assert_err!(Operators::do_try_state(), message);
		});
	}
}

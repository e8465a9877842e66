//! What can happen, and how a step is chosen so that it has a chance to succeed.

use super::dice::Dice;
use crate::{
	mock::*,
	pallet::{Convictions, Delegations, Devices, Operators as Records, Reservations, WorkersOf},
	tests::support::*,
	ConsensusStake, ConvictionId, DeviceIndex, Fault, Obligation, Occupancy, Security, Service,
	Share, Staking, WorkerId,
};
use assay_economics::deterrence::Policy;
use frame_support::storage::with_storage_layer;
use sp_runtime::DispatchError;

/// Accounts that register as operators.
pub(super) const OPERATORS: [AccountId; 4] = [20, 21, 22, 23];
/// Accounts that delegate and prove; operators delegate too.
pub(super) const OTHERS: [AccountId; 7] = [24, 25, 26, 27, 28, 29, 30];
/// Where some rewards go.
pub(super) const PURSES: [AccountId; 2] = [31, 20];
/// Everybody.
pub(super) const EVERYBODY: [AccountId; 12] = [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];

/// One thing that happens.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the calls' own parameters")]
pub(super) enum Step {
	Register {
		who: AccountId,
		payout: AccountId,
		allocations: Vec<(Service, u32)>,
	},
	SetPayout {
		who: AccountId,
		payout: AccountId,
	},
	BondMore {
		who: AccountId,
		amount: Balance,
	},
	Unbond {
		who: AccountId,
		amount: Balance,
	},
	Withdraw {
		who: AccountId,
	},
	AddWorker {
		who: AccountId,
		key: AccountId,
	},
	RotateKey {
		who: AccountId,
		worker: WorkerId,
		key: AccountId,
	},
	RemoveWorker {
		who: AccountId,
		worker: WorkerId,
	},
	AddDevice {
		who: AccountId,
		worker: WorkerId,
	},
	DescribeDevice {
		who: AccountId,
		worker: WorkerId,
		device: DeviceIndex,
	},
	RemoveDevice {
		who: AccountId,
		worker: WorkerId,
		device: DeviceIndex,
	},
	Retire {
		who: AccountId,
	},
	Execute {
		id: ConvictionId,
	},
	Cancel {
		id: ConvictionId,
	},
	Delegate {
		who: AccountId,
		operator: AccountId,
		amount: Balance,
	},
	Undelegate {
		who: AccountId,
		operator: AccountId,
		amount: Balance,
	},
	Collect {
		who: AccountId,
		operator: AccountId,
	},
	Settle {
		who: AccountId,
		operator: AccountId,
	},
	Redelegate {
		who: AccountId,
		from: AccountId,
		to: AccountId,
		amount: Balance,
	},
	Claim {
		who: AccountId,
		operator: AccountId,
	},
	SetCommission {
		who: AccountId,
		ppm: u32,
	},
	Allocate {
		who: AccountId,
		service: Service,
		ppm: u32,
	},
	SetAllocationDelay {
		blocks: u64,
	},
	SetPolicy {
		policy: Policy,
	},
	Reserve {
		operator: AccountId,
		service: Service,
		obligation: Obligation,
		amount: Balance,
	},
	Release {
		operator: AccountId,
		service: Service,
		obligation: Obligation,
	},
	Convict {
		operator: AccountId,
		service: Service,
		obligation: Obligation,
		fault: Fault,
		prover: Option<AccountId>,
	},
	Occupy {
		worker: WorkerId,
		device: DeviceIndex,
		share: Share,
	},
	Free {
		worker: WorkerId,
		device: DeviceIndex,
		share: Share,
	},
	Offend {
		operator: AccountId,
		session: u32,
		amount: Balance,
		prover: Option<AccountId>,
	},
	Pay {
		operator: AccountId,
		session: u32,
		amount: Balance,
		stake: ConsensusStake<Balance>,
	},
	Pass {
		blocks: u64,
	},
	Round,
}

impl Step {
	/// Its name, under which successes are counted.
	pub(super) fn name(&self) -> &'static str {
		match self {
			Step::Register { .. } => "register",
			Step::SetPayout { .. } => "set_payout",
			Step::BondMore { .. } => "bond_more",
			Step::Unbond { .. } => "unbond",
			Step::Withdraw { .. } => "withdraw",
			Step::AddWorker { .. } => "add_worker",
			Step::RotateKey { .. } => "rotate_key",
			Step::RemoveWorker { .. } => "remove_worker",
			Step::AddDevice { .. } => "add_device",
			Step::DescribeDevice { .. } => "describe_device",
			Step::RemoveDevice { .. } => "remove_device",
			Step::Retire { .. } => "retire",
			Step::Execute { .. } => "execute_conviction",
			Step::Cancel { .. } => "cancel_conviction",
			Step::Delegate { .. } => "delegate",
			Step::Undelegate { .. } => "undelegate",
			Step::Collect { .. } => "withdraw_delegation",
			Step::Settle { .. } => "settle_delegation",
			Step::Redelegate { .. } => "redelegate",
			Step::Claim { .. } => "claim_rewards",
			Step::SetCommission { .. } => "set_commission",
			Step::Allocate { .. } => "allocate",
			Step::SetAllocationDelay { .. } => "set_allocation_delay",
			Step::SetPolicy { .. } => "set_policy",
			Step::Reserve { .. } => "reserve",
			Step::Release { .. } => "release",
			Step::Convict { .. } => "convict",
			Step::Occupy { .. } => "occupy",
			Step::Free { .. } => "free",
			Step::Offend { .. } => "convict_consensus",
			Step::Pay { .. } => "reward",
			Step::Pass { .. } => "pass",
			Step::Round => "round",
		}
	}

	/// Lets it happen, in full or not at all. Returns what a conviction took.
	pub(super) fn apply(&self) -> Result<Balance, DispatchError> {
		with_storage_layer(|| self.dispatch())
	}

	fn dispatch(&self) -> Result<Balance, DispatchError> {
		let nothing = |()| 0;
		match self.clone() {
			Step::Register { who, payout, allocations } => {
				let allocations = allocations
					.try_into()
					.map_err(|_| DispatchError::Other("too many services"))?;
				Operators::register(signed(who), payout, allocations).map(nothing)
			}
			Step::SetPayout { who, payout } => {
				Operators::set_payout(signed(who), payout).map(nothing)
			}
			Step::BondMore { who, amount } => {
				Operators::bond_more(signed(who), amount).map(nothing)
			}
			Step::Unbond { who, amount } => Operators::unbond(signed(who), amount).map(nothing),
			Step::Withdraw { who } => Operators::withdraw(signed(who)).map(nothing),
			Step::AddWorker { who, key } => Operators::add_worker(signed(who), key).map(nothing),
			Step::RotateKey { who, worker, key } => {
				Operators::rotate_key(signed(who), worker, key).map(nothing)
			}
			Step::RemoveWorker { who, worker } => {
				Operators::remove_worker(signed(who), worker).map(nothing)
			}
			Step::AddDevice { who, worker } => {
				Operators::add_device(signed(who), worker, Default::default()).map(nothing)
			}
			Step::DescribeDevice { who, worker, device } => {
				let words = b"a device".to_vec().try_into().unwrap();
				Operators::describe_device(signed(who), worker, device, words).map(nothing)
			}
			Step::RemoveDevice { who, worker, device } => {
				Operators::remove_device(signed(who), worker, device).map(nothing)
			}
			Step::Retire { who } => Operators::retire(signed(who)).map(nothing),
			Step::Execute { id } => Operators::execute_conviction(signed(31), id)
				.map(|_| 0)
				.map_err(|error| error.error),
			Step::Cancel { id } => {
				Operators::cancel_conviction(RuntimeOrigin::root(), id, Default::default())
					.map(nothing)
			}
			Step::Delegate { who, operator, amount } => {
				delegate_to(who, operator, amount).map(nothing)
			}
			Step::Undelegate { who, operator, amount } => {
				undelegate_from(who, operator, amount).map(nothing)
			}
			Step::Collect { who, operator } => collect(who, operator).map(nothing),
			Step::Settle { who, operator } => {
				Operators::settle_delegation(signed(31), operator, who).map(nothing)
			}
			Step::Redelegate { who, from, to, amount } => {
				Operators::redelegate(signed(who), from, to, amount).map(nothing)
			}
			Step::Claim { who, operator } => {
				Operators::claim_rewards(signed(who), operator).map(nothing)
			}
			Step::SetCommission { who, ppm } => {
				Operators::set_commission(signed(who), ppm).map(nothing)
			}
			Step::Allocate { who, service, ppm } => {
				Operators::allocate(signed(who), service, ppm).map(nothing)
			}
			Step::SetAllocationDelay { blocks } => {
				Operators::set_allocation_delay(RuntimeOrigin::root(), blocks).map(nothing)
			}
			Step::SetPolicy { policy } => {
				Operators::set_policy(RuntimeOrigin::root(), policy).map(nothing)
			}
			Step::Reserve { operator, service, obligation, amount } => {
				<Operators as Security<_, _, _>>::reserve(&operator, service, obligation, amount)
					.map(nothing)
			}
			Step::Release { operator, service, obligation } => {
				<Operators as Security<_, _, _>>::release(&operator, service, obligation)
					.map(nothing)
			}
			Step::Convict { operator, service, obligation, fault, prover } => {
				<Operators as Security<_, _, _>>::convict(
					&operator,
					service,
					obligation,
					fault,
					prover.as_ref(),
				)
			}
			Step::Occupy { worker, device, share } => {
				<Operators as Occupancy>::occupy(worker, device, share).map(nothing)
			}
			Step::Free { worker, device, share } => {
				<Operators as Occupancy>::release(worker, device, share).map(nothing)
			}
			Step::Offend { operator, session, amount, prover } => {
				Ok(<Operators as Staking<_, _>>::convict_consensus(
					&operator,
					session,
					amount,
					prover.as_ref(),
				))
			}
			Step::Pay { operator, session, amount, stake } => {
				pay(operator, session, amount, &stake);
				Ok(0)
			}
			Step::Pass { blocks } => {
				skip(blocks);
				Ok(0)
			}
			Step::Round => {
				Round::mutate(|round| *round += 1);
				Ok(0)
			}
		}
	}
}

/// Shares of the stake for some services, together at most all of it.
fn allocations(dice: &mut Dice) -> Vec<(Service, u32)> {
	let mut rest: u32 = WHOLE;
	let mut chosen = Vec::new();
	for service in Service::ALL {
		if service == Service::Consensus || dice.once_in(2) {
			let ppm = u32::try_from(dice.below(u64::from(rest) + 1)).unwrap();
			chosen.push((service, ppm));
			rest -= ppm;
		}
	}
	chosen
}

fn worker_of(dice: &mut Dice, operator: AccountId) -> WorkerId {
	let workers: Vec<_> = WorkersOf::<Test>::iter_key_prefix(operator).collect();
	dice.pick(&workers).unwrap_or(0)
}

fn device_of(dice: &mut Dice, worker: WorkerId) -> DeviceIndex {
	let devices: Vec<_> = Devices::<Test>::iter_key_prefix(worker).collect();
	dice.pick(&devices).unwrap_or(0)
}

fn fault(dice: &mut Dice) -> Fault {
	const FAULTS: [Fault; 10] = [
		Fault::WrongOpening,
		Fault::MissedOpening,
		Fault::MissedReveal,
		Fault::LostCase,
		Fault::UnansweredCase,
		Fault::InvalidEvidence,
		Fault::MissingEvidence,
		Fault::DoubleAttestation,
		Fault::LostLease,
		Fault::Equivocation,
	];
	dice.pick(&FAULTS).unwrap()
}

/// A step that has a chance. `longest` is how many blocks pass at most.
pub(super) fn choose(dice: &mut Dice, longest: u64) -> Step {
	let operator = dice.pick(&OPERATORS).unwrap();
	let who = if dice.once_in(4) { operator } else { dice.pick(&OTHERS).unwrap() };
	let delegation = {
		let all: Vec<_> = Delegations::<Test>::iter_keys().collect();
		dice.pick(&all).unwrap_or((operator, who))
	};
	let key = 100 + dice.below(200);
	let worker = worker_of(dice, operator);
	let device = device_of(dice, worker);
	if poor(operator) && dice.once_in(8) {
		return Step::BondMore { who: operator, amount: MinimumBond::get() + dice.amount(9_000) };
	}
	match dice.below(100) {
		0..=2 => Step::Register {
			who: operator,
			payout: dice.pick(&PURSES).unwrap(),
			allocations: allocations(dice),
		},
		3 => Step::SetPayout { who: operator, payout: dice.pick(&EVERYBODY).unwrap() },
		4..=6 => Step::BondMore { who: operator, amount: dice.amount(20_000) },
		7..=9 => Step::Unbond { who: operator, amount: dice.amount(5_000) },
		10..=12 => Step::Withdraw { who: operator },
		13..=14 => Step::AddWorker { who: operator, key },
		15 => Step::RotateKey { who: operator, worker, key },
		16 => Step::RemoveWorker { who: operator, worker },
		17..=18 => Step::AddDevice { who: operator, worker },
		19 => Step::DescribeDevice { who: operator, worker, device },
		20 => Step::RemoveDevice { who: operator, worker, device },
		21 if dice.once_in(20) => Step::Retire { who: operator },
		21..=24 => Step::Execute { id: conviction(dice) },
		25 => Step::Cancel { id: conviction(dice) },
		26..=33 => Step::Delegate { who, operator, amount: dice.amount(9_000) },
		34..=38 => Step::Undelegate {
			who: delegation.1,
			operator: delegation.0,
			amount: if dice.once_in(5) { Balance::MAX } else { dice.amount(5_000) },
		},
		39 if dice.once_in(4) => Step::Settle { who: delegation.1, operator: delegation.0 },
		39..=44 => Step::Collect { who: delegation.1, operator: delegation.0 },
		45..=46 => Step::Redelegate {
			who: delegation.1,
			from: if dice.once_in(2) { idle(dice, delegation.0) } else { delegation.0 },
			to: operator,
			amount: dice.amount(9_000),
		},
		47..=51 if dice.once_in(4) => Step::Claim { who: operator, operator },
		47..=51 => Step::Claim { who: delegation.1, operator: delegation.0 },
		52..=53 => {
			Step::SetCommission { who: operator, ppm: u32::try_from(dice.amount(300_000)).unwrap() }
		}
		54..=57 => Step::Allocate {
			who: operator,
			service: dice.pick(&Service::ALL).unwrap(),
			ppm: if dice.once_in(3) {
				0
			} else {
				u32::try_from(dice.amount(WHOLE.into())).unwrap()
			},
		},
		58 if dice.once_in(5) => Step::SetAllocationDelay { blocks: dice.below(60) },
		58 => Step::SetPolicy { policy: policy(dice) },
		59..=67 => Step::Reserve {
			operator,
			// Offences in the consensus are secured by the allocation, not by reservations.
			service: dice.pick(&Service::ALL[1..]).unwrap(),
			obligation: Obligation { worker, device, nonce: dice.below(4) },
			amount: dice.amount(4_000),
		},
		68..=72 => match reservation(dice) {
			Some((operator, service, obligation)) => {
				Step::Release { operator, service, obligation }
			}
			None => Step::Round,
		},
		73..=74 => match reservation(dice) {
			Some((operator, service, obligation)) => Step::Convict {
				operator,
				service,
				obligation,
				fault: fault(dice),
				prover: dice.pick(&EVERYBODY),
			},
			None => Step::Round,
		},
		75..=76 => Step::Occupy { worker, device, share: share(dice) },
		77 => Step::Free { worker, device, share: share(dice) },
		78..=83 => Step::Pay {
			operator,
			session: Session::get(),
			amount: dice.amount(2_000),
			stake: ConsensusStake::default(),
		},
		84..=86 => Step::Offend {
			operator,
			session: Session::get().saturating_sub(u32::try_from(dice.below(7)).unwrap()),
			amount: dice.amount(WHOLE.into()),
			prover: dice.pick(&EVERYBODY),
		},
		87 => Step::Round,
		_ if dice.once_in(4) => Step::Pass { blocks: 1 + dice.below(4 * longest) },
		_ => Step::Pass { blocks: 1 + dice.below(longest) },
	}
}

/// Anything at all.
pub(super) fn choose_wildly(dice: &mut Dice) -> Step {
	let step = choose(dice, 40);
	if dice.once_in(2) {
		return step;
	}
	let amount = dice.wild_amount();
	let anybody = |dice: &mut Dice| {
		let pots = [delegation_pot(), rewards_pot(), 0, AccountId::MAX];
		if dice.once_in(5) { dice.pick(&pots) } else { dice.pick(&EVERYBODY) }.unwrap()
	};
	// Nobody can sign for the pots, but everybody can name them.
	let who = dice.pick(&EVERYBODY).unwrap();
	let (operator, other) = (anybody(dice), anybody(dice));
	let worker = if dice.once_in(3) { dice.roll() } else { dice.below(6) };
	let device = DeviceIndex::try_from(dice.below(5)).unwrap();
	let obligation = Obligation { worker, device, nonce: dice.roll() };
	let service = dice.pick(&Service::ALL).unwrap();
	let ppm = u32::try_from(dice.roll() >> 32).unwrap();
	let session = if dice.once_in(2) { ppm } else { Session::get() };
	let id = dice.roll() >> dice.below(64);
	match dice.below(20) {
		0 => Step::Register {
			who,
			payout: other,
			allocations: vec![(service, ppm), (Service::Flops, ppm >> 12)],
		},
		1 => Step::SetPayout { who, payout: other },
		2 => Step::BondMore { who, amount },
		3 => Step::Unbond { who, amount },
		4 => Step::AddWorker { who, key: other },
		5 => Step::RotateKey { who, worker, key: other },
		6 => Step::Execute { id },
		7 => Step::Cancel { id },
		8 => Step::Delegate { who, operator, amount },
		9 => Step::Undelegate { who, operator, amount },
		10 => Step::Redelegate { who, from: operator, to: other, amount },
		11 => Step::Claim { who, operator },
		12 => Step::SetCommission { who, ppm },
		13 => Step::Allocate { who, service, ppm },
		14 => Step::SetAllocationDelay { blocks: id },
		15 => Step::Reserve { operator, service, obligation, amount },
		16 => {
			Step::Convict { operator, service, obligation, fault: fault(dice), prover: Some(who) }
		}
		17 => Step::Offend { operator, session, amount, prover: Some(who) },
		18 => Step::Pay {
			operator,
			session: session.min(Session::get()),
			amount: amount.min(1 << 100),
			stake: ConsensusStake {
				weight: amount,
				own: dice.wild_amount(),
				delegated: dice.wild_amount(),
				commission_ppm: ppm,
			},
		},
		_ => Step::Occupy { worker, device, share: Share::try_from(ppm >> 16).unwrap() },
	}
}

fn share(dice: &mut Dice) -> Share {
	Share::try_from(dice.below(1_100)).unwrap()
}

fn policy(dice: &mut Dice) -> Policy {
	let policy = if dice.once_in(2) { Policy::LIVE } else { Policy::DEVELOPMENT };
	match dice.below(3) {
		0 => Policy { stake_per_cost: 0, ..policy },
		_ => policy,
	}
}

fn conviction(dice: &mut Dice) -> ConvictionId {
	let open: Vec<_> = Convictions::<Test>::iter_keys().collect();
	dice.pick(&open).unwrap_or(0)
}

fn reservation(dice: &mut Dice) -> Option<(AccountId, Service, Obligation)> {
	let open: Vec<_> = Reservations::<Test>::iter_keys().collect();
	dice.pick(&open)
}

/// Whether a conviction took so much that the operator is not eligible.
fn poor(operator: AccountId) -> bool {
	Records::<Test>::get(operator).is_some_and(|record| record.bonded < MinimumBond::get())
}

/// An operator with delegations and without allocations, or else the one given.
fn idle(dice: &mut Dice, otherwise: AccountId) -> AccountId {
	let idle: Vec<_> = Records::<Test>::iter()
		.filter(|(_, record)| record.ledger.total_allocated() == 0 && record.pool.shares > 0)
		.map(|(operator, _)| operator)
		.collect();
	dice.pick(&idle).unwrap_or(otherwise)
}

//! What must be true after every step, whatever the step was.
//!
//! The books know nothing of how the pallet computes. They compare the state before and after a step
//! and remember what was promised: when stake may leave, what could still be convicted, which
//! commission was announced, who joined too late for a reward.

use super::{
	dice::Dice,
	steps::{Step, EVERYBODY, OPERATORS},
};
use crate::{
	mock::*,
	pallet::{Config, Convictions, Delegations, Operators as Records, Reservations, TotalBurnt},
	tests::support::*,
	types::{ConvictionRecordOf, DelegationOf, OperatorRecordOf},
	Activity, ConsensusStake, Service, Staking,
};
use assay_economics::{
	commission::share_reward,
	slash::{concurrent, LARGEST_BOUNTY},
};
use frame_support::{
	assert_ok,
	storage::{with_transaction, TransactionOutcome},
	traits::fungible::Inspect,
};
use sp_runtime::DispatchError;
use std::collections::{BTreeMap, BTreeSet};

/// Says whether an account is meant.
type Whom<'a> = &'a (dyn Fn(AccountId) -> bool + 'a);

type Signed = i128;

fn signed_amount(amount: Balance) -> Signed {
	Signed::try_from(amount).unwrap()
}

/// The state as the books see it.
pub(super) struct Snapshot {
	block: u64,
	issuance: Balance,
	burnt: Balance,
	records: BTreeMap<AccountId, OperatorRecordOf<Test>>,
	delegations: BTreeMap<(AccountId, AccountId), DelegationOf<Test>>,
	convictions: BTreeMap<u64, ConvictionRecordOf<Test>>,
	claimable: BTreeMap<(AccountId, AccountId), Balance>,
	wealth: BTreeMap<AccountId, Balance>,
	free: BTreeMap<AccountId, Balance>,
	/// Operators that owe more than they should and may begin nothing.
	overcommitted: BTreeSet<AccountId>,
}

impl Snapshot {
	pub(super) fn take() -> Self {
		let records: BTreeMap<_, _> = Records::<Test>::iter().collect();
		let delegations: BTreeMap<_, _> = Delegations::<Test>::iter()
			.map(|(operator, delegator, delegation)| ((operator, delegator), delegation))
			.collect();
		let claimable: BTreeMap<_, _> = delegations
			.keys()
			.map(|(operator, delegator)| {
				((*operator, *delegator), claimable(*operator, *delegator))
			})
			.collect();
		let mut wealth: BTreeMap<_, _> = EVERYBODY
			.into_iter()
			.map(|who| (who, Balances::total_balance(&who) - held(crate::HoldReason::Escrow, who)))
			.collect();
		let mut add = |who: AccountId, amount: Balance| *wealth.entry(who).or_default() += amount;
		for (operator, record) in &records {
			add(*operator, record.rewards);
		}
		for (key, delegation) in &delegations {
			let shares = all_shares(delegation);
			add(key.1, records.get(&key.0).map_or(0, |record| record.pool.value(shares)));
			add(key.1, claimable[key]);
		}
		Self {
			block: System::block_number(),
			issuance: Balances::total_issuance(),
			burnt: TotalBurnt::<Test>::get(),
			convictions: Convictions::<Test>::iter().collect(),
			free: EVERYBODY.into_iter().map(|who| (who, Balances::balance(&who))).collect(),
			overcommitted: records.keys().copied().filter(is_overcommitted).collect(),
			records,
			delegations,
			claimable,
			wealth,
		}
	}

	fn own(&self, operator: AccountId) -> Balance {
		self.records.get(&operator).map_or(0, |record| record.own())
	}

	/// Everything of an operator that can be slashed.
	fn stake(&self, operator: AccountId) -> Balance {
		self.own(operator) + self.records.get(&operator).map_or(0, |record| record.pool.stake)
	}

	/// Whether an account has something at stake with the operator.
	fn related(&self, who: AccountId, operator: AccountId) -> bool {
		who == operator || self.delegations.contains_key(&(operator, who))
	}

	/// Own stake that may have left by `block`.
	fn own_leaving(&self, operator: AccountId, block: u64) -> Balance {
		self.records.get(&operator).map_or(0, |record| {
			let due = record.unbonding.iter().filter(|chunk| chunk.due <= block);
			due.map(|chunk| chunk.amount).sum()
		})
	}

	/// Shares of a delegator that may have left by `block`.
	fn shares_leaving(&self, key: (AccountId, AccountId), block: u64) -> Balance {
		self.delegations.get(&key).map_or(0, |delegation| {
			let due = delegation.leaving.iter().filter(|chunk| chunk.due <= block);
			due.map(|chunk| chunk.shares).sum()
		})
	}

	fn shares(&self, key: (AccountId, AccountId)) -> Balance {
		self.delegations.get(&key).map_or(0, all_shares)
	}

	/// Whether nothing can be taken from an operator's stake any more.
	fn answers_for_nothing(&self, operator: AccountId) -> bool {
		self.records
			.get(&operator)
			.is_none_or(|record| record.ledger.total_allocated() == 0 && record.convictions == 0)
	}
}

fn is_overcommitted(operator: &AccountId) -> bool {
	Operators::operator_status(*operator)
		.is_some_and(|status| status.activity == Activity::Overcommitted)
}

/// Shares of a delegation, leaving ones included.
fn all_shares(delegation: &DelegationOf<Test>) -> Balance {
	delegation.staying() + delegation.leaving.iter().map(|chunk| chunk.shares).sum::<Balance>()
}

/// Stake that elected an operator for a session and answers for what it does there.
struct Exposure {
	stake: ConsensusStake<Balance>,
	/// What concurrent offences have taken.
	taken: Balance,
	/// What the operator had lost in all when it was elected.
	lost_before: Balance,
	/// How many steps had been taken: each may cost an allocation a unit of rounding.
	steps_before: u64,
}

/// Everything that was promised.
pub(super) struct Books {
	/// Blocks of a session.
	session_length: u64,
	/// Issuance at the beginning and what was minted since.
	minted: Balance,
	exposures: BTreeMap<(u32, AccountId), Exposure>,
	/// What convictions have taken of each operator.
	lost: BTreeMap<AccountId, Balance>,
	/// What each operator asks for, and the raise it has announced.
	commissions: BTreeMap<AccountId, (u32, Option<(u32, u64)>)>,
	/// The session in which an account's present delegation to an operator began.
	joined: BTreeMap<(AccountId, AccountId), u32>,
	steps: u64,
	last: Snapshot,
}

impl Books {
	pub(super) fn open() -> Self {
		let last = Snapshot::take();
		// A stake that is elected in one session serves in the next and can be convicted for one
		// window more; all of that has to be over before it leaves.
		let session_length = (UnbondingDelay::get() - LongestFaultWindow::get()) / 4;
		Self {
			session_length,
			minted: last.issuance + last.burnt,
			exposures: BTreeMap::new(),
			lost: BTreeMap::new(),
			commissions: BTreeMap::new(),
			joined: BTreeMap::new(),
			steps: 0,
			last,
		}
	}

	/// The most blocks that may pass in one step.
	pub(super) fn longest_pause(&self) -> u64 {
		self.session_length / 2
	}

	/// The last block in which an offence of `session` can be proven.
	fn provable_until(&self, session: u32) -> u64 {
		(u64::from(session) + 1) * self.session_length + LongestFaultWindow::get()
	}

	/// Gives a step that is about a session the numbers that the validators' pallet would give, if
	/// anybody was elected.
	pub(super) fn prepare(&self, step: Step, dice: &mut Dice) -> Option<Step> {
		let elected = |fits: &dyn Fn(u32) -> bool, dice: &mut Dice| {
			let those: Vec<_> = self.exposures.keys().filter(|key| fits(key.0)).copied().collect();
			dice.pick(&those)
		};
		match step {
			Step::Offend { amount, prover, .. } => {
				// The session that is only elected for has not begun.
				let (session, operator) = elected(&|session| session <= Session::get(), dice)?;
				let exposure = &self.exposures[&(session, operator)];
				let ppm = u32::try_from(amount).unwrap();
				let amount = concurrent(exposure.stake.weight, exposure.taken, ppm);
				Some(Step::Offend { operator, session, amount, prover })
			}
			Step::Pay { amount, .. } => {
				let (session, operator) = elected(&|session| session == Session::get(), dice)?;
				self.last.records.get(&operator)?;
				let stake = self.exposures[&(session, operator)].stake;
				Some(Step::Pay { operator, session, amount, stake })
			}
			step => Some(step),
		}
	}

	/// Compares the state after a step with what it may have become.
	pub(super) fn check(&mut self, step: &Step, outcome: &Result<Balance, DispatchError>) {
		self.steps += 1;
		let now = Snapshot::take();
		if let (Step::Pay { amount, .. }, Ok(_)) = (step, outcome) {
			self.minted += amount;
		}
		self.check_money(&now);
		self.check_promises(&now);
		self.check_refusal(step, outcome);
		self.check_stake(&now, step, outcome);
		self.check_wealth(&now, step, outcome);
		self.check_exits(&now, step, outcome);
		self.follow(&now, step, outcome);
		self.check_convictable();
		self.check_commissions(&now);
		self.last = now;
		while u64::from(Session::get() + 1) * self.session_length <= System::block_number() {
			self.begin_session();
		}
	}

	/// Elects for the session after the next, as pallet-session plans it.
	fn begin_session(&mut self) {
		next_session();
		let session = Session::get();
		for operator in OPERATORS {
			let stake = exposure(operator);
			if stake.weight > 0 {
				let exposure = Exposure {
					stake,
					taken: 0,
					lost_before: self.lost.get(&operator).copied().unwrap_or_default(),
					steps_before: self.steps,
				};
				self.exposures.insert((session + 1, operator), exposure);
			}
		}
		let now = System::block_number();
		let length = self.session_length;
		self.exposures.retain(|(session, _), _| {
			(u64::from(*session) + 1) * length + LongestFaultWindow::get() >= now
		});
		// Sessions have changed what can be claimed by nothing.
		let claimable = Snapshot::take().claimable;
		assert_eq!(self.last.claimable, claimable, "a session's beginning changed rewards");
	}

	/// Nothing comes from nowhere, and every pot holds what it owes.
	fn check_money(&self, now: &Snapshot) {
		assert_ok!(Operators::do_try_state());
		assert_eq!(now.issuance + now.burnt, self.minted, "issuance is not conserved");
		let accounts: Balance = frame_system::Account::<Test>::iter_values()
			.map(|a| a.data.free + a.data.reserved)
			.sum();
		assert_eq!(accounts, now.issuance);
		let delegated: Balance =
			now.records.values().map(|r| r.pool.stake + r.escrowed_delegated).sum();
		assert_eq!(
			Balances::total_balance(&delegation_pot()),
			ED + delegated,
			"the pot is not what was delegated"
		);
		let owed: Balance = now.claimable.values().sum::<Balance>()
			+ now.records.values().map(|record| record.rewards).sum::<Balance>();
		assert!(
			ED + owed <= Balances::total_balance(&rewards_pot()),
			"more rewards are owed than are there"
		);
	}

	/// Σ allocations ≤ bond, Σ reservations ≤ allocation.
	fn check_promises(&self, now: &Snapshot) {
		let mut reserved = BTreeMap::<(AccountId, usize), Balance>::new();
		for ((operator, service, _), amount) in Reservations::<Test>::iter() {
			*reserved.entry((operator, index(service))).or_default() += amount;
		}
		for (operator, record) in &now.records {
			let ledger = &record.ledger;
			let allocated: Balance = (0..5).map(|service| ledger.allocated(service)).sum();
			assert!(allocated <= now.stake(*operator), "more is allocated than is at stake");
			for service in 0..5 {
				let open = reserved.remove(&(*operator, service)).unwrap_or_default();
				assert_eq!(open, ledger.reserved(service));
				assert!(open <= ledger.allocated(service), "more is reserved than is allocated");
			}
		}
		assert!(reserved.is_empty(), "a reservation of an operator that is gone");
	}

	/// What nobody may refuse: a conviction that is due, and a delegator's exit.
	fn check_refusal(&self, step: &Step, outcome: &Result<Balance, DispatchError>) {
		match step {
			Step::Execute { id } => {
				let due =
					self.last.convictions.get(id).is_some_and(|c| c.execute_at <= self.last.block);
				assert_eq!(outcome.is_ok(), due, "{outcome:?}");
			}
			Step::Undelegate { who, operator, amount } => {
				let key = (*operator, *who);
				let places = MaxUnbondingChunks::get();
				let stays = self.last.shares(key) > self.last.shares_leaving(key, u64::MAX);
				let waits = self.last.delegations.get(&key).map_or(0, |d| d.leaving.len());
				if *amount > 0 && stays && waits < usize::try_from(places).unwrap() {
					assert!(outcome.is_ok(), "a delegator is held hostage: {outcome:?}");
				}
			}
			Step::Collect { who, operator } => {
				let due = self.last.shares_leaving((*operator, *who), self.last.block);
				let exists = self.last.free.get(who).is_some_and(|free| *free >= ED);
				if due > 0 && exists {
					assert!(outcome.is_ok(), "a delegator is held hostage: {outcome:?}");
				}
			}
			Step::Reserve { operator, .. } if outcome.is_ok() => {
				let record = record(*operator);
				assert!(
					record.ledger.total_reserved() <= record.bonded,
					"reserved what is not its own or is leaving"
				);
				assert!(!is_overcommitted(operator), "reserved what the validators rely on");
			}
			_ => {}
		}
		// Who leaves takes nobody its seat or its work.
		if let (Step::Undelegate { operator, .. } | Step::Collect { operator, .. }, Ok(_)) =
			(step, outcome)
		{
			assert!(
				self.last.overcommitted.contains(operator) || !is_overcommitted(operator),
				"an operator lost its activity because a delegator left"
			);
		}
	}

	/// Stake comes by bonding and delegating and goes by withdrawing and convictions, by exactly
	/// the amounts that were asked for.
	fn check_stake(&self, now: &Snapshot, step: &Step, outcome: &Result<Balance, DispatchError>) {
		let got =
			|who: &AccountId| signed_amount(now.free[who]) - signed_amount(self.last.free[who]);
		let mut expected = BTreeMap::<AccountId, Signed>::new();
		let mut change = |operator: &AccountId, amount: Signed| {
			*expected.entry(*operator).or_default() += amount;
		};
		if let Ok(taken) = outcome {
			match step {
				Step::Register { who, .. } => change(who, signed_amount(MinimumBond::get())),
				Step::BondMore { who, amount } => change(who, signed_amount(*amount)),
				Step::Delegate { operator, amount, who } => {
					assert_eq!(got(who), -signed_amount(*amount));
					change(operator, signed_amount(*amount));
				}
				Step::Withdraw { who } => change(who, -self.withdrawn(now, *who)),
				Step::Collect { who, operator } | Step::Settle { who, operator } => {
					change(operator, -self.collected(now, *who, *operator))
				}
				Step::Redelegate { from, to, .. } => {
					let moved =
						signed_amount(self.last.stake(*from)) - signed_amount(now.stake(*from));
					assert!(moved >= 0 && (moved > 0 || from == to));
					change(from, -moved);
					change(to, moved);
				}
				Step::Convict { operator, .. } | Step::Offend { operator, .. } => {
					change(operator, -signed_amount(*taken));
					let own = self.last.own(*operator) - now.own(*operator);
					let others = now.records[operator].ledger.total_reserved();
					assert_eq!(
						own,
						(self.last.own(*operator) - others).min(*taken),
						"own stake goes first, but for what others have reserved"
					);
					if let Step::Convict { .. } = step {
						assert_eq!(own, *taken, "delegated stake backed an obligation");
					}
				}
				Step::Cancel { id } => {
					let conviction = &self.last.convictions[id];
					let burnt = now.burnt - self.last.burnt;
					assert!(burnt <= conviction.delegated, "own stake was burnt by a cancellation");
					change(
						&conviction.operator,
						signed_amount((conviction.own + conviction.delegated) - burnt),
					);
				}
				_ => {}
			}
		}
		for operator in OPERATORS {
			assert_eq!(
				signed_amount(now.stake(operator)) - signed_amount(self.last.stake(operator)),
				expected.remove(&operator).unwrap_or_default(),
				"the stake of {operator} changed"
			);
		}
		assert!(expected.values().all(|amount| *amount == 0));
	}

	/// What an operator took out: all of it was due.
	fn withdrawn(&self, now: &Snapshot, who: AccountId) -> Signed {
		let gone = self.last.own(who) - now.own(who);
		assert!(gone <= self.last.own_leaving(who, self.last.block), "stake left before its time");
		signed_amount(gone)
	}

	/// What a delegator took out: the value of shares that were due, rounded down.
	fn collected(&self, now: &Snapshot, who: AccountId, operator: AccountId) -> Signed {
		let key = (operator, who);
		let gone = self.last.stake(operator) - now.stake(operator);
		let before = self.last.shares(key);
		let left = before - now.shares(key);
		let due = self.last.shares_leaving(key, self.last.block);
		assert!(left <= due || now.answers_for_nothing(operator), "shares left too early");
		let worth = self.last.records[&operator].pool.value(left);
		assert_eq!(gone, worth, "a delegator took more than its shares' value");
		signed_amount(gone)
	}

	/// Nobody gains by what it or somebody else does, except by rewards, bounties, and stake that
	/// comes back from a cancelled conviction; and nobody loses, except by convictions.
	fn check_wealth(&self, now: &Snapshot, step: &Step, outcome: &Result<Balance, DispatchError>) {
		let moved = |who: AccountId| {
			signed_amount(now.wealth[&who]) - signed_amount(self.last.wealth[&who])
		};
		let dust: Signed = 4 + match step {
			// A newcomer pays for rounding, by a part in 2^20 and a unit.
			Step::Delegate { amount, .. } => signed_amount(*amount) >> 20,
			Step::Redelegate { from, .. } => signed_amount(self.last.stake(*from)) >> 20,
			_ => 0,
		};
		let sum = |among: Whom<'_>| -> Signed {
			EVERYBODY.into_iter().filter(|who| among(*who)).map(moved).sum()
		};
		let everybody = Signed::try_from(EVERYBODY.len()).unwrap() * dust;
		let nobody_else = |among: Whom<'_>| {
			for who in EVERYBODY.into_iter().filter(|who| !among(*who)) {
				assert!(moved(who).abs() <= dust, "{who} has {} more", moved(who));
			}
		};
		let Ok(taken) = outcome else {
			return nobody_else(&|_| false);
		};
		match step {
			Step::Claim { who, operator } if who == operator => {
				self.passed_on(now, *who, &nobody_else, &sum, dust)
			}
			Step::Withdraw { who } => self.passed_on(now, *who, &nobody_else, &sum, dust),
			Step::Convict { operator, .. } | Step::Offend { operator, .. } => {
				let related = |who| self.last.related(who, *operator);
				nobody_else(&related);
				for who in EVERYBODY {
					assert!(moved(who) <= dust, "{who} gained by a conviction");
				}
				assert!(-sum(&related) + everybody >= signed_amount(*taken));
				assert!(-sum(&related) <= signed_amount(*taken) + everybody);
			}
			Step::Execute { id } => {
				let conviction = &self.last.convictions[id];
				let bounty = signed_amount(conviction.bounty);
				assert!(
					conviction.bounty * 1_000_000 <= conviction.own * Balance::from(LARGEST_BOUNTY),
					"a bounty is above 49 % of the operator's own stake"
				);
				assert_eq!(
					signed_amount(now.burnt - self.last.burnt),
					signed_amount(conviction.own + conviction.delegated) - bounty
				);
				let prover = conviction.prover.unwrap_or_default();
				nobody_else(&|who| who == prover);
				if conviction.prover.is_some() {
					assert!(prover != conviction.operator);
					assert!((moved(prover) - bounty).abs() <= dust, "the bounty is not paid");
				}
			}
			Step::Cancel { id } => {
				let conviction = &self.last.convictions[id];
				let related = |who| self.last.related(who, conviction.operator);
				nobody_else(&related);
				let burnt = signed_amount(now.burnt - self.last.burnt);
				let back = signed_amount(conviction.own + conviction.delegated) - burnt;
				assert!(EVERYBODY.into_iter().all(|who| moved(who) >= -dust));
				assert!((sum(&related) - back).abs() <= everybody, "not all came back");
			}
			Step::Pay { operator, session, amount, stake } => {
				let related = |who| self.last.related(who, *operator);
				nobody_else(&related);
				assert!(EVERYBODY.into_iter().all(|who| moved(who) >= -dust));
				let burnt = signed_amount(now.burnt - self.last.burnt);
				let paid = signed_amount(*amount) - burnt;
				// Fractions of earlier rewards may make a unit for each.
				assert!((sum(&related) - paid).abs() <= everybody, "not exactly that was paid");
				let (own, delegated) =
					share_reward(*amount, stake.own, stake.delegated, stake.commission_ppm);
				let rewards = |snapshot: &Snapshot| snapshot.records[operator].rewards;
				assert_eq!(rewards(now), rewards(&self.last) + own, "it gains what others lose");
				assert!(burnt <= signed_amount(delegated));
				for (key, claimable) in now.claimable.iter().filter(|(key, _)| key.0 == *operator) {
					if self.joined.get(key).is_some_and(|joined| joined + 2 > *session) {
						assert_eq!(
							*claimable, self.last.claimable[key],
							"{key:?} was paid for a session that did not count it"
						);
					}
				}
			}
			_ => nobody_else(&|_| false),
		}
	}

	/// An operator's rewards went to its payout account and nowhere else.
	fn passed_on(
		&self,
		_now: &Snapshot,
		operator: AccountId,
		nobody_else: &dyn Fn(Whom<'_>),
		sum: &dyn Fn(Whom<'_>) -> Signed,
		dust: Signed,
	) {
		let payout = self.last.records.get(&operator).map_or(operator, |record| record.payout);
		let two = |who| who == operator || who == payout;
		nobody_else(&two);
		assert!(sum(&two).abs() <= dust, "rewards were lost or made on their way");
		assert!(sum(&|who| who == payout && who != operator) >= -dust);
	}

	/// What is to leave waits for a whole unbonding delay, and nothing shortens it.
	fn check_exits(&self, now: &Snapshot, step: &Step, outcome: &Result<Balance, DispatchError>) {
		let soonest = self.last.block + UnbondingDelay::get();
		for (operator, record) in &now.records {
			for due in record.unbonding.iter().map(|chunk| chunk.due).filter(|due| *due < soonest) {
				let (before, after) =
					(self.last.own_leaving(*operator, due), now.own_leaving(*operator, due));
				assert!(after <= before, "own stake of {operator} leaves earlier than announced");
			}
		}
		for (key, delegation) in &now.delegations {
			for due in delegation.leaving.iter().map(|chunk| chunk.due).filter(|due| *due < soonest)
			{
				let (before, after) =
					(self.last.shares_leaving(*key, due), now.shares_leaving(*key, due));
				assert!(after <= before, "shares of {key:?} leave earlier than announced");
			}
		}
		// Shares disappear by being withdrawn, redelegated, or worthless, and by nothing else.
		for key in self.last.delegations.keys() {
			let gone = self.last.shares(*key).saturating_sub(now.shares(*key));
			let may = match step {
				_ if outcome.is_err() => false,
				Step::Collect { who, operator } | Step::Settle { who, operator } => {
					*key == (*operator, *who)
				}
				Step::Redelegate { who, from, .. } => *key == (*from, *who),
				_ => false,
			};
			assert!(gone == 0 || may, "{key:?} lost {gone} shares");
		}
		// Stake flees nothing: who redelegates leaves an operator that owes nothing.
		if let (Step::Redelegate { from, .. }, Ok(_)) = (step, outcome) {
			let record = &now.records[from];
			assert_eq!(
				record.ledger.total_allocated() + record.escrowed + record.escrowed_delegated,
				0
			);
			assert_eq!(record.convictions, 0);
			assert!(!Reservations::<Test>::iter_key_prefix((*from,)).any(|_| true));
		}
	}

	/// Takes note of what the step promised.
	fn follow(&mut self, now: &Snapshot, step: &Step, outcome: &Result<Balance, DispatchError>) {
		let Ok(taken) = outcome else { return };
		match step {
			Step::Convict { operator, .. } => *self.lost.entry(*operator).or_default() += taken,
			Step::Offend { operator, session, amount, .. } => {
				*self.lost.entry(*operator).or_default() += taken;
				let exposure = self.exposures.get_mut(&(*session, *operator)).unwrap();
				let lost = self.lost[operator] - taken - exposure.lost_before;
				let rounding = Balance::from(self.steps - exposure.steps_before);
				assert!(
					taken + lost + rounding >= (*amount).min(exposure.stake.weight),
					"an offence was punished by {taken} of {amount}"
				);
				assert!(taken <= amount);
				exposure.taken += taken;
				assert!(
					exposure.taken <= exposure.stake.weight,
					"concurrent offences cost too much"
				);
			}
			Step::SetCommission { who, ppm } => {
				let block = self.last.block;
				let most = <Test as Config>::MaxCommission::get();
				let raise = <Test as Config>::MaxCommissionRaise::get();
				let delay = <Test as Config>::CommissionDelay::get();
				let (present, pending) = self.commission(*who, block);
				if *ppm > present {
					assert!(*ppm <= most && ppm - present <= raise, "too high a raise");
					assert!(pending.is_none(), "two raises at a time");
					self.commissions.insert(*who, (present, Some((*ppm, block + delay))));
				} else {
					self.commissions.insert(*who, (*ppm, None));
				}
			}
			Step::Withdraw { who } if !now.records.contains_key(who) => {
				self.commissions.remove(who);
			}
			_ => {}
		}
		let session = Session::get();
		for key in now.delegations.keys().filter(|key| !self.last.delegations.contains_key(key)) {
			self.joined.insert(*key, session);
		}
		self.joined.retain(|key, _| now.delegations.contains_key(key));
	}

	/// What an operator asks for in `block`, and the raise that is not due then.
	fn commission(&self, operator: AccountId, block: u64) -> (u32, Option<(u32, u64)>) {
		match self.commissions.get(&operator) {
			Some((_, Some((next, due)))) if *due <= block => (*next, None),
			Some(commission) => *commission,
			None => (0, None),
		}
	}

	/// Whoever can still be convicted of what it did in a session has still the stake that elected
	/// it for that session, less what other convictions took since.
	fn check_convictable(&self) {
		let mut within_reach = BTreeMap::new();
		for ((session, operator), exposure) in &self.exposures {
			if self.provable_until(*session) < System::block_number() {
				continue;
			}
			let reach = *within_reach.entry(*operator).or_insert_with(|| {
				with_transaction(|| -> TransactionOutcome<Result<Balance, DispatchError>> {
					let taken = <Operators as Staking<_, _>>::convict_consensus(
						operator,
						*session,
						Balance::MAX,
						None,
					);
					TransactionOutcome::Rollback(Ok(taken))
				})
				.unwrap()
			});
			let lost = self.lost.get(operator).copied().unwrap_or_default() - exposure.lost_before;
			let rounding = Balance::from(self.steps - exposure.steps_before);
			assert!(
				reach + lost + rounding >= exposure.stake.weight,
				"{operator} was elected for session {session} by {}, lost {lost} since, and has only \
				 {reach} to lose",
				exposure.stake.weight
			);
		}
	}

	/// The commission is what was announced long enough ago.
	fn check_commissions(&self, now: &Snapshot) {
		for operator in OPERATORS {
			let stake = exposure(operator);
			if stake.weight > 0 {
				assert_eq!(stake.commission_ppm, self.commission(operator, now.block).0);
			}
		}
	}
}

/// The place of a service in a ledger.
fn index(service: Service) -> usize {
	Service::ALL.iter().position(|other| *other == service).unwrap()
}

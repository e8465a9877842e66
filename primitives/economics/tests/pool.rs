//! Delegation pools: nobody gains by rounding, a slash reaches everybody alike, and rewards go to
//! those whom the session's election counted.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use assay_economics::pool::{Pool, PoolError, INDEX_UNIT, LARGEST_STAKE};
use proptest::prelude::*;
use std::collections::BTreeMap;

const ASY: u128 = 1_000_000_000_000;

/// A pool whose shares all earn, from this session on.
fn pool(stake: u128) -> Pool {
	let mut pool = Pool::default();
	pool.join(stake, 0).unwrap();
	pool.mature(2);
	pool
}

#[test]
fn m08_join_should_be_refused_when_rounding_would_cost_the_joiner_its_stake() {
	// The first delegator keeps one share, and a cancelled slash makes it worth a fortune.
	let mut inflated = pool(1);
	assert!(inflated.restore(1_000_000 * ASY));
	let before = inflated.clone();
	for amount in [1, ASY, 1_000_000 * ASY, 1_999_999 * ASY] {
		assert_eq!(inflated.join(amount, 0), Err(PoolError::TooSmall), "{amount}");
	}
	assert_eq!(inflated, before);
	assert_eq!(pool(5).join(0, 0), Err(PoolError::TooSmall));
}

#[test]
fn join_should_be_refused_when_the_pool_is_full_or_unsettled() {
	let mut pool = pool(LARGEST_STAKE - 1);
	assert_eq!(pool.join(2, 0), Err(PoolError::TooLarge));
	assert_eq!(pool.join(u128::MAX, 0), Err(PoolError::TooLarge));
	pool.slash(LARGEST_STAKE / 2);
	pool.join(1 << 40, 5).unwrap();
	pool.join(1 << 40, 6).unwrap();
	pool.join(1 << 40, 6).unwrap();
	let before = pool.clone();
	assert_eq!(pool.join(1 << 40, 7), Err(PoolError::Unsettled));
	assert_eq!(pool.join(1 << 40, u32::MAX), Err(PoolError::Unsettled));
	assert_eq!(pool, before);
	assert_eq!(pool.mature(6), [None, None]);
	assert_eq!(pool.mature(7), [Some(7), None]);
	pool.join(1 << 40, 7).unwrap();
	assert_eq!(pool.mature(9), [Some(9), Some(8)]);
	assert_eq!((pool.entitled, pool.joining), (pool.shares, [(0, 0); 2]));
}

#[test]
fn leave_and_withdraw_should_be_refused_when_there_are_fewer_shares() {
	let mut pool = pool(100);
	let joined = pool.join(50, 3).unwrap();
	let before = pool.clone();
	assert_eq!(pool.leave(101, &[]), Err(PoolError::MissingShares));
	assert_eq!(pool.leave(1, &[(5, joined + 1)]), Err(PoolError::MissingShares));
	assert_eq!(pool.leave(1, &[(6, 1)]), Err(PoolError::MissingShares));
	assert_eq!(pool.withdraw(1), Err(PoolError::MissingShares));
	assert_eq!(pool, before);
	pool.leave(40, &[(5, joined)]).unwrap();
	assert_eq!((pool.leaving, pool.active(), pool.joining), (90, 60, [(0, 0); 2]));
	assert_eq!(pool.withdraw(91), Err(PoolError::MissingShares));
	assert_eq!(pool.withdraw(90), Ok(90));
}

#[test]
fn slash_should_reach_leaving_shares_alike() {
	let mut pool = pool(1_000);
	pool.leave(400, &[]).unwrap();
	assert_eq!(pool.slash(500), 500);
	assert_eq!((pool.active(), pool.value(400)), (300, 200));
	assert_eq!(pool.withdraw(400), Ok(200));
	assert!(pool.restore(60));
	assert_eq!(pool.value(600), 360);
}

#[test]
fn pool_should_take_nobody_in_when_hardly_anything_is_left() {
	for amount in [ASY, 2 * ASY, ASY - 1, ASY - 953_674] {
		let mut pool = pool(ASY);
		pool.reward(77);
		assert_eq!(pool.slash(amount), amount.min(ASY), "{amount}");
		let before = pool.clone();
		assert!(pool.is_exhausted());
		assert_eq!(pool.join(5 * ASY, 9), Err(PoolError::Exhausted));
		assert_eq!(pool, before);
		assert!(pool.restore(amount.min(ASY)), "the slash was cancelled");
		assert_eq!(pool.join(5 * ASY, 9), Ok(5 * ASY));
	}
	let mut pool = pool(ASY);
	assert_eq!(pool.slash(ASY - 953_675), ASY - 953_675);
	assert!(!pool.is_exhausted());
	pool.slash(ASY);
	pool.leave(ASY, &[]).unwrap();
	assert_eq!((pool.withdraw(ASY), pool.is_exhausted()), (Ok(0), false));
	assert!(!pool.restore(ASY), "nobody is left to give it to");
	assert_eq!(pool.join(5 * ASY, 9), Ok(5 * ASY));
}

#[test]
fn pool_should_count_shares_when_price_and_stake_are_at_their_limits() {
	let mut pool = pool(LARGEST_STAKE);
	pool.slash(LARGEST_STAKE - (1 << 76));
	assert!(!pool.is_exhausted());
	let bought = pool.join(LARGEST_STAKE - (1 << 76), 3).unwrap();
	assert_eq!(pool.shares, 1 << 116);
	assert_eq!(pool.value(bought), LARGEST_STAKE - (1 << 76));
	assert_eq!(pool.shares_worth(LARGEST_STAKE), 1 << 116);
	pool.mature(5);
	let distributed = pool.reward(LARGEST_STAKE);
	let earned = Pool::earned(pool.shares, 0, pool.index);
	assert!(earned <= distributed && distributed <= LARGEST_STAKE);
	assert!(LARGEST_STAKE - earned <= 1 << 52, "a share's dust is below 2^-64");
	pool.leave(pool.entitled, &[]).unwrap();
	assert_eq!(pool.withdraw(pool.shares), Ok(LARGEST_STAKE));
}

#[test]
fn reward_should_be_the_operators_when_no_share_earns() {
	let mut pool = Pool::default();
	pool.join(100, 0).unwrap();
	assert_eq!((pool.reward(50), pool.index), (0, 0));
	pool.mature(2);
	assert_eq!((pool.reward(50), pool.index), (50, INDEX_UNIT / 2));
	assert_eq!(Pool::earned(100, 0, pool.index), 50);
	assert_eq!(Pool::earned(100, pool.index, 0), 0);
	assert_eq!(Pool::earned(u128::MAX, 0, u128::MAX), 0, "an impossible claim gets nothing");
}

#[test]
fn reward_should_not_exhaust_the_index_when_a_single_share_earns() {
	let mut pool = pool(1);
	assert_eq!(pool.reward(u128::MAX), 1 << 32);
	assert_eq!(pool.index, 1 << 96);
	assert_eq!(pool.reward(7), 7);
}

#[derive(Clone, Debug, Default)]
struct Delegator {
	entitled: u128,
	joining: Vec<(u32, u128)>,
	leaving: u128,
	index: u128,
	earned: u128,
}

impl Delegator {
	fn shares(&self) -> u128 {
		self.entitled + self.leaving + self.joining.iter().map(|(_, shares)| shares).sum::<u128>()
	}
}

#[derive(Default)]
struct World {
	pool: Pool,
	session: u32,
	delegators: Vec<Delegator>,
	/// Index at which a cohort became entitled.
	cohorts: BTreeMap<u32, u128>,
	/// Deposits and restored slashes, less withdrawals and slashes.
	expected_stake: u128,
	distributed: u128,
}

#[derive(Clone, Debug)]
enum Step {
	Join(usize, u128),
	Leave(usize, u128),
	Withdraw(usize, u128),
	Slash(u128),
	Restore(u128),
	Session(u128),
	Claim(usize),
}

const DELEGATORS: usize = 4;

fn step(largest: u128) -> impl Strategy<Value = Step> {
	let amount = prop_oneof![1 => 0..=8u128, 3 => 0..=largest];
	(0..12u8, 0..DELEGATORS, amount).prop_map(move |(kind, who, amount)| match kind {
		0..=2 => Step::Join(who, amount),
		3 | 4 => Step::Leave(who, amount),
		5 | 6 => Step::Withdraw(who, amount),
		7 => Step::Slash(amount / 4),
		8 => Step::Restore(amount / 16),
		9 | 10 => Step::Session(amount),
		_ => Step::Claim(who),
	})
}

impl World {
	fn new() -> Self {
		Self { delegators: vec![Delegator::default(); DELEGATORS], ..Self::default() }
	}

	fn mature(&mut self) -> Result<(), TestCaseError> {
		for from in self.pool.mature(self.session).into_iter().flatten() {
			prop_assert!(from <= self.session, "nobody earns in a session that did not count it");
			self.cohorts.insert(from, self.pool.index);
		}
		Ok(())
	}

	/// The delegator, once it has claimed what is due.
	fn settled(&self, who: usize) -> Delegator {
		let (pool, mut delegator) = (&self.pool, self.delegators[who].clone());
		delegator.earned += Pool::earned(delegator.entitled, delegator.index, pool.index);
		delegator.index = pool.index;
		for (from, shares) in std::mem::take(&mut delegator.joining) {
			if let Some(index) = self.cohorts.get(&from) {
				delegator.earned += Pool::earned(shares, *index, pool.index);
				delegator.entitled += shares;
			} else {
				delegator.joining.push((from, shares));
			}
		}
		delegator
	}

	/// Only who acts claims: the others' claims span many rewards.
	fn settle(&mut self, who: usize) {
		self.delegators[who] = self.settled(who);
	}

	fn play(&mut self, step: &Step) -> Result<(), TestCaseError> {
		self.mature()?;
		if let Step::Join(who, _) | Step::Leave(who, _) | Step::Withdraw(who, _) = *step {
			self.settle(who);
		}
		let before = self.pool.clone();
		match *step {
			Step::Join(who, amount) => {
				let worth = before.value(self.delegators[who].shares());
				if let Ok(bought) = self.pool.join(amount, self.session) {
					prop_assert!(!before.is_exhausted());
					self.delegators[who].joining.push((self.session + 2, bought));
					self.expected_stake += amount;
					let worth_after = self.pool.value(self.delegators[who].shares());
					prop_assert!(worth_after <= worth + amount + 1, "a join gains");
					prop_assert!(
						self.pool.value(bought) + 1 + (amount >> 20) >= amount,
						"a join loses"
					);
				}
			}
			Step::Leave(who, amount) => {
				let delegator = &mut self.delegators[who];
				let entitled = self.pool.shares_worth(amount).min(delegator.entitled);
				let joining = std::mem::take(&mut delegator.joining);
				self.pool.leave(entitled, &joining).unwrap();
				delegator.entitled -= entitled;
				delegator.leaving += entitled + joining.iter().map(|(_, s)| s).sum::<u128>();
			}
			Step::Withdraw(who, amount) => {
				let delegator = &mut self.delegators[who];
				let shares = amount.min(delegator.leaving);
				let got = self.pool.withdraw(shares).unwrap();
				delegator.leaving -= shares;
				self.expected_stake -= got;
				let kept = self.pool.value(delegator.shares());
				// Only what others' rounding left to the pool can come on top, when few are left.
				prop_assert!(got <= before.value(shares));
				prop_assert!(got + kept <= before.stake);
			}
			Step::Slash(amount) => {
				let taken = self.pool.slash(amount);
				self.expected_stake -= taken;
				prop_assert_eq!(taken, amount.min(before.stake));
			}
			Step::Restore(amount) => {
				if self.pool.restore(amount) {
					self.expected_stake += amount;
				} else {
					prop_assert_eq!(before.shares, 0);
				}
			}
			Step::Session(amount) => {
				let due: u128 = (0..DELEGATORS).map(|who| self.settled(who).entitled).sum();
				prop_assert_eq!(self.pool.entitled, due);
				let distributed = self.pool.reward(amount);
				prop_assert!(distributed <= amount);
				self.distributed += distributed;
				self.session += 1;
			}
			Step::Claim(who) => self.settle(who),
		}
		self.check(&before, step)
	}

	fn check(&self, before: &Pool, step: &Step) -> Result<(), TestCaseError> {
		let settled: Vec<Delegator> = (0..DELEGATORS).map(|who| self.settled(who)).collect();
		let pool = &self.pool;
		prop_assert_eq!(pool.stake, self.expected_stake);
		let joining: u128 = pool.joining.iter().map(|(_, shares)| shares).sum();
		prop_assert_eq!(pool.shares, pool.entitled + pool.leaving + joining);
		prop_assert_eq!(pool.shares, settled.iter().map(Delegator::shares).sum::<u128>());
		prop_assert!(pool.shares > 0 || pool.stake == 0);
		prop_assert!(pool.shares <= 1 << 116);
		let worth: u128 = settled.iter().map(|d| pool.value(d.shares())).sum();
		prop_assert!(worth <= pool.stake);
		let earned: u128 = settled.iter().map(|delegator| delegator.earned).sum();
		prop_assert!(earned <= self.distributed, "{} of {}", earned, self.distributed);
		if !matches!(step, Step::Slash(_)) && before.shares > 0 && pool.shares > 0 {
			let probe = before.shares.min(pool.shares);
			prop_assert!(pool.value(probe) >= before.value(probe), "only a slash lowers the price");
		}
		Ok(())
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(512))]

	#[test]
	fn pool_should_conserve_stake_and_rewards(
		small in prop::collection::vec(step(100), 1..150),
		large in prop::collection::vec(step(1 << 88), 1..150),
	) {
		for steps in [small, large] {
			let mut world = World::new();
			for step in &steps {
				world.play(step)?;
			}
		}
	}

	#[test]
	fn m08_join_and_leave_should_never_gain(
		stake in 1u128..1 << 80, slashed in 0u128..1 << 80, restored in 0u128..1 << 80,
		amount in 1u128..1 << 80, times in 1usize..5,
	) {
		let mut pool = pool(stake);
		pool.slash(slashed);
		pool.restore(restored);
		let others = pool.shares;
		let worth = pool.value(others);
		for session in 0..times {
			let session = u32::try_from(session).unwrap();
			pool.mature(session);
			let Ok(shares) = pool.join(amount, session) else { break };
			pool.leave(0, &[(session + 2, shares)]).unwrap();
			prop_assert!(pool.withdraw(shares).unwrap() <= amount);
			prop_assert!(pool.value(others) >= worth, "others lose nothing");
		}
	}
}

#[test]
fn slash_should_touch_one_pool_however_many_delegators_there_are() {
	let mut crowded = Pool::default();
	for _ in 0..100_000 {
		crowded.join(ASY, 0).unwrap();
	}
	let mut single = Pool::default();
	single.join(100_000 * ASY, 0).unwrap();
	assert_eq!(crowded, single, "a pool does not know how many it belongs to");
	assert_eq!(crowded.slash(12_345 * ASY), single.slash(12_345 * ASY));
	assert_eq!(crowded, single);
	assert_eq!(crowded.value(ASY), ASY * 87_655 / 100_000);
}

//! The strategies. The best of them loses wherever the condition holds, and each rule is missed when
//! it is gone.

use crate::{
	model::{Price, Rules, COST, PARTS},
	play::{cheats, Gain, Plan},
};
use assay_economics::deterrence::{deters, margin, Policy};

/// Trials of a hundred jobs or more.
const TRIALS: u32 = 1_000;

/// The strategies of one operator that hopes not to be found.
const STRATEGIES: [(&str, Plan); 8] = [
	("always", Plan::ALWAYS),
	("always, over and over", Plan { rounds: 5, jobs: 20, ..Plan::ALWAYS }),
	("one job in four", Plan { share: 250_000, ..Plan::ALWAYS }),
	(
		"one job in four, over and over",
		Plan { share: 250_000, rounds: 10, jobs: 40, ..Plan::ALWAYS },
	),
	("only dear jobs", Plan { likes: |offer| offer.cost > COST, ..Plan::ALWAYS }),
	("a thousand at once", Plan { jobs: 1_000, ..Plan::ALWAYS }),
	("and leaves", Plan { leaves: true, ..Plan::ALWAYS }),
	("with the stake of others", Plan { delegated: COST * 1_000_000, ..Plan::ALWAYS }),
];

/// The largest gain of all strategies, each of a hundred times `trials` jobs, per cost saved. All
/// must stay below `limit`.
fn best(name: &str, rules: &Rules, trials: u32, limit: f64) -> f64 {
	let mut best = f64::NEG_INFINITY;
	for (strategy, plan) in &STRATEGIES {
		let plan = assumed(&rules.policy, *plan);
		let gain = cheats(rules, &plan, trials * 100 / (plan.jobs * plan.rounds));
		assert!(gain.is_below(limit), "{name}: {strategy}: {gain}");
		best = best.max(gain.mean / gain.saved);
	}
	best
}

fn loses(name: &str, rules: &Rules, plan: &Plan, trials: u32) -> Gain {
	let gain = cheats(rules, plan, trials);
	println!("{name}: {gain}");
	assert!(gain.is_loss(), "{name}: {gain}");
	gain
}

fn wins(name: &str, rules: &Rules, plan: &Plan, trials: u32) -> Gain {
	let gain = cheats(rules, plan, trials);
	println!("{name}: {gain}");
	assert!(gain.is_gain(), "{name}: {gain}");
	gain
}

/// The smallest reservation of a common job, with a reward of `reward`, that makes cheating risk
/// `hundredths` hundredths of its cost.
fn smallest_reservation(policy: &Policy, reward: u128, hundredths: u128) -> u128 {
	// λ = 1 compares the risk with the cost itself.
	let once = Policy { deterrence: 1, ..*policy };
	let enough = |stake| deters(&once, reward, stake, stake, COST * hundredths / 100);
	let (mut low, mut high) = (0, COST * PARTS);
	assert!(enough(high));
	while low < high {
		let middle = (low + high) / 2;
		if enough(middle) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	low
}

/// Policies all over the ranges of their parameters.
fn grid() -> Vec<Policy> {
	let mut grid = Vec::new();
	for sampling_ppm in [10_000, 50_000, 250_000, 1_000_000] {
		for (verifiers, colluding_ppm) in [(1, 0), (1, 200_000), (2, 200_000), (3, 500_000)] {
			for bounty_ppm in [0, 490_000] {
				let policy =
					Policy { sampling_ppm, verifiers, colluding_ppm, bounty_ppm, ..Policy::LIVE };
				grid.push(policy);
			}
		}
	}
	grid
}

/// `plan` as its policy assumes it: with as many colluding verifiers.
fn assumed(policy: &Policy, plan: Plan) -> Plan {
	Plan { colluding: policy.colluding_ppm, ..plan }
}

#[test]
fn honest_operator_should_gain_exactly_nothing() {
	let plan = Plan { share: 0, rounds: 3, ..Plan::ALWAYS };
	assert!(cheats(&Rules::REAL, &plan, 20).is_nothing());
}

#[test]
fn every_strategy_should_lose_under_the_policies_of_all_networks() {
	for (name, policy) in [("live", Policy::LIVE), ("development", Policy::DEVELOPMENT)] {
		// They risk 2.3 times what they save, and save it once.
		let best = best(name, &Rules::of(policy), 4 * TRIALS, -1.);
		println!("{name}: the best strategy gains {best:.2} times what it saves");
	}
}

#[test]
fn best_strategy_should_lose_at_the_boundary_of_the_condition_and_win_below_it() {
	for policy in grid() {
		let plan = assumed(&policy, Plan::ALWAYS);
		let reward = COST * plan.reward / PARTS;
		let bare = margin(&policy, reward, 0, 0, COST).risked;
		let at = |hundredths| {
			let stake = smallest_reservation(&policy, reward, hundredths);
			let exact = stake.div_ceil(COST / PARTS);
			Rules { price: Price::PerCost(exact), ..Rules::of(policy) }
		};
		let name = format!(
			"{} ppm, {} verifiers, {} ppm collude, bounty {} ppm",
			policy.sampling_ppm, policy.verifiers, policy.colluding_ppm, policy.bounty_ppm
		);
		// Rare samples need more trials: the standard error of a job is some 2 ÷ √p.
		let trials = TRIALS * (50_000 / policy.sampling_ppm).clamp(1, 3);

		// λ = 2: whoever cheats is expected to lose what it saves once more, less what noise hides.
		let holds = at(200);
		assert!(holds.takes(COST, reward) && holds.takes(10 * COST, 10 * reward));
		let most = best(&name, &holds, trials, 0.);
		println!("{name}: the best strategy gains {most:.2} times what it saves at the boundary");

		// Just below it the chain takes no such job.
		let refused = at(199);
		assert!(!refused.takes(COST, reward) || bare >= 2 * COST);

		// Far enough below it, and a rule that does not ask, cheating wins.
		if bare < COST * 3 / 4 {
			let broken = Rules { enforced: false, ..at(75) };
			wins(&name, &broken, &plan, 2 * trials);
		}
	}
}

#[test]
fn hundred_jobs_should_win_on_a_shared_bond_and_lose_on_reservations_of_their_own() {
	// The example of the design: p = 1 %, 90 % of the sampled are found, S = 150 C, R = 1.2 C. Its
	// λ is 1.36, so no network would take it; it is what breaks first.
	let policy = Policy {
		sampling_ppm: 10_000,
		verifiers: 1,
		colluding_ppm: 100_000,
		bounty_ppm: 0,
		stake_per_cost: 150,
		..Policy::LIVE
	};
	let plan = Plan { colluding: 100_000, reward: 1_200_000, dear: 0, ..Plan::ALWAYS };
	let apart = Rules { enforced: false, ..Rules::of(policy) };
	loses("the example, stake apart", &apart, &plan, 8 * TRIALS);
	let shared = Rules { apart: false, ..apart };
	wins("the example, a shared bond", &shared, &plan, 8 * TRIALS);

	// A bond that is shared breaks a policy whose condition holds, too: it takes a few jobs more.
	let shared = Rules { apart: false, ..Rules::REAL };
	let few = Plan { jobs: 2, dear: 0, ..Plan::ALWAYS };
	loses("few jobs on a shared bond", &shared, &few, 20 * TRIALS);
	wins("many jobs on a shared bond", &shared, &Plan { jobs: 100, ..few }, TRIALS);
	loses("many jobs, stake apart", &Rules::REAL, &Plan { jobs: 100, ..few }, TRIALS);
}

#[test]
fn many_jobs_should_win_when_a_conviction_frees_the_others() {
	let rules = Rules { outlives: false, ..Rules::REAL };
	wins("others freed", &rules, &Plan::ALWAYS, TRIALS);
	loses("others answer", &Rules::REAL, &Plan::ALWAYS, TRIALS);
}

#[test]
fn dear_jobs_should_win_when_reservations_do_not_follow_the_cost() {
	let dear = Plan { likes: |offer| offer.cost > COST, ..Plan::ALWAYS };
	let flat = Rules { price: Price::Flat(80 * COST), ..Rules::REAL };
	let careless = Rules { enforced: false, ..flat };
	wins("dear jobs, flat stake", &careless, &dear, TRIALS);
	// The chain refuses dear jobs with the stake of common ones.
	assert!(!flat.takes(10 * COST, 11 * COST) && flat.takes(COST, COST));
	assert!(cheats(&flat, &dear, 20).is_nothing());
	loses("dear jobs", &Rules::REAL, &dear, TRIALS);
}

#[test]
fn colluding_verifiers_should_win_only_when_they_are_more_than_assumed_or_not_drawn() {
	let with = |colluding| Plan { colluding, ..Plan::ALWAYS };
	loses("as many as assumed", &Rules::REAL, &with(200_000), TRIALS);
	// λ bears more of them: 73 % of the verifiers.
	loses("twice as many", &Rules::REAL, &with(400_000), TRIALS);
	wins("nine in ten", &Rules::REAL, &with(900_000), TRIALS);
	let named = Rules { verifiers_drawn: false, ..Rules::REAL };
	wins("named by the operator", &named, &with(200_000), TRIALS);
}

#[test]
fn second_account_should_never_carry_off_more_than_a_conviction_costs() {
	let turns_itself_in = Plan { turns_itself_in: true, ..Plan::ALWAYS };
	loses("turns itself in", &Rules::REAL, &turns_itself_in, TRIALS);

	// A condition that forgets the bounty takes jobs with too little stake.
	let generous = Policy { bounty_ppm: 490_000, ..Policy::LIVE };
	let forgetful = Policy { bounty_ppm: 0, ..generous };
	let reward = COST * Plan::ALWAYS.reward / PARTS;
	let stake = smallest_reservation(&forgetful, reward, 170).div_ceil(COST / PARTS);
	let rules = Rules { price: Price::PerCost(stake), enforced: false, ..Rules::of(generous) };
	let alone = Plan { second_account: false, ..Plan::ALWAYS };
	loses("without a second account", &rules, &alone, 4 * TRIALS);
	wins("the bounty forgotten", &rules, &Plan::ALWAYS, 4 * TRIALS);
	assert!(!Rules { enforced: true, ..rules }.takes(COST, reward));
}

#[test]
fn second_account_should_carry_off_delegated_stake_only_when_it_pays_bounties() {
	// The worst case: all that the jobs reserve is stake of strangers.
	let plan = Plan { turns_itself_in: true, delegated: COST * 1_000_000, ..Plan::ALWAYS };
	let entrusted = Rules { own_only: false, ..Rules::REAL };
	loses("turns itself in, own stake pays", &entrusted, &plan, TRIALS);
	let robbed = Rules { bounty_of_own: false, ..entrusted };
	wins("turns itself in, delegators pay", &robbed, &plan, TRIALS);
}

#[test]
fn stake_of_strangers_should_deter_nobody() {
	let plan = Plan { delegated: COST * 1_000_000, ..Plan::ALWAYS };
	loses("own stake reserved", &Rules::REAL, &plan, TRIALS);
	let entrusted = Rules { own_only: false, ..Rules::REAL };
	wins("strangers' stake reserved", &entrusted, &plan, TRIALS);
}

#[test]
fn f18_leaving_before_the_conviction_should_lose_when_unbonding_stake_is_slashed_and_win_otherwise()
{
	let leaves = Plan { leaves: true, ..Plan::ALWAYS };
	loses("leaves", &Rules::REAL, &leaves, TRIALS);
	let beyond_reach = Rules { slashes_unbonding: false, ..Rules::REAL };
	wins("unbonding stake is beyond reach", &beyond_reach, &leaves, TRIALS);
	let hasty = Rules { unbonding_rounds: 1, ..Rules::REAL };
	wins("unbonding ends before the case", &hasty, &leaves, TRIALS);
}

#[test]
fn v02_cheating_where_nobody_looks_should_win_only_when_samples_are_known_before() {
	let unseen = Plan { likes: |offer| offer.sampled != Some(true), ..Plan::ALWAYS };
	loses("samples unknown", &Rules::REAL, &unseen, TRIALS);
	let known = Rules { sampled_after: false, ..Rules::REAL };
	wins("samples known", &known, &unseen, TRIALS);
}

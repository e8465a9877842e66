//! Plays a plan and its honest twin.

use crate::model::{
	draw_round, Authors, Commitment, Identity, Intent, Network, Rules, Timing, Withhold,
	OPEN_ROUNDS,
};
use assay_draw::seed as derive;
use assay_flops::{multiplier::multiplier, reward::credits, Hash};
use std::fmt;

/// Tiles that the device can do in a round.
pub(crate) const DEVICE_TILES: u32 = 10_000;

/// What a claimant plans.
pub(crate) struct Plan {
	/// Others in the network.
	pub(crate) network: Network,
	/// Others at a later time, from the round given on.
	pub(crate) later: Option<(u32, Network)>,
	/// Identities behind the one device.
	pub(crate) identities: u32,
	/// Rounds that are played.
	pub(crate) rounds: u32,
	/// Whether the buffers are full at the beginning, for claims of `DEVICE_TILES` in all.
	pub(crate) seasoned: bool,
	/// For how long no round was missed before.
	pub(crate) unbroken_ms: u64,
	/// Block authors on the claimant's side.
	pub(crate) authors: Authors,
	/// When the claimant takes what is due.
	pub(crate) timing: Timing,
	/// What all identities together claim in a round.
	pub(crate) intent: fn(round: u32, strength: u32) -> Intent,
	/// A number that the intent depends on.
	pub(crate) strength: u32,
}

impl Plan {
	/// A seasoned claimant with one identity that is alone.
	pub(crate) fn new(
		network: Network,
		rounds: u32,
		intent: fn(u32, u32) -> Intent,
		strength: u32,
	) -> Self {
		Self {
			network,
			later: None,
			identities: 1,
			rounds,
			seasoned: true,
			unbroken_ms: 30 * 86_400_000,
			authors: Authors { share: 0, withhold: Withhold::Convictions },
			timing: Timing::AtOnce,
			intent,
			strength,
		}
	}
}

/// Mean gain of a trial and its standard error, in claims of the whole device.
pub(crate) struct Gain {
	mean: f64,
	error: f64,
}

impl Gain {
	/// Below zero by four standard errors.
	pub(crate) fn is_loss(&self) -> bool {
		self.mean + 4. * self.error < 0.
	}

	/// Above zero by four standard errors.
	pub(crate) fn is_gain(&self) -> bool {
		self.mean - 4. * self.error > 0.
	}

	/// Exactly nothing, in every trial.
	pub(crate) fn is_nothing(&self) -> bool {
		self.mean == 0. && self.error == 0.
	}
}

impl fmt::Display for Gain {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{:.3} ± {:.3} claims", self.mean, self.error)
	}
}

/// The work that is really in a claim, as a claim. Presence costs an honest device a single tile.
fn honest(intent: Intent) -> Intent {
	let real = u64::from(intent.tiles) * u64::from(1_000 - intent.wrong) / 1_000;
	Intent { tiles: if intent.tiles == 0 { 0 } else { (real as u32).max(1) }, wrong: 0 }
}

/// Wealth at the end of one trial.
fn play(rules: &Rules, plan: &Plan, trial: &Hash, twin: fn(Intent) -> Intent) -> i128 {
	let each = |intent: Intent| Intent { tiles: intent.tiles / plan.identities, ..intent };
	let mut owners: Vec<(Identity, Option<Commitment>)> = (0..plan.identities)
		.map(|worker| {
			let mut identity = Identity::seasoned(worker.into(), plan.unbroken_ms);
			identity.timing = plan.timing;
			if plan.seasoned {
				identity.fill(rules, plan.network, DEVICE_TILES / plan.identities);
			}
			(identity, None)
		})
		.collect();
	for round in 0..plan.rounds + OPEN_ROUNDS {
		let network = match plan.later {
			Some((from, network)) if round >= from => network,
			_ => plan.network,
		};
		for (identity, commitment) in &mut owners {
			let intent = if round < plan.rounds {
				twin(each((plan.intent)(round, plan.strength)))
			} else {
				Intent::default()
			};
			identity.settle(rules, round);
			*commitment = identity.commit(rules, intent);
		}
		draw_round(rules, network, plan.authors, trial, round, &mut owners);
	}
	owners
		.iter_mut()
		.map(|(identity, _)| {
			identity.settle(rules, plan.rounds + OPEN_ROUNDS);
			identity.wealth()
		})
		.sum()
}

/// Gain of a plan over its honest twin.
pub(crate) fn cheats(rules: &Rules, plan: &Plan, trials: u32) -> Gain {
	let unit = credits(DEVICE_TILES, multiplier(plan.unbroken_ms)) as f64;
	let (mut sum, mut squares) = (0., 0.);
	for trial in 0..trials {
		let seed = derive(b"trial", &[&trial.to_le_bytes(), &plan.strength.to_le_bytes()]);
		let faked = play(rules, plan, &seed, |intent| intent);
		let gain = (faked - play(rules, plan, &seed, honest)) as f64 / unit;
		sum += gain;
		squares += gain * gain;
	}
	let n = f64::from(trials);
	let mean = sum / n;
	Gain { mean, error: ((squares / n - mean * mean).max(0.) / n).sqrt() }
}

/// Mean wealth that an honest worker gains in a round, as a share of what its claims of `tiles` are
/// worth, when its buffer was just full for the whole device at the beginning and others come and
/// go.
pub(crate) fn income(
	rules: &Rules,
	network: impl Fn(u32) -> Network,
	tiles: impl Fn(u32) -> u32,
	trials: u32,
) -> f64 {
	const ROUNDS: u32 = 100;
	let authors = Authors { share: 0, withhold: Withhold::Convictions };
	let worth: u128 = (0..ROUNDS).map(|round| credits(tiles(round), multiplier(0))).sum();
	let gained: f64 = (0..trials)
		.map(|trial| {
			let seed = derive(b"income", &[&trial.to_le_bytes()]);
			let mut identity = Identity::seasoned(0, 0);
			identity.grows = false;
			identity.fill(rules, network(0), DEVICE_TILES);
			let before = identity.wealth();
			let mut owners = [(identity, None)];
			for round in 0..ROUNDS + OPEN_ROUNDS {
				let [(identity, commitment)] = &mut owners;
				let tiles = if round < ROUNDS { tiles(round) } else { 0 };
				identity.settle(rules, round);
				*commitment = identity.commit(rules, Intent { tiles, wrong: 0 });
				draw_round(rules, network(round), authors, &seed, round, &mut owners);
			}
			owners[0].0.settle(rules, ROUNDS + OPEN_ROUNDS);
			(owners[0].0.wealth() - before) as f64 / worth as f64
		})
		.sum();
	gained / f64::from(trials)
}

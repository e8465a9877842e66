//! Plays strategies of faking against the rules themselves, many times, with fixed seeds.
//!
//! Each strategy is compared with an honest twin that claims exactly the work that the faker really
//! did, in the same rounds, under the same draws and with the same share of block authors on its
//! side. The difference is the **gain**: what faking earned beyond work. An estimate is significant
//! when it lies four standard errors from zero (99.997 %, one-sided). Stake is left out: the buffer
//! alone must deter.
//!
//! Every rule is also taken away once, and then some strategy must win: a simulation that cannot
//! fail shows nothing.

mod claims;
mod model;
mod strategies;
mod work;

use claims::{cheats, Plan};
use model::{Network, Rules};

/// Trials of short strategies.
const MANY: u32 = 8_000;
/// Trials of strategies over hundreds of rounds.
const SOME: u32 = 500;

/// Small: everybody is drawn. Middle: one in four of the covered. Large: one in forty. Young: all of
/// the covered, and one in twelve of the others.
const NETWORKS: [Network; 4] = [
	Network { covered: 40, uncovered: 10 },
	Network { covered: 1_000, uncovered: 260 },
	Network { covered: 10_000, uncovered: 300 },
	Network { covered: 250, uncovered: 3_000 },
];

/// Asserts that `plan` gains significantly less than nothing in every network.
fn loses(name: &str, trials: u32, plan: impl Fn(Network) -> Plan) {
	for network in NETWORKS {
		let gain = cheats(&Rules::REAL, &plan(network), trials);
		println!("{name} among {}: {gain}", network.covered);
		assert!(gain.is_loss(), "{name} among {}: {gain}", network.covered);
	}
}

/// Asserts that `plan` gains significantly more than nothing where `rules` are broken.
fn wins(name: &str, trials: u32, rules: &Rules, plan: &Plan) {
	let gain = cheats(rules, plan, trials);
	println!("{name}: {gain}");
	assert!(gain.is_gain(), "{name}: {gain}");
}

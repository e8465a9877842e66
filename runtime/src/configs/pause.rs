//! What can be paused, and what never.
//!
//! Root and the fast track can pause any call by its name until they resume it, for instance one with
//! a hole through which money leaves. A paused call is refused, whoever signs it. Never paused are:
//!
//! * what makes blocks and their checks: inherents, runtime upgrades, session keys, the election, and
//!   reports of equivocations;
//! * governance itself, and the calls that only carry other calls: a multisig or a proxied account
//!   must be able to vote. What they carry is filtered on its own;
//! * what convicts by silence: somebody who may not reveal or attest would be convicted for it;
//! * the way out of stake and leases (it starts a wait), the cancelling of convictions, and the
//!   replacement of a stolen hot key.
//!
//! Calls by which stake and rewards are handed out can be paused, because that is where a mistake would
//! be expensive. Nobody loses a claim by it.

use frame_support::traits::{ConstU32, Contains, EitherOf};
use frame_system::EnsureRoot;
use pallet_tx_pause::RuntimeCallNameOf;

use crate::{origins::EnsureFastTrack, AccountId, Runtime, RuntimeCall, RuntimeEvent};

/// Stands for every call of a pallet.
const ALL: &[&str] = &[];

/// Pallets and their calls that cannot be paused.
pub(crate) const NEVER_PAUSED: &[(&str, &[&str])] = &[
	("System", ALL),
	("Timestamp", ALL),
	("Babe", ALL),
	("Session", ALL),
	("Grandpa", ALL),
	(
		"Operators",
		&[
			"unbond",
			"retire",
			"undelegate",
			"rotate_key",
			"execute_conviction",
			"cancel_conviction",
		],
	),
	("ProofOfFlops", &["reveal"]),
	("GpuMarket", &["heartbeat", "end"]),
	("Validators", ALL),
	("Utility", ALL),
	("Proxy", ALL),
	("Multisig", ALL),
	("Preimage", ALL),
	("Scheduler", ALL),
	("Referenda", ALL),
	("ConvictionVoting", ALL),
	("TxPause", ALL),
	("Sudo", ALL),
];

/// The calls that cannot be paused.
pub struct NeverPaused;
impl Contains<RuntimeCallNameOf<Runtime>> for NeverPaused {
	fn contains((pallet, call): &RuntimeCallNameOf<Runtime>) -> bool {
		NEVER_PAUSED.iter().filter(|(name, _)| name.as_bytes() == pallet.as_slice()).any(
			|(_, calls)| {
				calls.is_empty() || calls.iter().any(|name| name.as_bytes() == call.as_slice())
			},
		)
	}
}

/// Root, or a referendum of the fast track.
pub type RootOrFastTrack = EitherOf<EnsureRoot<AccountId>, EnsureFastTrack>;

impl pallet_tx_pause::Config for Runtime {
	// No name of a pallet or call is longer.
	type MaxNameLen = ConstU32<256>;
	type PauseOrigin = RootOrFastTrack;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type UnpauseOrigin = RootOrFastTrack;
	type WeightInfo = pallet_tx_pause::weights::SubstrateWeight<Runtime>;
	type WhitelistedCalls = NeverPaused;
}

//! Referenda with what they need — preimages, the scheduler, votes — and, on development chains, sudo.
//!
//! Anybody can propose a call to be made by root or by the fast track (see `tracks`), and everybody
//! who has tokens votes: free or bonded ones, but not those delegated to an operator, which lie in its
//! pool. A voter can multiply its votes by locking its tokens for longer.
//!
//! Every chain has the sudo pallet, since one Wasm serves all, but only development presets give it a
//! key: without one, no call of it can succeed.

use frame_support::{
	parameter_types,
	traits::{
		fungible::HoldConsideration, tokens::currency::ActiveIssuanceOf, AsEnsureOriginWithArg,
		ConstU32, EqualPrivilegeOnly, LinearStoragePrice,
	},
	weights::Weight,
};
use frame_system::{EnsureRoot, EnsureSigned};
use sp_runtime::{traits::Get, Perbill};

use super::tracks::Tracks;
use crate::{
	deposit, origins, timing, AccountId, Balance, Balances, OriginCaller, Preimage, Referenda,
	Runtime, RuntimeCall, RuntimeEvent, RuntimeHoldReason, RuntimeOrigin, Scheduler, System, ASY,
};

parameter_types! {
	pub const PreimageBaseDeposit: Balance = deposit(2, 64);
	pub const PreimageByteDeposit: Balance = deposit(0, 1);
	pub const PreimageHoldReason: RuntimeHoldReason =
		RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
	pub const SubmissionDeposit: Balance = 10 * ASY;
}

/// What scheduled calls may take of a block: at most 80 %, so that on a chain with slots of a second
/// too a referendum can replace the runtime, which weighs half of a block there.
pub struct SchedulerWeight;
impl Get<Weight> for SchedulerWeight {
	fn get() -> Weight {
		let limits = <Runtime as frame_system::Config>::BlockWeights::get();
		Perbill::from_percent(80) * limits.max_block
	}
}

impl pallet_preimage::Config for Runtime {
	type Consideration = HoldConsideration<
		AccountId,
		Balances,
		PreimageHoldReason,
		LinearStoragePrice<PreimageBaseDeposit, PreimageByteDeposit, Balance>,
	>;
	type Currency = Balances;
	type ManagerOrigin = EnsureRoot<AccountId>;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_preimage::weights::SubstrateWeight<Runtime>;
}

impl pallet_scheduler::Config for Runtime {
	type BlockNumberProvider = System;
	type MaxScheduledPerBlock = ConstU32<50>;
	type MaximumWeight = SchedulerWeight;
	type OriginPrivilegeCmp = EqualPrivilegeOnly;
	type PalletsOrigin = OriginCaller;
	type Preimages = Preimage;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type RuntimeOrigin = RuntimeOrigin;
	type ScheduleOrigin = EnsureRoot<AccountId>;
	type WeightInfo = pallet_scheduler::weights::SubstrateWeight<Runtime>;
}

impl origins::Config for Runtime {}

impl pallet_referenda::Config for Runtime {
	type AlarmInterval = ConstU32<1>;
	type BlockNumberProvider = System;
	type CancelOrigin = EnsureRoot<AccountId>;
	type Currency = Balances;
	type KillOrigin = EnsureRoot<AccountId>;
	type MaxQueued = ConstU32<100>;
	type Preimages = Preimage;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type Scheduler = Scheduler;
	// Deposits of killed referenda are burnt.
	type Slash = ();
	// Comes back, unless the referendum is rejected: a barrier against noise, not against people.
	type SubmissionDeposit = SubmissionDeposit;
	type SubmitOrigin = AsEnsureOriginWithArg<EnsureSigned<AccountId>>;
	type Tally = pallet_conviction_voting::TallyOf<Runtime>;
	type Tracks = Tracks;
	// Live: fourteen days for somebody to pay the decision deposit.
	type UndecidingTimeout = timing::UnbondingDelay<Runtime>;
	type Votes = pallet_conviction_voting::VotesOf<Runtime>;
	type WeightInfo = pallet_referenda::weights::SubstrateWeight<Runtime>;
}

impl pallet_conviction_voting::Config for Runtime {
	type BlockNumberProvider = System;
	type Currency = Balances;
	// Delegated stake counts although it cannot vote: to leave it out would let few decide.
	type MaxTurnout = ActiveIssuanceOf<Balances, AccountId>;
	type MaxVotes = ConstU32<128>;
	type Polls = Referenda;
	type RuntimeEvent = RuntimeEvent;
	// Live: seven days for votes that count once, longer than the enactment on either track, so that
	// voters bear what they decided; up to 32 times that for those that count six times.
	type VoteLockingPeriod = timing::UnbondingFourteenths<Runtime, 7>;
	type VotingHooks = ();
	type WeightInfo = pallet_conviction_voting::weights::SubstrateWeight<Runtime>;
}

impl pallet_sudo::Config for Runtime {
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}
